//! What a badge made by hand is put together from: for the tests here and, by path, for those in src/badge/verify.

use capiscio::encoding::base64url;
use capiscio::key::PrivateKey;

pub const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// Somebody else than the issuer.
pub fn stranger() -> PrivateKey {
    seeded("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")
}

/// The key of a `d`.
pub fn seeded(d: &str) -> PrivateKey {
    let mut seed = [0; 32];
    assert!(base64url::decode_exact(d, &mut seed));
    PrivateKey::from_seed(seed, None).unwrap()
}

/// A JSON object of these members with some of them changed, added, or (with an empty value) taken away. Values are JSON.
pub fn changed(mut members: Vec<(&'static str, String)>, changes: &[(&'static str, &str)]) -> String {
    for (name, value) in changes {
        members.retain(|(other, _)| other != name);
        if !value.is_empty() {
            members.push((name, (*value).to_owned()));
        }
    }
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A text as it stands in JSON; escapes are the caller's.
pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// `domain` as it stands in JSON, escapes included.
pub fn vc(domain: &str, level: &str) -> String {
    format!(
        r#"{{"type":["VerifiableCredential","AgentIdentity"],"credentialSubject":{{"domain":"{domain}","level":"{level}"}}}}"#
    )
}

pub fn sign(header: &str, payload: &str, key: &PrivateKey) -> String {
    let signed = [base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes())].join(".");
    let signature = base64url::encode(&key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}
