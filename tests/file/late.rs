//! A badge that is no longer valid when it is about to get its name is not put in place.

use crate::common::{RFC_PUBLIC, Scratch, TIMEOUT, capiscio, run_bounded, wrap};
use crate::tools::{Traced, names_but_key};
use capiscio::badge::verify::{Rules, verify};
use capiscio::key::PublicKey;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SHORT: [&str; 4] = ["--exp", "2s", "--renew-before", "100ms"];

/// Each fsync of a file takes longer than the badge is valid.
const SLOW: &str = "inject=fsync:delay_enter=2100ms";

#[test]
#[ignore = "needs strace: delays system calls"]
fn a_badge_that_expires_while_it_is_written_never_gets_the_name() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::spawn(&scratch, &["-e", SLOW], &SHORT);
    let words = "it was no longer valid when it was complete";
    traced.keeper.until("it fails twice", |keeper| {
        assert!(!scratch.join("badge.jwt").exists());
        keeper.count_with("failed", words) >= 2
    });
    let message = traced.keeper.messages("failed").remove(0);
    assert!(message.contains("; next attempt at "), "{message}");
    assert!(scratch.names().iter().filter(|name| name.ends_with(".tmp")).count() <= 1, "{:?}", scratch.names());
    traced.keeper.stop();
    assert_eq!(names_but_key(scratch.path()), [""; 0]);
}

#[test]
#[ignore = "needs strace: delays system calls"]
fn one_late_badge_is_followed_by_a_valid_one_at_once_and_without_a_message() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::spawn(&scratch, &["-e", &format!("{SLOW}:when=1")], &SHORT);
    traced.keeper.until("the first badge", |_| scratch.join("badge.jwt").exists());
    assert_valid_at_its_rename(&fs::File::open(scratch.join("badge.jwt")).unwrap());
    traced.keeper.wait_for("started");
    assert_eq!(traced.keeper.count("failed"), 0, "{}", traced.keeper.log());
    traced.keeper.stop();
}

/// Verifies the badge at the time of its rename, which is the last change of its inode. The time of an inode is that of the
/// kernel's last tick, at most 10 ms before the time that the keeper reads.
fn assert_valid_at_its_rename(mut file: &fs::File) {
    let (mut token, found) = (String::new(), file.metadata().unwrap());
    file.read_to_string(&mut token).unwrap();
    let key = PublicKey::from_jwk(RFC_PUBLIC).unwrap();
    let valid_at = |now| {
        let rules =
            Rules { key: Some(&key), accept_self_signed: false, trusted_issuers: &[], audience: None, skew: 0, now };
        verify(token.as_bytes(), &rules)
    };
    let tick_later = found.ctime() + (found.ctime_nsec() + 10_000_000) / 1_000_000_000;
    valid_at(found.ctime()).or_else(|_| valid_at(tick_later)).unwrap_or_else(|invalid| panic!("{invalid}"));
}

/// The machine is stopped for longer than a badge is valid, at each moment of a renewal.
#[test]
#[ignore = "needs strace: delays system calls"]
fn no_late_badge_replaces_an_old_one() {
    for call in ["fsync", "fchmod"] {
        // Of each three calls one is slow, so that a late badge is followed by one in time.
        let scratch = Scratch::with_key();
        let delay = format!("inject={call}:delay_enter=2100ms:when=4+3");
        let mut traced = Traced::start(&scratch, &["-e", &delay], &SHORT);
        let (begin, mut inode, mut badges) = (Instant::now(), 0, 0);
        while badges < 4 {
            // A held inode has a number of its own.
            let file = fs::File::open(scratch.join("badge.jwt")).unwrap();
            let found = file.metadata().unwrap().ino();
            if found != inode {
                assert_valid_at_its_rename(&file);
                (inode, badges) = (found, badges + 1);
            }
            sleep(Duration::from_millis(1));
            assert!(traced.keeper.is_running() && begin.elapsed() < TIMEOUT, "{}", traced.keeper.log());
        }
    }
}

#[test]
#[ignore = "needs strace: delays system calls"]
fn a_badge_that_expires_while_it_is_restored_is_renewed_instead() {
    let scratch = Scratch::with_key();
    // The third fsync is that of the restored file.
    let mut traced = Traced::start(&scratch, &["-e", &format!("{SLOW}:when=3")], &SHORT);
    scratch.remove("badge.jwt");
    traced.keeper.until("a badge", |_| scratch.join("badge.jwt").exists());
    assert_valid_at_its_rename(&fs::File::open(scratch.join("badge.jwt")).unwrap());
    traced.keeper.wait_for("renewed");
    assert_eq!(traced.keeper.count("restored") + traced.keeper.count("failed"), 0, "{}", traced.keeper.log());
}

#[test]
#[ignore = "needs strace: delays system calls"]
fn badge_issue_writes_no_late_badge_either() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old badge");
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt", "--exp", "2s"]);
    run_bounded(&mut wrap(&["strace", "-o", "/dev/null", "-e", SLOW], &command))
        .assert_failed(&["it was no longer valid when it was complete"]);
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
    assert_eq!(scratch.read("badge.jwt"), "the old badge");
}
