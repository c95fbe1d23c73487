//! Inherited descriptors, and reading from a file.

use super::check;
use std::fs::File;
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes ownership of an inherited descriptor above 2. A second call is an error, because the number may be in use by then.
///
/// To be called before the program opens anything, so that only the parent process can have opened that number.
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

/// A standard stream: unbuffered, and not closed on drop.
pub(crate) type Stream = ManuallyDrop<File>;

pub(crate) fn stdin() -> Stream {
    stream(libc::STDIN_FILENO)
}

pub(crate) fn stdout() -> Stream {
    stream(libc::STDOUT_FILENO)
}

pub(crate) fn stderr() -> Stream {
    stream(libc::STDERR_FILENO)
}

fn stream(number: i32) -> Stream {
    // SAFETY: std opens missing standard streams before main, and this program never closes them.
    ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

/// Reads to the end, but no more than `max` bytes.
///
/// std's read_to_end costs 1.2 KB of code, and it can leave 32 bytes of what it reads, here a key, on the stack.
pub(crate) fn read_at_most(mut file: &File, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut filled = 0;
    while filled < max {
        if filled == bytes.len() {
            bytes.resize(max.min(1024.max(2 * filled)), 0);
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
