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
    // Frames of the optimized code reach 3,616 bytes deep, those of small-ed25519 8,776; the verification after it 7,776.
    const DEPTH: usize = if cfg!(feature = "small-ed25519") { 12 * 1024 } else { 6 * 1024 };
    black_box(&mut [0u8; DEPTH]);
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
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    // A part of SHA-512 of the seed: the signing scalar of RFC 8032 §5.1.5, without the bits that every scalar has.
    static SEED: [u8; 32] = *b"the seed of a key for this test.";
    static SCALAR: [u8; 16] = 0xc572_f87a_f762_1214_438b_58b8_be9b_a328_u128.to_be_bytes();

    #[test]
    fn wipe_overwrites_a_secret() {
        let mut secret = [7; 32];
        wipe(&mut secret);
        assert_eq!(secret, [0; 32]);
    }

    /// What the kernel sees of the 64 KiB of this thread's stack below the caller.
    fn stack_below(memory: &File) -> Vec<u8> {
        let here = 0u8;
        let mut bytes = vec![0; 1 << 16];
        let begin = &raw const here as u64 - bytes.len() as u64;
        // On a main thread the pages that were never used are not readable.
        for (page, chunk) in bytes.chunks_mut(4096).enumerate() {
            let _ = memory.read_exact_at(chunk, begin + 4096 * page as u64);
        }
        bytes
    }

    /// Calls with a distance on the stack that the caller's further calls do not overwrite.
    #[inline(never)]
    fn deep_below<T>(call: impl FnOnce() -> T) -> T {
        let distance = [1u8; 4096];
        let result = call();
        black_box(&distance);
        result
    }

    /// Fills the stack below the caller, deeper than any call of these tests goes.
    #[inline(never)]
    fn fill_stack() {
        black_box(&mut [0xa5u8; 48 * 1024]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "miri has no /proc/self/mem")]
    fn scrub_stack_reaches_deeper_than_deriving_and_signing() {
        let memory = File::open("/proc/self/mem").unwrap();
        let key = PrivateKey::from_seed(SEED, None).unwrap();
        let calls: [&dyn Fn(); 3] =
            [&|| drop(black_box(derive(&SEED, None))), &|| _ = black_box(sign(&key.secret, b"message")), &scrub_stack];
        let [deriving, signing, scrubbing] = calls.map(|call| {
            fill_stack();
            call();
            let stack = stack_below(&memory);
            let filled = stack.iter().position(|&byte| byte == 0xa5).unwrap();
            stack.len() - filled - stack[filled..].iter().position(|&byte| byte != 0xa5).unwrap()
        });
        assert!(scrubbing > deriving && scrubbing > signing, "{scrubbing} bytes of {deriving} and {signing}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "miri has no /proc/self/mem")]
    fn neither_reading_a_key_nor_signing_leaves_a_secret_on_the_stack() {
        let memory = File::open("/proc/self/mem").unwrap();
        let has = |secret: &[u8]| stack_below(&memory).windows(secret.len()).any(|bytes| bytes == secret);
        let key = deep_below(|| PrivateKey::from_seed(SEED, None)).unwrap();
        assert!(!has(&SEED) && !has(&SCALAR), "after reading");
        deep_below(|| key.sign(b"message"));
        assert!(!has(&SEED) && !has(&SCALAR), "after signing");
        // The scalar stays there where nothing overwrites it.
        deep_below(|| sign(&key.secret, b"message"));
        assert!(has(&SCALAR), "this test finds what is left");
    }
}
