//! Being told when the file is no longer what was written: a watch on its inode, and on the end of its directory,
//! of those above it, and of links on the way.

use crate::system::filesystem;
use crate::system::inotify::{Inotify, Watched};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// What the kernel watches for us.
#[derive(Default)]
pub struct Watch {
    queue: Option<Inotify>,
    file: Option<Watched>,
    next: Option<Watched>,
    way: Vec<Watched>,
    failure: Option<io::Error>,
    remote: bool,
}

impl Watch {
    /// Readable when something happened; `None` where the kernel cannot tell.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.queue.as_ref().map(AsFd::as_fd)
    }

    /// Watches the file that is about to get its name, so that no moment of its life goes unseen.
    pub fn prepare(&mut self, temporary: &Path) {
        self.failure = None;
        self.next = None;
        let queue = match self.queue.take().map_or_else(Inotify::open, Ok) {
            Ok(queue) => queue,
            Err(error) => return self.failure = Some(error),
        };
        match queue.watch_file(temporary) {
            Ok(watched) => self.next = Some(watched),
            Err(error) => self.failure = Some(error),
        }
        self.queue = Some(queue);
    }

    /// The prepared file stands: it is the one that is watched from now on, and the way to it by what the path
    /// says now.
    pub fn settle(&mut self, directory: &Path) {
        let old = std::mem::replace(&mut self.file, self.next.take());
        self.remote = filesystem::is_remote(directory);
        let Some(queue) = &self.queue else { return };
        let parent = queue.watch_directory(directory);
        // Of what lies above, a part may be closed to us. That is no reason to look at the file all day: it only
        // matters where somebody moves a whole tree or turns a link, and the next badge finds its way by path.
        let mut way = Vec::new();
        for path in directory.ancestors().skip(1) {
            way.extend(queue.watch_directory(path));
        }
        for path in directory.ancestors() {
            if path.is_symlink() {
                way.extend(queue.watch_link(path));
            }
        }
        match parent {
            Ok(watched) => way.push(watched),
            Err(error) => self.failure = Some(error),
        }
        for old in old.into_iter().chain(self.way.drain(..)) {
            if Some(old) != self.file && !way.contains(&old) {
                queue.unwatch(old);
            }
        }
        self.way = way;
    }

    /// Watches what stands under the path now, whoever put it there. What is watched already stays so.
    pub fn follow(&mut self, path: &Path, directory: &Path) {
        self.prepare(path);
        self.settle(directory);
    }

    /// The prepared file did not come to stand.
    pub fn abandon(&mut self) {
        if let (Some(queue), Some(next)) = (&self.queue, self.next.take()) {
            queue.unwatch(next);
        }
    }

    /// Forgets what has been told so far; the file is looked at next.
    pub fn drain(&self) {
        if let Some(queue) = &self.queue {
            queue.drain();
        }
    }

    /// Why the kernel cannot tell of changes to the file; `None` when it can.
    pub fn blindness(&self) -> Option<String> {
        match &self.failure {
            Some(error) if error.raw_os_error() == Some(libc::EMFILE) => {
                Some("this user's limit of inotify instances is reached (fs.inotify.max_user_instances)".into())
            }
            Some(error) if error.raw_os_error() == Some(libc::ENOSPC) => {
                Some("the limit of inotify watches is reached (fs.inotify.max_user_watches)".into())
            }
            Some(error) => Some(format!("inotify: {error}")),
            None if self.remote => Some("it lies on a network or shared file system".into()),
            None => None,
        }
    }
}
