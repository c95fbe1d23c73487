//! What must hold for any input at all; the fuzzer looks for one for which it does not.
//!
//! Each function takes bytes and panics when something is wrong. `cargo test` runs them over corpus/, too.

use capiscio::badge::claims::Validity;
use capiscio::badge::did::{is_did, is_host, is_https_origin};
use capiscio::badge::issue::{self, IssueError};
use capiscio::badge::verify::{Claims, Invalid, Rules, is_signed_by, read_unverified, verify};
use capiscio::badge::{MAX_TIME, MAX_TOKEN_LEN};
use capiscio::cli::{Invocation, Request, parse, parse_duration};
use capiscio::encoding::json::{self, Json, MAX_DEPTH, MAX_MEMBERS, quote};
use capiscio::encoding::{base58, base64url, escaped};
use capiscio::file::OutputOptions;
use capiscio::keeper::settings::Settings;
use capiscio::key::{JwkError, PrivateKey, PublicKey};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::LazyLock;

/// The key of RFC 8037 A.1.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
const NOW: i64 = 1_795_000_000;
const SKEW: i64 = 60;

fn key() -> &'static PrivateKey {
    static READ: LazyLock<PrivateKey> =
        LazyLock::new(|| PrivateKey::from_jwk(KEY).unwrap_or_else(|why| panic!("the key of RFC 8037: {why}")));
    &READ
}

/// Whether a terminal prints all of it and obeys none of it.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// A token as it is; or, after `p`, a payload that is signed here; or, after `h`, a header, a newline and a payload.
///
/// Only what is signed gets past the signature, and a fuzzer cannot sign.
pub fn badge(data: &[u8]) {
    let token = match data.split_first() {
        Some((b'p', payload)) => sign(HEADER.as_bytes(), payload),
        Some((b'h', both)) => match both.iter().position(|byte| *byte == b'\n') {
            Some(end) => sign(&both[..end], &both[end + 1..]),
            None => sign(both, b""),
        },
        _ => data.to_vec(),
    };
    let own = [key().public().did_key()];
    for named in [Some(key().public()), None] {
        let anybody =
            Rules { key: named, accept_self_signed: true, trusted_issuers: &[], audience: None, skew: SKEW, now: NOW };
        let strict = Rules { accept_self_signed: false, trusted_issuers: &own, audience: Some("me"), ..anybody };
        match verify(&token, &anybody) {
            Err(invalid) => told(&invalid),
            Ok(claims) => {
                accepted(&token, &anybody, &claims);
                match verify(&token, &strict) {
                    Ok(claims) => assert!(claims.iss == own[0] && claims.aud.iter().any(|name| name == "me")),
                    Err(invalid) => told(&invalid),
                }
            }
        }
    }
    match read_unverified(&token) {
        Ok(seen) => assert!((0..=MAX_TIME).contains(&seen.exp)),
        Err(invalid) => told(&invalid),
    }
}

fn sign(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let signed = [base64url::encode(header), base64url::encode(payload)].join(".");
    let signature = base64url::encode(&key().sign(signed.as_bytes()));
    [signed, signature].join(".").into_bytes()
}

fn told(invalid: &Invalid) {
    assert!(is_plain(&invalid.detail) && !invalid.detail.is_empty(), "{:?}", invalid.detail);
    assert!(invalid.detail.len() < 2000, "{} bytes", invalid.detail.len());
}

