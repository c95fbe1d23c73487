//! A mount of the single file, or of the directory read-only: the error says to mount the directory.

use crate::common::{Scratch, keep};
use crate::tools::{Mounted, Traced, assert_keep_fails, names_but_key, wait_until_idle};

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
#[ignore = "needs root: mounts; needs strace: reads statfs from a trace"]
fn checks_the_kind_of_file_system_again_after_a_mount() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    let command = keep(&scratch, "badges/badge.jwt");
    let mut traced = Traced::spawn_command(&scratch, &["-e", "trace=statfs"], &command, "badges/badge.jwt");
    traced.keeper.wait_for("started");
    traced.keeper.renew();
    wait_until_idle(&traced.keeper);
    let calls = |traced: &Traced| traced.lines().iter().filter(|line| line.contains("statfs(")).count();
    let before = calls(&traced);
    let _mounted = Mounted::new("-t tmpfs tmpfs", &scratch.join("badges"));
    traced.keeper.renew();
    wait_until_idle(&traced.keeper);
    assert!(calls(&traced) > before, "{before}");
}
