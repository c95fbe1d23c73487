//! Sentences about a key that cannot be used.

use super::{absolute, general_hint, missing_hint};
use crate::encoding::{escaped, shell_word};
use crate::key::JwkError;
use crate::keystore::{KeyError, KeyFault};
use crate::system::effective_uid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) fn sentence(KeyError { path, private, fault }: &KeyError) -> String {
    let fault = match (fault, path) {
        // A directory that may not be read is not even opened.
        (KeyFault::Io(_) | KeyFault::NotRegular, Some(path)) if path.is_dir() => {
            "it is a directory; name the file in it".into()
        }
        (KeyFault::Io(error), Some(path)) => format!("{error}{}", hint(&absolute(path), *private, error)),
        (KeyFault::Io(error), None) => format!("{error}"),
        (KeyFault::NotRegular, _) => "it is not a regular file; name the file that holds the JWK".into(),
        (KeyFault::TooLong, _) => "it is larger than 16 KiB; name a file that holds one JWK".into(),
        (KeyFault::NotUtf8, _) => "it is not UTF-8 text; name a file that holds a JWK".into(),
        (KeyFault::Jwk(error @ JwkError::Pem), _) => format!("{error}; README.md shows how to convert it"),
        (KeyFault::Jwk(error), _) => format!("{error}"),
    };
    match path {
        Some(path) => format!("cannot use the key {}: {fault}", escaped(&absolute(path))),
        None => format!("cannot use the key in CAPISCIO_AGENT_PRIVATE_KEY_JWK: {fault}"),
    }
}

/// How the process gets access to the key file, after a semicolon.
fn hint(path: &Path, private: bool, error: &io::Error) -> String {
    let uid = effective_uid();
    let word = shell_word(path);
    match (error.kind(), fs::metadata(path)) {
        (io::ErrorKind::NotFound, _) => match missing_hint(path, error) {
            hint if hint.is_empty() && private => format!("; create one: capiscio key gen --out-priv {word}"),
            hint => hint,
        },
        (io::ErrorKind::PermissionDenied, Ok(found)) if private => {
            let (owner, mode) = (found.uid(), found.mode() & 0o7777);
            let cure = match owner {
                _ if owner == uid => format!("chmod 600 {word}"),
                // Running as root is no cure for a file of root's.
                0 => format!("chown {uid} {word}"),
                _ => format!("run as uid {owner} (Compose: user: \"{owner}\"), or: chown {uid} {word}"),
            };
            format!("; uid {uid} may not read it (owner {owner}, mode {mode:04o}): {cure}")
        }
        (io::ErrorKind::PermissionDenied, Err(_)) if private => {
            format!("; uid {uid} may not enter its directory; run as the owner of that, or move the key")
        }
        _ => general_hint(path, error).into(),
    }
}
