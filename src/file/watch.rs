//! Inotify watches on the file's inode, and on the deletion or move of the directories and links on the way to it.

use crate::system::inotify::{Inotify, Watched};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// Why the kernel does not report changes to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnwatchedReason {
    /// The user has as many inotify instances as are allowed.
    InotifyInstances,
    /// Another errno of inotify(7), or of a lack of descriptors or memory when the file was compared.
    Inotify(i32),
    /// Other machines change the file.
    RemoteFileSystem,
}

impl From<io::Error> for UnwatchedReason {
    fn from(error: io::Error) -> UnwatchedReason {
        match error.raw_os_error().unwrap_or_default() {
            // The other cause (inotify_init1(2)), no free descriptor, prevents the write before.
            libc::EMFILE => UnwatchedReason::InotifyInstances,
            errno => UnwatchedReason::Inotify(errno),
        }
    }
}

/// The watches of one file.
#[derive(Default)]
pub(super) struct Watch {
    queue: Option<Inotify>,
    file: Option<Watched>,
    /// The temporary file that is about to be renamed. If the rename fails, the file is removed and its watch with it.
    next: Option<Watched>,
    /// The directories and links on the way to the file.
    parents: Vec<Watched>,
    file_fault: Option<UnwatchedReason>,
    parents_fault: Option<UnwatchedReason>,
}

impl Watch {
    /// No watches, for this reason.
    pub(super) fn none(reason: UnwatchedReason) -> Watch {
        Watch { file_fault: Some(reason), ..Watch::default() }
    }

    /// Why the kernel does not report changes; `None` when it does.
    pub(super) fn unwatched(&self) -> Option<UnwatchedReason> {
        self.file_fault.or(self.parents_fault)
    }

    /// Readable when something happened; `None` without inotify.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.queue.as_ref().map(Inotify::fd)
    }

    /// Watches the temporary file before its rename, so that no change of the new file goes unseen; or the file that is
    /// in place, whose watch then stays.
    pub(super) fn prepare(&mut self, path: &Path) {
        let next = self.open_queue().and_then(|queue| queue.watch_file(path));
        (self.next, self.file_fault) = match next {
            Ok(next) => (Some(next), None),
            Err(error) => (None, Some(error.into())),
        };
    }

    /// The prepared file is in place.
    pub(super) fn commit(&mut self) {
        let old = std::mem::replace(&mut self.file, self.next.take());
        if let (Some(queue), Some(old)) = (&self.queue, old.filter(|_| old != self.file)) {
            queue.unwatch(old);
        }
    }

    /// Watches the directories and links that lead to the file now. `is_remote`: other machines can change it.
    pub(super) fn watch_parents(&mut self, directory: &Path, is_remote: bool) {
        let old = std::mem::take(&mut self.parents);
        let mut parents = Vec::new();
        let mut fault = is_remote.then_some(UnwatchedReason::RemoteFileSystem);
        let queue = match self.open_queue() {
            Ok(queue) => queue,
            Err(error) => {
                self.parents_fault = Some(error.into());
                return;
            }
        };
        for (height, path) in directory.ancestors().enumerate() {
            let mut watched = queue.watch_directory(path, libc::IN_DONT_FOLLOW);
            if matches!(&watched, Err(error) if error.kind() == io::ErrorKind::NotADirectory) {
                parents.extend(queue.watch_link(path));
                watched = queue.watch_directory(path, 0);
            }
            match watched {
                Ok(parent) => parents.push(parent),
                Err(error) if height == 0 => fault = Some(error.into()),
                // Directories above may be unreadable. That needs no polling: they matter only when a whole tree is
                // moved, and the next renewal resolves the path again.
                Err(_) => {}
            }
        }
        for one in old.iter().filter(|one| !parents.contains(one)) {
            queue.unwatch(*one);
        }
        (self.parents, self.parents_fault) = (parents, fault);
    }

    fn open_queue(&mut self) -> io::Result<&Inotify> {
        let queue = self.queue.take().map_or_else(Inotify::open, Ok)?;
        Ok(self.queue.insert(queue))
    }

    /// Takes the queued events. Whether they say no more than that the file was moved, as the rename does that puts it in
    /// place; `false` also without inotify.
    pub(super) fn only_moved(&mut self) -> bool {
        let mut only_moved = self.queue.is_some();
        if let Some(queue) = &self.queue {
            queue.take(|watched, is_move| {
                // The file before this one has no watch any more, but its last events.
                let is_old = watched.is_some_and(|one| self.file != Some(one) && !self.parents.contains(&one));
                only_moved &= is_old || is_move && watched == self.file;
            });
        }
        only_moved
    }
}
