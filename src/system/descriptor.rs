//! Descriptors that a supervisor handed over.

use super::check;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes over an inherited descriptor by its number, which is above 2 (the standard streams stay where they are).
/// Once in a process: a second call is an error, because the number may belong to somebody by then.
///
/// It is called before the program opens anything, so the number can only be one that the parent process left open.
pub(crate) fn inherited(number: i32) -> io::Result<File> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if number <= 2 || TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: fcntl with F_SETFD takes integers only; it fails with EBADF where nothing is open.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: the descriptor is open, and by the contract above nothing in this program owns it.
    Ok(unsafe { File::from_raw_fd(number) })
}
