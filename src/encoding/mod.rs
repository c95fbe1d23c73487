//! Text forms of bytes and values: base64url, base58btc, JSON, escaped text.
//!
//! The lowest of the pure modules: nothing here knows what a badge or a key is.

pub mod base58;
pub mod base64url;
mod escape;
pub mod json;

pub use escape::{Escaped, escaped};
pub(crate) use escape::{quoted, shell_word, truncated};
