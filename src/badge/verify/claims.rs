//! The rules of each claim: RFC-002 §4 and §8.1 step 3.

use super::Unverified;
use super::verdict::{Code, Invalid};
use crate::badge::MAX_TIME;
use crate::badge::did::{is_did, is_https_origin};
use crate::encoding::json::{Json, Object};
use crate::key::PublicKey;

/// The claims of a badge that verified. Texts are as received: escape them before showing them.
#[derive(Debug, PartialEq)]
pub struct Claims {
    /// Identifier, not empty.
    pub jti: String,
    /// An HTTPS origin or a DID.
    pub iss: String,
    /// The DID of the agent.
    pub sub: String,
    /// Who may accept it; empty: anyone.
    pub aud: Vec<String>,
    /// Issued at, Unix seconds, 0 to [`MAX_TIME`], like the other times.
    pub iat: i64,
    /// Expires at.
    pub exp: i64,
    /// Not valid before.
    pub nbf: Option<i64>,
    /// Identity assurance level, 0 or 1.
    pub ial: u8,
    /// Trust level, 0 to 4.
    pub level: u8,
    /// The agent's host name, as the issuer wrote it.
    pub domain: Option<String>,
}

/// Reads and checks the claims of a badge that `key` signed.
pub(super) fn read(payload: &Json, key: &PublicKey) -> Result<Claims, Box<Invalid>> {
    let payload = payload.as_object().ok_or_else(|| broken("the payload", "is not an object"))?;
    let subject = object(object(payload, "vc")?, "credentialSubject")?;
    let claims = Claims {
        jti: text(payload, "jti")?.to_owned(),
        iss: text(payload, "iss")?.to_owned(),
        sub: text(payload, "sub")?.to_owned(),
        aud: audience(payload)?,
        iat: time(payload, "iat")?,
        exp: time(payload, "exp")?,
        nbf: optional_time(payload, "nbf")?,
        ial: digit(payload, "ial", b'1', "is not \"0\" or \"1\"")?,
        level: digit(subject, "level", b'4', "is not a string \"0\" to \"4\"")?,
        domain: optional_text(subject, "domain")?.map(str::to_owned),
    };
    let agent = PublicKey::from_claim(object(payload, "key")?)
        .map_err(|error| broken("key", &format!("is not a public Ed25519 JWK: {error}")))?;
    if !is_https_origin(&claims.iss) && !is_did(&claims.iss) {
        return Err(broken("iss", "is neither an HTTPS origin nor a DID"));
    }
    if !is_did(&claims.sub) {
        return Err(broken("sub", "is not a DID"));
    }
    match (claims.ial, member(payload, "cnf")) {
        (0, Some(_)) => return Err(broken("cnf", "is present although \"ial\" is \"0\"")),
        (1, cnf) if cnf.and_then(Json::as_object).is_none() => {
            return Err(broken("cnf", "is missing or not an object although \"ial\" is \"1\""));
        }
        _ => {}
    }
    if claims.level == 0 {
        if claims.ial != 0 {
            return Err(broken("ial", "is not \"0\" although the level is \"0\""));
        }
        let own = key.did_key();
        if claims.iss != own || claims.sub != own || agent.bytes() != key.bytes() {
            return Err(broken("level", "is \"0\", but iss, sub and key are not all the key that signed"));
        }
    }
    Ok(claims)
}

/// Reads what a health check shows. Only `exp` is required.
pub(super) fn read_unverified(payload: &Json) -> Result<Unverified, Box<Invalid>> {
    let payload = payload.as_object().ok_or_else(|| broken("the payload", "is not an object"))?;
    Ok(Unverified {
        jti: optional_text(payload, "jti")?.map(str::to_owned),
        iss: optional_text(payload, "iss")?.map(str::to_owned),
        sub: optional_text(payload, "sub")?.map(str::to_owned),
        iat: optional_time(payload, "iat")?,
        exp: time(payload, "exp")?,
        nbf: optional_time(payload, "nbf")?,
    })
}

fn broken(claim: &str, rule: &str) -> Box<Invalid> {
    Code::ClaimsInvalid.with_detail(format!("\"{claim}\" {rule}"))
}

/// The payload has no duplicates: they are refused when it is parsed.
fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Json> {
    object.get(name).ok().flatten()
}

fn object<'a>(parent: &'a Object, name: &str) -> Result<&'a Object, Box<Invalid>> {
    member(parent, name).and_then(Json::as_object).ok_or_else(|| broken(name, "is missing or not an object"))
}

fn text<'a>(object: &'a Object, name: &str) -> Result<&'a str, Box<Invalid>> {
    optional_text(object, name)?.filter(|text| !text.is_empty()).ok_or_else(|| broken(name, "is missing or empty"))
}

fn optional_text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, Box<Invalid>> {
    let value = member(object, name);
    value.map(|value| value.as_str().ok_or_else(|| broken(name, "is not a string"))).transpose()
}

fn time(object: &Object, name: &str) -> Result<i64, Box<Invalid>> {
    optional_time(object, name)?.ok_or_else(|| broken(name, "is missing"))
}

/// Whole seconds, so that all verifiers agree on them.
fn optional_time(object: &Object, name: &str) -> Result<Option<i64>, Box<Invalid>> {
    match member(object, name) {
        None => Ok(None),
        Some(Json::Unsigned(seconds)) if *seconds <= MAX_TIME as u64 => Ok(Some(*seconds as i64)),
        Some(_) => Err(broken(name, "is not a whole number of Unix seconds from 1970 to 9999")),
    }
}

/// Levels are strings of one digit, never numbers (RFC-002 §5).
fn digit(object: &Object, name: &str, max: u8, rule: &str) -> Result<u8, Box<Invalid>> {
    match member(object, name).and_then(Json::as_str).map(str::as_bytes) {
        Some([digit]) if (b'0'..=max).contains(digit) => Ok(digit - b'0'),
        _ => Err(broken(name, rule)),
    }
}

fn audience(payload: &Object) -> Result<Vec<String>, Box<Invalid>> {
    let Some(aud) = member(payload, "aud") else {
        return Ok(Vec::new());
    };
    let texts = aud.as_strings().ok_or_else(|| broken("aud", "is not an array of strings"))?;
    // In Claims an empty list means anyone, but in a badge it would mean no one (RFC-002 §8.3).
    if texts.is_empty() {
        return Err(broken("aud", "is an empty array"));
    }
    Ok(texts.into_iter().map(str::to_owned).collect())
}
