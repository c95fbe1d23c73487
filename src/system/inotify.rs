//! Events about inodes (inotify(7)).

use super::{c_string, check, opened};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

/// A watch on an inode. It lasts under any name of the inode, until that is deleted or the watch is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched(libc::c_int);

/// A queue of events about the watched inodes.
pub(crate) struct Inotify(File);

/// The inode itself is moved or deleted.
const MOVED: u32 = libc::IN_MOVE_SELF | libc::IN_DELETE_SELF;

impl Inotify {
    /// Opens a queue. EMFILE: the user's limit is reached, `fs.inotify.max_user_instances` (128 by default).
    pub(crate) fn open() -> io::Result<Inotify> {
        // SAFETY: inotify_init1 takes flags only; its descriptor has no other owner.
        unsafe { opened(libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC)) }.map(Inotify)
    }

    /// Watches a file: content, mode, owner, name, deletion.
    pub(crate) fn watch_file(&self, path: &Path) -> io::Result<Watched> {
        self.watch(path, libc::IN_MODIFY | libc::IN_ATTRIB | MOVED | libc::IN_DONT_FOLLOW)
    }

    /// Watches a directory for its own deletion or move only, so that events of its children never wake the keeper. With
    /// IN_DONT_FOLLOW in `flags` a symbolic link is an error (ENOTDIR).
    pub(crate) fn watch_directory(&self, path: &Path, flags: u32) -> io::Result<Watched> {
        self.watch(path, MOVED | libc::IN_ONLYDIR | flags)
    }

    /// Watches a symbolic link itself for its deletion or move.
    pub(crate) fn watch_link(&self, path: &Path) -> io::Result<Watched> {
        self.watch(path, MOVED | libc::IN_DONT_FOLLOW)
    }

    fn watch(&self, path: &Path, mask: u32) -> io::Result<Watched> {
        let path = c_string(path)?;
        // SAFETY: the path is a NUL-terminated string that outlives the call.
        check(unsafe { libc::inotify_add_watch(self.0.as_raw_fd(), path.as_ptr(), mask) }).map(Watched)
    }

    /// Removes a watch, if it still exists.
    pub(crate) fn unwatch(&self, watched: Watched) {
        // SAFETY: inotify_rm_watch takes two integers; an unknown watch is an error without an effect.
        unsafe { libc::inotify_rm_watch(self.0.as_raw_fd(), watched.0) };
    }

    /// Takes the queued events. `each` gets the watch of an event, `None` after events were lost (IN_Q_OVERFLOW), and
    /// whether the event is only that the inode was moved.
    pub(crate) fn take(&self, mut each: impl FnMut(Option<Watched>, bool)) {
        // Small, because a page of the stack stays resident. No event has a name: only names in a directory have one.
        let mut events = [0u8; 512];
        // Bounded, because another process may fill the queue without a pause; what is left wakes the keeper again.
        for _ in 0..256 {
            let read = (&self.0).read(&mut events).unwrap_or_default();
            // An event is a watch, a mask, and two members that are unused here.
            for [watch, mask, ..] in events[..read].as_chunks::<4>().0.as_chunks::<4>().0 {
                let watch = libc::c_int::from_ne_bytes(*watch);
                let is_move = u32::from_ne_bytes(*mask) == libc::IN_MOVE_SELF;
                each((watch != -1).then_some(Watched(watch)), is_move);
            }
            if read < events.len() {
                break;
            }
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
