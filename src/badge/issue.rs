//! Issuing: the compact JWS (RFC 7515 §3.1, §7.1) of one badge, signed with EdDSA (RFC 8037 §3.1).

use super::claims::{Identity, Issuance, Validity};
use super::{MAX_TIME, MAX_TOKEN_LEN};
use crate::encoding::base64url;
use crate::encoding::json::JsonObject;
use crate::key::PrivateKey;
use std::fmt;

/// An issued badge.
#[derive(Debug)]
pub struct Badge {
    /// The compact JWS, without a newline.
    pub token: String,
    /// Identifier, a lower-case UUID.
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
    /// The level is above 4, or it is 0 and the badge not self-signed, or the other way round.
    Level,
    /// More than [`MAX_TOKEN_LEN`] bytes.
    TooLarge,
    /// The new signature did not verify.
    SelfCheck,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IssueError::PastYear9999 => "it would expire after the year 9999; use a shorter --exp or set the clock",
            IssueError::Validity => "it would never be valid; check --exp and the clock",
            IssueError::Level => "level 0 is for self-signed badges and only for them; check --level and --self-sign",
            IssueError::TooLarge => "it would be larger than 64 KiB; shorten --aud or the kid of the key",
            IssueError::SelfCheck => "the new signature does not verify; check the memory and the processor",
        })
    }
}

/// Issues one badge. `random` makes its `jti` and must be new each time.
///
/// The signature is verified before the badge is returned: after a bit flip while signing, the badge would be
/// useless, and two different signatures of one text can give the key away.
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
    let kid = public.kid().map(str::to_owned).or_else(|| self_signed.then(|| public.did_url()));
    let header =
        JsonObject::new().string("alg", "EdDSA").string("typ", "JWT").optional_string("kid", kid.as_deref()).finish();
    let jti = uuid_v4(random);
    let payload = identity.payload(&jti, &issuer, &subject, term, public);

    let signed = base64url::encode(header.as_bytes()) + "." + &base64url::encode(payload.as_bytes());
    let signature = key.sign(signed.as_bytes());
    if !public.verify(signed.as_bytes(), &signature) {
        return Err(IssueError::SelfCheck);
    }
    let token = signed + "." + &base64url::encode(&signature);
    if token.len() > MAX_TOKEN_LEN {
        return Err(IssueError::TooLarge);
    }
    Ok(Badge { token, jti, iat, exp, subject, issuer })
}

/// A UUID version 4 (RFC 9562 §5.4) in lower case; 122 of the random bits remain.
fn uuid_v4(mut random: [u8; 16]) -> String {
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut uuid = String::new();
    for (i, byte) in random.iter().enumerate() {
        let dash = if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" };
        uuid += &format!("{dash}{byte:02x}");
    }
    uuid
}

#[cfg(test)]
mod tests;
