//! JSON (RFC 8259), reading and writing, as little of it as badges and keys need.

mod reader;
mod writer;

pub use reader::{Duplicate, Json, MAX_DEPTH, MAX_MEMBERS, Object, parse};
pub use writer::{JsonObject, escape_into, quote};
