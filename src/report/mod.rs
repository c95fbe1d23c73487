//! What the keeper tells: a stream of notices, and its readers: the log on stderr, the supervisor and the metrics file.
//!
//! `keeper::report` decides what is told. Nothing that a reader does can block or end the keeper.

mod line;
pub(crate) mod log;
mod metrics;
mod notice;
mod supervisor;
pub(crate) mod time;

pub(crate) use line::{file_warning, not_synced};
pub(crate) use metrics::Metrics;
pub(crate) use notice::{IssueReason, Notice, Status};
pub(crate) use supervisor::Supervisor;

use log::Log;

/// What came of a reader's part: nothing to do, done, or a problem as a sentence.
type Outcome = Option<Result<(), String>>;

/// Passes notices to every reader.
pub(crate) struct Reporter {
    pub log: Log,
    pub supervisor: Supervisor,
    pub metrics: Option<Metrics>,
    /// The badge file, escaped.
    pub out: String,
    /// The key is a credential of systemd: at the first SIGHUP a warning says how to replace it.
    pub key_is_credential: bool,
    /// The last problem of the metrics file, until it is written again.
    problem: Option<String>,
}

/// systemd copies a credential at the start, and with `RefreshOnReload=` at a reload (systemd.service(5)).
const CREDENTIAL: &str = "a key from LoadCredential= changes only with a restart, or where RefreshOnReload=credentials is \
    set (systemd 260); restart the service to use a new key";

impl Reporter {
    /// Only a log and a supervisor.
    pub(crate) fn new(log: Log, supervisor: Supervisor, out: String) -> Reporter {
        Reporter { log, supervisor, metrics: None, out, key_is_credential: false, problem: None }
    }

    pub(crate) fn tell(&mut self, notices: &[Notice]) {
        for notice in notices {
            self.log.tell(notice, &self.out);
            self.supervisor.tell(notice);
            if matches!(notice, Notice::RenewalRequested) && std::mem::take(&mut self.key_is_credential) {
                self.log.tell(&Notice::Warning(CREDENTIAL), &self.out);
            }
            let outcome = self.metrics.as_mut().and_then(|metrics| metrics.tell(notice));
            self.tell_outcome(outcome);
        }
    }

    /// Tells a problem, unless it was told last.
    fn tell_outcome(&mut self, outcome: Outcome) {
        let Some(outcome) = outcome else { return };
        let problem = outcome.err();
        if let Some(problem) = problem.as_ref().filter(|problem| self.problem.as_ref() != Some(problem)) {
            self.log.tell(&Notice::Warning(problem), &self.out);
        }
        self.problem = problem;
    }
}
