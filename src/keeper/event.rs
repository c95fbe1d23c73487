//! What the machine is told and what it says: the words between it and the loop.

use crate::badge::claims::Validity;

/// What happened since the last step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Nothing but time: a timer, a clock that was set, or no reason at all.
    Woke,
    /// Somebody asked for a new badge (SIGHUP).
    RenewalAsked,
    /// The kernel says that the file or its directory is not as it was.
    Touched,
    /// A new badge stands in the file.
    Issued {
        /// What its claims say.
        term: Validity,
        /// Whether the kernel tells of changes to the file.
        watched: bool,
    },
    /// No badge could be signed or written.
    IssueFailed,
    /// The badge in memory stands in the file again.
    Restored {
        /// Whether the kernel tells of changes to the file.
        watched: bool,
    },
    /// The badge in memory could not be written.
    RestoreFailed,
    /// The file is as we wrote it.
    SeenIntact,
    /// The file is gone or is not what we wrote.
    SeenDamaged,
}

/// Why a badge is issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The first one.
    Start,
    /// The renewal moment has come.
    Due,
    /// The badge is past its end.
    Expired,
    /// The clock went back: the badge would be valid only in the future.
    FromTheFuture,
    /// Somebody asked.
    Asked,
}

/// Until when nothing happens unless something wakes the keeper.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sleep {
    /// A wall-clock moment, Unix milliseconds.
    pub wall: Option<i64>,
    /// A boot-clock moment, milliseconds since boot.
    pub boot: Option<i64>,
    /// Changes to the file wake nobody until then.
    pub deaf: bool,
}

/// What the loop does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Sign a badge for this term and write it.
    Issue {
        /// The times its claims get.
        term: Validity,
        /// The reason, for the log.
        why: Why,
    },
    /// Write the badge in memory once more.
    Restore,
    /// Compare the file with what was written.
    Look,
    /// Wait.
    Sleep(Sleep),
    /// End: the very first badge could not be issued.
    GiveUp,
}
