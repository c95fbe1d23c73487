//! Inherited descriptors stay open, and no program that the keeper might start gets one.

use crate::common::{Keeper, RFC_KEY, Scratch, capiscio, keep, names_in, wrap};
use crate::tools::wait_until_idle;
use std::fs::{self, File, TryLockError};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The keeper inherits the file as descriptor 100, which std uses for nothing in between.
pub fn inherit(command: &mut Command, file: &impl AsRawFd) {
    let raw = file.as_raw_fd();
    // SAFETY: dup2(2) is async-signal-safe, and the caller keeps the file open until after the spawn.
    unsafe {
        command.pre_exec(move || match libc::dup2(raw, 100) {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
}

#[test]
fn a_lock_in_an_inherited_descriptor_is_held_until_the_keeper_ends() {
    let scratch = Scratch::with_key();
    let lock = File::create(scratch.join("lock")).unwrap();
    lock.lock().unwrap();
    let mut command = keep(&scratch, "badge.jwt");
    inherit(&mut command, &lock);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    drop(lock);
    let other = File::open(scratch.join("lock")).unwrap();
    keeper.renew();
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    keeper.stop();
    other.try_lock().unwrap();
}

#[test]
fn reads_the_key_from_an_inherited_descriptor() {
    let scratch = Scratch::empty();
    scratch.write_private("elsewhere", RFC_KEY);
    let key = File::open(scratch.join("elsewhere")).unwrap();
    let mut command = capiscio(scratch.path());
    inherit(command.args(["badge", "keep", "--key", "/dev/fd/100", "--out", "badge.jwt"]), &key);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    keeper.renew();
    keeper.assert_good();
}

/// The descriptors of a keeper above 2: number, what it refers to, and whether it is close-on-exec.
fn descriptors(keeper: &Keeper) -> Vec<(u32, String, bool)> {
    let process = PathBuf::from(format!("/proc/{}", keeper.pid()));
    let numbers = names_in(&process.join("fd")).into_iter().filter(|number| number.parse::<u32>().unwrap() > 2);
    let describe = |number: String| {
        let kind = fs::read_link(process.join("fd").join(&number)).unwrap();
        // O_CLOEXEC is among the octal flags (proc_pid_fdinfo(5)).
        let info = fs::read_to_string(process.join("fdinfo").join(&number)).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
        let is_closed = i32::from_str_radix(flags, 8).unwrap() & libc::O_CLOEXEC != 0;
        (number.parse().unwrap(), kind.to_string_lossy().into_owned(), is_closed)
    };
    numbers.map(describe).collect()
}

#[test]
#[ignore = "needs root and strace: reads /proc/PID/fdinfo of a keeper, injects a fault"]
fn every_descriptor_is_close_on_exec_also_on_an_old_kernel() {
    for prefix in [&["env"][..], &["strace", "-D", "-o", "/dev/null", "-e", "inject=close_range:error=ENOSYS"]] {
        let scratch = Scratch::with_key();
        let file = File::create(scratch.join("inherited")).unwrap();
        let mut command = wrap(prefix, &keep(&scratch, "badge.jwt"));
        inherit(&mut command, &file);
        let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        keeper.renew();
        wait_until_idle(&keeper);
        let open = descriptors(&keeper);
        assert!(open.iter().all(|(_, _, is_closed)| *is_closed), "{open:?}");
        let inherited = |kind: &str| kind.ends_with("/inherited");
        assert!(open.iter().any(|(number, kind, _)| *number == 100 && inherited(kind)), "{open:?}");
        // The test process itself may have inherited descriptors, and the keeper from it.
        let is_passed_on = |number: u32, kind: &str| {
            inherited(kind)
                || fs::read_link(format!("/proc/self/fd/{number}")).is_ok_and(|ours| ours == Path::new(kind))
        };
        let own: Vec<_> = open.iter().filter(|(number, kind, _)| !is_passed_on(*number, kind)).collect();
        assert_eq!(own.len(), 5, "the lock, two timers, signals, inotify, and no directory: {own:?}");
    }
}
