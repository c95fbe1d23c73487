//! Keys, claims and signatures of test badges. tests/verify_rules uses this file by path.

use capiscio::encoding::base64url;
use capiscio::key::PrivateKey;

pub const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// A key that is not the issuer's.
pub fn other_key() -> PrivateKey {
    key_from_d("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")
}

/// The key with this seed, in base64url as in the JWK member `d`.
pub fn key_from_d(d: &str) -> PrivateKey {
    let mut seed = [0; 32];
    assert!(base64url::decode_exact(d, &mut seed));
    PrivateKey::from_seed(seed, None).unwrap()
}

/// A JSON object of these members, some of them changed, added, or (empty value) removed. Values are JSON.
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

/// A JSON string; `text` is already escaped.
pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The `vc` claim; `domain` is already escaped.
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
