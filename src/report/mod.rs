//! What the keeper tells: a stream of notices, and its readers: the log on stderr, the supervisor, the metrics file, the
//! hook, the process of a pid file, and the agent as a child.
//!
//! `keeper::report` decides what is told. Nothing that a reader does can block or end the keeper.

mod child;
mod hook;
mod line;
pub(crate) mod log;
mod metrics;
mod notice;
mod pid_file;
mod problem;
mod supervisor;
pub(crate) mod time;

pub(crate) use child::Child;
pub(crate) use hook::Hook;
pub(crate) use line::{file_warning, not_synced};
pub(crate) use metrics::Metrics;
pub(crate) use notice::{IssueReason, Notice, Status};
pub(crate) use pid_file::PidFile;
pub(crate) use supervisor::Supervisor;

use crate::system::child::{Ended, reap};
use crate::system::process::Inherited;
use log::Log;
use problem::Outcome;

/// Passes notices to every reader.
pub(crate) struct Reporter {
    pub log: Log,
    pub supervisor: Supervisor,
    pub hook: Option<Hook>,
    pub pid_file: Option<PidFile>,
    pub child: Option<Child>,
    pub metrics: Option<Metrics>,
    /// For the hook and the child.
    pub inherited: Inherited,
    /// The badge file, escaped.
    pub out: String,
    /// The key is a credential of systemd: at the first SIGHUP a warning says how to replace it.
    pub key_is_credential: bool,
    /// The last problem of each [`Reader`], until it works again.
    problems: [Option<String>; 3],
}

/// A reader that may fail.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Hook,
    PidFile,
    Metrics,
}

/// systemd copies a credential at the start, and with `RefreshOnReload=` at a reload (systemd.service(5)).
const CREDENTIAL: &str = "a key from LoadCredential= changes only with a restart, or where RefreshOnReload=credentials is \
    set (systemd 260); restart the service to use a new key";

impl Reporter {
    /// Only a log and a supervisor.
    pub(crate) fn new(log: Log, supervisor: Supervisor, out: String, inherited: Inherited) -> Reporter {
        Reporter {
            log,
            supervisor,
            hook: None,
            pid_file: None,
            child: None,
            metrics: None,
            inherited,
            out,
            key_is_credential: false,
            problems: [None, None, None],
        }
    }

    pub(crate) fn tell(&mut self, notices: &[Notice]) {
        for notice in notices {
            self.log.tell(notice, &self.out);
            self.supervisor.tell(notice);
            if matches!(notice, Notice::RenewalRequested) && std::mem::take(&mut self.key_is_credential) {
                self.log.tell(&Notice::Warning(CREDENTIAL), &self.out);
            }
            self.tell_agents(notice);
        }
    }

    // Not inlined: the file is smaller.
    #[inline(never)]
    fn tell_agents(&mut self, notice: &Notice) {
        let hook = self.hook.as_mut().and_then(|hook| hook.tell(notice, &self.inherited));
        self.tell_outcome(Reader::Hook, hook);
        let pid_file = self.pid_file.as_mut().and_then(|file| file.tell(notice));
        if let Some(child) = &mut self.child {
            child.tell(notice, &self.inherited);
        }
        self.tell_outcome(Reader::PidFile, pid_file);
        let metrics = self.metrics.as_mut().and_then(|metrics| metrics.tell(notice));
        self.tell_outcome(Reader::Metrics, metrics);
    }

    /// Tells a problem, unless it was told last.
    fn tell_outcome(&mut self, reader: Reader, outcome: Outcome) {
        let Some(outcome) = outcome else { return };
        let problem = outcome.err();
        if let (Reader::Hook, Some(_), Some(metrics)) = (reader, &problem, &mut self.metrics) {
            metrics.hook_failed();
        }
        let last = &mut self.problems[reader as usize];
        if let Some(problem) = problem.as_ref().filter(|problem| last.as_ref() != Some(problem)) {
            self.log.tell(&Notice::Warning(problem), &self.out);
        }
        *last = problem;
    }

    /// When a reader is due without a notice, in milliseconds since boot. A child that was not started has ended already.
    pub(crate) fn deadline(&self) -> Option<i64> {
        let ended = self.child.as_ref().filter(|child| child.has_ended()).map(|_| 0);
        ended.or(self.hook.as_ref().and_then(Hook::deadline))
    }

    /// Waits for every child that has ended.
    pub(crate) fn reap(&mut self) {
        while let Some(reaped) = reap() {
            let hook = self.hook.as_mut().and_then(|hook| hook.reaped(&reaped));
            self.tell_outcome(Reader::Hook, hook);
            self.child.iter_mut().for_each(|child| child.reaped(&reaped));
        }
    }

    /// How the agent ended. The next call returns `None`.
    pub(crate) fn take_end(&mut self) -> Option<Ended> {
        self.child.as_mut().and_then(Child::take_end)
    }
}
