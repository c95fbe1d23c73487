//! Issuing: the compact JWS (RFC 7515 §3.1, §7.1) of one badge, signed with EdDSA (RFC 8037 §3.1).

use super::claims::{Identity, Issuance, Validity};
use super::{MAX_TIME, MAX_TOKEN_LEN};
use crate::encoding::base64url;
use crate::encoding::json::JsonObject;
use crate::key::{PrivateKey, PublicKey};
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
    /// The signing key.
    pub key: PublicKey,
}

/// Why no badge was issued.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IssueError {
    /// `iat` is before 1970, or `exp` is not after it, or after 9999-12-31T23:59:59Z.
    Validity,
    /// More than [`MAX_TOKEN_LEN`] bytes.
    TooLarge,
    /// The new signature did not verify.
    SelfCheck,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IssueError::Validity => "it would never be valid, or after the year 9999; check --exp and the clock",
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
    if iat < 0 || exp <= iat || exp > MAX_TIME {
        return Err(IssueError::Validity);
    }
    let public = key.public();
    let (issuer, subject, level) = match &identity.issuance {
        Issuance::Registry { issuer, subject, level } => (issuer.clone(), subject.clone(), *level),
        Issuance::SelfSigned => (public.did_key(), public.did_key(), 0),
    };
    let did = || if level == 0 { public.did_url() } else { public.did_key() };
    let kid = public.kid().map_or_else(did, str::to_owned);
    let header = JsonObject::new().string("alg", "EdDSA").string("typ", "JWT").string("kid", &kid).finish();
    let jti = uuid_v4(random);
    let claims = JsonObject::new()
        .string("jti", &jti)
        .string("iss", &issuer)
        .string("sub", &subject)
        .strings("aud", &identity.audience)
        .integer("iat", iat)
        .integer("exp", exp)
        .string("ial", "0")
        .raw("key", &public.claim())
        .raw("vc", &credential(identity.domain.as_deref(), level));
    let payload = decodable_as_base64(&claims.finish());

    // Two dots and a signature of 86 characters.
    let mut token = String::with_capacity((header.len() + payload.len()) * 4 / 3 + 90);
    base64url::encode_to(&mut token, header.as_bytes());
    token.push('.');
    base64url::encode_to(&mut token, payload.as_bytes());
    let signature = key.sign(token.as_bytes());
    if !public.verify(token.as_bytes(), &signature) {
        return Err(IssueError::SelfCheck);
    }
    token.push('.');
    base64url::encode_to(&mut token, &signature);
    if token.len() > MAX_TOKEN_LEN {
        return Err(IssueError::TooLarge);
    }
    Ok(Badge { token, jti, iat, exp, subject, issuer, key: public.clone() })
}

/// A UUID version 4 (RFC 9562 §5.4) in lower case; 122 of the random bits remain.
fn uuid_v4(mut random: [u8; 16]) -> String {
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut uuid = format!("{:032x}", u128::from_be_bytes(random));
    for dash in [8, 13, 18, 23] {
        uuid.insert(dash, '-');
    }
    uuid
}

/// The `vc` claim.
fn credential(domain: Option<&str>, level: u8) -> String {
    let subject = JsonObject::new().optional_string("domain", domain).string("level", &level.to_string()).finish();
    let kind = "[\"VerifiableCredential\",\"AgentIdentity\"]";
    JsonObject::new().raw("type", kind).raw("credentialSubject", &subject).finish()
}

/// The same JSON in a form that health scripts decode by `cut -d. -f2 | base64 -d`.
///
/// `base64 -d` knows neither `-` nor `_`. They come from `>`, `?`, `~` and all that is not ASCII, which occurs in strings
/// only, where `\uXXXX` (RFC 8259 §7) replaces it. Spaces before the last brace fill the text up to a multiple of three
/// bytes, because busybox's `base64` drops the tail of a text that lacks padding.
fn decodable_as_base64(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 2);
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() && !b">?~".contains(&byte) => out.push(char::from(byte)),
            _ => out += &format!("\\u{:04x}", u32::from(unit)),
        }
    }
    while !out.len().is_multiple_of(3) {
        out.insert(out.len() - 1, ' ');
    }
    out
}

#[cfg(test)]
mod tests;
