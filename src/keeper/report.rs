//! What is told: a pure function of one transition of the machine.

use super::event::{Action, Event};
use super::machine::Machine;
use super::moment::{Moment, SECOND};
use super::policy::Backoff;
use crate::file::FileWarning;
use crate::report::{Notice, Status};

/// One step of the machine, and what came with its event.
#[derive(Clone, Copy)]
pub(crate) struct Transition<'a> {
    pub before: &'a Machine,
    pub event: &'a Event,
    pub after: &'a Machine,
    pub action: &'a Action,
    pub now: Moment,
    /// What the file reported while the event came about.
    pub warnings: &'a [FileWarning],
}

/// What every reader is told about this transition, in order.
pub(crate) fn report<'a>(transition: &Transition<'a>) -> Vec<Notice<'a>> {
    let Transition { before, event, after, action, now, warnings } = *transition;
    let mut notices = Vec::new();
    let step = now.clock_step_since(before.clock_set_at);
    if step != 0 {
        notices.push(Notice::ClockSet { from: seconds(now.wall - step), to: seconds(now.wall) });
    }
    notices.extend(notice(transition));
    notices.extend(warnings.iter().map(Notice::File));
    // A request is answered, although nothing follows from it yet.
    if after.waiting_for_clock && (!before.waiting_for_clock || matches!(event, Event::RenewalRequested)) {
        notices.push(Notice::WaitingForClock { now: seconds(now.wall) });
    }
    if let Action::Sleep(_) = action {
        notices.push(Notice::Sleeping(status(after, now)));
    }
    notices
}

fn notice<'a>(transition: &Transition<'a>) -> Option<Notice<'a>> {
    let Transition { before, event, after, action, now, .. } = *transition;
    let next_attempt = after.pending(now).map(|pending| attempt_time(pending, now));
    Some(match event {
        Event::Woke | Event::FileTouched | Event::Checked(Ok(())) | Event::Unwatched => return None,
        Event::Outdated(_) if !before.outdated => return None,
        Event::RenewalRequested => Notice::RenewalRequested,
        Event::Issued { badge, reason, .. } => {
            let (renewal, now) = (seconds(after.renewal()?), seconds(now.wall));
            let other_key = before.signing_key.is_some_and(|key| key != *badge.key.bytes());
            Notice::Issued { badge, reason: *reason, renewal, now, other_key }
        }
        Event::Restored => Notice::Restored,
        Event::IssueFailed(error) | Event::RestoreFailed(error) | Event::Outdated(error) => {
            Notice::Failed { error, next_attempt: next_attempt.filter(|_| !matches!(action, Action::Exit(_))) }
        }
        Event::Checked(Err(damage)) => {
            Notice::Damaged { damage, next_attempt: next_attempt.filter(|_| matches!(action, Action::Sleep(_))) }
        }
        Event::StopRequested => Notice::Stopped { has_badge: before.expiry().is_some(), child: None },
        Event::ChildEnded(ended) => Notice::Stopped { has_badge: before.expiry().is_some(), child: Some(ended) },
    })
}

fn status(machine: &Machine, now: Moment) -> Status {
    if machine.waiting_for_clock {
        return Status::WaitingForClock;
    }
    let until = machine.expiry().map(seconds);
    match machine.pending(now).filter(|pending| pending.failures > 0) {
        Some(failing) => {
            let until = until.filter(|_| machine.has_valid_badge(now));
            Status::Failing { until, next_attempt: attempt_time(failing, now) }
        }
        None => Status::Valid { until: until.unwrap_or_default(), renewal: machine.renewal().map_or(0, seconds) },
    }
}

/// Unix seconds of the next attempt, unless the clock is set before. One that is overdue follows at once.
fn attempt_time(pending: Backoff, now: Moment) -> i64 {
    seconds(pending.not_before.max(now.boot).saturating_add(now.offset()))
}

fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(SECOND)
}

#[cfg(test)]
mod tests;
