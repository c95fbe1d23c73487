//! Why a badge is refused.

use std::fmt;

/// The error codes of RFC-002 §8.5 that need no registry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Code {
    /// The form of the token is not that of a badge.
    Malformed,
    /// Signed with another key, or changed since.
    SignatureInvalid,
    /// Past `exp`.
    Expired,
    /// Before `iat` or `nbf`.
    NotYetValid,
    /// The caller does not trust the issuer.
    IssuerUntrusted,
    /// The badge is meant for another audience.
    AudienceMismatch,
    /// A claim is missing or breaks its rule.
    ClaimsInvalid,
}

impl Code {
    /// The code as the specification writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Code::Malformed => "BADGE_MALFORMED",
            Code::SignatureInvalid => "BADGE_SIGNATURE_INVALID",
            Code::Expired => "BADGE_EXPIRED",
            Code::NotYetValid => "BADGE_NOT_YET_VALID",
            Code::IssuerUntrusted => "BADGE_ISSUER_UNTRUSTED",
            Code::AudienceMismatch => "BADGE_AUDIENCE_MISMATCH",
            Code::ClaimsInvalid => "BADGE_CLAIMS_INVALID",
        }
    }

    pub(super) fn with_detail(self, detail: impl Into<String>) -> Box<Invalid> {
        Box::new(Invalid { code: self, detail: detail.into() })
    }

    pub(super) fn unless(self, holds: bool, detail: impl Into<String>) -> Result<(), Box<Invalid>> {
        if holds { Ok(()) } else { Err(self.with_detail(detail)) }
    }
}

/// Why a badge is not accepted. Boxed, because that saves 2 KB of code.
#[derive(Debug, PartialEq)]
pub struct Invalid {
    /// For programs.
    pub code: Code,
    /// For people; what it quotes from the badge is escaped.
    pub detail: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}
