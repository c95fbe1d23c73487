//! Descriptors that were open before us, and reading from one.

use super::check;
use std::fs::File;
use std::io::{self, Read};
use std::mem::ManuallyDrop;
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

/// A standard stream: unbuffered, and never closed by us.
pub type Stream = ManuallyDrop<File>;

/// What is piped or typed.
pub fn stdin() -> Stream {
    stream(libc::STDIN_FILENO)
}

/// Where answers go.
pub fn stdout() -> Stream {
    stream(libc::STDOUT_FILENO)
}

/// Where everything else goes.
pub fn stderr() -> Stream {
    stream(libc::STDERR_FILENO)
}

fn stream(number: i32) -> Stream {
    // SAFETY: std opens what is missing of the standard streams before main, and nothing ever closes them.
    ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

/// Reads to the end, but no more than `most` bytes.
pub fn read_at_most(mut file: &File, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut filled = 0;
    while filled < most {
        if filled == bytes.len() {
            bytes.resize(most.min(1024.max(2 * filled)), 0);
        }
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
