//! Putting a whole file in place, or nothing.

use super::failure::directory;
use crate::system::filesystem::open;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::Path;

/// Removes the temporary file unless it got its final name.
struct Unfinished<'a>(Option<&'a Path>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

/// Why nothing was replaced.
pub struct Unreplaced {
    /// What the system said.
    pub error: io::Error,
    /// It said so when the file was given to its group.
    pub at_group: bool,
}

impl From<io::Error> for Unreplaced {
    fn from(error: io::Error) -> Unreplaced {
        Unreplaced { error, at_group: false }
    }
}

/// What the file was like when it got its name, and a directory fsync that failed after it did.
pub type Replaced = (Metadata, Option<io::Error>);

/// Replaces `path` by `content`: atomically, durably, with exactly this mode and group.
///
/// Up to and including the rename a failure leaves the old file as it was, byte for byte. `before_rename` is
/// escaped the complete temporary file while nobody else can know of it.
pub fn replace(
    path: &Path,
    temporary: &Path,
    content: &[u8],
    mode: u32,
    group: Option<u32>,
    before_rename: impl FnOnce(&Path),
) -> Result<Replaced, Unreplaced> {
    let (mut unfinished, file) = write(temporary, content, mode, group)?;
    before_rename(temporary);
    // Before anybody knows the name: whatever is changed later is somebody else's doing.
    let found = file.metadata()?;
    fs::rename(temporary, path)?;
    unfinished.0 = None;
    Ok((found, sync_directory(path).err()))
}

/// Writes `content` under a name that is still free, durably; an existing file is an error (`AlreadyExists`)
/// and stays as it is. The answer is a directory fsync that failed after the file stood.
pub fn create(path: &Path, temporary: &Path, content: &[u8], mode: u32) -> io::Result<Option<io::Error>> {
    let unfinished = write(temporary, content, mode, None).map_err(|unreplaced| unreplaced.error)?;
    // A hard link is the one way to name a complete file that never replaces another (link(2), EEXIST).
    match fs::hard_link(temporary, path) {
        Ok(()) => {}
        // vfat and others know no links: there the file is written under its own name, which must be free as well.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EOPNOTSUPP)) => {
            write(path, content, mode, None).map_err(|unreplaced| unreplaced.error)?.0.0 = None;
        }
        Err(error) => return Err(error),
    }
    drop(unfinished);
    Ok(sync_directory(path).err())
}

fn write<'a>(
    path: &'a Path,
    content: &[u8],
    mode: u32,
    group: Option<u32>,
) -> Result<(Unfinished<'a>, File), Unreplaced> {
    let mut file = open(path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW)?;
    let unfinished = Unfinished(Some(path));
    file.write_all(content)?;
    // The group first: a wide mode must never stand beside the wrong group.
    if group.is_some() {
        give(&file, group)
            .map_err(|error| Unreplaced { at_group: error.raw_os_error() == Some(libc::EPERM), error })?;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    Ok((unfinished, file))
}

/// std makes every other call here again when a signal came in between, but not this one.
fn give(file: &File, group: Option<u32>) -> io::Result<()> {
    loop {
        match fchown(file, None, group) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            given => return given,
        }
    }
}

/// Without this the rename itself may be lost at a power cut.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    open(directory(path), libc::O_RDONLY)?.sync_all()
}
