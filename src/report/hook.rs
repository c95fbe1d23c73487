//! The program of `--hook`, which runs after a badge was written, restored, or could not be. The keeper never waits for it.

use super::notice::{IssueReason, Notice};
use super::problem::{self, HookFault, Outcome};
use crate::badge::issue::Badge;
use crate::file::untrusted_directory_of;
use crate::system::child::{Ended, Process, Program, Reaped, Surroundings, variable};
use crate::system::process::Inherited;
use crate::system::{clock, effective_uid, environment};
use std::ffi::CString;
use std::fs;
use std::mem::take;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// After this time its process group gets SIGTERM, in milliseconds.
const LIMIT: i64 = 30_000;
/// After this further time, or when it ends sooner, the rest of the group gets SIGKILL; in milliseconds.
const GRACE: i64 = 5000;

/// What it does not inherit: keys, what a supervisor says to the keeper, and the variables that it is given.
const REMOVED: &str = "CAPISCIO_KEY CAPISCIO_AGENT_PRIVATE_KEY_JWK CREDENTIALS_DIRECTORY NOTIFY_SOCKET WATCHDOG_PID \
    WATCHDOG_USEC BADGE_FILE CAPISCIO_EVENT CAPISCIO_MESSAGE CAPISCIO_BADGE_EXP CAPISCIO_BADGE_JTI CAPISCIO_BADGE_SUB";

/// One run at a time. What happens meanwhile is told once more afterwards, by the latest event.
pub(crate) struct Hook {
    path: PathBuf,
    program: Program,
    badge_file: CString,
    /// The variables about the badge in the file.
    badge: Vec<CString>,
    /// The variables about the event that is to be told; empty: none is.
    event: Vec<CString>,
    process: Option<Process>,
    phase: Phase,
}

/// What the decision needs to know. Times are milliseconds since boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Idle,
    Running { until: i64 },
    Terminated { until: i64 },
    Killed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Wait,
    Start,
    Terminate,
    Kill,
}

/// What is due at `now`.
fn next(phase: Phase, has_event: bool, now: i64) -> Step {
    match phase {
        Phase::Idle if has_event => Step::Start,
        Phase::Running { until } if now >= until => Step::Terminate,
        Phase::Terminated { until } if now >= until => Step::Kill,
        _ => Step::Wait,
    }
}

impl Hook {
    /// `path` and `out`, the badge file, are absolute.
    pub(crate) fn new(path: PathBuf, out: &Path) -> Hook {
        Hook {
            program: Program::new(&[path.clone().into()]),
            path,
            badge_file: variable("BADGE_FILE", out.as_ref()),
            badge: Vec::new(),
            event: Vec::new(),
            process: None,
            phase: Phase::Idle,
        }
    }

    /// Notes an event, and proceeds when the keeper goes to sleep.
    pub(super) fn tell(&mut self, notice: &Notice, inherited: &Inherited) -> Outcome {
        match notice {
            Notice::Issued { badge, reason, .. } => {
                self.badge = about(badge);
                self.note(if *reason == IssueReason::Start { "started" } else { "renewed" }, None);
            }
            Notice::Restored => self.note("restored", None),
            Notice::Failed { error, .. } => self.note("failed", Some(&format!("{error}"))),
            Notice::Sleeping(_) => return self.proceed(inherited, clock::boot()),
            _ => {}
        }
        None
    }

    fn note(&mut self, event: &str, message: Option<&str>) {
        self.event = vec![variable("CAPISCIO_EVENT", event.as_ref())];
        self.event.extend(message.map(|message| variable("CAPISCIO_MESSAGE", message.as_ref())));
    }

