//! kill -9 at a random moment: the file holds a whole badge, the next start works, and temporary files are removed.

use crate::common::{Keeper, Rng, Scratch, meanwhile};
use crate::tools::{Mounted, names_but_key};
use std::thread::sleep;
use std::time::Duration;

/// Kills `rounds` keepers while they renew as fast as they can.
fn assert_survives(scratch: &Scratch, rounds: u32) {
    let mut rng = Rng(0x0bad_6e5e_ed0b_ad6e | u64::from(std::process::id()));
    let (mut temporary, mut renewals) = (0, 0);
    for round in 0..rounds {
        let mut keeper = Keeper::start(scratch, &[]);
        keeper.assert_good();
        let names = names_but_key(scratch.path());
        assert_eq!(names, [".badge.jwt.lock", "badge.jwt"], "round {round}: tidied up at the start");
        let renew = || {
            keeper.signal(libc::SIGHUP);
            sleep(Duration::from_micros(10));
        };
        meanwhile(renew, || {
            sleep(Duration::from_micros(rng.below(20_000)));
            keeper.signal(libc::SIGKILL);
        });
        keeper.wait();
        renewals += keeper.count("renewed");
        keeper.assert_good();
        let names = names_but_key(scratch.path());
        temporary += usize::from(names.iter().any(|name| name.ends_with(".tmp")));
        assert!(names.len() <= 3 && names.contains(&"badge.jwt".to_owned()), "round {round}: {names:?}");
    }
    println!("killed {rounds} times in {renewals} renewals, {temporary} times with a temporary file");
    Keeper::start(scratch, &[]).stop();
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
}

#[test]
fn a_keeper_killed_twenty_times_leaves_a_whole_badge() {
    assert_survives(&Scratch::with_key(), 20);
}

#[test]
#[ignore = "a campaign of a minute; needs root (a tmpfs)"]
fn a_keeper_killed_six_hundred_times_leaves_a_whole_badge() {
    assert_survives(&Scratch::with_key(), 250);
    let (_mounted, scratch) = Mounted::tmpfs("size=4m");
    assert_survives(&scratch, 350);
}
