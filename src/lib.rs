//! The badge keeper, room by room; each room uses only what stands below it.
//!
//! [`command`] carries out what [`cli`] has understood. [`keeper`] decides when a badge is due and keeps it. A
//! [`badge`] is made of claims and signed with a [`key`]; a [`file`](mod@file) is what its readers see; [`report`] tells others.
//! [`encoding`] and [`failure`] give all of them words, [`system`] the kernel.

#![deny(unsafe_code)]
// Only here, not in Cargo.toml: a test may fail as loudly as it likes, the program may not fail that way at all.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

pub mod badge;
pub mod cli;
pub mod command;
pub mod encoding;
pub mod failure;
pub mod file;
pub mod keeper;
pub mod key;
pub mod report;
#[allow(unsafe_code, reason = "the one module that calls libc")]
pub mod system;
