//! Opening files (open(2)), the names in one directory (openat(2)), and the file system of a path (statfs(2)).

use super::descriptor::read_at_most;
use super::{c_string, check, opened, retry};
use std::env;
use std::ffi::{CString, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::mem::zeroed;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

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
    open_at(libc::AT_FDCWD, &c_string(path)?, flags)
}

fn open_at(directory: libc::c_int, name: &CString, flags: libc::c_int) -> io::Result<File> {
    // SAFETY: the name is a NUL-terminated string that outlives the call; the mode is the argument that O_CREAT needs.
    retry(|| unsafe { opened(libc::openat(directory, name.as_ptr(), flags | libc::O_CLOEXEC, 0o600)) })
}

/// The path without `.`, after the working directory if it is relative. std's function costs 1.4 KB of code.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    let mut absolute = if path.is_absolute() { PathBuf::new() } else { env::current_dir()? };
    absolute.extend(path.components().filter(|component| !matches!(component, Component::CurDir)));
    Ok(absolute)
}

/// Reads a regular file, but no more than `max` bytes, and its attributes. `None`: it is no regular file.
pub(crate) fn read_regular(path: &Path, max: usize) -> io::Result<Option<(Vec<u8>, Metadata)>> {
    // O_NONBLOCK and O_NOCTTY: a FIFO must not block, and a terminal must not become the controlling one.
    read_if_regular(&open(path, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY)?, max)
}

/// The same of an open file.
pub(crate) fn read_if_regular(file: &File, max: usize) -> io::Result<Option<(Vec<u8>, Metadata)>> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Ok(None);
    }
    Ok(Some((read_at_most(file, found.len(), max)?, found)))
}

/// An open directory. Its methods look up the last component of a path in this directory, wherever the path leads.
pub(crate) struct Directory(File);

impl Directory {
    /// Opens a directory for lookups.
    pub(crate) fn open(path: &Path) -> io::Result<Directory> {
        open(path, libc::O_PATH | libc::O_DIRECTORY).map(Directory)
    }

