//! Descriptors: inherited ones, the standard streams, reading, and waiting (poll(2)).

use super::signals::interrupt_every;
use super::{check, retry};
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes ownership of an inherited descriptor above 2. A second call is an error, because this program may own that number
/// by then.
///
/// Called before the program opens anything, so that only the parent process can have opened the number.
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

pub(crate) fn stdin() -> ManuallyDrop<File> {
    stream(libc::STDIN_FILENO)
}

pub(crate) fn stdout() -> ManuallyDrop<File> {
    stream(libc::STDOUT_FILENO)
}

pub(crate) fn stderr() -> ManuallyDrop<File> {
    stream(libc::STDERR_FILENO)
}

/// A standard stream: unbuffered, and not closed on drop.
fn stream(number: i32) -> ManuallyDrop<File> {
    // SAFETY: std opens missing standard streams before main, and this program never closes them.
    ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

/// Reads to the end, but no more than `max` bytes. `size` is that of a regular file by fstat(2), so that no further read
/// has to find its end; 0: not known.
///
/// std's read_to_end costs 1.2 KB of code, and it can leave 32 bytes of what it reads, here a key, on the stack.
pub(crate) fn read_at_most(mut file: &File, size: u64, max: usize) -> io::Result<Vec<u8>> {
    // musl's malloc(3) maps a page of its own for a little more than 1000 bytes.
    let (mut bytes, mut filled) = (vec![0; max.min(1000)], 0);
    loop {
        if filled == bytes.len() {
            bytes.resize(max.min(filled + 1000), 0);
        }
        let read = retry(|| file.read(&mut bytes[filled..]))?;
        filled += read;
        if read == 0 || filled as u64 == size && filled < bytes.len() {
            bytes.truncate(filled);
            return Ok(bytes);
        }
    }
}

/// Sleeps until at least one of the descriptors is readable, and returns which are; `None` never is.
pub(crate) fn readable<const N: usize>(fds: [Option<BorrowedFd<'_>>; N]) -> io::Result<[bool; N]> {
    let mut set =
        fds.map(|fd| libc::pollfd { fd: fd.map_or(-1, |fd| fd.as_raw_fd()), events: libc::POLLIN, revents: 0 });
    // SAFETY: `set` is an array of N initialized entries, and the borrowed descriptors stay open.
    retry(|| check(unsafe { libc::poll(set.as_mut_ptr(), N as libc::nfds_t, -1) }))?;
    Ok(set.map(|entry| entry.revents != 0))
}

/// Writes in one call, and drops what the descriptor does not take within 100 ms. After [`super::signals::handle_alarm`].
///
/// poll(2) promises only that a terminal takes a byte, and another process may fill a shared pipe before the write.
pub(crate) fn write_or_drop(mut file: &File, bytes: &[u8]) {
    let mut entry = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one initialized entry, and the borrowed file stays open.
    if unsafe { libc::poll(&raw mut entry, 1, 0) == 1 } {
        interrupt_every(100_000);
        let _ = file.write(bytes);
        interrupt_every(0);
    }
}
