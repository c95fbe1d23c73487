//! The output file from start to end: checked and locked, replaced, compared, restored.

use super::error::{FileError, Reason};
use super::lock::Lock;
use super::replace::{Access, replace_in};
use super::snapshot::{Damage, Snapshot};
use super::target::{Target, untrusted_directory};
use super::watch::{UnwatchedReason, Watch};
use crate::system::filesystem::Directory;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Path and attributes of the output file.
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
    watch: Watch,
    snapshot: Option<Snapshot>,
    sync_failed: bool,
    lock_unsupported: bool,
    lock_warned: bool,
    /// `None`: the kernel reports every change.
    pub unwatched: Option<UnwatchedReason>,
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
        let untrusted = untrusted_directory(target.path()).or_else(|| protected.and_then(untrusted_directory));
        let mut output = OutputFile {
            target,
            options,
            lock: None,
            watch: Watch::default(),
            snapshot: None,
            sync_failed: false,
            lock_unsupported: false,
            lock_warned: false,
            unwatched: None,
            warnings: Vec::from_iter(untrusted),
        };
        let directory = output.open_directory()?;
        if output.lock.is_some() {
            output.remove_stale_files(&directory);
        }
        Ok(output)
    }

    /// The file behind symbolic links.
    pub(crate) fn path(&self) -> &Path {
        self.target.path()
    }

    /// Replaces the file by `content`, if it is still wanted right before the rename. On an error the old file is
    /// unchanged.
    pub(crate) fn replace(&mut self, content: &[u8], is_wanted: &dyn Fn() -> bool) -> Result<(), Box<FileError>> {
        let directory = self.open_directory()?;
        let watch = &mut self.watch;
        let OutputOptions { mode, group, .. } = self.options;
        let access = Access { mode, user: None, group };
        let replaced = replace_in(&directory, &self.target, content, access, &mut |file| {
            watch.prepare(file);
            is_wanted()
        });
        let (attributes, sync_error) = replaced.map_err(|reason| FileError::new(self.target.path(), reason))?;
        self.watch.commit(self.target.directory());
        self.snapshot = Some(Snapshot { content: content.to_vec(), attributes });
        self.note_sync(sync_error);
        self.note_watch();
        Ok(())
    }

    /// Writes the last content once more, as `replace`.
    pub(crate) fn restore(&mut self, is_wanted: &dyn Fn() -> bool) -> Result<(), Box<FileError>> {
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        self.replace(&snapshot.content.clone(), is_wanted)
    }

    /// Compares the file with what was written, and watches it again: see `unwatched`.
    pub(crate) fn check(&mut self) -> Result<(), Damage> {
        self.watch.drain();
        // A directory that was exchanged during a write holds the file without a lock. If another process has taken
        // that lock by now, the next write reports it.
        // It stays open, so that the comparison has no more free descriptors than a write.
        let directory = self.open_directory();
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        // First watch, then compare: a change after the comparison is reported. The path is watched anew each time,
        // because an inode number does not tell whether it is still the watched inode.
        self.watch.prepare(self.target.path());
        self.watch.commit(self.target.directory());
        match snapshot.compare(self.target.path()) {
            // No evidence of a change. Without the watches a renewal has one descriptor more.
            Err(Damage::Unreadable(error))
                if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM)) =>
            {
                let reason = error.into();
                self.watch = Watch::default();
                self.watch.unwatched = Some(reason);
            }
            compared => compared?,
        }
        self.note_watch();
        if self.sync_failed
            && let Ok(directory) = directory
        {
            self.note_sync(directory.sync().err());
        }
        Ok(())
    }

    /// Readable when the file may have changed.
    pub(crate) fn event_fd(&self) -> Option<BorrowedFd<'_>> {
        self.watch.fd()
    }

    /// Opens the directory that the path leads to now. The lock file disappears with its directory; in a recreated one
    /// the lock is taken again.
    fn open_directory(&mut self) -> Result<Directory, Box<FileError>> {
        let failed = |reason| FileError::new(self.target.path(), reason);
        let directory = self.target.open_directory().map_err(failed)?;
        if self.lock_unsupported || self.lock.as_ref().is_some_and(|lock| lock.is_linked(&directory)) {
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

    /// Removes temporary files of killed processes. Only the holder of the lock may.
    fn remove_stale_files(&self, directory: &Directory) {
        for name in directory.names().iter().filter(|name| self.target.is_temporary(name)) {
            let _ = directory.remove(Path::new(name));
        }
    }

    fn note_sync(&mut self, error: Option<io::Error>) {
        let failed_before = std::mem::replace(&mut self.sync_failed, error.is_some());
        if !failed_before {
            self.warnings.extend(error.map(FileWarning::DirectoryNotSynced));
        }
    }

    fn note_watch(&mut self) {
        let before = std::mem::replace(&mut self.unwatched, self.watch.unwatched);
        if before != self.unwatched {
            self.warnings.extend(self.unwatched.map(FileWarning::Unwatched));
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
