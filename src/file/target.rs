//! Which file is meant: the path behind symbolic links, and the names of the files beside it.

use super::directory::{self, MAX_LINKS};
use super::error::{FileError, Reason, directory};
use super::output::FileWarning;
use crate::system::filesystem::{self, Directory, FileSystem, file_system, open, read_link};
use crate::system::{effective_uid, random};
use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// The longest file name in bytes where the file system reports none (NAME_MAX).
const NAME_MAX: usize = 255;

/// The shortest reported limit that is believed: below it (8.3 names) the names beside the file would collide.
const MIN_NAME_MAX: usize = 64;

/// Opens a symbolic link itself.
const LINK: libc::c_int = libc::O_PATH | libc::O_NOFOLLOW;

/// A file to be replaced: a regular file or a free name, in a directory.
pub(crate) struct Target {
    path: PathBuf,
    name_max: usize,
    /// Other machines can change the files of its directory.
    pub is_remote: bool,
    /// The symbolic links that led to its directory when that was first opened.
    links: OnceCell<Vec<PathBuf>>,
}

impl Target {
    /// Follows symbolic links once, and refuses whatever a rename would destroy.
    pub(crate) fn resolve(path: &Path) -> Result<Target, Box<FileError>> {
        // Asked first: an absolute path has lost its last dot.
        let names_directory = is_directory_name(path);
        let mut path = absolute(path);
        for _ in 0..MAX_LINKS {
            let file_system = file_system(directory(&path));
            // A link there leads to an open file, which need not be the file of that name.
            if file_system.as_ref().is_some_and(FileSystem::is_procfs) {
                return Err(FileError::new(&path, Reason::OpenDescriptor));
            }
            match follow(&path, names_directory).map_err(|reason| FileError::new(&path, reason))? {
                Some(linked) => path = linked,
                None => return Ok(Target::on(file_system, path)),
            }
        }
        Err(FileError::new(&path, Reason::SymlinkLoop))
    }

    /// The file of exactly this name; a symbolic link is not followed.
    pub(crate) fn new(path: &Path) -> Target {
        Target::on(file_system(directory(path)), path.to_path_buf())
    }

    fn on(file_system: Option<FileSystem>, path: PathBuf) -> Target {
        let is_remote = file_system.as_ref().is_some_and(FileSystem::is_remote);
        let name_max = file_system.map_or(NAME_MAX, |found| found.longest_name).clamp(MIN_NAME_MAX, NAME_MAX);
        Target { path, name_max, is_remote, links: OnceCell::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn directory(&self) -> &Path {
        directory(&self.path)
    }

    /// Opens the directory that the path leads to now.
    pub(super) fn open_directory(&self) -> Result<Directory, Reason> {
        let (directory, links) = directory::open(self.directory(), self.links.get().map(Vec::as_slice))?;
        self.links.get_or_init(|| links);
        Ok(directory)
    }

    /// The path of its directory without symbolic links, after the directory was opened.
    pub(super) fn real_directory(&self) -> Option<PathBuf> {
        let path = self.directory();
        let is_real = path.is_absolute() && self.links.get().is_some_and(Vec::is_empty);
        if is_real && !path.components().any(|component| matches!(component, Component::ParentDir)) {
            return Some(path.into());
        }
        real_path(path)
    }

    /// The lock file: `.NAME.lock`.
    pub(super) fn lock(&self) -> PathBuf {
        self.sibling(b".lock")
    }

    /// An unpredictable name for a temporary file beside it.
    pub(super) fn new_temporary(&self) -> io::Result<PathBuf> {
        random::bytes().map(|random| self.temporary(random))
    }

    /// A temporary file: `.NAME.XXXXXXXX.tmp`.
    fn temporary(&self, random: [u8; 4]) -> PathBuf {
        self.sibling(format!(".{:08x}.tmp", u32::from_be_bytes(random)).as_bytes())
    }

    /// Whether `name` is a temporary file of this target, left behind by a killed process.
    pub(super) fn is_temporary(&self, name: &OsStr) -> bool {
        let prefix = self.sibling(b".");
        let prefix = prefix.file_name().unwrap_or_default().as_bytes();
        let random = name.as_bytes().strip_prefix(prefix).and_then(|rest| rest.strip_suffix(b".tmp"));
        random.is_some_and(|random| random.len() == 8 && random.iter().all(u8::is_ascii_hexdigit))
    }

    /// Removes temporary files that killed processes left in `directory`, its own.
    pub(super) fn remove_temporaries(&self, directory: &Directory) {
        for name in directory.names().iter().filter(|name| self.is_temporary(name)) {
            let _ = directory.remove(Path::new(name));
        }
    }

    /// Whether `other` has the name of this target's lock file or of a temporary file.
    pub(crate) fn reserves(&self, other: &Path) -> bool {
        other.file_name().is_some_and(|name| Some(name) == self.lock().file_name() || self.is_temporary(name))
            && is_same(directory(other), self.directory())
    }

    /// Whether `other` leads to this file. Neither file has to exist.
    pub(crate) fn is_same_file(&self, other: &Path) -> bool {
        match (inode(&self.path), inode(other)) {
            (None, None) => Target::resolve(other).is_ok_and(|other| {
                self.path.file_name() == other.path.file_name() && is_same(self.directory(), other.directory())
            }),
            (one, other) => one == other,
        }
    }

    /// A dot-prefixed name beside the file. A name that would be too long is cut and made unique by its hash.
    fn sibling(&self, ending: &[u8]) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().as_bytes();
        let mut hash = String::new();
        let longest = self.name_max - 1 - b".00000000.tmp".len();
        if name.len() > longest {
            hash = format!("~{:016x}", fnv1a(name));
            // Not within a character: some file systems refuse names that are not UTF-8.
            let cut = (0..=longest - hash.len()).rfind(|end| name[*end] & 0xc0 != 0x80).unwrap_or_default();
            name = &name[..cut];
        }
        self.directory().join(OsString::from_vec([b".", name, hash.as_bytes(), ending].concat()))
    }
}

/// The absolute path, so that a recreated working directory is found again. Where that path is not accessible, the
/// path as it is.
fn absolute(path: &Path) -> PathBuf {
    match filesystem::absolute(path) {
        Ok(absolute)
            if path.is_absolute() || is_same(directory(path), directory(&absolute)) || !directory(path).is_dir() =>
        {
            absolute
        }
        _ => path.into(),
    }
}

/// The nearest of a directory and those above it that a user other than root and us owns or, unless it is sticky, can
/// write to: the rule of StrictModes in sshd_config(5). The path has no symbolic links.
pub(super) fn untrusted_directory(real: &Path) -> Option<FileWarning> {
    real.ancestors().find_map(|path| {
        let found = fs::metadata(path).ok()?;
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        let shared = mode & 0o022 != 0 && mode & libc::S_ISVTX == 0;
        let untrusted = shared || owner != 0 && owner != effective_uid();
        untrusted.then(|| FileWarning::UntrustedDirectory { path: path.to_path_buf(), owner, mode })
    })
}

/// The same for the directories of an absolute path, as it is and without symbolic links.
pub(crate) fn untrusted_directory_of(path: &Path) -> Option<FileWarning> {
    let given = directory(path);
    untrusted_directory(given).or_else(|| untrusted_directory(&real_path(given)?))
}

/// The path of a directory without symbolic links. realpath(3) costs 1.4 KB of code.
pub(super) fn real_path(directory: &Path) -> Option<PathBuf> {
    let directory = open(directory, libc::O_PATH).ok()?;
    let link = format!("/proc/self/fd/{}", directory.as_raw_fd());
    read_link(&open(Path::new(&link), LINK).ok()?).ok()
}

/// Device and inode of the file that a path leads to.
fn inode(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Whether two existing paths lead to the same inode.
fn is_same(one: &Path, other: &Path) -> bool {
    inode(one).is_some_and(|one| inode(other) == Some(one))
}

/// Whether a path can only be a directory's: `new/`, `new/.`, `new/..`
fn is_directory_name(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    path.file_name().is_none() || bytes.ends_with(b"/") || bytes.ends_with(b"/.")
}

/// The target of a symbolic link; `None`: a regular file or a free name. By the kernel's rules: in a sticky directory that
/// every user may write to, only our links and those of the directory's owner are followed (`protected_symlinks`,
/// proc_sys_fs(5)).
fn follow(path: &Path, names_directory: bool) -> Result<Option<PathBuf>, Reason> {
    let link = match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => found,
        Ok(found) if found.is_file() => return Ok(None),
        Ok(found) => return Err(Reason::NotRegular(found.file_type())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Err(_) if names_directory || is_directory_name(path) => return Err(Reason::NamesDirectory),
        Err(_) => return Ok(None),
    };
    let parent = fs::metadata(directory(path))?;
    let shared = parent.mode() & 0o1002 == 0o1002;
    if shared && link.uid() != effective_uid() && link.uid() != parent.uid() {
        return Err(Reason::UntrustedSymlink { owner: link.uid() });
    }
    Ok(Some(directory(path).join(read_link(&open(path, LINK)?)?)))
}

/// FNV-1a, 64 bits: the name must be the same in every release, which std's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target { path: Path::new("/run/badges").join(name), name_max: 255, is_remote: false, links: OnceCell::new() }
    }

