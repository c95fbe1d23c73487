//! The rules by which a badge is verified, one test each. tests/verify.rs shows the program around them.

mod claims;
mod forms;
#[path = "../forge/parts.rs"]
mod parts;
mod trust;

use capiscio::badge::MAX_TOKEN_LEN;
use capiscio::badge::verify::{Claims, Code, Rules, is_signed_by, read_unverified, verify};
use capiscio::encoding::base64url;
use capiscio::key::{PrivateKey, PublicKey};
use parts::{HEADER, changed, quoted, seeded, sign, stranger};

const NOW: i64 = 1_795_000_000;

/// RFC 8037 A.1.
fn issuer() -> PrivateKey {
    seeded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
}

/// The members of a valid payload; tests replace or add some.
fn good() -> Vec<(&'static str, String)> {
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

/// The good payload with some members changed, added, or (with an empty value) removed.
fn payload(changes: &[(&'static str, &str)]) -> String {
    changed(good(), changes)
}

/// A correctly signed badge with `changes` to its claims.
fn badge(changes: &[(&'static str, &str)]) -> String {
    sign(HEADER, &payload(changes), &issuer())
}

fn rules(key: Option<&PublicKey>) -> Rules<'_> {
    Rules { key, accept_self_signed: false, trusted_issuers: &[], audience: None, skew: 60, now: NOW }
}

/// The result with the issuer's key, a skew of one minute and no other rule.
fn verdict(token: &str) -> Result<Claims, Code> {
    verify(token.as_bytes(), &rules(Some(issuer().public()))).map_err(|invalid| invalid.code)
}
