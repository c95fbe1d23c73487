//! Why a command line is refused, as one sentence.

use super::command::CommandSpec;
use crate::encoding::{escaped, truncated};
use std::ffi::OsStr;
use std::fmt;

/// A wrong command line or environment. A restart does not help.
pub struct UsageError {
    /// The command, once it is known: its help page is named.
    pub(super) command: Option<&'static CommandSpec>,
    pub(super) problem: String,
    /// Of `badge keep`, whose errors are lines of its log: whether they are JSON, as far as the format was read before
    /// the error. A wrong format counts as text.
    pub json_log: Option<bool>,
}

impl UsageError {
    /// 2, but 3 for `badge health`, where 1 and 2 are WARNING and CRITICAL.
    pub fn exit_code(&self) -> u8 {
        self.command.map_or(2, |spec| spec.wrong_usage)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (space, name) = self.command.map_or(("", ""), |spec| (" ", spec.name));
        write!(f, "{}; see capiscio{space}{name} --help", self.problem)
    }
}

/// An argument as a sentence may repeat it: escaped, not too long, and nothing that may be a key.
pub(super) fn quoted(argument: &OsStr) -> String {
    let text = escaped(argument).to_string();
    if text.contains('{') {
        return "(JSON, not shown)".into();
    }
    let (text, dots) = truncated(&text);
    format!("{text}{dots}")
}
