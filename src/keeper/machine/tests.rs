//! The machine exactly at its thresholds.

use super::*;
use crate::error::Error;
use crate::file::Damage;
use crate::keeper::tests::badge;
use crate::system::child::Ended;
use std::io;

/// 2026-11-23T16:27:16Z
const START: i64 = 1_795_451_236;
const HOUR: i64 = 3600;
const POLL: i64 = 300 * SECOND;
/// Badges of an hour, renewed ten minutes before their end.
const POLICY: Policy = Policy { lifetime: HOUR, renew_before: 600 * SECOND, poll_interval: POLL, poll_always: false };
const RENEWAL: i64 = (HOUR - 600) * SECOND;

/// A machine and the time of its next step.
struct Keeper {
    machine: Machine,
    now: Moment,
}

impl Keeper {
    /// `wall` in milliseconds.
    fn new(policy: Policy, wall: i64) -> Keeper {
        let now = Moment { wall, boot: 100 * SECOND };
        Keeper { machine: Machine::new(policy, now), now }
    }

    /// A keeper that sleeps with a badge from `START`, and its sleep.
    fn with_badge(policy: Policy, watched: bool) -> (Keeper, Sleep) {
        let mut keeper = Keeper::new(policy, START * SECOND);
        assert!(matches!(keeper.step(&Event::Woke), Action::Issue { reason: IssueReason::Start, .. }));
        assert_eq!(keeper.step(&issued(START)), Action::Check);
        let sleep = keeper.sleep(if watched { &Event::Checked(Ok(())) } else { &Event::Unwatched });
        (keeper, sleep)
    }

    /// `milliseconds` later.
    fn pass(&mut self, milliseconds: i64) -> &mut Keeper {
        self.now.wall += milliseconds;
        self.now.boot += milliseconds;
        self
    }

    fn step(&mut self, event: &Event) -> Action {
        let (machine, action) = self.machine.step(event, self.now);
        self.machine = machine;
        action
    }

    fn sleep(&mut self, event: &Event) -> Sleep {
        match self.step(event) {
            Action::Sleep(sleep) => sleep,
            other => panic!("{event:?} causes {other:?}"),
        }
    }

    /// Why a badge is issued now, if one is.
    fn issues(&mut self) -> Option<IssueReason> {
        match self.step(&Event::Woke) {
            Action::Issue { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// The file is deleted, and restored at once.
    fn restores_at_once(&mut self) {
        assert_eq!(self.step(&Event::Checked(Err(Damage::Deleted))), Action::Restore);
        assert_eq!(self.step(&Event::Restored), Action::Check);
        self.sleep(&Event::Checked(Ok(())));
    }
}

fn issued(iat: i64) -> Event {
    let badge = badge(Validity { iat, exp: iat + HOUR });
    Event::Issued { badge, reason: IssueReason::Due }
}

fn failed() -> Event {
    Event::IssueFailed(Error::Random(io::ErrorKind::Other.into()))
}

fn restore_failed() -> Event {
    Event::RestoreFailed(Error::Random(io::ErrorKind::Other.into()))
}

#[test]
fn signs_from_the_first_millisecond_of_2025() {
    let mut keeper = Keeper::new(POLICY, CLOCK_FLOOR * SECOND - 1);
    let sleep = Sleep { wall: Some(CLOCK_FLOOR * SECOND), boot: None, ignore_file_events: true };
    assert_eq!(keeper.sleep(&Event::Woke), sleep);
    let validity = Validity { iat: CLOCK_FLOOR, exp: CLOCK_FLOOR + HOUR };
    assert_eq!(keeper.pass(1).step(&Event::Woke), Action::Issue { validity, reason: IssueReason::Start });
}

#[test]
fn renews_at_the_renewal_time_and_not_before() {
    let (mut keeper, sleep) = Keeper::with_badge(POLICY, true);
    assert_eq!(sleep, Sleep { wall: Some(START * SECOND + RENEWAL), boot: None, ignore_file_events: false });
    assert_eq!(keeper.pass(RENEWAL - 1).issues(), None);
    assert_eq!(keeper.pass(1).issues(), Some(IssueReason::Due));
}

#[test]
fn a_badge_is_valid_before_exp_and_expired_at_exp() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    assert_eq!(keeper.pass(HOUR * SECOND - 1).issues(), Some(IssueReason::Due));
    assert!(keeper.machine.has_valid_badge(keeper.now));
    assert_eq!(keeper.pass(1).issues(), Some(IssueReason::Expired));
    assert!(!keeper.machine.has_valid_badge(keeper.now));
}

#[test]
fn a_badge_is_valid_from_the_second_of_its_iat() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    keeper.now.wall = START * SECOND - 1;
    assert_eq!(keeper.issues(), Some(IssueReason::FromTheFuture));
    assert!(!keeper.machine.has_valid_badge(keeper.now));
    assert_eq!(keeper.pass(1).issues(), None);
}

#[test]
fn a_requested_renewal_ends_with_the_new_badge() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    assert!(matches!(keeper.step(&Event::RenewalRequested), Action::Issue { reason: IssueReason::Requested, .. }));
    assert!(keeper.machine.has_valid_badge(keeper.now));
    assert_eq!(keeper.step(&issued(START)), Action::Check);
    keeper.sleep(&Event::Checked(Ok(())));
}

