//! Sentences about a file that was not written.

use crate::encoding::{escaped, shell_word};
use crate::file::{FileError, Reason, directory};
use crate::system::effective_uid;
use std::fmt;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// `content` is what was to be written. "failed to write badge" is the guide's sentence, which people search logs for.
pub(super) fn write_sentence(f: &mut fmt::Formatter<'_>, content: &str, error: &FileError) -> fmt::Result {
    let FileError { path, reason } = error;
    write!(f, "failed to write {content} to {}: ", escaped(path))?;
    match reason {
        Reason::Io(error) => write!(f, "{error}{}", hint(path, error)),
        Reason::Sticky { owner } => write!(
            f,
            "the file belongs to uid {owner} and its directory is sticky; remove the file as that user, or use a \
             directory of your own"
        ),
        Reason::Group { gid, error } => write!(
            f,
            "cannot set group {gid}: {error}; make uid {} a member of that group (Compose: group_add, systemd: \
             SupplementaryGroups=, Kubernetes: fsGroup)",
            effective_uid()
        ),
        Reason::NotRegular(found) => {
            let kind = match found {
                _ if found.is_dir() => "directory",
                _ if found.is_fifo() => "FIFO",
                _ if found.is_socket() => "socket",
                _ => "device",
            };
            write!(f, "it is a {kind}, which a rename would destroy; name a regular file")
        }
        Reason::NamesDirectory => f.write_str("it names a directory that does not exist; name a regular file"),
        Reason::OpenDescriptor => {
            f.write_str("it is an open descriptor; name a regular file, or use badge issue, which prints to stdout")
        }
        Reason::SymlinkLoop => f.write_str("its symbolic links form a loop; name the file itself"),
        Reason::UntrustedSymlink { owner } => write!(
            f,
            "it is a symbolic link of uid {owner} in a directory that all users may write to; remove it, or name the \
             file itself"
        ),
        Reason::Protected => f.write_str("it is the private key, which would be lost; give --out another file"),
        Reason::ProtectedName => f.write_str(
            "the private key has the name of the lock file or of a temporary file; rename the key, or give --out \
             another file",
        ),
        Reason::Locked { lock, pid } => {
            let pid = pid.map_or(String::new(), |pid| format!("pid {pid}, "));
            let lock = escaped(lock);
            write!(f, "another keeper already writes this file ({pid}lock {lock}); stop it or use another --out")
        }
        Reason::LockNotRegular { lock } => {
            write!(f, "the lock file {} is not a regular file; remove it", escaped(lock))
        }
        Reason::LockDenied { lock, owner } => write!(
            f,
            "the lock file {} belongs to uid {owner}; run the keeper as that user, or remove the lock file if no \
             keeper of that user is running",
            escaped(lock)
        ),
    }
}

/// What to do about an errno, after a semicolon. Every command in it is safe to paste.
fn hint(path: &Path, error: &io::Error) -> String {
    let parent = directory(path);
    let word = shell_word(parent);
    let hint = match error.raw_os_error().unwrap_or(0) {
        // A deleted working directory; mkdir cannot create that again.
        libc::ENOENT if parent == Path::new(".") => "the working directory was deleted; change to another",
        libc::ENOENT => &format!("create the directory: mkdir -p {word}"),
        libc::EACCES => {
            let (uid, own) = (effective_uid(), shell_word(&own_directory(parent)));
            &format!("uid {uid} may not write to {word}; give it its own directory: install -d -o {uid} -m 0750 {own}")
        }
        libc::EPERM => {
            let file = shell_word(path);
            &format!("it may be immutable: lsattr -d {file} {word} shows an i or an a, which chattr -i -a removes")
        }
        libc::EROFS => &format!("{word} is read-only; mount the directory (not the single file) writable"),
        libc::EBUSY | libc::EXDEV => {
            "the file is a mount point and cannot be replaced; mount the directory instead of the single file"
        }
        libc::ENOSPC => &format!("free some space: df -h {word}; df -i {word}"),
        libc::EDQUOT => "the quota is used up; free some space or raise the quota",
        libc::EFBIG => "the file size limit is too low; raise it (ulimit -f, LimitFSIZE=)",
        libc::EMFILE | libc::ENFILE => "raise the limit of open files (ulimit -n, LimitNOFILE=)",
        libc::EIO => "the disk or its connection is broken; see dmesg",
        libc::EEXIST => "the existing file is unchanged; key gen --force replaces it",
        libc::EISDIR => "a directory has the name of the file; remove it",
        libc::ENOTDIR => "a component of the path is not a directory",
        libc::ENAMETOOLONG => "choose a shorter name",
        _ => return String::new(),
    };
    format!("; {hint}")
}

/// A directory to create for the keeper. Never an existing one, unless it has our name: a new owner of /run, /etc or a
/// home directory would damage the machine.
fn own_directory(parent: &Path) -> PathBuf {
    if parent.file_name() == Some("capiscio".as_ref()) { parent.to_path_buf() } else { parent.join("capiscio") }
}
