#![forbid(unsafe_code)]
//! New keys: made from the kernel's randomness, written durably; a private key is never replaced by accident.

use super::PrivateKey;
use crate::encoding::shown;
use crate::failure::{Failure, shell_word};
use crate::file::{Target, create, replace};
use crate::system::{effective_user, random};
use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Makes a key pair with the key's did:key as its `kid`.
pub fn generate() -> io::Result<PrivateKey> {
    loop {
        let seed = random::bytes::<32>()?;
        if let Some(key) = PrivateKey::from_seed(seed, None)
            && let Some(key) = PrivateKey::from_seed(seed, Some(key.public().did_key()))
        {
            return Ok(key);
        }
    }
}

/// Writes a new private key, mode 0600, durably. An existing file stays as it is and is an error. The answer is a
/// warning about what may not survive a power cut, if there is one.
pub fn create_private(path: &Path, key: &PrivateKey) -> Result<Option<String>, Failure> {
    let temporary = temporary(path)?;
    match create(path, &temporary, key.to_jwk().as_bytes(), 0o600) {
        Ok(unsynced) => Ok(warning(path, unsynced)),
        Err(error) => Err(unwritten(path, &error)),
    }
}

/// Writes a file that belongs to a key, durably, in place of the ordinary file that was there, if any; a symbolic
/// link is followed. The answer is a warning as with [`create_private`].
pub fn put(path: &Path, content: &str, mode: u32) -> Result<Option<String>, Failure> {
    let path = &real(path)?;
    let temporary = temporary(path)?;
    match replace(path, &temporary, content.as_bytes(), mode, None, |_| ()) {
        Ok((_, unsynced)) => Ok(warning(path, unsynced)),
        Err(unreplaced) => Err(unwritten(path, &unreplaced.error)),
    }
}

/// The file behind symbolic links. Whatever is no ordinary file would be destroyed by a rename, and is refused.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_path_buf()),
        Err(error) => return Err(unwritten(path, &error)),
    };
    if fs::metadata(&real).is_ok_and(|found| found.is_file()) {
        return Ok(real);
    }
    let reason = "it is no ordinary file, and replacing it would destroy it";
    Err(unwritten_because(path, &reason, &"name another file"))
}

fn temporary(path: &Path) -> Result<PathBuf, Failure> {
    let random = random::bytes().map_err(|error| unwritten(path, &error))?;
    Ok(Target::beside(path).temporary(random))
}

fn warning(path: &Path, unsynced: Option<io::Error>) -> Option<String> {
    unsynced.map(|error| {
        format!("{} stands, but its directory could not be synced ({error}): a power cut now may lose it", shown(path))
    })
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let cure = match error.kind() {
        io::ErrorKind::AlreadyExists => "it is left as it is; key gen --force would replace it".to_owned(),
        io::ErrorKind::NotFound => match path.parent() {
            Some(parent) => format!("make the directory: mkdir -p {}", shell_word(parent)),
            None => String::new(),
        },
        io::ErrorKind::PermissionDenied => format!("uid {} must be able to write there", effective_user()),
        io::ErrorKind::StorageFull => "make room".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the directory is mounted read-only".to_owned(),
        _ => String::new(),
    };
    unwritten_because(path, error, &cure)
}

/// The sentence about a file of a key that is not written.
pub fn unwritten_because(path: &Path, reason: &dyn Display, cure: &dyn Display) -> Failure {
    Failure::new(&format_args!("cannot write the key {}", shown(path)), reason, cure)
}
