//! The lock file `.NAME.lock` beside the output file, held by flock(2) while the process lives.

use super::error::{FileError, Reason};
use super::target::is_same_inode;
use crate::system::descriptor::read_at_most;
use crate::system::filesystem::open;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How often the lock is tried when its file is removed between open and flock.
const MAX_ATTEMPTS: u32 = 100;

/// A held lock. Dropping it removes the file, if the name still leads to it, and releases the lock.
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

pub(super) enum LockOutcome {
    Held(Lock),
    /// The file system has no locks.
    Unsupported(io::Error),
}

impl Lock {
    /// Takes the lock `path` of the file `output`.
    pub(super) fn take(path: &Path, output: &Path) -> Result<LockOutcome, Box<FileError>> {
        let mut access = libc::O_RDONLY;
        // An ending holder removes the file, so the inode that was locked may have no name any more: try again.
        for _ in 0..MAX_ATTEMPTS {
            let file = open(path, access | libc::O_CREAT | libc::O_NOFOLLOW | libc::O_NONBLOCK)
                .map_err(|error| open_error(path, output, error))?;
            if !file.metadata().is_ok_and(|found| found.is_file()) {
                return Err(FileError::new(output, Reason::LockNotRegular { lock: path.to_path_buf() }));
            }
            match file.try_lock() {
                Ok(()) => {
                    let lock = Lock { path: path.to_path_buf(), file };
                    if lock.is_linked() {
                        lock.write_pid();
                        return Ok(LockOutcome::Held(lock));
                    }
                }
                Err(TryLockError::WouldBlock) => {
                    let reason = Reason::Locked { lock: path.to_path_buf(), pid: read_pid(&file) };
                    return Err(FileError::new(output, reason));
                }
                Err(TryLockError::Error(error)) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    // NFS takes an exclusive lock only on a file that is open for writing (flock(2)).
                    Some(libc::EBADF) if access == libc::O_RDONLY => access = libc::O_RDWR,
                    _ => {
                        let _ = fs::remove_file(path);
                        return Ok(LockOutcome::Unsupported(error));
                    }
                },
            }
        }
        Err(FileError::new(output, io::Error::from(io::ErrorKind::TimedOut)))
    }

    /// Whether the path still leads to the locked file. It does not when the directory was recreated.
    pub(super) fn is_linked(&self) -> bool {
        is_same_inode(self.file.metadata(), fs::symlink_metadata(&self.path))
    }

    /// Writes the process id into the lock file, best effort: a full disk must not refuse the lock. The descriptor is
    /// closed at once, because a file that is open for writing prevents a read-only remount.
    fn write_pid(&self) {
        if let Ok(mut file) = open(&self.path, libc::O_WRONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK)
            && is_same_inode(self.file.metadata(), file.metadata())
        {
            let _ = file.set_len(0);
            let _ = file.write_all(format!("{}\n", std::process::id()).as_bytes());
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_linked() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn open_error(path: &Path, output: &Path, error: io::Error) -> Box<FileError> {
    let lock = path.to_path_buf();
    let reason = match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Reason::LockNotRegular { lock },
        Ok(found) if error.kind() == io::ErrorKind::PermissionDenied => Reason::LockDenied { lock, owner: found.uid() },
        _ => Reason::Io(error),
    };
    FileError::new(output, reason)
}

fn read_pid(file: &File) -> Option<u32> {
    let content = read_at_most(file, 20).ok()?;
    str::from_utf8(&content).ok()?.trim_ascii().parse().ok()
}
