//! JSON (RFC 8259): as much reading and writing of it as badges and keys need.

mod reader;
mod writer;

pub use reader::{Json, MAX_DEPTH, MAX_MEMBERS, Object, parse};
pub(crate) use writer::JsonObject;
pub use writer::quote;
