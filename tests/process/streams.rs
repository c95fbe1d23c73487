//! No output can hold the keeper: a terminal whose reader has stopped, a pipe that others fill, a full `--ready-fd`.

use crate::common::{Keeper, RFC_PUBLIC, Scratch, capiscio, finish, in_session_of, keep, terminal, wrap};
use crate::descriptors::inherit;
use crate::tools::{OTHER_USER, chown, wait_until_idle};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write, pipe};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Fills a pipe. It is opened anew, because O_NONBLOCK would hold for the keeper, too.
fn fill(pipe: &OwnedFd) {
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let mut own = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
    while own.write(&[b'x'; 4096]).is_ok() {}
    assert_eq!(own.write(b"x").unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// `badge keep` of a path so long that the lines about a restore have over 1 KB, and that path.
fn talkative(scratch: &Scratch) -> (Command, PathBuf) {
    let directory = "d".repeat(200);
    scratch.mkdir(&directory);
    let out = format!("{directory}/badge.jwt");
    let mut command = keep(scratch, &out);
    command.args(["--log-format", "json"]);
    (command, scratch.join(out))
}

/// Restores a removed badge so often that the lines fill any terminal, and ends on SIGTERM.
fn assert_restores_and_ends(mut keeper: Keeper, out: &Path) {
    for _ in 0..25 {
        keeper.until("a badge", |_| out.exists());
        fs::remove_file(out).unwrap();
    }
    keeper.until("a badge", |_| out.exists());
    keeper.stop();
}

/// poll(2) reports a terminal writable that has room for less than a line.
#[test]
fn a_terminal_whose_reader_has_stopped_never_holds_it() {
    let scratch = Scratch::with_key();
    let (_emulator, programs) = terminal();
    let (mut command, out) = talkative(&scratch);
    assert_restores_and_ends(Keeper::without_log(&scratch, command.stderr(programs)), &out);
}

#[test]
#[ignore = "needs root: the terminal of another user"]
fn nor_does_the_terminal_of_another_user() {
    for (ours, its) in [(0, OTHER_USER), (OTHER_USER, 0)] {
        let scratch = Scratch::with_key();
        let (_emulator, programs) = terminal();
        chown(&fs::read_link(format!("/proc/self/fd/{}", programs.as_raw_fd())).unwrap(), its, its);
        let (command, out) = talkative(&scratch);
        for path in [scratch.path(), out.parent().unwrap(), &scratch.join("private.jwk")] {
            chown(path, ours, ours);
        }
        let (user, group) = (format!("--reuid={ours}"), format!("--regid={ours}"));
        let mut command = wrap(&["setpriv", &user, &group, "--clear-groups"], &command);
        assert_restores_and_ends(Keeper::without_log(&scratch, command.stderr(programs)), &out);
    }
}

/// poll(2) reports the pipe writable, and before the write another process fills it.
#[test]
#[ignore = "needs strace: delays the return of poll(2)"]
fn a_pipe_that_another_process_fills_never_holds_it() {
    let scratch = Scratch::with_key();
    let (_reader, writer) = pipe().unwrap();
    let writer = OwnedFd::from(writer);
    let delay = "inject=poll,ppoll:delay_exit=300000";
    let strace = ["strace", "-D", "-o", "trace", "-e", "trace=poll,ppoll,write", "-e", delay];
    let mut command = wrap(&strace, &keep(&scratch, "badge.jwt"));
    let mut keeper = Keeper::without_log(&scratch, command.stderr(writer.try_clone().unwrap()));
    // The third line, after two warnings. strace shows the result before it delays it.
    let polled = || scratch.read("trace").matches("[{fd=2, revents=POLLOUT}]").count() == 3;
    keeper.until("poll(2) reports the pipe writable", |_| scratch.join("trace").exists() && polled());
    fill(&writer);
    let badge = keeper.badge();
    keeper.until("it writes", |_| scratch.read("trace").matches("write(2, ").count() == 3);
    keeper.signal(libc::SIGHUP);
    keeper.until("a renewal", |keeper| keeper.badge() != badge);
    keeper.stop();
}

#[test]
fn a_full_ready_descriptor_is_closed_and_never_holds_it() {
    let scratch = Scratch::with_key();
    let (reader, writer) = pipe().unwrap();
    let writer = OwnedFd::from(writer);
    fill(&writer);
    let mut command = keep(&scratch, "badge.jwt");
    inherit(command.args(["--ready-fd", "100"]), &writer);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    drop(writer);
    let mut received = Vec::new();
    { reader }.read_to_end(&mut received).unwrap();
    assert!(received.iter().all(|byte| *byte == b'x'));
    keeper.renew();
    keeper.stop();
}

#[test]
fn ends_with_status_0_when_its_terminal_is_closed() {
    let scratch = Scratch::with_key();
    let (emulator, programs) = terminal();
    let mut command = keep(&scratch, "badge.jwt");
    in_session_of(&mut command, &programs);
    let mut keeper = Keeper::without_log(&scratch, &mut command);
    drop((command, programs));
    keeper.until("the first badge", |keeper| keeper.badge().is_some());
    drop(emulator);
    assert_eq!(keeper.wait().code(), Some(0));
}

#[test]
fn a_background_job_writes_to_a_terminal_that_stops_those() {
    let scratch = Scratch::with_key();
    let (_emulator, programs) = terminal();
    let job = "stty tostop <&2; set -m; \"$@\" & echo $! >pid; wait";
    let mut command = wrap(&["sh", "-c", job, "sh"], &keep(&scratch, "badge.jwt"));
    in_session_of(&mut command, &programs);
    let mut shell = Keeper::without_log(&scratch, &mut command);
    shell.until("the first badge", |shell| shell.badge().is_some() && scratch.join("pid").exists());
    let pid = scratch.read("pid").trim().parse().unwrap();
    // SAFETY: kill(2) takes two integers; the shell has not reaped its child, which still runs.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
    shell.wait();
}

/// Starts a timer of SIGALRM, which outlives execve(2) (setitimer(2)).
fn inherit_timer(command: &mut Command, first_usec: i64, interval_usec: i64, is_blocked: bool) {
    let every = |tv_usec| libc::timeval { tv_sec: 0, tv_usec };
    let timer = libc::itimerval { it_interval: every(interval_usec), it_value: every(first_usec) };
    // SAFETY: sigemptyset(3), sigaddset(3), sigprocmask(2) and setitimer(2) with pointers to local values.
    unsafe {
        command.pre_exec(move || {
            let mut alarm = std::mem::zeroed();
            libc::sigemptyset(&raw mut alarm);
            libc::sigaddset(&raw mut alarm, libc::SIGALRM);
            let how = if is_blocked { libc::SIG_BLOCK } else { libc::SIG_UNBLOCK };
            libc::sigprocmask(how, &raw const alarm, std::ptr::null_mut());
            match libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
}

#[test]
fn sigalrm_never_ends_it() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    for _ in 0..3 {
        keeper.signal(libc::SIGALRM);
        keeper.renew();
    }
    keeper.stop();
}

#[test]
fn an_inherited_timer_of_sigalrm_neither_ends_nor_wakes_it() {
    let scratch = Scratch::with_key();
    // The first signal comes before the program begins, or once it runs.
    for first in [1, 10_000] {
        let mut command = keep(&scratch, "badge.jwt");
        // Blocked, so that it is pending, and does not kill the process before it is a keeper.
        inherit_timer(&mut command, first, 1000, true);
        let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        wait_until_idle(&keeper);
        keeper.stop();
    }
}

#[test]
fn the_alarm_of_a_caller_ends_a_command_also_after_a_warning() {
    let scratch = Scratch::empty();
    scratch.write("public.jwk", RFC_PUBLIC);
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "-", "--key", "other.jwk", "--key", "public.jwk"]);
    // Open and empty, so that the command waits.
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    inherit_timer(&mut command, 10_000, 0, false);
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take();
    assert_eq!(finish(child).signal, Some(libc::SIGALRM));
    drop(stdin);
}
