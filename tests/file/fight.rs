//! Another writer that will not give in meets a growing delay, and the CPU stays idle.

use crate::common::{Keeper, Scratch, claims};
use crate::tools::{sleeps, ticks};
use capiscio::keeper::policy::FREE_RESTORES;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

#[test]
fn a_writer_that_keeps_overwriting_meets_a_growing_delay_and_a_clear_line() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let (out, stop) = (scratch.join("badge.jwt"), AtomicBool::new(false));
    let pid = keeper.pid();
    scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = fs::write(&out, "mine!");
                sleep(Duration::from_millis(1));
            }
        });
        keeper.until("it has lost patience", |keeper| keeper.log().contains("waits longer each time"));
        // From here on: one restore after a second, one after two more, and so on.
        let (begin, woken, busy, restored) =
            (Instant::now(), sleeps(pid), ticks(pid), keeper.lines_with("restored the badge"));
        sleep(Duration::from_millis(1500));
        let spent = begin.elapsed().as_secs() + 1;
        let (woken, busy) = (sleeps(pid) - woken, ticks(pid) - busy);
        let restored = keeper.lines_with("restored the badge") - restored;
        println!("in {spent} s of a fight: {restored} restores, {woken} wakes, {busy} ticks of 10 ms");
        assert!(restored <= 2, "{}", keeper.log());
        assert!(woken <= 60, "{woken} wakes");
        assert!(busy <= 10, "{busy} ticks");
        stop.store(true, Ordering::Relaxed);
    });
    let log = keeper.log();
    let free = FREE_RESTORES as usize;
    assert!(keeper.lines_with("changed by somebody else") <= free + 1 + 2, "the log stays short\n{log}");
    let line = log.lines().find(|line| line.contains("waits longer each time")).unwrap();
    assert!(line.contains("somebody keeps changing the file") && line.contains("next attempt at"), "{line}");
    // The writer gave in: the badge is back when the delay is over.
    keeper.until("it is restored", |keeper| keeper.badge().is_some_and(|badge| badge.len() > 100));
    claims(&keeper.badge().unwrap());
}

#[test]
fn somebody_who_touches_the_file_all_day_does_not_keep_the_keeper_awake() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    let (out, stop) = (scratch.join("badge.jwt"), AtomicBool::new(false));
    let file = fs::File::open(&out).unwrap();
    let pid = keeper.pid();
    scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                file.set_modified(std::time::SystemTime::now()).unwrap();
            }
        });
        sleep(Duration::from_millis(200));
        let (woken, busy) = (sleeps(pid), ticks(pid));
        sleep(Duration::from_secs(1));
        let (woken, busy) = (sleeps(pid) - woken, ticks(pid) - busy);
        println!("in a second of touches without end: {woken} wakes, {busy} ticks of 10 ms");
        assert!(busy <= 10, "{busy} ticks");
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(keeper.lines_with("changed by somebody else"), 0, "{}", keeper.log());
}
