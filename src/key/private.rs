//! The private half: in memory only while it signs.
//!
//! Deliberately without Debug, Display, Clone and equality: there is no way to show it or to
//! spread it. The one way out is [`PrivateKey::to_jwk`].

use super::jwk::{self, JwkError};
use super::public::PublicKey;
use crate::encoding::base64url;
use ed25519_compact::{KeyPair, SecretKey, Seed};
use std::hint::black_box;

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
        jwk::read_private(text)
    }

    /// The key of a 32-byte seed (RFC 8032 §5.1.5); the copy that was handed in is wiped.
    ///
    /// `None` for the all-zero seed: that is a forgotten random generator, not a key.
    pub fn from_seed(mut seed: [u8; 32], kid: Option<String>) -> Option<PrivateKey> {
        let key = derive(&seed, kid);
        wipe(&mut seed);
        scrub_stack();
        key
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The deterministic signature of RFC 8032 §5.1.6.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = sign(&self.secret, message);
        scrub_stack();
        signature
    }

    /// The private JWK of a file, the secret included: kty, crv, x, d, kid, alg, use.
    pub fn to_jwk(&self) -> String {
        let members = self.public.coordinates().string("d", &base64url::encode(&self.secret[..Seed::BYTES]));
        self.public.purpose(members).finish()
    }
}

// Both are kept out of line, so that what they leave on the stack lies where scrub_stack scrubs.

#[inline(never)]
fn derive(seed: &[u8; 32], kid: Option<String>) -> Option<PrivateKey> {
    let pair = KeyPair::try_from_seed(Seed::new(*seed)).ok()?;
    let public = PublicKey::from_bytes(*pair.pk, kid)?;
    Some(PrivateKey { secret: Box::new(pair.sk), public })
}

#[inline(never)]
fn sign(secret: &SecretKey, message: &[u8]) -> [u8; 64] {
    *secret.sign(message, None)
}

/// Overwrites bytes that held a secret, also when nobody reads them again.
pub(super) fn wipe(secret: &mut [u8; 32]) {
    secret.fill(0);
    black_box(secret);
}

/// Overwrites the part of the stack that deriving or signing has just used.
///
/// ed25519-compact leaves the expanded secret there (`sign` keeps the hash in a local), and safe
/// code reaches those bytes only by using them again. Measured in the release build through
/// /proc/self/mem: without this the signing scalar is found there after signing, with it not.
#[inline(never)]
fn scrub_stack() {
    black_box(&mut [0u8; 8192]);
}
