//! Reading Ed25519 JWKs: RFC 7517, RFC 8037 §2.
//!
//! Strict, because the two mistakes that hurt are silent ones: a key read differently by two
//! programs, and an `x` that does not belong to `d` (signing with a foreign public half gives the
//! private key away; see "double public key signing" in the Ed25519 literature).
#![forbid(unsafe_code)]

use super::private::PrivateKey;
use super::public::PublicKey;
use crate::encoding::base64url;
use crate::encoding::json::{self, Json, Object};
use ed25519_compact::Seed;
use std::fmt;

/// Why a text is not the key that was asked for.
///
/// Displayed as a clause that follows a path ("k.jwk: it ..."), with the cure, and never with
/// anything that the text contained.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum JwkError {
    /// Nothing, or only whitespace.
    Empty,
    /// A PEM text; the caller knows the path and adds the line that converts it.
    Pem,
    /// Not JSON at all.
    NotJson,
    /// One JSON object, and then something else.
    TrailingGarbage,
    /// JSON, but not an object.
    NotObject,
    /// A JWK set (RFC 7517 §5).
    KeySet,
    /// This member is there twice.
    Duplicate(&'static str),
    /// No `kty`, or it is not a string.
    NoKty,
    /// `kty` RSA.
    Rsa,
    /// `kty` EC.
    Ec,
    /// `kty` oct, a shared secret.
    Symmetric,
    /// `kty` is something else.
    Kty,
    /// `crv` X25519.
    X25519,
    /// `crv` is missing or something else.
    Crv,
    /// A private key is needed and there is no `d`.
    PublicOnly,
    /// A public key is needed and there is a `d`.
    PrivateGiven,
    /// `d` is not 43 characters of base64url.
    D,
    /// `d` is all zeros.
    ZeroSeed,
    /// A public key without `x`.
    NoX,
    /// `x` is not 43 characters of base64url.
    X,
    /// `x` is no point of the curve, or one of small order.
    WeakX,
    /// `x` is not the public half of `d`.
    Mismatch,
    /// `alg` is there and neither EdDSA nor Ed25519.
    Alg,
    /// `use` is there and not sig.
    Use,
    /// `key_ops` is not an array of strings.
    KeyOps,
    /// `key_ops` does not contain sign.
    NotForSigning,
    /// `key_ops` does not contain verify.
    NotForVerifying,
    /// `kid` is not a string.
    Kid,
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let JwkError::Duplicate(name) = self {
            for part in ["it has the member \"", name, "\" more than once; keep one"] {
                f.write_str(part)?;
            }
            return Ok(());
        }
        f.write_str(match self {
            JwkError::Duplicate(_) => "",
            JwkError::Empty => "it is empty; an Ed25519 JWK is needed (`capiscio key gen` makes one)",
            JwkError::Pem => "it is a PEM key; an Ed25519 JWK is needed",
            JwkError::NotJson => "it is not JSON; an Ed25519 JWK is needed (`capiscio key gen` makes one)",
            JwkError::TrailingGarbage => {
                "there is something after the JSON object; keep one JWK and nothing else"
            }
            JwkError::NotObject => "it is JSON but not an object; a JWK is {\"kty\":\"OKP\",...}",
            JwkError::KeySet => "it is a JWK set (\"keys\"); keep only the one JWK inside it that is meant",
            JwkError::NoKty => "it has no \"kty\" string, so it is not a JWK",
            JwkError::Rsa => "it is an RSA key; badges are signed with Ed25519 (`capiscio key gen` makes such a key)",
            JwkError::Ec => "it is an EC key; badges are signed with Ed25519 (`capiscio key gen` makes such a key)",
            JwkError::Symmetric => {
                "it is a shared secret (\"kty\" oct); badges are signed with Ed25519 (`capiscio key gen` makes such a key)"
            }
            JwkError::Kty => "its \"kty\" is not OKP; badges are signed with Ed25519 (`capiscio key gen` makes such a key)",
            JwkError::X25519 => {
                "it is an X25519 key, which encrypts but cannot sign; badges are signed with Ed25519 (`capiscio key gen` makes such a key)"
            }
            JwkError::Crv => "its \"crv\" is not Ed25519 (`capiscio key gen` makes such a key)",
            JwkError::PublicOnly => {
                "it holds a public key only (no \"d\"); the keeper signs, so it needs the private JWK"
            }
            JwkError::PrivateGiven => {
                "it holds a private key (\"d\"); only the public JWK belongs here, so give that one and keep this one secret"
            }
            JwkError::D => "its \"d\" is not 43 characters of unpadded base64url (32 bytes); take the JWK from its source again",
            JwkError::ZeroSeed => "its \"d\" is all zeros, which anybody can guess; make a new key (`capiscio key gen`)",
            JwkError::NoX => "it has no \"x\", so there is no public key in it",
            JwkError::X => "its \"x\" is not 43 characters of unpadded base64url (32 bytes); take the JWK from its source again",
            JwkError::WeakX => "its \"x\" is no usable Ed25519 public key; take the JWK from its source again",
            JwkError::Mismatch => {
                "its \"x\" is not the public key of its \"d\", and badges signed so could not be verified; remove \"x\" or take the JWK from its source again"
            }
            JwkError::Alg => "its \"alg\" is neither EdDSA nor Ed25519, so it is meant for something else",
            JwkError::Use => "its \"use\" is not sig, so it is not meant for signatures",
            JwkError::KeyOps => "its \"key_ops\" is not an array of strings",
            JwkError::NotForSigning => "its \"key_ops\" does not contain \"sign\", so it is not meant for signing",
            JwkError::NotForVerifying => "its \"key_ops\" does not contain \"verify\", so it is not meant for verifying",
            JwkError::Kid => "its \"kid\" is not a string",
        })
    }
}