fn accepted(token: &[u8], rules: &Rules<'_>, claims: &Claims) {
    assert!(is_signed_by(token, key().public()), "what is accepted is signed");
    let seen = read_unverified(token).unwrap_or_else(|why| panic!("what is accepted is readable: {why}"));
    assert_eq!((seen.exp, seen.iat, seen.nbf), (claims.exp, Some(claims.iat), claims.nbf));
    assert_eq!((seen.jti.as_ref(), seen.sub.as_ref()), (Some(&claims.jti), Some(&claims.sub)));
    assert!(claims.exp > NOW - SKEW && claims.iat <= NOW + SKEW && claims.nbf.is_none_or(|nbf| nbf <= NOW + SKEW));
    assert!(is_did(&claims.sub) && (is_did(&claims.iss) || is_https_origin(&claims.iss)));
    assert!(claims.level <= 4 && claims.ial <= 1 && !claims.jti.is_empty());
    let own = key().public().did_key();
    assert!(claims.level != 0 || (claims.iss == own && claims.sub == own));
    assert!(rules.key.is_some() || claims.level == 0, "without a key only self-signed badges");
    assert!(rules.trusted_issuers.is_empty() || rules.trusted_issuers.contains(&claims.iss));
    assert!(token.len() <= MAX_TOKEN_LEN);

    // No other text is the same badge: some character, chosen by the token itself, is changed.
    let at = token.iter().fold(7usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let last = token.trim_ascii_end().len() - 1;
    for (at, other) in [(at % last, b'A'), (at % last, b'.'), (last, b'A'), (last, b'B')] {
        let mut changed = token.to_vec();
        changed[at] = other;
        assert!(changed == token || verify(&changed, rules).is_err(), "changed at {at}");
    }
}

/// The text of a key file.
pub fn jwk(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (private, public, any) = (PrivateKey::from_jwk(text), PublicKey::from_jwk(text), PublicKey::from_any_jwk(text));
    for error in [private.as_ref().err(), public.as_ref().err(), any.as_ref().err()].into_iter().flatten() {
        assert!(is_plain(&error.to_string()));
    }
    match (&private, &public) {
        (Ok(private), Err(JwkError::PrivateGiven)) => {
            assert_eq!(any.as_ref(), Ok(private.public()));
            private_key(private);
        }
        (Err(_), Ok(public)) => {
            assert_eq!(any.as_ref(), Ok(public));
            public_key(public);
        }
        (Err(_), Err(_)) => assert!(any.is_err()),
        (Ok(_), _) => panic!("a text is a private and a public key"),
    }
}

fn private_key(key: &PrivateKey) {
    let again = PrivateKey::from_jwk(&key.to_jwk()).unwrap_or_else(|why| panic!("our own private JWK: {why}"));
    assert_eq!(again.public().bytes(), key.public().bytes());
    assert_eq!(again.to_jwk(), key.to_jwk());
    let signature = key.sign(b"badge");
    assert!(key.public().verify(b"badge", &signature) && !key.public().verify(b"Badge", &signature));
    public_key(key.public());
}

fn public_key(key: &PublicKey) {
    let again = PublicKey::from_jwk(&key.to_jwk()).unwrap_or_else(|why| panic!("our own public JWK: {why}"));
    assert_eq!((again.bytes(), again.kid()), (key.bytes(), Some(key.kid().unwrap_or(&key.did_key()))));
    let claim = json::parse(&key.claim()).unwrap_or(Json::Null);
    assert_eq!(claim.as_object().map(PublicKey::from_claim), Some(Ok(key.clone())));
    assert!(is_did(&key.did_key()) && !is_did(&key.did_url()));
    assert_eq!(PublicKey::from_did_key(&key.did_key()).map(|key| *key.bytes()), Some(*key.bytes()));
}

/// A JSON text, and the same as text that is written.
pub fn json(data: &[u8]) {
    let words = escaped(OsStr::from_bytes(data));
    assert!(is_plain(&words.to_string()));
    let Ok(text) = str::from_utf8(data) else { return };
    assert!(is_plain(&quote(text)));
    assert_eq!(json::parse(&quote(text)), Some(Json::String(text.to_owned())));
    let Some(tree) = json::parse(text) else { return };
    assert!(is_within(&tree, MAX_DEPTH));
    assert_eq!(json::parse(&written(&tree)), Some(tree));
}

fn is_within(tree: &Json, levels: u8) -> bool {
    let inside = |tree| levels > 0 && is_within(tree, levels - 1);
    match tree {
        Json::Array(items) => levels > 0 && items.iter().all(inside),
        Json::Object(object) => {
            let pairs = object.members();
            levels > 0 && pairs.len() <= MAX_MEMBERS && pairs.iter().all(|(_, value)| inside(value))
        }
        _ => true,
    }
}

fn written(tree: &Json) -> String {
    match tree {
        Json::Null => "null".into(),
        Json::Bool(value) => value.to_string(),
        Json::Unsigned(number) => number.to_string(),
        Json::Negative(0) => "-0".into(),
        Json::Negative(number) => number.to_string(),
        Json::Float => "0.5".into(),
        Json::String(text) => quote(text),
        Json::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(",")),
        Json::Object(object) => {
            let pair = |(name, value): &(String, Json)| format!("{}:{}", quote(name), written(value));
            format!("{{{}}}", object.members().iter().map(pair).collect::<Vec<_>>().join(","))
        }
    }
}

