//! Inotify watches on the file's inode, and on the deletion or move of the directories and links on the way to it.

use crate::system::filesystem;
use crate::system::inotify::{Inotify, Watched};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Why the kernel does not report changes to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnwatchedReason {
    /// An errno of inotify(7).
    Inotify(i32),
    /// Other machines change the file.
    RemoteFileSystem,
}

impl From<io::Error> for UnwatchedReason {
    fn from(error: io::Error) -> UnwatchedReason {
        UnwatchedReason::Inotify(error.raw_os_error().unwrap_or_default())
    }
}

/// The watches of one output file.
#[derive(Default)]
pub(super) struct Watch {
    queue: Option<Inotify>,
    file: Option<Watched>,
    /// The temporary file that is about to be renamed.
    next: Option<Watched>,
    ancestors: Vec<Watched>,
    unwatched: Option<UnwatchedReason>,
    remote: bool,
}

impl Watch {
    /// Readable when something happened; `None` without inotify.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.queue.as_ref().map(AsFd::as_fd)
    }

    /// Watches the temporary file before its rename, so that no change of the new file goes unseen.
    pub(super) fn prepare(&mut self, temporary: &Path) {
        self.next = None;
        self.unwatched = self.watch_next(temporary).err().map(UnwatchedReason::from);
    }

    fn watch_next(&mut self, path: &Path) -> io::Result<()> {
        let queue = match self.queue.take() {
            Some(queue) => queue,
            None => Inotify::open()?,
        };
        self.next = self.queue.insert(queue).watch_file(path).map(Some)?;
        Ok(())
    }

    /// The prepared file is in place: watch it, and the directories and links that lead to it now.
    pub(super) fn commit(&mut self, directory: &Path) {
        let old = std::mem::replace(&mut self.file, self.next.take());
        self.remote = filesystem::is_remote(directory);
        let Some(queue) = &self.queue else { return };
        let parent = queue.watch_directory(directory);
        // Directories above may be unreadable. That needs no polling: they matter only when a whole tree is moved, and
        // the next renewal resolves the path again.
        let mut ancestors = Vec::new();
        for path in directory.ancestors().skip(1) {
            ancestors.extend(queue.watch_directory(path));
        }
        for path in directory.ancestors().filter(|path| path.is_symlink()) {
            ancestors.extend(queue.watch_link(path));
        }
        match parent {
            Ok(watched) => ancestors.push(watched),
            Err(error) => self.unwatched = Some(error.into()),
        }
        for old in old.into_iter().chain(self.ancestors.drain(..)) {
            if Some(old) != self.file && !ancestors.contains(&old) {
                queue.unwatch(old);
            }
        }
        self.ancestors = ancestors;
    }

    /// Watches the file that is at `path` now. Watches that exist already stay.
    pub(super) fn rewatch(&mut self, path: &Path, directory: &Path) {
        self.prepare(path);
        self.commit(directory);
    }

    /// The prepared file was not renamed.
    pub(super) fn cancel(&mut self) {
        if let (Some(queue), Some(next)) = (&self.queue, self.next.take()) {
            queue.unwatch(next);
        }
    }

    /// Discards queued events; the file is compared next.
    pub(super) fn drain(&self) {
        if let Some(queue) = &self.queue {
            queue.drain();
        }
    }

    /// Why the kernel does not report changes; `None` when it does.
    pub(super) fn unwatched_reason(&self) -> Option<UnwatchedReason> {
        self.unwatched.or(self.remote.then_some(UnwatchedReason::RemoteFileSystem))
    }
}
