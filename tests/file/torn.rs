//! Readers in a tight loop never see a torn, empty or missing badge.

use crate::common::{Keeper, LogLine, Scratch, SetOnDrop, assert_valid, keep};
use crate::tools::Mounted;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// What the readers of one language saw.
#[derive(Default)]
struct Seen {
    reads: AtomicU64,
    badges: AtomicU64,
}

impl Seen {
    /// Counts reads; verifies a badge that differs from the one before.
    fn add(&self, last: &mut String, reads: u64, token: String) {
        self.reads.fetch_add(reads, Ordering::Relaxed);
        if token != *last {
            assert_valid(&token);
            self.badges.fetch_add(1, Ordering::Relaxed);
            *last = token;
        }
    }
}

/// Opens the path again for each read, as every consumer does.
fn read(out: &Path, stop: &AtomicBool, seen: &Seen) {
    let mut last = String::new();
    while !stop.load(Ordering::Relaxed) {
        seen.add(&mut last, 1, fs::read_to_string(out).unwrap());
    }
}

/// A consumer of the guide, killed on drop. It prints each new badge behind the number of reads since the one before.
struct Consumer(Child);

impl Consumer {
    fn start(program: &str, script: &str, out: &Path) -> Consumer {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/file").join(script);
        Consumer(Command::new(program).arg(script).env("BADGE_FILE", out).stdout(Stdio::piped()).spawn().unwrap())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads what a consumer prints until it is killed.
fn read_from(consumer: ChildStdout, stop: &AtomicBool, seen: &Seen) {
    let mut last = String::new();
    // The kill may cut the last line.
    for line in BufReader::new(consumer).lines().map_while(Result::ok) {
        if let Some((reads, token)) = line.split_once(' ')
            && !stop.load(Ordering::Relaxed)
        {
            seen.add(&mut last, reads.parse().unwrap(), token.to_owned());
        }
    }
    assert!(stop.load(Ordering::Relaxed), "the consumer ended");
}

/// Requests renewals as fast as the keeper can do them until it has done `renewals`.
fn renew_fast(keeper: &Keeper, renewals: u64, mut next_event: impl FnMut() -> String + Send) -> Duration {
    let begin = Instant::now();
    let done = AtomicU64::new(0);
    scope(|scope| {
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) < renewals {
                assert_eq!(next_event(), "renewed");
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        while done.load(Ordering::Relaxed) < renewals {
            keeper.signal(libc::SIGHUP);
            // A signal that is already pending is not counted twice.
            sleep(Duration::from_micros(20));
            if begin.elapsed() > Duration::from_secs(280) {
                // The end of its log ends the thread above.
                keeper.signal(libc::SIGKILL);
                panic!("timeout after {} renewals", done.load(Ordering::Relaxed));
            }
        }
    });
    begin.elapsed()
}

fn assert_no_read_is_torn(scratch: &Scratch, renewals: u64, with_guide: bool) {
    let mut command = keep(scratch, "badge.jwt");
    let mut keeper = Keeper::without_log(scratch, command.args(["--log-format", "json"]).stderr(Stdio::piped()));
    let mut lines = BufReader::new(keeper.child.stderr.take().unwrap()).lines();
    let mut next_event = || {
        let line = lines.next().expect("the keeper ended").unwrap();
        LogLine::parse(&line).unwrap().text("event").to_owned()
    };
    keeper.until("the first badge", |keeper| keeper.badge().is_some());
    while next_event() != "started" {}
    let (out, stop) = (scratch.join("badge.jwt"), AtomicBool::new(false));
    let (rust, python, node) = (Seen::default(), Seen::default(), Seen::default());
    scope(|scope| {
        scope.spawn(|| read(&out, &stop, &rust));
        let mut consumers = Vec::new();
        for (program, script, seen) in [("python3", "reader.py", &python), ("node", "reader.js", &node)] {
            if with_guide {
                let mut consumer = Consumer::start(program, script, &out);
                let stdout = consumer.0.stdout.take().unwrap();
                consumers.push(consumer);
                let stop = &stop;
                scope.spawn(move || read_from(stdout, stop, seen));
            }
        }
        // Dropped before the consumers: they are killed after `stop` is set.
        let _stop = SetOnDrop(&stop);
        let took = renew_fast(&keeper, renewals, next_event);
        println!("{renewals} renewals in {took:?}: {:.0} a second", renewals as f64 / took.as_secs_f64());
    });
    for (language, seen, is_used) in
        [("Rust", &rust, true), ("Python", &python, with_guide), ("Node", &node, with_guide)]
    {
        let (reads, badges) = (seen.reads.load(Ordering::Relaxed), seen.badges.load(Ordering::Relaxed));
        println!("{language}: {reads} reads, {badges} badges, all whole and valid");
        assert!(!is_used || reads > 0 && badges > renewals / 1000, "{language} sees the badge change");
    }
    assert!(rust.reads.load(Ordering::Relaxed) > renewals / 100);
    keeper.stop();
}

#[test]
fn no_read_is_torn_or_empty_over_two_hundred_renewals() {
    assert_no_read_is_torn(&Scratch::with_key(), 200, false);
}

#[test]
#[ignore = "a campaign of a minute or two; needs root (a tmpfs), Python and Node"]
fn no_read_is_torn_or_empty_over_a_hundred_thousand_renewals() {
    let (_mounted, scratch) = Mounted::tmpfs("size=4m");
    assert_no_read_is_torn(&scratch, 100_000, true);
}
