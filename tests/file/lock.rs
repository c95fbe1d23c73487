//! One keeper for one file.

use crate::common::{Ended, Keeper, Scratch, capiscio, until};
use crate::tools::{KEEP, behind, chown, ended, is_good, keep_ends, leftovers, mode, renew, settled};
use std::fs;
use std::os::unix::fs::symlink;

/// Runs a second keeper for `out` to its end.
fn second(scratch: &Scratch, out: &str) -> Ended {
    keep_ends(scratch, out)
}

#[test]
fn a_second_keeper_ends_at_once_with_1_and_names_the_first_ones_pid() {
    let scratch = Scratch::with_key();
    let mut first = Keeper::start(&scratch, &[]);
    let badge = first.badge();
    let ended = second(&scratch, "badge.jwt");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("pid {}", first.pid())), "{}", ended.stderr);
    assert!(ended.stderr.contains(".badge.jwt.lock"), "{}", ended.stderr);
    assert_eq!(first.badge(), badge, "the second wrote nothing");
    // It took nothing with it: the first still holds, renews and shuts others out.
    renew(&mut first);
    assert_eq!(second(&scratch, "badge.jwt").code, Some(1));
    assert_eq!(leftovers(scratch.path()), [".badge.jwt.lock", "badge.jwt"]);
}

#[test]
fn badge_issue_does_not_write_into_a_file_that_is_kept() {
    let scratch = Scratch::with_key();
    let first = Keeper::start(&scratch, &[]);
    let badge = first.badge();
    let ended = crate::common::run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("pid {}", first.pid())), "{}", ended.stderr);
    assert_eq!(first.badge(), badge);
}

#[test]
fn through_links_and_other_spellings_it_is_still_one_file() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("real")).unwrap();
    symlink("real/badge.jwt", scratch.join("badge.jwt")).unwrap();
    symlink("real", scratch.join("linked")).unwrap();
    let first = Keeper::start(&scratch, &[]);
    assert_eq!(leftovers(&scratch.join("real")), [".badge.jwt.lock", "badge.jwt"]);
    for spelling in ["badge.jwt", "./badge.jwt", "real/badge.jwt", "linked/badge.jwt", "real/../real/badge.jwt"] {
        let ended = second(&scratch, spelling);
        assert_eq!(ended.code, Some(1), "{spelling}: {}", ended.stderr);
        assert!(ended.stderr.contains(&format!("pid {}", first.pid())), "{spelling}: {}", ended.stderr);
    }
}

#[test]
fn two_outputs_in_one_directory_do_not_disturb_each_other() {
    let scratch = Scratch::with_key();
    let mut one = Keeper::start(&scratch, &[]);
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt.2"]);
    let mut other = Keeper::of(&scratch, command, "badge.jwt.2");
    other.until("it has started", |keeper| keeper.log().contains("started"));
    settled(one.pid());
    let before = crate::tools::sleeps(one.pid());
    for _ in 0..20 {
        renew(&mut other);
    }
    assert_eq!(crate::tools::sleeps(one.pid()), before, "the first slept on");
    renew(&mut one);
    fs::write(scratch.join("badge.jwt"), "forged").unwrap();
    one.until("it is restored", |keeper| keeper.log().contains("restored"));
    assert_eq!(other.lines_with("changed by somebody else"), 0);
    assert!(one.stop().success() && other.stop().success());
    assert_eq!(leftovers(scratch.path()), ["badge.jwt", "badge.jwt.2"]);
}

#[test]
fn the_lock_is_ours_alone_carries_the_pid_and_goes_with_a_clean_end() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--out-mode", "0644"]);
    let lock = scratch.join(".badge.jwt.lock");
    assert_eq!(mode(&lock), 0o600);
    assert_eq!(fs::read_to_string(&lock).unwrap(), format!("{}\n", keeper.pid()));
    assert!(keeper.stop().success());
    assert_eq!(leftovers(scratch.path()), ["badge.jwt"]);
}

#[test]
fn what_a_killed_keeper_left_hinders_nobody_and_is_cleared_away() {
    let scratch = Scratch::with_key();
    Keeper::start(&scratch, &[]).signal(libc::SIGKILL);
    scratch.write(".badge.jwt.0123abcd.tmp", "half a bad");
    let foreign = [".badge.jwt.0123abcg.tmp", ".badge.jwt.0123abcd.tmp.bak", ".other.jwt.0123abcd.tmp"];
    for name in foreign {
        scratch.write(name, "not ours");
    }
    let mut keeper = Keeper::start(&scratch, &[]);
    assert!(!leftovers(scratch.path()).contains(&".badge.jwt.0123abcd.tmp".to_owned()));
    assert!(foreign.iter().all(|name| scratch.join(name).exists()), "{:?}", scratch.names());
    assert!(keeper.stop().success());
    assert!(!scratch.join(".badge.jwt.lock").exists());
}

