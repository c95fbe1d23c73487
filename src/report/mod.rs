//! What others are told: log lines on stderr, readiness and status for a supervisor.
#![forbid(unsafe_code)]

pub mod log;
pub mod notify;
pub mod time;
