//! The settings of a keeper, the steps before the first badge, and the issuing of one badge.

use super::policy::Policy;
use crate::badge::claims::{Identity, Validity};
use crate::badge::issue::{self as badge, Badge};
use crate::error::{Error, NotOwnDid};
use crate::key::PrivateKey;
use crate::keystore::{KeySource, create_private, generate};
use crate::system::{clock, random};
use std::io;
use std::path::Path;

/// What `badge keep` and `badge issue` are told. It does not change while they run.
pub struct Settings {
    /// The claims that stay the same from badge to badge.
    pub identity: Identity,
    /// With `--self-sign`: each flag or variable whose value must be the did:key of the key, and that value.
    pub required_did: Vec<(String, String)>,
    /// When badges are due.
    pub policy: Policy,
    /// The private key.
    pub key: KeySource,
    /// Generate the key if its file does not exist.
    pub generate_key: bool,
}

/// A private key as it was read or generated.
pub(crate) struct LoadedKey {
    pub key: PrivateKey,
    /// The mode of the file from which it was read.
    pub mode: Option<u32>,
    /// `--generate-key` created it.
    pub is_new: bool,
    /// The directory of the new key was not synced.
    pub sync_error: Option<io::Error>,
}

/// Reads and checks the key as it is now.
pub(crate) fn read_key(settings: &Settings) -> Result<LoadedKey, Error> {
    let (key, mode) = settings.key.read().map_err(Error::ReadKey)?;
    check_own_did(settings, Some(&key))?;
    Ok(LoadedKey { key, mode, is_new: false, sync_error: None })
}

/// Reads the existing key; `None`: it is to be generated. Before anything is written: an error leaves nothing behind.
pub(crate) fn read_existing_key(settings: &Settings) -> Result<Option<LoadedKey>, Error> {
    match missing_key(settings) {
        Some(_) => check_own_did(settings, None).map(|()| None),
        None => read_key(settings).map(Some),
    }
}

/// The existing key or, with `--generate-key`, a new one. Last before the first badge: an error before it leaves no key
/// behind.
pub(crate) fn first_key(settings: &Settings, existing: Option<LoadedKey>) -> Result<LoadedKey, Error> {
    if let Some(key) = existing {
        return Ok(key);
    }
    let Some(path) = missing_key(settings) else { return read_key(settings) };
    let key = generate().map_err(Error::GenerateKey)?;
    let created = create_private(path, &key);
    if created.is_err() && missing_key(settings).is_none() {
        // Another keeper has generated it meanwhile.
        return read_key(settings);
    }
    Ok(LoadedKey { key, mode: None, is_new: true, sync_error: created.map_err(Error::WriteKey)? })
}

/// Signs a badge with the key.
pub(crate) fn issue(settings: &Settings, key: &PrivateKey, validity: Validity) -> Result<Box<Badge>, Error> {
    let random = random::bytes().map_err(Error::Random)?;
    badge::issue(&settings.identity, key, validity, random).map(Box::new).map_err(Error::Sign)
}

/// Whether a badge of this validity is valid now.
pub(crate) fn is_valid_now(validity: Validity) -> bool {
    (validity.iat..validity.exp).contains(&clock::wall().div_euclid(1000))
}

/// A self-signed badge is issued by and for its own key. A key that is not generated yet has no known DID.
fn check_own_did(settings: &Settings, key: Option<&PrivateKey>) -> Result<(), Error> {
    let did = |key: &PrivateKey| key.public().did_key();
    let other = settings.required_did.iter().find(|(_, required)| key.is_none_or(|key| did(key) != *required));
    let Some((origin, required)) = other.cloned() else { return Ok(()) };
    Err(Error::NotOwnDid(Box::new(NotOwnDid { origin, required, actual: key.map(did) })))
}

/// The path of the key that is to be generated: nothing, not even a broken symbolic link, has that name.
fn missing_key(settings: &Settings) -> Option<&Path> {
    settings.key.path().filter(|path| settings.generate_key && path.symlink_metadata().is_err())
}

#[cfg(test)]
mod tests;
