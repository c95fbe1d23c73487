//! Whatever happens to the file, the badge is back at once, with one warning that says what was seen.

use crate::common::{Keeper, PATIENCE, Scratch, claims};
use crate::tools::{chmod, mode, renew, settled};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

type Harm = fn(&Path);

/// What is done to the file, and the words of the warning (either of them: a writer that is interrupted half way
/// is seen half way).
const HARMS: [(&str, Harm, [&str; 2]); 7] = [
    ("deleted", |out| fs::remove_file(out).unwrap(), ["it is gone", "it is gone"]),
    ("truncated", |out| drop(fs::File::create(out).unwrap()), ["it is empty", "it is empty"]),
    ("overwritten", |out| fs::write(out, "x".repeat(700)).unwrap(), ["its content is not", "it is empty"]),
    ("appended to", |out| append(out), ["its content is not", "its content is not"]),
    ("replaced by a forged badge", replace_by_forged, ["its content is not", "its mode is 0644"]),
    ("chmod-ed", |out| chmod(out, 0o644), ["its mode is 0644 instead of 0600", "--out-mode"]),
    ("moved away", |out| fs::rename(out, out.with_extension("moved")).unwrap(), ["it is gone", "it is gone"]),
];

fn append(out: &Path) {
    use std::io::Write;
    fs::OpenOptions::new().append(true).open(out).unwrap().write_all(b"\n").unwrap();
}

/// A badge as good as ours in everything but its signature.
fn replace_by_forged(out: &Path) {
    let genuine = fs::read_to_string(out).unwrap();
    let (rest, signature) = genuine.rsplit_once('.').unwrap();
    let forged = out.with_extension("forged");
    fs::write(&forged, format!("{rest}.{}", signature.chars().rev().collect::<String>())).unwrap();
    chmod(&forged, 0o600);
    fs::rename(&forged, out).unwrap();
}

/// Does the harm and returns how long the badge was not as it was.
fn restored_after(out: &Path, harm: Harm) -> Duration {
    let before = fs::read_to_string(out).unwrap();
    let begin = Instant::now();
    harm(out);
    while fs::read_to_string(out).ok().as_ref() != Some(&before) || mode(out) != 0o600 {
        assert!(begin.elapsed() < PATIENCE, "the badge does not come back");
        sleep(Duration::from_micros(200));
    }
    begin.elapsed()
}

#[test]
fn a_damaged_badge_is_restored_at_once_with_one_warning_that_names_what_was_seen() {
    for (what, harm, words) in HARMS {
        let scratch = Scratch::with_key();
        let mut keeper = Keeper::start(&scratch, &[]);
        let took = restored_after(&scratch.join("badge.jwt"), harm);
        assert!(took < Duration::from_secs(2), "{what}: {took:?}");
        keeper.until("it says so", |keeper| keeper.log().contains("restored the badge"));
        settled(keeper.pid());
        let log = keeper.log();
        let warnings: Vec<&str> = log.lines().filter(|line| line.contains("changed by somebody else")).collect();
        assert_eq!(warnings.len(), 1, "{what}\n{log}");
        assert!(words.iter().any(|word| warnings[0].contains(word)), "{what}\n{log}");
        assert!(warnings[0].contains(" warning: ") && warnings[0].contains("badge.jwt"), "{log}");
        assert_eq!(keeper.lines_with("renewed"), 0, "the same badge is written again\n{log}");
    }
}

/// The issue asks for 100 ms; a loaded machine gets two seconds for the slowest, and the median is held.
#[test]
fn restoring_takes_far_less_than_a_tenth_of_a_second() {
    let mut times = Vec::new();
    for _ in 0..3 {
        let scratch = Scratch::with_key();
        let _keeper = Keeper::start(&scratch, &[]);
        for (_, harm, _) in HARMS {
            times.push(restored_after(&scratch.join("badge.jwt"), harm));
        }
    }
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("restored {} times: median {median:?}, slowest {slowest:?}", times.len());
    assert!(median < Duration::from_millis(100), "{times:?}");
    assert!(slowest < Duration::from_secs(2), "{times:?}");
}

/// The moment between the rename and whatever the keeper does next is no exception.
#[test]
fn a_change_in_the_very_moment_of_the_replacement_is_seen() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &[]);
    for _ in 0..25 {
        restored_after(&scratch.join("badge.jwt"), |out| chmod(out, 0o644));
    }
}

