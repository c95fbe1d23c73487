//! Readiness, status and watchdog: systemd's socket (sd_notify(3)), and the newline on a descriptor that s6, dinit and
//! OpenRC wait for.

use super::notice::{IssueReason, Notice, Status};
use super::time::date;
use crate::system::clock;
use crate::system::descriptor::write_or_drop;
use std::env::var_os;
use std::ffi::OsStr;
use std::fs::File;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The supervisor, if there is one. Its errors are ignored.
#[derive(Default)]
pub(crate) struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    ready_fd: Option<File>,
    /// Milliseconds between two pings, where the supervisor expects them.
    pub watchdog_period: Option<i64>,
    /// What was sent last.
    status: String,
    /// The last failure, for the status line.
    failure: String,
    is_reloading: bool,
}

impl Supervisor {
    /// `ready_fd` is the descriptor of `--ready-fd`; the environment tells the rest.
    pub(crate) fn new(ready_fd: Option<File>) -> Supervisor {
        let number = |name| var_os(name).and_then(|value| value.to_str()?.parse::<u64>().ok());
        let for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let timeout = number("WATCHDOG_USEC").filter(|usec| *usec > 0 && for_us);
        let socket = var_os("NOTIFY_SOCKET").and_then(|name| connect(name.as_bytes()));
        // A ping at half of the timeout (sd_watchdog_enabled(3)).
        let watchdog_period = timeout.map(|usec| (usec / 2000).max(1) as i64).filter(|_| socket.is_some());
        Supervisor { socket, ready_fd, watchdog_period, ..Supervisor::default() }
    }

    pub(crate) fn ping(&self) {
        self.send("WATCHDOG=1");
    }

    pub(super) fn tell(&mut self, notice: &Notice) {
        match notice {
            // The first badge is in place. (s6: notification-fd; OpenRC: notify=fd:N.)
            Notice::Issued { reason: IssueReason::Start, .. } => {
                self.send("READY=1");
                if let Some(file) = self.ready_fd.take() {
                    write_or_drop(&file, b"\n");
                }
            }
            Notice::RenewalRequested => {
                self.is_reloading = true;
                self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", clock::monotonic_usec()));
            }
            Notice::Failed { error, .. } => self.failure = format!("{error}"),
            Notice::Sleeping(status) if self.socket.is_some() => self.status(*status),
            Notice::Stopped { .. } => self.send("STOPPING=1"),
            _ => {}
        }
    }

    /// Sends the status line when it differs from the last one. Ends a reload: READY=1 follows RELOADING=1.
    fn status(&mut self, status: Status) {
        if std::mem::take(&mut self.is_reloading) {
            self.send("READY=1");
        }
        let line = match status {
            Status::WaitingForClock => "waiting for the clock to be set; no badge is signed until then".into(),
            Status::Valid { until, renewal } => {
                format!("valid until {}, next renewal at {}", date(until), date(renewal))
            }
            Status::Failing { until, next_attempt } => {
                let badge = until.map(|until| format!("the badge is valid until {}", date(until)));
                let badge = badge.as_deref().unwrap_or("there is no valid badge");
                format!("{}; next attempt at {}; {badge}", self.failure, date(next_attempt))
            }
        };
        if self.status != line {
            self.send(&format!("STATUS={line}"));
            self.status = line;
        }
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(message.as_bytes(), address);
        }
    }
}

/// The socket of `$NOTIFY_SOCKET`: a path, or after `@` an abstract name. It never blocks.
fn connect(name: &[u8]) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name {
        [b'/', ..] => SocketAddr::from_pathname(OsStr::from_bytes(name)),
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    Some((socket, address.ok()?))
}
