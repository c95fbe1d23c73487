//! The settings of a keeper, the steps before the first badge, and the issuing of one badge.

use super::policy::Policy;
use crate::badge::claims::{Identity, Validity};
use crate::badge::issue::{self as badge, Badge};
use crate::error::Error;
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

/// A private key that `--generate-key` created.
pub(crate) struct GeneratedKey {
    pub did: String,
    /// The directory of the key was not synced.
    pub sync_error: Option<io::Error>,
}

/// Checks the existing key. Before anything is written: an error leaves nothing behind.
pub(crate) fn check_key(settings: &Settings) -> Result<(), Error> {
    let key = if missing_key(settings).is_none() { Some(settings.key.read().map_err(Error::ReadKey)?) } else { None };
    check_own_did(settings, key.as_ref())
}

/// With `--generate-key`, creates a missing key. Last before the first badge: an error before it leaves no key behind.
pub(crate) fn generate_missing_key(settings: &Settings) -> Result<Option<GeneratedKey>, Error> {
    let Some(path) = missing_key(settings) else { return Ok(None) };
    let key = generate().map_err(Error::GenerateKey)?;
    let created = create_private(path, &key);
    if created.is_err() && missing_key(settings).is_none() {
        // Another keeper has generated it meanwhile.
        return Ok(None);
    }
    let sync_error = created.map_err(Error::WriteKey)?;
    Ok(Some(GeneratedKey { did: key.public().did_key(), sync_error }))
}

/// Signs a badge with the key as it is now.
pub(crate) fn issue(settings: &Settings, validity: Validity) -> Result<Badge, Error> {
    let key = settings.key.read().map_err(Error::ReadKey)?;
    check_own_did(settings, Some(&key))?;
    let random = random::bytes().map_err(Error::Random)?;
    badge::issue(&settings.identity, &key, validity, random).map_err(Error::Sign)
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
    Err(Error::NotOwnDid { origin, required, actual: key.map(did) })
}

/// The path of the key that is to be generated: nothing, not even a broken symbolic link, has that name.
fn missing_key(settings: &Settings) -> Option<&Path> {
    settings.key.path().filter(|path| settings.generate_key && path.symlink_metadata().is_err())
}

#[cfg(test)]
mod tests;
