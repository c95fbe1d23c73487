//! Descriptors that a supervisor handed over.

use super::check;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;

/// Takes over an inherited descriptor by its number, which is above 2 (the standard streams stay where they are).
///
/// It is called before the program opens anything, so the number can only be one that the parent process left open.
pub fn inherited(number: i32) -> io::Result<File> {
    if number <= 2 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: fcntl with F_SETFD takes integers only; it fails with EBADF where nothing is open.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: the descriptor is open, and by the contract above nothing in this program owns it.
    Ok(unsafe { File::from_raw_fd(number) })
}
