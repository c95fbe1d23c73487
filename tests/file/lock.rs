//! One keeper for one file.

use crate::common::{Keeper, RFC_KEY, Scratch, chmod, keep, mode, run, run_bounded, until, wrap};
use crate::tools::{OTHER_USER, Traced, assert_keep_fails, chown, names_but_key, sleeps, wait_until_idle};
use crate::tools::{as_other_user, sh, sh_as_other_user};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

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

/// open(2) of a FIFO without a writer blocks, except with O_NONBLOCK.
#[test]
fn a_fifo_under_the_name_of_the_lock_does_not_block_the_keeper() {
    let scratch = Scratch::with_key();
    let words = ".badge.jwt.lock is not a regular file";
    sh(&format!("mkfifo '{}'", scratch.join(LOCK).display()));
    assert_keep_fails(&scratch, "badge.jwt", &[words]);
    scratch.remove(LOCK);
    let mut keeper = Keeper::start(&scratch, &[]);
    sh(&format!("mkfifo '{0}/fifo' && mv '{0}/fifo' '{0}/{LOCK}'", scratch.path().display()));
    keeper.signal(libc::SIGHUP);
    keeper.until("it fails", |keeper| keeper.count_with("failed", words) > 0);
    scratch.remove(LOCK);
    keeper.renew();
}

/// A lock file with a second name may be any file of this user, where the kernel permits such links
/// (`fs.protected_hardlinks`, proc_sys_fs(5)).
#[test]
fn a_lock_file_with_another_name_is_locked_without_a_pid() {
    let scratch = Scratch::with_key();
    scratch.write_private("precious", "precious");
    fs::hard_link(scratch.join("precious"), scratch.join(LOCK)).unwrap();
    let mut keeper = Keeper::start(&scratch, &[]);
    keeper.until("a warning", |keeper| keeper.count_with("warning", "2 names") == 1);
    assert_keep_fails(&scratch, "badge.jwt", &["another keeper already writes this file (lock "]);
    // The same once more while the keeper runs: it is told once.
    scratch.write_private("other", "precious");
    scratch.remove(LOCK);
    fs::hard_link(scratch.join("other"), scratch.join(LOCK)).unwrap();
    keeper.renew();
    assert_keep_fails(&scratch, "badge.jwt", &["another keeper already writes this file (lock "]);
    assert_eq!(keeper.count_with("warning", "2 names"), 1, "{}", keeper.log());
    keeper.stop();
    assert_eq!((scratch.read("precious"), scratch.read(LOCK)), ("precious".into(), "precious".into()));
}

#[test]
fn an_old_lock_file_of_ours_gets_the_pid_and_is_removed() {
    let scratch = Scratch::with_key();
    scratch.write_private(LOCK, "the pid of a killed keeper");
    let mut keeper = Keeper::start(&scratch, &[]);
    assert_eq!(scratch.read(LOCK), format!("{}\n", keeper.pid()));
    keeper.stop();
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
}

