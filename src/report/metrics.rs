//! The file of `--metrics-file`, in the text format of Prometheus, for the textfile collector of node_exporter.

use super::notice::{IssueReason, Notice, Status};
use super::problem::Outcome;
use crate::badge::CLOCK_FLOOR;
use crate::error::Error;
use crate::file::{Access, Damage, FileError, Target, replace};
use crate::system::clock;
use std::path::Path;

/// The causes of a restore, as [`cause`] numbers them.
const CAUSES: [&str; 7] = ["deleted", "not_regular", "mode", "owner", "empty", "content", "unreadable"];

/// The family with a series for each cause.
const RESTORES: &str = "badge_restores_total";

/// Written when something that it tells has changed. It stays at the end of the keeper.
pub(crate) struct Metrics {
    target: Target,
    /// The badge file and the subject, as values of labels.
    out: String,
    subject: String,
    counts: Counts,
    /// As of the last damage, a number for [`CAUSES`].
    cause: usize,
    written: Option<Counts>,
}

/// What changes. Times are Unix seconds.
#[derive(Clone, Copy, PartialEq, Default)]
struct Counts {
    start: i64,
    renewals: i64,
    failures: i64,
    restores: [i64; CAUSES.len()],
    /// `None`: there is no hook.
    hook_failures: Option<i64>,
    issued: Option<i64>,
    expiry: Option<i64>,
    next_attempt: Option<i64>,
}

impl Metrics {
    /// `out` is the badge file. `subject`: the agent's DID.
    pub(crate) fn new(target: Target, out: &Path, subject: &str, has_hook: bool) -> Metrics {
        Metrics {
            target,
            out: label(&out.to_string_lossy()),
            subject: label(subject),
            counts: Counts {
                start: clock::wall().div_euclid(1000),
                hook_failures: has_hook.then_some(0),
                ..Counts::default()
            },
            cause: 0,
            written: None,
        }
    }

    pub(super) fn hook_failed(&mut self) {
        self.counts.hook_failures = self.counts.hook_failures.map(|count| count + 1);
    }

    /// Counts, and writes when the keeper goes to sleep: one that ends without a badge leaves the old file, which ages.
    pub(super) fn tell(&mut self, notice: &Notice) -> Outcome {
        let counts = &mut self.counts;
        match notice {
            Notice::Issued { badge, reason, .. } => {
                counts.renewals += i64::from(*reason != IssueReason::Start);
                (counts.issued, counts.expiry) = (Some(badge.iat), Some(badge.exp));
                // That of a self-signed badge is the key's.
                self.subject = label(&badge.subject);
            }
            // The clock is not set at the start of a board without a battery.
            Notice::ClockSet { from, to } => counts.start += to - from,
            Notice::Failed { .. } => counts.failures += 1,
            Notice::Damaged { damage, .. } => self.cause = cause(damage),
            Notice::Restored => counts.restores[self.cause] += 1,
            Notice::Sleeping(status) => {
                counts.next_attempt = match status {
                    Status::WaitingForClock => None,
                    Status::Valid { renewal: at, .. } | Status::Failing { next_attempt: at, .. } => Some(*at),
                };
                return self.write();
            }
            _ => {}
        }
        None
    }

    fn write(&mut self) -> Outcome {
        if self.written == Some(self.counts) {
            return None;
        }
        let access = Access { mode: 0o644, user: None, group: None, durable: false };
        let written = replace(&self.target, self.text().as_bytes(), access).map(drop);
        self.written = written.is_ok().then_some(self.counts);
        let failed = |reason| Error::WriteMetrics(FileError::new(self.target.path(), reason)).to_string();
        Some(written.map_err(failed))
    }

    fn text(&self) -> String {
        let Metrics { counts, out, subject, .. } = self;
        // node_exporter drops a family of a file whose help differs from that in another keeper's file, and two series with
        // the same labels.
        let families = [
            ("badge_renewals_total", "Badges after the first one.", Some(counts.renewals)),
            ("badge_failures_total", "Failed attempts to issue, write or restore the badge.", Some(counts.failures)),
            (RESTORES, "Restores of the badge file after another process changed it.", Some(0)),
            ("badge_issued_timestamp_seconds", "When the badge was issued.", counts.issued),
            ("badge_expiry_timestamp_seconds", "When the badge expires.", counts.expiry),
            ("badge_next_attempt_timestamp_seconds", "When the keeper is due next.", counts.next_attempt),
            ("hook_failures_total", "Hooks that failed or were not run.", counts.hook_failures),
            (
                "keeper_start_timestamp_seconds",
                "When the keeper was started.",
                Some(counts.start).filter(|start| *start >= CLOCK_FLOOR),
            ),
            ("build_info", "The version of the keeper.", Some(1)),
        ];
        let mut text = String::new();
        for (name, help, value) in families {
            let Some(value) = value else { continue };
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            text += &format!("# HELP capiscio_{name} {help}\n# TYPE capiscio_{name} {kind}\n");
            let mut series = |label: &str, value: i64| {
                text += &format!("capiscio_{name}{{out=\"{out}\",sub=\"{subject}\"{label}}} {value}\n");
            };
            match name {
                RESTORES => CAUSES
                    .iter()
                    .zip(counts.restores)
                    .for_each(|(cause, count)| series(&format!(",cause=\"{cause}\""), count)),
                "build_info" => series(concat!(",version=\"", env!("CARGO_PKG_VERSION"), "\""), value),
                _ => series("", value),
            }
        }
        text
    }
}

fn cause(damage: &Damage) -> usize {
    match damage {
        Damage::Deleted => 0,
        Damage::NotRegular => 1,
        Damage::Mode { .. } => 2,
        Damage::Owner { .. } => 3,
        Damage::Empty => 4,
        Damage::Content => 5,
        Damage::Unreadable(_) => 6,
    }
}

/// The value of a label: `\`, `"` and the line feed are escaped.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
