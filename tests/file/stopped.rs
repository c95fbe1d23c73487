//! A request to stop that arrives while the keeper is busy: it ends after that step, with exit status 0.

use crate::common::{Scratch, until};
use crate::tools::{Traced, names_but_key};

const SECOND_OF_DELAY: &str = "delay_enter=1000000";

/// Sends the signal when `name` appears beside the badge; the system call after that is delayed.
fn stop_at(scratch: &Scratch, traced: &mut Traced, name: &str, signal: libc::c_int) {
    until(name, || {
        names_but_key(scratch.path()).iter().any(|found| found.starts_with(".badge.") && found.ends_with(name))
    });
    traced.keeper.signal(signal);
    assert_eq!(traced.keeper.wait().code(), Some(0), "{}", traced.keeper.log());
    assert_eq!(traced.keeper.count("stopped"), 1, "{}", traced.keeper.log());
    traced.complete();
    traced.assert_injected();
}

#[test]
#[ignore = "needs strace: delays a system call"]
fn a_stop_before_the_first_badge_is_obeyed_without_one() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let scratch = Scratch::with_key();
        let mut traced = Traced::spawn(&scratch, &["-e", &format!("inject=flock:{SECOND_OF_DELAY}")], &[]);
        stop_at(&scratch, &mut traced, ".lock", signal);
        assert_eq!(traced.keeper.count("started"), 0, "{}", traced.keeper.log());
        assert!(names_but_key(scratch.path()).is_empty());
    }
}

#[test]
#[ignore = "needs strace: delays a system call"]
fn a_stop_during_the_first_write_is_obeyed_after_it() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let scratch = Scratch::with_key();
        let mut traced = Traced::spawn(&scratch, &["-e", &format!("inject=fsync:{SECOND_OF_DELAY}:when=1")], &[]);
        stop_at(&scratch, &mut traced, ".tmp", signal);
        assert_eq!(traced.keeper.events().last().map(String::as_str), Some("stopped"));
        assert_eq!(traced.keeper.count("started"), 1, "{}", traced.keeper.log());
        traced.keeper.assert_good();
        assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
    }
}

#[test]
#[ignore = "needs strace: delays a system call"]
fn a_stop_during_a_renewal_is_obeyed_after_it() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let scratch = Scratch::with_key();
        // The first badge needs two: the file and its directory.
        let mut traced = Traced::start(&scratch, &["-e", &format!("inject=fsync:{SECOND_OF_DELAY}:when=3")], &[]);
        let first = traced.keeper.badge();
        traced.keeper.signal(libc::SIGHUP);
        stop_at(&scratch, &mut traced, ".tmp", signal);
        assert_eq!(traced.keeper.count("renewed"), 1, "{}", traced.keeper.log());
        assert_ne!(traced.keeper.badge(), first);
        traced.keeper.assert_good();
        assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
    }
}
