//! A file that stays as it was written: watched, compared, restored.

use super::error::{FileError, directory};
use super::output::{FileWarning, OutputFile};
use super::snapshot::{Damage, Snapshot};
use super::watch::{UnwatchedReason, Watch};
use crate::system::filesystem::file_system;
use std::os::fd::BorrowedFd;

/// The output file, and what was written to it.
pub(crate) struct WatchedFile {
    output: OutputFile,
    watch: Watch,
    snapshot: Option<Snapshot>,
    /// As of the last check; `None`: the kernel reports every change.
    pub unwatched: Option<UnwatchedReason>,
}

impl WatchedFile {
    /// Watches the way to the file, which does not have to exist.
    pub(crate) fn new(output: OutputFile) -> WatchedFile {
        let mut watch = Watch::default();
        watch.watch_parents(directory(output.path()), output.is_remote());
        WatchedFile { output, watch, snapshot: None, unwatched: None }
    }

    /// Replaces the file by `content`, if it is still wanted right before the rename. On an error the old file is
    /// unchanged.
    pub(crate) fn replace(&mut self, content: &[u8], is_wanted: &dyn Fn() -> bool) -> Result<(), Box<FileError>> {
        let watch = &mut self.watch;
        let attributes = self.output.replace(content, &mut |temporary| {
            watch.prepare(temporary);
            is_wanted()
        })?;
        self.watch.commit();
        self.snapshot = Some(Snapshot { content: content.to_vec(), attributes });
        Ok(())
    }

    /// Writes the last content once more, as `replace`.
    pub(crate) fn restore(&mut self, is_wanted: &dyn Fn() -> bool) -> Result<(), Box<FileError>> {
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        self.replace(&snapshot.content.clone(), is_wanted)
    }

    /// Compares the file with what was written, and watches it again: see `unwatched`.
    pub(crate) fn check(&mut self) -> Result<(), Damage> {
        let only_moved = self.watch.only_moved();
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        // First watch, then compare: a change after the comparison is reported. The path is watched anew each time,
        // because an inode number does not tell whether it is still the watched inode.
        self.watch.prepare(self.output.path());
        self.watch.commit();
        // Right after a write the kernel reports its rename only: the path was resolved for it, and its parents are watched.
        let opened = if only_moved && self.watch.unwatched().is_none() && !self.output.is_check_due() {
            None
        } else {
            let directory = directory(self.output.path());
            let is_remote = file_system(directory).is_some_and(|found| found.is_remote());
            self.watch.watch_parents(directory, is_remote);
            self.output.check_directory()
        };
        match snapshot.compare(self.output.path()) {
            // No evidence of a change. Without the watches a renewal has one descriptor more.
            Err(Damage::Unreadable(error))
                if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM)) =>
            {
                self.watch = Watch::none(UnwatchedReason::Inotify(error.raw_os_error().unwrap_or_default()));
            }
            compared => compared?,
        }
        drop(opened);
        let before = std::mem::replace(&mut self.unwatched, self.watch.unwatched());
        if before != self.unwatched {
            self.output.warn(self.unwatched.map(FileWarning::Unwatched));
        }
        Ok(())
    }

    /// Readable when the file may have changed.
    pub(crate) fn event_fd(&self) -> Option<BorrowedFd<'_>> {
        self.watch.fd()
    }

    /// The conditions that the calls since the last one found.
    pub(crate) fn take_warnings(&mut self) -> Vec<FileWarning> {
        std::mem::take(&mut self.output.warnings)
    }
}
