//! One keeper for one file.

use crate::common::{Keeper, Scratch, chmod, keep, mode, run, run_bounded, wrap};
use crate::tools::{OTHER_USER, Traced, assert_keep_fails, chown, names_but_key, sleeps, wait_until_idle};

const LOCK: &str = ".badge.jwt.lock";

#[test]
fn a_second_keeper_fails_at_once_and_names_the_first() {
    let scratch = Scratch::with_key();
    let mut first = Keeper::start(&scratch, &[]);
    let (badge, pid) = (first.badge(), format!("pid {}", first.pid()));
    assert_keep_fails(&scratch, "badge.jwt", &[&pid, LOCK]);
    assert_eq!(first.badge(), badge);
    // The first keeper still holds the lock.
    first.renew();
    assert_keep_fails(&scratch, "badge.jwt", &[&pid]);
    assert_eq!(names_but_key(scratch.path()), [LOCK, "badge.jwt"]);
}

#[test]
fn badge_issue_does_not_write_to_the_file_of_a_keeper() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    let badge = keeper.badge();
    let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"]);
    ended.assert_failed(&[&format!("pid {}", keeper.pid())]);
    assert_eq!(keeper.badge(), badge);
}

#[test]
fn symlinks_and_other_spellings_name_the_same_file() {
    let scratch = Scratch::with_key();
    scratch.mkdir("real");
    scratch.symlink("real/badge.jwt", "badge.jwt");
    scratch.symlink("real", "linked");
    let first = Keeper::start(&scratch, &[]);
    assert_eq!(names_but_key(&scratch.join("real")), [LOCK, "badge.jwt"]);
    for out in ["badge.jwt", "./badge.jwt", "real/badge.jwt", "linked/badge.jwt", "real/../real/badge.jwt"] {
        assert_keep_fails(&scratch, out, &[&format!("pid {}", first.pid())]);
    }
}

#[test]
fn two_keepers_in_one_directory_do_not_disturb_each_other() {
    let scratch = Scratch::with_key();
    let mut one = Keeper::start(&scratch, &[]);
    let mut other = Keeper::start_command(&scratch, &mut keep(&scratch, "badge.jwt.2"), "badge.jwt.2");
    wait_until_idle(&one);
    let before = sleeps(&one);
    for _ in 0..20 {
        other.renew();
    }
    assert_eq!(sleeps(&one), before);
    one.renew();
    scratch.write("badge.jwt", "forged");
    one.wait_for("restored");
    assert_eq!(other.count("damaged"), 0);
    one.stop();
    other.stop();
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt", "badge.jwt.2"]);
}

#[test]
fn the_lock_file_is_private_holds_the_pid_and_is_removed_at_the_end() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--out-mode", "0644"]);
    assert_eq!(mode(&scratch.join(LOCK)), 0o600);
    assert_eq!(scratch.read(LOCK), format!("{}\n", keeper.pid()));
    keeper.stop();
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
}

#[test]
fn removes_what_a_killed_keeper_left_and_nothing_else() {
    let scratch = Scratch::with_key();
    Keeper::start(&scratch, &[]).signal(libc::SIGKILL);
    scratch.write(".badge.jwt.0123abcd.tmp", "half a bad");
    let foreign = [".badge.jwt.0123abcg.tmp", ".badge.jwt.0123abcd.tmp.bak", ".other.jwt.0123abcd.tmp"];
    foreign.iter().for_each(|name| scratch.write(name, "not ours"));
    let mut keeper = Keeper::start(&scratch, &[]);
    assert!(!scratch.join(".badge.jwt.0123abcd.tmp").exists());
    assert!(foreign.iter().all(|name| scratch.join(name).exists()), "{:?}", scratch.names());
    keeper.stop();
    assert!(!scratch.join(LOCK).exists());
}

#[test]
fn retakes_a_deleted_lock_file_and_leaves_a_foreign_one() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    scratch.remove(LOCK);
    keeper.renew();
    assert_keep_fails(&scratch, "badge.jwt", &[&format!("pid {}", keeper.pid())]);
    scratch.remove(LOCK);
    scratch.write(LOCK, "not ours");
    keeper.stop();
    assert_eq!(scratch.read(LOCK), "not ours");
}

#[test]
fn a_keeper_that_lost_its_lock_does_not_write_until_it_has_it_again() {
    let scratch = Scratch::with_key();
    let mut first = Keeper::start(&scratch, &[]);
    scratch.remove(LOCK);
    let mut other = Keeper::start(&scratch, &[]);
    let pid = format!("pid {}", other.pid());
    first.signal(libc::SIGHUP);
    first.until("it fails", |keeper| keeper.count_with("failed", &pid) > 0);
    other.renew();
    other.stop();
    first.renew();
}

#[test]
fn a_lock_that_is_not_a_regular_file_is_named_and_left_alone() {
    let scratch = Scratch::with_key();
    scratch.write("victim", "precious");
    let words = [".badge.jwt.lock is not a regular file"];
    scratch.symlink("victim", LOCK);
    assert_keep_fails(&scratch, "badge.jwt", &words);
    assert_eq!(scratch.read("victim"), "precious");
    scratch.remove(LOCK);
    scratch.mkdir(LOCK);
    assert_keep_fails(&scratch, "badge.jwt", &words);
    assert_eq!(names_but_key(scratch.path()), [LOCK, "victim"]);
}

#[test]
#[ignore = "needs root: two users"]
fn a_lock_file_of_another_user_is_named_with_its_owner() {
    let scratch = Scratch::with_key();
    chmod(scratch.path(), 0o777);
    scratch.write_private(LOCK, "4711\n");
    chown(&scratch.join("private.jwk"), OTHER_USER, OTHER_USER);
    let (user, group) = (format!("--reuid={OTHER_USER}"), format!("--regid={OTHER_USER}"));
    let mut command = wrap(&["setpriv", &user, &group, "--clear-groups"], &keep(&scratch, "badge.jwt"));
    run_bounded(&mut command).assert_failed(&["the lock file ", "belongs to uid 0"]);
    assert!(!scratch.join("badge.jwt").exists());
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_file_system_without_locks_is_a_warning_and_leaves_no_lock_file() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::start(&scratch, &["-e", "inject=flock:error=ENOLCK"], &[]);
    traced.keeper.renew();
    assert_eq!(traced.keeper.count_with("warning", "cannot lock"), 1, "{}", traced.keeper.log());
    assert_eq!(traced.keeper.count_with("warning", "No locks available"), 1, "{}", traced.keeper.log());
    traced.assert_injected();
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
    traced.keeper.stop();
    traced.keeper.assert_good();
}

/// NFS locks a file exclusively only if it is open for writing (flock(2)).
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn locks_a_writable_descriptor_where_a_read_only_one_does_not_work() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::start(&scratch, &["-e", "inject=flock:error=EBADF:when=1"], &[]);
    traced.assert_injected();
    assert_eq!(traced.keeper.count_with("warning", "cannot lock"), 0, "{}", traced.keeper.log());
    assert_keep_fails(&scratch, "badge.jwt", &[&format!("pid {}", traced.keeper.pid())]);
    traced.keeper.stop();
    assert!(!scratch.join(LOCK).exists());
}
