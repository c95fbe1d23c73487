//! What `issue` makes, `verify` accepts: for any identity that the command line accepts, at any
//! time from the clock floor to the end of the year 9999.

use capiscio::badge::claims::{Identity, Issuance, Validity};
use capiscio::badge::did::{is_did, is_host, is_https_origin};
use capiscio::badge::verify::{Rules, read_unverified, verify};
use capiscio::badge::{MAX_TIME, MAX_TOKEN_LEN, issue};
use capiscio::key::{PrivateKey, PublicKey};

/// 2025-01-01T00:00:00Z: below it the keeper signs nothing.
const CLOCK_FLOOR: u64 = 1_735_689_600;

/// xorshift64*: the same identities in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// 0 to `end` - 1.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    /// `1..=most` characters of `alphabet`.
    fn word(&mut self, alphabet: &str, most: u64) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..=self.below(most)).map(|_| alphabet[self.below(alphabet.len() as u64) as usize]).collect()
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    fn host(&mut self) -> String {
        let labels: Vec<String> = (0..=self.below(4)).map(|_| self.word("abcXYZ019_", 20)).collect();
        let port = self.some(|r| format!(":{}", 1 + r.below(65_535))).unwrap_or_default();
        labels.join(".") + &port
    }

    fn did(&mut self) -> String {
        let method = self.word("abcz059", 8);
        let segments: Vec<String> = (0..=self.below(4)).map(|_| self.word("abcXYZ019._-", 20)).collect();
        let escaped = self.some(|_| "%3A8443".to_owned()).unwrap_or_default();
        format!("did:{method}:{}{escaped}", segments.join(":"))
    }

    fn issuer(&mut self) -> String {
        match self.below(3) {
            0 => self.did(),
            1 => "https://[2001:db8::1]:8443".to_owned(),
            _ => format!("https://{}", self.host()),
        }
    }

    /// Anything that may become a claim as text: quotes, controls, any script.
    fn text(&mut self) -> String {
        self.word("ab\"\\/\n\t\0\u{1b}\u{7f}\u{9b}\u{202e}\u{2028}é日🦀 :#", 40)
    }

    fn identity(&mut self) -> Identity {
        let issuance = match self.below(3) {
            0 => Issuance::SelfSigned,
            _ => Issuance::Registry { issuer: self.issuer(), subject: self.did() },
        };
        let level = match issuance {
            Issuance::SelfSigned => 0,
            Issuance::Registry { .. } => 1 + self.below(4) as u8,
        };
        let domain = if level < 2 { self.some(Random::host) } else { Some(self.host()) };
        let audience = (0..self.below(4)).map(|_| self.text()).collect();
        Identity { issuance, domain, audience, level }
    }

    fn term(&mut self) -> Validity {
        let span = MAX_TIME as u64 - CLOCK_FLOOR;
        let iat = CLOCK_FLOOR + self.below(span);
        let room = MAX_TIME as u64 - iat;
        let exp = iat + 1 + self.below(room.min(90_000));
        Validity { iat: iat as i64, exp: (exp as i64).min(MAX_TIME) }
    }
}

#[test]
fn what_is_issued_verifies() {
    let mut random = Random(0x0ba6_5eed_0ba6_5eed);
    for round in 0..400 {
        let kid = random.some(Random::text);
        let key = PrivateKey::from_seed(random.bytes(), kid).expect("a seed");
        let identity = random.identity();
        let term = random.term();
        check_generated(&identity);
        let badge = issue::issue(&identity, &key, term, random.bytes())
            .unwrap_or_else(|why| panic!("round {round}: {why}: {identity:?}"));
        assert!(badge.token.len() < MAX_TOKEN_LEN);

        let audience = identity.audience.first().map(String::as_str);
        let own = matches!(identity.issuance, Issuance::SelfSigned);
        let public = PublicKey::from_jwk(&key.public().to_jwk()).expect("our own JWK");
        // Named by its JWK, or, when self-signed, by nothing but the badge. No skew at either end.
        for named in if own { vec![Some(&public), None] } else { vec![Some(&public)] } {
            for now in [term.iat, term.exp - 1] {
                let rules = Rules {
                    key: named,
                    accept_self_signed: own,
                    trusted_issuers: std::slice::from_ref(&badge.issuer),
                    audience,
                    skew: 0,
                    now,
                };
                let claims = verify(badge.token.as_bytes(), &rules)
                    .unwrap_or_else(|why| panic!("round {round}: {why}: {identity:?} {term:?}"));
                assert_eq!((&claims.jti, &claims.iss, &claims.sub), (&badge.jti, &badge.issuer, &badge.subject));
                assert_eq!((claims.iat, claims.exp, claims.nbf), (term.iat, term.exp, None));
                assert_eq!((claims.aud, claims.domain), (identity.audience.clone(), identity.domain.clone()));
                assert_eq!((claims.level, claims.ial), (identity.level, 0));
            }
        }
        let seen = read_unverified(badge.token.as_bytes()).expect("readable without a key");
        assert_eq!((seen.exp, seen.jti), (term.exp, Some(badge.jti)));
    }
}

/// The generators make only what the command line accepts.
fn check_generated(identity: &Identity) {
    if let Issuance::Registry { issuer, subject } = &identity.issuance {
        assert!(is_did(subject), "{subject}");
        assert!(is_did(issuer) || is_https_origin(issuer), "{issuer}");
    }
    assert!(identity.domain.as_deref().is_none_or(is_host), "{:?}", identity.domain);
}
