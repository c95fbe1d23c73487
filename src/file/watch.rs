//! Inotify watches on the file's inode, and on the deletion or move of the directories and links on the way to it.

use crate::system::filesystem::{is_remote, open};
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
            // Of two causes (inotify_init1(2)). The other one prevents any new descriptor.
            libc::EMFILE if open(Path::new("/"), libc::O_PATH).is_ok() => UnwatchedReason::InotifyInstances,
            errno => UnwatchedReason::Inotify(errno),
        }
    }
}

/// The watches of one output file.
#[derive(Default)]
pub(super) struct Watch {
    queue: Option<Inotify>,
    /// The file, and the directories and links on the way to it.
    watched: Vec<Watched>,
    /// The temporary file that is about to be renamed. If the rename fails, the file is removed and its watch with it.
    next: Option<Watched>,
    /// Why the kernel does not report changes; `None` when it does.
    pub unwatched: Option<UnwatchedReason>,
}

impl Watch {
    /// Readable when something happened; `None` without inotify.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.queue.as_ref().map(Inotify::fd)
    }

    /// Watches the temporary file before its rename, so that no change of the new file goes unseen; or the file that is
    /// in place, whose watches then stay.
    pub(super) fn prepare(&mut self, path: &Path) {
        let queue = self.queue.take().map_or_else(Inotify::open, Ok);
        (self.next, self.unwatched) = match queue.and_then(|queue| self.queue.insert(queue).watch_file(path)) {
            Ok(next) => (Some(next), None),
            Err(error) => (None, Some(error.into())),
        };
    }

    /// The prepared file is in place: watch it, and the directories and links that lead to it now.
    pub(super) fn commit(&mut self, directory: &Path) {
        let Some(queue) = &self.queue else { return };
        let mut watched = Vec::from_iter(self.next.take());
        for (height, path) in directory.ancestors().enumerate() {
            match queue.watch_directory(path) {
                Ok(parent) => watched.push(parent),
                Err(error) if height == 0 => self.unwatched = Some(error.into()),
                // Directories above may be unreadable. That needs no polling: they matter only when a whole tree is
                // moved, and the next renewal resolves the path again.
                Err(_) => {}
            }
            // Where the path is no symbolic link, this is the same watch once more.
            watched.extend(queue.watch_link(path));
        }
        if self.unwatched.is_none() && is_remote(directory) {
            self.unwatched = Some(UnwatchedReason::RemoteFileSystem);
        }
        for old in self.watched.iter().filter(|old| !watched.contains(old)) {
            queue.unwatch(*old);
        }
        self.watched = watched;
    }

    /// Discards queued events; the file is compared next.
    pub(super) fn drain(&self) {
        if let Some(queue) = &self.queue {
            queue.drain();
        }
    }
}
