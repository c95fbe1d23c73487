//! JSON (RFC 8259), reading and writing, as little of it as badges and keys need.
#![forbid(unsafe_code)]

mod reader;
mod writer;

pub use reader::{Duplicate, Json, MOST_LEVELS, MOST_MEMBERS, Object, parse};
pub use writer::{Members, escape_into, quote};
