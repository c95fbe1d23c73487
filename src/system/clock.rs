//! Clocks (clock_gettime(2)); the vDSO reads them without a system call.
//!
//! std's own clock panics from 2038 on where time_t has 32 bits. .cargo/config.toml selects libc's 64-bit time_t for those
//! targets; in a build without that setting the wall clock is 0 from then on, which counts as not set.

/// Wall time in milliseconds since 1970-01-01T00:00:00Z; negative before it.
pub(crate) fn wall() -> i64 {
    nanoseconds(libc::CLOCK_REALTIME).div_euclid(1_000_000)
}

/// Milliseconds since boot, time in suspend included; not affected by clock steps (`CLOCK_BOOTTIME`).
pub(crate) fn boot() -> i64 {
    nanoseconds(libc::CLOCK_BOOTTIME) / 1_000_000
}

/// Microseconds of `CLOCK_MONOTONIC`, with which systemd compares a reload (sd_notify(3)).
pub(crate) fn monotonic_usec() -> i64 {
    nanoseconds(libc::CLOCK_MONOTONIC) / 1000
}

/// The kernel holds its clocks in the same form, and refuses to be set past its range, which ends in 2262.
#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
fn nanoseconds(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec::default();
    // SAFETY: `time` is a writable timespec that outlives the call.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    i64::from(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(time.tv_nsec.into())
}
