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

use std::io;

/// Turns the kernel's -1 into the errno that explains it.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The effective user id that files are opened with.
pub fn effective_user() -> u32 {
    // SAFETY: geteuid(2) has no arguments and always succeeds.
    unsafe { libc::geteuid() }
}
