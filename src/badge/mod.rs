//! The badge: its claims, its compact JWS, the rules by which it is verified.
//!
//! Pure: bytes, keys and times in, bytes and verdicts out. No clock, no file, no randomness.

pub mod claims;
pub mod did;
pub mod health;
pub mod issue;
pub mod verify;

/// Before 2025-01-01T00:00:00Z the clock is not set, and nothing is signed. Unix seconds.
pub const CLOCK_FLOOR: i64 = 1_735_689_600;

/// 9999-12-31T23:59:59Z in Unix seconds: the last time that every reader of dates can show.
pub const MAX_TIME: i64 = 253_402_300_799;

/// The longest token, in bytes, that is issued or read.
pub const MAX_TOKEN_LEN: usize = 64 * 1024;
