//! The agent as a child of the keeper: `badge keep ... -- COMMAND`.

use super::notice::{IssueReason, Notice};
use crate::system::child::{Ended, Process, Program, Reaped, Surroundings, variable};
use crate::system::environment;
use crate::system::process::Inherited;
use std::ffi::{CString, OsString};
use std::path::Path;

/// What it does not inherit: keys, what a supervisor says to the keeper, and the variable that it is given.
const REMOVED: &str = "CAPISCIO_KEY CAPISCIO_AGENT_PRIVATE_KEY_JWK NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC BADGE_FILE";

/// It starts once, when the first badge is in place. When it ends, the keeper ends.
pub(crate) struct Child {
    program: Program,
    badge_file: CString,
    /// The signal that tells it of each further badge.
    signal: Option<i32>,
    /// `None` before the start and after the end.
    process: Option<Process>,
    ended: Option<Ended>,
    start_is_due: bool,
    signal_is_due: bool,
}

impl Child {
    /// `out`, the badge file, is absolute.
    pub(crate) fn new(command: &[OsString], signal: Option<i32>, out: &Path) -> Child {
        Child {
            program: Program::new(command),
            badge_file: variable("BADGE_FILE", out.as_ref()),
            signal,
            process: None,
            ended: None,
            start_is_due: false,
            signal_is_due: false,
        }
    }

    pub(super) fn tell(&mut self, notice: &Notice, inherited: &Inherited) {
        match notice {
            Notice::Issued { reason: IssueReason::Start, .. } => self.start_is_due = true,
            Notice::Issued { .. } | Notice::Restored => self.signal_is_due = self.process.is_some(),
            Notice::Sleeping(_) => {
                if std::mem::take(&mut self.signal_is_due) {
                    self.signal.inspect(|number| self.forward(*number));
                }
                if std::mem::take(&mut self.start_is_due) {
                    self.start(inherited);
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, inherited: &Inherited) {
        let mut variables = environment::without(REMOVED);
        variables.push(self.badge_file.clone());
        match self.program.start(Surroundings::Inherited(inherited), &variables) {
            Ok(process) => self.process = Some(process),
            Err(error) => self.ended = Some(Ended::NotStarted { program: self.program.name.clone(), error }),
        }
    }

    /// Sends it a signal, if it runs.
    pub(crate) fn forward(&self, number: i32) {
        if let Some(process) = &self.process {
            process.signal(number);
        }
    }

    /// Whether it runs, or has ended and the keeper has yet to end.
    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some() || self.ended.is_some()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Notes the end, if it is the child that has ended.
    pub(super) fn reaped(&mut self, reaped: &Reaped) {
        if let Some(ended) = self.process.as_ref().and_then(|process| process.ended(reaped)) {
            (self.process, self.ended) = (None, Some(ended));
        }
    }

    /// How it ended. The next call returns `None`.
    pub(super) fn take_end(&mut self) -> Option<Ended> {
        self.ended.take()
    }
}
