//! A badge for consumers of another user: mode and group of every write.

use crate::common::{Keeper, Scratch, assert_valid, capiscio, chmod, keep, mode, run_bounded, wrap};
use crate::tools::{FAST_RETRY, Mounted, OTHER_USER, chown, names_but_key, own_group, sh, wait_until_idle};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

#[test]
fn the_mode_is_exact_on_every_write_whatever_the_umask() {
    for (umask, expected) in [("0077", "0644"), ("0000", "0600"), ("0777", "0400")] {
        let scratch = Scratch::with_key();
        let out = scratch.join("badge.jwt");
        let umask = format!(r#"umask {umask}; exec "$@""#);
        let mut command = wrap(&["sh", "-c", &umask, "sh"], &keep(&scratch, "badge.jwt"));
        let mut keeper = Keeper::start_command(&scratch, command.args(["--out-mode", expected]), "badge.jwt");
        for _ in 0..3 {
            assert_eq!(format!("{:04o}", mode(&out)), expected);
            keeper.renew();
        }
        wait_until_idle(&keeper);
        chmod(&out, 0o666);
        keeper.wait_for("restored");
        assert_eq!(format!("{:04o}", mode(&out)), expected);
    }
}

/// Without privileges only a group of one's own is allowed, which every user has. The directory gives new files another
/// group (S_ISGID in inode(7)): as root one of no process, as a user another one of the user's, if there is any.
#[test]
fn every_write_gets_the_group_of_out_group() {
    let scratch = Scratch::with_key();
    let (out, group) = (scratch.join("badge.jwt"), own_group());
    let groups = run_bounded(Command::new("id").arg("-G")).stdout;
    let mut others =
        groups.split_ascii_whitespace().filter(|other| *other != group).map(|other| other.parse().unwrap());
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let directory_group = is_root.then_some(OTHER_USER).or(others.next());
    std::os::unix::fs::chown(scratch.path(), None, directory_group).unwrap();
    chmod(scratch.path(), 0o2755);
    let mut keeper = Keeper::start(&scratch, &["--out-group", &group, "--out-mode", "0640"]);
    for _ in 0..2 {
        assert_eq!((mode(&out), fs::metadata(&out).unwrap().gid().to_string()), (0o640, group.clone()));
        keeper.renew();
    }
    let ended = run_bounded(
        capiscio(scratch.path())
            .args(["badge", "issue", "--key", "private.jwk", "--out", "other"])
            .args(["--out-group", &group]),
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(fs::metadata(scratch.join("other")).unwrap().gid().to_string(), group);
}

/// `setpriv` arguments for this user and group, and no others.
fn user_and_group(user: u32, group: u32) -> [String; 2] {
    [format!("--reuid={user}"), format!("--regid={group}")]
}

/// `cat` as another user. `None`: it fails.
fn read_as(user: u32, group: u32, path: &Path) -> Option<String> {
    let mut command = Command::new("setpriv");
    let read = run_bounded(command.args(user_and_group(user, group)).args(["--clear-groups", "cat"]).arg(path));
    (read.code == Some(0)).then_some(read.stdout)
}

#[test]
#[ignore = "needs root: a second user reads the badge"]
fn only_the_group_of_out_group_reads_the_badge() {
    let scratch = Scratch::with_key();
    let out = scratch.join("badge.jwt");
    let group = OTHER_USER.to_string();
    let mut keeper = Keeper::start(&scratch, &["--out-group", &group, "--out-mode", "0640"]);
    for _ in 0..3 {
        assert_eq!((mode(&out), fs::metadata(&out).unwrap().gid()), (0o640, OTHER_USER));
        assert_valid(&read_as(OTHER_USER + 1, OTHER_USER, &out).expect("the group reads it"));
        assert_eq!(read_as(OTHER_USER + 1, OTHER_USER + 1, &out), None, "others do not");
        keeper.renew();
    }
    wait_until_idle(&keeper);
    chown(&out, 0, 0);
    keeper.wait_for("restored");
    assert_eq!(keeper.count_with("damaged", "has owner 0:0 instead of 0:54321"), 1, "{}", keeper.log());
    assert_valid(&read_as(OTHER_USER + 1, OTHER_USER, &out).expect("the group reads it again"));
}

/// A keeper of `out` without privileges, in a directory of its own.
fn unprivileged(scratch: &Scratch, groups: &str, out: &str) -> Command {
    for name in [".", "private.jwk"] {
        chown(&scratch.join(name), OTHER_USER, OTHER_USER);
    }
    let [user, group] = user_and_group(OTHER_USER, OTHER_USER);
    wrap(&["setpriv", &user, &group, groups], &keep(scratch, out))
}

#[test]
#[ignore = "needs root: two users"]
fn an_unprivileged_keeper_may_use_a_group_it_is_in() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--groups=54399", "badge.jwt");
    command.args(["--out-group", "54399", "--out-mode", "0640"]);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    keeper.renew();
    assert_valid(&read_as(OTHER_USER + 1, 54_399, &scratch.join("badge.jwt")).expect("the group reads it"));
    keeper.stop();
}

#[test]
#[ignore = "needs root: two users"]
fn a_group_the_keeper_is_not_in_is_refused_with_three_cures() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old badge");
    let mut command = unprivileged(&scratch, "--clear-groups", "badge.jwt");
    let words = ["group 54399", "uid 54321", "group_add", "SupplementaryGroups=", "fsGroup"];
    run_bounded(command.args(["--out-group", "54399"])).assert_failed(&words);
    assert_eq!(scratch.read("badge.jwt"), "the old badge");
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: two users"]
fn an_unwritable_directory_is_refused_with_a_command_that_helps() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--clear-groups", "closed/badge.jwt");
    scratch.mkdir("closed");
    let cure = format!("install -d -o 54321 -m 0750 {}/capiscio", scratch.join("closed").display());
    run_bounded(&mut command).assert_failed(&["Permission denied", &cure]);
}

