//! The Ed25519 key. Reading order: `did_key`, `public`, `private`, `jwk`; each uses only those before it.
//!
//! Pure: texts and bytes in, keys out. Key files are in `keystore`.

mod did_key;
mod jwk;
mod private;
mod public;

pub use jwk::JwkError;
pub use private::PrivateKey;
pub use public::PublicKey;
