//! What was written to the file, and how the file differs from it now.

use crate::system::descriptor::read_at_most;
use crate::system::filesystem::open;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Content and attributes of the file as it was written.
pub(super) struct Snapshot {
    pub content: Vec<u8>,
    /// As they were right before the rename: some file systems ignore the requested ones.
    pub attributes: Metadata,
}

/// How a file differs from its snapshot: in its permission bits (`Mode`), or in user id and group id (`Owner`).
#[derive(Debug)]
pub(crate) enum Damage {
    Deleted,
    NotRegular,
    Mode { found: u32, expected: u32 },
    Owner { found: (u32, u32), expected: (u32, u32) },
    Empty,
    Content,
    Unreadable(io::Error),
}

impl Snapshot {
    /// Compares the file at `path` with this snapshot.
    pub(super) fn compare(&self, path: &Path) -> Result<(), Damage> {
        let file = open(path, libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
        let found = file.as_ref().map_or_else(|_| fs::symlink_metadata(path), File::metadata);
        let found = found.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Damage::Deleted,
            _ => Damage::Unreadable(error),
        })?;
        if !found.is_file() {
            return Err(Damage::NotRegular);
        }
        let written = &self.attributes;
        if found.mode() != written.mode() {
            return Err(Damage::Mode { found: found.mode() & 0o7777, expected: written.mode() & 0o7777 });
        }
        let (owner, expected) = ((found.uid(), found.gid()), (written.uid(), written.gid()));
        if owner != expected {
            return Err(Damage::Owner { found: owner, expected });
        }
        match file
            .and_then(|file| read_at_most(&file, found.len(), self.content.len() + 1))
            .map_err(Damage::Unreadable)?
        {
            content if content == self.content => Ok(()),
            content if content.is_empty() => Err(Damage::Empty),
            _ => Err(Damage::Content),
        }
    }
}
