//! Whatever happens to the file, the badge is restored at once, with one warning.

use crate::common::{Keeper, Scratch, TIMEOUT, chmod, mode};
use crate::tools::{inode, sh, wait_until_idle};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

type Change = fn(&Path);

/// A change of the file, and what the warning says. There are two sentences where the keeper may see the change half
/// done.
const CHANGES: [(&str, Change, [&str; 2]); 7] = [
    ("deleted", |out| fs::remove_file(out).unwrap(), ["was deleted"; 2]),
    ("truncated", |out| drop(fs::File::create(out).unwrap()), ["was truncated"; 2]),
    ("overwritten", overwrite, ["has other content", "was truncated"]),
    ("appended to", append, ["has other content"; 2]),
    ("replaced by a forged badge", replace_by_forged, ["has other content", "has mode 0644"]),
    ("chmod", |out| chmod(out, 0o644), ["has mode 0644 instead of 0600 (--out-mode sets another mode)"; 2]),
    ("moved away", |out| fs::rename(out, out.with_extension("moved")).unwrap(), ["was deleted"; 2]),
];

fn overwrite(out: &Path) {
    fs::write(out, "x".repeat(700)).unwrap();
}

fn append(out: &Path) {
    fs::OpenOptions::new().append(true).open(out).unwrap().write_all(b"\n").unwrap();
}

/// Only the signature of the forged badge is wrong.
fn replace_by_forged(out: &Path) {
    let genuine = fs::read_to_string(out).unwrap();
    let (rest, signature) = genuine.rsplit_once('.').unwrap();
    let forged = out.with_extension("forged");
    fs::write(&forged, format!("{rest}.{}", signature.chars().rev().collect::<String>())).unwrap();
    chmod(&forged, 0o600);
    fs::rename(&forged, out).unwrap();
}

/// Changes the file and waits for the same badge again; returns how long that took.
fn assert_restored(scratch: &Scratch, change: Change) -> Duration {
    let out = scratch.join("badge.jwt");
    let before = fs::read_to_string(&out).unwrap();
    let begin = Instant::now();
    change(&out);
    while fs::read_to_string(&out).ok().as_ref() != Some(&before) || mode(&out) != 0o600 {
        assert!(begin.elapsed() < TIMEOUT, "the badge is not restored");
        sleep(Duration::from_micros(200));
    }
    begin.elapsed()
}

#[test]
fn restores_a_changed_badge_with_one_warning_that_names_the_change() {
    for (what, change, words) in CHANGES {
        let scratch = Scratch::with_key();
        let mut keeper = Keeper::start(&scratch, &[]);
        let took = assert_restored(&scratch, change);
        assert!(took < Duration::from_secs(2), "{what}: {took:?}");
        keeper.wait_for("restored");
        wait_until_idle(&keeper);
        let log = keeper.log();
        let lines = keeper.lines();
        let warnings: Vec<_> = lines.iter().filter(|line| line.text("event") == "damaged").collect();
        assert_eq!(warnings.len(), 1, "{what}\n{log}");
        let message = warnings[0].text("message");
        assert!(words.iter().any(|word| message.contains(word)) && message.contains("badge.jwt"), "{what}\n{log}");
        assert_eq!(warnings[0].text("level"), "warning");
        assert_eq!(keeper.count("renewed"), 0, "the same badge is written again\n{log}");
    }
}

/// Issue 10 demands 100 ms. The median must keep that; a loaded machine has two seconds for the slowest.
#[test]
fn restoring_takes_far_less_than_a_tenth_of_a_second() {
    let mut times = Vec::new();
    for _ in 0..3 {
        let scratch = Scratch::with_key();
        let _keeper = Keeper::start(&scratch, &[]);
        times.extend(CHANGES.map(|(_, change, _)| assert_restored(&scratch, change)));
    }
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("restored {} times: median {median:?}, slowest {slowest:?}", times.len());
    assert!(median < Duration::from_millis(100), "{times:?}");
    assert!(slowest < Duration::from_secs(2), "{times:?}");
}

/// Repeated, so that some changes fall between the rename and the next check.
#[test]
fn restores_after_changes_in_the_moment_of_the_replacement() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &[]);
    for _ in 0..25 {
        assert_restored(&scratch, |out| chmod(out, 0o644));
    }
}

#[test]
fn reading_touching_and_linking_the_file_are_not_damage() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let out = scratch.join("badge.jwt");
    let before = inode(&out);
    fs::File::open(&out).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    fs::hard_link(&out, scratch.join("other")).unwrap();
    scratch.remove("other");
    wait_until_idle(&keeper);
    assert_eq!(keeper.events(), ["warning", "warning", "started"], "two test values\n{}", keeper.log());
    assert_eq!(inode(&out), before);
    keeper.renew();
}

