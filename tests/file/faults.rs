//! Faults that strace injects into single system calls: the old badge stays byte for byte, no temporary file is left,
//! the error names the cause, and the next attempt succeeds.

use crate::common::Scratch;
use crate::tools::{FAST_RETRY, Traced, names_but_key, own_group, wait_until_idle};
use std::thread::scope;

/// A system call of a replacement: its possible names, and words of its line in a trace.
#[derive(Clone, Copy, Debug)]
struct Call(&'static [&'static str], &'static [&'static str]);

const OPEN: Call = Call(&["open", "openat"], &[".tmp", "O_CREAT"]);
const WRITE: Call = Call(&["write"], &[".tmp"]);
const GROUP: Call = Call(&["fchown"], &[".tmp"]);
const MODE: Call = Call(&["fchmod"], &[".tmp"]);
const SYNC: Call = Call(&["fsync"], &[".tmp"]);
const RENAME: Call = Call(&["rename", "renameat", "renameat2"], &[".tmp"]);
const COMPARE: Call = Call(&["open", "openat"], &["/badge.jwt\", O_RDONLY"]);
const SYNC_DIRECTORY: Call = Call(&["fsync"], &["DIRECTORY>"]);

impl Call {
    /// Its name, and its number as strace counts calls of that name, where it belongs to the second badge.
    fn of_second_badge(self, lines: &[String], scratch: &Scratch) -> (&'static str, usize) {
        let directory = scratch.path().canonicalize().unwrap();
        let Call(names, words) = self;
        let words: Vec<_> = words.iter().map(|word| word.replace("DIRECTORY", directory.to_str().unwrap())).collect();
        let is = |line: &str, name: &str| line.contains(&format!(" {name}("));
        let name_of = |line: &str| names.iter().find(|name| is(line, name));
        let calls = lines.iter().enumerate().filter_map(|(index, line)| Some((index, *name_of(line)?)));
        let mut matching = calls.filter(|(index, _)| words.iter().all(|word| lines[*index].contains(word)));
        let (index, name) = matching.nth(1).unwrap_or_else(|| panic!("{self:?}\n{}", lines.join("\n")));
        (name, lines[..=index].iter().filter(|line| is(line, name)).count())
    }
}

/// A started keeper whose second badge meets this fault.
fn with_fault(call: Call, fault: &str) -> (Scratch, Traced) {
    let group = own_group();
    let arguments = [&FAST_RETRY[..], &["--out-group", &group]].concat();
    let (name, number) = {
        let scratch = Scratch::with_key();
        let mut traced = Traced::start(&scratch, &[], &arguments);
        traced.keeper.renew();
        traced.keeper.stop();
        call.of_second_badge(&traced.complete(), &scratch)
    };
    let scratch = Scratch::with_key();
    let traced = Traced::start(&scratch, &["-e", &format!("inject={name}:{fault}:when={number}")], &arguments);
    (scratch, traced)
}

