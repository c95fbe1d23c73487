//! What the keeper tells: a stream of notices, and its readers: the log on stderr and the supervisor.
//!
//! `keeper::report` decides what is told. Nothing that a reader does can block or end the keeper.

mod line;
pub(crate) mod log;
mod notice;
mod supervisor;
pub(crate) mod time;

pub(crate) use line::{file_warning, not_synced};
pub(crate) use notice::{IssueReason, Notice, Status};
pub(crate) use supervisor::Supervisor;

use log::Log;

/// Passes notices to every reader.
pub(crate) struct Reporter {
    pub log: Log,
    pub supervisor: Supervisor,
    /// The badge file, escaped.
    pub out: String,
    /// The key is a credential of systemd: at the first SIGHUP a warning says how to replace it.
    pub key_is_credential: bool,
}

/// systemd copies a credential at the start, and with `RefreshOnReload=` at a reload (systemd.service(5)).
const CREDENTIAL: &str = "a key from LoadCredential= changes only with a restart, or where RefreshOnReload=credentials is \
    set (systemd 260); restart the service to use a new key";

impl Reporter {
    pub(crate) fn tell(&mut self, notices: &[Notice]) {
        for notice in notices {
            self.log.tell(notice, &self.out);
            self.supervisor.tell(notice);
            if matches!(notice, Notice::RenewalRequested) && std::mem::take(&mut self.key_is_credential) {
                self.log.tell(&Notice::Warning(CREDENTIAL), &self.out);
            }
        }
    }
}
