//! One keeper for one file: `.NAME.lock` beside it, held by flock(2) for as long as the keeper lives.

use super::failure::{BADGE, refused, unwritten};
use super::target::is_one;
use crate::encoding::escaped;
use crate::failure::Failure;
use crate::system::descriptor::read_at_most;
use crate::system::filesystem::open;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A lock that is held; dropping it removes the file, if it still is ours, and lets go.
pub struct Lock {
    path: PathBuf,
    file: File,
}

/// What came of asking for the lock.
pub enum Locked {
    /// It is ours.
    Held(Lock),
    /// This file system knows no locks; the reason.
    Unsupported(io::Error),
}

impl Lock {
    /// Takes the lock, or says who has it. `output` is the file that it is about, for the sentence.
    pub fn take(path: &Path, output: &Path) -> Result<Locked, Failure> {
        let mut writable = false;
        // A holder that ends removes the file, so the one that was locked may have no name any more: try again.
        for _ in 0..100 {
            let access = if writable { libc::O_RDWR } else { libc::O_RDONLY };
            let flags = access | libc::O_CREAT | libc::O_NOFOLLOW | libc::O_NONBLOCK;
            let file = open(path, flags).map_err(|error| unopened(path, output, &error))?;
            if !file.metadata().is_ok_and(|found| found.is_file()) {
                return Err(misplaced(path, output));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(taken(path, output, &file)),
                Err(TryLockError::Error(error)) => match error.raw_os_error() {
                    Some(libc::EINTR) => continue,
                    // NFS locks exclusively only what is open for writing (flock(2)).
                    Some(libc::EBADF) if !writable => {
                        writable = true;
                        continue;
                    }
                    _ => {
                        // It guards nothing here, so it does not stay.
                        let _ = fs::remove_file(path);
                        return Ok(Locked::Unsupported(error));
                    }
                },
            }
            let lock = Lock { path: path.to_path_buf(), file };
            if lock.stands() {
                lock.sign();
                return Ok(Locked::Held(lock));
            }
            // Not ours to remove: the name is gone or belongs to a newer lock.
            drop(lock);
        }
        Err(unwritten(BADGE, output, &io::ErrorKind::TimedOut.into()))
    }

    /// Whether the lock still has its name: it has not where the directory was removed and made again.
    pub fn stands(&self) -> bool {
        is_named(&self.file, &self.path)
    }

    /// Writes our pid into it. Best effort: a full disk must not stop a keeper from taking its lock.
    ///
    /// The descriptor is another one and is closed at once, because a file that stays open for writing keeps its
    /// file system from being remounted read-only.
    fn sign(&self) {
        if let Ok(mut file) = open(&self.path, libc::O_WRONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK)
            && self.stands()
            && is_named(&file, &self.path)
        {
            let _ = file.set_len(0);
            let _ = file.write_all(format!("{}\n", std::process::id()).as_bytes());
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.stands() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_named(file: &File, path: &Path) -> bool {
    is_one(file.metadata(), fs::symlink_metadata(path))
}

fn unopened(path: &Path, output: &Path, error: &io::Error) -> Failure {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => misplaced(path, output),
        Ok(found) if error.kind() == io::ErrorKind::PermissionDenied => refused(
            BADGE,
            output,
            &format_args!("the lock {} belongs to uid {}", escaped(path), found.uid()),
            &"run the keeper as that user, or remove the lock if no keeper of theirs is running",
        ),
        _ => unwritten(BADGE, output, error),
    }
}

fn misplaced(path: &Path, output: &Path) -> Failure {
    let reason = format_args!("the keeper's lock {} is no ordinary file", escaped(path));
    refused(BADGE, output, &reason, &"remove what stands there")
}

fn taken(path: &Path, output: &Path, file: &File) -> Failure {
    let pid = read_at_most(file, 20).unwrap_or_default();
    let pid = str::from_utf8(&pid).unwrap_or_default().trim_ascii();
    let who = if !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) {
        format!("pid {pid}, as its own container counts")
    } else {
        "its pid is not known".into()
    };
    refused(
        BADGE,
        output,
        &format_args!("another keeper ({who}) keeps this file and holds the lock {}", escaped(path)),
        &"stop that one, or give this one another --out",
    )
}
