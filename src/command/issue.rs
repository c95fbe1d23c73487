//! `capiscio badge issue`

use super::{DONE, FAILED, USAGE, complain, print};
use crate::badge::claims::Term;
use crate::failure::Failure;
use crate::file::Output;
use crate::keeper::issue::{check_claimed, generate_missing_key, issue as sign};
use crate::keeper::policy::CLOCK_FLOOR;
use crate::keeper::settings::Settings;
use crate::system::clock;

/// Issues one badge, to stdout or with the keeper's own writer and lock to a file.
pub fn issue(mut settings: Settings) -> u8 {
    let iat = clock::wall().div_euclid(1000);
    if iat < CLOCK_FLOOR {
        complain("the clock is not set (it is before 2025): a badge signed now would be worthless; set the clock");
        return FAILED;
    }
    let term = Term { iat, exp: iat.saturating_add(settings.policy.lifetime) };
    let output = match settings.output.take() {
        None => None,
        Some(wanted) => match Output::open(wanted, settings.key.path()) {
            Ok(output) => Some(output),
            Err(failure) => return failed(&failure),
        },
    };
    if let Err(failure) = generate_missing_key(&settings) {
        return failed(&failure);
    }
    match settings.key.read().map(|key| check_claimed(&settings, &key)) {
        Err(failure) => return failed(&failure),
        Ok(Err(failure)) => {
            complain(&failure.to_string());
            return USAGE;
        }
        Ok(Ok(())) => {}
    }
    let badge = match sign(&settings, term) {
        Ok(badge) => badge,
        Err(failure) => return failed(&failure),
    };
    let Some(mut output) = output else { return print(&format!("{}\n", badge.token)) };
    let written = output.replace(badge.token.as_bytes());
    for warning in output.warnings() {
        complain(&format!("warning: {warning}"));
    }
    match written {
        Ok(()) => DONE,
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> u8 {
    complain(&failure.to_string());
    FAILED
}
