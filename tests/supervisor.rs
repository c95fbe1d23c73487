//! What systemd, s6 and OpenRC receive: readiness, status, reload, watchdog.

mod common;

use common::{Keeper, RFC_KEY, Scratch, bounded, keep, until};
use std::cell::RefCell;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::os::unix::process::CommandExt;
use std::time::Duration;

/// A supervisor's socket, and all messages that came through it.
struct Supervisor {
    socket: UnixDatagram,
    received: RefCell<Vec<String>>,
}

impl Supervisor {
    /// A supervisor with a socket in the directory, and the path of it.
    fn in_directory(scratch: &Scratch) -> (Supervisor, String) {
        let path = scratch.join("notify");
        (Supervisor::new(UnixDatagram::bind(&path).unwrap()), path.to_str().unwrap().to_owned())
    }

    fn new(socket: UnixDatagram) -> Supervisor {
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Supervisor { socket, received: RefCell::default() }
    }

    /// How many messages so far satisfy the condition.
    fn count(&self, condition: impl Fn(&str) -> bool) -> usize {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.received.borrow_mut().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        self.received.borrow().iter().filter(|message| condition(message)).count()
    }

    /// Waits until this message came `count` times.
    fn wait_for(&self, message: &str, count: usize) {
        until(message, || self.count(|received| received == message) >= count);
    }

    /// Waits for a status line that begins like this and contains these words.
    fn wait_for_status(&self, begin: &str, words: &[&str]) {
        let begin = format!("STATUS={begin}");
        until(&begin, || {
            self.count(|line| line.starts_with(&begin) && words.iter().all(|word| line.contains(word))) > 0
        });
    }
}

/// Microseconds of CLOCK_MONOTONIC.
fn monotonic_usec() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) }, 0);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

fn keeper(scratch: &Scratch, environment: &[(&str, &str)], arguments: &[&str]) -> Keeper {
    let mut command = keep(scratch, "badge.jwt");
    Keeper::spawn(scratch, command.args(arguments).envs(environment.iter().copied()), "badge.jwt")
}

#[test]
fn ready_follows_the_first_badge_and_the_status_says_until_when() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let mut keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &path)], &[]);
    supervisor.wait_for("READY=1", 1);
    assert!(keeper.badge().is_some(), "the badge is in place before READY=1");
    supervisor.wait_for_status("valid until ", &["next renewal at"]);
    keeper.stop();
    supervisor.wait_for("STOPPING=1", 1);
}

#[test]
fn sends_to_an_abstract_socket() {
    let scratch = Scratch::with_key();
    let name = format!("capiscio-test-{}-abstract", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let supervisor = Supervisor::new(UnixDatagram::bind_addr(&address).unwrap());
    let _keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &format!("@{name}"))], &[]);
    supervisor.wait_for("READY=1", 1);
}

#[test]
fn a_reload_begins_with_its_time_and_ends_with_ready() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &path)], &[]);
    supervisor.wait_for("READY=1", 1);
    let before = monotonic_usec();
    keeper.signal(libc::SIGHUP);
    let begin = "RELOADING=1\nMONOTONIC_USEC=";
    until("reloading", || supervisor.count(|message| message.starts_with(begin)) == 1);
    let after = monotonic_usec();
    // systemd takes a READY=1 for an older one unless this is the time of its own clock after the signal (sd_notify(3)).
    let received = supervisor.received.borrow();
    let time = received.iter().find_map(|message| message.strip_prefix(begin)).unwrap().parse::<i64>().unwrap();
    assert!((before..=after).contains(&time), "{before} {time} {after}");
    drop(received);
    supervisor.wait_for("READY=1", 2);
}

#[test]
fn a_failed_reload_ends_too_and_the_status_says_why() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &path)], &[]);
    supervisor.wait_for("READY=1", 1);
    scratch.remove("private.jwk");
    keeper.signal(libc::SIGHUP);
    supervisor.wait_for_status("cannot use the key", &["; next attempt at ", "; the badge is valid until "]);
    supervisor.wait_for("READY=1", 2);
    scratch.write_private("private.jwk", RFC_KEY);
    keeper.signal(libc::SIGHUP);
    until("the status is good again", || {
        supervisor.count(|_| true);
        supervisor.received.borrow().last().is_some_and(|message| message.starts_with("STATUS=valid until"))
    });
}

