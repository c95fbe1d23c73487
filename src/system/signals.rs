//! Signals as a file descriptor (signalfd(2)): they are read between two steps and interrupt none.

use super::opened;
use std::fs::File;
use std::io::{self, Read};
use std::mem::zeroed;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

/// A signal that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Signal {
    pub number: libc::c_int,
    /// The kernel sent it, for a terminal (SI_KERNEL, sigaction(2)), and to each process of the foreground.
    pub from_kernel: bool,
}

/// The signals that every command blocks at its start.
const HANDLED: &[libc::c_int] = &[libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// The signals that a child makes a keeper block.
const OF_CHILDREN: &[libc::c_int] = &[libc::SIGCHLD, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2];

/// The signals whose disposition this program changes; SIGPIPE before main.
const CHANGED: [libc::c_int; 5] = [libc::SIGPIPE, libc::SIGXFSZ, libc::SIGALRM, libc::SIGCHLD, libc::SIGTTOU];

/// The mask and the dispositions with which this process was started, where it changes them.
pub(crate) struct Inherited {
    mask: libc::sigset_t,
    /// Of [`CHANGED`]. execve(2) leaves only two dispositions: ignored and default.
    is_ignored: [bool; CHANGED.len()],
}

impl Inherited {
    /// Notes the dispositions that [`handle_alarm`] and [`ignore_job_control`] change.
    pub(crate) fn note_dispositions(&mut self) {
        for (number, is_ignored) in CHANGED.iter().zip(&mut self.is_ignored).skip(2) {
            *is_ignored = self::is_ignored(*number);
        }
    }

    /// In a child before execve(2).
    pub(super) fn restore(&self) {
        for (number, is_ignored) in CHANGED.iter().zip(self.is_ignored) {
            // SAFETY: both are valid dispositions, and no handler runs.
            unsafe { libc::signal(*number, if is_ignored { libc::SIG_IGN } else { libc::SIG_DFL }) };
        }
        // SAFETY: the set is initialized, and a null pointer for the old one is allowed.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const self.mask, null_mut()) };
    }
}

fn is_ignored(number: libc::c_int) -> bool {
    // SAFETY: the structure is valid when zeroed, is writable, and outlives the call; null: nothing changes.
    unsafe {
        let mut found: libc::sigaction = zeroed();
        libc::sigaction(number, null(), &raw mut found);
        found.sa_sigaction == libc::SIG_IGN
    }
}

/// Whether SIGPIPE was ignored before std's start ignored it, which is before main.
static PIPE_IGNORED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_pipe() {
    PIPE_IGNORED.store(is_ignored(libc::SIGPIPE), Ordering::Relaxed);
}

/// Called by libc before std's start.
// SAFETY: the section is an array of functions without a result, which may be declared without parameters.
#[used]
#[cfg_attr(not(miri), unsafe(link_section = ".init_array"))]
static BEFORE_MAIN: extern "C" fn() = note_pipe;

/// In a child before execve(2): no signal is blocked or ignored.
pub(super) fn restore_defaults() {
    for number in 1..=64 {
        // SAFETY: SIG_DFL is a valid disposition; a number that cannot be changed is an error without an effect.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
    mask(libc::SIG_SETMASK, &[]);
}

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
pub(crate) fn block() -> Inherited {
    let mask = mask(libc::SIG_BLOCK, HANDLED);
    // SAFETY: SIG_IGN is a valid disposition, and no handler runs.
    let before = unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let pipe = PIPE_IGNORED.load(Ordering::Relaxed);
    Inherited { mask, is_ignored: [pipe, before == libc::SIG_IGN, false, false, false] }
}

/// Restores the default effect of the signals, for the commands that end by themselves.
pub(crate) fn unblock() {
    mask(libc::SIG_UNBLOCK, HANDLED);
}

/// Returns the mask of before.
fn mask(how: libc::c_int, signals: &[libc::c_int]) -> libc::sigset_t {
    let (set, mut before) = (set_of(signals), set_of(&[]));
    // SAFETY: both sets are initialized and outlive the call; this program has one thread.
    unsafe { libc::sigprocmask(how, &raw const set, &raw mut before) };
    before
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

/// Lets a background job write to its terminal under `stty tostop`, and makes the kernel reap the children that PID 1 of a
/// container inherits.
pub(crate) fn ignore_job_control(has_terminal: bool) {
    // SAFETY: SIG_IGN is a valid disposition for both.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        if has_terminal {
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
        }
    }
}

/// After [`ignore_job_control`], before the first child: from then on [`Signals`] tells when one ends and, if `forwards`, which
/// signals are to be passed on.
pub(crate) fn expect_children(forwards: bool) {
    // SAFETY: SIG_DFL is a valid disposition. While it is SIG_IGN, wait(2) fails with ECHILD.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    mask(libc::SIG_BLOCK, if forwards { OF_CHILDREN } else { &[libc::SIGCHLD] });
}

/// The blocked signals, readable for poll(2).
pub(crate) struct Signals {
    fd: File,
    pub hangup_stops: bool,
}

impl Signals {
    /// Opens the descriptor, after [`block`]. `hangup_stops`: SIGHUP means that the terminal was closed.
    pub(crate) fn open(hangup_stops: bool) -> io::Result<Signals> {
        // The kernel delivers one that is not blocked at once, and not here.
        let set = set_of(&[HANDLED, OF_CHILDREN].concat());
        // SAFETY: -1 requests a new descriptor, without another owner; the set is initialized and outlives the call.
        let fd = unsafe { opened(libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)) }?;
        Ok(Signals { fd, hangup_stops })
    }

    /// Whether a signal other than a request to renew was sent and not read yet. It stays pending (sigpending(2)).
    pub(crate) fn are_pending(&self) -> bool {
        // SAFETY: the set consists of integers and outlives the calls; the signal numbers exist.
        unsafe {
            let mut set = zeroed();
            libc::sigpending(&raw mut set);
            let is_pending = |signal: &libc::c_int| libc::sigismember(&raw const set, *signal) == 1;
            let renews = |signal: &libc::c_int| *signal == libc::SIGHUP && !self.hangup_stops;
            HANDLED.iter().chain(OF_CHILDREN).any(|signal| is_pending(signal) && !renews(signal))
        }
    }

    /// Takes the pending signal of the lowest number.
    pub(crate) fn take(&self) -> Option<Signal> {
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        // read(2) fills all of it or nothing.
        (&self.fd).read(&mut info).ok().filter(|read| *read == info.len())?;
        // The members are ssi_signo, ssi_errno, ssi_code (signalfd(2)).
        let [number, _, code, ..] = info.as_chunks::<4>().0 else { return None };
        let from_kernel = libc::c_int::from_ne_bytes(*code) == libc::SI_KERNEL;
        Some(Signal { number: libc::c_int::from_ne_bytes(*number), from_kernel })
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
        for (number, hangup_stops, stops) in [
            (libc::SIGHUP, false, false),
            (libc::SIGHUP, true, true),
            (libc::SIGTERM, false, true),
            (libc::SIGINT, false, true),
        ] {
            let signals = Signals::open(hangup_stops).unwrap();
            assert!(!signals.are_pending());
            // SAFETY: raise(3) takes an integer, and this thread blocks the signal.
            assert_eq!(unsafe { libc::raise(number) }, 0);
            assert_eq!(signals.are_pending(), stops);
            assert_eq!(signals.take(), Some(Signal { number, from_kernel: false }));
            assert_eq!(signals.take(), None);
        }
    }
}
