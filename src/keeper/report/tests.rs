use super::*;
use crate::badge::claims::Validity;
use crate::error::Error;
use crate::file::Damage;
use crate::keeper::policy::{Policy, RESTORE_BURST};
use crate::keeper::tests::badge;
use crate::key::PublicKey;
use crate::report::IssueReason;
use std::io;

/// 2026-11-23T16:27:16Z
const START: i64 = 1_795_451_236;
const HOUR: i64 = 3600;

/// A machine and the time of its next step.
struct Keeper {
    machine: Machine,
    now: Moment,
}

impl Keeper {
    /// Badges of an hour, renewed ten minutes before their end.
    fn new(wall: i64) -> Keeper {
        let policy =
            Policy { lifetime: HOUR, renew_before: 600 * SECOND, poll_interval: 60 * SECOND, poll_always: false };
        let now = Moment { wall: wall * SECOND, boot: 100 * SECOND };
        Keeper { machine: Machine::new(policy, now), now }
    }

    /// A keeper that sleeps with a badge of an hour.
    fn with_badge() -> Keeper {
        let mut keeper = Keeper::new(START);
        keeper.told(&Event::Woke);
        keeper.told(&issued(START));
        keeper.told(&Event::Checked(Ok(())));
        keeper
    }

    fn pass(&mut self, seconds: i64) {
        self.now.wall += seconds * SECOND;
        self.now.boot += seconds * SECOND;
    }

    /// The notices of one step as text, and its status.
    fn told(&mut self, event: &Event) -> (Vec<String>, Option<Status>) {
        self.told_with(event, &[])
    }

    fn told_with(&mut self, event: &Event, warnings: &[FileWarning]) -> (Vec<String>, Option<Status>) {
        let before = self.machine;
        let (after, action) = before.step(event, self.now);
        self.machine = after;
        let transition = Transition { before: &before, event, after: &after, action: &action, now: self.now, warnings };
        let mut notices = report(&transition);
        let status = notices.pop_if(|last| matches!(last, Notice::Sleeping(_))).map(|last| match last {
            Notice::Sleeping(status) => status,
            other => panic!("{other:?}"),
        });
        (notices.iter().map(name).collect(), status)
    }
}

/// A notice without what belongs to the badge and the error.
fn name(notice: &Notice) -> String {
    match notice {
        Notice::Issued { reason: IssueReason::Start, renewal, .. } => format!("started, renewal at {renewal}"),
        Notice::Issued { reason, renewal, .. } => format!("renewed, {reason:?}, renewal at {renewal}"),
        Notice::Failed { next_attempt, .. } => format!("failed, next attempt {next_attempt:?}"),
        Notice::Damaged { next_attempt, .. } => format!("damaged, next attempt {next_attempt:?}"),
        other => format!("{other:?}"),
    }
}

fn issued(iat: i64) -> Event {
    let badge = badge(Validity { iat, exp: iat + HOUR });
    let reason = if iat == START { IssueReason::Start } else { IssueReason::Due };
    Event::Issued { badge, reason }
}

fn failed() -> Event {
    Event::IssueFailed(Error::Random(io::ErrorKind::Other.into()))
}

#[test]
fn the_first_badge_is_told_as_started_and_the_next_as_renewed() {
    let mut keeper = Keeper::new(START);
    assert_eq!(keeper.told(&Event::Woke), (vec![], None));
    assert_eq!(keeper.told(&issued(START)).0, [format!("started, renewal at {}", START + 3000)]);
    let (_, status) = keeper.told(&Event::Checked(Ok(())));
    assert_eq!(status, Some(Status::Valid { until: START + HOUR, renewal: START + 3000 }));
    keeper.pass(3000);
    keeper.told(&Event::Woke);
    assert_eq!(keeper.told(&issued(START + 3000)).0, [format!("renewed, Due, renewal at {}", START + 6000)]);
}

#[test]
fn a_badge_of_another_key_than_the_one_before_is_told_as_such() {
    let other = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
    let is_other_key = |keeper: &Keeper, event: &Event| {
        let (after, action) = keeper.machine.step(event, keeper.now);
        let warnings = &[];
        let before = &keeper.machine;
        let notices = report(&Transition { before, event, after: &after, action: &action, now: keeper.now, warnings });
        matches!(notices[..], [Notice::Issued { other_key: true, .. }, ..])
    };
    let mut badge = badge(Validity { iat: START, exp: START + HOUR });
    badge.key = PublicKey::from_did_key(other).unwrap();
    let rotated = Event::Issued { badge, reason: IssueReason::Requested };
    let mut keeper = Keeper::new(START);
    keeper.told(&Event::Woke);
    assert!(!is_other_key(&keeper, &rotated), "the first badge has no key before it");
    keeper.told(&issued(START));
    assert!(is_other_key(&keeper, &rotated));
    keeper.told(&rotated);
    assert!(!is_other_key(&keeper, &rotated), "told once");
}

