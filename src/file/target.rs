//! Which file is meant: the name behind symbolic links, and the names that live beside it.

use super::failure::{KEY, directory, refused, unwritten};
use crate::failure::Failure;
use crate::system::filesystem::longest_name;
use crate::system::{effective_uid, random};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How many symbolic links the kernel follows, too (path_resolution(7)).
const LINKS: usize = 40;

/// The longest file name, in bytes, where the file system does not say (NAME_MAX of nearly every one on Linux).
const NAME_MAX: usize = 255;

/// The shortest limit that is believed; below it (8.3 names) no name beside the file could be told from another.
const SHORTEST_NAME_MAX: usize = 64;

/// A file to be replaced: an ordinary file, or nothing yet, in a directory.
pub struct Target {
    path: PathBuf,
    name_max: usize,
}

impl Target {
    /// Follows symbolic links once, to the real file that `what` is written to, and refuses whatever a rename would destroy.
    pub fn resolve(what: &str, path: &Path) -> Result<Target, Failure> {
        // Before anything is made of it: an absolute path has lost its last dot.
        let is_directory = is_directory_name(path);
        let mut path = absolute(path);
        for _ in 0..LINKS {
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => path = behind(what, &path, &found)?,
                Ok(found) if found.is_file() => return Ok(Target::beside(&path)),
                Ok(found) => return Err(not_a_file(what, &path, &found)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return if is_directory || is_directory_name(&path) {
                        Err(refused(what, &path, &"it names a directory, which is not there", &"name an ordinary file"))
                    } else {
                        Ok(Target::beside(&path))
                    };
                }
                Err(error) => return Err(unwritten(what, &path, &error)),
            }
        }
        Err(refused(what, &path, &"its symbolic links lead in a circle", &"name the file itself"))
    }

    /// The file of this very name, whatever it is.
    pub fn beside(path: &Path) -> Target {
        let longest = longest_name(directory(path)).unwrap_or(NAME_MAX);
        Target { path: path.to_path_buf(), name_max: longest.clamp(SHORTEST_NAME_MAX, NAME_MAX) }
    }

    /// The real file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that holds it.
    pub fn directory(&self) -> &Path {
        directory(&self.path)
    }

    /// The lock beside it: `.NAME.lock`.
    pub fn lock(&self) -> PathBuf {
        self.sibling(b".lock")
    }

    /// A name for a temporary file beside it that nobody else has; `what` ([`BADGE`](super::failure::BADGE) or [`KEY`])
    /// is to be written.
    pub fn new_temporary(&self, what: &str) -> Result<PathBuf, Failure> {
        let random = random::bytes().map_err(|error| unwritten(what, &self.path, &error))?;
        Ok(self.temporary(random))
    }

    /// A temporary file beside it: `.NAME.XXXXXXXX.tmp`.
    fn temporary(&self, random: [u8; 4]) -> PathBuf {
        let random = u32::from_be_bytes(random);
        self.sibling(format!(".{random:08x}.tmp").as_bytes())
    }

    /// Whether `name` is a temporary file of this target, left by a keeper that was killed.
    pub fn is_temporary(&self, name: &OsStr) -> bool {
        let Some(model) = self.temporary([0; 4]).file_name().map(OsStr::to_os_string) else {
            return false;
        };
        let (model, name) = (model.as_bytes(), name.as_bytes());
        let random = model.len() - b"00000000.tmp".len();
        name.len() == model.len()
            && name[..random] == model[..random]
            && name[random..random + 8].iter().all(u8::is_ascii_hexdigit)
            && name.ends_with(b".tmp")
    }

    /// Whether `other` has a name beside this file that is the keeper's own: the lock's, or a temporary file's.
    pub fn claims(&self, other: &Path) -> bool {
        is_same(directory(other), self.directory())
            && other.file_name().is_some_and(|name| Some(name) == self.lock().file_name() || self.is_temporary(name))
    }

    /// Whether `other` is this very file, under whatever name.
    pub fn is_same_file(&self, other: &Path) -> bool {
        match (fs::metadata(&self.path), fs::metadata(other)) {
            (Ok(_), Ok(_)) => is_same(&self.path, other),
            _ => Target::resolve(KEY, other).is_ok_and(|other| self.is_same_name(&other)),
        }
    }

    /// Whether both are one name in one directory; neither file has to be there.
    fn is_same_name(&self, other: &Target) -> bool {
        self.path.file_name() == other.path.file_name() && is_same(self.directory(), other.directory())
    }

    /// A dot-prefixed name beside the file. One that would be too long is cut and made unique by its hash.
    fn sibling(&self, ending: &[u8]) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().as_bytes();
        let longest = self.name_max - 1 - b".00000000.tmp".len();
        let mut sibling = vec![b'.'];
        if name.len() <= longest {
            sibling.extend_from_slice(name);
        } else {
            let hash = format!("~{:016x}", fnv1a(name));
            // Not within a character: some file systems refuse names that are no UTF-8.
            let cut = (0..=longest - hash.len()).rfind(|end| name[*end] & 0xc0 != 0x80).unwrap_or_default();
            sibling.extend_from_slice(&name[..cut]);
            sibling.extend_from_slice(hash.as_bytes());
        }
        sibling.extend_from_slice(ending);
        self.directory().join(OsString::from_vec(sibling))
    }
}

