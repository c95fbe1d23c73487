//! Events about inodes (inotify(7)).

use super::{c_string, check};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;

/// A watch on an inode. It lasts under any name of the inode, until that is deleted or the watch is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched(libc::c_int);

/// A queue of events about the watched inodes.
pub(crate) struct Inotify(OwnedFd);

impl Inotify {
    /// Opens a queue. EMFILE: the user's limit is reached, `fs.inotify.max_user_instances` (128 by default).
    pub(crate) fn open() -> io::Result<Inotify> {
        // SAFETY: inotify_init1 takes flags only.
        let fd = check(unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) })?;
        // SAFETY: the descriptor is new and has no other owner.
        Ok(Inotify(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Watches a file: content, mode, owner, name, deletion.
    pub(crate) fn watch_file(&self, path: &Path) -> io::Result<Watched> {
        self.watch(
            path,
            libc::IN_MODIFY | libc::IN_ATTRIB | libc::IN_MOVE_SELF | libc::IN_DELETE_SELF | libc::IN_DONT_FOLLOW,
        )
    }

    /// Watches a directory for its own deletion or move only, so that events of its children never wake the keeper.
    pub(crate) fn watch_directory(&self, path: &Path) -> io::Result<Watched> {
        self.watch(path, libc::IN_MOVE_SELF | libc::IN_DELETE_SELF | libc::IN_ONLYDIR)
    }

    /// Watches a symbolic link itself for its deletion or move.
    pub(crate) fn watch_link(&self, path: &Path) -> io::Result<Watched> {
        self.watch(path, libc::IN_MOVE_SELF | libc::IN_DELETE_SELF | libc::IN_DONT_FOLLOW)
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

    /// Discards the queued events: the caller checks the file itself next.
    pub(crate) fn drain(&self) {
        // Small, because a page of the stack stays resident; an event with the longest name (272 bytes) fits.
        let mut events = [0u8; 512];
        // Bounded, because another process may fill the queue without a pause; what is left wakes the keeper again.
        for _ in 0..256 {
            // SAFETY: the buffer is writable and has the given length.
            let read = unsafe { libc::read(self.0.as_raw_fd(), events.as_mut_ptr().cast(), events.len()) };
            if read <= 0 {
                break;
            }
        }
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
