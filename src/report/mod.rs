//! What others are told: log lines on stderr, readiness and status for a supervisor.

pub mod log;
pub mod notify;
pub mod time;
