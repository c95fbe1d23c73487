//! Another process that keeps changing the file: restores are delayed, and the keeper uses hardly any CPU time.

use crate::common::{Keeper, Scratch, meanwhile};
use crate::tools::{cpu_ticks, sleeps};
use capiscio::keeper::policy::RESTORE_BURST;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

/// What a keeper did in some time.
struct Activity {
    sleeps: u64,
    cpu_ticks: u64,
    restores: usize,
}

fn measure(keeper: &Keeper, duration: Duration) -> Activity {
    let now = || (sleeps(keeper), cpu_ticks(keeper), keeper.count("restored"));
    let before = now();
    sleep(duration);
    let after = now();
    let activity = Activity { sleeps: after.0 - before.0, cpu_ticks: after.1 - before.1, restores: after.2 - before.2 };
    let Activity { sleeps, cpu_ticks, restores } = activity;
    println!("in {duration:?}: {restores} restores, {sleeps} sleeps, {cpu_ticks} ticks of 10 ms");
    activity
}

#[test]
fn delays_restores_when_another_process_keeps_overwriting() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let out = scratch.join("badge.jwt");
    let overwrite = || {
        let _ = fs::write(&out, "mine!");
        sleep(Duration::from_millis(1));
    };
    meanwhile(overwrite, || {
        keeper.until("a restore is delayed", |keeper| keeper.count_with("damaged", "another process") > 0);
        // From here on: one restore after a second, one after two more, and so on.
        let activity = measure(&keeper, Duration::from_millis(1500));
        assert!(activity.restores <= 2, "{}", keeper.log());
        assert!(activity.sleeps <= 60 && activity.cpu_ticks <= 10);
    });
    assert!(keeper.count("damaged") <= RESTORE_BURST as usize + 1 + 2, "the log stays short\n{}", keeper.log());
    assert!(keeper.count_with("damaged", "keeps changing it, so it is restored at") > 0, "{}", keeper.log());
    keeper.until("the badge is back", |keeper| keeper.badge().is_some_and(|badge| badge.len() > 100));
    keeper.assert_good();
}

#[test]
fn stays_idle_when_another_process_keeps_touching_the_file() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    let file = fs::File::open(scratch.join("badge.jwt")).unwrap();
    let touch = || file.set_modified(SystemTime::now()).unwrap();
    meanwhile(touch, || {
        sleep(Duration::from_millis(200));
        let activity = measure(&keeper, Duration::from_secs(1));
        assert!(activity.cpu_ticks <= 10);
    });
    assert_eq!(keeper.count("damaged"), 0, "{}", keeper.log());
}
