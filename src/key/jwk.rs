//! Ed25519 JWKs: RFC 7517, RFC 8037 §2.
//!
//! Reading is strict because two mistakes stay silent otherwise: two programs that read different keys from one text, and
//! an `x` that does not belong to `d` (signing with another key's public half gives the private key away).

use super::private::{PrivateKey, wipe};
use super::public::PublicKey;
use crate::encoding::base64url;
use crate::encoding::json::{self, Json, JsonObject, Object};
use std::fmt;

const NEW_KEY: &str = "make an Ed25519 key with: capiscio key gen";
const FETCH_AGAIN: &str = "get the JWK from its source again";
const OTHER_USE: &str = "choose a key that is meant for signatures";

/// The members that are read, each of which may occur once.
const MEMBERS: [&str; 8] = ["kty", "crv", "x", "d", "alg", "use", "key_ops", "kid"];

impl PublicKey {
    /// Reads a public JWK. A private one is refused: a verifier must not have it.
    pub fn from_jwk(text: &str) -> Result<PublicKey, JwkError> {
        PublicKey::from_claim(&parse(text)?)
    }

    /// Reads the public half of a JWK, public or private, each with all its rules.
    pub fn from_any_jwk(text: &str) -> Result<PublicKey, JwkError> {
        match PublicKey::from_jwk(text) {
            Err(JwkError::PrivateGiven) => PrivateKey::from_jwk(text).map(|key| key.public().clone()),
            other => other,
        }
    }

    /// Reads the `key` claim of a badge, a public JWK; the caller has checked that no member occurs twice.
    pub fn from_claim(jwk: &Object) -> Result<PublicKey, JwkError> {
        check_type(jwk)?;
        if jwk.get("d").is_some() {
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
        let jwk = &parse(text)?;
        check_type(jwk)?;
        let d = jwk.get("d").ok_or(JwkError::PublicOnly)?;
        check_purpose(jwk, "sign", "does not contain sign")?;
        let (x, kid) = (read_x(jwk)?, read_kid(jwk)?);
        let mut seed = [0; 32];
        let key = decode("d", d, &mut seed).map(|()| PrivateKey::from_seed(seed, kid));
        wipe(&mut seed);
        let key = key?.ok_or(broken("d", "is all zeros, which anyone can guess", NEW_KEY))?;
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

fn coordinates(key: &PublicKey) -> JsonObject {
    JsonObject::new().string("kty", "OKP").string("crv", "Ed25519").string("x", &base64url::encode(key.bytes()))
}

/// kid, alg, use: `EdDSA` and not `Ed25519` (RFC 9864), which many readers do not know yet.
fn purpose(key: &PublicKey, members: JsonObject) -> String {
    let kid = key.kid().map_or_else(|| key.did_key(), str::to_owned);
    members.string("kid", &kid).string("alg", "EdDSA").string("use", "sig").finish()
}

fn parse(text: &str) -> Result<Object, JwkError> {
    let text = text.trim_ascii();
    match json::parse(text) {
        Some(Json::Object(jwk)) => match MEMBERS.into_iter().find(|name| jwk.is_duplicate(name)) {
            Some(name) => Err(JwkError::Duplicate(name)),
            None => Ok(jwk),
        },
        _ if text.is_empty() => Err(JwkError::Empty),
        _ if text.starts_with("-----BEGIN") => Err(JwkError::Pem),
        _ => Err(JwkError::NotJson),
    }
}

fn check_type(jwk: &Object) -> Result<(), JwkError> {
    let kty = jwk.get("kty");
    if kty.is_none() && jwk.get("keys").is_some() {
        return Err(JwkError::KeySet);
    }
    let crv = jwk.get("crv").and_then(Json::as_str);
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
    if !matches!(jwk.get("alg").map(Json::as_str), None | Some(Some("EdDSA" | "Ed25519"))) {
        return Err(broken("alg", "is neither EdDSA nor Ed25519", OTHER_USE));
    }
    if !matches!(jwk.get("use").map(Json::as_str), None | Some(Some("sig"))) {
        return Err(broken("use", "is not sig", OTHER_USE));
    }
    match jwk.get("key_ops").map(Json::as_strings) {
        Some(None) => Err(broken("key_ops", "is not an array of strings", FETCH_AGAIN)),
        Some(Some(operations)) if !operations.iter().any(|one| one == operation) => {
            Err(broken("key_ops", excluded, OTHER_USE))
        }
        _ => Ok(()),
    }
}

fn read_x(jwk: &Object) -> Result<Option<[u8; 32]>, JwkError> {
    let Some(x) = jwk.get("x") else { return Ok(None) };
    let mut bytes = [0; 32];
    decode("x", x, &mut bytes)?;
    Ok(Some(bytes))
}

/// Decodes a key in place, so that no copy of a secret remains.
fn decode(name: &'static str, value: &Json, key: &mut [u8; 32]) -> Result<(), JwkError> {
    match value.as_str() {
        Some(text) if base64url::decode_exact(text, key) => Ok(()),
        _ => Err(broken(name, "is not 32 bytes in 43 characters of unpadded base64url", FETCH_AGAIN)),
    }
}

fn read_kid(jwk: &Object) -> Result<Option<String>, JwkError> {
    let Some(kid) = jwk.get("kid") else { return Ok(None) };
    let text = kid.as_str().ok_or(broken("kid", "is not a string", "make it one or remove it"))?;
    Ok(Some(text.to_owned()))
}

fn broken(name: &'static str, fault: &'static str, cure: &'static str) -> JwkError {
    JwkError::Member { name, fault, cure }
}

/// Why a text is not the JWK that is needed.
///
/// Displayed as a clause that follows a path ("k.jwk: it ..."): `fault; cure`, and never any text of the JWK.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JwkError {
    /// Nothing but whitespace.
    Empty,
    /// A PEM text. The caller knows the path and adds the cure.
    Pem,
    /// Not one JSON object, or text after it.
    NotJson,
    /// A JWK Set (RFC 7517 §5).
    KeySet,
    /// A key that is not Ed25519: what it is instead.
    WrongType(&'static str),
    /// More than one member of this name.
    Duplicate(&'static str),
    /// A member that is missing or breaks its rule.
    #[allow(missing_docs, reason = "the names say it")]
    Member { name: &'static str, fault: &'static str, cure: &'static str },
    /// A private key is needed and there is no `d`.
    PublicOnly,
    /// A public key is needed and there is a `d`.
    PrivateGiven,
    /// `x` is not the public half of `d`.
    Mismatch,
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fault, cure) = match self {
            JwkError::Pem => return f.write_str("it is a PEM key and not a JWK"),
            JwkError::WrongType(kind) => return write!(f, "it is {kind}; {NEW_KEY}"),
            JwkError::Duplicate(name) => return write!(f, "it has more than one \"{name}\"; remove the wrong one"),
            JwkError::Member { name, fault, cure } => return write!(f, "its \"{name}\" {fault}; {cure}"),
            JwkError::Empty => ("it is empty", NEW_KEY),
            JwkError::NotJson => ("it is not one JSON object with nothing after it", NEW_KEY),
            JwkError::KeySet => ("it is a JWK Set (\"keys\")", "extract the one JWK that is needed"),
            JwkError::PublicOnly => ("it is a public key (it has no \"d\")", "use the private JWK, which signs"),
            JwkError::PrivateGiven => ("it is a private key (it has a \"d\")", "use the public JWK; this is a secret"),
            JwkError::Mismatch => ("its \"x\" is not the public key of its \"d\"", FETCH_AGAIN),
        };
        write!(f, "{fault}; {cure}")
    }
}

#[cfg(test)]
mod tests;
