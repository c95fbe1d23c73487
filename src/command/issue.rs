//! `capiscio badge issue`

use super::{DONE, FAILED, USAGE, complain, failed, print, warn};
use crate::badge::claims::Validity;
use crate::file::Output;
use crate::keeper::issue::{Unfit, begin, issue as sign};
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
    let term = Validity { iat, exp: iat.saturating_add(settings.policy.lifetime) };
    let wanted = settings.output.take();
    let open = || wanted.map(|wanted| Output::open(wanted, settings.key.path())).transpose();
    let (output, made) = match begin(&settings, open) {
        Ok(begun) => begun,
        Err(Unfit::Failed(failure)) => return failed(&failure),
        Err(Unfit::Refused(failure)) => {
            complain(&failure);
            return USAGE;
        }
    };
    if let Some(warning) = made.and_then(|made| made.warning) {
        warn(&warning);
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
