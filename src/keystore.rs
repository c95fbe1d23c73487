//! Key files: read strictly and anew for each badge, generated, written durably.

use crate::file::{Access, FileError, Target, create, probe, replace};
use crate::key::{JwkError, PrivateKey, PublicKey};
use crate::system::filesystem::{file_system, read_regular};
use crate::system::random;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest key file, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// Where the private key is.
pub enum KeySource {
    /// A file, which may be rotated.
    File(PathBuf),
    /// The JWK itself, from the environment; it stays for the life of the process.
    Environment(String),
}

/// Why a key cannot be used.
#[derive(Debug)]
pub(crate) struct KeyError {
    /// The key file; `None`: the environment variable.
    pub path: Option<PathBuf>,
    /// The private key is needed, not the public one.
    pub private: bool,
    pub fault: KeyFault,
}

#[derive(Debug)]
pub(crate) enum KeyFault {
    /// A system call failed.
    Io(io::Error),
    NotRegular,
    /// Longer than 16 KiB.
    TooLong,
    NotUtf8,
    Jwk(JwkError),
}

impl KeySource {
    /// Reads the key as it is now, and the mode of its file.
    pub(crate) fn read(&self) -> Result<(PrivateKey, Option<u32>), Box<KeyError>> {
        match self {
            KeySource::File(path) => read(path, true, PrivateKey::from_jwk).map(|(key, mode)| (key, Some(mode))),
            KeySource::Environment(jwk) => PrivateKey::from_jwk(jwk)
                .map(|key| (key, None))
                .map_err(|error| Box::new(KeyError { path: None, private: true, fault: KeyFault::Jwk(error) })),
        }
    }

    /// The key file, if the key is in one.
    pub(crate) fn path(&self) -> Option<&Path> {
        if let KeySource::File(path) = self { Some(path) } else { None }
    }
}

/// Reads a private JWK file.
pub(crate) fn read_private(path: &Path) -> Result<PrivateKey, Box<KeyError>> {
    read(path, true, PrivateKey::from_jwk).map(|(key, _)| key)
}

/// Reads a public JWK file; a private one is refused.
pub(crate) fn read_public(path: &Path) -> Result<PublicKey, Box<KeyError>> {
    read(path, false, PublicKey::from_jwk).map(|(key, _)| key)
}

/// Reads the public half of a JWK file of either kind.
pub(crate) fn read_public_or_private(path: &Path) -> Result<PublicKey, Box<KeyError>> {
    read(path, false, PublicKey::from_any_jwk).map(|(key, _)| key)
}

fn read<T>(path: &Path, private: bool, parse: fn(&str) -> Result<T, JwkError>) -> Result<(T, u32), Box<KeyError>> {
    let key = read_text(path).and_then(|(text, mode)| Ok((parse(&text).map_err(KeyFault::Jwk)?, mode)));
    key.map_err(|fault| Box::new(KeyError { path: Some(path.to_path_buf()), private, fault }))
}

fn read_text(path: &Path) -> Result<(String, u32), KeyFault> {
    let read = read_regular(path, MAX_LEN + 1).map_err(KeyFault::Io)?;
    let (bytes, file) = read.ok_or(KeyFault::NotRegular)?;
    match String::from_utf8(bytes) {
        Ok(text) if text.len() > MAX_LEN => Err(KeyFault::TooLong),
        Ok(text) => Ok((text, file.mode() & 0o7777)),
        Err(_) => Err(KeyFault::NotUtf8),
    }
}

/// Whether other users may access a key file of this mode. The mount protects it below systemd's
/// `$CREDENTIALS_DIRECTORY`, and where it is read-only, such as a Secret volume.
pub(crate) fn is_exposed(path: &Path, mode: u32, credentials: Option<&Path>) -> bool {
    let is_protected = || is_credential(path, credentials) || file_system(path).is_some_and(|found| found.is_read_only);
    mode & 0o077 != 0 && !is_protected()
}

/// Whether systemd passed the file to the service (`LoadCredential=`).
pub(crate) fn is_credential(path: &Path, credentials: Option<&Path>) -> bool {
    credentials.is_some_and(|directory| path.ancestors().any(|parent| parent.as_os_str() == directory.as_os_str()))
}

/// A new key pair. Without a `kid` its JWK gets the did:key as one.
pub(crate) fn generate() -> io::Result<PrivateKey> {
    loop {
        if let Some(key) = PrivateKey::from_seed(random::bytes()?, None) {
            return Ok(key);
        }
    }
}

/// Writes a new private key with mode 0600. An existing file is an error and stays as it is. Returns the error of a
/// directory fsync that failed afterwards.
pub(crate) fn create_private(path: &Path, key: &PrivateKey) -> Result<Option<io::Error>, Box<FileError>> {
    create(&Target::new(path), key.to_jwk().as_bytes(), 0o600).map_err(|reason| FileError::new(path, reason))
}

/// Writes a file in place of an existing regular file, if any, with the owner and mode of that one; a symbolic link is
/// followed. Returns the error of a directory fsync that failed afterwards.
pub(crate) fn write_file(path: &Path, content: &str, mode: u32) -> Result<Option<io::Error>, Box<FileError>> {
    let target = Target::resolve(path)?;
    let replaced = replace(&target, content.as_bytes(), access(&target, mode));
    replaced.map_err(|reason| FileError::new(path, reason))
}

/// Finds out whether [`write_file`] can write there. Unless `replaces`, an existing name is an error.
pub(crate) fn check_file(path: &Path, replaces: bool) -> Result<(), Box<FileError>> {
    let target = Target::resolve(path)?;
    if !replaces && path.symlink_metadata().is_ok() {
        return Err(FileError::new(path, io::Error::from_raw_os_error(libc::EEXIST).into()));
    }
    probe(&target, access(&target, 0o600)).map_err(|reason| FileError::new(path, reason))
}

fn access(target: &Target, mode: u32) -> Access {
    let found = fs::metadata(target.path()).ok();
    let mode = found.as_ref().map_or(mode, |found| found.mode() & 0o777);
    let (user, group) = (found.as_ref().map(MetadataExt::uid), found.as_ref().map(MetadataExt::gid));
    Access { mode, user, group, durable: true }
}
