//! Putting a whole file in place, or nothing.

use super::error::Reason;
use super::target::Target;
use crate::system::filesystem::Directory;
use crate::system::retry;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::Path;

/// Permission bits, owner and group of a new file; `None`: those of the process.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    pub mode: u32,
    pub user: Option<u32>,
    pub group: Option<u32>,
    /// The file survives a power cut.
    pub durable: bool,
}

/// Replaces `target` by `content`, as [`replace_in`].
pub(crate) fn replace(target: &Target, content: &[u8], access: Access) -> Result<Option<io::Error>, Reason> {
    let replaced = replace_in(&target.open_directory()?, target, content, access, &mut |_| true);
    replaced.map(|(_, sync_error)| sync_error)
}

/// Replaces `target`, which is in `directory`, by `content`: atomically, with exactly this access. Returns the
/// attributes of the new file and the error of a directory fsync that failed after the rename.
///
/// Up to and including the rename an error leaves the old file as it was. `before_rename` gets the path of the
/// complete temporary file, and may refuse to put it in place ([`Reason::Unwanted`]).
pub(super) fn replace_in(
    directory: &Directory,
    target: &Target,
    content: &[u8],
    access: Access,
    before_rename: &mut dyn FnMut(&Path) -> bool,
) -> Result<(Metadata, Option<io::Error>), Reason> {
    let temporary = target.new_temporary()?;
    let file = write(directory, &temporary, content, access)?;
    let replaced = if before_rename(&temporary) {
        // The attributes are asked before the rename: a change after it is the work of another process.
        let attributes = file.metadata();
        attributes.and_then(|found| directory.rename(&temporary, target.path()).map(|()| found)).map_err(Reason::Io)
    } else {
        Err(Reason::Unwanted)
    };
    // The sync of the directory needs a descriptor, which may be the last one.
    drop(file);
    if replaced.is_err() {
        let _ = directory.remove(&temporary);
    }
    Ok((replaced?, access.durable.then(|| directory.sync().err()).flatten()))
}

/// Removes what killed processes left beside `target`. Without a lock: a write of another process that is under way fails.
pub(crate) fn remove_temporaries(target: &Target) {
    if let Ok(directory) = target.open_directory() {
        target.remove_temporaries(&directory);
    }
}

/// Writes `content` durably to a path that does not exist; an existing file is an error (`AlreadyExists`) and stays as
/// it is. Returns the error of a directory fsync that failed afterwards.
pub(crate) fn create(target: &Target, content: &[u8], mode: u32) -> Result<Option<io::Error>, Reason> {
    let (directory, temporary) = (target.open_directory()?, target.new_temporary()?);
    let access = Access { mode, user: None, group: None, durable: true };
    write(&directory, &temporary, content, access)?;
    // A hard link gives a complete file a name and never replaces another file (link(2), EEXIST).
    let linked = directory.link(&temporary, target.path());
    let _ = directory.remove(&temporary);
    match linked {
        // vfat has no hard links: the file is written under its own name with O_EXCL.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EOPNOTSUPP)) => {
            write(&directory, target.path(), content, access)?;
        }
        linked => linked?,
    }
    Ok(directory.sync().err())
}

/// Finds the errors of [`replace`] that do not depend on the content, by an empty temporary file.
pub(crate) fn probe(target: &Target, access: Access) -> Result<(), Reason> {
    let (directory, temporary) = (target.open_directory()?, target.new_temporary()?);
    write(&directory, &temporary, b"", access)?;
    Ok(directory.remove(&temporary)?)
}

/// Writes a complete file, synced if it is to be durable, to a path that does not exist. On an error no file is left there.
fn write(directory: &Directory, path: &Path, content: &[u8], access: Access) -> Result<File, Reason> {
    let file = directory.open_file(path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW)?;
    let filled = fill(&file, content, access);
    if filled.is_err() {
        let _ = directory.remove(path);
    }
    filled.map(|()| file)
}

fn fill(mut file: &File, content: &[u8], Access { mode, user, group, durable }: Access) -> Result<(), Reason> {
    file.write_all(content)?;
    // Owner and group first: a wide mode must never be combined with the wrong group.
    if user.is_some() || group.is_some() {
        // Unlike std's other calls, fchown is not repeated after a signal.
        retry(|| fchown(file, user, group)).map_err(|error| match (error.raw_os_error(), user, group) {
            (Some(libc::EPERM), Some(user), Some(group)) => Reason::Owner { user, group, error },
            (Some(libc::EPERM), None, Some(gid)) => Reason::Group { gid, error },
            _ => Reason::Io(error),
        })?;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    if durable { Ok(file.sync_all()?) } else { Ok(()) }
}
