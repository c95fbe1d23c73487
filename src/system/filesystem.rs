//! Opening files (open(2)), and the file system of a path (statfs(2)).

use super::{c_string, check, opened, retry};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

/// File systems whose files another machine or a FUSE server can change without an inotify event: magic numbers of
/// statfs(2) and linux/magic.h.
const REMOTE: [u32; 9] = [
    0x0000_6969, // NFS
    0x0000_517b, // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x6573_5546, // FUSE, virtiofs
    0x0102_1997, // 9p
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x786f_4256, // VirtualBox shared folders
];

/// procfs, as above.
const PROCFS: u32 = 0x9fa0;

/// Opens a file with `flags` and O_CLOEXEC; a new file has mode 0600.
///
/// std's OpenOptions costs 2.2 KB of code, and 5 KB in the smallest build.
pub(crate) fn open(path: &Path, flags: libc::c_int) -> io::Result<File> {
    let path = c_string(path)?;
    // SAFETY: the path is a NUL-terminated string that outlives the call; the mode is the argument that O_CREAT needs.
    retry(|| unsafe { opened(libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, 0o600)) })
}

/// Whether files there can change without an inotify event. `false` on an error.
pub(crate) fn is_remote(path: &Path) -> bool {
    // The field's type differs between targets; all magic numbers have 32 bits.
    status(path).is_ok_and(|fs| REMOTE.contains(&(fs.f_type as u32)))
}

/// Whether the path is on procfs. `false` on an error.
pub(crate) fn is_procfs(path: &Path) -> bool {
    status(path).is_ok_and(|fs| fs.f_type as u32 == PROCFS)
}

/// Whether the path is on a read-only mount. `false` on an error.
pub(crate) fn is_read_only(path: &Path) -> bool {
    status(path).is_ok_and(|fs| fs.f_flags as libc::c_ulong & libc::ST_RDONLY != 0)
}

/// The longest file name there, in bytes. `None` on an error.
pub(crate) fn longest_name(path: &Path) -> Option<usize> {
    usize::try_from(status(path).ok()?.f_namelen).ok()
}

/// statfs64, because glibc's statfs has no flags, and on 32 bits it fails for large file systems.
fn status(path: &Path) -> io::Result<libc::statfs64> {
    let path = c_string(path)?;
    let mut fs = MaybeUninit::zeroed();
    // SAFETY: the path is NUL-terminated and the structure is writable; both outlive the call.
    check(unsafe { libc::statfs64(path.as_ptr(), fs.as_mut_ptr()) })?;
    // SAFETY: the structure consists of integers, was zeroed and is filled by the kernel.
    Ok(unsafe { fs.assume_init() })
}
