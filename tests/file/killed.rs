//! kill -9 at any moment: the file holds a whole badge, the next start works, and nothing is left lying about.

use crate::common::{Keeper, Scratch};
use crate::tools::{is_good, leftovers};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

/// xorshift64*: another moment for each round.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

/// Kills `rounds` keepers while they renew as fast as they can.
fn survives(scratch: &Scratch, rounds: u32) {
    let mut random = Random(0x0bad_6e5e_ed0b_ad6e | u64::from(std::process::id()));
    let (out, mut half, mut renewals) = (scratch.join("badge.jwt"), 0, 0);
    for round in 0..rounds {
        let mut keeper = Keeper::start(scratch, &[]);
        is_good(&out);
        assert_eq!(
            leftovers(scratch.path()),
            [".badge.jwt.lock", "badge.jwt"],
            "round {round}: tidied up at the start"
        );
        let stop = AtomicBool::new(false);
        let pid = keeper.pid();
        scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    // SAFETY: kill(2) takes two integers; the keeper is not reaped before this thread has ended.
                    unsafe { libc::kill(pid, libc::SIGHUP) };
                    sleep(Duration::from_micros(10));
                }
            });
            sleep(Duration::from_micros(random.below(20_000)));
            keeper.signal(libc::SIGKILL);
            stop.store(true, Ordering::Relaxed);
        });
        keeper.ended();
        renewals += keeper.lines_with("info: renewed");
        // The file is looked at as the dead keeper left it.
        assert!(is_good(&out), "round {round}");
        let names = leftovers(scratch.path());
        half += usize::from(names.iter().any(|name| name.ends_with(".tmp")));
        assert!(names.len() <= 3 && names.contains(&"badge.jwt".to_owned()), "round {round}: {names:?}");
    }
    println!("killed {rounds} times in {renewals} renewals, {half} times with a temporary file half way");
    let mut last = Keeper::start(scratch, &[]);
    assert!(last.stop().success());
    assert_eq!(leftovers(scratch.path()), ["badge.jwt"]);
    let _ = fs::metadata(&out).unwrap();
}

#[test]
fn a_keeper_that_is_killed_twenty_times_leaves_a_whole_badge_each_time() {
    survives(&Scratch::with_key(), 20);
}

#[test]
#[ignore = "a campaign of a minute; needs root (a tmpfs)"]
fn a_keeper_that_is_killed_five_hundred_times_leaves_a_whole_badge_each_time() {
    survives(&Scratch::with_key(), 250);
    let (_mounted, scratch) = crate::tools::Mounted::tmpfs("size=4m");
    survives(&scratch, 350);
}
