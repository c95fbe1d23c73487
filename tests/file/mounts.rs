//! A mount of the single file, or of the directory read-only: the error says to mount the directory.

use crate::common::Scratch;
use crate::tools::{Mounted, Traced, assert_keep_fails, names_but_key};

/// A directory `container` with a mount point for `host.jwt` in it.
fn host_and_container() -> Scratch {
    let scratch = Scratch::with_key();
    scratch.mkdir("container");
    scratch.write("host.jwt", "the old badge");
    scratch.write("container/badge.jwt", "");
    scratch
}

fn bind(scratch: &Scratch, from: &str, to: &str) -> Mounted {
    Mounted::new(&format!("--bind '{}'", scratch.join(from).display()), &scratch.join(to))
}

#[test]
#[ignore = "needs root: mounts"]
fn a_bind_mount_of_the_single_file_is_refused_with_a_cure() {
    let scratch = host_and_container();
    let _file = bind(&scratch, "host.jwt", "container/badge.jwt");
    assert_keep_fails(&scratch, "container/badge.jwt", &["mount the directory instead of the single file"]);
    assert_eq!(scratch.read("host.jwt"), "the old badge");
    assert_eq!(names_but_key(&scratch.join("container")), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: mounts"]
fn a_writable_file_in_a_read_only_directory_is_refused_with_a_cure() {
    let scratch = host_and_container();
    let directory = bind(&scratch, "container", "container");
    let _file = bind(&scratch, "host.jwt", "container/badge.jwt");
    directory.remount("ro,bind");
    assert_keep_fails(&scratch, "container/badge.jwt", &["mount the directory (not the single file) writable"]);
    assert_eq!(scratch.read("host.jwt"), "the old badge");
}

/// FUSE and network file systems change without this kernel's knowledge, and a mount may come between two badges.
#[test]
#[ignore = "needs strace: reads statfs from a trace"]
fn checks_the_kind_of_file_system_for_each_badge() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::start(&scratch, &["-e", "trace=statfs"], &[]);
    traced.keeper.renew();
    traced.keeper.stop();
    let calls = traced.complete().iter().filter(|line| line.contains("statfs(")).count();
    assert!(calls >= 2, "{calls}");
}
