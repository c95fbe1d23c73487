//! Ten simulated years of a keeper per seed: the clock is set forward and back, the disk fills up, the key is removed,
//! the file is touched and damaged, timers fire early, late or for nothing. The invariants are checked at each step, of
//! what the keeper does and of what it tells.

use super::world::{Cause, World, badge, failure};
use crate::file::Damage;
use crate::keeper::event::{Action, Event, Sleep};
use crate::keeper::machine::Machine;
use crate::keeper::moment::{Moment, SECOND};
use crate::keeper::policy::{CLOCK_FLOOR, MAX_RETRY, Policy, RESTORE_BURST};

pub(super) const HOUR: i64 = 3600 * SECOND;
pub(super) const DAY: i64 = 24 * HOUR;
pub(super) const YEAR: i64 = 365 * DAY;
/// 2026-11-23T16:27:16Z
pub(super) const START: i64 = 1_795_451_236 * SECOND;

fn policies() -> Vec<Policy> {
    let policy = |lifetime, renew_before, poll_interval, poll_always| Policy {
        lifetime,
        renew_before,
        poll_interval,
        poll_always,
    };
    vec![
        policy(3600, 600 * SECOND, 300 * SECOND, false),
        policy(3600, 600 * SECOND, 600 * SECOND, true),
        policy(86_400, SECOND, 300 * SECOND, false),
        policy(900, 300 * SECOND, 600 * SECOND, false),
        policy(1800, 1, HOUR, true),
    ]
}

/// Runs a keeper for `span` milliseconds of boot time, with one fault every `pace` on average.
fn simulate(seed: u64, policy: Policy, span: i64, pace: i64) -> World {
    let mut world = World::new(seed, policy, START);
    let mut sleep = world.settle(Event::Woke);
    let mut next = world.now.boot;
    while world.now.boot < span {
        if next <= world.now.boot {
            next = world.now.boot + 1 + world.below(2 * pace);
        }
        let before = world.machine;
        let event = match world.sleep(sleep, next, World::inject_fault) {
            (Cause::Deadline, _) => {
                assert_useful(&before, &world, sleep);
                Event::Woke
            }
            (Cause::Outside(event), _) => event,
        };
        sleep = world.settle(event);
        let bound = 50 * (span / (policy.lifetime * SECOND - policy.renew_before)) as u64 + 1_000_000;
        assert!(world.wakes < bound, "busy\n{:?}\n{sleep:?} at {:?}", world.machine, world.now);
    }
    world
}

/// After a deadline there is something to do. Only the end of a badge whose renewal fails may just change the status.
fn assert_useful(machine: &Machine, world: &World, sleep: Sleep) {
    let (_, action) = machine.step(&Event::Woke, world.now);
    let ends = sleep.wall == machine.expiry();
    assert!(!matches!(action, Action::Sleep(_)) || ends, "woke for nothing: {machine:?}\n{sleep:?} at {:?}", world.now);
}

#[test]
fn ten_years_of_faults_cause_no_gap_and_no_busy_loop() {
    ten_years_each(0..5);
}

#[test]
#[ignore = "a campaign: half a minute in release, several without"]
fn a_thousand_years_of_faults_cause_none_either() {
    ten_years_each(5..105);
}

fn ten_years_each(seeds: std::ops::Range<usize>) {
    for seed in seeds {
        let policy = policies()[seed % 5];
        let world = simulate(seed as u64 + 1, policy, 10 * YEAR, 6 * HOUR);
        let least = 10 * YEAR / (policy.lifetime * SECOND) / 4;
        assert!(world.issued as i64 > least, "seed {seed}: {} badges in ten years", world.issued);
        assert!(world.restored > 100, "seed {seed}: {} restores in ten years", world.restored);
        assert!(world.wakes <= world.causes, "seed {seed}: {} wakes, {} causes", world.wakes, world.causes);
    }
}

#[test]
fn the_shortest_badges_are_renewed_in_time() {
    for (seed, lifetime) in [(1, 1), (2, 2), (3, 3), (4, 10)] {
        let renew_before = (lifetime * SECOND / 3).min((lifetime - 1) * SECOND);
        let policy = Policy { lifetime, renew_before, poll_interval: SECOND, poll_always: false };
        let mut world = World::new(seed, policy, START);
        world.watchable = true;
        let mut sleep = world.settle(Event::Woke);
        while world.now.boot < HOUR {
            let far = world.now.boot + DAY;
            world.sleep(sleep, far, |_| None);
            sleep = world.settle(Event::Woke);
        }
        let expected = HOUR / (lifetime * SECOND - renew_before);
        assert!(world.issued as i64 <= expected * 3 / 2 + 2, "{} badges of {lifetime} s in an hour", world.issued);
    }
}

