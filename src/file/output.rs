//! The output file from start to end: checked, locked, replaced.

use super::error::{FileError, Reason, directory};
use super::lock::Lock;
use super::replace::{Access, replace_in};
use super::target::{Target, real_path, untrusted_directory};
use super::watch::UnwatchedReason;
use crate::system::filesystem::Directory;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Path and attributes of the output file.
#[derive(Clone)]
pub struct OutputOptions {
    /// A symbolic link is followed.
    pub path: PathBuf,
    /// Permission bits, at most 0777.
    pub mode: u32,
    /// Group id; `None`: the process's own.
    pub group: Option<u32>,
}

/// A condition that does not prevent writing.
#[derive(Debug)]
pub(crate) enum FileWarning {
    /// The file is in place, but fsync of its directory failed.
    DirectoryNotSynced(io::Error),
    /// The file system has no locks.
    LockUnsupported(io::Error),
    /// Another user can replace the files in this directory, which leads to the file or to the protected one.
    UntrustedDirectory { path: PathBuf, owner: u32, mode: u32 },
    /// The lock is held, but its file is another user's or has several names, so no pid is written to it.
    LockNotOwn { lock: PathBuf, owner: u32, names: u64 },
    /// The kernel does not report changes, so the file is polled.
    Unwatched(UnwatchedReason),
}

/// The output file of this process.
pub(crate) struct OutputFile {
    target: Target,
    options: OutputOptions,
    lock: Option<Lock>,
    lock_unsupported: bool,
    lock_warned: bool,
    sync_failed: bool,
    /// The lock was taken since the last check, so the path may lead to another directory.
    directory_changed: bool,
    /// To be taken after each call.
    pub warnings: Vec<FileWarning>,
}

impl OutputFile {
    /// Checks the path, takes the lock and removes temporary files of killed processes. Writes nothing to the file.
    /// `protected` must be another file.
    pub(crate) fn open(options: OutputOptions, protected: Option<&Path>) -> Result<OutputFile, Box<FileError>> {
        let target = Target::resolve(&options.path)?;
        match protected {
            Some(path) if target.is_same_file(path) => return Err(FileError::new(target.path(), Reason::Protected)),
            Some(path) if target.reserves(path) => return Err(FileError::new(target.path(), Reason::ProtectedName)),
            _ => {}
        }
        let same = |other: &&Path| other.as_os_str() == directory(&options.path).as_os_str();
        let protected = protected.map(directory).filter(|other| !same(other));
        let mut output = OutputFile {
            target,
            options,
            lock: None,
            lock_unsupported: false,
            lock_warned: false,
            sync_failed: false,
            directory_changed: false,
            warnings: Vec::new(),
        };
        let opened = output.open_directory()?;
        output.directory_changed = false;
        if output.lock.is_some() {
            output.target.remove_temporaries(&opened);
        }
        let untrusted = |directory: Option<PathBuf>| directory.and_then(|real| untrusted_directory(&real));
        let found = untrusted(output.target.real_directory()).or_else(|| untrusted(protected.and_then(real_path)));
        output.warn(found);
        Ok(output)
    }

    /// The file behind symbolic links.
    pub(crate) fn path(&self) -> &Path {
        self.target.path()
    }

    /// Whether `other` leads to this file, to its lock file, or to a temporary file of it.
    pub(crate) fn is_same_file(&self, other: &Path) -> bool {
        self.target.is_same_file(other) || self.target.reserves(other)
    }

    /// Other machines can change the file, as of the start.
    pub(super) fn is_remote(&self) -> bool {
        self.target.is_remote
    }

    /// Replaces the file by `content`, unless `before_rename`, which gets the path of the complete temporary file,
    /// refuses. Returns the attributes of the new file. On an error the old file is unchanged.
    pub(crate) fn replace(
        &mut self,
        content: &[u8],
        before_rename: &mut dyn FnMut(&Path) -> bool,
    ) -> Result<Metadata, Box<FileError>> {
        let directory = self.open_directory()?;
        let OutputOptions { mode, group, .. } = self.options;
        let access = Access { mode, user: None, group, durable: true };
        let replaced = replace_in(&directory, &self.target, content, access, before_rename);
        let (attributes, sync_error) = replaced.map_err(|reason| FileError::new(self.target.path(), reason))?;
        self.note_sync(sync_error);
        Ok(attributes)
    }

    /// Whether `check_directory` is due, whatever the kernel reports.
    pub(super) fn is_check_due(&self) -> bool {
        self.directory_changed || self.sync_failed
    }

    /// Takes the lock again where the path has come to lead to another directory, and repeats a failed sync. If another
    /// process has that lock by now, the next write reports it.
    pub(super) fn check_directory(&mut self) -> Option<Directory> {
        self.directory_changed = false;
        let directory = self.open_directory().ok()?;
        if self.sync_failed {
            self.note_sync(directory.sync().err());
        }
        // It stays open, so that the comparison that follows has no more free descriptors than a write.
        Some(directory)
    }

    /// Opens the directory that the path leads to now. The lock file disappears with its directory; in a recreated one
    /// the lock is taken again.
    fn open_directory(&mut self) -> Result<Directory, Box<FileError>> {
        let failed = |reason| FileError::new(self.target.path(), reason);
        let directory = self.target.open_directory().map_err(failed)?;
        if self.lock.as_ref().is_some_and(|lock| lock.is_linked(&directory)) {
            return Ok(directory);
        }
        self.directory_changed = true;
        if self.lock_unsupported {
            return Ok(directory);
        }
        match Lock::take(&directory, &self.target.lock()).map_err(failed)? {
            Ok(lock) => {
                if let Some(found) = lock.write_pid(&directory)
                    && !std::mem::replace(&mut self.lock_warned, true)
                {
                    let (lock, owner, names) = (lock.path.clone(), found.uid(), found.nlink());
                    self.warnings.push(FileWarning::LockNotOwn { lock, owner, names });
                }
                self.lock = Some(lock);
            }
            Err(error) => {
                self.lock_unsupported = true;
                self.warnings.push(FileWarning::LockUnsupported(error));
            }
        }
        Ok(directory)
    }

    pub(super) fn warn(&mut self, warning: Option<FileWarning>) {
        if let Some(warning) = warning {
            self.warnings.push(warning);
        }
    }

    fn note_sync(&mut self, error: Option<io::Error>) {
        let failed_before = std::mem::replace(&mut self.sync_failed, error.is_some());
        if !failed_before {
            self.warn(error.map(FileWarning::DirectoryNotSynced));
        }
    }
}

impl Drop for OutputFile {
    /// Removes the lock file.
    fn drop(&mut self) {
        if let (Some(lock), Ok(directory)) = (&self.lock, self.target.open_directory()) {
            lock.remove(&directory);
        }
    }
}
