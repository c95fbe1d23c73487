//! What is wrong with a badge, for programs and for people.

use crate::encoding::json::quote;
use crate::encoding::truncated;
use std::fmt;

/// The error codes of RFC-002 §8.5 that need no registry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Code {
    /// Not a badge by its form.
    Malformed,
    /// Signed with another key, or changed since.
    SignatureInvalid,
    /// Past `exp`.
    Expired,
    /// Before `iat` or `nbf`.
    NotYetValid,
    /// Nobody the caller trusts.
    IssuerUntrusted,
    /// Meant for somebody else.
    AudienceMismatch,
    /// A claim is missing or breaks its rule.
    ClaimsInvalid,
}

impl Code {
    /// The code as users and machines know it.
    pub fn as_str(self) -> &'static str {
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

    /// This code with a sentence put together from `parts`.
    pub(super) fn because(self, parts: &[&str]) -> Box<Invalid> {
        Box::new(Invalid { code: self, sentence: parts.concat() })
    }
}

/// A text of the badge for a sentence: escaped, and not longer than a person reads.
pub(super) fn escaped(text: &str) -> String {
    let (text, dots) = truncated(text);
    quote(text) + dots
}

/// Why a badge is not accepted. It travels in a box: each `?` on its way moves it, and one word instead of four is less code.
#[derive(Debug, PartialEq)]
pub struct Invalid {
    /// For programs.
    pub code: Code,
    /// For people; what it quotes from the badge is escaped for a terminal.
    pub sentence: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        f.write_str(": ")?;
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Invalid {}
