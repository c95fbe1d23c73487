//! Why a JWK is refused, in words.

use std::fmt;

/// Why a text is not the key that was asked for.
///
/// Displayed as a clause that follows a path ("k.jwk: it ..."), with the cure, and never with
/// anything that the text contained.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum JwkError {
    /// Nothing, or only whitespace.
    Empty,
    /// A PEM text; the caller knows the path and adds the line that converts it.
    Pem,
    /// Not JSON at all.
    NotJson,
    /// One JSON object, and then something else.
    TrailingGarbage,
    /// JSON, but not an object.
    NotObject,
    /// A JWK set (RFC 7517 §5).
    KeySet,
    /// This member is there twice.
    Duplicate(&'static str),
    /// No `kty`, or it is not a string.
    NoKty,
    /// `kty` RSA.
    Rsa,
    /// `kty` EC.
    Ec,
    /// `kty` oct, a shared secret.
    Symmetric,
    /// `kty` is something else.
    Kty,
    /// `crv` X25519.
    X25519,
    /// `crv` is missing or something else.
    Crv,
    /// A private key is needed and there is no `d`.
    PublicOnly,
    /// A public key is needed and there is a `d`.
    PrivateGiven,
    /// `d` is not 43 characters of base64url.
    D,
    /// `d` is all zeros.
    ZeroSeed,
    /// A public key without `x`.
    NoX,
    /// `x` is not 43 characters of base64url.
    X,
    /// `x` is no point of the curve, or one of small order.
    WeakX,
    /// `x` is not the public half of `d`.
    Mismatch,
    /// `alg` is there and neither EdDSA nor Ed25519.
    Alg,
    /// `use` is there and not sig.
    Use,
    /// `key_ops` is not an array of strings.
    KeyOps,
    /// `key_ops` does not contain sign.
    NotForSigning,
    /// `key_ops` does not contain verify.
    NotForVerifying,
    /// `kid` is not a string.
    Kid,
}

/// The cures that several mistakes share.
const MAKE_ONE: &str = "; badges are signed with Ed25519 (`capiscio key gen` makes such a key)";
const FETCH_AGAIN: &str = "; take the JWK from its source again";
const OTHER_USE: &str = ", so it is meant for something else; choose another key";

impl JwkError {
    /// What is wrong, and the cure.
    fn words(self) -> [&'static str; 3] {
        let (fault, cure) = match self {
            JwkError::Duplicate(name) => {
                return ["it has more than one \"", name, "\"; keep the one that is meant"];
            }
            JwkError::Empty => ("it is empty", MAKE_ONE),
            JwkError::Pem => ("it is a PEM key and not a JWK", ""),
            JwkError::NotJson => ("it is not a JWK (not JSON)", MAKE_ONE),
            JwkError::TrailingGarbage => ("something follows after the JSON object", "; keep one JWK and nothing else"),
            JwkError::NotObject => ("it is not a JWK (JSON, but not an object)", MAKE_ONE),
            JwkError::KeySet => ("it is a JWK set (\"keys\")", "; keep only the one JWK in it that is meant"),
            JwkError::NoKty => ("it has no \"kty\" that is a string", FETCH_AGAIN),
            JwkError::Rsa => ("it is an RSA key", MAKE_ONE),
            JwkError::Ec => ("it is an EC key", MAKE_ONE),
            JwkError::Symmetric => ("it is a shared secret (\"kty\" oct)", MAKE_ONE),
            JwkError::Kty => ("its \"kty\" is not OKP", MAKE_ONE),
            JwkError::X25519 => ("it is an X25519 key, which encrypts but cannot sign", MAKE_ONE),
            JwkError::Crv => ("its \"crv\" is not Ed25519", MAKE_ONE),
            JwkError::PublicOnly => {
                ("it holds a public key only (no \"d\")", "; the keeper signs, so it needs the private JWK")
            }
            JwkError::PrivateGiven => (
                "it holds a private key (\"d\")",
                "; only the public JWK is needed here, so keep this one secret and give that one",
            ),
            JwkError::D => ("its \"d\" is not 32 bytes in 43 characters of unpadded base64url", FETCH_AGAIN),
            JwkError::ZeroSeed => ("its \"d\" is all zeros, which anybody can guess", MAKE_ONE),
            JwkError::NoX => ("it has no \"x\", the public key", FETCH_AGAIN),
            JwkError::X => ("its \"x\" is not 32 bytes in 43 characters of unpadded base64url", FETCH_AGAIN),
            JwkError::WeakX => ("its \"x\" is no usable Ed25519 public key", FETCH_AGAIN),
            JwkError::Mismatch => (
                "its \"x\" is not the public key of its \"d\", so nobody could verify the badges",
                "; remove \"x\" if \"d\" is right, or take the JWK from its source again",
            ),
            JwkError::Alg => ("its \"alg\" is neither EdDSA nor Ed25519", OTHER_USE),
            JwkError::Use => ("its \"use\" is not sig", OTHER_USE),
            JwkError::KeyOps => ("its \"key_ops\" is not an array of strings", FETCH_AGAIN),
            JwkError::NotForSigning => ("its \"key_ops\" does not contain sign", OTHER_USE),
            JwkError::NotForVerifying => ("its \"key_ops\" does not contain verify", OTHER_USE),
            JwkError::Kid => ("its \"kid\" is not a string", "; make it one or remove it"),
        };
        [fault, cure, ""]
    }
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().iter().try_for_each(|part| f.write_str(part))
    }
}

impl std::error::Error for JwkError {}
