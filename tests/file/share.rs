//! A badge for consumers of another user: mode and group, on every write.

use crate::common::{Keeper, Scratch, claims};
use crate::tools::{KEEP, Mounted, STRANGER, behind, chmod, chown, ended, leftovers, mode, renew, settled, sh};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

#[test]
fn mode_is_exact_whatever_the_umask_and_applied_on_every_write() {
    for (umask, wanted) in [("0077", "0644"), ("0000", "0600"), ("0777", "0400")] {
        let scratch = Scratch::with_key();
        let shell = format!(r#"umask {umask}; exec "$@""#);
        let mut command = behind(&["sh", "-c", &shell, "sh"], scratch.path());
        command.args(KEEP).args(["--out-mode", wanted]);
        let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
        keeper.until("it has started", |keeper| keeper.log().contains("started"));
        for _ in 0..3 {
            assert_eq!(format!("{:04o}", mode(&scratch.join("badge.jwt"))), wanted);
            renew(&mut keeper);
        }
        settled(keeper.pid());
        chmod(&scratch.join("badge.jwt"), 0o666);
        keeper.until("it is restored", |keeper| keeper.log().contains("restored"));
        assert_eq!(format!("{:04o}", mode(&scratch.join("badge.jwt"))), wanted);
    }
}

/// `cat` as another user.
fn read_as(user: u32, group: u32, path: &Path) -> Option<String> {
    let (user, group) = (format!("--reuid={user}"), format!("--regid={group}"));
    let read = Command::new("setpriv").args([&user, &group, "--clear-groups", "cat"]).arg(path).output().unwrap();
    read.status.success().then(|| String::from_utf8(read.stdout).unwrap())
}

#[test]
#[ignore = "needs root: a second user reads the badge"]
fn a_consumer_of_another_uid_reads_the_badge_by_its_group_and_nobody_else_does() {
    let scratch = Scratch::with_key();
    let out = scratch.join("badge.jwt");
    let group = STRANGER.to_string();
    let mut keeper = Keeper::start(&scratch, &["--out-group", &group, "--out-mode", "0640"]);
    for _ in 0..3 {
        assert_eq!((mode(&out), fs::metadata(&out).unwrap().gid()), (0o640, STRANGER));
        claims(&read_as(STRANGER + 1, STRANGER, &out).expect("the group reads it"));
        assert_eq!(read_as(STRANGER + 1, STRANGER + 1, &out), None, "others do not");
        renew(&mut keeper);
    }
    settled(keeper.pid());
    chown(&out, 0, 0);
    keeper.until("it is restored", |keeper| keeper.log().contains("restored"));
    assert!(keeper.log().contains("its owner is 0:0 instead of 0:54321"), "{}", keeper.log());
    claims(&read_as(STRANGER + 1, STRANGER, &out).expect("the group reads it again"));
}

/// The keeper as this user with these further groups, in a directory of its own.
fn unprivileged(scratch: &Scratch, groups: &str, arguments: &[&str]) -> Command {
    for name in [".", "private.jwk"] {
        chown(&scratch.join(name), STRANGER, STRANGER);
    }
    let (user, group) = (format!("--reuid={STRANGER}"), format!("--regid={STRANGER}"));
    let mut command = behind(&["setpriv", &user, &group, groups], scratch.path());
    command.args(KEEP).args(arguments);
    command
}

#[test]
#[ignore = "needs root: two users"]
fn a_keeper_without_privileges_gives_the_badge_to_a_group_that_it_is_in() {
    let scratch = Scratch::with_key();
    let command = unprivileged(&scratch, "--groups=54399", &["--out-group", "54399", "--out-mode", "0640"]);
    let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    renew(&mut keeper);
    claims(&read_as(STRANGER + 1, 54_399, &scratch.join("badge.jwt")).expect("the group reads it"));
    assert!(keeper.stop().success());
}

#[test]
#[ignore = "needs root: two users"]
fn a_group_that_the_keeper_is_not_in_is_a_sentence_with_three_cures() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old one");
    let mut command = unprivileged(&scratch, "--clear-groups", &["--out-group", "54399"]);
    let ended = ended(&mut command);
    assert_eq!(ended.code, Some(1));
    for word in ["group 54399", "uid 54321", "group_add", "SupplementaryGroups=", "fsGroup"] {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    assert_eq!(scratch.read("badge.jwt"), "the old one");
    assert_eq!(leftovers(scratch.path()), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: two users"]
fn a_directory_that_the_keeper_may_not_write_to_is_a_sentence_with_the_command_that_cures_it() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--clear-groups", &["--out", "closed/badge.jwt"]);
    fs::create_dir(scratch.join("closed")).unwrap();
    let ended = ended(&mut command);
    assert_eq!(ended.code, Some(1));
    let cure = format!("chown 54321 {}", scratch.join("closed").display());
    assert!(ended.stderr.contains("Permission denied") && ended.stderr.contains(&cure), "{}", ended.stderr);
}

#[test]
#[ignore = "needs root: two users"]
fn in_a_sticky_directory_a_file_of_another_user_is_named_with_its_owner() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--clear-groups", &["--out", "sticky/badge.jwt"]);
    fs::create_dir(scratch.join("sticky")).unwrap();
    chmod(&scratch.join("sticky"), 0o1777);
    scratch.write("sticky/badge.jwt", "the old one");
    let ended = ended(&mut command);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("belongs to uid 0") && ended.stderr.contains("sticky"), "{}", ended.stderr);
    assert_eq!(scratch.read("sticky/badge.jwt"), "the old one");
    assert_eq!(leftovers(&scratch.join("sticky")), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: makes a file immutable"]
fn an_immutable_file_is_a_sentence_with_the_command_that_cures_it() {
    let (_mounted, scratch) = Mounted::ext4("", "");
    let mut keeper = Keeper::start(&scratch, &["--exp", "60s", "--renew-before", "10s"]);
    let out = scratch.join("badge.jwt");
    let old = keeper.badge();
    sh(&format!("chattr +i '{}'", out.display()));
    keeper.signal(libc::SIGHUP);
    keeper.until("it fails", |keeper| keeper.log().contains("next attempt at"));
    assert!(keeper.log().contains("chattr -i"), "{}", keeper.log());
    assert_eq!(keeper.badge(), old);
    assert_eq!(leftovers(scratch.path()), [".badge.jwt.lock", "badge.jwt"]);
    sh(&format!("chattr -i '{}'", out.display()));
    keeper.until("it renews", |keeper| keeper.lines_with("info: renewed") == 1);
}

/// Search permission is enough: such a directory cannot be opened, so neither watched nor synced.
#[test]
#[ignore = "needs root: drops it"]
fn a_directory_that_cannot_be_read_is_kept_by_looking_at_it() {
    let scratch = Scratch::with_key();
    let arguments = ["--out", "blind/badge.jwt", "--check-interval", "200ms"];
    let command = unprivileged(&scratch, "--clear-groups", &arguments);
    fs::create_dir(scratch.join("blind")).unwrap();
    chown(&scratch.join("blind"), STRANGER, STRANGER);
    chmod(&scratch.join("blind"), 0o300);
    let mut keeper = Keeper::of(&scratch, command, "blind/badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    let badge = keeper.badge();
    fs::write(scratch.join("blind/badge.jwt"), "forged").unwrap();
    keeper.until("it is restored", |keeper| keeper.badge() == badge);
    renew(&mut keeper);
    assert_eq!(keeper.lines_with("does not tell of changes"), 1, "{}", keeper.log());
    assert_eq!(keeper.lines_with("could not be synced"), 1, "{}", keeper.log());
}
