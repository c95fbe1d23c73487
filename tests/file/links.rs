//! A symbolic link at --out is followed once, at the start.

use crate::common::{Keeper, Scratch, assert_good, chmod, keep, until};
use crate::tools::{OTHER_USER, assert_keep_fails, chown, names_but_key};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn replaces_the_file_behind_symlinks_and_leaves_the_symlinks() {
    let scratch = Scratch::with_key();
    scratch.mkdir("real");
    scratch.symlink("next", "badge.jwt");
    scratch.symlink(scratch.join("real/current.jwt"), "next");
    let mut keeper = Keeper::start(&scratch, &[]);
    keeper.renew();
    for link in ["badge.jwt", "next"] {
        assert!(fs::symlink_metadata(scratch.join(link)).unwrap().is_symlink());
    }
    assert_good(&scratch.join("real/current.jwt"));
    assert_eq!(names_but_key(&scratch.join("real")), [".current.jwt.lock", "current.jwt"]);
    // The real file is watched.
    let badge = scratch.read("real/current.jwt");
    scratch.write("real/current.jwt", "forged");
    keeper.wait_for_badge(&badge);
    keeper.stop();
    assert_eq!(names_but_key(&scratch.join("real")), ["current.jwt"]);
}

/// readlink(2) of /proc/PID/root returns `/`, which is another directory here than there.
#[test]
#[ignore = "needs root: makes a mount namespace"]
fn writes_into_another_mount_namespace_through_proc() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    let mount = r#"mount -t tmpfs tmpfs "$0" && touch "$0/ready" && exec sleep 60"#;
    let mut command = Command::new("unshare");
    let mut holder = command.args(["-m", "sh", "-c", mount]).arg(scratch.join("badges")).spawn().unwrap();
    let there = PathBuf::from(format!("/proc/{}/root{}", holder.id(), scratch.join("badges").display()));
    until("the mount", || there.join("ready").exists());
    let out = there.join("badge.jwt");
    let mut keeper = Keeper::start_command(&scratch, &mut keep(&scratch, &out), &out);
    keeper.renew();
    assert_good(&out);
    assert!(names_but_key(&scratch.join("badges")).is_empty());
    keeper.stop();
    holder.kill().unwrap();
    holder.wait().unwrap();
}

/// In a directory like /tmp any user may create a link. The kernel does not follow one there (protected_symlinks in
/// proc_sys_fs(5)), and neither does a keeper that reads links by itself.
#[test]
#[ignore = "needs root: gives files to another user"]
fn does_not_follow_another_users_symlink_in_a_sticky_directory() {
    let scratch = Scratch::with_key();
    scratch.mkdir("shared");
    chmod(&scratch.join("shared"), 0o1777);
    scratch.write("victim", "precious");
    let link = scratch.join("shared/badge.jwt");
    scratch.symlink("../victim", &link);
    chown(&link, OTHER_USER, OTHER_USER);
    assert_keep_fails(&scratch, "shared/badge.jwt", &["symbolic link of uid 54321"]);
    assert_eq!(scratch.read("victim"), "precious");
    assert_eq!(names_but_key(&scratch.join("shared")), ["badge.jwt"]);
    // A link of the directory's owner or our own is followed.
    for owner in [0, OTHER_USER] {
        chown(&link, owner, owner);
        chown(&scratch.join("shared"), owner, owner);
        let mut keeper = Keeper::start_command(&scratch, &mut keep(&scratch, "shared/badge.jwt"), "victim");
        keeper.assert_good();
        keeper.stop();
    }
}