    #[test]
    fn lock_and_temporary_file_are_beside_the_file() {
        let file = target("badge.jwt");
        assert_eq!(file.lock(), Path::new("/run/badges/.badge.jwt.lock"));
        assert_eq!(file.temporary([0, 1, 0xab, 0xcd]), Path::new("/run/badges/.badge.jwt.0001abcd.tmp"));
    }

    #[test]
    fn names_beside_the_longest_name_fit_and_differ() {
        let (one, other) = ("a".repeat(255), format!("{}b", "a".repeat(254)));
        let length = |path: PathBuf| path.file_name().unwrap().len();
        assert!(length(target(&one).temporary([0xff; 4])) <= 255);
        assert!(length(target(&one).lock()) <= 255);
        assert_ne!(target(&one).lock(), target(&other).lock());
    }

    /// eCryptfs: 143 bytes.
    #[test]
    fn names_fit_where_the_file_system_has_a_shorter_limit() {
        for length in [63, 64, 129, 130, 143] {
            let file = Target { path: Path::new("/run").join("a".repeat(length)), name_max: 143, ..target("") };
            assert!(file.temporary([0xff; 4]).file_name().unwrap().len() <= 143);
            assert!(file.is_temporary(file.temporary([0xff; 4]).file_name().unwrap()));
            assert!(!file.is_temporary(file.lock().file_name().unwrap()));
        }
    }

    #[test]
    fn a_name_is_not_cut_within_a_character() {
        for pad in 0..4 {
            let name = format!("{}{}", "x".repeat(pad), "日本".repeat(42));
            assert!(target(&name).lock().to_str().is_some() && target(&name).temporary([0; 4]).to_str().is_some());
        }
    }

    #[test]
    fn recognizes_only_its_own_temporary_files() {
        let file = target("badge.jwt");
        assert!(file.is_temporary(OsStr::new(".badge.jwt.0001abcd.tmp")));
        for other in [".badge.jwt.lock", ".other.jwt.0001abcd.tmp", ".badge.jwt.0001abcg.tmp", "badge.jwt", ""] {
            assert!(!file.is_temporary(OsStr::new(other)), "{other}");
        }
    }
}
