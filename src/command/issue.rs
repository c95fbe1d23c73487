//! `capiscio badge issue`

use super::{print, print_warning};
use crate::badge::claims::Validity;
use crate::encoding::escaped;
use crate::error::Error;
use crate::file::{OutputFile, OutputOptions};
use crate::keeper::policy::CLOCK_FLOOR;
use crate::keeper::{Settings, first_key, is_valid_now, issue as sign, read_existing_key};
use crate::report::{file_warning, not_synced};
use crate::system::clock;

/// Issues one badge, to stdout or, with the keeper's writer and lock, to a file.
#[inline(never)]
pub(super) fn issue(settings: &Settings, output: Option<OutputOptions>) -> Result<(), Error> {
    let iat = clock::wall().div_euclid(1000);
    if iat < CLOCK_FLOOR {
        return Err(Error::ClockNotSet);
    }
    let validity = Validity { iat, exp: iat.saturating_add(settings.policy.lifetime) };
    let path = settings.key.path();
    let existing = read_existing_key(settings)?;
    let output = output.map(|options| OutputFile::open(options, path)).transpose().map_err(Error::WriteBadge)?;
    let first = first_key(settings, existing)?;
    if let (Some(path), Some(error)) = (path, first.sync_error) {
        print_warning(&not_synced(&escaped(path), &error));
    }
    let badge = sign(settings, &first.key, validity)?;
    let Some(mut output) = output else { return print(&(badge.token + "\n")) };
    let written = output.replace(badge.token.as_bytes(), &mut |_| is_valid_now(validity));
    for warning in &output.warnings {
        print_warning(&file_warning(warning, &escaped(output.path()).to_string()));
    }
    written.map(drop).map_err(Error::WriteBadge)
}
