//! One badge: read the key, sign, forget the key.

use super::settings::Settings;
use crate::badge::claims::Validity;
use crate::badge::issue::{self as sign, Badge};
use crate::encoding::escaped;
use crate::failure::Failure;
use crate::key::{PrivateKey, make};
use crate::system::random;
use std::fmt::Display;
use std::path::Path;

/// Signs a badge with the key as it is now.
pub fn issue(settings: &Settings, term: Validity) -> Result<Badge, Failure> {
    let key = settings.key.read()?;
    check_claimed(settings, &key)?;
    let unsigned = |reason: &dyn Display| Failure::new(&"cannot sign a badge", reason, &"");
    let random = random::bytes().map_err(|error| unsigned(&error))?;
    sign::issue(&settings.identity, &key, term, random).map_err(|error| unsigned(&error))
}

/// A self-signed badge speaks for its key and for nobody else.
fn check_claimed(settings: &Settings, key: &PrivateKey) -> Result<(), Failure> {
    let did = key.public().did_key();
    match settings.claimed.iter().find(|(_, value)| *value != did) {
        None => Ok(()),
        Some((flag, value)) => Err(Failure::new(
            &format_args!("cannot sign a badge for {}", escaped(value)),
            &format_args!("a self-signed badge is issued by and for its own key, {did}"),
            &format_args!("leave {flag} out or give it that DID"),
        )),
    }
}

/// Why a keeper does not even begin.
pub enum Unfit {
    /// Files, keys, directories, locks: a restart can help.
    Failed(Failure),
    /// The command line does not fit the key: a restart cannot help.
    Refused(Failure),
}

impl From<Failure> for Unfit {
    fn from(failure: Failure) -> Unfit {
        Unfit::Failed(failure)
    }
}

/// Everything that comes before the first badge: what is there is read first, the key and then whatever `open` opens;
/// what has to be made comes last.
pub fn begin<T>(settings: &Settings, open: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Option<Made>), Unfit> {
    check_key(settings)?;
    let opened = open()?;
    Ok((opened, make_missing_key(settings)?))
}

/// Checks the key that is there, before anything is written; one that is yet to be made fits nobody's DID.
fn check_key(settings: &Settings) -> Result<(), Unfit> {
    if missing_key(settings).is_none() {
        return check_claimed(settings, &settings.key.read()?).map_err(Unfit::Refused);
    }
    match settings.claimed.first() {
        None => Ok(()),
        Some((flag, value)) => Err(Unfit::Refused(Failure::new(
            &format_args!("cannot sign a badge for {}", escaped(value)),
            &"a self-signed badge is issued by and for its own key, which is yet to be made",
            &format_args!("leave {flag} out"),
        ))),
    }
}

/// A key that was made, and what the person should know of it.
pub struct Made {
    /// Its did:key.
    pub did: String,
    /// What may not survive a power cut.
    pub warning: Option<String>,
}

/// With `--generate-key`: makes the key if its file is not there.
fn make_missing_key(settings: &Settings) -> Result<Option<Made>, Failure> {
    let Some(path) = missing_key(settings) else { return Ok(None) };
    let key = make::generate()?;
    let warning = make::create_private(path, &key)?;
    Ok(Some(Made { did: key.public().did_key(), warning }))
}

/// The key's file, when it is to be made: nothing, not even a broken link, has that name.
fn missing_key(settings: &Settings) -> Option<&Path> {
    settings.key.path().filter(|path| settings.generate_key && path.symlink_metadata().is_err())
}