#[test]
fn a_lock_file_has_mode_0600_whatever_the_umask() {
    for umask in ["0777", "0000"] {
        let scratch = Scratch::with_key();
        let umask = format!(r#"umask {umask}; exec "$@""#);
        let mut command = wrap(&["sh", "-c", &umask, "sh"], &keep(&scratch, "badge.jwt"));
        let mut killed = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        assert_eq!(mode(&scratch.join(LOCK)), 0o600);
        killed.signal(libc::SIGKILL);
        killed.wait();
        let mut next = Keeper::start(&scratch, &[]);
        assert_eq!(scratch.read(LOCK), format!("{}\n", next.pid()));
        next.stop();
    }
}

/// The directory is not watched for the lock's name, but each comparison of the badge looks for it.
#[test]
fn retakes_a_deleted_lock_file_when_the_badge_is_compared() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    wait_until_idle(&keeper);
    scratch.remove(LOCK);
    fs::File::open(scratch.join("badge.jwt")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    keeper.until("the lock file", |_| scratch.join(LOCK).exists());
    assert_keep_fails(&scratch, "badge.jwt", &[&format!("pid {}", keeper.pid())]);
    assert_eq!(keeper.count("renewed") + keeper.count("restored"), 0, "{}", keeper.log());
}

/// A directory that OTHER_USER can write to, and with his files under the lock's name.
fn shared() -> Scratch {
    let scratch = Scratch::with_key();
    scratch.mkdir("shared");
    chmod(&scratch.join("shared"), 0o777);
    scratch
}

fn keep_shared(scratch: &Scratch) -> Command {
    keep(scratch, "shared/badge.jwt")
}

/// Sets a sysctl of proc_sys_fs(5), until it is dropped.
struct Sysctl(PathBuf, String);

impl Sysctl {
    fn set(name: &str, value: &str) -> Sysctl {
        let path = Path::new("/proc/sys/fs").join(name);
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, value).unwrap();
        Sysctl(path, before)
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        let _ = fs::write(&self.0, &self.1);
    }
}

#[test]
#[ignore = "needs root: two users, and links are not protected for a moment"]
fn another_users_link_to_the_key_under_the_name_of_the_lock_is_harmless() {
    let scratch = shared();
    let link = scratch.join("shared").join(LOCK);
    {
        let _sysctl = Sysctl::set("protected_hardlinks", "0");
        sh_as_other_user(&format!("ln '{}' '{}'", scratch.join("private.jwk").display(), link.display()));
    }
    let mut keeper = Keeper::start_command(&scratch, &mut keep_shared(&scratch), "shared/badge.jwt");
    keeper.until("a warning", |keeper| keeper.count_with("warning", "2 names") == 1);
    keeper.renew();
    keeper.stop();
    assert_eq!(scratch.read("private.jwk"), RFC_KEY);
    assert!(link.exists());
}

#[test]
#[ignore = "needs root: two users"]
fn another_users_lock_file_is_locked_and_left_as_it_is() {
    let scratch = shared();
    let lock = scratch.join("shared").join(LOCK);
    sh_as_other_user(&format!("echo precious > '{}'", lock.display()));
    let mut keeper = Keeper::start_command(&scratch, &mut keep_shared(&scratch), "shared/badge.jwt");
    keeper.until("a warning", |keeper| keeper.count_with("warning", "uid 54321") == 1);
    run_bounded(&mut keep_shared(&scratch)).assert_failed(&["another keeper", "of uid 54321"]);
    keeper.stop();
    assert_eq!(fs::read_to_string(lock).unwrap(), "precious\n");
}

