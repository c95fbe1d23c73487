//! Properties that must hold for every input. The fuzzer searches for an input that violates one.
//!
//! Each public function panics if its property does not hold. tests/corpus.rs runs them over corpus/.

use capiscio::badge::claims::Validity;
use capiscio::badge::did::{is_did, is_host, is_https_origin};
use capiscio::badge::health::{CRITICAL, assess, read};
use capiscio::badge::issue::{self, IssueError};
use capiscio::badge::verify::{Claims, Invalid, Rules, read_unverified, verify};
use capiscio::badge::{MAX_TIME, MAX_TOKEN_LEN};
use capiscio::cli::{Invocation, Request, parse, parse_duration};
use capiscio::encoding::json::{self, Json, MAX_DEPTH, MAX_MEMBERS, quote};
use capiscio::encoding::{base58, base64url, escaped};
use capiscio::file::OutputOptions;
use capiscio::keeper::Settings;
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
        LazyLock::new(|| PrivateKey::from_jwk(KEY).unwrap_or_else(|error| panic!("the key of RFC 8037: {error}")));
    &READ
}

/// Whether no character of the text controls a terminal.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// A token; after `p`, the payload of a token; after `h`, its header, a newline and its payload.
///
/// The latter two are signed here, because a fuzzer cannot find a valid signature.
pub fn badge(data: &[u8]) {
    let token = match data.split_first() {
        Some((b'p', payload)) => sign(HEADER.as_bytes(), payload),
        Some((b'h', both)) => match both.iter().position(|byte| *byte == b'\n') {
            Some(end) => sign(&both[..end], &both[end + 1..]),
            None => sign(both, b""),
        },
        _ => data.to_vec(),
    };
    let trusted = [key().public().did_key()];
    for given in [Some(key().public()), None] {
        let lenient =
            Rules { key: given, accept_self_signed: true, trusted_issuers: &[], audience: None, skew: SKEW, now: NOW };
        let strict = Rules { accept_self_signed: false, trusted_issuers: &trusted, audience: Some("me"), ..lenient };
        match verify(&token, &lenient) {
            Err(invalid) => {
                assert_detail(&invalid);
                let health = read(&token, given).map_or(CRITICAL, |badge| assess(&badge, 0, NOW).0);
                assert!(given.is_none() || health == CRITICAL, "{invalid}");
            }
            Ok(claims) => {
                assert_accepted(&token, &lenient, &claims);
                match verify(&token, &strict) {
                    Ok(claims) => assert!(claims.iss == trusted[0] && claims.aud.iter().any(|name| name == "me")),
                    Err(invalid) => assert_detail(&invalid),
                }
            }
        }
    }
    match read_unverified(&token) {
        Ok(unverified) => assert!((0..=MAX_TIME).contains(&unverified.exp)),
        Err(invalid) => assert_detail(&invalid),
    }
}

fn sign(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let signed = [base64url::encode(header), base64url::encode(payload)].join(".");
    let signature = base64url::encode(&key().sign(signed.as_bytes()));
    [signed, signature].join(".").into_bytes()
}

/// Whether the last part is the signature of what precedes it.
fn is_signed(token: &[u8]) -> bool {
    let (signed, signature) = str::from_utf8(token).unwrap_or_default().rsplit_once('.').unwrap_or_default();
    let signature = base64url::decode(signature.trim_end()).unwrap_or_default();
    signature.try_into().is_ok_and(|signature| key().public().verify(signed.as_bytes(), &signature))
}

fn assert_detail(invalid: &Invalid) {
    assert!(is_plain(&invalid.detail) && !invalid.detail.is_empty(), "{:?}", invalid.detail);
    assert!(invalid.detail.len() < 2000, "{} bytes", invalid.detail.len());
}

