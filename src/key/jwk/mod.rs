//! Reading Ed25519 JWKs: RFC 7517, RFC 8037 §2.
//!
//! Strict, because the two mistakes that hurt are silent ones: a key read differently by two
//! programs, and an `x` that does not belong to `d` (signing with a foreign public half gives the
//! private key away; see "double public key signing" in the Ed25519 literature).

mod error;

pub use error::JwkError;

use super::private::{PrivateKey, wipe};
use super::public::PublicKey;
use crate::encoding::base64url;
use crate::encoding::json::{self, Json, Object};

/// The JSON of a JWK text, or what else the text is.
pub(super) fn parse(text: &str) -> Result<Json, JwkError> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(JwkError::Empty);
    }
    if text.starts_with("-----BEGIN") {
        return Err(JwkError::Pem);
    }
    json::parse(text).ok_or_else(|| match first_object(text).and_then(json::parse) {
        Some(_) => JwkError::TrailingGarbage,
        None => JwkError::NotJson,
    })
}

/// The text up to the brace that closes its first one.
fn first_object(text: &str) -> Option<&str> {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string && depth == 1 => return text.get(..=at),
            b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    None
}

pub(super) fn read_public(jwk: &Object) -> Result<PublicKey, JwkError> {
    check_type(jwk)?;
    if member(jwk, "d")?.is_some() {
        return Err(JwkError::PrivateGiven);
    }
    check_purpose(jwk, "verify", JwkError::NotForVerifying)?;
    let x = read_x(jwk)?.ok_or(JwkError::NoX)?;
    PublicKey::from_bytes(x, read_kid(jwk)?).ok_or(JwkError::WeakX)
}

pub(super) fn read_private(text: &str) -> Result<PrivateKey, JwkError> {
    let json = parse(text)?;
    let jwk = json.as_object().ok_or(JwkError::NotObject)?;
    check_type(jwk)?;
    let d = member(jwk, "d")?.ok_or(JwkError::PublicOnly)?;
    check_purpose(jwk, "sign", JwkError::NotForSigning)?;
    let x = read_x(jwk)?;
    let kid = read_kid(jwk)?;
    let mut seed = [0; 32];
    let key = match d.as_str() {
        Some(d) if base64url::decode_exact(d, &mut seed) => PrivateKey::from_seed(seed, kid).ok_or(JwkError::ZeroSeed),
        _ => Err(JwkError::D),
    };
    wipe(&mut seed);
    let key = key?;
    match x {
        Some(x) if x != *key.public().bytes() => Err(JwkError::Mismatch),
        _ => Ok(key),
    }
}

fn check_type(jwk: &Object) -> Result<(), JwkError> {
    let kty = member(jwk, "kty")?;
    if kty.is_none() && jwk.members().iter().any(|(name, _)| name == "keys") {
        return Err(JwkError::KeySet);
    }
    match kty.and_then(Json::as_str).ok_or(JwkError::NoKty)? {
        "OKP" => {}
        "RSA" => return Err(JwkError::Rsa),
        "EC" => return Err(JwkError::Ec),
        "oct" => return Err(JwkError::Symmetric),
        _ => return Err(JwkError::Kty),
    }
    match member(jwk, "crv")?.and_then(Json::as_str) {
        Some("Ed25519") => Ok(()),
        Some("X25519") => Err(JwkError::X25519),
        _ => Err(JwkError::Crv),
    }
}

/// `alg`, `use`, `key_ops` (RFC 7517 §4.2-4.4): each may be absent, none may forbid `operation`.
fn check_purpose(jwk: &Object, operation: &str, forbidden: JwkError) -> Result<(), JwkError> {
    if let Some(alg) = member(jwk, "alg")?
        && !matches!(alg.as_str(), Some("EdDSA" | "Ed25519"))
    {
        return Err(JwkError::Alg);
    }
    if let Some(purpose) = member(jwk, "use")?
        && purpose.as_str() != Some("sig")
    {
        return Err(JwkError::Use);
    }
    if let Some(operations) = member(jwk, "key_ops")? {
        let operations = operations.as_strings().ok_or(JwkError::KeyOps)?;
        if !operations.contains(&operation) {
            return Err(forbidden);
        }
    }
    Ok(())
}

fn read_x(jwk: &Object) -> Result<Option<[u8; 32]>, JwkError> {
    let Some(x) = member(jwk, "x")? else {
        return Ok(None);
    };
    let mut bytes = [0; 32];
    match x.as_str() {
        Some(x) if base64url::decode_exact(x, &mut bytes) => Ok(Some(bytes)),
        _ => Err(JwkError::X),
    }
}

fn read_kid(jwk: &Object) -> Result<Option<String>, JwkError> {
    match member(jwk, "kid")? {
        None => Ok(None),
        Some(kid) => kid.as_str().map(|kid| Some(kid.to_owned())).ok_or(JwkError::Kid),
    }
}

fn member<'a>(jwk: &'a Object, name: &'static str) -> Result<Option<&'a Json>, JwkError> {
    jwk.get(name).map_err(|_| JwkError::Duplicate(name))
}

#[cfg(test)]
mod tests;
