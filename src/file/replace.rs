//! Putting a whole file in place, or nothing.

use super::error::{Reason, directory};
use crate::system::filesystem::open;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::Path;

/// A complete, synced file under a temporary name. Dropping it removes the name, unless [`TempFile::keep`] was called.
struct TempFile<'a> {
    path: Option<&'a Path>,
    file: File,
}

impl TempFile<'_> {
    fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for TempFile<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Replaces `path` by `content`: atomically, durably, with exactly this mode and group. Returns the attributes of the
/// new file and the error of a directory fsync that failed after the rename.
///
/// Up to and including the rename an error leaves the old file as it was. `before_rename` gets the path of the
/// complete temporary file.
pub(crate) fn replace(
    path: &Path,
    temporary: &Path,
    content: &[u8],
    mode: u32,
    group: Option<u32>,
    before_rename: impl FnOnce(&Path),
) -> Result<(Metadata, Option<io::Error>), Reason> {
    let temp = write(temporary, content, mode, group)?;
    before_rename(temporary);
    // Asked before the rename: a change after it is the work of another process.
    let found = temp.file.metadata()?;
    fs::rename(temporary, path)?;
    temp.keep();
    Ok((found, sync_directory(path).err()))
}

/// Writes `content` durably to a path that does not exist; an existing file is an error (`AlreadyExists`) and stays as
/// it is. Returns the error of a directory fsync that failed afterwards.
pub(crate) fn create(path: &Path, temporary: &Path, content: &[u8], mode: u32) -> Result<Option<io::Error>, Reason> {
    let temp = write(temporary, content, mode, None)?;
    // A hard link gives a complete file a name and never replaces another file (link(2), EEXIST).
    match fs::hard_link(temporary, path) {
        Ok(()) => {}
        // vfat has no hard links: the file is written under its own name with O_EXCL.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EOPNOTSUPP)) => {
            write(path, content, mode, None)?.keep();
        }
        Err(error) => return Err(error.into()),
    }
    drop(temp);
    Ok(sync_directory(path).err())
}

fn write<'a>(path: &'a Path, content: &[u8], mode: u32, group: Option<u32>) -> Result<TempFile<'a>, Reason> {
    let file = open(path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW)?;
    let mut temp = TempFile { path: Some(path), file };
    temp.file.write_all(content)?;
    // The group first: a wide mode must never be combined with the wrong group.
    if let Some(gid) = group {
        set_group(&temp.file, gid)?;
    }
    temp.file.set_permissions(Permissions::from_mode(mode))?;
    temp.file.sync_all()?;
    Ok(temp)
}

fn set_group(file: &File, gid: u32) -> Result<(), Reason> {
    loop {
        match fchown(file, None, Some(gid)) {
            Ok(()) => return Ok(()),
            // Unlike std's other calls, fchown is not repeated after a signal.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => return Err(Reason::Group { gid, error }),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Without the fsync of the directory a power cut may undo the rename.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    open(directory(path), libc::O_RDONLY)?.sync_all()
}