fn assert_accepted(token: &[u8], rules: &Rules<'_>, claims: &Claims) {
    assert!(is_signed(token), "accepted without a valid signature");
    let unverified =
        read_unverified(token).unwrap_or_else(|error| panic!("read_unverified refuses an accepted token: {error}"));
    assert_eq!((unverified.exp, unverified.iat, unverified.nbf), (claims.exp, Some(claims.iat), claims.nbf));
    assert_eq!((unverified.jti.as_ref(), unverified.sub.as_ref()), (Some(&claims.jti), Some(&claims.sub)));
    assert!(claims.exp > NOW - SKEW && claims.iat <= NOW + SKEW && claims.nbf.is_none_or(|nbf| nbf <= NOW + SKEW));
    assert!(is_did(&claims.sub) && (is_did(&claims.iss) || is_https_origin(&claims.iss)));
    assert!(claims.level <= 4 && claims.ial <= 1 && !claims.jti.is_empty());
    let did = key().public().did_key();
    assert!(claims.level != 0 || (claims.iss == did && claims.sub == did));
    assert!(rules.key.is_some() || claims.level == 0, "accepted without a key although not self-signed");
    assert!(rules.trusted_issuers.is_empty() || rules.trusted_issuers.contains(&claims.iss));
    assert!(token.len() <= MAX_TOKEN_LEN);

    // A token with one other character is refused. A hash of the token selects the character.
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
            assert_private_key(private);
        }
        (Err(_), Ok(public)) => {
            assert_eq!(any.as_ref(), Ok(public));
            assert_public_key(public);
        }
        (Err(_), Err(_)) => assert!(any.is_err()),
        (Ok(_), _) => panic!("one text is both a private and a public key"),
    }
}

fn assert_private_key(key: &PrivateKey) {
    let again = PrivateKey::from_jwk(&key.to_jwk()).unwrap_or_else(|error| panic!("from_jwk refuses to_jwk: {error}"));
    assert_eq!(again.public().bytes(), key.public().bytes());
    assert_eq!(again.to_jwk(), key.to_jwk());
    let signature = key.sign(b"badge");
    assert!(key.public().verify(b"badge", &signature) && !key.public().verify(b"Badge", &signature));
    assert_public_key(key.public());
}

fn assert_public_key(key: &PublicKey) {
    let again = PublicKey::from_jwk(&key.to_jwk()).unwrap_or_else(|error| panic!("from_jwk refuses to_jwk: {error}"));
    assert_eq!((again.bytes(), again.kid()), (key.bytes(), Some(key.kid().unwrap_or(&key.did_key()))));
    let claim = json::parse(&key.claim()).unwrap_or(Json::Null);
    assert_eq!(claim.as_object().map(PublicKey::from_claim), Some(Ok(key.clone())));
    assert!(is_did(&key.did_key()) && !is_did(&key.did_url()));
    assert_eq!(PublicKey::from_did_key(&key.did_key()).map(|key| *key.bytes()), Some(*key.bytes()));
}

/// A JSON text; and any bytes and text for `escaped` and `quote`.
pub fn json(data: &[u8]) {
    assert!(is_plain(&escaped(OsStr::from_bytes(data)).to_string()));
    let Ok(text) = str::from_utf8(data) else { return };
    assert!(is_plain(&quote(text)));
    assert_eq!(json::parse(&quote(text)), Some(Json::String(text.to_owned())));
    let Some(tree) = json::parse(text) else { return };
    assert!(is_within(&tree, MAX_DEPTH));
    assert_eq!(json::parse(&to_text(&tree)), Some(tree));
}

fn is_within(tree: &Json, levels: u8) -> bool {
    let is_inner_within = |tree| levels > 0 && is_within(tree, levels - 1);
    match tree {
        Json::Array(items) => levels > 0 && items.iter().all(is_inner_within),
        Json::Object(object) => {
            let members = object.members();
            levels > 0 && members.len() <= MAX_MEMBERS && members.iter().all(|(_, value)| is_inner_within(value))
        }
        _ => true,
    }
}

