//! The verification rules, one test each. tests/verify.rs tests the command.

mod claims;
mod health;
#[path = "../test_tokens/parts.rs"]
mod parts;
mod token;
mod trust;

use capiscio::badge::MAX_TOKEN_LEN;
use capiscio::badge::health::{CRITICAL, HEALTHY, State, WARNING, assess, read};
use capiscio::badge::verify::{Claims, Code, Invalid, Rules, read_unverified};
use capiscio::encoding::base64url;
use capiscio::key::{PrivateKey, PublicKey};
use parts::{HEADER, changed, key_from_d, other_key, quoted, sign};

const NOW: i64 = 1_795_000_000;

/// RFC 8037 A.1.
fn issuer() -> PrivateKey {
    key_from_d("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
}

/// The members of a valid payload.
fn valid_members() -> Vec<(&'static str, String)> {
    vec![
        ("jti", quoted("9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d")),
        ("iss", quoted("https://registry.capisc.io")),
        ("sub", quoted("did:web:registry.capisc.io:agents:a")),
        ("iat", NOW.to_string()),
        ("exp", (NOW + 300).to_string()),
        ("ial", quoted("0")),
        ("key", issuer().public().claim()),
        ("vc", vc("1")),
    ]
}

fn vc(level: &str) -> String {
    parts::vc("a.example", level)
}

/// The valid payload with some members changed, added, or (empty value) removed. Values are JSON.
fn payload(changes: &[(&'static str, &str)]) -> String {
    changed(valid_members(), changes)
}

/// A correctly signed badge with `changes` to its claims.
fn badge(changes: &[(&'static str, &str)]) -> String {
    sign(HEADER, &payload(changes), &issuer())
}

fn rules(key: Option<&PublicKey>) -> Rules<'_> {
    Rules { key, accept_self_signed: false, trusted_issuers: &[], audience: None, skew: 60, now: NOW }
}

/// Verifies a token. What a key refuses, whatever the caller's other rules, the health check with that key refuses too.
fn verify(token: &[u8], rules: &Rules<'_>) -> Result<Claims, Box<Invalid>> {
    let result = capiscio::badge::verify::verify(token, rules);
    let alone = Rules { trusted_issuers: &[], audience: None, skew: 60, ..*rules };
    if let (Some(_), Err(invalid)) = (rules.key, capiscio::badge::verify::verify(token, &alone)) {
        let health = read(token, rules.key).map_or(CRITICAL, |badge| assess(&badge, 0, rules.now).0);
        assert_eq!(health, CRITICAL, "{invalid}: {}", String::from_utf8_lossy(token));
    }
    result
}

/// The result with the issuer's key, a skew of one minute and no other rule.
fn verdict(token: &str) -> Result<Claims, Code> {
    verify(token.as_bytes(), &rules(Some(issuer().public()))).map_err(|invalid| invalid.code)
}
