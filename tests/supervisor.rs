//! What systemd, s6 and OpenRC are told: readiness, status, reload, watchdog.

mod common;

use common::{Keeper, RFC_KEY, Scratch, capiscio, now, until};
use std::cell::RefCell;
use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::os::unix::process::CommandExt;
use std::time::Duration;

/// A supervisor's socket, and all that came through it.
struct Supervisor {
    socket: UnixDatagram,
    heard: RefCell<Vec<String>>,
}

impl Supervisor {
    fn at(scratch: &Scratch) -> (Supervisor, String) {
        let path = scratch.join("notify");
        (Supervisor::of(UnixDatagram::bind(&path).unwrap()), path.to_str().unwrap().to_owned())
    }

    fn of(socket: UnixDatagram) -> Supervisor {
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Supervisor { socket, heard: RefCell::default() }
    }

    /// Whether some message so far satisfies the condition.
    fn heard(&self, condition: impl Fn(&str) -> bool) -> bool {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.heard.borrow_mut().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        self.heard.borrow().iter().any(|message| condition(message))
    }

    fn until(&self, what: &str, condition: impl Fn(&str) -> bool) {
        until(what, || self.heard(&condition));
    }
}

fn keeper(scratch: &Scratch, arguments: &[&str], environment: &[(&str, &str)]) -> Keeper {
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]).args(arguments);
    Keeper::of(
        scratch,
        {
            command.envs(environment.iter().copied());
            command
        },
        "badge.jwt",
    )
}

#[test]
fn ready_comes_after_the_first_badge_and_the_status_says_until_when() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::at(&scratch);
    let mut keeper = keeper(&scratch, &[], &[("NOTIFY_SOCKET", &path)]);
    supervisor.until("ready", |message| message == "READY=1");
    assert!(keeper.badge().is_some(), "the badge is on disk before anybody is told");
    supervisor
        .until("status", |message| message.starts_with("STATUS=valid until ") && message.contains("next renewal at"));
    keeper.stop();
    supervisor.until("stopping", |message| message == "STOPPING=1");
}

#[test]
fn an_abstract_socket_is_heard_as_well() {
    let scratch = Scratch::with_key();
    let name = format!("capiscio-test-{}-abstract", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let supervisor = Supervisor::of(UnixDatagram::bind_addr(&address).unwrap());
    let _keeper = keeper(&scratch, &[], &[("NOTIFY_SOCKET", &format!("@{name}"))]);
    supervisor.until("ready", |message| message == "READY=1");
}

#[test]
fn a_reload_says_when_it_began_in_one_message_and_then_that_it_is_over() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::at(&scratch);
    let keeper = keeper(&scratch, &[], &[("NOTIFY_SOCKET", &path)]);
    supervisor.until("ready", |message| message == "READY=1");
    keeper.signal(libc::SIGHUP);
    supervisor.until("reloading", |message| message.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    until("ready again", || {
        supervisor.heard(|_| false);
        supervisor.heard.borrow().iter().filter(|message| *message == "READY=1").count() == 2
    });
}

#[test]
fn a_reload_that_fails_is_over_too_and_the_status_says_what_fails() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::at(&scratch);
    let keeper = keeper(&scratch, &[], &[("NOTIFY_SOCKET", &path)]);
    supervisor.until("ready", |message| message == "READY=1");
    fs::remove_file(scratch.join("private.jwk")).unwrap();
    keeper.signal(libc::SIGHUP);
    supervisor.until("the failure", |message| {
        let words = ["STATUS=cannot use the key", "; next attempt at ", "; the badge is valid until "];
        words.iter().all(|word| message.contains(word))
    });
    until("ready again", || {
        supervisor.heard(|_| false);
        supervisor.heard.borrow().iter().filter(|message| *message == "READY=1").count() == 2
    });
    scratch.write_private("private.jwk", RFC_KEY);
    keeper.signal(libc::SIGHUP);
    until("all is well again", || {
        supervisor.heard(|_| false);
        supervisor.heard.borrow().last().is_some_and(|message| message.starts_with("STATUS=valid until"))
    });
}

