//! The world around one machine: two clocks, a file, a disk and a key that work or fail.

use super::simulation::{DAY, HOUR, START, YEAR};
use crate::badge::claims::Validity;
use crate::badge::issue::Badge;
use crate::error::Error;
use crate::file::Damage;
use crate::keeper::event::{Action, Event, Sleep};
use crate::keeper::machine::Machine;
use crate::keeper::moment::{Moment, SECOND};
use crate::keeper::policy::{CLOCK_FLOOR, MAX_RETRY, Policy};
use crate::keeper::report::{Transition, report};
use crate::key::PublicKey;
use crate::report::{IssueReason, Notice, Status};
use std::io;

/// xorshift64*: the same seed gives the same history on every machine.
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

pub(super) struct World {
    rng: Rng,
    pub now: Moment,
    pub machine: Machine,
    pub policy: Policy,
    /// Whether the kernel reports changes of the file that is in place.
    watched: bool,
    /// The same for the file that is written next.
    pub watchable: bool,
    /// The kernel holds an event about the file.
    pub event_pending: bool,
    pub damaged: bool,
    pub badge: Option<Validity>,
    /// Boot time until which every write fails.
    pub failing_until: i64,
    renewal_requested: bool,
    /// A badge was outdated since the last write.
    outdated: bool,
    /// Boot time of the last failed renewal, until one succeeds.
    pub failed_at: Option<i64>,
    pub wakes: u64,
    /// Wakes that had a cause.
    pub causes: u64,
    pub issued: u64,
    pub restored: u64,
}

/// What ended a sleep.
pub(super) enum Cause {
    Deadline,
    Outside(Event),
}

pub(super) fn failure() -> Error {
    Error::Random(io::ErrorKind::Other.into())
}

impl World {
    pub(super) fn new(seed: u64, policy: Policy, wall: i64) -> World {
        let now = Moment { wall, boot: 5 * SECOND };
        let mut world = World {
            rng: Rng::new(seed),
            now,
            machine: Machine::new(policy, now),
            policy,
            watched: false,
            watchable: false,
            event_pending: false,
            damaged: false,
            badge: None,
            failing_until: 0,
            renewal_requested: false,
            outdated: false,
            failed_at: None,
            wakes: 0,
            causes: 0,
            issued: 0,
            restored: 0,
        };
        world.watchable = !world.one_in(3);
        world
    }

    pub(super) fn below(&mut self, bound: i64) -> i64 {
        (self.rng.next() % bound as u64) as i64
    }

    fn one_in(&mut self, chances: i64) -> bool {
        self.below(chances) == 0
    }

    fn writes_fail(&self) -> bool {
        self.now.boot < self.failing_until
    }

    fn clock_is_set(&self) -> bool {
        self.now.wall >= CLOCK_FLOOR * SECOND
    }

    pub(super) fn pass(&mut self, time: i64) {
        self.now.wall += time;
        self.now.boot += time;
    }

    /// Signing and syncing take time, and the whole machine may be stopped meanwhile.
    fn pass_write_time(&mut self) {
        let stopped = if self.one_in(200) { self.below(2 * self.policy.lifetime * SECOND) } else { 0 };
        let time = self.below(20) + stopped;
        self.pass(time);
    }

    /// The badge is not put in place, because it is not valid.
    fn refuse(&mut self) -> Event {
        if std::mem::replace(&mut self.outdated, true) {
            self.failed_at = Some(self.now.boot);
        }
        Event::Outdated(failure())
    }

    /// Lets the machine act until it sleeps, and checks what is told at each step.
    pub(super) fn settle(&mut self, mut event: Event) -> Sleep {
        for _ in 0..12 {
            let before = self.machine;
            let (after, action) = before.step(&event, self.now);
            let (event_ref, action_ref) = (&event, &action);
            let transition = Transition {
                before: &before,
                event: event_ref,
                after: &after,
                action: action_ref,
                now: self.now,
                warnings: &[],
            };
            self.check_report(&transition, &report(&transition));
            self.machine = after;
            event = match action {
                Action::Sleep(sleep) => {
                    self.check_sleep(sleep);
                    return sleep;
                }
                Action::Issue { validity, reason } => self.issue(validity, reason),
                Action::Restore => self.restore(),
                Action::Check => {
                    self.event_pending = false;
                    if self.damaged {
                        Event::Checked(Err(Damage::Deleted))
                    } else {
                        self.watched = self.watchable;
                        if self.watched { Event::Checked(Ok(())) } else { Event::Unwatched }
                    }
                }
                Action::Exit(status) => {
                    panic!("only a failed first badge, a signal or a child ends a keeper: {status}")
                }
            };
        }
        panic!("a keeper that acts twelve times without sleeping is in a loop: {:?}", self.machine);
    }

