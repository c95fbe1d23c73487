//! One badge: read the key, sign, forget the key.

use super::settings::Settings;
use crate::badge::claims::Term;
use crate::badge::jws::{self, Badge};
use crate::encoding::shown;
use crate::failure::Failure;
use crate::key::file::create_private;
use crate::key::{PrivateKey, file};
use crate::system::random;

/// Signs a badge with the key as it is now.
pub fn issue(settings: &Settings, term: Term) -> Result<Badge, Failure> {
    let key = settings.key.read()?;
    check_claimed(settings, &key)?;
    let unsigned = |reason: String| Failure::new("cannot sign a badge", reason, "");
    let random = random::bytes().map_err(|error| unsigned(error.to_string()))?;
    jws::issue(&settings.identity, &key, term, random).map_err(|error| unsigned(error.to_string()))
}

/// A self-signed badge speaks for its key and for nobody else.
pub fn check_claimed(settings: &Settings, key: &PrivateKey) -> Result<(), Failure> {
    let did = key.public().did_key();
    match settings.claimed.iter().find(|(_, value)| *value != did) {
        None => Ok(()),
        Some((flag, value)) => Err(Failure::new(
            format!("cannot sign a badge for {}", shown(value)),
            format!("a self-signed badge is issued by and for its own key, {did}"),
            format!("leave {flag} out or give it that DID"),
        )),
    }
}

/// With `--generate-key`: makes the key if its file is not there. Returns its did:key when it was made.
pub fn generate_missing_key(settings: &Settings) -> Result<Option<String>, Failure> {
    let Some(path) = settings.key.path().filter(|path| settings.generate_key && !exists(path)) else {
        return Ok(None);
    };
    let key = file::generate().map_err(|error| Failure::new("cannot make a key", error.to_string(), ""))?;
    create_private(path, &key)?;
    Ok(Some(key.public().did_key()))
}

/// Whether anything, even a broken link, has that name.
pub fn exists(path: &std::path::Path) -> bool {
    path.symlink_metadata().is_ok()
}
