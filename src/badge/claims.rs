//! What a badge that is issued claims.

/// The claims that are the same in each renewal.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Issuer, subject and trust level.
    pub issuance: Issuance,
    /// The agent's host name with an optional port (`vc.credentialSubject.domain`).
    pub domain: Option<String>,
    /// Who may accept the badge (`aud`); empty: anyone.
    pub audience: Vec<String>,
}

/// Issuer, subject and trust level.
#[derive(Clone, Debug)]
pub enum Issuance {
    /// A registry vouches for an agent.
    Registry {
        /// An HTTPS origin or a DID (`iss`).
        issuer: String,
        /// The DID of the agent (`sub`).
        subject: String,
        /// Trust level, 1 to 4.
        level: u8,
    },
    /// The agent vouches for itself at level 0: `iss` and `sub` are the `did:key` of the signing key.
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