#[test]
#[ignore = "needs root: two users"]
fn another_users_file_in_a_sticky_directory_is_refused_with_its_owner() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--clear-groups", "sticky/badge.jwt");
    scratch.mkdir("sticky");
    chmod(&scratch.join("sticky"), 0o1777);
    scratch.write("sticky/badge.jwt", "the old badge");
    run_bounded(&mut command)
        .assert_failed(&["belongs to uid 0 in a sticky directory; remove it as that user or use another"]);
    assert_eq!(scratch.read("sticky/badge.jwt"), "the old badge");
    assert_eq!(names_but_key(&scratch.join("sticky")), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: makes a file immutable"]
fn an_immutable_file_fails_with_a_cure_and_is_replaced_later() {
    let (_mounted, scratch) = Mounted::ext4();
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    let (out, old) = (scratch.join("badge.jwt"), keeper.badge());
    sh(&format!("chattr +i '{}'", out.display()));
    keeper.signal(libc::SIGHUP);
    keeper.wait_for("failed");
    assert!(keeper.messages("failed")[0].contains("chattr -i"), "{}", keeper.log());
    assert_eq!(keeper.badge(), old);
    assert_eq!(names_but_key(scratch.path()), [".badge.jwt.lock", "badge.jwt"]);
    sh(&format!("chattr -i '{}'", out.display()));
    keeper.wait_for("renewed");
}

/// A directory with search permission only cannot be opened, so it can be neither watched nor synced.
#[test]
#[ignore = "needs root: drops it"]
fn polls_a_file_in_a_directory_that_cannot_be_read() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--clear-groups", "unreadable/badge.jwt");
    scratch.mkdir("unreadable");
    chown(&scratch.join("unreadable"), OTHER_USER, OTHER_USER);
    chmod(&scratch.join("unreadable"), 0o300);
    command.args(["--check-interval", "200ms"]);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "unreadable/badge.jwt");
    let badge = keeper.badge().unwrap();
    scratch.write("unreadable/badge.jwt", "forged");
    keeper.wait_for_badge(&badge);
    keeper.renew();
    for warning in ["does not report changes", "cannot sync its directory"] {
        assert_eq!(keeper.count_with("warning", warning), 1, "{warning}\n{}", keeper.log());
    }
}

/// Such directories above it cannot be watched either, but a change of the file itself is reported.
#[test]
#[ignore = "needs root: drops it"]
fn does_not_poll_a_file_below_a_directory_that_cannot_be_read() {
    let scratch = Scratch::with_key();
    let mut command = unprivileged(&scratch, "--clear-groups", "unreadable/badges/badge.jwt");
    scratch.mkdir("unreadable/badges");
    chown(&scratch.join("unreadable/badges"), OTHER_USER, OTHER_USER);
    chmod(&scratch.join("unreadable"), 0o711);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "unreadable/badges/badge.jwt");
    keeper.renew();
    let badge = keeper.badge().unwrap();
    scratch.write("unreadable/badges/badge.jwt", "forged");
    keeper.wait_for_badge(&badge);
    assert_eq!(keeper.count_with("warning", "does not report changes"), 0, "{}", keeper.log());
}
