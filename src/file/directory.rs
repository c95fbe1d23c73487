//! The directory of a file, opened so that no other user can exchange a component of its path for a symbolic link.

use super::error::Reason;
use crate::system::effective_uid;
use crate::system::filesystem::{Directory, read_link};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How many symbolic links the kernel follows (path_resolution(7)).
pub(super) const MAX_LINKS: usize = 40;

/// Opens a directory, and returns the symbolic links in its path, too. A link is followed if it is one of `known` (`None`:
/// all are), or if no other user can have put it there.
///
/// Resolves the path as the kernel does, one component after the other, each in the directory that is held open: nothing
/// changes between the check of a link and its use.
pub(super) fn open(path: &Path, known: Option<&[PathBuf]>) -> Result<(Directory, Vec<PathBuf>), Reason> {
    let mut links = Vec::new();
    // One system call where the path has no symbolic link.
    if let Ok(directory) = Directory::open_without_links(path) {
        return Ok((directory, links));
    }
    let mut directory = Directory::open(Path::new(if path.is_absolute() { "/" } else { "." }))?;
    let (mut here, mut rest) = (PathBuf::new(), path.to_path_buf());
    loop {
        let mut components = rest.components();
        let Some(name) = components.next() else { return Ok((directory.readable(), links)) };
        let (name, after): (&Path, _) = (name.as_ref(), components.as_path());
        let at = here.join(name);
        let next = match directory.enter(name, libc::O_NOFOLLOW) {
            Ok(next) => next,
            Err(error) => {
                let link = directory.open_file(name, libc::O_PATH | libc::O_NOFOLLOW)?;
                let (parent, found) = (directory.metadata()?, link.metadata()?);
                if !found.is_symlink() {
                    return Err(error.into());
                }
                let is_known = known.is_none_or(|known| known.iter().any(|link| link.as_os_str() == at.as_os_str()));
                if !may_follow((parent.uid(), parent.mode()), found.uid(), is_known, effective_uid()) {
                    return Err(Reason::ParentSymlink { link: at, owner: found.uid() });
                }
                if links.len() == MAX_LINKS {
                    return Err(Reason::SymlinkLoop);
                }
                links.push(at.clone());
                // /proc/PID/root and cwd are more than the path that readlink(2) returns.
                if !at.as_os_str().as_bytes().starts_with(b"/proc/") {
                    rest = read_link(&link)?.join(after);
                    continue;
                }
                directory.enter(name, 0)?
            }
        };
        (directory, here, rest) = (next, at, after.to_path_buf());
    }
}

/// Opens a file for reading, without blocking. No link in its path may be another user's, and the file itself none.
pub(crate) fn open_without_foreign_links(path: &Path) -> Result<File, Reason> {
    let (directory, _) = open(super::error::directory(path), Some(&[]))?;
    Ok(directory.open_file(path, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW)?)
}

/// Whether a symbolic link in a directory is followed. In a directory that another user can write to, only a known one
/// is; in a sticky one also a link of root's or ours. Another user's link in a sticky directory never is, as in the
/// kernel (`protected_symlinks`, proc_sys_fs(5)).
fn may_follow((owner, mode): (u32, u32), link_owner: u32, known: bool, us: u32) -> bool {
    let is_ours = |uid| uid == us || uid == 0;
    let (shared, sticky) = (mode & 0o022 != 0, mode & libc::S_ISVTX != 0);
    let replaceable = shared && sticky && !is_ours(link_owner) && link_owner != owner;
    !replaceable && (known || is_ours(owner) && (sticky || !shared))
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: u32 = 1000;
    const OTHER: u32 = 1001;

    #[test]
    fn a_new_symlink_may_follow_only_where_no_other_user_can_put_it() {
        for owner in [0, US] {
            for mode in [0o755, 0o700, 0o1755] {
                assert!(may_follow((owner, mode), OTHER, false, US), "{owner} {mode:o}");
            }
            for mode in [0o775, 0o757, 0o777] {
                assert!(!may_follow((owner, mode), US, false, US), "{owner} {mode:o}");
            }
            for (link, followed) in [(0, true), (US, true), (OTHER, false)] {
                assert_eq!(may_follow((owner, 0o1777), link, false, US), followed, "{owner} {link}");
            }
        }
        for mode in [0o755, 0o1755, 0o1777, 0o777] {
            assert!(!may_follow((OTHER, mode), OTHER, false, US), "{mode:o}");
            assert!(!may_follow((OTHER, mode), US, false, US), "{mode:o}");
        }
    }

    #[test]
    fn a_symlink_of_the_start_may_follow_unless_another_user_put_it_into_a_sticky_directory() {
        for directory in [(0, 0o755), (US, 0o777), (OTHER, 0o777), (OTHER, 0o1777)] {
            assert!(may_follow(directory, OTHER, true, US), "{directory:?}");
        }
        for (owner, mode) in [(0, 0o1777), (US, 0o1777), (US, 0o1770)] {
            assert!(!may_follow((owner, mode), OTHER, true, US), "{owner} {mode:o}");
            assert!(may_follow((owner, mode), US, true, US) && may_follow((owner, mode), 0, true, US));
        }
    }
}