#[test]
fn the_status_says_so_when_the_badge_is_good_no_more() {
    let scratch = Scratch::with_key();
    let (supervisor, path) = Supervisor::at(&scratch);
    let _keeper = keeper(&scratch, &["--exp", "2s", "--renew-before", "1s"], &[("NOTIFY_SOCKET", &path)]);
    supervisor.until("ready", |message| message == "READY=1");
    fs::remove_file(scratch.join("private.jwk")).unwrap();
    supervisor.until("that it is good no more", |message| {
        message.contains("STATUS=cannot use the key") && message.ends_with("; the badge is not valid now")
    });
}

#[test]
fn the_watchdog_is_fed_only_when_it_is_ours() {
    for (pid, fed) in [(None, true), (Some(1), false)] {
        let scratch = Scratch::with_key();
        let (supervisor, path) = Supervisor::at(&scratch);
        let pid = pid.map(|pid: u32| pid.to_string());
        let mut environment = vec![("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "200000")];
        environment.extend(pid.as_deref().map(|pid| ("WATCHDOG_PID", pid)));
        let keeper = keeper(&scratch, &["--exp", "2s", "--renew-before", "1s"], &environment);
        supervisor.until("ready", |message| message == "READY=1");
        if fed {
            until("three pings", || {
                supervisor.heard(|_| false);
                supervisor.heard.borrow().iter().filter(|message| *message == "WATCHDOG=1").count() >= 3
            });
        } else {
            let first = keeper.badge();
            until("a renewal, which takes longer than five pings would", || keeper.badge() != first);
            assert!(!supervisor.heard(|message| message == "WATCHDOG=1"));
        }
    }
}

#[test]
fn a_supervisor_that_is_gone_or_deaf_is_no_reason_to_fail() {
    let scratch = Scratch::with_key();
    for socket in ["/nonexistent/socket", "@nobody-listens-here", "relative", "", "/"] {
        let mut keeper = keeper(&scratch, &[], &[("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", "soon")]);
        keeper.until("it has started", |keeper| keeper.log().contains("started"));
        assert_eq!(keeper.stop().code(), Some(0), "{socket}");
    }
    let (supervisor, path) = Supervisor::at(&scratch);
    let mut keeper = keeper(&scratch, &[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "2000")]);
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    let begin = now();
    keeper.until("its socket is long full", |_| now() > begin + 1);
    assert_eq!(keeper.stop().code(), Some(0));
    drop(supervisor);
}

/// Starts a keeper whose descriptor 100 is the writing end of a pipe. (A small number may be the end itself or a pipe of
/// std's own: dup2 would leave it to be closed by exec, or close that one.)
fn with_pipe(scratch: &Scratch, arguments: &[&str]) -> (Keeper, std::io::PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]).args(arguments);
    let raw = writer.as_raw_fd();
    // SAFETY: dup2(2) is async-signal-safe, and `writer` is open until after the spawn.
    unsafe {
        command.pre_exec(move || match libc::dup2(raw, 100) {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    (Keeper::of(scratch, command, "badge.jwt"), reader)
}

#[test]
fn the_ready_descriptor_gets_one_newline_and_is_closed() {
    let scratch = Scratch::with_key();
    let (keeper, mut reader) = with_pipe(&scratch, &["--ready-fd", "100"]);
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    assert_eq!(told, "\n");
    assert!(keeper.badge().is_some(), "the badge is on disk before anybody is told");
}

#[test]
fn a_failed_start_closes_the_ready_descriptor_without_a_word() {
    let scratch = Scratch::with_key();
    let (mut keeper, mut reader) = with_pipe(&scratch, &["--ready-fd", "100", "--out", "missing/badge.jwt"]);
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    assert_eq!((told.as_str(), keeper.ended().code()), ("", Some(1)));
}