    /// Every failure is told with its next attempt, every badge with its renewal, and nothing is told twice.
    fn check_report(&self, transition: &Transition, notices: &[Notice]) {
        let Transition { before, event, after, action, now, .. } = *transition;
        let state = || format!("{notices:?}\nafter {event:?} at {now:?}: {action:?}\n{after:?}");
        let sleeps = matches!(action, Action::Sleep(_));
        let mut told = notices;
        if let [rest @ .., Notice::Sleeping(status)] = told {
            assert!(sleeps, "{}", state());
            match status {
                Status::WaitingForClock => assert!(!self.clock_is_set(), "{}", state()),
                Status::Valid { until, .. } => assert!(until * SECOND > now.wall && self.valid(), "{}", state()),
                Status::Failing { until, .. } => assert_eq!(until.is_some(), self.valid(), "{}", state()),
            }
            told = rest;
        } else {
            assert!(!sleeps, "untold sleep\n{}", state());
        }
        if now.clock_step_since(before.clock_set_at) != 0 {
            let [Notice::ClockSet { from, to }, rest @ ..] = told else { panic!("untold clock step\n{}", state()) };
            assert!(from != to, "{}", state());
            told = rest;
        }
        if after.waiting_for_clock && !before.waiting_for_clock {
            let [rest @ .., Notice::WaitingForClock { .. }] = told else { panic!("untold wait\n{}", state()) };
            told = rest;
        }
        match (event, told) {
            (Event::Issued { badge, .. }, [Notice::Issued { renewal, .. }]) => {
                let due = (badge.exp * SECOND - self.policy.renew_before).div_euclid(SECOND);
                assert_eq!(*renewal, due, "{}", state());
            }
            (Event::Restored, [Notice::Restored]) => {}
            (Event::Outdated(_), []) => assert!(!before.outdated, "{}", state()),
            (
                Event::IssueFailed(_) | Event::RestoreFailed(_) | Event::Outdated(_),
                [Notice::Failed { next_attempt, .. }],
            ) => {
                // A badge from the future may become valid while its successor fails; then nothing is due any more.
                assert_eq!(next_attempt.is_some(), after.pending(now).is_some(), "{}", state());
                let (earliest, latest) = (now.wall / SECOND, (now.wall + MAX_RETRY) / SECOND);
                assert!(next_attempt.is_none_or(|next| (earliest..=latest).contains(&next)), "{}", state());
            }
            (Event::Checked(Err(_)), [Notice::Damaged { next_attempt, .. }]) => {
                assert_eq!(next_attempt.is_some(), sleeps && after.pending(now).is_some(), "{}", state());
            }
            (Event::RenewalRequested, [Notice::RenewalRequested]) => {}
            (Event::Woke | Event::FileTouched | Event::Checked(Ok(())) | Event::Unwatched, []) => {}
            _ => panic!("told too much or too little\n{}", state()),
        }
    }

    fn issue(&mut self, validity: Validity, reason: IssueReason) -> Event {
        assert!(self.clock_is_set(), "nothing is signed before the clock is set");
        assert_eq!(validity.exp - validity.iat, self.policy.lifetime);
        self.pass_write_time();
        self.causes += 1;
        if self.writes_fail() && self.badge.is_some() {
            self.failed_at = Some(self.now.boot);
            return Event::IssueFailed(failure());
        }
        if !(validity.iat..validity.exp).contains(&self.now.wall.div_euclid(SECOND)) {
            return self.refuse();
        }
        self.failed_at = None;
        self.renewal_requested = false;
        self.issued += 1;
        self.badge = Some(validity);
        self.written();
        Event::Issued { badge: badge(validity), reason }
    }

    fn restore(&mut self) -> Event {
        assert!(self.valid(), "an invalid badge is not restored");
        self.pass_write_time();
        self.causes += 1;
        if self.writes_fail() {
            return Event::RestoreFailed(failure());
        }
        if !self.valid() {
            return self.refuse();
        }
        self.restored += 1;
        self.written();
        Event::Restored
    }

    fn written(&mut self) {
        assert!(self.valid(), "only a valid badge gets the name");
        self.outdated = false;
        self.damaged = false;
        self.watched = self.watchable;
        self.event_pending = self.watched;
    }

    fn valid(&self) -> bool {
        let second = self.now.wall.div_euclid(SECOND);
        self.badge.is_some_and(|badge| badge.iat <= second && second < badge.exp)
    }

