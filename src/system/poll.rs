//! Waiting for descriptors (poll(2)).

use super::check;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Sleeps until at least one of the descriptors is readable, and returns which are; `None` never is.
pub(crate) fn readable<const N: usize>(fds: [Option<BorrowedFd<'_>>; N]) -> io::Result<[bool; N]> {
    let mut set =
        fds.map(|fd| libc::pollfd { fd: fd.map_or(-1, |fd| fd.as_raw_fd()), events: libc::POLLIN, revents: 0 });
    loop {
        // SAFETY: `set` is an array of N initialized entries, and the borrowed descriptors stay open.
        match check(unsafe { libc::poll(set.as_mut_ptr(), N as libc::nfds_t, -1) }) {
            Ok(_) => return Ok(set.map(|entry| entry.revents != 0)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether a pipe takes a write of up to PIPE_BUF (4096) bytes without blocking (pipe(7)).
pub(crate) fn writable_now(fd: BorrowedFd<'_>) -> bool {
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one initialized entry, and the borrowed descriptor stays open.
    unsafe { libc::poll(&raw mut entry, 1, 0) == 1 && entry.revents & libc::POLLOUT != 0 }
}