    /// Opens a directory, also for reading where that is allowed; a symbolic link in the path is an error (openat2(2),
    /// Linux 5.6).
    pub(crate) fn open_without_links(path: &Path) -> io::Result<Directory> {
        let path = c_string(path)?;
        let open = |flags: libc::c_int| {
            // SAFETY: the structure consists of integers.
            let mut how: libc::open_how = unsafe { zeroed() };
            how.flags = (flags | libc::O_DIRECTORY | libc::O_CLOEXEC) as u64;
            how.resolve = libc::RESOLVE_NO_SYMLINKS;
            let (how, size) = (&raw const how, size_of::<libc::open_how>());
            // SAFETY: the path is NUL-terminated, and `size` is that of the structure; both outlive the call. A descriptor
            // fits into an int.
            unsafe {
                let fd = libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), how, size);
                opened(fd as libc::c_int).map(Directory)
            }
        };
        open(libc::O_RDONLY).or_else(|_| open(libc::O_PATH))
    }

    /// The same directory, also for reading where that is allowed.
    pub(crate) fn readable(self) -> Directory {
        self.open_file(Path::new("."), libc::O_RDONLY | libc::O_DIRECTORY).map_or(self, Directory)
    }

    /// Opens the directory of this name. With O_NOFOLLOW in `flags` a symbolic link is an error (ENOTDIR).
    pub(crate) fn enter(&self, name: &Path, flags: libc::c_int) -> io::Result<Directory> {
        self.open_file(name, libc::O_PATH | libc::O_DIRECTORY | flags).map(Directory)
    }

    /// Opens a file with `flags` and O_CLOEXEC; a new file has mode 0600.
    pub(crate) fn open_file(&self, path: &Path, flags: libc::c_int) -> io::Result<File> {
        open_at(self.0.as_raw_fd(), &last_component(path)?, flags)
    }

    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata()
    }

    /// Device and inode of the name, which is not followed.
    pub(crate) fn inode(&self, path: &Path) -> io::Result<(u64, u64)> {
        let (fd, name, flags) = (self.0.as_raw_fd(), last_component(path)?, libc::AT_SYMLINK_NOFOLLOW);
        // SAFETY: the structure consists of integers. It and the NUL-terminated name outlive the call.
        unsafe {
            let mut found: libc::stat64 = zeroed();
            check(libc::fstatat64(fd, name.as_ptr(), &raw mut found, flags))?;
            Ok((found.st_dev, found.st_ino))
        }
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (fd, from, to) = (self.0.as_raw_fd(), last_component(from)?, last_component(to)?);
        // SAFETY: both names are NUL-terminated strings that outlive the call.
        check(unsafe { libc::renameat(fd, from.as_ptr(), fd, to.as_ptr()) }).map(drop)
    }

    /// Makes a hard link; an existing `to` is an error.
    pub(crate) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (fd, from, to) = (self.0.as_raw_fd(), last_component(from)?, last_component(to)?);
        // SAFETY: both names are NUL-terminated strings that outlive the call.
        check(unsafe { libc::linkat(fd, from.as_ptr(), fd, to.as_ptr(), 0) }).map(drop)
    }

    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        let name = last_component(path)?;
        // SAFETY: the name is a NUL-terminated string that outlives the call.
        check(unsafe { libc::unlinkat(self.0.as_raw_fd(), name.as_ptr(), 0) }).map(drop)
    }

    /// The names in it; none where it cannot be read. std's read_dir costs 4 KB of code, readdir(3) five system calls.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let (mut names, mut buffer) = (Vec::new(), vec![0u8; 1000]);
        loop {
            let (fd, entries) = (self.0.as_raw_fd(), buffer.as_mut_ptr());
            // SAFETY: the kernel writes at most the length of the buffer.
            let read = unsafe { libc::syscall(libc::SYS_getdents64, fd, entries, buffer.len()) };
            let mut entries = &buffer[..usize::try_from(read).unwrap_or_default()];
            if entries.is_empty() {
                return names;
            }
            // An entry: inode number, offset, its own length, type, NUL-terminated name (getdents64(2)).
            while let Some((header, name)) = entries.split_at_checked(19) {
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                names.push(OsString::from_vec(name.to_vec()));
                let length = u16::from_ne_bytes([header[16], header[17]]).into();
                entries = entries.get(length..).unwrap_or_default();
            }
        }
    }

    /// Makes its names durable. A directory that is not readable cannot be synced (EACCES).
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync_all().map_err(|error| match error.raw_os_error() {
            Some(libc::EBADF) => io::Error::from_raw_os_error(libc::EACCES),
            _ => error,
        })
    }
}

/// `..` and `/` are components of their own.
fn last_component(path: &Path) -> io::Result<CString> {
    c_string(path.file_name().map_or(path, Path::new))
}

/// The target of a symbolic link that is open with O_PATH and O_NOFOLLOW (readlink(2)).
pub(crate) fn read_link(link: &File) -> io::Result<PathBuf> {
    let mut target = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the empty name is NUL-terminated, and the kernel writes at most the length of the buffer.
    let read = unsafe { libc::readlinkat(link.as_raw_fd(), c"".as_ptr(), target.as_mut_ptr().cast(), target.len()) };
    let read = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
    Ok(OsString::from_vec(target[..read].to_vec()).into())
}

/// The file system of a path (statfs(2)).
pub(crate) struct FileSystem {
    kind: u32,
    /// The longest file name, in bytes.
    pub longest_name: usize,
    /// The path is on a read-only mount.
    pub is_read_only: bool,
}

impl FileSystem {
    /// Whether files there can change without an inotify event.
    pub(crate) fn is_remote(&self) -> bool {
        REMOTE.contains(&self.kind)
    }

    pub(crate) fn is_procfs(&self) -> bool {
        self.kind == PROCFS
    }
}

/// `None` on an error. By statfs64, because glibc's statfs has no flags, and on 32 bits it fails for large file systems.
pub(crate) fn file_system(path: &Path) -> Option<FileSystem> {
    let path = c_string(path).ok()?;
    // SAFETY: the structure consists of integers. It and the NUL-terminated path outlive the call.
    let status: libc::statfs64 = unsafe {
        let mut status = zeroed();
        check(libc::statfs64(path.as_ptr(), &raw mut status)).ok()?;
        status
    };
    Some(FileSystem {
        // The field's type differs between targets; all magic numbers have 32 bits.
        kind: status.f_type as u32,
        longest_name: usize::try_from(status.f_namelen).ok()?,
        is_read_only: status.f_flags as libc::c_ulong & libc::ST_RDONLY != 0,
    })
}