fn to_text(tree: &Json) -> String {
    match tree {
        Json::Null => "null".into(),
        Json::Bool(value) => value.to_string(),
        Json::Unsigned(number) => number.to_string(),
        Json::Negative(0) => "-0".into(),
        Json::Negative(number) => number.to_string(),
        Json::Float => "0.5".into(),
        Json::String(text) => quote(text),
        Json::Array(items) => format!("[{}]", items.iter().map(to_text).collect::<Vec<_>>().join(",")),
        Json::Object(object) => {
            let pair = |(name, value): &(String, Json)| format!("{}:{}", quote(name), to_text(value));
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
    // Appended terms are added.
    for (term, added) in [("1ns", 1), ("1h", 3_600_000_000_000), (text, nanoseconds)] {
        let sum = parse_duration(&[text, term].concat());
        let expected = nanoseconds + added;
        match i64::try_from(expected) {
            Ok(_) => assert_eq!(sum, Ok(expected), "{text}{term}"),
            Err(_) => assert!(sum.is_err(), "{text}{term}"),
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
        for suffix in ["#a", "/", "?a", " ", "\n", ":", "%", "%0"] {
            assert!(!is_did(&[text, suffix].concat()), "{text}{suffix}");
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
        for suffix in ["/", "?", "#", " ", "\n", ":", "@a"] {
            assert!(!is_https_origin(&[text, suffix].concat()), "{text}{suffix}");
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
    // base58 takes quadratic time; its only caller limits the length, too.
    let short = &data[..data.len().min(200)];
    assert_eq!(base58::decode(&base58::encode(short)).as_deref(), Some(short));
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

/// A command line, one argument per line. Lines like `CAPISCIO_EXP=1h` and `BADGE_FILE=x` set environment variables.
pub fn flags(data: &[u8]) {
    let (mut arguments, mut variables) = (Vec::new(), Vec::new());
    for line in data.split(|byte| *byte == b'\n') {
        let equals = line.iter().position(|byte| *byte == b'=');
        match equals {
            Some(at) if line.starts_with(b"CAPISCIO_") || line.starts_with(b"BADGE_FILE=") => {
                variables.push((&line[..at], OsStr::from_bytes(&line[at + 1..]).to_owned()));
            }
            _ => arguments.push(OsStr::from_bytes(line).to_owned()),
        }
    }
    let environment = |name: &str| -> Option<OsString> {
        variables.iter().find(|(other, _)| *other == name.as_bytes()).map(|(_, value)| value.clone())
    };
    let names: Vec<&str> = variables.iter().filter_map(|(name, _)| str::from_utf8(name).ok()).collect();
    match parse(arguments, &environment, &names) {
        Err(error) => assert_message(&error.to_string()),
        Ok(Invocation { request, warnings }) => {
            warnings.iter().for_each(|warning| assert_message(warning));
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

/// A message about a command line has no control characters, a bounded length, and no key.
fn assert_message(message: &str) {
    assert!(is_plain(message) && !message.is_empty(), "{message:?}");
    assert!(message.len() < 1000, "{message}");
    assert!(!message.contains('{'), "{message}");
}

/// The policy is within its bounds, and `verify` accepts a badge with these settings.
fn assert_usable(settings: &Settings, output: Option<&OutputOptions>) {
    let policy = settings.policy;
    assert!(policy.lifetime >= 1 && policy.poll_interval >= 100);
    assert!((0..=(policy.lifetime - 1) * 1000).contains(&policy.renew_before));
    if let Some(output) = output {
        assert!(output.mode <= 0o777 && output.mode & 0o400 != 0 && !output.path.as_os_str().is_empty());
    }

    let (key, validity) = (key(), Validity { iat: NOW, exp: NOW.saturating_add(policy.lifetime) });
    let badge = match issue::issue(&settings.identity, key, validity, [7; 16]) {
        Ok(badge) => badge,
        Err(IssueError::Validity) => return assert!(validity.exp > MAX_TIME),
        // Escaping makes an audience up to six times as long.
        Err(error) => {
            return assert!(
                error == IssueError::TooLarge && settings.identity.audience.concat().len() > 6000,
                "{error}"
            );
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
        Err(error) => panic!("verify refuses an issued badge: {error}"),
    }
    // `cut -d. -f2 | base64 -d` of the guide: base64(1) reads the standard alphabet only, and busybox requires whole groups.
    let payload = badge.token.split('.').nth(1).unwrap_or_default();
    assert!(payload.len().is_multiple_of(4) && !payload.contains(['-', '_']), "{payload}");
}