fn assert_fails_and_recovers(call: Call, errno: &str, reason: &str) {
    let (scratch, mut traced) = with_fault(call, &format!("error={errno}"));
    let keeper = &mut traced.keeper;
    let old = keeper.badge().unwrap();
    keeper.signal(libc::SIGHUP);
    keeper.wait_for("failed");
    assert_eq!(keeper.badge().unwrap(), old, "{call:?} {errno}");
    assert_eq!(names_but_key(scratch.path()), [".badge.jwt.lock", "badge.jwt"], "{call:?} {errno}");
    keeper.wait_for("renewed");
    keeper.assert_good();
    assert_ne!(keeper.badge().unwrap(), old);
    let failed = keeper.messages("failed");
    assert_eq!(failed.len(), 1, "the first retry succeeds\n{}", keeper.log());
    for words in ["failed to write badge to ", reason, "; next attempt at "] {
        assert!(failed[0].contains(words), "{call:?} {errno}: {}", failed[0]);
    }
    traced.assert_injected();
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_fault_up_to_the_rename_leaves_the_old_badge_and_is_retried() {
    let faults = [
        (OPEN, "EIO", "see dmesg"),
        (OPEN, "EROFS", "mount the directory (not the single file)"),
        (OPEN, "EMFILE", "ulimit -n 64"),
        (OPEN, "ENOSPC", "free some space: df -h"),
        (WRITE, "EIO", "see dmesg"),
        (WRITE, "ENOSPC", "free some space: df -h"),
        (WRITE, "EDQUOT", "raise the quota"),
        (WRITE, "EFBIG", "ulimit -f"),
        (GROUP, "EPERM", "group_add"),
        (MODE, "EIO", "see dmesg"),
        (SYNC, "EIO", "see dmesg"),
        (SYNC, "ENOSPC", "free some space: df -h"),
        (SYNC, "EDQUOT", "raise the quota"),
        (RENAME, "EIO", "see dmesg"),
        (RENAME, "ENOSPC", "free some space: df -h"),
        (RENAME, "EXDEV", "mount the directory instead of the single file"),
        (RENAME, "EBUSY", "mount the directory instead of the single file"),
    ];
    scope(|scope| {
        for chunk in faults.chunks(5) {
            scope.spawn(|| chunk.iter().for_each(|(call, errno, why)| assert_fails_and_recovers(*call, errno, why)));
        }
    });
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn an_interrupted_call_is_repeated_without_a_message() {
    for call in [OPEN, WRITE, GROUP, MODE, SYNC] {
        let (_scratch, mut traced) = with_fault(call, "error=EINTR");
        traced.keeper.renew();
        traced.assert_injected();
        assert_eq!(traced.keeper.count("failed"), 0, "{call:?}\n{}", traced.keeper.log());
        traced.keeper.assert_good();
    }
}

/// strace only pretends a short write: the bytes it reports were never written. The trace shows that the keeper writes
/// the rest, and the badge, which is whole, shows that it compares the file with what it wrote.
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_short_write_is_continued_and_missing_bytes_are_restored() {
    let (_scratch, mut traced) = with_fault(WRITE, "retval=10");
    traced.keeper.renew();
    let lines = traced.lines();
    let short = lines.iter().position(|line| line.contains("INJECTED")).unwrap();
    let length = |line: &str| line.split(", ").last().unwrap().split(')').next().unwrap().parse::<usize>().unwrap();
    assert!(lines[short + 1].contains(" write(") && lines[short + 1].contains(".tmp"), "{}", lines[short + 1]);
    assert_eq!(length(&lines[short + 1]), length(&lines[short]) - 10);
    traced.keeper.wait_for("restored");
    traced.keeper.assert_good();
}

/// The file is polled until it can be watched again, which the next renewal finds.
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_lack_of_descriptors_or_memory_at_a_comparison_is_no_damage() {
    for (errno, reason) in [("EMFILE", "os error 24"), ("ENFILE", "os error 23"), ("ENOMEM", "os error 12")] {
        let (scratch, mut traced) = with_fault(COMPARE, &format!("error={errno}"));
        let keeper = &mut traced.keeper;
        keeper.renew();
        keeper.until("a warning", |keeper| keeper.count_with("warning", "polling it every --check-interval") == 1);
        assert_eq!(keeper.count_with("warning", reason), 1, "{}", keeper.log());
        keeper.renew();
        wait_until_idle(keeper);
        assert_eq!(keeper.count("damaged"), 0, "{}", keeper.log());
        scratch.write("badge.jwt", "forged");
        keeper.wait_for("restored");
        assert_eq!(keeper.count("warning"), 3, "two test values\n{}", keeper.log());
        traced.assert_injected();
    }
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_failed_sync_after_the_rename_is_a_warning_and_is_retried() {
    for (errno, reason) in [("EIO", "os error 5"), ("EINVAL", "os error 22")] {
        let (_scratch, mut traced) = with_fault(SYNC_DIRECTORY, &format!("error={errno}"));
        let keeper = &mut traced.keeper;
        let old = keeper.badge();
        keeper.renew();
        assert_ne!(keeper.badge(), old);
        keeper.assert_good();
        keeper.until("a warning", |keeper| keeper.count_with("warning", "cannot sync its directory") == 1);
        assert_eq!(keeper.count_with("warning", reason), 1, "{}", keeper.log());
        // The check that follows repeats it, with success.
        keeper.renew();
        assert_eq!(keeper.count_with("warning", "cannot sync its directory"), 1, "{}", keeper.log());
        traced.assert_injected();
    }
}

/// All directory syncs of a keeper: the second and third fsync of the start (the check that follows repeats a failed
/// one), then of each renewal.
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_directory_that_can_never_be_synced_is_warned_about_once() {
    let scratch = Scratch::with_key();
    let calls = (0..5).flat_map(|badge| [2 + 3 * badge, 3 + 3 * badge]);
    let faults: Vec<String> = calls.map(|call| format!("--inject=fsync:error=EINVAL:when={call}")).collect();
    let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    let mut traced = Traced::start(&scratch, &faults[..1], &[]);
    for _ in 0..4 {
        traced.keeper.renew();
    }
    let keeper = &traced.keeper;
    assert_eq!(keeper.count_with("warning", "cannot sync its directory"), 1, "{}", keeper.log());
    keeper.assert_good();
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_fault_at_the_first_badge_ends_the_keeper_and_leaves_the_old_file() {
    for call in ["fsync", "rename,renameat,renameat2", "fchmod"] {
        let scratch = Scratch::with_key();
        scratch.write("badge.jwt", "the old badge");
        let mut traced = Traced::spawn(&scratch, &["-e", &format!("inject={call}:error=EIO:when=1")], &[]);
        assert_eq!(traced.keeper.wait().code(), Some(1), "{call}\n{}", traced.keeper.log());
        assert_eq!(traced.keeper.count_with("failed", "failed to write badge to "), 1, "{}", traced.keeper.log());
        traced.complete();
        traced.assert_injected();
        assert_eq!(scratch.read("badge.jwt"), "the old badge");
        assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
    }
}
