//! The private half of a key.
//!
//! Deliberately without Debug, Display, Clone and PartialEq, so that nothing shows or copies it. The seed leaves only in
//! the text of [`PrivateKey::to_jwk`].

use super::public::PublicKey;
use ed25519_compact::{KeyPair, SecretKey, Seed};
use std::hint::black_box;

/// An Ed25519 private key with the public key derived from it.
///
/// The secret has one place on the heap, so that moving this value leaves no copies, and ed25519-compact wipes it on drop.
pub struct PrivateKey {
    secret: Box<SecretKey>,
    public: PublicKey,
}

impl PrivateKey {
    /// The key of a 32-byte seed (RFC 8032 §5.1.5); the copy that was passed in is wiped.
    ///
    /// `None` for the all-zero seed: it comes from a random generator that did not run.
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

    pub(super) fn seed(&self) -> &[u8] {
        &self.secret[..Seed::BYTES]
    }
}

// Not inlined, so that the secrets that these two leave on the stack lie where scrub_stack overwrites them.

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

/// Overwrites a secret; black_box prevents the compiler from removing a write that nothing reads.
pub(super) fn wipe(secret: &mut [u8; 32]) {
    secret.fill(0);
    black_box(secret);
}

/// Overwrites the part of the stack that `derive` or `sign` has just used.
///
/// ed25519-compact leaves the expanded secret there (`sign` has the hash in a local), and safe code can reach those bytes
/// only by using them again. In the release build, /proc/self/mem shows the signing scalar without this call only.
#[inline(never)]
fn scrub_stack() {
    black_box(&mut [0u8; 8192]);
}

#[cfg(test)]
impl PrivateKey {
    /// Signatures that do not verify, as after a bit flip: those of `self` under the public key of another one.
    pub(crate) fn with_public_of(self, other: &PrivateKey) -> PrivateKey {
        PrivateKey { public: other.public.clone(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wipe_overwrites_a_secret() {
        let mut secret = [7; 32];
        wipe(&mut secret);
        assert_eq!(secret, [0; 32]);
    }
}
