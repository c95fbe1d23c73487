//! `verify` accepts every badge of `issue`: for any identity that the command line accepts, at any time from the clock
//! floor to the end of the year 9999.

mod common;

use capiscio::badge::claims::{Identity, Issuance, Validity};
use capiscio::badge::did::{is_did, is_host, is_https_origin};
use capiscio::badge::verify::{Rules, read_unverified, verify};
use capiscio::badge::{MAX_TIME, MAX_TOKEN_LEN, issue};
use capiscio::key::{PrivateKey, PublicKey};
use common::Rng;

/// 2025-01-01T00:00:00Z: before it, the keeper signs no badge.
const CLOCK_FLOOR: u64 = 1_735_689_600;

/// 1 to `max` characters of `alphabet`.
fn word(rng: &mut Rng, alphabet: &str, max: u64) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..=rng.below(max)).map(|_| alphabet[rng.below(alphabet.len() as u64) as usize]).collect()
}

fn bytes<const N: usize>(rng: &mut Rng) -> [u8; N] {
    std::array::from_fn(|_| rng.next() as u8)
}

fn maybe<T>(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    (rng.below(2) == 0).then(|| make(rng))
}

fn host(rng: &mut Rng) -> String {
    let labels: Vec<String> = (0..=rng.below(4)).map(|_| word(rng, "abcXYZ019_", 20)).collect();
    let port = maybe(rng, |rng| format!(":{}", 1 + rng.below(65_535))).unwrap_or_default();
    labels.join(".") + &port
}

fn did(rng: &mut Rng) -> String {
    let method = word(rng, "abcz059", 8);
    let segments: Vec<String> = (0..=rng.below(4)).map(|_| word(rng, "abcXYZ019._-", 20)).collect();
    let escaped = maybe(rng, |_| "%3A8443".to_owned()).unwrap_or_default();
    format!("did:{method}:{}{escaped}", segments.join(":"))
}

fn issuer(rng: &mut Rng) -> String {
    match rng.below(3) {
        0 => did(rng),
        1 => "https://[2001:db8::1]:8443".to_owned(),
        _ => format!("https://{}", host(rng)),
    }
}

/// Text of a claim: quotes, control characters, any script.
fn text(rng: &mut Rng) -> String {
    word(rng, "ab\"\\/\n\t\0\u{1b}\u{7f}\u{9b}\u{202e}\u{2028}é日🦀 :#", 40)
}

fn identity(rng: &mut Rng) -> Identity {
    let level = 1 + rng.below(4) as u8;
    let issuance = match rng.below(3) {
        0 => Issuance::SelfSigned,
        _ => Issuance::Registry { issuer: issuer(rng), subject: did(rng), level },
    };
    let domain = if level < 2 { maybe(rng, host) } else { Some(host(rng)) };
    let audience = (0..rng.below(4)).map(|_| text(rng)).collect();
    Identity { issuance, domain, audience }
}

fn validity(rng: &mut Rng) -> Validity {
    let iat = CLOCK_FLOOR + rng.below(MAX_TIME as u64 - CLOCK_FLOOR);
    let remaining = MAX_TIME as u64 - iat;
    let exp = iat + 1 + rng.below(remaining.min(90_000));
    Validity { iat: iat as i64, exp: exp as i64 }
}

#[test]
fn verifies_every_issued_badge() {
    let mut rng = Rng(0x0ba6_5eed_0ba6_5eed);
    for round in 0..400 {
        let kid = maybe(&mut rng, text);
        let key = PrivateKey::from_seed(bytes(&mut rng), kid).expect("a seed");
        let identity = identity(&mut rng);
        let validity = validity(&mut rng);
        assert_well_formed(&identity);
        let badge = issue::issue(&identity, &key, validity, bytes(&mut rng))
            .unwrap_or_else(|error| panic!("round {round}: {error}: {identity:?}"));
        assert!(badge.token.len() < MAX_TOKEN_LEN);

        let audience = identity.audience.first().map(String::as_str);
        let level = match identity.issuance {
            Issuance::SelfSigned => 0,
            Issuance::Registry { level, .. } => level,
        };
        let self_signed = level == 0;
        let public = PublicKey::from_jwk(&key.public().to_jwk()).expect("our own JWK");
        // With the key as JWK; a self-signed badge also without. No skew at either end.
        for key in if self_signed { vec![Some(&public), None] } else { vec![Some(&public)] } {
            for now in [validity.iat, validity.exp - 1] {
                let rules = Rules {
                    key,
                    accept_self_signed: self_signed,
                    trusted_issuers: std::slice::from_ref(&badge.issuer),
                    audience,
                    skew: 0,
                    now,
                };
                let claims = verify(badge.token.as_bytes(), &rules)
                    .unwrap_or_else(|error| panic!("round {round}: {error}: {identity:?} {validity:?}"));
                assert_eq!((&claims.jti, &claims.iss, &claims.sub), (&badge.jti, &badge.issuer, &badge.subject));
                assert_eq!((claims.iat, claims.exp, claims.nbf), (validity.iat, validity.exp, None));
                assert_eq!((claims.aud, claims.domain), (identity.audience.clone(), identity.domain.clone()));
                assert_eq!((claims.level, claims.ial), (level, 0));
            }
        }
        let unverified = read_unverified(badge.token.as_bytes()).expect("readable without a key");
        assert_eq!((unverified.exp, unverified.jti), (validity.exp, Some(badge.jti)));
    }
}

/// The command line accepts this identity.
fn assert_well_formed(identity: &Identity) {
    if let Issuance::Registry { issuer, subject, level } = &identity.issuance {
        assert!((1..=4).contains(level), "{level}");
        assert!(is_did(subject), "{subject}");
        assert!(is_did(issuer) || is_https_origin(issuer), "{issuer}");
    }
    assert!(identity.domain.as_deref().is_none_or(is_host), "{:?}", identity.domain);
}