#[test]
fn a_failed_renewal_is_told_with_its_next_attempt() {
    let mut keeper = Keeper::with_badge();
    keeper.pass(3000);
    keeper.told(&Event::Woke);
    let (notices, status) = keeper.told(&failed());
    let next_attempt = START + 3001;
    assert_eq!(notices, [format!("failed, next attempt Some({next_attempt})")]);
    assert_eq!(status, Some(Status::Failing { until: Some(START + HOUR), next_attempt }));
}

#[test]
fn an_outdated_badge_is_told_from_the_second_time_on() {
    for mut keeper in [Keeper::new(START), Keeper::with_badge()] {
        keeper.pass(HOUR);
        keeper.told(&Event::Woke);
        let outdated = || Event::Outdated(Error::Random(io::ErrorKind::Other.into()));
        assert_eq!(keeper.told(&outdated()), (vec![], None));
        let next_attempt = START + HOUR + 1;
        let (notices, status) = keeper.told(&outdated());
        assert_eq!(notices, [format!("failed, next attempt Some({next_attempt})")]);
        assert_eq!(status, Some(Status::Failing { until: None, next_attempt }));
        keeper.told(&issued(START + HOUR));
        assert_eq!(keeper.told(&outdated()).0, [""; 0], "a success lies between");
    }
}

#[test]
fn the_status_of_a_failing_keeper_says_when_its_badge_has_expired() {
    let mut keeper = Keeper::with_badge();
    keeper.pass(HOUR);
    keeper.told(&Event::Woke);
    let (_, status) = keeper.told(&failed());
    assert_eq!(status, Some(Status::Failing { until: None, next_attempt: START + HOUR + 1 }));
}

#[test]
fn a_failed_first_badge_is_told_without_a_next_attempt() {
    let mut keeper = Keeper::new(START);
    keeper.told(&Event::Woke);
    assert_eq!(keeper.told(&failed()), (vec!["failed, next attempt None".to_owned()], None));
}

#[test]
fn damage_is_told_with_a_time_only_when_its_restore_is_delayed() {
    let mut keeper = Keeper::with_badge();
    for _ in 0..=RESTORE_BURST {
        assert_eq!(keeper.told(&Event::Checked(Err(Damage::Deleted))).0, ["damaged, next attempt None"]);
        assert_eq!(keeper.told(&Event::Restored).0, ["Restored"]);
    }
    let (notices, status) = keeper.told(&Event::Checked(Err(Damage::Deleted)));
    assert_eq!(notices, [format!("damaged, next attempt Some({})", START + 1)]);
    assert_eq!(status, Some(Status::Valid { until: START + HOUR, renewal: START + 3000 }), "nothing has failed");
}

#[test]
fn a_clock_step_is_told_with_both_times() {
    let mut keeper = Keeper::with_badge();
    keeper.now.wall += 30 * SECOND;
    let told = format!("ClockSet {{ from: {START}, to: {} }}", START + 30);
    assert_eq!(keeper.told(&Event::Woke).0, [told]);
    assert_eq!(keeper.told(&Event::Woke).0, [""; 0]);
}

#[test]
fn waiting_for_the_clock_is_told_once_and_in_answer_to_each_request() {
    let mut keeper = Keeper::new(12);
    let waiting = Some(Status::WaitingForClock);
    assert_eq!(keeper.told(&Event::Woke), (vec!["WaitingForClock { now: 12 }".to_owned()], waiting));
    assert_eq!(keeper.told(&Event::Woke), (vec![], waiting));
    let (notices, status) = keeper.told(&Event::RenewalRequested);
    assert_eq!(notices, ["RenewalRequested", "WaitingForClock { now: 12 }"]);
    assert_eq!(status, waiting);
}

#[test]
fn a_stop_is_told_with_what_remains() {
    let mut waiting = Keeper::new(12);
    waiting.told(&Event::Woke);
    assert_eq!(
        waiting.told(&Event::StopRequested),
        (vec!["Stopped { has_badge: false, child: None }".to_owned()], None)
    );
    let mut keeper = Keeper::with_badge();
    assert_eq!(keeper.told(&Event::StopRequested), (vec!["Stopped { has_badge: true, child: None }".to_owned()], None));
}

#[test]
fn a_warning_of_the_file_follows_what_it_belongs_to() {
    let mut keeper = Keeper::new(START);
    keeper.told(&Event::Woke);
    let warnings = [FileWarning::LockUnsupported(io::ErrorKind::Unsupported.into())];
    let (notices, _) = keeper.told_with(&issued(START), &warnings);
    assert!(notices[0].starts_with("started") && notices[1].starts_with("File"), "{notices:?}");
}
