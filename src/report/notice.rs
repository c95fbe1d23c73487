//! One notice is one thing that happened, as data; each reader makes its own text of it.

use crate::badge::issue::Badge;
use crate::error::Error;
use crate::file::{Damage, FileWarning};
use crate::system::child::Ended;
use std::path::Path;

/// Why a badge is issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IssueReason {
    /// There is no badge yet.
    Start,
    /// The renewal time of the old badge has come.
    Due,
    /// The old badge has expired.
    Expired,
    /// The clock went back: the old badge is valid only in the future.
    FromTheFuture,
    /// SIGHUP.
    Requested,
}

/// Something that happened. Times are Unix seconds.
#[derive(Debug)]
pub(crate) enum Notice<'a> {
    /// A condition that is found at the start.
    Warning(&'a str),
    /// The command line is wrong.
    Refused(&'a str),
    /// `--generate-key` created the private key.
    KeyGenerated { path: &'a Path, did: &'a str },
    /// The wall clock is not set yet.
    WaitingForClock { now: i64 },
    /// The wall clock was set.
    ClockSet { from: i64, to: i64 },
    /// SIGHUP requests a renewal.
    RenewalRequested,
    /// A new badge is in place.
    /// `other_key`: the badge before was signed with another one.
    Issued { badge: &'a Badge, reason: IssueReason, renewal: i64, now: i64, other_key: bool },
    /// The file differs from what was written. `next_attempt`: when the restore is delayed.
    Damaged { damage: &'a Damage, next_attempt: Option<i64> },
    /// The file has its content again.
    Restored,
    /// A renewal or a restore failed. Without a next attempt the keeper ends, or the old badge is valid again.
    Failed { error: &'a Error, next_attempt: Option<i64> },
    /// A condition of the file that does not prevent writing.
    File(&'a FileWarning),
    /// The keeper goes to sleep.
    Sleeping(Status),
    /// A signal, or the end of its child, ended the keeper.
    Stopped { has_badge: bool, child: Option<&'a Ended> },
}

/// The state of a sleeping keeper. Times are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The wall clock is not set yet.
    WaitingForClock,
    /// The badge is valid.
    Valid { until: i64, renewal: i64 },
    /// The last attempt failed. `until`: the end of the badge, while it is valid.
    Failing { until: Option<i64>, next_attempt: i64 },
}