#[test]
#[ignore = "needs root: two users"]
fn a_lock_that_another_user_holds_is_named_with_its_owner() {
    let scratch = shared();
    let lock = scratch.join("shared").join(LOCK);
    let mut command = Command::new("flock");
    command.arg(&lock).args(["sh", "-c", r#"echo held > "$0"; exec sleep 60"#]).arg(scratch.join("shared/held"));
    let mut holder = as_other_user(command.current_dir("/")).env("PATH", "/bin:/usr/bin").spawn().unwrap();
    until("it is held", || scratch.join("shared/held").exists());
    let ended = run_bounded(&mut keep_shared(&scratch));
    holder.kill().unwrap();
    holder.wait().unwrap();
    ended.assert_failed(&["another keeper already writes this file (lock ", ".badge.jwt.lock of uid 54321)"]);
}

#[test]
#[ignore = "needs root: two users"]
fn a_lock_file_of_another_user_is_named_with_its_owner() {
    let scratch = Scratch::with_key();
    chmod(scratch.path(), 0o777);
    scratch.write_private(LOCK, "4711\n");
    chown(&scratch.join("private.jwk"), OTHER_USER, OTHER_USER);
    let mut command = as_other_user(&keep(&scratch, "badge.jwt"));
    run_bounded(&mut command).assert_failed(&["the lock file ", "belongs to uid 0"]);
    assert!(!scratch.join("badge.jwt").exists());
}

#[test]
#[ignore = "needs root: drops it"]
fn a_lock_file_of_ours_that_cannot_be_opened_fails_with_a_cure() {
    let scratch = Scratch::with_key();
    chmod(scratch.path(), 0o777);
    scratch.write(LOCK, "");
    for name in [LOCK, "private.jwk"] {
        chown(&scratch.join(name), OTHER_USER, OTHER_USER);
    }
    chmod(&scratch.join(LOCK), 0);
    let cure = format!("chmod 600 {}", scratch.join(LOCK).display());
    let ended = run_bounded(&mut as_other_user(&keep(&scratch, "badge.jwt")));
    ended.assert_failed(&[&cure]);
    assert!(!ended.stderr.contains("belongs to uid"), "{}", ended.stderr);
    sh_as_other_user(&cure);
    let mut keeper = Keeper::start_command(&scratch, &mut as_other_user(&keep(&scratch, "badge.jwt")), "badge.jwt");
    keeper.stop();
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
    assert_keep_fails(&scratch, "badge.jwt", &[&format!("pid {}", traced.keeper.pid())]);
    traced.keeper.stop();
    // Warnings of the file follow "started" in the log.
    assert_eq!(traced.keeper.count_with("warning", "cannot lock"), 0, "{}", traced.keeper.log());
    assert!(!scratch.join(LOCK).exists());
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn an_interrupted_lock_is_tried_again() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::start(&scratch, &["-e", "inject=flock:error=EINTR:when=1..2"], &[]);
    traced.assert_injected();
    assert_eq!(traced.keeper.count_with("warning", "cannot lock"), 0, "{}", traced.keeper.log());
    assert_keep_fails(&scratch, "badge.jwt", &[&format!("pid {}", traced.keeper.pid())]);
    traced.keeper.stop();
    assert!(!scratch.join(LOCK).exists());
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_descriptor_that_can_never_be_locked_is_a_warning() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::start(&scratch, &["-e", "inject=flock:error=EBADF"], &[]);
    traced.keeper.until("a warning", |keeper| keeper.count_with("warning", "Bad file descriptor") == 1);
    traced.keeper.renew();
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
}

/// A file system without locks, and a file of another name under the lock's.
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_linked_file_that_cannot_be_locked_is_not_removed() {
    let scratch = Scratch::with_key();
    scratch.write_private("precious", "precious");
    fs::hard_link(scratch.join("precious"), scratch.join(LOCK)).unwrap();
    let mut traced = Traced::start(&scratch, &["-e", "inject=flock:error=ENOLCK"], &[]);
    traced.keeper.stop();
    assert_eq!(scratch.read(LOCK), "precious");
}

/// An ending keeper removes its lock file, which another one has just opened. Only the holder of the new one may remove
/// temporary files.
#[test]
#[ignore = "needs strace: delays system calls"]
fn a_lock_file_that_is_removed_before_it_is_locked_is_no_lock() {
    const TEMPORARY: &str = ".badge.jwt.0001abcd.tmp";
    let scratch = Scratch::with_key();
    let mut late = Traced::spawn(&scratch, &["-e", "inject=flock:delay_enter=3000000:when=1"], &[]);
    late.keeper.until("the lock file is open", |_| scratch.join(LOCK).exists());
    scratch.remove(LOCK);
    let mut holder = Keeper::start(&scratch, &[]);
    scratch.write(TEMPORARY, "of a write");
    assert_eq!(late.keeper.wait().code(), Some(1), "{}", late.keeper.log());
    late.assert_injected();
    assert_eq!(late.keeper.count_with("failed", &format!("pid {}", holder.pid())), 1, "{}", late.keeper.log());
    assert!(scratch.join(TEMPORARY).exists());
    holder.stop();
}
