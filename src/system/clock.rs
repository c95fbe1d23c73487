//! The two clocks that the keeper lives by (clock_gettime(2)); the vDSO answers both without a system call.

use std::time::{SystemTime, UNIX_EPOCH};

/// Wall time in milliseconds since 1970-01-01T00:00:00Z; negative before it.
pub fn wall() -> i64 {
    let clamp = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => clamp(since.as_millis()),
        Err(before) => -clamp(before.duration().as_millis()),
    }
}

/// Milliseconds since boot, the time in suspend included (`CLOCK_BOOTTIME`): no clock step stretches it.
#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
pub fn boot() -> i64 {
    let time = read(libc::CLOCK_BOOTTIME);
    i64::from(time.tv_sec) * 1000 + i64::from(time.tv_nsec) / 1_000_000
}

/// Microseconds of `CLOCK_MONOTONIC`, which is what systemd compares a reload with (sd_notify(3)).
#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
pub fn monotonic_usec() -> i64 {
    let time = read(libc::CLOCK_MONOTONIC);
    i64::from(time.tv_sec) * 1_000_000 + i64::from(time.tv_nsec) / 1000
}

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that outlives the call, which writes nothing else. Both clocks
    // exist since Linux 2.6.39, so the call cannot fail.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time
}
