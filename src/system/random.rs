//! Random bytes of the kernel (getrandom(2)).

use std::io;

/// `N` random bytes, good for keys. Early at boot this blocks until the kernel has enough entropy.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    // Up to this size a read is never short (getrandom(2)).
    const { assert!(N <= 256) };
    let mut bytes = [0u8; N];
    // SAFETY: the buffer is writable and has the given length.
    let read = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    if read < 0 { Err(io::Error::last_os_error()) } else { Ok(bytes) }
}
