//! The Ed25519 key: read strictly from a JWK, held briefly, wiped.
//!
//! [`jwk`] reads and writes RFC 8037 JWKs, [`did_key`] the `did:key` form of a public key: both pure,
//! texts and bytes are handed in. [`file`](mod@file) alone knows where a key lies, [`make`] how one comes into being.

pub mod did_key;
pub mod file;
pub mod jwk;
pub mod make;
mod pem;
mod private;
mod public;

pub use jwk::JwkError;
pub use private::PrivateKey;
pub use public::PublicKey;
