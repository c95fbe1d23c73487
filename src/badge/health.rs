//! Whether a badge is usable now, for `badge health`.

use super::CLOCK_FLOOR;
use super::verify::{Invalid, Rules, Unverified, read_unverified, verify};
use crate::key::PublicKey;

/// A state of the guide's health script, and its exit status.
pub type State = (&'static str, u8);

/// Usable.
pub const HEALTHY: State = ("OK", 0);
/// Usable, but less than the minimum remains.
pub const WARNING: State = ("WARNING", 1);
/// Not usable.
pub const CRITICAL: State = ("CRITICAL", 2);

/// By how much the clocks of issuer and reader may differ, in seconds (RFC-002 §8.1).
const SKEW: i64 = 60;

/// Reads a badge by [`read_unverified`]; with a key every rule of [`verify`] but those of time holds, too.
pub fn read(token: &[u8], key: Option<&PublicKey>) -> Result<Unverified, Box<Invalid>> {
    let badge = read_unverified(token)?;
    if key.is_some() {
        // The times are judged by assess: without a skew at the end.
        let (skew, now) = (i64::MAX, badge.exp);
        verify(token, &Rules { key, accept_self_signed: false, trusted_issuers: &[], audience: None, skew, now })?;
    }
    Ok(badge)
}

/// The state of a badge at `now`, by its times, and a sentence. `min_remaining` is in seconds, `now` in Unix seconds.
pub fn assess(badge: &Unverified, min_remaining: i64, now: i64) -> (State, String) {
    let ahead = badge.iat.max(badge.nbf).unwrap_or(now).saturating_sub(now);
    match badge.exp.saturating_sub(now) {
        _ if now < CLOCK_FLOOR => (CRITICAL, "Clock not set: it is before 2025; set the clock".into()),
        ..=0 => (CRITICAL, "Badge expired".into()),
        _ if ahead > SKEW => (CRITICAL, format!("Badge not valid for another {ahead}s")),
        remaining if remaining < min_remaining => (WARNING, format!("Badge expires in {remaining}s")),
        remaining => (HEALTHY, format!("Badge valid for {remaining}s")),
    }
}
