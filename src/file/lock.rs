//! The lock file `.NAME.lock` beside the output file, held by flock(2) while the process lives.

use super::error::Reason;
use crate::system::descriptor::read_at_most;
use crate::system::effective_uid;
use crate::system::filesystem::Directory;
use std::fs::{File, Metadata, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How often the lock is tried when its file appears or disappears meanwhile.
const MAX_ATTEMPTS: u32 = 100;

/// Another process can put a symbolic link or a FIFO under the lock's name.
const FLAGS: libc::c_int = libc::O_NOFOLLOW | libc::O_NONBLOCK;

/// A held lock. Dropping it releases the lock and leaves the file.
pub(super) struct Lock {
    pub path: PathBuf,
    file: File,
    /// The attributes of the file before it was locked.
    found: Metadata,
    /// The uid whose file this must be to be written or removed. (Some file systems give a new file another owner.)
    owner: u32,
}

impl Lock {
    /// Takes the lock `path`, which is in `directory`. The inner error: the file system has no locks.
    pub(super) fn take(directory: &Directory, path: &Path) -> Result<io::Result<Lock>, Reason> {
        let mut access = libc::O_RDONLY;
        // An ending holder removes the file, so the inode that was locked may have no name any more: try again.
        for _ in 0..MAX_ATTEMPTS {
            let (file, is_new) = match open(directory, path, access) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                opened => opened.map_err(|error| open_reason(directory, path, error))?,
            };
            let found = file.metadata()?;
            if !found.is_file() {
                return Err(Reason::LockNotRegular { lock: path.to_path_buf() });
            }
            // With a umask of 0777 no process of this user could open it again.
            if is_new && found.mode() & 0o777 != 0o600 {
                let _ = file.set_permissions(Permissions::from_mode(0o600));
            }
            let owner = if is_new { found.uid() } else { effective_uid() };
            let lock = Lock { path: path.to_path_buf(), file, found, owner };
            match lock.file.try_lock() {
                Ok(()) if lock.is_linked(directory) => return Ok(Ok(lock)),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let pid = read_pid(&lock.file);
                    return Err(Reason::Locked { lock: lock.path, pid, owner: lock.found.uid() });
                }
                Err(TryLockError::Error(error)) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    // NFS takes an exclusive lock only on a file that is open for writing (flock(2)).
                    Some(libc::EBADF) if access == libc::O_RDONLY => access = libc::O_RDWR,
                    _ => {
                        lock.remove(directory);
                        return Ok(Err(error));
                    }
                },
            }
        }
        Err(io::Error::from(io::ErrorKind::TimedOut).into())
    }

    /// Whether its name in `directory` still leads to the locked file. It does not when the directory was recreated.
    pub(super) fn is_linked(&self, directory: &Directory) -> bool {
        directory.inode(&self.path).is_ok_and(|found| found == self.inode())
    }

    /// Writes the process id into the lock file, best effort: a full disk must not refuse the lock. Returns the
    /// attributes of a file that is not this process's alone and is left as it is: a hard link to a precious file.
    pub(super) fn write_pid(&self, directory: &Directory) -> Option<&Metadata> {
        if !self.is_own(&self.found) {
            return Some(&self.found);
        }
        // The descriptor is closed at once, because a file that is open for writing prevents a read-only remount.
        if let Ok(mut file) = directory.open_file(&self.path, libc::O_WRONLY | FLAGS)
            && let Ok(found) = file.metadata()
            && self.is_own(&found)
            && (found.len() == 0 || file.set_len(0).is_ok())
        {
            let _ = file.write_all(format!("{}\n", std::process::id()).as_bytes());
        }
        None
    }

    /// Removes the lock file, unless another process has put it there.
    pub(super) fn remove(&self, directory: &Directory) {
        if self.is_linked(directory) && self.file.metadata().is_ok_and(|found| self.is_own(&found)) {
            let _ = directory.remove(&self.path);
        }
    }

    fn inode(&self) -> (u64, u64) {
        (self.found.dev(), self.found.ino())
    }

    /// Whether this is the locked file, belongs to this process, and has no other name.
    fn is_own(&self, found: &Metadata) -> bool {
        (found.dev(), found.ino()) == self.inode() && found.uid() == self.owner && found.nlink() == 1
    }
}

/// Creates the lock file (`true`), or opens it. `AlreadyExists`: it disappeared meanwhile.
fn open(directory: &Directory, path: &Path, access: libc::c_int) -> io::Result<(File, bool)> {
    match directory.open_file(path, access | FLAGS | libc::O_CREAT | libc::O_EXCL) {
        Err(exists) if exists.kind() == io::ErrorKind::AlreadyExists => {
            let opened = directory.open_file(path, access | FLAGS);
            opened.map(|file| (file, false)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => exists,
                _ => error,
            })
        }
        created => created.map(|file| (file, true)),
    }
}

fn open_reason(directory: &Directory, path: &Path, error: io::Error) -> Reason {
    let lock = path.to_path_buf();
    let found = directory.open_file(path, libc::O_PATH | libc::O_NOFOLLOW).and_then(|file| file.metadata());
    match found {
        Ok(found) if !found.is_file() => Reason::LockNotRegular { lock },
        Ok(found) if error.kind() == io::ErrorKind::PermissionDenied => Reason::LockDenied { lock, owner: found.uid() },
        _ => Reason::Io(error),
    }
}

fn read_pid(file: &File) -> Option<u32> {
    let content = read_at_most(file, 0, 20).ok()?;
    str::from_utf8(&content).ok()?.trim_ascii().parse().ok()
}
