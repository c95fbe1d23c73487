//! The input and the output of the machine.

use crate::badge::claims::Validity;
use crate::badge::issue::Badge;
use crate::error::Error;
use crate::file::Damage;
use crate::report::IssueReason;
use crate::system::child::Ended;

/// What happened since the last step.
#[derive(Debug)]
pub(crate) enum Event {
    /// A timer fired, the clock was set, the machine resumed, or nothing at all.
    Woke,
    /// SIGHUP.
    RenewalRequested,
    /// SIGTERM or SIGINT.
    StopRequested,
    /// The agent, a child of the keeper, ended.
    ChildEnded(Ended),
    /// The kernel reports a change of the file or its directory.
    FileTouched,
    /// A new badge is in the file.
    Issued { badge: Box<Badge>, reason: IssueReason },
    /// No badge was signed or written.
    IssueFailed(Error),
    /// The new badge, or that in memory, was no longer valid when it was about to be put in place. The old file is
    /// unchanged.
    Outdated(Error),
    /// The badge in memory is in the file again.
    Restored,
    /// The badge in memory was not written.
    RestoreFailed(Error),
    /// The file was compared with what was written. Without damage the kernel reports further changes.
    Checked(Result<(), Damage>),
    /// A check found no damage, but the kernel does not report changes of the file, or it could not be compared.
    Unwatched,
}

/// What the loop does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Sign a badge with these times and write it.
    Issue { validity: Validity, reason: IssueReason },
    /// Write the badge in memory once more.
    Restore,
    /// Compare the file with what was written.
    Check,
    /// Wait.
    Sleep(Sleep),
    /// End with this exit status.
    Exit(u8),
}

/// Until when the keeper sleeps, unless an event ends the sleep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sleep {
    /// Unix milliseconds.
    pub wall: Option<i64>,
    /// Milliseconds since boot.
    pub boot: Option<i64>,
    /// File events do not end this sleep.
    pub ignore_file_events: bool,
}

impl Sleep {
    /// No longer than until then, in milliseconds since boot.
    pub(super) fn at_most(self, boot: Option<i64>) -> Sleep {
        Sleep { boot: self.boot.into_iter().chain(boot).min(), ..self }
    }
}
