//! Why a text is not the JWK that is needed.

use std::fmt;

/// Displayed as a clause that follows a path ("k.jwk: it ..."): `fault; cure`, and never any text of the JWK.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JwkError {
    /// Nothing but whitespace.
    Empty,
    /// A PEM text. The caller knows the path and adds the cure.
    Pem,
    /// Not one JSON object, or text after it.
    NotJson,
    /// A JWK Set (RFC 7517 §5).
    KeySet,
    /// A key that is not Ed25519: what it is instead.
    WrongType(&'static str),
    /// More than one member of this name.
    Duplicate(&'static str),
    /// A member that is missing or breaks its rule.
    #[allow(missing_docs, reason = "the names say it")]
    Member { name: &'static str, fault: &'static str, cure: &'static str },
    /// A private key is needed and there is no `d`.
    PublicOnly,
    /// A public key is needed and there is a `d`.
    PrivateGiven,
    /// `x` is not the public half of `d`.
    Mismatch,
}

pub(super) const NEW_KEY: &str = "make an Ed25519 key with: capiscio key gen";
pub(super) const FETCH_AGAIN: &str = "get the JWK from its source again";
pub(super) const OTHER_USE: &str = "choose a key that is meant for signatures";

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fault, cure) = match self {
            JwkError::Pem => return f.write_str("it is a PEM key and not a JWK"),
            JwkError::WrongType(kind) => return write!(f, "it is {kind}; {NEW_KEY}"),
            JwkError::Duplicate(name) => return write!(f, "it has more than one \"{name}\"; remove the wrong one"),
            JwkError::Member { name, fault, cure } => return write!(f, "its \"{name}\" {fault}; {cure}"),
            JwkError::Empty => ("it is empty", NEW_KEY),
            JwkError::NotJson => ("it is not one JSON object with nothing after it", NEW_KEY),
            JwkError::KeySet => ("it is a JWK Set (\"keys\")", "extract the one JWK that is needed"),
            JwkError::PublicOnly => ("it is a public key (it has no \"d\")", "use the private JWK, which signs"),
            JwkError::PrivateGiven => {
                ("it is a private key (it has a \"d\")", "use the public JWK and keep this one secret")
            }
            JwkError::Mismatch => {
                ("its \"x\" is not the public key of its \"d\"", "remove \"x\" if \"d\" is right, or get the JWK again")
            }
        };
        write!(f, "{fault}; {cure}")
    }
}
