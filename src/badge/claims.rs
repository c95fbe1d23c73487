//! The claims of a badge that is issued.

use crate::encoding::json::JsonObject;
use crate::key::PublicKey;

/// The claims that are the same in each renewal.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Issuer and subject.
    pub issuance: Issuance,
    /// The agent's host name with an optional port (`vc.credentialSubject.domain`).
    pub domain: Option<String>,
    /// Who may accept the badge (`aud`); empty: anyone.
    pub audience: Vec<String>,
    /// Trust level 0 to 4; 0 with [`Issuance::SelfSigned`] and only there.
    pub level: u8,
}

/// Issuer and subject.
#[derive(Clone, Debug)]
pub enum Issuance {
    /// A registry vouches for an agent.
    Registry {
        /// An HTTPS origin or a DID (`iss`).
        issuer: String,
        /// The DID of the agent (`sub`).
        subject: String,
    },
    /// The agent vouches for itself: `iss` and `sub` are the `did:key` of the signing key.
    SelfSigned,
}

/// When the badge is valid, in whole Unix seconds (RFC 7519 §2, NumericDate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Issued at.
    pub iat: i64,
    /// Expires at: the first second at which it is no longer valid.
    pub exp: i64,
}

impl Identity {
    /// `iss` and `sub` of a badge signed with `key`.
    pub(super) fn issuer_and_subject(&self, key: &PublicKey) -> (String, String) {
        match &self.issuance {
            Issuance::Registry { issuer, subject } => (issuer.clone(), subject.clone()),
            Issuance::SelfSigned => (key.did_key(), key.did_key()),
        }
    }

    /// The payload: jti, iss, sub, aud, iat, exp, ial, key, vc.
    ///
    /// Health scripts decode it by `cut -d. -f2 | base64 -d`. Spaces before the last brace fill it up to a multiple of
    /// three bytes, because busybox's `base64` drops the tail of a text that lacks padding.
    pub(super) fn payload(&self, jti: &str, iss: &str, sub: &str, term: Validity, key: &PublicKey) -> String {
        let subject = JsonObject::new()
            .optional_string("domain", self.domain.as_deref())
            .string("level", &i64::from(self.level).to_string())
            .finish();
        let vc = JsonObject::new()
            .raw("type", "[\"VerifiableCredential\",\"AgentIdentity\"]")
            .raw("credentialSubject", &subject)
            .finish();
        let mut members = JsonObject::new().string("jti", jti).string("iss", iss).string("sub", sub);
        if !self.audience.is_empty() {
            members = members.strings("aud", &self.audience);
        }
        let payload = members
            .integer("iat", term.iat)
            .integer("exp", term.exp)
            .string("ial", "0")
            .raw("key", &key.claim())
            .raw("vc", &vc)
            .finish();
        let mut payload = without_base64url_letters(&payload);
        while !payload.len().is_multiple_of(3) {
            payload.insert(payload.len() - 1, ' ');
        }
        payload
    }
}

/// The same JSON without the characters whose base64url may contain `-` or `_`, which `base64 -d` does not know: `>`, `?`,
/// `~` and all that is not ASCII. They occur in strings only, so `\uXXXX` (RFC 8259 §7) can replace them.
fn without_base64url_letters(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && !matches!(character, '>' | '?' | '~') {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out += &format!("\\u{unit:04x}");
            }
        }
    }
    out
}