#[test]
fn a_failed_renewal_is_repeated_exactly_when_it_was_announced() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    keeper.pass(RENEWAL).step(&Event::Woke);
    let sleep = keeper.sleep(&failed());
    assert_eq!((sleep.wall, sleep.boot), (Some((START + HOUR) * SECOND), Some(keeper.now.boot + SECOND)));
    keeper.pass(SECOND - 1).sleep(&Event::Woke);
    assert_eq!(keeper.pass(1).issues(), Some(IssueReason::Due));
}

#[test]
fn a_failing_renewal_does_not_wait_for_an_end_that_has_passed() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    keeper.pass(HOUR * SECOND).step(&Event::Woke);
    let sleep = keeper.sleep(&failed());
    assert_eq!((sleep.wall, sleep.boot), (Some(i64::MAX), Some(keeper.now.boot + SECOND)));
}

#[test]
fn a_failed_restore_is_repeated_exactly_when_it_was_announced() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    keeper.step(&Event::Checked(Err(Damage::Deleted)));
    let sleep = keeper.sleep(&restore_failed());
    let expected =
        Sleep { wall: Some(START * SECOND + RENEWAL), boot: Some(keeper.now.boot + SECOND), ignore_file_events: true };
    assert_eq!(sleep, expected);
    keeper.pass(SECOND - 1).sleep(&Event::Woke);
    assert_eq!(keeper.pass(1).step(&Event::Woke), Action::Restore);
}

#[test]
fn polls_an_unwatched_file_once_per_interval() {
    let (mut keeper, sleep) = Keeper::with_badge(POLICY, false);
    assert_eq!(sleep.boot, Some(keeper.now.boot + POLL));
    assert_eq!(keeper.pass(POLL - 1).sleep(&Event::Woke), sleep);
    assert_eq!(keeper.pass(1).step(&Event::Woke), Action::Check);
    let sleep = keeper.sleep(&Event::Unwatched);
    assert_eq!((sleep.boot, sleep.ignore_file_events), (Some(keeper.now.boot + POLL), false));
}

#[test]
fn stops_polling_once_a_check_finds_the_file_watched() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, false);
    assert_eq!(keeper.pass(POLL).step(&Event::Woke), Action::Check);
    assert_eq!(keeper.sleep(&Event::Checked(Ok(()))).boot, None);
}

#[test]
fn polls_a_watched_file_only_if_configured() {
    let (keeper, sleep) = Keeper::with_badge(Policy { poll_always: true, ..POLICY }, true);
    assert_eq!(sleep.boot, Some(keeper.now.boot + POLL));
    let (_, sleep) = Keeper::with_badge(POLICY, true);
    assert_eq!(sleep.boot, None);
}

