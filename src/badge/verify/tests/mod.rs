//! Badges made by hand, the good one and what forgers and careless issuers make of it.

mod claims;
mod forms;
#[path = "../../../../tests/forge/parts.rs"]
mod parts;
mod trust;

use super::*;
use crate::encoding::base64url;
use crate::key::PrivateKey;
use parts::{HEADER, changed, quoted, seeded, sign, stranger};

const NOW: i64 = 1_795_000_000;

/// RFC 8037 A.1.
fn issuer() -> PrivateKey {
    seeded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
}

/// The members of a payload that is valid in every respect; tests replace or add one.
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

/// The good payload with some members changed, added, or (with an empty value) taken away.
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

/// The verdict under the issuer's key, a minute of skew and nothing else.
fn verdict(token: &str) -> Result<Claims, Code> {
    verify(token.as_bytes(), &rules(Some(issuer().public()))).map_err(|invalid| invalid.code)
}
