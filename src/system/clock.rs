//! The two clocks that the keeper lives by (clock_gettime(2)); the vDSO answers both without a system call.
//!
//! std's own clock panics from 2038 on where its time_t has 32 bits. The one that .cargo/config.toml asks libc for has 64
//! everywhere; where a build leaves that out, the wall clock is 0 from then on: not set.

/// Wall time in milliseconds since 1970-01-01T00:00:00Z; negative before it.
pub fn wall() -> i64 {
    milliseconds(read(libc::CLOCK_REALTIME))
}

/// Milliseconds since boot, the time in suspend included (`CLOCK_BOOTTIME`): no clock step stretches it.
pub fn boot() -> i64 {
    milliseconds(read(libc::CLOCK_BOOTTIME))
}

/// Microseconds of `CLOCK_MONOTONIC`, which is what systemd compares a reload with (sd_notify(3)).
#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
pub fn monotonic_usec() -> i64 {
    let time = read(libc::CLOCK_MONOTONIC);
    i64::from(time.tv_sec) * 1_000_000 + i64::from(time.tv_nsec) / 1000
}

#[allow(clippy::useless_conversion, reason = "the types differ on 32 bits")]
fn milliseconds(time: libc::timespec) -> i64 {
    i64::from(time.tv_sec).saturating_mul(1000) + i64::from(time.tv_nsec) / 1_000_000
}

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec::default();
    // SAFETY: `time` is a valid timespec that outlives the call, which writes nothing else.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time
}
