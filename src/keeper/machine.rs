//! What to do next: a pure function of state, event and time.
//!
//! `step(state, event, now) -> (state, action)`. The machine reads no clock, no file and no key; the loop in `run` carries
//! out the action and returns what came of it as the next event. Wall time decides whether a badge is valid; boot time
//! decides when an attempt is repeated, because setting the clock does not change it.

use super::event::{Action, Event, Sleep};
use super::moment::{Moment, SECOND};
use super::policy::{Backoff, CLOCK_FLOOR, EVENT_BURST, MAX_RETRY, Policy, RESTORE_BURST, exponential};
use crate::badge::claims::Validity;
use crate::report::IssueReason;

/// The state of one keeper.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Machine {
    policy: Policy,
    badge: Option<Validity>,
    renewal_requested: bool,
    damaged: bool,
    check_pending: bool,
    watched: bool,
    issue: Backoff,
    restore: Backoff,
    /// Restores in a row that were undone within [`MAX_RETRY`].
    reverted_restores: u32,
    restored_at: Option<i64>,
    /// File events less than 1 s apart.
    file_events: u32,
    file_event_at: Option<i64>,
    ignore_file_events_until: i64,
    next_poll: i64,
    /// The public key of the last badge.
    pub signing_key: Option<[u8; 32]>,
    /// Since the last write a badge was no longer valid when it was about to be put in place.
    pub outdated: bool,
    /// The clock was not set at the last step.
    pub waiting_for_clock: bool,
    /// When the clock was last seen to be set, or the start.
    pub clock_set_at: Moment,
}

impl Machine {
    /// A keeper without a badge.
    pub(crate) fn new(policy: Policy, now: Moment) -> Machine {
        Machine { policy, next_poll: now.boot, clock_set_at: now, ..Machine::default() }
    }

    /// Takes in `event` and decides what to do next.
    #[must_use]
    pub(crate) fn step(mut self, event: &Event, now: Moment) -> (Machine, Action) {
        if now.clock_step_since(self.clock_set_at) != 0 {
            self.clock_set_at = now;
            self.issue.not_before = now.boot;
            self.restore.not_before = now.boot;
        }
        self.waiting_for_clock = now.wall < CLOCK_FLOOR * SECOND;
        self.take(event, now);
        let action = match event {
            Event::StopRequested => Action::Exit(0),
            Event::ChildEnded(ended) => Action::Exit(ended.exit_status()),
            Event::IssueFailed(_) if self.badge.is_none() => Action::Exit(1),
            _ => self.decide(now),
        };
        if matches!(action, Action::Check) {
            self.next_poll = now.boot.saturating_add(self.policy.poll_interval);
        }
        (self, action)
    }

    /// When the badge is renewed, Unix milliseconds.
    pub(crate) fn renewal(&self) -> Option<i64> {
        self.expiry().map(|end| end - self.policy.renew_before)
    }

    /// The end of the badge, Unix milliseconds.
    pub(crate) fn expiry(&self) -> Option<i64> {
        self.badge.map(|badge| badge.exp.saturating_mul(SECOND))
    }

    /// Whether the badge is valid now: neither expired nor, after the clock went back, from the future.
    pub(crate) fn has_valid_badge(&self, now: Moment) -> bool {
        matches!(self.due(now), None | Some(IssueReason::Due | IssueReason::Requested))
    }

    /// The attempts of the pending renewal, else of the pending restore.
    pub(super) fn pending(&self, now: Moment) -> Option<Backoff> {
        match self.due(now) {
            Some(_) => Some(self.issue),
            None => self.damaged.then_some(self.restore),
        }
    }

