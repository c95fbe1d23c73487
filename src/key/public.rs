//! The public half of an agent's key.

use super::did_key;
use super::jwk::{self, JwkError};
use crate::encoding::base64url;
use crate::encoding::json::{JsonObject, Object};
use ed25519_compact as ed25519;

/// A valid Ed25519 public key, with the `kid` that its JWK gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicKey {
    bytes: [u8; 32],
    kid: Option<String>,
}

impl PublicKey {
    /// The key of these 32 bytes (RFC 8032 §5.1.5).
    ///
    /// `None`: not the canonical encoding of a point, or a point of small order, under which a
    /// signature can be valid for any message.
    pub fn from_bytes(bytes: [u8; 32], kid: Option<String>) -> Option<PublicKey> {
        ed25519::PublicKey::new(bytes).validate().ok()?;
        Some(PublicKey { bytes, kid })
    }

    /// Reads a public JWK (RFC 8037 §2). A private one is refused: it has no place at a verifier.
    pub fn from_jwk(text: &str) -> Result<PublicKey, JwkError> {
        jwk::read_public(jwk::parse(text)?.as_object().ok_or(JwkError::NotObject)?)
    }

    /// Reads the public half of a JWK, public or private, each with all its rules.
    pub fn from_any_jwk(text: &str) -> Result<PublicKey, JwkError> {
        match PublicKey::from_jwk(text) {
            Err(JwkError::PrivateGiven) => super::PrivateKey::from_jwk(text).map(|key| key.public().clone()),
            other => other,
        }
    }

    /// Reads the `key` claim of a badge: a public JWK as a member of something larger.
    pub fn from_claim(object: &Object) -> Result<PublicKey, JwkError> {
        jwk::read_public(object)
    }

    /// The key inside an Ed25519 `did:key`; `None` when it is anything else.
    pub fn from_did_key(did: &str) -> Option<PublicKey> {
        PublicKey::from_bytes(did_key::decode(did)?, None)
    }

    /// The 32 bytes of RFC 8032 §5.1.2.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The key identifier of the JWK, when it had one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `did:key:z6Mk...`
    pub fn did_key(&self) -> String {
        did_key::encode(&self.bytes)
    }

    /// The DID URL of the key inside its own DID document: `did:key:z6Mk...#z6Mk...`
    pub fn did_url(&self) -> String {
        let did = self.did_key();
        let fragment = did.strip_prefix("did:key:").unwrap_or_default();
        [&did, "#", fragment].concat()
    }

    /// The `key` claim of a badge: kty, crv, x, and kid when it is known.
    pub fn claim(&self) -> String {
        self.coordinates().optional_string("kid", self.kid()).finish()
    }

    /// The JWK of a file: kty, crv, x, kid, alg, use. Without a known kid it is the `did:key`.
    pub fn to_jwk(&self) -> String {
        self.purpose(self.coordinates()).finish()
    }

    /// kty, crv, x.
    pub(super) fn coordinates(&self) -> JsonObject {
        JsonObject::new().string("kty", "OKP").string("crv", "Ed25519").string("x", &base64url::encode(&self.bytes))
    }

    /// kid, alg, use: `EdDSA` and not `Ed25519` (RFC 9864), which readers in the field do not know.
    pub(super) fn purpose(&self, members: JsonObject) -> JsonObject {
        let kid = self.kid.clone().unwrap_or_else(|| self.did_key());
        members.string("kid", &kid).string("alg", "EdDSA").string("use", "sig")
    }

    /// Whether `signature` over `message` was made with the private half (RFC 8032 §5.1.7).
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let key = ed25519::PublicKey::new(self.bytes);
        key.verify(message, &ed25519::Signature::new(*signature)).is_ok()
    }
}
