//! The loop: asks the machine, does what it says, hands back what came of it.

use super::event::{Action, Event};
use super::issue::{Unfit, begin, issue};
use super::machine::Machine;
use super::settings::Settings;
use super::tell::Voice;
use super::wake::{Wake, Wakes, now};
use crate::badge::claims::Validity;
use crate::badge::issue::Badge;
use crate::failure::Failure;
use crate::file::{Output, Sight, Wanted};
use crate::key::file::exposure;
use std::path::Path;

/// Why the keeper ended.
pub enum End {
    /// Somebody asked it to.
    Stopped,
    /// Files, keys, directories, locks: a restart can help. It has been logged.
    Failed,
    /// The command line does not fit the key: a restart cannot help. It has been logged.
    Refused,
}

/// Keeps the badge until somebody stops it. `credentials` is `$CREDENTIALS_DIRECTORY`.
pub fn run(settings: &Settings, wanted: Wanted, credentials: Option<&Path>, mut voice: Voice) -> End {
    let mut output = match prepare(settings, wanted, credentials, &voice) {
        Ok(output) => output,
        Err(Unfit::Failed(failure)) => {
            voice.error(&failure);
            return End::Failed;
        }
        Err(Unfit::Refused(failure)) => {
            voice.error(&failure);
            return End::Refused;
        }
    };
    match keep(settings, &mut output, &mut voice) {
        Ok(end) => end,
        Err(error) => {
            voice.error(&format_args!("cannot wait for time, signals and files: {error}"));
            End::Failed
        }
    }
}

/// Everything that can be done before the first badge, which may have to wait for the clock.
#[inline(never)]
fn prepare(settings: &Settings, wanted: Wanted, credentials: Option<&Path>, voice: &Voice) -> Result<Output, Unfit> {
    let path = settings.key.path();
    let (output, made) = begin(settings, || Output::open(wanted, path))?;
    if let (Some(made), Some(path)) = (made, path) {
        voice.key_made(path, &made.did);
        if let Some(warning) = made.warning {
            voice.warn(&warning);
        }
    }
    if let Some(warning) = path.and_then(|path| exposure(path, credentials)) {
        voice.warn(&warning);
    }
    Ok(output)
}

#[inline(never)]
fn keep(settings: &Settings, output: &mut Output, voice: &mut Voice) -> std::io::Result<End> {
    let wakes = Wakes::open(voice.watchdog())?;
    let mut machine = Machine::new(settings.policy, now());
    let mut event = Event::Woke;
    loop {
        let now = now();
        let step = machine.clock_step(now);
        if step != 0 {
            voice.clock_set(step);
        }
        let (next, action) = machine.step(event, now);
        machine = next;
        event = match action {
            Action::Issue { term, why } => {
                // Where a disk is slower than a badge lives, no sleep comes in between.
                match wakes.asked() {
                    Some(Wake::Stop) => break,
                    Some(_) => voice.reloading(),
                    None => {}
                }
                match replace(settings, output, term) {
                    Ok(badge) => {
                        voice.issued(settings, output.path(), &badge, why);
                        Event::Issued { term, watched: output.is_watched() }
                    }
                    Err(failure) => {
                        voice.failed(failure);
                        Event::IssueFailed
                    }
                }
            }
            Action::Restore => match output.restore() {
                Ok(()) => {
                    voice.restored(output.path());
                    Event::Restored { watched: output.is_watched() }
                }
                Err(failure) => {
                    voice.failed(failure);
                    Event::RestoreFailed
                }
            },
            Action::Look => match output.look() {
                Sight::Intact => Event::SeenIntact,
                Sight::Damaged(seen) => {
                    // What the machine will make of it is part of the sentence.
                    voice.damaged(machine.step(Event::SeenDamaged, now), output.path(), &seen, now);
                    Event::SeenDamaged
                }
            },
            Action::Sleep(sleep) => {
                voice.sleeping(&machine, now);
                match wakes.sleep(&machine, sleep, output.fd(), || voice.ping())? {
                    Wake::Stop => break,
                    Wake::Touched => Event::Touched,
                    Wake::Time => Event::Woke,
                    Wake::RenewalAsked => {
                        voice.reloading();
                        Event::RenewalAsked
                    }
                }
            }
            Action::GiveUp => {
                voice.gave_up();
                return Ok(End::Failed);
            }
        };
        for warning in output.warnings() {
            voice.warn(&warning);
        }
    }
    voice.stopped(output.path());
    Ok(End::Stopped)
}

fn replace(settings: &Settings, output: &mut Output, term: Validity) -> Result<Badge, Failure> {
    let badge = issue(settings, term)?;
    output.replace(badge.token.as_bytes())?;
    Ok(badge)
}