/// A sleeping keeper with a watched badge that is valid for an hour.
fn quiet() -> (World, Sleep) {
    let mut world = World::new(7, policies()[0], START);
    world.watchable = true;
    let sleep = world.settle(Event::Woke);
    (world, sleep)
}

#[test]
fn a_quiet_keeper_wakes_once_per_badge() {
    let (mut world, mut sleep) = quiet();
    let (begin, issued) = (world.wakes, world.issued);
    while world.issued < issued + 100 {
        let far = world.now.boot + YEAR;
        world.event_pending = false;
        world.sleep(sleep, far, |_| None);
        sleep = world.settle(Event::Woke);
    }
    assert_eq!(world.wakes - begin, 100);
}

#[test]
fn a_badge_from_the_future_is_replaced_at_once() {
    let (mut world, _) = quiet();
    world.now.wall -= 2 * DAY;
    world.settle(Event::Woke);
    assert_eq!(world.issued, 2);
}

#[test]
fn a_clock_step_without_a_due_badge_changes_nothing() {
    let (mut world, _) = quiet();
    world.now.wall += 30 * 60 * SECOND;
    let sleep = world.settle(Event::Woke);
    assert_eq!(world.issued, 1);
    assert_eq!(sleep.wall, world.badge.map(|badge| (badge.exp - 600) * SECOND));
}

#[test]
fn signs_nothing_before_the_clock_is_set_and_then_at_once() {
    let mut world = World::new(1, policies()[0], 3 * SECOND);
    let sleep = world.settle(Event::Woke);
    assert_eq!((world.issued, sleep.wall, sleep.boot), (0, Some(CLOCK_FLOOR * SECOND), None));
    world.now.wall = START;
    world.settle(Event::Woke);
    assert_eq!(world.issued, 1);
}

#[test]
fn stops_while_it_waits_for_the_clock() {
    let mut world = World::new(1, policies()[0], 3 * SECOND);
    world.settle(Event::Woke);
    assert_eq!(world.machine.step(&Event::StopRequested, world.now).1, Action::Exit(0));
}

