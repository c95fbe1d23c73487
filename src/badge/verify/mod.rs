//! Verification: RFC-002 §8.1, without a registry.
//!
//! The order, in which no claim is used before the signature is verified:
//! 1. size, three parts, strict base64url; the header: `alg`, `typ`, no `crit` or `b64` (MALFORMED)
//! 2. the key: the caller's; `jwk`, `jku`, `x5c` and `kid` in the header never choose it. Without one, a `did:key` issuer is
//!    its own key where self-signed badges are accepted: `iss` is read early, but only to learn which key to verify
//!    with (ISSUER_UNTRUSTED)
//! 3. the signature over the bytes as received (SIGNATURE_INVALID)
//! 4. the payload as JSON without duplicate members (MALFORMED), then the rules of each claim (CLAIMS_INVALID)
//! 5. time (EXPIRED, NOT_YET_VALID), issuer (ISSUER_UNTRUSTED), audience (AUDIENCE_MISMATCH)
//!
//! So a badge that is both forged and expired is reported as forged.

mod claims;
mod token;
mod verdict;

pub use claims::Claims;
pub use verdict::{Code, Invalid};

use crate::encoding::json::Object;
use crate::encoding::quoted;
use crate::key::PublicKey;
use token::Token;

/// What the caller trusts, and the time.
pub struct Rules<'a> {
    /// The key that must have signed, also for a self-signed badge.
    pub key: Option<&'a PublicKey>,
    /// Without `key`: accept self-signed badges, verified with the `did:key` in them.
    pub accept_self_signed: bool,
    /// The issuers that are trusted, compared as text; empty: any. A `did:key` in this list is
    /// accepted as self-signed too.
    pub trusted_issuers: &'a [String],
    /// The caller, who must be in `aud`, so that a badge without `aud` is refused. `None`: any `aud` (RFC-002 §8.3).
    pub audience: Option<&'a str>,
    /// Tolerance for clocks that differ, seconds, not negative.
    pub skew: i64,
    /// Unix seconds.
    pub now: i64,
}

/// The claims that [`read_unverified`] found. Anyone can have written them.
pub struct Unverified {
    /// Identifier; badges of the first version have none.
    pub jti: Option<String>,
    /// Subject.
    pub sub: Option<String>,
    /// Issued at, Unix seconds, 0 to [`super::MAX_TIME`], like the other times.
    pub iat: Option<i64>,
    /// Expires at.
    pub exp: i64,
    /// Not valid before.
    pub nbf: Option<i64>,
}

/// Verifies `token`, which one newline may follow.
pub fn verify(token: &[u8], rules: &Rules<'_>) -> Result<Claims, Box<Invalid>> {
    let token = Token::split(token)?;
    token.check_header()?;
    let key = match rules.key {
        Some(key) => key.clone(),
        None => self_signed_key(&token.payload()?, rules)?,
    };
    token.check_signature(&key)?;
    let claims = claims::read(&token.payload()?, &key)?;
    let is_accepted = rules.key.is_some() || claims.level == 0;
    Code::ClaimsInvalid.unless(is_accepted, "a self-signed badge must have level \"0\"")?;
    check_rules(&claims, rules)?;
    Ok(claims)
}

/// Reads a badge without verifying it, for a health check that has no key.
///
/// Lenient where badges of other issuers differ (other algorithms, no `jti`), strict about the form:
/// anything that is not three base64url parts with an `exp` in it is BADGE_MALFORMED.
pub fn read_unverified(token: &[u8]) -> Result<Unverified, Box<Invalid>> {
    let token = Token::split(token)?;
    token.check_header_leniently()?;
    claims::read_unverified(&token.payload()?).map_err(|invalid| Code::Malformed.with_detail(invalid.detail))
}

/// The key that a self-signed badge claims to be signed with.
fn self_signed_key(payload: &Object, rules: &Rules<'_>) -> Result<PublicKey, Box<Invalid>> {
    let issuer = claims::text(payload, "iss")?;
    let name = quoted(&issuer);
    let detail = format!("its issuer is {name}, and no key was given to verify that");
    Code::IssuerUntrusted.unless(issuer.starts_with("did:key:"), detail)?;
    let detail = format!("it is self-signed by {name}, which is not accepted, and no key was given");
    Code::IssuerUntrusted.unless(rules.accept_self_signed || rules.trusted_issuers.contains(&issuer), detail)?;
    PublicKey::from_did_key(&issuer).ok_or_else(|| {
        Code::ClaimsInvalid.with_detail(format!("\"iss\" is {name}, which is not the did:key of an Ed25519 key"))
    })
}

/// RFC-002 §8.1 step 6: time, issuer, audience. Differences saturate: `skew` and `now` can have any value.
fn check_rules(claims: &Claims, rules: &Rules<'_>) -> Result<(), Box<Invalid>> {
    let ago = rules.now.saturating_sub(claims.exp);
    Code::Expired.unless(ago < rules.skew, format!("it expired {ago} s ago"))?;
    for (name, time) in [("iat", claims.iat), ("nbf", claims.nbf.unwrap_or(claims.iat))] {
        let ahead = time.saturating_sub(rules.now);
        Code::NotYetValid.unless(ahead <= rules.skew, format!("its \"{name}\" is {ahead} s in the future"))?;
    }
    let is_trusted = rules.trusted_issuers.is_empty() || rules.trusted_issuers.contains(&claims.iss);
    let detail = format!("its issuer {} is not in the list of trusted issuers", quoted(&claims.iss));
    Code::IssuerUntrusted.unless(is_trusted, detail)?;
    let Some(audience) = rules.audience else { return Ok(()) };
    let is_meant = claims.aud.iter().any(|name| name == audience);
    Code::AudienceMismatch.unless(is_meant, format!("it is not meant for {}", quoted(audience)))
}
