//! The Ed25519 key. Reading order: `did_key`, `public`, `private`, `jwk`; each uses only those before it.
//!
//! These are pure: texts and bytes in, keys out. `file`, `make` and `pem` are about key files.

mod did_key;
#[allow(unreachable_pub, reason = "not reviewed yet")]
pub(crate) mod file;
mod jwk;
#[allow(unreachable_pub, reason = "not reviewed yet")]
pub(crate) mod make;
mod pem;
mod private;
mod public;

pub use jwk::JwkError;
pub use private::PrivateKey;
pub use public::PublicKey;
