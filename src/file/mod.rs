//! A file that other programs read: replaced whole and durably, watched, locked.
//!
//! This module is handed bytes and does not know what they mean. Its errors carry the path and the cause;
//! the `error` module turns them into sentences.

mod directory;
mod error;
mod lock;
mod output;
mod replace;
mod snapshot;
mod target;
mod watch;
mod watched;

pub(crate) use directory::open_without_foreign_links;
pub(crate) use error::{FileError, Reason, directory};
pub use output::OutputOptions;
pub(crate) use output::{FileWarning, OutputFile};
pub(crate) use replace::{Access, create, probe, remove_temporaries, replace};
pub(crate) use snapshot::Damage;
pub(crate) use target::{Target, untrusted_directory_of};
pub(crate) use watch::UnwatchedReason;
pub(crate) use watched::WatchedFile;
