//! Badges made by hand, the good one and what forgers and careless issuers make of it.

mod claims;
mod forms;
mod trust;

use super::*;
use crate::encoding::base64url;
use crate::key::PrivateKey;

const NOW: i64 = 1_795_000_000;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// RFC 8037 A.1.
fn issuer() -> PrivateKey {
    seeded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
}

/// Somebody else.
fn stranger() -> PrivateKey {
    seeded("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")
}

fn seeded(seed: &str) -> PrivateKey {
    let mut bytes = [0; 32];
    assert!(base64url::decode_exact(seed, &mut bytes));
    PrivateKey::from_seed(bytes, None).unwrap()
}

/// The members of a payload that is valid in every respect; tests replace or add one.
fn good() -> Vec<(&'static str, String)> {
    let text = |s: &str| format!("\"{s}\"");
    vec![
        ("jti", text("9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d")),
        ("iss", text("https://registry.capisc.io")),
        ("sub", text("did:web:registry.capisc.io:agents:a")),
        ("iat", NOW.to_string()),
        ("exp", (NOW + 300).to_string()),
        ("ial", text("0")),
        ("key", issuer().public().claim()),
        ("vc", vc("1")),
    ]
}

fn vc(level: &str) -> String {
    format!(
        r#"{{"type":["VerifiableCredential","AgentIdentity"],"credentialSubject":{{"domain":"a.example","level":"{level}"}}}}"#
    )
}

/// The good payload with some members changed, added, or (with an empty value) taken away.
fn payload(changes: &[(&'static str, &str)]) -> String {
    let mut members = good();
    for (name, value) in changes {
        members.retain(|(other, _)| other != name);
        if !value.is_empty() {
            members.push((name, (*value).to_owned()));
        }
    }
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn sign(header: &str, payload: &str, key: &PrivateKey) -> String {
    let signed = [base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes())].join(".");
    let signature = base64url::encode(&key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
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
