//! The filter of system calls in the static file for x86_64, which never refuses a call that the keeper makes.

use crate::common::{Keeper, Scratch, until};
use crate::memory::proc_line;
use crate::tools::{Traced, wait_until_idle};

#[test]
#[ignore = "needs the static file"]
fn the_static_file_filters_system_calls() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    assert_eq!(proc_line(keeper.child.id(), "status", "Seccomp:"), "2");
}

#[test]
#[ignore = "needs strace and the static file"]
fn no_call_of_a_keeper_is_refused() {
    let scratch = Scratch::with_key();
    let mut traced = Traced::start(&scratch, &[], &["--exp", "1h"]);
    let pid = traced.keeper.child.id();
    wait_until_idle(&traced.keeper);
    traced.keeper.signal(libc::SIGSTOP);
    until("it is stopped", || traced.lines().iter().any(|line| line.contains("stopped by SIGSTOP")));
    traced.keeper.signal(libc::SIGCONT);
    // The kernel goes on with the interrupted poll(2) by a call of its own.
    until("it goes on", || traced.lines().iter().any(|line| line.contains("restart_syscall(")));
    assert_eq!(proc_line(pid, "status", "Seccomp:"), "2");
    traced.keeper.renew();
    scratch.remove("badge.jwt");
    traced.keeper.wait_for("restored");
    scratch.remove("private.jwk");
    traced.keeper.signal(libc::SIGHUP);
    traced.keeper.wait_for("failed");
    traced.keeper.stop();
    let refused: Vec<_> = traced.complete().into_iter().filter(|line| line.contains("ENOSYS")).collect();
    assert!(refused.is_empty(), "{refused:?}");
}
