//! A system call that failed for the output file, as a sentence: the cure follows from the errno.

use crate::encoding::escaped;
use crate::failure::{Failure, shell_word};
use crate::system::effective_uid;
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a file holds, for the sentence: "failed to write badge" are the guide's words, which people search their
/// logs for.
pub const BADGE: &str = "badge";

/// What a file holds that belongs to a key.
pub const KEY: &str = "key";

/// `what` ([`BADGE`] or [`KEY`]) could not be written to `path`, and why the system says so.
pub fn unwritten(what: &str, path: &Path, error: &io::Error) -> Failure {
    refused(what, path, error, &cure(path, error))
}

/// The same for something that no system call said.
pub fn refused(what: &str, path: &Path, reason: &dyn Display, cure: &dyn Display) -> Failure {
    Failure::new(&format_args!("failed to write {what} to {}", escaped(path)), reason, cure)
}

/// The directory of a file, as a path that can be opened.
pub fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn cure(path: &Path, error: &io::Error) -> String {
    let directory = shell_word(directory(path));
    match error.raw_os_error().unwrap_or(0) {
        libc::ENOENT => format!("make the directory: mkdir -p {directory}"),
        libc::EACCES => {
            let user = effective_uid();
            format!("the keeper runs as uid {user}, which must be able to write there: chown {user} {directory}")
        }
        libc::EPERM => not_permitted(path, &directory),
        libc::EROFS => {
            format!("{directory} is read-only here: mount the directory (not the single file), and writable")
        }
        libc::EBUSY | libc::EXDEV => {
            "the file itself is a mount point and cannot be replaced: mount the directory instead of the single file"
                .into()
        }
        libc::ENOSPC => format!("make room: df -h {directory}; df -i {directory}"),
        libc::EDQUOT => "the quota is used up: make room or have it raised".into(),
        libc::EFBIG => "this process may not write so much: raise its limit (ulimit -f, LimitFSIZE=)".into(),
        libc::EMFILE | libc::ENFILE => "raise the limit of open files (ulimit -n, LimitNOFILE=)".into(),
        libc::EIO => "the disk, or what it is connected with, is broken: dmesg tells more".into(),
        libc::EEXIST => "it is left as it is; key gen --force would replace it".into(),
        libc::EISDIR => "a directory stands where the file belongs: remove it".into(),
        libc::ENOTDIR => "a part of the path is no directory".into(),
        libc::ENAMETOOLONG => "choose a shorter name".into(),
        _ => String::new(),
    }
}

/// EPERM where permission bits would allow it: the directory is sticky, or something is immutable (rename(2)).
fn not_permitted(path: &Path, directory: &str) -> String {
    let sticky = fs::metadata(self::directory(path)).is_ok_and(|found| found.mode() & libc::S_ISVTX != 0);
    match fs::symlink_metadata(path) {
        Ok(found) if sticky && found.uid() != effective_uid() => format!(
            "the file there belongs to uid {}, and {directory} is sticky, so nobody else may replace it: \
             remove the file as that user, or give the keeper a directory of its own",
            found.uid()
        ),
        _ => {
            let file = shell_word(path);
            format!("it may be immutable: lsattr -d {file} {directory} shows an i or an a, chattr -i -a removes them")
        }
    }
}