impl std::error::Error for JwkError {}

/// The JSON of a JWK text, or what else the text is.
pub(super) fn parse(text: &str) -> Result<Json, JwkError> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(JwkError::Empty);
    }
    if text.starts_with("-----BEGIN") {
        return Err(JwkError::Pem);
    }
    json::parse(text).ok_or_else(|| {
        // A JWK ends at its first closing brace or, with nested members, at a later one.
        let mut ends = text.match_indices('}').map(|(at, _)| &text[..=at]);
        match ends.any(|start| json::parse(start).is_some()) {
            true => JwkError::TrailingGarbage,
            false => JwkError::NotJson,
        }
    })
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
    let mut seed = Seed::new([0; 32]);
    let read = d
        .as_text()
        .is_some_and(|d| base64url::decode_exact(d, &mut seed[..]));
    let key = if read {
        PrivateKey::derive(&seed, kid).ok_or(JwkError::ZeroSeed)
    } else {
        Err(JwkError::D)
    };
    seed.wipe_mut();
    let key = key?;
    match x {
        Some(x) if x != *key.public().bytes() => Err(JwkError::Mismatch),
        _ => Ok(key),
    }
}

fn check_type(jwk: &Object) -> Result<(), JwkError> {
    let kty = member(jwk, "kty")?;
    if kty.is_none() && jwk.pairs().iter().any(|(name, _)| name == "keys") {
        return Err(JwkError::KeySet);
    }
    match kty.and_then(Json::as_text).ok_or(JwkError::NoKty)? {
        "OKP" => {}
        "RSA" => return Err(JwkError::Rsa),
        "EC" => return Err(JwkError::Ec),
        "oct" => return Err(JwkError::Symmetric),
        _ => return Err(JwkError::Kty),
    }
    match member(jwk, "crv")?.and_then(Json::as_text) {
        Some("Ed25519") => Ok(()),
        Some("X25519") => Err(JwkError::X25519),
        _ => Err(JwkError::Crv),
    }
}

/// `alg`, `use`, `key_ops` (RFC 7517 §4.2-4.4): each may be absent, none may forbid `operation`.
fn check_purpose(jwk: &Object, operation: &str, forbidden: JwkError) -> Result<(), JwkError> {
    if let Some(alg) = member(jwk, "alg")?
        && !matches!(alg.as_text(), Some("EdDSA" | "Ed25519"))
    {
        return Err(JwkError::Alg);
    }
    if let Some(purpose) = member(jwk, "use")?
        && purpose.as_text() != Some("sig")
    {
        return Err(JwkError::Use);
    }
    if let Some(operations) = member(jwk, "key_ops")? {
        let operations = operations.as_texts().ok_or(JwkError::KeyOps)?;
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
    match x.as_text() {
        Some(x) if base64url::decode_exact(x, &mut bytes) => Ok(Some(bytes)),
        _ => Err(JwkError::X),
    }
}

fn read_kid(jwk: &Object) -> Result<Option<String>, JwkError> {
    match member(jwk, "kid")? {
        None => Ok(None),
        Some(kid) => kid
            .as_text()
            .map(|kid| Some(kid.to_owned()))
            .ok_or(JwkError::Kid),
    }
}

fn member<'a>(jwk: &'a Object, name: &'static str) -> Result<Option<&'a Json>, JwkError> {
    jwk.get(name).map_err(|_| JwkError::Duplicate(name))
}
