//! Readers in a tight loop never see a torn, empty or missing badge.

use crate::common::{Keeper, LogLine, Scratch, assert_valid, keep};
use crate::tools::Mounted;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
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

/// Reads with a consumer of the guide. It prints each new badge behind the number of reads since the one before.
fn read_with(program: &str, script: &str, out: &Path, stop: &AtomicBool, seen: &Seen) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/file").join(script);
    let mut child = Command::new(program).arg(script).env("BADGE_FILE", out).stdout(Stdio::piped()).spawn().unwrap();
    let mut last = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !stop.load(Ordering::Relaxed) {
        let line = lines.next().unwrap_or_else(|| panic!("{program} ended")).unwrap();
        let (reads, token) = line.split_once(' ').unwrap();
        seen.add(&mut last, reads.parse().unwrap(), token.to_owned());
    }
    child.kill().unwrap();
    child.wait().unwrap();
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
            assert!(begin.elapsed() < Duration::from_secs(280), "{} renewals", done.load(Ordering::Relaxed));
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
    while next_event() != "started" {}
    let (out, stop) = (scratch.join("badge.jwt"), AtomicBool::new(false));
    let (rust, python, node) = (Seen::default(), Seen::default(), Seen::default());
    scope(|scope| {
        scope.spawn(|| read(&out, &stop, &rust));
        if with_guide {
            scope.spawn(|| read_with("python3", "reader.py", &out, &stop, &python));
            scope.spawn(|| read_with("node", "reader.js", &out, &stop, &node));
        }
        let took = renew_fast(&keeper, renewals, next_event);
        stop.store(true, Ordering::Relaxed);
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
