//! The badge keeper as a library, for the program and its tests. A module uses only those listed below it.
//!
//! * `command` carries out one command that [`cli`] has parsed.
//! * [`keeper`] decides when a badge is due, and renews and restores it.
//! * `report` tells a log, a supervisor, the agent and its monitoring what happened.
//! * [`keystore`] reads and generates key files; [`mod@file`] replaces, watches and locks a file.
//! * `error` makes sentences of errors.
//! * [`badge`] is the claims, their signed form and their verification; [`key`] the Ed25519 key.
//! * [`encoding`] is about text, `system` about system calls.

// These are not in Cargo.toml, because there they would hold for the integration tests as well.
#![deny(unsafe_code)]
// What neither tests nor fuzz targets use is pub(crate).
#![warn(unreachable_pub)]
// The program never panics, and writes to its streams by one function each, which does not block or panic.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod badge;
pub mod cli;
mod command;
pub mod encoding;
mod error;
pub mod file;
pub mod keeper;
pub mod key;
pub mod keystore;
mod report;
#[allow(unsafe_code, reason = "the one module that calls libc")]
pub(crate) mod system;

pub use command::main;
pub use system::Wiping;
