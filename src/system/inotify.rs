//! Being told of changes to an inode (inotify(7)).

use super::{c_string, check};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;

/// One watched inode. It stays watched under whatever name it has, until it is gone or unwatched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Watched(libc::c_int);

/// A queue of events about the inodes that are watched.
pub struct Inotify(OwnedFd);

impl Inotify {
    /// Opens a queue. EMFILE: the user has as many as `fs.inotify.max_user_instances` allows (128 by default).
    pub fn open() -> io::Result<Inotify> {
        // SAFETY: inotify_init1 takes flags only.
        let fd = check(unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) })?;
        // SAFETY: the descriptor was opened just now and nobody else owns it.
        Ok(Inotify(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Watches a file for everything that can make it another one: content, mode, owner, name, end.
    pub fn watch_file(&self, path: &Path) -> io::Result<Watched> {
        self.watch(
            path,
            libc::IN_MODIFY | libc::IN_ATTRIB | libc::IN_MOVE_SELF | libc::IN_DELETE_SELF | libc::IN_DONT_FOLLOW,
        )
    }

    /// Watches a directory for its own end only, so that its children never wake anybody.
    pub fn watch_directory(&self, path: &Path) -> io::Result<Watched> {
        self.watch(path, libc::IN_MOVE_SELF | libc::IN_DELETE_SELF | libc::IN_ONLYDIR)
    }

    /// Watches a symbolic link itself for its own end.
    pub fn watch_link(&self, path: &Path) -> io::Result<Watched> {
        self.watch(path, libc::IN_MOVE_SELF | libc::IN_DELETE_SELF | libc::IN_DONT_FOLLOW)
    }

    fn watch(&self, path: &Path, mask: u32) -> io::Result<Watched> {
        let path = c_string(path)?;
        // SAFETY: the path is a NUL-terminated string that outlives the call.
        check(unsafe { libc::inotify_add_watch(self.0.as_raw_fd(), path.as_ptr(), mask) }).map(Watched)
    }

    /// Watches this inode no more. One that is gone already needs no word.
    pub fn unwatch(&self, watched: Watched) {
        // SAFETY: inotify_rm_watch takes two integers; an unknown one is an error that does no harm.
        unsafe { libc::inotify_rm_watch(self.0.as_raw_fd(), watched.0) };
    }

    /// Throws away what is queued: the file itself is looked at next, and it tells more than any event.
    pub fn drain(&self) {
        // Small, because its page of the stack stays; one event fits, with the longest name too.
        let mut events = [0u8; 512];
        // So many reads empty any queue that is not being filled all the time; what is left wakes us once more.
        for _ in 0..256 {
            // SAFETY: the buffer is writable and as long as said.
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