#[test]
fn failures_are_retried_after_one_two_four_seconds_up_to_a_minute() {
    let (mut world, _) = quiet();
    world.failing_until = i64::MAX;
    world.now.wall += 55 * 60 * SECOND;
    let mut waits = Vec::new();
    for _ in 0..9 {
        let sleep = world.settle(Event::Woke);
        let at = sleep.boot.unwrap();
        waits.push((at - world.failed_at.unwrap()) / SECOND);
        world.pass(at - world.now.boot);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn an_outdated_badge_is_issued_anew_at_once_and_then_after_a_delay() {
    let (mut world, _) = quiet();
    world.now.wall += 55 * 60 * SECOND;
    let first = Machine::new(policies()[0], world.now);
    for machine in [first, world.machine] {
        let outdated = || Event::Outdated(failure());
        let (machine, action) = machine.step(&Event::Woke, world.now);
        assert!(matches!(action, Action::Issue { .. }));
        let (machine, action) = machine.step(&outdated(), world.now);
        assert!(matches!(action, Action::Issue { .. }), "{action:?}");
        let (machine, action) = machine.step(&outdated(), world.now);
        let retry = |action| if let Action::Sleep(sleep) = action { sleep.boot } else { None };
        assert_eq!(retry(action), Some(world.now.boot + SECOND));
        let later = Moment { wall: world.now.wall + SECOND, boot: world.now.boot + SECOND };
        let (machine, action) = machine.step(&Event::Woke, later);
        let Action::Issue { validity, reason } = action else { panic!("{action:?}") };
        let (_, action) = machine.step(&outdated(), later);
        assert_eq!(retry(action), Some(later.boot + 2 * SECOND));
        // After a success once is nothing again.
        let (machine, _) = machine.step(&Event::Issued { badge: badge(validity), reason }, later);
        let later = Moment { wall: later.wall + HOUR, boot: later.boot + HOUR };
        let (machine, _) = machine.step(&Event::Woke, later);
        let (_, action) = machine.step(&outdated(), later);
        assert!(matches!(action, Action::Issue { .. }), "{action:?}");
    }
}

#[test]
fn a_clock_step_or_sighup_retries_at_once() {
    for (event, clock_step) in [(Event::Woke, 5 * SECOND), (Event::RenewalRequested, 0)] {
        let (mut world, _) = quiet();
        world.failing_until = world.now.boot + HOUR;
        world.now.wall += 55 * 60 * SECOND;
        world.settle(Event::Woke);
        world.failing_until = 0;
        world.now.wall += clock_step;
        world.settle(event);
        assert_eq!(world.issued, 2, "after a clock step of {clock_step} ms");
    }
}

#[test]
fn restores_a_damaged_file_while_renewals_fail() {
    let (mut world, _) = quiet();
    world.now.wall += 51 * 60 * SECOND;
    let (machine, action) = world.machine.step(&Event::Woke, world.now);
    assert!(matches!(action, Action::Issue { .. }));
    let (machine, _) = machine.step(&Event::IssueFailed(failure()), world.now);
    let (machine, action) = machine.step(&Event::FileTouched, world.now);
    assert_eq!(action, Action::Check);
    let (_, action) = machine.step(&Event::Checked(Err(Damage::Empty)), world.now);
    assert_eq!(action, Action::Restore);
}

#[test]
fn restores_that_are_undone_again_and_again_are_delayed_up_to_a_minute() {
    let (mut world, mut sleep) = quiet();
    let mut delays = Vec::new();
    for _ in 0..RESTORE_BURST + 9 {
        world.damaged = true;
        world.event_pending = true;
        let begin = world.now.boot;
        sleep = world.settle(if sleep.ignore_file_events { Event::Woke } else { Event::FileTouched });
        if world.damaged {
            assert!(sleep.ignore_file_events, "a delayed restore ignores file events");
            world.pass(sleep.boot.unwrap() - world.now.boot);
            sleep = world.settle(Event::Woke);
        }
        delays.push((world.now.boot - begin) / SECOND);
    }
    let (burst, delayed) = delays.split_at(RESTORE_BURST as usize);
    assert!(burst.iter().all(|delay| *delay == 0), "{delays:?}");
    assert!(delayed.is_sorted() && delayed[0] <= 1 && delayed[8] >= 59, "{delays:?}");
}

#[test]
fn a_restore_that_lasts_longer_than_a_minute_ends_the_delays() {
    let (world, _) = quiet();
    let (mut machine, mut now) = (world.machine, world.now);
    // The file is found damaged this long after the last restore; returns the delay of the next one.
    let mut undo_after = |time: i64| {
        now = Moment { wall: now.wall + time, boot: now.boot + time };
        let (damaged, action) = machine.step(&Event::Checked(Err(Damage::Deleted)), now);
        let delay = if let Action::Sleep(sleep) = action { sleep.boot.unwrap() - now.boot } else { 0 };
        now = Moment { wall: now.wall + delay, boot: now.boot + delay };
        let (damaged, action) = damaged.step(&Event::Woke, now);
        assert_eq!(action, Action::Restore);
        machine = damaged.step(&Event::Restored, now).0;
        delay
    };
    let delays: Vec<_> = (0..RESTORE_BURST + 9).map(|_| undo_after(0)).collect();
    assert_eq!(delays.last(), Some(&MAX_RETRY), "{delays:?}");
    assert_eq!(undo_after(MAX_RETRY), 0, "the delay has passed");
    assert_eq!(undo_after(0), MAX_RETRY, "and the next restore is delayed again");
    assert_eq!(undo_after(MAX_RETRY + 1), 0);
    assert!((0..RESTORE_BURST).all(|_| undo_after(0) == 0), "without delay until a burst is undone");
}

#[test]
fn a_process_that_touches_the_file_all_day_causes_few_wakes() {
    let (mut world, mut sleep) = quiet();
    let mut wakes = 0;
    let end = world.now.boot + 60 * SECOND;
    while world.now.boot < end {
        world.event_pending = true;
        let deadline = sleep.boot.unwrap_or(i64::MAX);
        if sleep.ignore_file_events && world.now.boot < deadline {
            world.pass(1);
            continue;
        }
        wakes += 1;
        sleep = world.settle(if sleep.ignore_file_events { Event::Woke } else { Event::FileTouched });
        world.pass(1);
    }
    assert!(wakes < 60 * 40, "{wakes} wakes in a minute");
}

#[test]
fn a_failed_first_badge_ends_the_keeper() {
    let now = Moment { wall: START, boot: 0 };
    let (machine, action) = Machine::new(policies()[0], now).step(&Event::Woke, now);
    assert!(matches!(action, Action::Issue { .. }));
    assert_eq!(machine.step(&Event::IssueFailed(failure()), now).1, Action::Exit(1));
}
