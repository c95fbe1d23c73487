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
pub(super) fn read(payload: &Object, key: &PublicKey) -> Result<Claims, Box<Invalid>> {
    let subject = object(object(payload, "vc")?, "credentialSubject")?;
    let claims = Claims {
        jti: text(payload, "jti")?,
        iss: text(payload, "iss")?,
        sub: text(payload, "sub")?,
        aud: audience(payload)?,
        iat: time(payload, "iat")?,
        exp: time(payload, "exp")?,
        nbf: optional_time(payload, "nbf")?,
        ial: digit(payload, "ial", b'1', "is not \"0\" or \"1\"")?,
        level: digit(subject, "level", b'4', "is not a string \"0\" to \"4\"")?,
        domain: optional_text(subject, "domain")?,
    };
    check_order(Some(claims.iat), claims.exp)?;
    let agent = PublicKey::from_claim(object(payload, "key")?)
        .map_err(|error| broken("key", &format!("is not a public Ed25519 JWK: {error}")))?;
    require(is_https_origin(&claims.iss) || is_did(&claims.iss), "iss", "is neither an HTTPS origin nor a DID")?;
    require(is_did(&claims.sub), "sub", "is not a DID")?;
    if claims.ial == 0 {
        require(payload.get("cnf").is_none(), "cnf", "is present although \"ial\" is \"0\"")?;
    } else {
        object(payload, "cnf")?;
    }
    if claims.level == 0 {
        let own = key.did_key();
        let is_own = claims.iss == own && claims.sub == own && agent.bytes() == key.bytes();
        require(claims.ial == 0, "ial", "is not \"0\" although the level is \"0\"")?;
        require(is_own, "level", "is \"0\", but iss, sub and key are not all the key that signed")?;
    }
    Ok(claims)
}

/// Reads what a health check shows. Only `exp` is required.
pub(super) fn read_unverified(payload: &Object) -> Result<Unverified, Box<Invalid>> {
    let badge = Unverified {
        jti: optional_text(payload, "jti")?,
        sub: optional_text(payload, "sub")?,
        iat: optional_time(payload, "iat")?,
        exp: time(payload, "exp")?,
        nbf: optional_time(payload, "nbf")?,
    };
    check_order(badge.iat, badge.exp)?;
    Ok(badge)
}

/// A badge that expires before it is issued is never valid, but within a skew it would pass.
fn check_order(iat: Option<i64>, exp: i64) -> Result<(), Box<Invalid>> {
    require(iat.is_none_or(|iat| iat < exp), "exp", "is not after \"iat\"")
}

fn broken(claim: &str, rule: &str) -> Box<Invalid> {
    Code::ClaimsInvalid.with_detail(format!("\"{claim}\" {rule}"))
}

fn require(holds: bool, claim: &str, rule: &str) -> Result<(), Box<Invalid>> {
    if holds { Ok(()) } else { Err(broken(claim, rule)) }
}

fn object<'a>(parent: &'a Object, name: &str) -> Result<&'a Object, Box<Invalid>> {
    parent.get(name).and_then(Json::as_object).ok_or_else(|| broken(name, "is missing or not an object"))
}

pub(super) fn text(object: &Object, name: &str) -> Result<String, Box<Invalid>> {
    optional_text(object, name)?.filter(|text| !text.is_empty()).ok_or_else(|| broken(name, "is missing or empty"))
}

fn optional_text(object: &Object, name: &str) -> Result<Option<String>, Box<Invalid>> {
    match object.get(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(broken(name, "is not a string")),
    }
}

fn time(object: &Object, name: &str) -> Result<i64, Box<Invalid>> {
    optional_time(object, name)?.ok_or_else(|| broken(name, "is missing"))
}

/// Whole seconds, so that all verifiers agree on them.
fn optional_time(object: &Object, name: &str) -> Result<Option<i64>, Box<Invalid>> {
    match object.get(name) {
        None => Ok(None),
        Some(Json::Unsigned(seconds)) if *seconds <= MAX_TIME as u64 => Ok(Some(*seconds as i64)),
        Some(_) => Err(broken(name, "is not a whole number of Unix seconds from 1970 to 9999")),
    }
}

/// Levels are strings of one digit, never numbers (RFC-002 §5).
fn digit(object: &Object, name: &str, max: u8, rule: &str) -> Result<u8, Box<Invalid>> {
    match object.get(name).and_then(Json::as_str).map(str::as_bytes) {
        Some([digit]) if (b'0'..=max).contains(digit) => Ok(digit - b'0'),
        _ => Err(broken(name, rule)),
    }
}

fn audience(payload: &Object) -> Result<Vec<String>, Box<Invalid>> {
    let Some(aud) = payload.get("aud") else { return Ok(Vec::new()) };
    let texts = aud.as_strings().ok_or_else(|| broken("aud", "is not an array of strings"))?;
    // In Claims an empty list means anyone, but in a badge it would mean no one (RFC-002 §8.3).
    require(!texts.is_empty(), "aud", "is an empty array")?;
    Ok(texts)
}
