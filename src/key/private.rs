//! The private half: in memory only while it signs.
//!
//! Deliberately without Debug, Display, Clone and equality: there is no way to show it or to
//! spread it. The one way out is [`PrivateKey::to_jwk`].
#![forbid(unsafe_code)]

use super::jwk::{self, JwkError};
use super::public::PublicKey;
use crate::encoding::base64url;
use ed25519_compact::{KeyPair, SecretKey, Seed};

/// An Ed25519 private key with the public key derived from it.
///
/// The secret has one place on the heap, so that moving this value leaves no copies behind, and
/// ed25519-compact wipes that place on drop.
pub struct PrivateKey {
    secret: Box<SecretKey>,
    public: PublicKey,
}

impl PrivateKey {
    /// Reads a private JWK (RFC 8037 §2), strictly.
    pub fn from_jwk(text: &str) -> Result<PrivateKey, JwkError> {
        let key = jwk::read_private(text);
        scrub_stack();
        key
    }

    /// The key of a 32-byte seed (RFC 8032 §5.1.5); this copy of the seed is wiped.
    ///
    /// `None` for the all-zero seed: that is a forgotten random generator, not a key.
    pub fn from_seed(seed: [u8; 32], kid: Option<String>) -> Option<PrivateKey> {
        let mut seed = Seed::new(seed);
        let key = PrivateKey::derive(&seed, kid);
        // Not `wipe()`: Seed is Copy, and that one wipes a copy.
        seed.wipe_mut();
        scrub_stack();
        key
    }

    /// Derives; `None` for the all-zero seed. The seed stays the caller's to wipe.
    pub(super) fn derive(seed: &Seed, kid: Option<String>) -> Option<PrivateKey> {
        let pair = KeyPair::try_from_seed(*seed).ok()?;
        let public = PublicKey::from_bytes(*pair.pk, kid)?;
        Some(PrivateKey {
            secret: Box::new(pair.sk),
            public,
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The deterministic signature of RFC 8032 §5.1.6.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = *self.secret.sign(message, None);
        scrub_stack();
        signature
    }

    /// The private JWK of a file, the secret included: kty, crv, x, d, kid, alg, use.
    pub fn to_jwk(&self) -> String {
        let members = self
            .public
            .coordinates()
            .text("d", &base64url::encode(&self.secret[..Seed::BYTES]));
        self.public.purpose(members).finish()
    }
}

/// Overwrites the part of the stack that deriving and signing have just used.
///
/// Best effort: ed25519-compact leaves the expanded secret there (`sign` keeps it in a local), and
/// safe code cannot reach it in any other way than by using the same bytes again.
#[inline(never)]
fn scrub_stack() {
    std::hint::black_box(&mut [0u8; 8192]);
}
