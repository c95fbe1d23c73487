//! What each notice tells: level and event, the facts for programs, and the words that people need.

use super::*;
use crate::error::Error;
use crate::key::PublicKey;
use std::path::Path;

/// Mon, 23 Nov 2026 16:27:16 GMT
const NOW: i64 = 1_795_451_236;

const DID: &str = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";

fn badge() -> Badge {
    Badge {
        token: "a.b.c".into(),
        jti: "j".into(),
        iat: NOW,
        exp: NOW + 3600,
        subject: "did:web:a\u{1b}".into(),
        issuer: "https://i".into(),
        key: PublicKey::from_did_key(DID).unwrap(),
    }
}

/// The line has this level, event and facts, and its sentence contains these words.
fn assert_told(notice: &Notice, (level, event, facts): (Level, &str, &str), words: &[&str]) {
    let line = line(notice, "/b/badge.jwt").unwrap();
    assert_eq!((line.level, line.event, line.facts.finish().as_str()), (level, event, facts));
    for word in words {
        assert!(line.sentence.contains(word), "{word:?} is missing in {:?}", line.sentence);
    }
}

#[test]
fn a_clock_step_is_told_with_both_dates_and_its_size() {
    let earlier = "Mon, 23 Nov 2026 16:26:46 GMT";
    let later = "Mon, 23 Nov 2026 16:27:16 GMT";
    let forward = Notice::ClockSet { from: NOW - 30, to: NOW };
    assert_told(&forward, (WARNING, "clock", r#"{"step":30}"#), &[&format!("from {earlier} to {later}")]);
    let back = Notice::ClockSet { from: NOW, to: NOW - 30 };
    assert_told(&back, (WARNING, "clock", r#"{"step":-30}"#), &[&format!("from {later} to {earlier}")]);
}

#[test]
fn a_wait_for_the_clock_is_told_with_what_the_clock_says() {
    assert_told(&Notice::WaitingForClock { now: 12 }, (WARNING, "waiting", "{}"), &["Thu, 01 Jan 1970 00:00:12 GMT"]);
}

#[test]
fn a_generated_key_is_told_with_its_path_and_did() {
    let notice = Notice::KeyGenerated { path: Path::new("/k\n"), did: "did:key:z6Mk" };
    let facts = r#"{"key":"/k\\n","did":"did:key:z6Mk"}"#;
    assert_told(&notice, (INFO, "key", facts), &[r"/k\n", "did:key:z6Mk"]);
}

#[test]
fn a_new_badge_is_told_with_its_end_its_renewal_and_why() {
    let badge = badge();
    let facts = format!(
        r#"{{"jti":"j","exp":{},"renewal":{},"sub":"did:web:a\u001b","iss":"https://i","out":"/b/badge.jwt","key":"{DID}"}}"#,
        NOW + 3600,
        NOW + 3000
    );
    for (reason, event, words) in [
        (IssueReason::Start, "started", "z6Mk...Msw"),
        (IssueReason::Due, "renewed", "renewed: "),
        (IssueReason::Expired, "renewed", "expired"),
        (IssueReason::FromTheFuture, "renewed", "clock"),
        (IssueReason::Requested, "renewed", "SIGHUP"),
    ] {
        let notice = Notice::Issued { badge: &badge, reason, renewal: NOW + 3000, now: NOW, other_key: false };
        let words = [words, "until Mon, 23 Nov 2026 17:27:16 GMT", "50m"];
        assert_told(&notice, (INFO, event, &facts), &words);
        assert!(!line(&notice, "").unwrap().sentence.contains('\u{1b}'));
    }
}

#[test]
fn a_failure_is_told_with_the_next_attempt_if_there_is_one() {
    let error = Error::Random(io::Error::from_raw_os_error(libc::ENOSYS));
    let last = Notice::Failed { error: &error, next_attempt: None };
    assert_told(&last, (ERROR, "failed", "{}"), &[&error.to_string()]);
    let next = Notice::Failed { error: &error, next_attempt: Some(NOW) };
    let facts = format!(r#"{{"next_attempt":{NOW}}}"#);
    assert_told(&next, (ERROR, "failed", &facts), &[&error.to_string(), "Mon, 23 Nov 2026 16:27:16 GMT"]);
}

#[test]
fn damage_is_told_with_what_differs() {
    for (damage, words) in [
        (Damage::Deleted, &["was deleted"][..]),
        (Damage::NotRegular, &["not a regular file"]),
        (Damage::Mode { found: 0o4, expected: 0o640 }, &["0004 instead of 0640", "--out-mode"]),
        (Damage::Owner { found: (1, 2), expected: (3, 4) }, &["1:2 instead of 3:4", "--out-group"]),
        (Damage::Empty, &["truncated"]),
        (Damage::Content, &["other content"]),
        (Damage::Unreadable(io::Error::from_raw_os_error(libc::EACCES)), &["cannot be read", "os error 13"]),
    ] {
        let facts = (WARNING, "damaged", r#"{"out":"/b/badge.jwt"}"#);
        let words = [words, &["/b/badge.jwt"]].concat();
        assert_told(&Notice::Damaged { damage: &damage, next_attempt: None }, facts, &words);
        let delayed = Notice::Damaged { damage: &damage, next_attempt: Some(NOW) };
        assert_told(&delayed, facts, &[&words[..], &["Mon, 23 Nov 2026 16:27:16 GMT"]].concat());
    }
    assert_told(&Notice::Restored, (INFO, "restored", r#"{"out":"/b/badge.jwt"}"#), &["/b/badge.jwt"]);
}

#[test]
fn a_warning_about_the_file_is_told_with_its_cause() {
    let errno = io::Error::from_raw_os_error;
    for (warning, words) in [
        (FileWarning::DirectoryNotSynced(errno(libc::EIO)), &["sync", "os error 5", "power cut"][..]),
        (FileWarning::LockUnsupported(errno(libc::ENOLCK)), &["lock", "os error 37", "second keeper"]),
        (FileWarning::Unwatched(UnwatchedReason::InotifyInstances), &["max_user_instances", "--check-interval"]),
        (FileWarning::Unwatched(UnwatchedReason::Inotify(libc::EMFILE)), &["ulimit -n", "--check-interval"]),
        (FileWarning::Unwatched(UnwatchedReason::Inotify(libc::ENOSPC)), &["max_user_watches", "--check-interval"]),
        (FileWarning::Unwatched(UnwatchedReason::Inotify(libc::ENOSYS)), &["os error 38", "--check-interval"]),
        (FileWarning::Unwatched(UnwatchedReason::RemoteFileSystem), &["network", "--check-interval"]),
    ] {
        let words = [words, &["/b/badge.jwt"]].concat();
        assert_told(&Notice::File(&warning), (WARNING, "warning", "{}"), &words);
    }
    let directory = FileWarning::UntrustedDirectory { path: "/d".into(), owner: 7, mode: 0o777 };
    assert_told(&Notice::File(&directory), (WARNING, "warning", "{}"), &["/d", "owner 7", "0777"]);
}

#[test]
fn a_stop_is_told_with_what_remains_in_the_file() {
    let facts = (INFO, "stopped", r#"{"out":"/b/badge.jwt"}"#);
    let remains = "the badge remains in /b/badge.jwt";
    assert_told(&Notice::Stopped { has_badge: true, child: None }, facts, &[remains]);
    assert_told(&Notice::Stopped { has_badge: false, child: None }, facts, &["no badge was written"]);
}

#[test]
fn the_end_of_a_command_is_told_as_shells_tell_it() {
    let facts = (INFO, "stopped", r#"{"out":"/b/badge.jwt"}"#);
    for (ended, level, words) in [
        (Ended::Status(0), INFO, "with exit status 0"),
        (Ended::Signal(15), INFO, "by signal 15"),
        (Ended::Status(3), WARNING, "with exit status 3"),
        (Ended::Signal(9), WARNING, "by signal 9"),
    ] {
        let notice = Notice::Stopped { has_badge: true, child: Some(&ended) };
        assert_told(
            &notice,
            (level, facts.1, facts.2),
            &["the command ended", words, "the badge remains in /b/badge.jwt"],
        );
    }
    let error = io::Error::from_raw_os_error(libc::ENOENT);
    let ended = Ended::NotStarted { program: "a\n".into(), error };
    let notice = Notice::Stopped { has_badge: true, child: Some(&ended) };
    assert_told(&notice, (ERROR, facts.1, facts.2), &["cannot start a", "No such file"]);
}

#[test]
fn another_key_is_told_by_both_ends_of_its_did() {
    let badge = badge();
    let notice =
        Notice::Issued { badge: &badge, reason: IssueReason::Requested, renewal: NOW, now: NOW, other_key: true };
    let sentence = line(&notice, "").unwrap().sentence;
    assert!(sentence.starts_with("renewed with another key (z6Mk...Msw) by SIGHUP: "), "{sentence}");
}

#[test]
fn what_only_the_supervisor_needs_has_no_line() {
    assert!(line(&Notice::Sleeping(crate::report::Status::WaitingForClock), "").is_none());
    assert!(line(&Notice::RenewalRequested, "").is_none());
}
