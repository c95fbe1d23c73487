//! Sentences about a key that cannot be used.

use crate::encoding::{escaped, shell_word};
use crate::key::JwkError;
use crate::keystore::{KeyError, KeyFault};
use crate::system::effective_uid;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) fn write_sentence(f: &mut fmt::Formatter<'_>, error: &KeyError) -> fmt::Result {
    let KeyError { path, private, fault } = error;
    match path {
        Some(path) => write!(f, "cannot use the key {}: ", escaped(path))?,
        None => f.write_str("cannot use the key in CAPISCIO_AGENT_PRIVATE_KEY_JWK: ")?,
    }
    match (fault, path) {
        (KeyFault::Io(error), Some(path)) if *private => write!(f, "{error}{}", hint(path, error)),
        (KeyFault::Io(error), _) => write!(f, "{error}"),
        (KeyFault::Directory, _) => f.write_str("it is a directory; name the file in it"),
        (KeyFault::NotRegular, _) => f.write_str("it is not a regular file; name the file that holds the JWK"),
        (KeyFault::TooLong, _) => f.write_str("it is larger than 16 KiB; name a file that holds one JWK"),
        (KeyFault::NotUtf8, _) => f.write_str("it is not UTF-8 text; name a file that holds a JWK"),
        (KeyFault::Jwk(error @ JwkError::Pem), _) => write!(f, "{error}; README.md shows how to convert it"),
        (KeyFault::Jwk(error), _) => write!(f, "{error}"),
    }
}

/// How the process gets access to the key file, after a semicolon.
fn hint(path: &Path, error: &io::Error) -> String {
    let uid = effective_uid();
    let word = shell_word(path);
    match (error.kind(), fs::metadata(path)) {
        (io::ErrorKind::NotFound, _) => format!("; create one: capiscio key gen --out-priv {word}"),
        (io::ErrorKind::PermissionDenied, Ok(found)) => {
            let (owner, mode) = (found.uid(), found.mode() & 0o7777);
            // Running as root is no cure for a file of root's.
            let user =
                if owner == 0 { String::new() } else { format!(", or run as that user (Compose: user: \"{owner}\")") };
            format!("; uid {uid} may not read it (owner {owner}, mode {mode:04o}): chown {uid} {word}{user}")
        }
        (io::ErrorKind::PermissionDenied, Err(_)) => {
            format!("; uid {uid} may not enter the directory; run as its owner, or allow others to enter it")
        }
        _ => String::new(),
    }
}
