//! Signals as a file descriptor (signalfd(2)): they are read between two steps and interrupt none.

use super::opened;
use std::fs::File;
use std::io::{self, Read};
use std::mem::zeroed;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::null_mut;

/// A request that arrived as a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT, or SIGHUP of a terminal.
    Stop,
    /// SIGHUP otherwise.
    Renew,
}

/// The signals that [`Signals`] reads.
const HANDLED: &[libc::c_int] = &[libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

fn set_of(signals: &[libc::c_int]) -> libc::sigset_t {
    // SAFETY: the set consists of integers; the signal numbers exist.
    unsafe {
        let mut set = zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        set
    }
}

/// Blocks [`HANDLED`]. PID 1 and a process under nohup get blocked signals, too.
///
/// Also ignores SIGXFSZ, so that a file that grows past RLIMIT_FSIZE is an error of write(2) and does not end the process.
pub(crate) fn block() {
    mask(libc::SIG_BLOCK, HANDLED);
    // SAFETY: SIG_IGN is a valid disposition, and no handler runs.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Restores the default effect of the signals, for the commands that end by themselves.
pub(crate) fn unblock() {
    mask(libc::SIG_UNBLOCK, HANDLED);
}

fn mask(how: libc::c_int, signals: &[libc::c_int]) {
    let set = set_of(signals);
    // SAFETY: the set is initialized, and a null pointer for the old one is allowed; this program has one thread.
    unsafe { libc::sigprocmask(how, &raw const set, null_mut()) };
}

/// Makes SIGALRM interrupt a system call and do nothing else, and stops its timer, which execve(2) passes on.
pub(crate) fn handle_alarm() {
    extern "C" fn ignore(_: libc::c_int) {}
    // SAFETY: the structure consists of integers, an address and padding, so zeroed it is valid: no SA_RESTART, no other
    // signal blocked. It outlives the call, and `ignore` touches nothing.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = ignore as extern "C" fn(libc::c_int) as usize;
        libc::sigaction(libc::SIGALRM, &raw const action, null_mut());
    }
    // Not before: one that is pending would end the process.
    mask(libc::SIG_UNBLOCK, &[libc::SIGALRM]);
    interrupt_every(0);
}

/// Sends SIGALRM to this process again and again, or with 0 no more: after [`handle_alarm`] a system call that blocks
/// ends with EINTR, or short (signal(7)). It is repeated because the first one may come before the call has begun.
pub(crate) fn interrupt_every(microseconds: i32) {
    let period = libc::timeval { tv_sec: 0, tv_usec: microseconds.into() };
    let timer = libc::itimerval { it_interval: period, it_value: period };
    // SAFETY: the structure outlives the call; a null pointer for the old one is allowed.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) };
}

/// Makes the kernel reap the children that PID 1 of a container inherits. With a terminal, lets a background job write to
/// it under `stty tostop`.
pub(crate) fn ignore_job_control(has_terminal: bool) {
    // SAFETY: SIG_IGN is a valid disposition for both; this program waits for no child.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        if has_terminal {
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
        }
    }
}

/// The blocked signals, readable for poll(2).
pub(crate) struct Signals {
    fd: File,
    hangup_stops: bool,
}

impl Signals {
    /// Opens the descriptor, after [`block`]. `hangup_stops`: SIGHUP means that the terminal was closed.
    pub(crate) fn open(hangup_stops: bool) -> io::Result<Signals> {
        let set = set_of(HANDLED);
        // SAFETY: -1 requests a new descriptor, without another owner; the set is initialized and outlives the call.
        let fd = unsafe { opened(libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)) }?;
        Ok(Signals { fd, hangup_stops })
    }

    /// Whether a signal that means [`Signal::Stop`] was sent and not read yet. It stays pending (sigpending(2)).
    pub(crate) fn stop_is_pending(&self) -> bool {
        // SAFETY: the set consists of integers and outlives the calls; the signal numbers exist.
        unsafe {
            let mut set = zeroed();
            libc::sigpending(&raw mut set);
            let is_pending = |signal| libc::sigismember(&raw const set, signal) == 1;
            is_pending(libc::SIGTERM) || is_pending(libc::SIGINT) || self.hangup_stops && is_pending(libc::SIGHUP)
        }
    }

    /// Takes all pending signals as one; a request to stop precedes one to renew.
    pub(crate) fn take(&self) -> Option<Signal> {
        let (mut taken, mut info) = (None, [0; size_of::<libc::signalfd_siginfo>()]);
        // read(2) fills all of it or nothing.
        while (&self.fd).read(&mut info).is_ok_and(|read| read == info.len()) {
            // The first member is the number, ssi_signo (signalfd(2)).
            if self.hangup_stops || !info.starts_with(&libc::SIGHUP.to_ne_bytes()) {
                return Some(Signal::Stop);
            }
            taken = Some(Signal::Renew);
        }
        taken
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_pending_signals_without_taking_them() {
        block();
        for (number, hangup_stops, signal) in [
            (libc::SIGHUP, false, Signal::Renew),
            (libc::SIGHUP, true, Signal::Stop),
            (libc::SIGTERM, false, Signal::Stop),
            (libc::SIGINT, false, Signal::Stop),
        ] {
            let signals = Signals::open(hangup_stops).unwrap();
            assert!(!signals.stop_is_pending());
            // SAFETY: raise(3) takes an integer, and this thread blocks the signal.
            assert_eq!(unsafe { libc::raise(number) }, 0);
            assert_eq!(signals.stop_is_pending(), signal == Signal::Stop);
            assert_eq!(signals.take(), Some(signal));
            assert_eq!(signals.take(), None);
        }
    }
}
