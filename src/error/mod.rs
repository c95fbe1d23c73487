//! The errors of the commands, as one type. Here, and only here, an error becomes a sentence:
//! `what failed: why; what to do`. A sentence never contains key material.

mod file;
mod key;

use crate::badge::issue::IssueError;
use crate::encoding::{escaped, shell_word};
use crate::file::{FileError, Reason, directory};
use crate::keystore::KeyError;
use crate::system::filesystem;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The badge file was not written.
    WriteBadge(Box<FileError>),
    /// The metrics file was not written.
    WriteMetrics(Box<FileError>),
    /// A key file was not written.
    WriteKey(Box<FileError>),
    /// The key was not read.
    ReadKey(Box<KeyError>),
    /// The key of `badge verify` was not read.
    ReadVerifyKey(Box<KeyError>),
    /// No key was generated.
    GenerateKey(io::Error),
    /// No badge was signed.
    Sign(IssueError),
    /// getrandom(2) failed while a badge was issued.
    Random(io::Error),
    /// `--self-sign` with a `--sub` or `--iss` that is not the did:key of the key.
    NotOwnDid(Box<NotOwnDid>),
    /// The clock is before 2025.
    ClockNotSet,
    /// `--ready-fd` is not an open descriptor.
    ReadyFd(io::Error),
    /// poll(2) or a timer failed.
    Wait(io::Error),
    /// The output was not written to stdout.
    Stdout(io::Error),
}

#[derive(Debug)]
pub(crate) struct NotOwnDid {
    /// The flag or variable.
    pub origin: String,
    pub required: String,
    /// `None`: the key is not generated yet.
    pub actual: Option<String>,
}

/// The path as messages name it: absolute, because cron and init systems start programs in other directories. Where the
/// working directory was deleted, the path as it is.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    filesystem::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// What to do, after a semicolon, about an error that concerns the path or the process: a wrong component, a deleted
/// working directory, no free descriptor.
pub(crate) fn general_hint(path: &Path, error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOENT) if filesystem::absolute(path).is_err() => {
            "; the working directory no longer exists: use an absolute path"
        }
        Some(libc::ENOTDIR) => "; a component of the path is not a directory",
        _ => descriptor_hint(error),
    }
}

/// What to do, after a semicolon, where this process has no free descriptor.
pub(crate) fn descriptor_hint(error: &io::Error) -> &'static str {
    let is_limit = error.raw_os_error() == Some(libc::EMFILE);
    if is_limit { "; raise the limit of open files (ulimit -n 64, LimitNOFILE=64)" } else { "" }
}

/// What to do, after a semicolon, about a path that was not found; empty where only the file itself is missing.
fn missing_hint(path: &Path, error: &io::Error) -> String {
    let general = general_hint(path, error);
    let missing = path.ancestors().skip(1).take_while(|path| !path.exists()).last();
    let link = missing.unwrap_or(path);
    if !general.is_empty() {
        general.into()
    } else if link.is_symlink() {
        format!("; the symbolic link {} leads to nothing; correct or remove it", escaped(link))
    } else if missing.is_some() {
        format!("; create the directory: mkdir -p {}", shell_word(directory(path)))
    } else {
        String::new()
    }
}

impl Error {
    /// The badge was no longer valid when it was about to be put in place.
    pub(crate) fn is_outdated(&self) -> bool {
        matches!(self, Error::WriteBadge(error) if matches!(error.reason, Reason::Unwanted))
    }

    /// 2: the command line or the environment is wrong, and a restart cannot help. 1: files, keys, directories, locks or
    /// the clock, where it can.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Error::NotOwnDid(_) | Error::ReadyFd(_) | Error::ReadVerifyKey(_) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::WriteBadge(error) => f.write_str(&file::sentence("badge", error)),
            Error::WriteMetrics(error) => f.write_str(&file::sentence("metrics", error)),
            Error::WriteKey(error) => f.write_str(&file::sentence("key", error)),
            Error::ReadKey(error) | Error::ReadVerifyKey(error) => f.write_str(&key::sentence(error)),
            Error::GenerateKey(error) => write!(f, "cannot generate a key: {error}"),
            Error::Sign(error) => write!(f, "cannot sign a badge: {error}"),
            Error::Random(error) => write!(f, "cannot sign a badge: no random bytes: {error}"),
            Error::NotOwnDid(error) => {
                let NotOwnDid { origin, required, actual } = &**error;
                write!(f, "cannot sign a badge for {}: ", escaped(required))?;
                f.write_str("a self-signed badge is issued by and for its own key")?;
                match actual {
                    Some(did) => write!(f, ", {did}; leave {origin} out or set it to that DID"),
                    None => write!(f, ", which is not generated yet; leave {origin} out"),
                }
            }
            Error::ClockNotSet => f.write_str("cannot sign a badge: the clock is not set (before 2025); set the clock"),
            Error::ReadyFd(error) => {
                write!(f, "--ready-fd is not an open descriptor: {error}; let the supervisor open it")
            }
            Error::Wait(error) => {
                write!(f, "cannot wait for time, signals and file events: {error}{}", descriptor_hint(error))
            }
            Error::Stdout(error) => write!(f, "cannot write to stdout: {error}"),
        }
    }
}

#[cfg(test)]
mod tests;
