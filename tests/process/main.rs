//! The keeper as a process: its memory, its descriptors, its output and its signals.
//!
//! The tests that need root are ignored by default; `.ci/run` runs all of them against the release file.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with the tests of the badge file")]
#[path = "../file/tools.rs"]
mod tools;

mod descriptors;
mod memory;
mod seccomp;
mod streams;
