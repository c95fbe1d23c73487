//! Badges for tests, built without `badge issue`: valid ones, and ones with wrong claims or signatures.
#![allow(dead_code, reason = "each test file uses its own part")]

mod parts;

use crate::common::{RFC_SEED, now};
use capiscio::key::PrivateKey;
pub use parts::*;

pub const ISSUER: &str = "https://registry.capisc.io";
pub const SUBJECT: &str = "did:web:registry.capisc.io:agents:a";

/// The key of RFC 8037 A.1.
pub fn issuer() -> PrivateKey {
    key_from_d(RFC_SEED)
}

/// A payload that is valid for an hour from now, with some members changed, added, or (empty value) removed. Values are
/// JSON.
pub fn payload(changes: &[(&'static str, &str)]) -> String {
    let members = vec![
        ("jti", quoted("9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d")),
        ("iss", quoted(ISSUER)),
        ("sub", quoted(SUBJECT)),
        ("iat", now().to_string()),
        ("exp", (now() + 3600).to_string()),
        ("ial", quoted("0")),
        ("key", issuer().public().claim()),
        ("vc", vc("agent.example.com", "1")),
    ];
    changed(members, changes)
}

/// A badge signed by the issuer, with these changes to its claims.
pub fn badge(changes: &[(&'static str, &str)]) -> String {
    sign(HEADER, &payload(changes), &issuer())
}

/// A badge that expires this many seconds from now.
pub fn expiring_in(seconds: i64) -> String {
    let end = now() + seconds;
    badge(&[("iat", &(end - 7200).min(now()).to_string()), ("exp", &end.to_string())])
}

/// The same token with one character of its signature changed.
pub fn tampered(token: &str) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let at = bytes.len() - 40;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

/// Whether no character of the text controls a terminal.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}