    fn proceed(&mut self, inherited: &Inherited, now: i64) -> Outcome {
        let fault = match next(self.phase, !self.event.is_empty(), now) {
            Step::Wait => return None,
            Step::Start => match self.start(inherited) {
                Ok(process) => {
                    (self.process, self.phase) = (Some(process), Phase::Running { until: now + LIMIT });
                    return None;
                }
                Err(fault) => fault,
            },
            Step::Terminate => {
                self.signal(libc::SIGTERM);
                self.phase = Phase::Terminated { until: now + GRACE };
                HookFault::TimedOut
            }
            Step::Kill => {
                self.signal(libc::SIGKILL);
                self.phase = Phase::Killed;
                return None;
            }
        };
        Some(Err(problem::hook(&self.path, &fault)))
    }

    fn start(&mut self, inherited: &Inherited) -> Result<Process, HookFault> {
        let event = take(&mut self.event);
        let found = fs::metadata(&self.path).map_err(HookFault::Io)?;
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        if !found.is_file() {
            return Err(HookFault::NotRegular);
        }
        if owner != 0 && owner != effective_uid() {
            return Err(HookFault::Owner(owner));
        }
        if mode & 0o022 != 0 {
            return Err(HookFault::Mode(mode));
        }
        if let Some(directory) = untrusted_directory_of(&self.path) {
            return Err(HookFault::Directory(directory));
        }
        let mut variables = environment::without(REMOVED);
        variables.push(self.badge_file.clone());
        variables.extend_from_slice(&self.badge);
        variables.extend_from_slice(&event);
        self.program.start(Surroundings::Own(inherited), &variables).map_err(|error| {
            // No process, descriptor or memory is free: tried again when the keeper next goes to sleep.
            self.event = event;
            HookFault::Io(error)
        })
    }

    /// What came of its run, if it is the child that has ended.
    pub(super) fn reaped(&mut self, reaped: &Reaped) -> Outcome {
        let ended = self.process.as_ref()?.ended(reaped)?;
        let in_time = matches!(self.phase, Phase::Running { .. });
        if !in_time {
            // The group, at once: later its number may be that of another group.
            self.signal(libc::SIGKILL);
        }
        (self.process, self.phase) = (None, Phase::Idle);
        let fault = match ended {
            _ if !in_time => return None,
            Ended::Status(0) => return Some(Ok(())),
            Ended::NotStarted { error, .. } => HookFault::Io(error),
            ended => HookFault::Ended(ended),
        };
        Some(Err(problem::hook(&self.path, &fault)))
    }

    /// When SIGTERM or SIGKILL is due, in milliseconds since boot.
    pub(super) fn deadline(&self) -> Option<i64> {
        match self.phase {
            Phase::Running { until } | Phase::Terminated { until } => Some(until),
            Phase::Idle | Phase::Killed => None,
        }
    }

    fn signal(&self, number: i32) {
        if let Some(process) = &self.process {
            process.signal_group(number);
        }
    }
}

impl Drop for Hook {
    /// The keeper ends, and waits for nothing.
    fn drop(&mut self) {
        self.signal(libc::SIGTERM);
    }
}

fn about(badge: &Badge) -> Vec<CString> {
    let exp = badge.exp.to_string();
    let about =
        [("CAPISCIO_BADGE_EXP", &exp), ("CAPISCIO_BADGE_JTI", &badge.jti), ("CAPISCIO_BADGE_SUB", &badge.subject)];
    about.iter().map(|(name, value)| variable(name, value.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_when_there_is_an_event_and_no_other_run() {
        let phases = [Phase::Running { until: 9 }, Phase::Terminated { until: 9 }, Phase::Killed];
        assert_eq!(next(Phase::Idle, true, 5), Step::Start);
        assert_eq!(next(Phase::Idle, false, 5), Step::Wait);
        for phase in phases {
            assert_eq!(next(phase, true, 8), Step::Wait, "{phase:?}");
        }
    }

    #[test]
    fn a_run_that_takes_too_long_is_terminated_and_then_killed_once() {
        for (phase, step) in [
            (Phase::Running { until: 9 }, Step::Terminate),
            (Phase::Terminated { until: 9 }, Step::Kill),
            (Phase::Killed, Step::Wait),
        ] {
            for has_event in [false, true] {
                assert_eq!(next(phase, has_event, 9), step, "{phase:?}");
            }
        }
    }
}
