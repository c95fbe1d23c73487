//! Readiness, status and watchdog for whoever supervises us: systemd's socket (sd_notify(3)) and the
//! newline on a descriptor that s6, dinit and OpenRC wait for.

use crate::system::clock;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The supervisor, if there is one. Nothing it does or fails to do is an error for us.
#[derive(Default)]
pub struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    ready: Option<File>,
    /// Milliseconds between two watchdog pings, when they are wanted.
    pub watchdog: Option<i64>,
    status: String,
    is_ready: bool,
    reloading: bool,
}

impl Supervisor {
    /// `ready` is the descriptor of `--ready-fd`; `variable` reads the environment.
    pub fn new(ready: Option<File>, variable: impl Fn(&str) -> Option<OsString>) -> Supervisor {
        let number = |name| variable(name).and_then(|value| value.to_str()?.parse::<i64>().ok());
        let for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == i64::from(std::process::id()));
        let period = number("WATCHDOG_USEC").filter(|usec| *usec > 0 && for_us);
        let socket = variable("NOTIFY_SOCKET").and_then(|name| connect(name.as_bytes()));
        Supervisor {
            watchdog: period.map(|usec| (usec / 2000).max(1)).filter(|_| socket.is_some()),
            socket,
            ready,
            ..Supervisor::default()
        }
    }

    /// The first badge stands. (s6: notification-fd; OpenRC: notify=fd:N.)
    pub fn ready(&mut self) {
        self.reloaded();
        if !self.is_ready {
            self.send("READY=1");
            self.is_ready = true;
        }
        if let Some(mut file) = self.ready.take() {
            let _ = file.write_all(b"\n");
        }
    }

    /// One line that a person understands, sent when it differs from the one before.
    pub fn status(&mut self, line: &str) {
        if self.socket.is_some() && self.status != line {
            line.clone_into(&mut self.status);
            self.send(&format!("STATUS={line}"));
        }
    }

    /// A renewal was asked for; [`Supervisor::reloaded`] follows.
    pub fn reloading(&mut self) {
        if self.socket.is_some() {
            self.reloading = true;
            self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", clock::monotonic_usec()));
        }
    }

    /// What was asked for is done, or has failed and is tried again.
    pub fn reloaded(&mut self) {
        if std::mem::take(&mut self.reloading) {
            self.send("READY=1");
        }
    }

    /// The keeper is about to end.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// The keeper is alive.
    pub fn ping(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(message.as_bytes(), address);
        }
    }
}

/// The socket that `$NOTIFY_SOCKET` names: a path, or after `@` an abstract name. It never blocks us.
fn connect(name: &[u8]) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name {
        [b'/', ..] => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name)),
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    Some((socket, address.ok()?))
}
