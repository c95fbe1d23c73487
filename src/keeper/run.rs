//! The loop: one turn asks the machine, tells what follows, and carries out the action.

use super::event::{Action, Event, Sleep};
use super::machine::Machine;
use super::moment::Moment;
use super::prepare::{Settings, is_valid_now, issue, read_key};
use super::report::{Transition, report};
use super::wait::{self, EventSources};
use crate::badge::claims::Validity;
use crate::badge::issue::Badge;
use crate::error::Error;
use crate::file::{FileWarning, OutputFile, WatchedFile};
use crate::key::PrivateKey;
use crate::report::Reporter;

/// Only takes the signals that are pending.
const NO_SLEEP: Sleep = Sleep { wall: None, boot: Some(0), ignore_file_events: true };

/// Renews and restores the badge until a signal or the end of its child, and returns the exit status. An error is one of
/// poll(2) or a timer. `key` signs the first badge, if that is due at once; `hangup_stops` as for [`EventSources::open`].
#[inline(never)]
pub(crate) fn run(
    settings: &Settings,
    key: PrivateKey,
    output: OutputFile,
    reporter: &mut Reporter,
    hangup_stops: bool,
) -> Result<u8, Error> {
    let sources = EventSources::open(reporter.supervisor.watchdog_period, hangup_stops).map_err(Error::Wait)?;
    let mut first_key = Some(key);
    let mut output = WatchedFile::new(output);
    let mut machine = Machine::new(settings.policy, wait::now());
    let mut event = Event::Woke;
    loop {
        let now = wait::now();
        if let Some(ended) = reporter.take_end() {
            event = Event::ChildEnded(ended);
        }
        event = match advance(&mut machine, &event, now, &output.take_warnings(), reporter) {
            // Where a write takes longer than a badge is valid, the keeper never sleeps.
            Action::Issue { .. } if sources.signals.are_pending() => {
                sources.wait(NO_SLEEP, now, None, reporter).map_err(Error::Wait)?
            }
            Action::Issue { validity, reason } => {
                match write_badge(settings, first_key.take(), &mut output, validity) {
                    Ok(badge) => Event::Issued { badge, reason },
                    Err(error) if error.is_outdated() => Event::Outdated(error),
                    Err(error) => Event::IssueFailed(error),
                }
            }
            Action::Restore => {
                match output.restore(&|| machine.has_valid_badge(wait::now())).map_err(Error::WriteBadge) {
                    Ok(()) => Event::Restored,
                    Err(error) if error.is_outdated() => Event::Outdated(error),
                    Err(error) => Event::RestoreFailed(error),
                }
            }
            Action::Check => match output.check() {
                Ok(()) if output.unwatched.is_some() => Event::Unwatched,
                checked => Event::Checked(checked),
            },
            Action::Sleep(sleep) => {
                // While the clock is not set, the key may be replaced.
                first_key = None;
                let sleep = sleep.at_most(reporter.deadline());
                sources.wait(sleep, now, output.event_fd(), reporter).map_err(Error::Wait)?
            }
            Action::Exit(status) => return Ok(status),
        };
    }
}

/// Steps the machine, tells what follows, and returns what to do. Not inlined: its frame is gone while a badge is signed.
#[inline(never)]
fn advance(
    machine: &mut Machine,
    event: &Event,
    now: Moment,
    warnings: &[FileWarning],
    reporter: &mut Reporter,
) -> Action {
    let (next, action) = machine.step(event, now);
    reporter.tell(&report(&Transition { before: machine, event, after: &next, action: &action, now, warnings }));
    *machine = next;
    action
}

/// Without a `key` it is read anew, because its file may have been replaced.
fn write_badge(
    settings: &Settings,
    key: Option<PrivateKey>,
    output: &mut WatchedFile,
    validity: Validity,
) -> Result<Box<Badge>, Error> {
    let key = key.map_or_else(|| read_key(settings).map(|read| read.key), Ok)?;
    let badge = issue(settings, &key, validity)?;
    drop(key);
    output.replace(badge.token.as_bytes(), &|| is_valid_now(validity)).map_err(Error::WriteBadge)?;
    Ok(badge)
}