#[test]
fn a_change_through_a_hard_link_is_restored_and_stays_in_the_old_file() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &[]);
    fs::hard_link(scratch.join("badge.jwt"), scratch.join("other")).unwrap();
    assert_restored(&scratch, |out| fs::write(out.with_file_name("other"), "forged").unwrap());
    assert_eq!(scratch.read("other"), "forged");
}

#[test]
fn an_equal_file_in_its_place_is_not_damage_and_is_watched() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    scratch.write_private("equal", keeper.badge().unwrap());
    scratch.rename("equal", "badge.jwt");
    wait_until_idle(&keeper);
    assert_eq!(keeper.count("damaged"), 0, "{}", keeper.log());
    assert_restored(&scratch, overwrite);
    keeper.wait_for("restored");
    assert_eq!(keeper.count("damaged"), 1, "{}", keeper.log());
}

/// ext4 gives a freed inode number to the next file, so the number does not distinguish two files.
#[test]
fn an_equal_file_with_the_same_inode_number_is_watched() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let out = scratch.join("badge.jwt");
    let token = keeper.badge().unwrap();
    wait_until_idle(&keeper);
    let mut is_reused = false;
    for _ in 0..5 {
        keeper.signal(libc::SIGSTOP);
        let before = inode(&out);
        scratch.remove("badge.jwt");
        scratch.write_private("badge.jwt", &token);
        is_reused |= inode(&out) == before;
        keeper.signal(libc::SIGCONT);
        wait_until_idle(&keeper);
        assert_eq!(keeper.count("damaged"), 0, "{}", keeper.log());
    }
    println!("an inode number was reused: {is_reused}");
    assert_restored(&scratch, overwrite);
    keeper.wait_for("restored");
    assert_eq!(keeper.count("damaged"), 1, "{}", keeper.log());
}

#[test]
fn a_symlink_in_its_place_is_replaced_and_never_followed() {
    let scratch = Scratch::with_key();
    scratch.write("victim", "precious");
    let _keeper = Keeper::start(&scratch, &[]);
    assert_restored(&scratch, |out| {
        fs::remove_file(out).unwrap();
        // The keeper may be faster.
        let _ = std::os::unix::fs::symlink("victim", out);
    });
    assert!(fs::symlink_metadata(scratch.join("badge.jwt")).unwrap().is_file());
    assert_eq!(scratch.read("victim"), "precious");
}

/// A reader gets the right bytes from it, but a process that can write to its target changes them.
#[test]
fn a_symlink_to_an_equal_file_is_damage_and_is_replaced() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    scratch.write_private("equal", keeper.badge().unwrap());
    scratch.symlink("equal", "link");
    scratch.rename("link", "badge.jwt");
    keeper.wait_for("restored");
    assert_eq!(keeper.count_with("damaged", "not a regular file"), 1, "{}", keeper.log());
    assert!(fs::symlink_metadata(scratch.join("badge.jwt")).unwrap().is_file());
}

/// open(2) of a FIFO without O_NONBLOCK waits for a writer.
#[test]
fn a_fifo_in_its_place_is_replaced_and_blocks_nothing() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    sh(&format!("mkfifo '{}'", scratch.join("fifo").display()));
    scratch.rename("fifo", "badge.jwt");
    keeper.wait_for("restored");
    assert_eq!(keeper.count_with("damaged", "not a regular file"), 1, "{}", keeper.log());
    keeper.renew();
}

/// A rename cannot replace a directory by a file.
#[test]
fn fails_while_a_directory_is_in_its_place_and_recovers() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let badge = keeper.badge().unwrap();
    keeper.signal(libc::SIGSTOP);
    scratch.remove("badge.jwt");
    scratch.mkdir("badge.jwt");
    keeper.signal(libc::SIGCONT);
    keeper.wait_for("failed");
    assert_eq!(keeper.count_with("damaged", "not a regular file"), 1, "{}", keeper.log());
    assert!(keeper.messages("failed")[0].contains("a directory has the name of the file"), "{}", keeper.log());
    fs::remove_dir(scratch.join("badge.jwt")).unwrap();
    keeper.wait_for_badge(&badge);
}

#[test]
fn restores_from_memory_while_the_key_is_missing() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &[]);
    scratch.remove("private.jwk");
    assert_restored(&scratch, overwrite);
}
