//! Clocks (clock_gettime(2)); the vDSO reads them without a system call.
//!
//! std's own clock panics from 2038 on where time_t has 32 bits. .cargo/config.toml selects libc's 64-bit time_t for those
//! targets; in a build without that setting the wall clock is 0 from then on, which counts as not set.

/// Wall time in milliseconds since 1970-01-01T00:00:00Z; negative before it.
pub(crate) fn wall() -> i64 {
    milliseconds(read(libc::CLOCK_REALTIME))
}

/// Milliseconds since boot, time in suspend included; not affected by clock steps (`CLOCK_BOOTTIME`).
pub(crate) fn boot() -> i64 {
    milliseconds(read(libc::CLOCK_BOOTTIME))
}

/// Microseconds of `CLOCK_MONOTONIC`, with which systemd compares a reload (sd_notify(3)).
#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
pub(crate) fn monotonic_usec() -> i64 {
    let time = read(libc::CLOCK_MONOTONIC);
    i64::from(time.tv_sec) * 1_000_000 + i64::from(time.tv_nsec) / 1000
}

#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
fn milliseconds(time: libc::timespec) -> i64 {
    i64::from(time.tv_sec).saturating_mul(1000) + i64::from(time.tv_nsec) / 1_000_000
}

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec::default();
    // SAFETY: `time` is a writable timespec that outlives the call.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time
}