/// A duration.
pub fn durations(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(nanoseconds) = parse_duration(text) else { return };
    assert!(nanoseconds <= i64::MAX as u64);
    assert!(!text.contains(char::is_whitespace), "{text:?}");
    if text.starts_with(['+', '-']) || text == "0" {
        return;
    }
    // Durations add up, so that more said is never less.
    for (more, expected) in [("1ns", 1), ("1h", 3_600_000_000_000), (text, nanoseconds)] {
        let sum = parse_duration(&[text, more].concat());
        let expected = nanoseconds + expected;
        match i64::try_from(expected) {
            Ok(_) => assert_eq!(sum, Ok(expected), "{text}{more}"),
            Err(_) => assert!(sum.is_err(), "{text}{more}"),
        }
    }
    assert_eq!(parse_duration(&["+", text].concat()), Ok(nanoseconds));
    assert_eq!(parse_duration(&["-", text].concat()).ok(), (nanoseconds == 0).then_some(0));
}

/// A DID, an origin, a host.
pub fn names(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let is_ascii = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_did(text) {
        assert!(is_ascii && text.starts_with("did:"), "{text}");
        assert!(is_did(&[text, "a"].concat()) && is_did(&[text, ":a"].concat()), "{text}");
        for more in ["#a", "/", "?a", " ", "\n", ":", "%", "%0"] {
            assert!(!is_did(&[text, more].concat()), "{text}{more}");
        }
    }
    if is_host(text) {
        assert!(is_ascii && text.len() <= 253 + 6 && !text.contains(['/', '@', '?', '#', '%', '\\']), "{text}");
        assert!(is_https_origin(&["https://", text].concat()), "{text}");
        assert!(is_host(&text.to_ascii_uppercase()), "{text}");
        assert!(is_host(&["a.", &text[..text.len().min(1)]].concat()) || text.starts_with('_'), "{text}");
    }
    if is_https_origin(text) {
        assert!(is_ascii && text.starts_with("https://"), "{text}");
        assert!(!text[8..].contains(['/', '@', '?', '#', '%', '\\']), "{text}");
        for more in ["/", "?", "#", " ", "\n", ":", "@a"] {
            assert!(!is_https_origin(&[text, more].concat()), "{text}{more}");
        }
    }
    if let Some(key) = PublicKey::from_did_key(text) {
        assert!(is_did(text));
        assert_eq!(key.did_key(), text);
    }
}

/// base64url and base58, both ways.
pub fn encoding(data: &[u8]) {
    assert_eq!(base64url::decode(&base64url::encode(data)).as_deref(), Some(data));
    // base58 is quadratic, and its one caller bounds it, too.
    let few = &data[..data.len().min(200)];
    assert_eq!(base58::decode(&base58::encode(few)).as_deref(), Some(few));
    let Ok(text) = str::from_utf8(data) else { return };
    if let Some(bytes) = base64url::decode(text) {
        assert_eq!(base64url::encode(&bytes), text);
        let mut exact = vec![0; bytes.len()];
        assert!(base64url::decode_exact(text, &mut exact) && exact == bytes);
        assert!(!base64url::decode_exact(text, &mut vec![0; bytes.len() + 1]));
    }
    if text.len() <= 200
        && let Some(bytes) = base58::decode(text)
    {
        assert_eq!(base58::encode(&bytes), text);
    }
}

