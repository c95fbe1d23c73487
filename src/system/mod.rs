//! System calls: the only module with `unsafe`.
//!
//! Each wrapper is small, typed and safe to call; an error is an [`io::Error`] with the errno.

pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod environment;
pub(crate) mod filesystem;
pub(crate) mod inotify;
mod memory;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod seccomp;
pub(crate) mod signals;
pub(crate) mod timer;
mod unwind;

pub use memory::Wiping;

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Converts a result of -1 to the errno.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Calls again as long as a signal interrupts the call, which FUSE file systems permit without a handler, too.
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The owner of a new descriptor, which a system call returned, or its errno.
///
/// # Safety
/// `result` is -1, or a descriptor without another owner.
unsafe fn opened(result: libc::c_int) -> io::Result<File> {
    // SAFETY: see above.
    check(result).map(|fd| unsafe { File::from_raw_fd(fd) })
}

/// A path for a system call; one that contains a NUL byte is an error.
fn c_string(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// The user id with which files are opened.
pub(crate) fn effective_uid() -> u32 {
    // SAFETY: geteuid(2) has no arguments and always succeeds.
    unsafe { libc::geteuid() }
}
