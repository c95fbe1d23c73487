//! How bytes and claims are written as text: base64url, base58btc, JSON.
//!
//! The lowest of the pure rooms. Nothing here knows what a badge or a key is.

pub mod base58;
pub mod base64url;
mod escape;
pub mod json;

pub use escape::{escaped, truncated};
