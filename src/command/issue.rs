//! `capiscio badge issue`

use super::{DONE, FAILED, USAGE, complain, failed, print, warn};
use crate::badge::claims::Term;
use crate::file::Output;
use crate::keeper::issue::{Unfit, check_key, issue as sign, make_missing_key};
use crate::keeper::policy::CLOCK_FLOOR;
use crate::keeper::settings::Settings;
use crate::system::clock;

/// Issues one badge, to stdout or with the keeper's own writer and lock to a file.
#[inline(never)]
pub fn issue(mut settings: Settings) -> u8 {
    let iat = clock::wall().div_euclid(1000);
    if iat < CLOCK_FLOOR {
        complain(&"the clock is not set (it is before 2025): a badge signed now would be worthless; set the clock");
        return FAILED;
    }
    let term = Term { iat, exp: iat.saturating_add(settings.policy.lifetime) };
    match check_key(&settings) {
        Ok(()) => {}
        Err(Unfit::Failed(failure)) => return failed(&failure),
        Err(Unfit::Refused(failure)) => {
            complain(&failure);
            return USAGE;
        }
    }
    let output = match settings.output.take() {
        None => None,
        Some(wanted) => match Output::open(wanted, settings.key.path()) {
            Ok(output) => Some(output),
            Err(failure) => return failed(&failure),
        },
    };
    match make_missing_key(&settings) {
        Err(failure) => return failed(&failure),
        Ok(made) => {
            if let Some(warning) = made.and_then(|made| made.warning) {
                warn(&warning);
            }
        }
    }
    let badge = match sign(&settings, term) {
        Ok(badge) => badge,
        Err(failure) => return failed(&failure),
    };
    let Some(mut output) = output else { return print(&format_args!("{}\n", badge.token)) };
    let written = output.replace(badge.token.as_bytes());
    for warning in output.warnings() {
        warn(&warning);
    }
    match written {
        Ok(()) => DONE,
        Err(failure) => failed(&failure),
    }
}
