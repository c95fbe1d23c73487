//! Why a reader of the notices failed. The keeper goes on.

use super::line::file_warning;
use crate::encoding::{escaped, shell_word};
use crate::error::descriptor_hint;
use crate::file::FileWarning;
use crate::system::child::Ended;
use crate::system::effective_uid;
use std::io;
use std::path::Path;

/// What a reader did: nothing, something, or why it failed, as a sentence.
pub(super) type Outcome = Option<Result<(), String>>;

#[derive(Debug)]
pub(super) enum HookFault {
    /// A system call failed, execve(2) included.
    Io(io::Error),
    NotRegular,
    /// It belongs to this other user.
    Owner(u32),
    /// Others can write to it.
    Mode(u32),
    /// Others can replace files in a directory that leads to it.
    Directory(FileWarning),
    /// It ended with a status other than 0, or by a signal.
    Ended(Ended),
    /// It ran too long.
    TimedOut,
}

#[derive(Debug)]
pub(super) enum PidFileFault {
    /// A system call failed.
    Io(io::Error),
    NotRegular,
    /// A symbolic link, or in its path one that another user may have put there.
    Link,
    /// Not a pid above 0, or over 32 bytes.
    NoPid,
    /// The keeper itself.
    Own,
    /// PID 1, in a file that is not root's.
    First,
    /// The keeper is root, and another user than root and the process's can change the file.
    Untrusted {
        owner: u32,
        mode: u32,
    },
}

/// Why the hook of this path was not run, or failed.
pub(super) fn hook(path: &Path, fault: &HookFault) -> String {
    let (hook, word, uid) = (escaped(path), shell_word(path), effective_uid());
    match fault {
        HookFault::Io(error) => {
            let hint = match error.raw_os_error() {
                Some(libc::ENOENT) => "; it, or the interpreter in its first line, is missing",
                Some(libc::EACCES) => &format!("; make it executable: chmod +x {word}"),
                Some(libc::ENOEXEC) => "; a script begins with #! and its interpreter",
                _ => descriptor_hint(error),
            };
            format!("cannot run the hook {hook}: {error}{hint}")
        }
        HookFault::NotRegular => format!("cannot run the hook {hook}: it is not a regular file"),
        HookFault::Owner(owner) => {
            let own = if uid == 0 { String::new() } else { format!(" or uid {uid}") };
            format!("cannot run the hook {hook}: uid {owner} owns it; only a file of root{own} is run")
        }
        HookFault::Mode(mode) => {
            format!("cannot run the hook {hook}: others can change it (mode {mode:04o}): chmod go-w {word}")
        }
        HookFault::Directory(directory) => format!("cannot run the hook {hook}: {}", file_warning(directory, "")),
        HookFault::Ended(ended) => format!("the hook {hook} ended {}", how(ended)),
        HookFault::TimedOut => format!("the hook {hook} ran longer than 30 s; ending it"),
    }
}

/// Why the process of the pid file of this path was not signaled.
pub(super) fn pid_file(path: &Path, fault: &PidFileFault) -> String {
    let why = match fault {
        PidFileFault::Io(error) => &format!("{error}{}", descriptor_hint(error)),
        PidFileFault::NotRegular => "it is not a regular file",
        PidFileFault::Link => {
            "its path has a symbolic link, which another user may have put there; name the file itself"
        }
        PidFileFault::NoPid => "it does not contain a process id",
        PidFileFault::Own => "it names the keeper itself",
        PidFileFault::First => "it names process 1, and only root's file may do that",
        PidFileFault::Untrusted { owner, mode } => &format!(
            "its owner is uid {owner}, its mode {mode:04o}; a keeper that is root follows only a file that root or the \
             process's own user alone can change"
        ),
    };
    format!("cannot signal the process of {}: {why}", escaped(path))
}

/// After "ended" or "the command ended".
pub(super) fn how(ended: &Ended) -> String {
    match ended {
        Ended::Status(status) => format!("with exit status {status}"),
        Ended::Signal(number) => format!("by signal {number}"),
        Ended::NotStarted { error, .. } => format!("before it began: {error}"),
    }
}
