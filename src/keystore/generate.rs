//! New keys, made from the kernel's randomness and written durably.

use crate::file::{FileError, Target, create, replace};
use crate::key::PrivateKey;
use crate::system::random;
use std::io;
use std::path::Path;

/// A new key pair whose `kid` is its did:key.
pub(crate) fn generate() -> io::Result<PrivateKey> {
    loop {
        let seed = random::bytes::<32>()?;
        if let Some(key) = PrivateKey::from_seed(seed, None)
            && let Some(key) = PrivateKey::from_seed(seed, Some(key.public().did_key()))
        {
            return Ok(key);
        }
    }
}

/// Writes a new private key with mode 0600. An existing file is an error and stays as it is. Returns the error of a
/// directory fsync that failed afterwards.
pub(crate) fn create_private(path: &Path, key: &PrivateKey) -> Result<Option<io::Error>, FileError> {
    let temporary = Target::new(path).new_temporary()?;
    create(path, &temporary, key.to_jwk().as_bytes(), 0o600).map_err(|reason| FileError::new(path, reason))
}

/// Writes a file in place of an existing regular file, if any; a symbolic link is followed. Returns the error of a
/// directory fsync that failed afterwards.
pub(crate) fn write_file(path: &Path, content: &str, mode: u32) -> Result<Option<io::Error>, FileError> {
    let target = Target::resolve(path)?;
    let temporary = target.new_temporary()?;
    let replaced = replace(target.path(), &temporary, content.as_bytes(), mode, None, |_| ());
    replaced.map(|(_, sync_error)| sync_error).map_err(|reason| FileError::new(path, reason))
}
