//! What was written, and how it differs from what stands there now.

use crate::system::descriptor::read_at_most;
use crate::system::filesystem::open;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What stands in the file when nobody has touched it.
pub struct Written {
    /// Every byte of it.
    pub content: Vec<u8>,
    mode: u32,
    owner: (u32, u32),
}

impl Written {
    /// `found` is what the file was like when it got its name: some file systems ignore what is asked.
    pub fn new(content: &[u8], found: &Metadata) -> Written {
        Written { content: content.to_vec(), mode: found.mode(), owner: (found.uid(), found.gid()) }
    }

    /// What was seen when it is not equal to what was written.
    pub fn compare(&self, path: &Path) -> Result<(), String> {
        let file = open(path, libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
        let found = file.as_ref().map_or_else(|_| fs::symlink_metadata(path), File::metadata);
        let found = found.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "it is gone".to_owned(),
            _ => format!("it cannot be examined: {error}"),
        })?;
        if found.mode() & libc::S_IFMT != self.mode & libc::S_IFMT {
            return Err("it is no ordinary file any more".into());
        }
        if found.mode() != self.mode {
            return Err(format!(
                "its mode is {:04o} instead of {:04o}; if that is what you want, say so with --out-mode",
                found.mode() & 0o7777,
                self.mode & 0o7777
            ));
        }
        if (found.uid(), found.gid()) != self.owner {
            return Err(format!(
                "its owner is {}:{} instead of {}:{}; another group is asked for with --out-group",
                found.uid(),
                found.gid(),
                self.owner.0,
                self.owner.1
            ));
        }
        let content = file
            .and_then(|file| read_at_most(&file, self.content.len() + 1))
            .map_err(|error| format!("it cannot be read: {error}"))?;
        if content != self.content {
            return Err(if content.is_empty() { "it is empty" } else { "its content is not what was written" }.into());
        }
        Ok(())
    }
}
