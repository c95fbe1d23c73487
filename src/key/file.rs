//! Where a private key comes from: read strictly, and again for each badge.

use super::pem::Half;
use super::{JwkError, PrivateKey, PublicKey};
use crate::encoding::escaped;
use crate::failure::{Failure, shell_word};
use crate::system::descriptor::read_at_most;
use crate::system::effective_uid;
use crate::system::filesystem::{is_read_only, open};
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A larger key file is refused, in bytes.
const LONGEST: usize = 16 * 1024;

/// Where the private key is.
pub enum Source {
    /// In a file, which may be rotated.
    File(PathBuf),
    /// In the environment: the JWK itself, for the life of the process.
    Environment(String),
}

impl Source {
    /// Reads the key as it is now.
    pub fn read(&self) -> Result<PrivateKey, Failure> {
        match self {
            Source::File(path) => read_private(path),
            Source::Environment(jwk) => PrivateKey::from_jwk(jwk)
                .map_err(|error| Failure::new(&"cannot use the key in CAPISCIO_AGENT_PRIVATE_KEY_JWK", &error, &"")),
        }
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::File(path) => Some(path),
            Source::Environment(_) => None,
        }
    }
}

/// Reads a private JWK file.
pub fn read_private(path: &Path) -> Result<PrivateKey, Failure> {
    let text = read_text(path, to_be_readable)?;
    PrivateKey::from_jwk(&text).map_err(|error| unusable(path, error, Half::Private))
}

/// Reads a public JWK file; a private one is refused.
pub fn read_public(path: &Path) -> Result<PublicKey, Failure> {
    let text = read_text(path, |_, _| String::new())?;
    PublicKey::from_jwk(&text).map_err(|error| unusable(path, error, Half::Public))
}

/// Reads the public half of a JWK file that may hold either.
pub fn read_either(path: &Path) -> Result<PublicKey, Failure> {
    let text = read_text(path, |_, _| String::new())?;
    PublicKey::from_any_jwk(&text).map_err(|error| unusable(path, error, Half::Public))
}

/// The text of a key file: an ordinary file of at most 16 KiB, UTF-8.
fn read_text(path: &Path, cure: fn(&Path, &io::Error) -> String) -> Result<String, Failure> {
    let unreadable = |error: io::Error| unused(path, &error, &cure(path, &error));
    let refused = |reason: &str, cure: &str| Err(unused(path, &reason, &cure));
    // A FIFO must not hang the keeper, nor a terminal become its controlling one.
    let file = open(path, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if found.is_dir() {
        return refused("it is a directory", "name the file in it");
    }
    if !found.is_file() {
        return refused("it is no ordinary file", "name one; a keeper reads it again for each badge");
    }
    match String::from_utf8(read_at_most(&file, LONGEST + 1).map_err(unreadable)?) {
        Ok(text) if text.len() > LONGEST => refused("it is larger than 16 KiB", "name a file that holds one JWK"),
        Ok(text) => Ok(text),
        Err(_) => refused("it is not UTF-8 text", "name a file that holds a JWK"),
    }
}

/// Why the text of this file is no usable key.
fn unusable(path: &Path, error: JwkError, needed: Half) -> Failure {
    let cure = if matches!(error, JwkError::Pem) { needed.conversion(path) } else { String::new() };
    unused(path, &error, &cure)
}

fn unused(path: &Path, reason: &dyn Display, cure: &dyn Display) -> Failure {
    Failure::new(&format_args!("cannot use the key {}", escaped(path)), reason, cure)
}

/// What gives the keeper its private key.
fn to_be_readable(path: &Path, error: &io::Error) -> String {
    let user = effective_uid();
    match (error.kind(), fs::metadata(path)) {
        (io::ErrorKind::NotFound, _) => format!("make one: capiscio key gen --out-priv {}", shell_word(path)),
        (io::ErrorKind::PermissionDenied, Ok(found)) => format!(
            "the keeper runs as uid {user}, the file belongs to uid {} and has mode {:04o}: run the keeper as that user \
             (containers: user: \"{}\") or give it the file: chown {user} {}",
            found.uid(),
            found.mode() & 0o7777,
            found.uid(),
            shell_word(path)
        ),
        (io::ErrorKind::PermissionDenied, Err(_)) => format!(
            "the keeper runs as uid {user}, which may not enter the directory: run it as the directory's owner \
             (containers: user: \"UID\") or open the directory for it"
        ),
        _ => String::new(),
    }
}

/// A warning when others can read the key, unless whoever mounted it takes care of that: systemd's credentials
/// directory, or a read-only mount such as a Secret volume.
pub fn exposure(path: &Path, credentials: Option<&Path>) -> Option<String> {
    let mode = fs::metadata(path).ok()?.mode() & 0o7777;
    if mode & 0o077 == 0 || credentials.is_some_and(|directory| path.starts_with(directory)) || is_read_only(path) {
        return None;
    }
    Some(format!("the key {} can be used by others (mode {mode:04o}): chmod 600 {}", escaped(path), shell_word(path)))
}