/// Somebody who tidies up removes the lock: it is taken again with the next badge, and until then nothing fails.
#[test]
fn a_lock_file_that_somebody_removed_is_taken_again() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    fs::remove_file(scratch.join(".badge.jwt.lock")).unwrap();
    renew(&mut keeper);
    assert_eq!(second(&scratch, "badge.jwt").code, Some(1));
    // Not ours to remove: a foreign file under that name.
    fs::remove_file(scratch.join(".badge.jwt.lock")).unwrap();
    scratch.write(".badge.jwt.lock", "somebody else's");
    assert!(keeper.stop().success());
    assert_eq!(scratch.read(".badge.jwt.lock"), "somebody else's");
}

#[test]
fn a_keeper_that_lost_its_lock_to_another_leaves_the_file_to_that_one() {
    let scratch = Scratch::with_key();
    let mut first = Keeper::start(&scratch, &[]);
    fs::remove_file(scratch.join(".badge.jwt.lock")).unwrap();
    let mut other = Keeper::start(&scratch, &[]);
    let pid = format!("pid {}", other.pid());
    first.signal(libc::SIGHUP);
    first.until("it yields", |keeper| keeper.log().contains(&pid));
    renew(&mut other);
    assert!(other.stop().success());
    renew(&mut first);
}

#[test]
fn something_else_under_the_locks_name_is_named_and_left_alone() {
    let scratch = Scratch::with_key();
    let lock = scratch.join(".badge.jwt.lock");
    scratch.write("victim", "precious");
    symlink("victim", &lock).unwrap();
    let ended = second(&scratch, "badge.jwt");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(".badge.jwt.lock is no ordinary file"), "{}", ended.stderr);
    assert_eq!(scratch.read("victim"), "precious");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let ended = second(&scratch, "badge.jwt");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(".badge.jwt.lock is no ordinary file"), "{}", ended.stderr);
    assert_eq!(leftovers(scratch.path()), [".badge.jwt.lock", "victim"]);
}

#[test]
#[ignore = "needs root: two users"]
fn a_lock_left_by_another_user_is_named_with_its_owner() {
    let scratch = Scratch::with_key();
    crate::tools::chmod(scratch.path(), 0o777);
    scratch.write_private(".badge.jwt.lock", "4711\n");
    let user = crate::tools::STRANGER;
    chown(&scratch.join("private.jwk"), user, user);
    let (id, id2) = (format!("--reuid={user}"), format!("--regid={user}"));
    let mut command = behind(&["setpriv", &id, &id2, "--clear-groups"], scratch.path());
    let ended = ended(command.args(KEEP));
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("the lock "), "{}", ended.stderr);
    assert!(ended.stderr.contains("belongs to uid 0"), "{}", ended.stderr);
    assert!(!scratch.join("badge.jwt").exists());
}

#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn a_file_system_without_locks_is_a_warning_and_leaves_no_lock_file() {
    let scratch = Scratch::with_key();
    let fault = ["-e", "inject=flock:error=ENOLCK"];
    let mut traced = crate::tools::Traced::start(&scratch, &fault, &[]);
    assert_eq!(traced.keeper.lines_with("knows no locks (No locks available"), 1, "{}", traced.keeper.log());
    renew(&mut traced.keeper);
    assert_eq!(traced.keeper.lines_with("knows no locks"), 1);
    assert!(traced.injected());
    assert_eq!(leftovers(scratch.path()), ["badge.jwt"]);
    assert!(traced.keeper.stop().success());
    is_good(&scratch.join("badge.jwt"));
}

/// NFS locks exclusively only what is open for writing (flock(2)).
#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn where_only_a_writable_file_can_be_locked_it_is_locked_so() {
    let scratch = Scratch::with_key();
    let fault = ["-e", "inject=flock:error=EBADF:when=1"];
    let mut traced = crate::tools::Traced::start(&scratch, &fault, &[]);
    assert!(traced.injected());
    assert_eq!(traced.keeper.lines_with("knows no locks"), 0, "{}", traced.keeper.log());
    assert_eq!(second(&scratch, "badge.jwt").code, Some(1));
    assert!(traced.keeper.stop().success());
    until("the lock is gone", || !scratch.join(".badge.jwt.lock").exists());
}