/// A command line, one word in each line; lines like `CAPISCIO_EXP=1h` and `BADGE_FILE=x` are the environment.
pub fn flags(data: &[u8]) {
    let (mut words, mut variables) = (Vec::new(), Vec::new());
    for line in data.split(|byte| *byte == b'\n') {
        let equals = line.iter().position(|byte| *byte == b'=');
        match equals {
            Some(at) if line.starts_with(b"CAPISCIO_") || line.starts_with(b"BADGE_FILE=") => {
                variables.push((&line[..at], OsStr::from_bytes(&line[at + 1..]).to_owned()));
            }
            _ => words.push(OsStr::from_bytes(line).to_owned()),
        }
    }
    let environment = |name: &str| -> Option<OsString> {
        variables.iter().find(|(other, _)| *other == name.as_bytes()).map(|(_, value)| value.clone())
    };
    match parse(words, &environment) {
        Err(wrong) => remark(&wrong.to_string()),
        Ok(Invocation { request, warnings }) => {
            warnings.iter().for_each(|warning| remark(warning));
            match request {
                Request::Keep(settings, options) => {
                    assert!(options.ready_fd.is_none_or(|number| number > 2));
                    assert_usable(&settings, Some(&options.output));
                }
                Request::Issue(settings, output) => assert_usable(&settings, output.as_ref()),
                Request::Health(health) => {
                    assert!(health.min_remaining >= 0 && !health.path.as_os_str().is_empty());
                }
                Request::Verify(verify) => assert!(verify.skew >= 0),
                Request::KeyGen(_) | Request::KeyPublic(_) => {}
                Request::Print(text) => assert!(text.ends_with('\n')),
            }
        }
    }
}

/// A sentence about a command line drives no terminal, is not endless, and repeats no key.
fn remark(sentence: &str) {
    assert!(is_plain(sentence) && !sentence.is_empty(), "{sentence:?}");
    assert!(sentence.len() < 1000, "{sentence}");
    assert!(!sentence.contains('{'), "{sentence}");
}

/// Accepted settings make badges that verify, and a policy within its bounds.
fn assert_usable(settings: &Settings, output: Option<&OutputOptions>) {
    let policy = settings.policy;
    assert!(policy.lifetime >= 1 && policy.poll_interval >= 100);
    assert!((0..=(policy.lifetime - 1) * 1000).contains(&policy.renew_before));
    if let Some(output) = output {
        assert!(output.mode <= 0o777 && output.mode & 0o400 != 0 && !output.path.as_os_str().is_empty());
    }

    let (key, term) = (key(), Validity { iat: NOW, exp: NOW.saturating_add(policy.lifetime) });
    let badge = match issue::issue(&settings.identity, key, term, [7; 16]) {
        Ok(badge) => badge,
        Err(IssueError::PastYear9999) => return assert!(term.exp > MAX_TIME),
        // Escaped, an audience may be six times as long as it was said.
        Err(why) => {
            return assert!(why == IssueError::TooLarge && settings.identity.audience.concat().len() > 6000, "{why}");
        }
    };
    let rules = Rules {
        key: Some(key.public()),
        accept_self_signed: false,
        trusted_issuers: std::slice::from_ref(&badge.issuer),
        audience: settings.identity.audience.first().map(String::as_str),
        skew: 0,
        now: NOW,
    };
    match verify(badge.token.as_bytes(), &rules) {
        Ok(claims) => assert_eq!((claims.sub, claims.aud), (badge.subject, settings.identity.audience.clone())),
        Err(why) => panic!("what is issued verifies: {why}"),
    }
    // The guide's `cut -d. -f2 | base64 -d` knows the standard alphabet only, and busybox's needs whole groups.
    let payload = badge.token.split('.').nth(1).unwrap_or_default();
    assert!(payload.len().is_multiple_of(4) && !payload.contains(['-', '_']), "{payload}");
}
