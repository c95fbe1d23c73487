//! What to do next: a pure function of state, event and time.
//!
//! `step(state, event, now) -> (state, action)`. The machine knows no clock, no file and no key; the loop in
//! [`super::run`] carries out what it says and hands back what came of it. Wall time decides what a badge is
//! worth, boot time decides how long to wait for another try, because no clock step stretches it.

use super::event::{Action, Event, Sleep, Why};
use super::moment::{Moment, SECOND};
use super::policy::{CLOCK_FLOOR, FREE_RESTORES, FREE_TOUCHES, LONGEST_RETRY, Policy, Retry, doubling};
use crate::badge::claims::Validity;

/// The state. Small, copied freely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    policy: Policy,
    badge: Option<Validity>,
    asked: bool,
    damaged: bool,
    look: bool,
    watched: bool,
    gave_up: bool,
    issue: Retry,
    restore: Retry,
    /// Restores that somebody undid within a minute.
    undone: u32,
    restored_at: Option<i64>,
    touches: u32,
    touched_at: i64,
    deaf_until: i64,
    look_at: i64,
    /// Wall minus boot time: it changes when somebody sets the clock, and only then.
    offset: i64,
}

impl Machine {
    /// A keeper that has not issued anything yet.
    pub fn new(policy: Policy, now: Moment) -> Machine {
        Machine {
            policy,
            badge: None,
            asked: false,
            damaged: false,
            look: false,
            watched: false,
            gave_up: false,
            issue: Retry::default(),
            restore: Retry::default(),
            undone: 0,
            restored_at: None,
            touches: 0,
            touched_at: now.boot - SECOND,
            deaf_until: now.boot,
            look_at: now.boot,
            offset: now.offset(),
        }
    }

    /// Takes in what happened and says what to do next.
    #[must_use]
    pub fn step(mut self, event: Event, now: Moment) -> (Machine, Action) {
        if self.clock_step(now) != 0 {
            self.offset = now.offset();
            self.issue.not_before = now.boot;
            self.restore.not_before = now.boot;
        }
        self.take(event, now);
        let action = self.decide(now);
        if action == Action::Look {
            self.look_at = now.boot.saturating_add(self.policy.look_every);
        }
        (self, action)
    }

    /// By how many milliseconds the clock was set since the last step; 0 where it was by less than a second.
    pub fn clock_step(&self, now: Moment) -> i64 {
        let step = now.offset() - self.offset;
        if step.abs() < SECOND { 0 } else { step }
    }

    /// When the badge in the file is replaced, Unix milliseconds.
    pub fn renewal(&self) -> Option<i64> {
        self.expiry().map(|end| end - self.policy.renew_before)
    }

    /// The end of the badge in the file, Unix milliseconds.
    pub fn expiry(&self) -> Option<i64> {
        self.badge.map(|badge| badge.exp.saturating_mul(SECOND))
    }

    /// Whether there is a badge that is valid now: neither expired nor, because the clock went back, from the future.
    pub fn has_good_badge(&self, now: Moment) -> bool {
        !matches!(self.due(now), Some(Why::Start | Why::Expired | Why::FromTheFuture))
    }

    /// When something that is wanted and not done yet is tried next, in boot time: a renewal, else a restore.
    pub fn next_attempt(&self, now: Moment) -> Option<i64> {
        match self.due(now) {
            Some(_) => Some(self.issue.not_before),
            None => self.damaged.then(|| self.restore_at()),
        }
    }

    /// How many restores in a row somebody undid beyond those that are free: above 0 there is a fight.
    pub fn fight(&self) -> u32 {
        self.undone.saturating_sub(FREE_RESTORES)
    }

    /// Whether the clock is not set yet.
    pub fn waits_for_clock(&self, now: Moment) -> bool {
        now.wall < CLOCK_FLOOR * SECOND
    }

