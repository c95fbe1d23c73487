//! How an agent learns of a new badge: hook, signal, child, metrics, and the key in the log.
//!
//! The ordinary tests need nothing but sh(1). Those that need root, strace or half a minute are ignored by default;
//! `.ci/run` runs all of them against the release file.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with the tests of the badge file")]
#[path = "../file/tools.rs"]
mod tools;

mod child;
mod hook;
mod idle;
mod key;
mod metrics;
mod programs;
mod signal;