    /// The invariants of a sleeping keeper.
    fn check_sleep(&self, sleep: Sleep) {
        let state = || format!("{:?}\n{sleep:?} at {:?}", self.machine, self.now);
        if !self.clock_is_set() {
            assert_eq!(sleep.wall, Some(CLOCK_FLOOR * SECOND), "waits for the clock\n{}", state());
            return;
        }
        assert!(sleep.wall.is_some_and(|at| at > self.now.wall), "a wall deadline lies ahead\n{}", state());
        let renewal = self.badge.map_or(0, |badge| badge.exp * SECOND - self.policy.renew_before);
        let due = self.renewal_requested || !self.valid() || renewal <= self.now.wall;
        // After the clock went back, a badge whose renewal failed may be young again.
        if let Some(failed) = self.failed_at.filter(|_| due) {
            let bound = MAX_RETRY.min(self.policy.renew_before / 10).max(SECOND);
            let next = sleep.boot.unwrap_or(i64::MAX);
            assert!(next <= failed + bound, "the next attempt is within the bound\n{}", state());
        } else {
            assert!(self.valid(), "while writes work there is a valid badge\n{}", state());
            let end = self.badge.map_or(0, |badge| badge.exp * SECOND);
            assert!(sleep.wall.is_some_and(|at| at <= end), "renewed before its end\n{}", state());
        }
        let woken_by_event = self.event_pending && !sleep.ignore_file_events;
        if self.damaged && self.valid() && !woken_by_event {
            let next = sleep.boot.unwrap_or(i64::MAX);
            let bound = MAX_RETRY.max(self.policy.poll_interval);
            assert!(next <= self.now.boot + bound, "a damaged file is restored in the end\n{}", state());
        }
    }

    /// Sleeps until the first deadline, or until `outside` happens at boot time `at`. The flag says whether the sleep
    /// lasted until then.
    pub(super) fn sleep(
        &mut self,
        sleep: Sleep,
        at: i64,
        outside: impl FnOnce(&mut World) -> Option<Event>,
    ) -> (Cause, bool) {
        let wall = sleep.wall.map(|wall| wall - self.now.offset());
        let deadline = wall.into_iter().chain(sleep.boot).min().unwrap_or(i64::MAX).max(self.now.boot);
        self.wakes += 1;
        if self.event_pending && !sleep.ignore_file_events && self.watched {
            self.causes += 1;
            return (Cause::Outside(Event::FileTouched), false);
        }
        if deadline <= at {
            let late = if self.one_in(50) { self.below(3 * SECOND) } else { 0 };
            self.pass(deadline - self.now.boot + late);
            self.causes += 1;
            return (Cause::Deadline, true);
        }
        self.pass(at - self.now.boot);
        match outside(self) {
            Some(event) => {
                self.causes += 1;
                (Cause::Outside(event), true)
            }
            None => {
                self.wakes -= 1;
                (Cause::Outside(Event::Woke), false)
            }
        }
    }

    /// Something that happens to the keeper. `None`: nothing that wakes it.
    pub(super) fn inject_fault(&mut self) -> Option<Event> {
        if !self.clock_is_set() {
            self.now.wall = START + self.now.boot;
            return Some(Event::Woke);
        }
        match self.below(12) {
            0 => {
                let span = [SECOND, 60 * SECOND, HOUR, DAY, YEAR][self.below(5) as usize];
                let step = self.below(2 * span) - span;
                self.now.wall = (self.now.wall + step).max(0);
                Some(Event::Woke)
            }
            1 if self.one_in(10) => {
                self.now.wall = self.below(DAY);
                Some(Event::Woke)
            }
            2 => {
                self.failing_until = self.now.boot + self.below(3 * HOUR);
                None
            }
            3 | 4 => {
                self.damaged = true;
                self.event_pending = self.watched;
                None
            }
            5 => {
                self.event_pending = self.watched;
                None
            }
            6 => {
                self.renewal_requested = true;
                Some(Event::RenewalRequested)
            }
            7 => {
                self.watchable = !self.one_in(3);
                None
            }
            _ => Some(Event::Woke),
        }
    }
}

pub(in crate::keeper) fn badge(Validity { iat, exp }: Validity) -> Box<Badge> {
    Box::new(Badge {
        token: "a.b.c".into(),
        jti: "j".into(),
        iat,
        exp,
        subject: "did:web:a".into(),
        issuer: "https://i".into(),
        key: PublicKey::from_did_key("did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw").unwrap(),
    })
}
