//! Ed25519 JWKs: RFC 7517, RFC 8037 §2.
//!
//! Reading is strict because two mistakes stay silent otherwise: two programs that read different keys from one text, and
//! an `x` that does not belong to `d` (signing with another key's public half gives the private key away).

mod error;

pub use error::JwkError;

use super::private::{PrivateKey, wipe};
use super::public::PublicKey;
use crate::encoding::base64url;
use crate::encoding::json::{self, Json, JsonObject, Object};
use error::{FETCH_AGAIN, NEW_KEY, OTHER_USE};

impl PublicKey {
    /// Reads a public JWK. A private one is refused: a verifier must not have it.
    pub fn from_jwk(text: &str) -> Result<PublicKey, JwkError> {
        PublicKey::from_claim(parse(text)?.as_object().ok_or(JwkError::NotJson)?)
    }

    /// Reads the public half of a JWK, public or private, each with all its rules.
    pub fn from_any_jwk(text: &str) -> Result<PublicKey, JwkError> {
        match PublicKey::from_jwk(text) {
            Err(JwkError::PrivateGiven) => PrivateKey::from_jwk(text).map(|key| key.public().clone()),
            other => other,
        }
    }

    /// Reads the `key` claim of a badge, a public JWK.
    pub fn from_claim(jwk: &Object) -> Result<PublicKey, JwkError> {
        check_type(jwk)?;
        if member(jwk, "d")?.is_some() {
            return Err(JwkError::PrivateGiven);
        }
        check_purpose(jwk, "verify", "does not contain verify")?;
        let x = read_x(jwk)?.ok_or(broken("x", "is missing", FETCH_AGAIN))?;
        PublicKey::from_bytes(x, read_kid(jwk)?).ok_or(broken("x", "is not a usable Ed25519 public key", FETCH_AGAIN))
    }

    /// The `key` claim of a badge: kty, crv, x, and kid when it is known.
    pub fn claim(&self) -> String {
        coordinates(self).optional_string("kid", self.kid()).finish()
    }

    /// The JWK of a file: kty, crv, x, kid, alg, use. Without a known kid it is the `did:key`.
    pub fn to_jwk(&self) -> String {
        purpose(self, coordinates(self))
    }
}

impl PrivateKey {
    /// Reads a private JWK.
    pub fn from_jwk(text: &str) -> Result<PrivateKey, JwkError> {
        let json = parse(text)?;
        let jwk = json.as_object().ok_or(JwkError::NotJson)?;
        check_type(jwk)?;
        let d = member(jwk, "d")?.ok_or(JwkError::PublicOnly)?;
        check_purpose(jwk, "sign", "does not contain sign")?;
        let x = read_x(jwk)?;
        let kid = read_kid(jwk)?;
        let mut seed = [0; 32];
        let key = match d.as_str() {
            Some(d) if base64url::decode_exact(d, &mut seed) => {
                PrivateKey::from_seed(seed, kid).ok_or(broken("d", "is all zeros, which anyone can guess", NEW_KEY))
            }
            _ => Err(broken("d", NOT_32_BYTES, FETCH_AGAIN)),
        };
        wipe(&mut seed);
        let key = key?;
        match x {
            Some(x) if x != *key.public().bytes() => Err(JwkError::Mismatch),
            _ => Ok(key),
        }
    }

    /// The JWK of a file, the secret included: kty, crv, x, d, kid, alg, use.
    pub fn to_jwk(&self) -> String {
        let public = self.public();
        purpose(public, coordinates(public).string("d", &base64url::encode(self.seed())))
    }
}

const NOT_32_BYTES: &str = "is not 32 bytes in 43 characters of unpadded base64url";

fn coordinates(key: &PublicKey) -> JsonObject {
    JsonObject::new().string("kty", "OKP").string("crv", "Ed25519").string("x", &base64url::encode(key.bytes()))
}

/// kid, alg, use: `EdDSA` and not `Ed25519` (RFC 9864), which many readers do not know yet.
fn purpose(key: &PublicKey, members: JsonObject) -> String {
    let kid = key.kid().map_or_else(|| key.did_key(), str::to_owned);
    members.string("kid", &kid).string("alg", "EdDSA").string("use", "sig").finish()
}

fn parse(text: &str) -> Result<Json, JwkError> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(JwkError::Empty);
    }
    if text.starts_with("-----BEGIN") {
        return Err(JwkError::Pem);
    }
    json::parse(text).ok_or(JwkError::NotJson)
}

fn check_type(jwk: &Object) -> Result<(), JwkError> {
    let kty = member(jwk, "kty")?;
    if kty.is_none() && jwk.get("keys") != Ok(None) {
        return Err(JwkError::KeySet);
    }
    let crv = member(jwk, "crv")?.and_then(Json::as_str);
    Err(JwkError::WrongType(match (kty.and_then(Json::as_str), crv) {
        (Some("OKP"), Some("Ed25519")) => return Ok(()),
        (Some("OKP"), Some("X25519")) => "an X25519 key, which encrypts but cannot sign",
        (Some("OKP"), _) => "not an Ed25519 key (\"crv\")",
        (Some("RSA"), _) => "an RSA key",
        (Some("EC"), _) => "an EC key",
        (Some("oct"), _) => "a shared secret (\"kty\" oct)",
        _ => "not an OKP key (\"kty\")",
    }))
}

/// `alg`, `use`, `key_ops` (RFC 7517 §4.2-4.4): each may be absent, none may exclude `operation`.
fn check_purpose(jwk: &Object, operation: &str, excluded: &'static str) -> Result<(), JwkError> {
    if !matches!(member(jwk, "alg")?.map(Json::as_str), None | Some(Some("EdDSA" | "Ed25519"))) {
        return Err(broken("alg", "is neither EdDSA nor Ed25519", OTHER_USE));
    }
    if !matches!(member(jwk, "use")?.map(Json::as_str), None | Some(Some("sig"))) {
        return Err(broken("use", "is not sig", OTHER_USE));
    }
    match member(jwk, "key_ops")?.map(Json::as_strings) {
        Some(None) => Err(broken("key_ops", "is not an array of strings", FETCH_AGAIN)),
        Some(Some(operations)) if !operations.contains(&operation) => Err(broken("key_ops", excluded, OTHER_USE)),
        _ => Ok(()),
    }
}

fn read_x(jwk: &Object) -> Result<Option<[u8; 32]>, JwkError> {
    let Some(x) = member(jwk, "x")? else {
        return Ok(None);
    };
    let mut bytes = [0; 32];
    match x.as_str() {
        Some(x) if base64url::decode_exact(x, &mut bytes) => Ok(Some(bytes)),
        _ => Err(broken("x", NOT_32_BYTES, FETCH_AGAIN)),
    }
}

fn read_kid(jwk: &Object) -> Result<Option<String>, JwkError> {
    let kid = member(jwk, "kid")?;
    let text = kid.map(|kid| kid.as_str().ok_or(broken("kid", "is not a string", "make it one or remove it")));
    Ok(text.transpose()?.map(str::to_owned))
}

fn member<'a>(jwk: &'a Object, name: &'static str) -> Result<Option<&'a Json>, JwkError> {
    jwk.get(name).map_err(|_| JwkError::Duplicate(name))
}

fn broken(name: &'static str, fault: &'static str, cure: &'static str) -> JwkError {
    JwkError::Member { name, fault, cure }
}

#[cfg(test)]
mod tests;