    fn take(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Woke | Event::StopRequested | Event::ChildEnded(_) => {}
            Event::RenewalRequested => {
                self.renewal_requested = true;
                self.issue.not_before = now.boot;
            }
            Event::FileTouched => self.take_file_event(now),
            Event::Issued { badge, .. } => {
                self.badge = Some(Validity { iat: badge.iat, exp: badge.exp });
                self.signing_key = Some(*badge.key.bytes());
                self.renewal_requested = false;
                self.issue = Backoff::default();
                self.take_write();
            }
            // Once may be a suspend, a stopped machine or a clock that was set; then a new badge follows at once.
            Event::Outdated(_) if !self.outdated => self.outdated = true,
            Event::IssueFailed(_) | Event::Outdated(_) => self.issue.fail(self.policy, now),
            Event::Restored => {
                self.restored_at = Some(now.boot);
                self.take_write();
            }
            Event::RestoreFailed(_) => self.restore.fail(self.policy, now),
            Event::Unwatched => (self.check_pending, self.watched) = (false, false),
            Event::Checked(found) => {
                self.check_pending = false;
                match found {
                    Ok(()) => self.watched = true,
                    Err(_) => {
                        self.damaged = true;
                        self.delay_restore(now);
                    }
                }
            }
        }
    }

    /// Every write is followed by a check: it finds what happened to the file meanwhile, and drains the events of the
    /// keeper's own rename.
    fn take_write(&mut self) {
        self.restore = Backoff::default();
        self.outdated = false;
        self.damaged = false;
        self.check_pending = true;
    }

    /// Another process that undoes each restore meets a growing delay.
    fn delay_restore(&mut self, now: Moment) {
        let reverted = self.restored_at.filter(|at| now.boot - at <= MAX_RETRY);
        self.reverted_restores = reverted.map_or(0, |_| self.reverted_restores.saturating_add(1));
        self.restore.not_before = match (reverted, self.reverted_restores.checked_sub(RESTORE_BURST)) {
            (Some(restored_at), Some(excess @ 1..)) => restored_at + exponential(excess).min(MAX_RETRY),
            _ => now.boot,
        };
    }

    fn take_file_event(&mut self, now: Moment) {
        let in_burst = self.file_event_at.is_some_and(|at| now.boot - at < SECOND);
        self.file_events = if in_burst { self.file_events + 1 } else { 0 };
        self.file_event_at = Some(now.boot);
        if self.file_events > EVENT_BURST {
            self.file_events = 0;
            self.ignore_file_events_until = now.boot + SECOND;
        }
        self.check_pending = true;
    }

    fn decide(&self, now: Moment) -> Action {
        if self.waiting_for_clock {
            return Action::Sleep(Sleep { wall: Some(CLOCK_FLOOR * SECOND), boot: None, ignore_file_events: true });
        }
        let due = self.due(now);
        if let Some(reason) = due
            && now.boot >= self.issue.not_before
        {
            let iat = now.wall.div_euclid(SECOND);
            let validity = Validity { iat, exp: iat.saturating_add(self.policy.lifetime) };
            return Action::Issue { validity, reason };
        }
        let valid = self.has_valid_badge(now);
        if valid && self.damaged && now.boot >= self.restore.not_before {
            return Action::Restore;
        }
        let check_due = self.check_pending || self.polls() && now.boot >= self.next_poll;
        if valid && !self.damaged && check_due && now.boot >= self.ignore_file_events_until {
            return Action::Check;
        }
        Action::Sleep(self.sleep(now, due.is_some(), valid))
    }

    fn polls(&self) -> bool {
        self.policy.poll_always || !self.watched
    }

    fn sleep(&self, now: Moment, due: bool, valid: bool) -> Sleep {
        let intact = valid && !self.damaged;
        let retry = due.then_some(self.issue.not_before);
        let restore = (valid && self.damaged).then_some(self.restore.not_before);
        let check = (intact && self.check_pending).then_some(self.ignore_file_events_until);
        let poll = (intact && self.polls()).then_some(self.next_poll.max(self.ignore_file_events_until));
        // While a renewal fails, the wall deadline is the end of the old badge: after it a damaged file is no longer
        // restored. It also keeps the timer armed, which reports when the clock is set.
        let end_or_never = self.expiry().filter(|end| *end > now.wall).unwrap_or(i64::MAX);
        Sleep {
            wall: if due { Some(end_or_never) } else { self.renewal() },
            boot: [retry, restore, check, poll].into_iter().flatten().min(),
            ignore_file_events: !intact || self.check_pending,
        }
    }

    fn due(&self, now: Moment) -> Option<IssueReason> {
        let Some(badge) = self.badge else { return Some(IssueReason::Start) };
        if badge.iat > now.wall.div_euclid(SECOND) {
            Some(IssueReason::FromTheFuture)
        } else if self.expiry().is_some_and(|end| end <= now.wall) {
            Some(IssueReason::Expired)
        } else if self.renewal().is_some_and(|at| at <= now.wall) {
            Some(IssueReason::Due)
        } else if self.renewal_requested {
            Some(IssueReason::Requested)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