#[test]
fn the_status_says_that_the_badge_has_expired() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let _keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &path)], &["--exp", "2s", "--renew-before", "1s"]);
    supervisor.wait_for("READY=1", 1);
    scratch.remove("private.jwk");
    supervisor.wait_for_status("cannot use the key", &["; there is no valid badge"]);
}

#[test]
fn pings_the_watchdog_only_if_it_is_for_this_process() {
    for (pid, is_ours) in [(None, true), (Some("1"), false)] {
        let scratch = Scratch::with_key();
        let (supervisor, path) = Supervisor::in_directory(&scratch);
        let mut environment = vec![("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "200000")];
        environment.extend(pid.map(|pid| ("WATCHDOG_PID", pid)));
        let mut keeper = keeper(&scratch, &environment, &["--exp", "2s", "--renew-before", "1s"]);
        supervisor.wait_for("READY=1", 1);
        if is_ours {
            supervisor.wait_for("WATCHDOG=1", 3);
        } else {
            // That takes longer than five pings.
            keeper.wait_for("renewed");
            assert_eq!(supervisor.count(|message| message == "WATCHDOG=1"), 0);
        }
    }
}

/// Renewals, a second apart, are the measure: a machine that stalls delays both. Pings that come too late are merged, so
/// one second of several must have most of its twenty; at half the pace none has more than eleven.
#[test]
fn pings_the_watchdog_at_half_of_its_timeout() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let environment = [("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "100000")];
    let _keeper = keeper(&scratch, &environment, &["--exp", "60s", "--renew-before", "59s"]);
    until("a second with more than 14 pings", || {
        supervisor.count(|_| true);
        let received = supervisor.received.borrow();
        let mut seconds = received.split(|message| message.starts_with("STATUS="));
        seconds.any(|second| second.iter().filter(|message| *message == "WATCHDOG=1").count() > 14)
    });
}

#[test]
fn the_first_watchdog_ping_comes_after_half_of_the_timeout() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let mut keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "7200000000")], &[]);
    keeper.wait_for("started");
    // A timer that fired too early would be read before the signal.
    keeper.renew();
    supervisor.wait_for_status("valid until ", &[]);
    assert_eq!(supervisor.count(|message| message == "WATCHDOG=1"), 0);
}

#[test]
fn runs_without_a_supervisor_at_the_socket() {
    let scratch = Scratch::with_key();
    for socket in ["/nonexistent/socket", "@no-such-abstract-socket", "relative", "", "/"] {
        let mut keeper = keeper(&scratch, &[("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", "soon")], &[]);
        keeper.wait_for("started");
        keeper.stop();
    }
}

#[test]
fn a_supervisor_that_does_not_read_never_blocks_it() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::in_directory(&scratch);
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = other.send_to(b"X", &path) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    let mut keeper = keeper(&scratch, &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "2000")], &[]);
    keeper.wait_for("started");
    keeper.renew();
    keeper.stop();
    drop(supervisor);
}

/// Starts a keeper whose `--ready-fd` is the writing end of a pipe. Descriptor 100, because dup2 to a low number could
/// hit the end itself or a pipe of std.
fn with_ready_pipe(scratch: &Scratch, arguments: &[&str]) -> (Keeper, String) {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    let raw = writer.as_raw_fd();
    let mut command = keep(scratch, "badge.jwt");
    command.args(["--ready-fd", "100"]).args(arguments);
    // SAFETY: dup2(2) is async-signal-safe, and `writer` is open until after the spawn.
    unsafe {
        command.pre_exec(move || match libc::dup2(raw, 100) {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    let keeper = Keeper::spawn(scratch, &mut command, "badge.jwt");
    drop(writer);
    let received = bounded("the ready descriptor is closed", move || {
        let mut received = String::new();
        reader.read_to_string(&mut received).unwrap();
        received
    });
    (keeper, received)
}

#[test]
fn the_ready_descriptor_gets_one_newline_and_is_closed() {
    let scratch = Scratch::with_key();
    let (keeper, received) = with_ready_pipe(&scratch, &[]);
    assert_eq!(received, "\n");
    assert!(keeper.badge().is_some(), "the badge is in place before the newline");
}

#[test]
fn a_failed_start_closes_the_ready_descriptor_without_a_newline() {
    let scratch = Scratch::with_key();
    let (mut keeper, received) = with_ready_pipe(&scratch, &["--out", "missing/badge.jwt"]);
    assert_eq!((received.as_str(), keeper.wait().code()), ("", Some(1)));
}
