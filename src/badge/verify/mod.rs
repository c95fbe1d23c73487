//! Verifying: RFC-002 §8.1, without a registry.
//!
//! The order, in which nothing of the payload is believed before the signature is checked:
//! 1. size, three parts, strict base64url; the header: `alg`, `typ`, no `crit` (MALFORMED)
//! 2. the key. The one that the caller names; the header's `jwk`, `jku`, `x5c`, `kid` never choose
//!    it. Without one, a `did:key` issuer is its own key, when self-signed badges are accepted: this
//!    reads `iss` early, but only to learn with which key the badge claims to be signed
//!    (ISSUER_UNTRUSTED)
//! 3. the signature over the bytes as they came (SIGNATURE_INVALID)
//! 4. the payload as JSON without duplicate members (MALFORMED), then the rules of each claim (CLAIMS_INVALID)
//! 5. time (EXPIRED, NOT_YET_VALID), issuer (ISSUER_UNTRUSTED), audience (AUDIENCE_MISMATCH)
//!
//! So a badge that is both forged and expired is called forged.

mod claims;
mod token;
mod verdict;

pub use claims::Claims;
pub use verdict::{Code, Invalid};

use crate::encoding::json::Json;
use crate::key::PublicKey;
use token::Token;
use verdict::escaped;

/// What the caller trusts, and when it is.
pub struct Rules<'a> {
    /// The key that must have signed, also for a self-signed badge.
    pub key: Option<&'a PublicKey>,
    /// Without `key`: take the `did:key` of a self-signed badge as its key.
    pub accept_self_signed: bool,
    /// The issuers that are trusted, compared as text; empty: any. A `did:key` in this list is
    /// accepted as self-signed too.
    pub trusted_issuers: &'a [String],
    /// Who the caller is; must be in `aud`. RFC-002 §8.3 lets a badge without `aud` pass for anybody, which is what a
    /// caller gets who names none: whoever demands an audience wants badges that were made for it.
    pub audience: Option<&'a str>,
    /// Tolerance for clocks that differ, seconds, not negative.
    pub skew: i64,
    /// Unix seconds.
    pub now: i64,
}

/// The claims that [`read_unverified`] found. Nobody has vouched for any of them.
pub struct Unverified {
    /// Identifier; badges of the first version have none.
    pub jti: Option<String>,
    /// Issuer.
    pub iss: Option<String>,
    /// Subject.
    pub sub: Option<String>,
    /// Issued at, Unix seconds, 0 to [`super::MAX_TIME`], like the other times.
    pub iat: Option<i64>,
    /// Expires at.
    pub exp: i64,
    /// Not valid before.
    pub nbf: Option<i64>,
}

/// Whether `token`, with at most one newline after it, is a badge that `rules` accept.
pub fn verify(token: &[u8], rules: &Rules<'_>) -> Result<Claims, Box<Invalid>> {
    let token = Token::split(token)?;
    token.check_header()?;
    let claims = match rules.key {
        Some(key) => {
            token.check_signature(key)?;
            claims::read(&token.payload()?, key)?
        }
        None => {
            let payload = token.payload()?;
            let key = self_signed_key(&payload, rules)?;
            token.check_signature(&key)?;
            let claims = claims::read(&payload, &key)?;
            if claims.level != 0 {
                return Err(Code::ClaimsInvalid.because(&["a self-signed badge must have level \"0\""]));
            }
            claims
        }
    };
    check_time(&claims, rules)?;
    check_parties(&claims, rules)?;
    Ok(claims)
}

/// Reads a badge without asking who signed it, for what a probe without a key can say.
///
/// Lenient where badges of other issuers differ (other algorithms, no `jti`), strict about the form:
/// anything that is not three base64url parts with an `exp` in it is BADGE_MALFORMED.
pub fn read_unverified(token: &[u8]) -> Result<Unverified, Box<Invalid>> {
    let token = Token::split(token)?;
    token.check_header_leniently()?;
    claims::glance(&token.payload()?)
}

/// Whether `key` signed the token, whatever it says.
pub fn is_signed_by(token: &[u8], key: &PublicKey) -> bool {
    Token::split(token).is_ok_and(|token| token.check_signature(key).is_ok())
}

/// The key of a badge that vouches for itself; it is not believed anything else yet.
fn self_signed_key(payload: &Json, rules: &Rules<'_>) -> Result<PublicKey, Box<Invalid>> {
    let issuer = payload.as_object().and_then(|o| o.get("iss").ok().flatten()).and_then(Json::as_str);
    let issuer = issuer.ok_or_else(|| Code::ClaimsInvalid.because(&["\"iss\" is missing or not a string"]))?;
    if !issuer.starts_with("did:key:") {
        return Err(Code::IssuerUntrusted.because(&[
            "it says it is issued by ",
            &escaped(issuer),
            ", and no key was named to check that with",
        ]));
    }
    if !rules.accept_self_signed && !rules.trusted_issuers.iter().any(|trusted| trusted == issuer) {
        return Err(Code::IssuerUntrusted.because(&[
            "it is self-signed by ",
            &escaped(issuer),
            ", which is accepted only when asked for, and no key was named",
        ]));
    }
    PublicKey::from_did_key(issuer).ok_or_else(|| {
        Code::ClaimsInvalid.because(&["\"iss\" is ", &escaped(issuer), ", which is not the did:key of an Ed25519 key"])
    })
}

/// RFC-002 §8.1 step 6 a-c. Both ends saturate: skew and now are the caller's.
fn check_time(claims: &Claims, rules: &Rules<'_>) -> Result<(), Box<Invalid>> {
    if claims.exp <= rules.now.saturating_sub(rules.skew) {
        let ago = rules.now.saturating_sub(claims.exp).to_string();
        return Err(Code::Expired.because(&["it expired ", &ago, " s ago"]));
    }
    let latest = rules.now.saturating_add(rules.skew);
    for (name, time) in [("\"iat\"", claims.iat), ("\"nbf\"", claims.nbf.unwrap_or(claims.iat))] {
        if time > latest {
            let ahead = time.saturating_sub(rules.now).to_string();
            return Err(Code::NotYetValid.because(&["its ", name, " is ", &ahead, " s in the future"]));
        }
    }
    Ok(())
}

/// RFC-002 §8.1 step 6 d-e.
fn check_parties(claims: &Claims, rules: &Rules<'_>) -> Result<(), Box<Invalid>> {
    if !rules.trusted_issuers.is_empty() && !rules.trusted_issuers.contains(&claims.iss) {
        return Err(Code::IssuerUntrusted.because(&[
            "its issuer ",
            &escaped(&claims.iss),
            " is not in the list of trusted issuers",
        ]));
    }
    match rules.audience {
        Some(audience) if !claims.aud.iter().any(|a| a == audience) => {
            Err(Code::AudienceMismatch.because(&["it is not meant for ", &escaped(audience)]))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
