//! A person's words become a checked command: first they are read, then understood, and nothing is opened.

mod duration;
pub mod flags;
mod help;
mod keep;
mod request;
mod usage;
mod values;
mod words;

pub use duration::parse as parse_duration;
pub use request::{Health, KeyGen, KeyPublic, Parsed, Request, Token, Verify, parse};
pub use usage::Usage;
