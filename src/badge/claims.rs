//! What a badge says: who it is about, who says so, for how long.

use crate::encoding::json::JsonObject;
use crate::key::PublicKey;

/// Everything about a badge that stays the same from renewal to renewal.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who vouches for whom.
    pub issuance: Issuance,
    /// The agent's host name with an optional port (`vc.credentialSubject.domain`).
    pub domain: Option<String>,
    /// Who may accept the badge (`aud`); empty: anybody.
    pub audience: Vec<String>,
    /// Trust level 0 to 4; 0 with [`Issuance::SelfSigned`] and only there.
    pub level: u8,
}

/// Issuer and subject.
#[derive(Clone, Debug)]
pub enum Issuance {
    /// A registry's word for an agent.
    Registry {
        /// An HTTPS origin or a DID (`iss`).
        issuer: String,
        /// The DID of the agent (`sub`).
        subject: String,
    },
    /// The agent's own word: `iss` and `sub` are the `did:key` of the signing key.
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
    pub fn issuer_and_subject(&self, key: &PublicKey) -> (String, String) {
        match &self.issuance {
            Issuance::Registry { issuer, subject } => (issuer.clone(), subject.clone()),
            Issuance::SelfSigned => (key.did_key(), key.did_key()),
        }
    }

    /// The payload: jti, iss, sub, aud, iat, exp, ial, key, vc.
    ///
    /// Spaces before the last brace fill it up to a multiple of three bytes. Then its base64url
    /// has the same text with and without padding, and the guide's `cut -d. -f2 | base64 -d` sees
    /// all of it with every `base64`. For the same reason it is in [`standard_letters`] only.
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
        let mut payload = members
            .integer("iat", term.iat)
            .integer("exp", term.exp)
            .string("ial", "0")
            .raw("key", &key.claim())
            .raw("vc", &vc)
            .finish();
        payload = standard_letters(&payload);
        while !payload.len().is_multiple_of(3) {
            payload.insert(payload.len() - 1, ' ');
        }
        payload
    }
}

/// The same JSON without the characters whose base64url may have a `-` or a `_` in it, which `base64 -d` does not know:
/// `>`, `?`, `~` and whatever is not ASCII. They stand in strings only, so `\uXXXX` (RFC 8259 §7) replaces them.
fn standard_letters(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && !matches!(character, '>' | '?' | '~') {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}
