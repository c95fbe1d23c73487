//! What the kernel does for us: the only room with `unsafe`.
//!
//! Each wrapper is small, typed and safe to call; an error is an [`std::io::Error`] that carries the errno.

pub mod clock;
pub mod descriptor;
pub mod filesystem;
pub mod inotify;
pub mod memory;
pub mod poll;
pub mod random;
pub mod signals;
pub mod timer;
mod unwind;

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Turns the kernel's -1 into the errno that explains it.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A path as system calls take it; one with a NUL byte in it cannot be.
fn c_string(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// The effective user id that files are opened with.
pub fn effective_uid() -> u32 {
    // SAFETY: geteuid(2) has no arguments and always succeeds.
    unsafe { libc::geteuid() }
}