#[test]
fn a_poll_while_file_events_are_ignored_is_put_off() {
    let (mut keeper, _) = Keeper::with_badge(Policy { poll_interval: 1, poll_always: true, ..POLICY }, true);
    let sleep = touch_until_ignored(&mut keeper, 1);
    assert_eq!(sleep.boot, Some(keeper.now.boot + SECOND));
    keeper.pass(SECOND - 1).sleep(&Event::Woke);
    assert_eq!(keeper.pass(1).step(&Event::Woke), Action::Check);
}

/// Touches the file every `gap` milliseconds, and returns the sleep in which file events are ignored.
fn touch_until_ignored(keeper: &mut Keeper, gap: i64) -> Sleep {
    for _ in 0..=EVENT_BURST {
        assert_eq!(keeper.pass(gap).step(&Event::FileTouched), Action::Check);
        keeper.sleep(&Event::Checked(Ok(())));
    }
    keeper.pass(gap).sleep(&Event::FileTouched)
}

#[test]
fn ignores_file_events_for_a_second_after_a_burst() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    for _ in 0..2 {
        let sleep = touch_until_ignored(&mut keeper, SECOND - 1);
        assert_eq!((sleep.boot, sleep.ignore_file_events), (Some(keeper.now.boot + SECOND), true));
        keeper.pass(SECOND - 1).sleep(&Event::Woke);
        assert_eq!(keeper.pass(1).step(&Event::Woke), Action::Check);
        assert!(!keeper.sleep(&Event::Checked(Ok(()))).ignore_file_events);
    }
}

#[test]
fn file_events_a_second_apart_are_no_burst() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    for _ in 0..3 * EVENT_BURST {
        assert_eq!(keeper.pass(SECOND).step(&Event::FileTouched), Action::Check);
        assert!(!keeper.sleep(&Event::Checked(Ok(()))).ignore_file_events);
    }
}

#[test]
fn delays_only_restores_that_are_undone_within_a_minute() {
    for (gap, delayed) in [(MAX_RETRY, true), (MAX_RETRY + 1, false)] {
        let (mut keeper, _) = Keeper::with_badge(POLICY, true);
        for _ in 0..=RESTORE_BURST {
            keeper.restores_at_once();
        }
        keeper.pass(gap).restores_at_once();
        let action = keeper.step(&Event::Checked(Err(Damage::Deleted)));
        assert_eq!(action != Action::Restore, delayed, "after {gap} ms: {action:?}");
    }
}

#[test]
fn the_first_delay_of_a_restore_is_a_second_and_the_next_two() {
    let (mut keeper, _) = Keeper::with_badge(POLICY, true);
    for _ in 0..=RESTORE_BURST {
        keeper.restores_at_once();
    }
    for seconds in [1, 2, 4] {
        let sleep = keeper.sleep(&Event::Checked(Err(Damage::Deleted)));
        assert_eq!((sleep.boot, sleep.ignore_file_events), (Some(keeper.now.boot + seconds * SECOND), true));
        keeper.pass(seconds * SECOND - 1).sleep(&Event::Woke);
        assert_eq!(keeper.pass(1).step(&Event::Woke), Action::Restore);
        keeper.step(&Event::Restored);
    }
}

#[test]
fn a_damaged_file_is_not_checked_before_it_is_restored() {
    let (mut keeper, _) = Keeper::with_badge(Policy { poll_interval: 1, poll_always: true, ..POLICY }, true);
    keeper.step(&Event::Checked(Err(Damage::Deleted)));
    keeper.sleep(&restore_failed());
    assert_eq!(keeper.pass(10).sleep(&Event::FileTouched).boot, Some(keeper.now.boot + SECOND - 10));
}

#[test]
fn the_end_of_a_child_ends_the_keeper_with_its_status() {
    let not_started = |error| Ended::NotStarted { program: "agent".into(), error: io::Error::from_raw_os_error(error) };
    for (ended, status) in [
        (Ended::Status(0), 0),
        (Ended::Status(7), 7),
        (Ended::Signal(9), 137),
        (not_started(libc::ENOENT), 127),
        (not_started(libc::EACCES), 126),
    ] {
        let (mut keeper, _) = Keeper::with_badge(POLICY, true);
        assert_eq!(keeper.step(&Event::ChildEnded(ended)), Action::Exit(status));
    }
}
