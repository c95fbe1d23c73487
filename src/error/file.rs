//! Sentences about a file that was not written.

use super::{absolute, general_hint, missing_hint};
use crate::encoding::{escaped, shell_word};
use crate::file::{FileError, Reason, directory};
use crate::system::effective_uid;
use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// `content` is what was to be written. "failed to write badge" is the guide's sentence, which people search logs for.
pub(super) fn sentence(content: &str, FileError { path, reason }: &FileError) -> String {
    let path = &absolute(path);
    let uid = effective_uid();
    let reason = match reason {
        Reason::Io(error) if content == "metrics" && error.kind() == io::ErrorKind::PermissionDenied => {
            format!(
                "{error}; use a directory that uid {uid} can write to, and link to the file from that of node_exporter"
            )
        }
        Reason::Io(error) => format!("{error}{}", hint(path, error)),
        Reason::Sticky { owner } => {
            format!("it belongs to uid {owner} in a sticky directory; remove it as that user or use another directory")
        }
        Reason::Group { gid, error } => {
            let cures = "(Compose: group_add, systemd: SupplementaryGroups=, Kubernetes: fsGroup)";
            format!("cannot set group {gid}: {error}; make uid {uid} a member of it {cures}")
        }
        Reason::Owner { user, group, error } => {
            format!("cannot keep its owner {user}:{group}: {error}; run as root, or remove the file")
        }
        Reason::NotRegular(found) => {
            format!("it is a {}, which a rename would destroy; name a regular file", kind(*found))
        }
        Reason::NamesDirectory => "it names a directory that does not exist; name a regular file".into(),
        Reason::OpenDescriptor => "it is an open descriptor; name a regular file, or use badge issue for stdout".into(),
        Reason::SymlinkLoop => "its symbolic links form a loop; name the file itself".into(),
        Reason::UntrustedSymlink { owner } => {
            format!("it is a symbolic link of uid {owner} in a directory that all users may write to; remove it")
        }
        Reason::ParentSymlink { link, owner } => {
            let link = escaped(link);
            format!("{link} became a symbolic link of uid {owner}, in a directory that others may write to; remove it")
        }
        Reason::Unwanted => "it was no longer valid when it was complete; use a faster disk or a longer --exp".into(),
        Reason::Protected => "it is the private key, which would be lost; give --out another file".into(),
        Reason::ProtectedName => "the private key has the name of a lock or temporary file; rename the key".into(),
        Reason::HoldsSecret => "it holds a private key; choose another file".into(),
        Reason::SameFile => "another file of this command has that name; choose another".into(),
        Reason::Locked { lock, pid, owner } => {
            let (pid, lock) = (pid.map_or(String::new(), |pid| format!("pid {pid}, ")), escaped(lock));
            let owner = if *owner == uid { String::new() } else { format!(" of uid {owner}") };
            format!("another keeper already writes this file ({pid}lock {lock}{owner}); stop it or use another --out")
        }
        Reason::LockNotRegular { lock } => format!("the lock file {} is not a regular file; remove it", escaped(lock)),
        Reason::LockDenied { lock, owner } if *owner == uid => {
            let (file, word) = (escaped(lock), shell_word(lock));
            format!("the lock file {file} cannot be opened; restore its mode: chmod 600 {word}")
        }
        Reason::LockDenied { lock, owner } => {
            format!("the lock file {} belongs to uid {owner}; run as that user, or remove it if unused", escaped(lock))
        }
    };
    format!("failed to write {content} to {}: {reason}", escaped(path))
}

fn kind(found: FileType) -> &'static str {
    match found {
        _ if found.is_dir() => "directory",
        _ if found.is_fifo() => "FIFO",
        _ if found.is_socket() => "socket",
        _ => "device",
    }
}

/// What to do about an errno, after a semicolon. Every command in it is safe to paste.
fn hint(path: &Path, error: &io::Error) -> String {
    let parent = directory(path);
    let (uid, word, file) = (effective_uid(), shell_word(parent), shell_word(path));
    let hint = match error.raw_os_error().unwrap_or(0) {
        libc::ENOENT => return missing_hint(path, error),
        libc::EACCES if parent.join(".").metadata().is_err() => {
            format!("uid {uid} may not enter {word}; use another directory")
        }
        libc::EACCES => {
            // Never one that exists: a new owner of /run, /etc or a home directory would damage the machine.
            let own = parent.join("capiscio");
            let install = format!(": install -d -o {uid} -m 0750 {}", shell_word(&own));
            let install = if own.symlink_metadata().is_ok() { "" } else { &install };
            format!("uid {uid} may not write to {word}; give it its own directory{install}")
        }
        libc::EPERM => {
            format!("it may be immutable: lsattr -d {file} {word} shows an i or an a, which chattr -i -a removes")
        }
        libc::EROFS => format!("{word} is read-only; mount the directory (not the single file) writable"),
        libc::EBUSY | libc::EXDEV => {
            "the file is a mount point and cannot be replaced; mount the directory instead of the single file".into()
        }
        libc::ENOSPC => format!("free some space: df -h {word}; df -i {word}"),
        libc::EDQUOT => "the quota is used up; free some space or raise the quota".into(),
        libc::EFBIG => "the file size limit is too low; raise it (ulimit -f, LimitFSIZE=)".into(),
        libc::EIO => "the disk or its connection is broken; see dmesg".into(),
        libc::EEXIST => "the existing file is unchanged; key gen --force replaces it".into(),
        libc::EISDIR => "a directory has the name of the file; remove it".into(),
        libc::ENAMETOOLONG => "choose a shorter name".into(),
        _ => return general_hint(path, error).into(),
    };
    format!("; {hint}")
}
