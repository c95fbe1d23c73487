//! Whoever mounts a single file, or the directory read-only, is told to mount the directory.

use crate::common::Scratch;
use crate::tools::{Mounted, keep_ends as keep, leftovers};
use std::fs;

#[test]
#[ignore = "needs root: mounts"]
fn a_single_file_bind_mount_is_a_sentence_that_says_to_mount_the_directory() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("container")).unwrap();
    scratch.write("host.jwt", "the old one");
    scratch.write("container/badge.jwt", "");
    let target = scratch.join("container/badge.jwt");
    let mounted = Mounted::new(&format!("--bind '{}'", scratch.join("host.jwt").display()), &target);
    let ended = keep(&scratch, "container/badge.jwt");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("mount the directory instead of the single file"), "{}", ended.stderr);
    assert_eq!(scratch.read("host.jwt"), "the old one");
    assert_eq!(leftovers(&scratch.join("container")), ["badge.jwt"]);
    drop(mounted);
}

#[test]
#[ignore = "needs root: mounts"]
fn a_read_only_parent_with_a_writable_file_is_a_sentence_that_says_to_mount_the_directory() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("container")).unwrap();
    scratch.write("host.jwt", "the old one");
    scratch.write("container/badge.jwt", "");
    let container = scratch.join("container");
    let parent = Mounted::new(&format!("--bind '{}'", container.display()), &container);
    let file = Mounted::new(&format!("--bind '{}'", scratch.join("host.jwt").display()), &container.join("badge.jwt"));
    parent.remount("ro,bind");
    let ended = keep(&scratch, "container/badge.jwt");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("mount the directory (not the single file), and writable"), "{}", ended.stderr);
    assert_eq!(scratch.read("host.jwt"), "the old one");
    drop((file, parent));
}

/// FUSE and network file systems change without this kernel's knowledge.
#[test]
#[ignore = "needs strace: what statfs tells is read from a trace"]
fn the_kind_of_file_system_is_asked_for_with_each_badge() {
    let scratch = Scratch::with_key();
    let mut traced = crate::tools::Traced::start(&scratch, &["-e", "trace=statfs"], &[]);
    crate::tools::renew(&mut traced.keeper);
    traced.keeper.stop();
    let asked = traced.complete().iter().filter(|line| line.contains("statfs(")).count();
    assert!(asked >= 2, "{asked}");
}
