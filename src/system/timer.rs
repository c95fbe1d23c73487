//! Timers that are file descriptors (timerfd_create(2)).

use super::check;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A timer that poll(2) sees as readable once it has fired.
pub struct Timer {
    fd: OwnedFd,
    flags: libc::c_int,
}

impl Timer {
    /// Fires at a wall-clock moment, and also whenever somebody sets that clock or the machine resumes.
    pub fn wall() -> io::Result<Timer> {
        Timer::new(libc::CLOCK_REALTIME, libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET)
    }

    /// Fires at a moment of the boot clock, which counts suspended time.
    pub fn boot() -> io::Result<Timer> {
        Timer::new(libc::CLOCK_BOOTTIME, libc::TFD_TIMER_ABSTIME)
    }

    fn new(clock: libc::clockid_t, flags: libc::c_int) -> io::Result<Timer> {
        // SAFETY: timerfd_create takes two integers and no pointer.
        let fd = check(unsafe { libc::timerfd_create(clock, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) })?;
        // SAFETY: the descriptor was opened just now and nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Timer { fd, flags })
    }

    /// Arms the timer for `at`, in milliseconds of its clock; a moment in the past fires at once.
    pub fn arm(&self, at: i64) -> io::Result<()> {
        // An it_value of zero would disarm instead, so nothing is armed before the first millisecond.
        self.set(at.max(1), 0)
    }

    /// Arms the timer for `at` and every `period` after it, both in milliseconds.
    pub fn arm_every(&self, at: i64, period: i64) -> io::Result<()> {
        self.set(at.max(1), period.max(1))
    }

    /// Disarms the timer: it fires no more (nor tells of clock steps).
    pub fn disarm(&self) -> io::Result<()> {
        self.set(0, 0)
    }

    fn set(&self, at: i64, period: i64) -> io::Result<()> {
        let setting = libc::itimerspec { it_interval: timespec(period), it_value: timespec(at) };
        // SAFETY: `setting` outlives the call; the old value is not asked for.
        let result = check(unsafe {
            libc::timerfd_settime(self.fd.as_raw_fd(), self.flags, &raw const setting, std::ptr::null_mut())
        });
        match result {
            // The clock was set since the last read. The timer is armed all the same, and the caller
            // reads the clock again before it sleeps.
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Takes note of a firing, so that the descriptor is quiet again.
    pub fn drain(&self) {
        let mut expirations = [0u8; 8];
        // SAFETY: the buffer is writable and as long as said. Every outcome (fired, ECANCELED because the
        // clock was set, EAGAIN) leaves the descriptor quiet, which is all that is wanted.
        unsafe {
            libc::read(self.fd.as_raw_fd(), expirations.as_mut_ptr().cast(), expirations.len());
        }
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Where time_t has 32 bits a later moment is armed for the last one it can say: an early wake, never a lost one.
#[allow(clippy::unnecessary_fallible_conversions, clippy::useless_conversion, reason = "the types differ on 32 bits")]
#[allow(clippy::field_reassign_with_default, reason = "on 32 bits there is padding, which has no name")]
fn timespec(ms: i64) -> libc::timespec {
    let mut time = libc::timespec::default();
    time.tv_sec = (ms / 1000).try_into().unwrap_or(i32::MAX.into());
    time.tv_nsec = (ms % 1000 * 1_000_000) as _;
    time
}
