#![forbid(unsafe_code)]
//! Which file is meant: the name behind symbolic links, and the names that live beside it.

use super::failure::{directory, refused, unwritten};
use crate::failure::Failure;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How many symbolic links the kernel follows, too (path_resolution(7)).
const LINKS: usize = 40;

/// The longest file name, in bytes (NAME_MAX of every common Linux file system).
const NAME_MAX: usize = 255;

/// A file to be replaced: an ordinary file, or nothing yet, in a directory.
pub struct Target {
    path: PathBuf,
}

impl Target {
    /// Follows symbolic links once, to the real file, and refuses whatever a rename would destroy.
    pub fn resolve(path: &Path) -> Result<Target, Failure> {
        let mut path = path.to_path_buf();
        for _ in 0..LINKS {
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    let link = fs::read_link(&path).map_err(|e| unwritten(&path, &e))?;
                    path = directory(&path).join(link);
                }
                Ok(found) if found.is_file() => return Ok(Target { path }),
                Ok(found) => return Err(not_a_file(&path, &found)),
                Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => {
                    return Ok(Target { path });
                }
                Err(error) => return Err(unwritten(&path, &error)),
            }
        }
        Err(refused(&path, "its symbolic links lead in a circle", "name the file itself"))
    }

    /// The file of this very name, whatever it is.
    pub fn beside(path: &Path) -> Target {
        Target { path: path.to_path_buf() }
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

    /// A temporary file beside it: `.NAME.XXXXXXXX.tmp`.
    pub fn temporary(&self, random: [u8; 4]) -> PathBuf {
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

    /// Whether `other` is this very file, under whatever name.
    pub fn is_same_file(&self, other: &Path) -> bool {
        match (fs::metadata(&self.path), fs::metadata(other)) {
            (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
            _ => Target::resolve(other).is_ok_and(|other| other.path == self.path),
        }
    }

    /// A dot-prefixed name beside the file. One that would be too long is cut and made unique by its hash.
    fn sibling(&self, ending: &[u8]) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().as_bytes();
        let longest = NAME_MAX - 1 - b".00000000.tmp".len();
        let mut sibling = vec![b'.'];
        if name.len() <= longest {
            sibling.extend_from_slice(name);
        } else {
            let hash = format!("~{:016x}", fnv1a(name));
            sibling.extend_from_slice(&name[..longest - hash.len()]);
            sibling.extend_from_slice(hash.as_bytes());
        }
        sibling.extend_from_slice(ending);
        self.directory().join(OsString::from_vec(sibling))
    }
}

/// FNV-1a, 64 bits: the name must be the same in every release, which std's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn not_a_file(path: &Path, found: &fs::Metadata) -> Failure {
    let kind = found.file_type();
    let what = match () {
        () if kind.is_dir() => "it is a directory",
        () if kind.is_fifo() => "it is a FIFO",
        () if kind.is_socket() => "it is a socket",
        () => "it is a device",
    };
    refused(path, format!("{what}, and replacing it would destroy it"), "name an ordinary file with --out")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target { path: Path::new("/run/badges").join(name) }
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

    #[test]
    fn only_its_own_temporary_files_are_its_own() {
        let badge = target("badge.jwt");
        assert!(badge.is_temporary(OsStr::new(".badge.jwt.0001abcd.tmp")));
        for other in [".badge.jwt.lock", ".other.jwt.0001abcd.tmp", ".badge.jwt.0001abcg.tmp", "badge.jwt", ""] {
            assert!(!badge.is_temporary(OsStr::new(other)), "{other}");
        }
    }
}
