//! Why a file was not written: the path and the cause, without a sentence.

use crate::system::effective_uid;
use std::fs::{self, FileType};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file that was to be written, and why it was not. Results carry it in a box, because each `?` moves it: without the
/// boxes of the large errors the release file is 4 KB larger.
#[derive(Debug)]
pub(crate) struct FileError {
    pub path: PathBuf,
    pub reason: Reason,
}

#[derive(Debug)]
pub(crate) enum Reason {
    /// A system call failed.
    Io(io::Error),
    /// EPERM because the directory is sticky and the existing file belongs to another uid (rename(2)).
    Sticky { owner: u32 },
    /// EPERM when the temporary file was given to this group.
    Group { gid: u32, error: io::Error },
    /// EPERM when the temporary file was given to the owner and group of the file that it replaces.
    Owner { user: u32, group: u32, error: io::Error },
    /// Something that a rename would destroy.
    NotRegular(FileType),
    /// The path ends like the path of a directory that does not exist.
    NamesDirectory,
    /// A file of procfs, such as the symbolic links in /proc/PID/fd.
    OpenDescriptor,
    /// More symbolic links than the kernel follows.
    SymlinkLoop,
    /// A symbolic link that another user put into a directory where every user may create files.
    UntrustedSymlink { owner: u32 },
    /// A component of the path has become a symbolic link that another user may have put there.
    ParentSymlink { link: PathBuf, owner: u32 },
    /// The path is the protected file itself.
    Protected,
    /// The protected file has the name of the lock file or of a temporary file.
    ProtectedName,
    /// The file holds a secret, which would be lost.
    HoldsSecret,
    /// The caller no longer wanted the content right before the rename.
    Unwanted,
    /// The path is that of another file to be written.
    SameFile,
    /// Another process holds the lock file, which belongs to this uid.
    Locked { lock: PathBuf, pid: Option<u32>, owner: u32 },
    /// The lock file is not a regular file.
    LockNotRegular { lock: PathBuf },
    /// The lock file belongs to this uid and cannot be opened.
    LockDenied { lock: PathBuf, owner: u32 },
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Reason {
        Reason::Io(error)
    }
}

impl FileError {
    /// `reason` for `path`. An EPERM is told apart here, while the directory is as the system call found it.
    pub(crate) fn new(path: &Path, reason: Reason) -> Box<FileError> {
        let reason = match reason {
            Reason::Io(error) if error.raw_os_error() == Some(libc::EPERM) => {
                sticky_owner(path).map_or(Reason::Io(error), |owner| Reason::Sticky { owner })
            }
            other => other,
        };
        Box::new(FileError { path: path.to_path_buf(), reason })
    }
}

fn sticky_owner(path: &Path) -> Option<u32> {
    let sticky = fs::metadata(directory(path)).is_ok_and(|found| found.mode() & libc::S_ISVTX != 0);
    let owner = fs::symlink_metadata(path).ok()?.uid();
    (sticky && owner != effective_uid()).then_some(owner)
}

/// The directory of a file, as a path that can be opened.
pub(crate) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of EPERM, which also comes from an immutable file or a mandatory access control.
    #[test]
    fn blames_no_sticky_directory_that_is_none() {
        let scratch = std::env::temp_dir().join(format!("capiscio-unit-sticky-{}", std::process::id()));
        fs::create_dir(&scratch).unwrap();
        let mut path = scratch.join("badge.jwt");
        fs::write(&path, "").unwrap();
        // A file of another user in a directory that is not sticky.
        if std::os::unix::fs::chown(&path, Some(effective_uid() + 1), None).is_err() {
            path = "/etc/passwd".into();
        }
        let error = FileError::new(&path, io::Error::from_raw_os_error(libc::EPERM).into());
        fs::remove_dir_all(&scratch).unwrap();
        assert!(matches!(error.reason, Reason::Io(_)), "{error:?}");
    }
}
