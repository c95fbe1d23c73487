//! Issuing: the compact JWS (RFC 7515 §3.1, §7.1) of one badge, signed with EdDSA (RFC 8037 §3.1).

use super::claims::{Identity, Issuance, Validity};
use super::{MAX_TIME, MAX_TOKEN_LEN, jti};
use crate::encoding::base64url;
use crate::encoding::json::JsonObject;
use crate::key::PrivateKey;
use std::fmt;

/// A badge that was just issued.
pub struct Badge {
    /// The compact JWS, without a newline.
    pub token: String,
    /// Its identifier, a lower-case UUID.
    pub jti: String,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
    /// The DID of the agent.
    pub subject: String,
    /// An HTTPS origin or a DID.
    pub issuer: String,
}

/// Why no badge was issued.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IssueError {
    /// `exp` is after 9999-12-31T23:59:59Z.
    PastYear9999,
    /// `iat` is before 1970 or `exp` is not after it.
    Validity,
    /// The level is above 4, or 0 without being self-signed, or the other way round.
    Level,
    /// More than [`MAX_TOKEN_LEN`] bytes.
    TooLarge,
    /// The new signature did not verify.
    SelfCheck,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IssueError::PastYear9999 => {
                "the badge would expire after the year 9999; choose a shorter --exp or set the clock"
            }
            IssueError::Validity => {
                "the badge would not be valid for a single second after 1970; check --exp and the clock"
            }
            IssueError::Level => {
                "a badge of level 0 is self-signed, and one of level 1 to 4 is not; check --level and --self-sign"
            }
            IssueError::TooLarge => {
                "the badge would be larger than 64 KiB, which no verifier reads; shorten --aud or the key's kid"
            }
            IssueError::SelfCheck => {
                "the new signature does not verify, so it was thrown away; suspect this machine's memory or processor"
            }
        })
    }
}

impl std::error::Error for IssueError {}

/// Issues one badge.
///
/// `random` makes its `jti` and must be new each time. The signature is checked against the derived
/// public key before the badge leaves: a bit that fell over while signing would otherwise publish
/// an unusable badge, or worse, a hint at the key.
pub fn issue(identity: &Identity, key: &PrivateKey, term: Validity, random: [u8; 16]) -> Result<Badge, IssueError> {
    let Validity { iat, exp } = term;
    let self_signed = matches!(identity.issuance, Issuance::SelfSigned);
    if exp > MAX_TIME {
        return Err(IssueError::PastYear9999);
    }
    if iat < 0 || exp <= iat {
        return Err(IssueError::Validity);
    }
    if identity.level > 4 || self_signed != (identity.level == 0) {
        return Err(IssueError::Level);
    }
    let public = key.public();
    let (issuer, subject) = identity.issuer_and_subject(public);
    let kid = match public.kid() {
        Some(kid) => Some(kid.to_owned()),
        None => self_signed.then(|| public.did_url()),
    };
    let header =
        JsonObject::new().string("alg", "EdDSA").string("typ", "JWT").optional_string("kid", kid.as_deref()).finish();
    let jti = jti::uuid_v4(random);
    let payload = identity.payload(&jti, &issuer, &subject, term, public);

    let mut token = base64url::encode(header.as_bytes());
    token.push('.');
    token.push_str(&base64url::encode(payload.as_bytes()));
    let signature = key.sign(token.as_bytes());
    if !public.verify(token.as_bytes(), &signature) {
        return Err(IssueError::SelfCheck);
    }
    token.push('.');
    token.push_str(&base64url::encode(&signature));
    if token.len() > MAX_TOKEN_LEN {
        return Err(IssueError::TooLarge);
    }
    Ok(Badge { token, jti, iat, exp, subject, issuer })
}

#[cfg(test)]
mod tests;