/// The path from the root on, so that a working directory that was made again is found again. Where that way is
/// closed to us, the path as it is.
fn absolute(path: &Path) -> PathBuf {
    match std::path::absolute(path) {
        Ok(absolute) if !is_same(directory(path), directory(&absolute)) && directory(path).is_dir() => path.into(),
        Ok(absolute) => absolute,
        Err(_) => path.into(),
    }
}

/// Whether two paths lead to one file or directory that is there.
fn is_same(one: &Path, other: &Path) -> bool {
    is_one(fs::metadata(one), fs::metadata(other))
}

/// Whether both were found and are one inode.
pub(super) fn is_one(one: io::Result<fs::Metadata>, other: io::Result<fs::Metadata>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Whether a path can only be a directory's: `new/`, `new/.`, `new/..`
fn is_directory_name(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    path.file_name().is_none() || bytes.ends_with(b"/") || bytes.ends_with(b"/.")
}

/// Where a symbolic link leads. The kernel's rules are kept: some links only it can follow (those of /proc), and in
/// a directory where anybody may plant one it follows only ours and the directory's owner's
/// (`protected_symlinks`, proc_sys_fs(5)).
fn behind(what: &str, path: &Path, link: &fs::Metadata) -> Result<PathBuf, Failure> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(not_a_file(what, path, &found)),
        Ok(_) if path.starts_with("/proc") && directory(path).ends_with("fd") => {
            let cure = "name an ordinary file; badge issue prints to stdout by itself";
            return Err(refused(what, path, &"it is an open descriptor and no file of its own", &cure));
        }
        _ => {}
    }
    let parent = fs::metadata(directory(path)).map_err(|error| unwritten(what, path, &error))?;
    let anybodys = parent.mode() & 0o1002 == 0o1002;
    if anybodys && link.uid() != effective_uid() && link.uid() != parent.uid() {
        return Err(refused(
            what,
            path,
            &format_args!("it is a symbolic link of uid {} in a directory where anybody may put one", link.uid()),
            &"remove it, or name the file itself",
        ));
    }
    let link = fs::read_link(path).map_err(|error| unwritten(what, path, &error))?;
    Ok(directory(path).join(link))
}

/// FNV-1a, 64 bits: the name must be the same in every release, which std's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn not_a_file(what: &str, path: &Path, found: &fs::Metadata) -> Failure {
    let kind = found.file_type();
    let kind = match () {
        () if kind.is_dir() => "it is a directory",
        () if kind.is_fifo() => "it is a FIFO",
        () if kind.is_socket() => "it is a socket",
        () => "it is a device",
    };
    refused(what, path, &format_args!("{kind}, and replacing it would destroy it"), &"name an ordinary file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target { path: Path::new("/run/badges").join(name), name_max: 255 }
    }

    #[test]
    fn the_lock_and_the_temporary_file_live_beside_the_badge() {
        let badge = target("badge.jwt");
        assert_eq!(badge.lock(), Path::new("/run/badges/.badge.jwt.lock"));
        assert_eq!(badge.temporary([0, 1, 0xab, 0xcd]), Path::new("/run/badges/.badge.jwt.0001abcd.tmp"));
    }

    #[test]
    fn names_beside_the_longest_name_still_fit_and_differ() {
        let (one, other) = ("a".repeat(255), format!("{}b", "a".repeat(254)));
        let length = |path: PathBuf| path.file_name().unwrap().len();
        assert!(length(target(&one).temporary([0xff; 4])) <= 255);
        assert!(length(target(&one).lock()) <= 255);
        assert_ne!(target(&one).lock(), target(&other).lock());
    }

    /// eCryptfs takes 143 bytes.
    #[test]
    fn names_beside_fit_where_names_must_be_shorter() {
        for length in [63, 64, 129, 130, 143] {
            let badge = Target { path: Path::new("/run").join("a".repeat(length)), name_max: 143 };
            assert!(badge.temporary([0xff; 4]).file_name().unwrap().len() <= 143);
            assert!(badge.is_temporary(badge.temporary([0xff; 4]).file_name().unwrap()));
            assert!(!badge.is_temporary(badge.lock().file_name().unwrap()));
        }
    }

    #[test]
    fn a_name_is_never_cut_within_a_character() {
        for pad in 0..4 {
            let name = format!("{}{}", "x".repeat(pad), "日本".repeat(42));
            assert!(target(&name).lock().to_str().is_some() && target(&name).temporary([0; 4]).to_str().is_some());
        }
    }

    #[test]
    fn only_its_own_temporary_files_are_its_own() {
        let badge = target("badge.jwt");
        assert!(badge.is_temporary(OsStr::new(".badge.jwt.0001abcd.tmp")));
        for other in [".badge.jwt.lock", ".other.jwt.0001abcd.tmp", ".badge.jwt.0001abcg.tmp", "badge.jwt", ""] {
            assert!(!badge.is_temporary(OsStr::new(other)), "{other}");
        }
    }
}
