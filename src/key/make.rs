//! New keys: made from the kernel's randomness, written durably; a private key is never replaced by accident.

use super::PrivateKey;
use crate::encoding::escaped;
use crate::failure::Failure;
use crate::file::{KEY, Target, create, replace, unwritten};
use crate::system::random;
use std::io;
use std::path::Path;

/// Makes a key pair with the key's did:key as its `kid`.
pub fn generate() -> Result<PrivateKey, Failure> {
    loop {
        let seed = random::bytes::<32>().map_err(|error| Failure::new(&"cannot make a key", &error, &""))?;
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
    let temporary = Target::beside(path).new_temporary(KEY)?;
    match create(path, &temporary, key.to_jwk().as_bytes(), 0o600) {
        Ok(unsynced) => Ok(warning(path, unsynced)),
        Err(error) => Err(unwritten(KEY, path, &error)),
    }
}

/// Writes a file that belongs to a key, durably, in place of the ordinary file that was there, if any; a symbolic
/// link is followed. The answer is a warning as with [`create_private`].
pub fn put(path: &Path, content: &str, mode: u32) -> Result<Option<String>, Failure> {
    let target = Target::resolve(KEY, path)?;
    let temporary = target.new_temporary(KEY)?;
    match replace(target.path(), &temporary, content.as_bytes(), mode, None, |_| ()) {
        Ok((_, unsynced)) => Ok(warning(path, unsynced)),
        Err(unreplaced) => Err(unwritten(KEY, path, &unreplaced.error)),
    }
}

fn warning(path: &Path, unsynced: Option<io::Error>) -> Option<String> {
    unsynced.map(|error| {
        format!(
            "{} stands, but its directory could not be synced ({error}): a power cut now may lose it",
            escaped(path)
        )
    })
}
