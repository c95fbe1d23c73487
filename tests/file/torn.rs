//! Readers in a tight loop never see half a badge, an old one's tail or nothing at all.

use crate::common::{Keeper, RFC_PUBLIC, Scratch, accepted};
use capiscio::key::PublicKey;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// What the readers saw.
#[derive(Default)]
struct Seen {
    reads: AtomicU64,
    badges: AtomicU64,
}

impl Seen {
    /// Takes in one read: each badge that differs from the one before is verified.
    fn take(&self, last: &mut String, token: String, key: &PublicKey) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if token != *last {
            if let Err(why) = accepted(key, token.as_bytes()) {
                panic!("a reader saw {token:?}: {why}");
            }
            self.badges.fetch_add(1, Ordering::Relaxed);
            *last = token;
        }
    }
}

/// Reads in Rust until told to stop. The path is opened anew each time, as every consumer does.
fn read(out: &Path, stop: &AtomicBool, seen: &Seen) {
    let (key, mut last) = (PublicKey::from_jwk(RFC_PUBLIC).unwrap(), String::new());
    while !stop.load(Ordering::Relaxed) {
        seen.take(&mut last, fs::read_to_string(out).unwrap(), &key);
    }
}

/// Reads with a consumer of the guide, which prints the number of its reads and each badge that differs from the
/// one before.
fn read_with(program: &str, script: &str, out: &Path, stop: &AtomicBool, seen: &Seen) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/file").join(script);
    let mut child = Command::new(program).arg(script).env("BADGE_FILE", out).stdout(Stdio::piped()).spawn().unwrap();
    let (key, mut last) = (PublicKey::from_jwk(RFC_PUBLIC).unwrap(), String::new());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !stop.load(Ordering::Relaxed) {
        let line = lines.next().unwrap_or_else(|| panic!("{program} ended")).unwrap();
        let (reads, token) = line.split_once(' ').unwrap();
        seen.reads.fetch_add(reads.parse::<u64>().unwrap() - 1, Ordering::Relaxed);
        seen.take(&mut last, token.to_owned(), &key);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Renews as fast as the keeper can, until it has done so `wanted` times; returns the time that it took.
fn hurry(keeper: &Keeper, wanted: u64, lines: impl BufRead + Send) -> Duration {
    let begin = Instant::now();
    let done = AtomicU64::new(0);
    scope(|scope| {
        scope.spawn(|| {
            for line in lines.lines() {
                let line = line.unwrap();
                assert!(!line.contains(" error: ") && !line.contains("changed by somebody"), "{line}");
                if line.contains("info: renewed") && done.fetch_add(1, Ordering::Relaxed) + 1 == wanted {
                    return;
                }
            }
            panic!("the keeper ended");
        });
        while done.load(Ordering::Relaxed) < wanted {
            keeper.signal(libc::SIGHUP);
            // A signal that is pending already is not counted twice: no faster than the keeper takes them.
            sleep(Duration::from_micros(20));
            assert!(begin.elapsed() < Duration::from_secs(280), "{} renewals", done.load(Ordering::Relaxed));
        }
    });
    begin.elapsed()
}

fn no_read_is_torn(scratch: &Scratch, renewals: u64, readers: usize, guides: bool) {
    let mut command = crate::common::capiscio(scratch.path());
    command.args(crate::tools::KEEP).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("started") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the keeper ended");
    }
    let mut keeper = Keeper::running(child, scratch, "badge.jwt");
    let (out, stop) = (scratch.join("badge.jwt"), AtomicBool::new(false));
    let (rust, python, node) = (Seen::default(), Seen::default(), Seen::default());
    scope(|scope| {
        for _ in 0..readers {
            scope.spawn(|| read(&out, &stop, &rust));
        }
        if guides {
            scope.spawn(|| read_with("python3", "reader.py", &out, &stop, &python));
            scope.spawn(|| read_with("node", "reader.js", &out, &stop, &node));
        }
        let took = hurry(&keeper, renewals, log);
        stop.store(true, Ordering::Relaxed);
        println!("{renewals} renewals in {took:?}: {:.0} a second", renewals as f64 / took.as_secs_f64());
    });
    for (who, seen) in [("Rust", &rust), ("Python", &python), ("Node", &node)] {
        let (reads, badges) = (seen.reads.load(Ordering::Relaxed), seen.badges.load(Ordering::Relaxed));
        println!("{who}: {reads} reads, {badges} different badges, all whole and valid");
        assert!(reads == 0 || badges > renewals / 1000, "{who} saw the badge change");
    }
    assert!(rust.reads.load(Ordering::Relaxed) > renewals / 100);
    assert!(!guides || python.reads.load(Ordering::Relaxed) > 0 && node.reads.load(Ordering::Relaxed) > 0);
    assert!(keeper.stop().success());
}

#[test]
fn no_read_is_torn_or_empty_over_two_hundred_renewals() {
    no_read_is_torn(&Scratch::with_key(), 200, 1, false);
}

#[test]
#[ignore = "a campaign of a minute or two; needs root (a tmpfs), Python and Node"]
fn no_read_is_torn_or_empty_over_a_hundred_thousand_renewals() {
    let (_mounted, scratch) = crate::tools::Mounted::tmpfs("size=4m");
    no_read_is_torn(&scratch, 100_000, 1, true);
}
