//! Signals as a file descriptor (signalfd(2)), so that they are read when it suits and never interrupt.

use super::check;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// What somebody asked of the keeper by a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// SIGTERM or SIGINT: stop.
    Stop,
    /// SIGHUP: renew now, or the terminal is gone.
    Hangup,
}

fn ours() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set it is given; sigaddset then gets an initialised set and
    // signal numbers that exist.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Blocks the signals that [`Signals`] reads. A blocked signal reaches PID 1 and a process under nohup too.
///
/// From here on a file that grows past RLIMIT_FSIZE is an error of write(2) instead of a death by SIGXFSZ.
pub fn block() {
    mask(libc::SIG_BLOCK);
    // SAFETY: SIG_IGN is a valid disposition, and no handler runs.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Lets the signals act again as they do by default, for the commands that end by themselves.
pub fn unblock() {
    mask(libc::SIG_UNBLOCK);
}

fn mask(how: libc::c_int) {
    let set = ours();
    // SAFETY: the set is initialised, the old one is not asked for; this program has one thread.
    unsafe { libc::sigprocmask(how, &raw const set, std::ptr::null_mut()) };
}

/// Lets the kernel reap whatever an init process (PID 1 of a container) inherits.
pub fn reap_children() {
    // SAFETY: ignoring SIGCHLD is a valid disposition; this program waits for no child of its own.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// The blocked signals, readable through poll(2).
pub struct Signals(OwnedFd);

impl Signals {
    /// Opens the descriptor; [`block`] comes first.
    pub fn open() -> io::Result<Signals> {
        let set = ours();
        // SAFETY: -1 asks for a new descriptor; the set is initialised and outlives the call.
        let fd = check(unsafe { libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) })?;
        // SAFETY: the descriptor was opened just now and nobody else owns it.
        Ok(Signals(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next pending signal, if any.
    pub fn next(&self) -> Option<Signal> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer is writable and as long as said; read(2) fills all of it or nothing.
        let read = unsafe { libc::read(self.0.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        // SAFETY: the structure is plain integers: zeroed it is valid, and what the kernel wrote is too.
        let info = unsafe { info.assume_init() };
        match read {
            n if usize::try_from(n) != Ok(size) => None,
            _ if info.ssi_signo == libc::SIGHUP as u32 => Some(Signal::Hangup),
            _ => Some(Signal::Stop),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
