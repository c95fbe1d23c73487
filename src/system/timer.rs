//! Timers that are file descriptors (timerfd_create(2)).

use super::{check, opened};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::null_mut;

/// A timer, readable for poll(2) once it has fired.
pub(crate) struct Timer(File);

impl Timer {
    /// A timer of `CLOCK_BOOTTIME`, which counts time in suspend, or of `CLOCK_REALTIME`, which also fires when that clock is
    /// set or the machine resumes.
    pub(crate) fn open(clock: libc::clockid_t) -> io::Result<Timer> {
        // SAFETY: timerfd_create takes two integers and no pointer; its descriptor has no other owner.
        unsafe { opened(libc::timerfd_create(clock, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC)) }.map(Timer)
    }

    /// Arms the timer for `at` and, unless `period` is 0, for every `period` after it, in milliseconds of its clock; a time
    /// in the past fires at once. A timer that has fired becomes unreadable.
    pub(crate) fn arm(&self, at: i64, period: i64) -> io::Result<()> {
        // The kernel ignores CANCEL_ON_SET for other clocks than CLOCK_REALTIME (timerfd_create(2)).
        let flags = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        let setting = libc::itimerspec { it_interval: timespec(period), it_value: timespec(at.max(1)) };
        // SAFETY: `setting` outlives the call; a null pointer for the old value is allowed.
        let result = unsafe { libc::timerfd_settime(self.0.as_raw_fd(), flags, &raw const setting, null_mut()) };
        match check(result) {
            // The clock was set since the last read. The timer is armed nevertheless, and the caller reads the clock
            // again before it sleeps.
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Makes the descriptor unreadable until the timer fires again.
    pub(crate) fn drain(&self) {
        // Any result will do: the number of expirations, ECANCELED because the clock was set, EAGAIN.
        let _ = (&self.0).read(&mut [0; 8]);
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Where time_t has 32 bits, a later time becomes the last one: the timer fires early instead of never.
#[allow(clippy::unnecessary_fallible_conversions, clippy::useless_conversion, reason = "the types differ on 32 bits")]
#[allow(clippy::field_reassign_with_default, reason = "on 32 bits there is padding, which has no name")]
fn timespec(ms: i64) -> libc::timespec {
    let mut time = libc::timespec::default();
    time.tv_sec = (ms / 1000).try_into().unwrap_or(i32::MAX.into());
    time.tv_nsec = (ms % 1000 * 1_000_000) as _;
    time
}
