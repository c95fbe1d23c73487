//! A new private key is written whole or not at all, as a badge is.

use crate::common::{Ended, Keeper, Scratch, capiscio, chmod, keep, mode, run, run_bounded, until, verify_with, wrap};
use crate::tools::{OTHER_USER, Traced, chown, names_but_key};
use std::fs;
use std::os::unix::fs::MetadataExt;

fn key_gen_with_fault(scratch: &Scratch, fault: &str) -> Ended {
    let trace = scratch.path().with_extension("trace");
    let strace = ["strace", "-f", "-o", trace.to_str().unwrap(), "-e", fault];
    let mut command = wrap(&strace, &capiscio(scratch.path()));
    let ended = run_bounded(command.args(["key", "gen"]));
    let seen = fs::read_to_string(&trace).unwrap();
    let _ = fs::remove_file(&trace);
    assert!(seen.contains("INJECTED"), "{seen}");
    ended
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn writes_a_key_to_a_file_system_without_hard_links() {
    let scratch = Scratch::empty();
    let ended = key_gen_with_fault(&scratch, "inject=?link,?linkat:error=EPERM");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    capiscio::key::PrivateKey::from_jwk(&scratch.read("private.jwk")).ok().unwrap();
    assert_eq!(scratch.names(), ["private.jwk", "public.jwk"]);
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn warns_when_the_directory_of_a_new_key_cannot_be_synced() {
    let scratch = Scratch::empty();
    // Two probes, then each file and its directory.
    let ended = key_gen_with_fault(&scratch, "inject=fsync:error=EINVAL:when=4+2");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot sync its directory"), "{}", ended.stderr);
    assert_eq!(scratch.names(), ["private.jwk", "public.jwk"]);
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_key_that_cannot_be_written_leaves_no_file() {
    for fault in ["inject=write:error=ENOSPC:when=1", "inject=fsync:error=EIO:when=1"] {
        let scratch = Scratch::empty();
        key_gen_with_fault(&scratch, fault).assert_failed(&["failed to write key"]);
        assert!(scratch.names().is_empty(), "{fault}: {:?}", scratch.names());
    }
}

/// A command as a user without privileges, who owns the directory.
fn as_other_user(scratch: &Scratch, command: &std::process::Command) -> std::process::Command {
    chown(scratch.path(), OTHER_USER, OTHER_USER);
    let [user, group] = [format!("--reuid={OTHER_USER}"), format!("--regid={OTHER_USER}")];
    wrap(&["setpriv", &user, &group, "--clear-groups"], command)
}

#[test]
#[ignore = "needs root: two users"]
fn a_keeper_reads_the_key_with_which_root_replaces_its_own() {
    let scratch = Scratch::with_key();
    let key = scratch.join("private.jwk");
    chown(&key, OTHER_USER, OTHER_USER + 1);
    chmod(&key, 0o400);
    let mut command = as_other_user(&scratch, &keep(&scratch, "badge.jwt"));
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    keeper.assert_good();
    let ended = run(scratch.path(), &["key", "gen", "--force"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let found = fs::metadata(&key).unwrap();
    assert_eq!((found.uid(), found.gid(), mode(&key)), (OTHER_USER, OTHER_USER + 1, 0o400));
    keeper.renew();
    verify_with(&scratch.read("public.jwk"), &keeper.badge().unwrap()).unwrap();
    assert_eq!(fs::metadata(scratch.join("public.jwk")).unwrap().uid(), 0, "a new file belongs to the caller");
}

#[test]
#[ignore = "needs root: two users"]
fn a_user_who_cannot_keep_the_owner_of_a_key_replaces_nothing() {
    for (user, group) in [(0, 0), (OTHER_USER, 0)] {
        let scratch = Scratch::with_key();
        let before = scratch.read("private.jwk");
        chown(&scratch.join("private.jwk"), user, group);
        chmod(&scratch.join("private.jwk"), 0o644);
        let mut command = as_other_user(&scratch, &capiscio(scratch.path()));
        let ended = run_bounded(command.args(["key", "gen", "--force"]));
        ended.assert_failed(&["private.jwk", &format!("owner {user}:{group}")]);
        assert_eq!((scratch.names(), scratch.read("private.jwk")), (vec!["private.jwk".to_owned()], before));
    }
}

/// The first keeper has generated its key and is about to give it the name when the second one does so.
#[test]
#[ignore = "needs strace: delays a system call"]
fn the_second_of_two_generated_keys_is_dropped_and_the_first_used() {
    let scratch = Scratch::empty();
    let delay = ["-e", "inject=fsync:delay_enter=1000000:when=1"];
    let mut first = Traced::spawn(&scratch, &delay, &["--generate-key"]);
    until("a temporary key", || names_but_key(scratch.path()).iter().any(|name| name.starts_with(".private.jwk.")));
    let mut second = keep(&scratch, "2.jwt");
    let mut second = Keeper::start_command(&scratch, second.arg("--generate-key"), "2.jwt");
    let key = scratch.read("private.jwk");
    first.keeper.wait_for("started");
    assert_eq!(scratch.read("private.jwk"), key);
    let public = run(scratch.path(), &["key", "public", "--key", "private.jwk"]).stdout;
    for keeper in [&mut first.keeper, &mut second] {
        verify_with(&public, &keeper.badge().unwrap()).unwrap();
        keeper.stop();
    }
    assert_eq!(names_but_key(scratch.path()), ["2.jwt", "badge.jwt"]);
}