#[test]
fn reading_touching_and_linking_the_file_is_no_damage() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let out = scratch.join("badge.jwt");
    let inode = crate::tools::inode(&out);
    fs::File::open(&out).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    fs::hard_link(&out, scratch.join("another")).unwrap();
    fs::remove_file(scratch.join("another")).unwrap();
    settled(keeper.pid());
    assert_eq!(keeper.lines_with("warning"), 2, "only the two about test values\n{}", keeper.log());
    assert_eq!(crate::tools::inode(&out), inode);
    renew(&mut keeper);
}

#[test]
fn a_change_through_a_hard_link_is_damage_and_hits_only_the_old_file() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &[]);
    let (out, other) = (scratch.join("badge.jwt"), scratch.join("another"));
    fs::hard_link(&out, &other).unwrap();
    restored_after(&out, |out| fs::write(out.with_file_name("another"), "forged").unwrap());
    assert_eq!(fs::read_to_string(other).unwrap(), "forged");
}

#[test]
fn an_equal_file_put_in_its_place_is_no_damage_but_is_kept_like_our_own() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let out = scratch.join("badge.jwt");
    let token = fs::read_to_string(&out).unwrap();
    scratch.write_private("equal", &token);
    fs::rename(scratch.join("equal"), &out).unwrap();
    settled(keeper.pid());
    assert_eq!(keeper.lines_with("changed by somebody else"), 0, "{}", keeper.log());
    restored_after(&out, |out| fs::write(out, "forged").unwrap());
    keeper.until("it says so", |keeper| keeper.lines_with("changed by somebody else") == 1);
}

/// ext4 gives a freed inode number to the next file, so numbers do not tell two files apart.
#[test]
fn an_equal_file_that_inherits_the_inode_number_is_kept_like_our_own() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    let out = scratch.join("badge.jwt");
    let token = fs::read_to_string(&out).unwrap();
    settled(keeper.pid());
    let mut inherited = false;
    for _ in 0..5 {
        keeper.signal(libc::SIGSTOP);
        let before = crate::tools::inode(&out);
        fs::remove_file(&out).unwrap();
        scratch.write_private("badge.jwt", &token);
        inherited |= crate::tools::inode(&out) == before;
        keeper.signal(libc::SIGCONT);
        settled(keeper.pid());
        assert_eq!(keeper.lines_with("changed by somebody else"), 0, "{}", keeper.log());
    }
    println!("an inode number was inherited: {inherited}");
    restored_after(&out, |out| fs::write(out, "forged").unwrap());
    keeper.until("it says so", |keeper| keeper.lines_with("changed by somebody else") == 1);
}

#[test]
fn a_link_or_a_directory_in_its_place_is_named_and_never_followed() {
    let scratch = Scratch::with_key();
    scratch.write("victim", "precious");
    let mut keeper = Keeper::start(&scratch, &[]);
    restored_after(&scratch.join("badge.jwt"), |out| {
        fs::remove_file(out).unwrap();
        let _ = std::os::unix::fs::symlink("victim", out);
    });
    assert!(fs::symlink_metadata(scratch.join("badge.jwt")).unwrap().is_file());
    assert_eq!(scratch.read("victim"), "precious");
    settled(keeper.pid());
    // A directory cannot be replaced by a file: that fails with its reason until it is gone.
    keeper.signal(libc::SIGSTOP);
    fs::remove_file(scratch.join("badge.jwt")).unwrap();
    fs::create_dir(scratch.join("badge.jwt")).unwrap();
    keeper.signal(libc::SIGCONT);
    keeper.until("it says so", |keeper| keeper.log().contains("it is no ordinary file any more"));
    keeper.until("it fails", |keeper| keeper.log().contains("a directory stands where the file belongs"));
    fs::remove_dir(scratch.join("badge.jwt")).unwrap();
    keeper.until("it is back", |keeper| keeper.badge().is_some_and(|badge| claims(&badge).exp > 0));
}

#[test]
fn a_badge_damaged_while_its_key_is_gone_is_restored_from_memory() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &[]);
    fs::remove_file(scratch.join("private.jwk")).unwrap();
    restored_after(&scratch.join("badge.jwt"), |out| fs::write(out, "forged").unwrap());
}