    fn take(&mut self, event: Event, now: Moment) {
        match event {
            Event::Woke => {}
            Event::RenewalAsked => {
                self.asked = true;
                self.issue.not_before = now.boot;
            }
            Event::Touched => self.touched(now),
            Event::Issued { term, watched } => {
                self.badge = Some(term);
                self.asked = false;
                self.issue = Retry::default();
                self.written(watched);
            }
            Event::IssueFailed => {
                self.gave_up = self.badge.is_none();
                self.issue.fail(self.policy, now);
            }
            Event::Restored { watched } => {
                self.undone = self.undone.saturating_add(1);
                self.restored_at = Some(now.boot);
                self.written(watched);
            }
            Event::RestoreFailed => self.restore.fail(self.policy, now),
            Event::SeenIntact => self.seen(false),
            Event::SeenDamaged => {
                if self.restored_at.is_none_or(|at| now.boot - at > LONGEST_RETRY) {
                    self.undone = 0;
                }
                self.seen(true);
            }
        }
    }

    /// Our own write is looked at once: what happened to the file in between is found there, and the events of
    /// our own rename wake nobody.
    fn written(&mut self, watched: bool) {
        self.restore = Retry::default();
        self.watched = watched;
        self.damaged = false;
        self.look = true;
    }

    fn seen(&mut self, damaged: bool) {
        self.damaged = damaged;
        self.look = false;
    }

    fn touched(&mut self, now: Moment) {
        let close = now.boot - self.touched_at < SECOND;
        self.touches = if close { self.touches + 1 } else { 0 };
        self.touched_at = now.boot;
        if self.touches > FREE_TOUCHES {
            self.touches = 0;
            self.deaf_until = now.boot + SECOND;
        }
        self.look = true;
    }

    fn decide(&self, now: Moment) -> Action {
        if self.gave_up {
            return Action::GiveUp;
        }
        if self.waits_for_clock(now) {
            return Action::Sleep(Sleep { wall: Some(CLOCK_FLOOR * SECOND), boot: None, deaf: true });
        }
        let due = self.due(now);
        if let Some(why) = due
            && now.boot >= self.issue.not_before
        {
            let iat = now.wall.div_euclid(SECOND);
            let exp = iat.saturating_add(self.policy.lifetime);
            return Action::Issue { term: Validity { iat, exp }, why };
        }
        let good = self.has_good_badge(now);
        if good && self.damaged && now.boot >= self.restore_at() {
            return Action::Restore;
        }
        let looks = self.policy.look_always || !self.watched;
        let look = self.look || looks && now.boot >= self.look_at;
        if good && !self.damaged && look && now.boot >= self.deaf_until {
            return Action::Look;
        }
        self.sleep(now, due.is_some(), good, looks)
    }

    fn sleep(&self, now: Moment, due: bool, good: bool, looks: bool) -> Action {
        let retry = due.then_some(self.issue.not_before);
        let restore = (good && self.damaged).then(|| self.restore_at());
        let look = (good && !self.damaged && self.look).then_some(self.deaf_until);
        let patrol = (good && !self.damaged && looks).then_some(self.look_at.max(self.deaf_until));
        Action::Sleep(Sleep {
            wall: if due { Some(self.end_or_never(now)) } else { self.renewal() },
            boot: [retry, restore, look, patrol].into_iter().flatten().min(),
            deaf: !good || self.damaged || self.look,
        })
    }

    /// While a renewal fails, its clock deadline is the end of the old badge: from there a damaged file is no
    /// longer restored. It also keeps the timer armed, which is what tells of clock steps.
    fn end_or_never(&self, now: Moment) -> i64 {
        self.expiry().filter(|end| *end > now.wall).unwrap_or(i64::MAX)
    }

    fn due(&self, now: Moment) -> Option<Why> {
        let Some(badge) = self.badge else { return Some(Why::Start) };
        if badge.iat > now.wall.div_euclid(SECOND) {
            Some(Why::FromTheFuture)
        } else if self.expiry().is_some_and(|end| end <= now.wall) {
            Some(Why::Expired)
        } else if self.renewal().is_some_and(|at| at <= now.wall) {
            Some(Why::Due)
        } else if self.asked {
            Some(Why::Asked)
        } else {
            None
        }
    }

    /// The earliest boot time at which a damaged file may be written again.
    fn restore_at(&self) -> i64 {
        let patience = match self.fight() {
            0 => 0,
            fight => doubling(fight).min(LONGEST_RETRY),
        };
        let peace = self.restored_at.map_or(i64::MIN, |at| at + patience);
        self.restore.not_before.max(peace)
    }
}
