//! Why a command line is refused, as one sentence.

use super::command::{Command, CommandSpec};
use super::flags::Spec;
use super::suggest;
use super::value::Reason;
use crate::encoding::{escaped, truncated};
use std::ffi::OsStr;
use std::fmt;

/// A wrong command line or environment. A restart does not help.
pub struct UsageError {
    pub(super) command: Option<&'static CommandSpec>,
    pub(super) problem: Problem,
}

/// Its texts come from [`quoted`].
pub(super) enum Problem {
    UnknownCommand(String),
    /// With its dashes.
    UnknownOption(String),
    UnexpectedArgument(String),
    MissingValue(&'static Spec),
    InvalidValue {
        origin: String,
        value: String,
        reason: Reason,
    },
    /// A rule about more than one argument.
    Rule(&'static str),
}

impl UsageError {
    /// 2, but 3 for `badge health`, where 1 and 2 are WARNING and CRITICAL.
    pub fn exit_code(&self) -> u8 {
        match self.command {
            Some(spec) if spec.command == Command::BadgeHealth => 3,
            _ => 2,
        }
    }
}

impl From<lexopt::Error> for Problem {
    /// Not reached: each value is taken with its option, and Parser::next has no other error.
    fn from(_: lexopt::Error) -> Problem {
        Problem::Rule("the arguments cannot be read")
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match &self.problem {
            Problem::UnknownCommand(name) => ["unknown command \"", name, "\"", &suggest::for_command(name)].concat(),
            Problem::UnknownOption(option) => {
                let hint = match self.command {
                    Some(spec) => suggest::for_option(spec, option),
                    None => " before the command".into(),
                };
                ["unknown option ", option, &hint].concat()
            }
            Problem::UnexpectedArgument(argument) => ["unexpected argument \"", argument, "\""].concat(),
            Problem::MissingValue(flag) => [&flag.option(), " needs a value, ", flag.placeholder].concat(),
            Problem::InvalidValue { origin, value, reason } => [origin, " \"", value, "\" ", reason].concat(),
            Problem::Rule(sentence) => (*sentence).into(),
        };
        let (space, name) = self.command.map_or(("", ""), |spec| (" ", spec.name));
        f.write_str(&[&sentence, "; see capiscio", space, name, " --help"].concat())
    }
}

/// An argument as a sentence may repeat it: escaped, not too long, and nothing that may be a key.
pub(super) fn quoted(argument: &OsStr) -> String {
    let text = escaped(argument).to_string();
    if text.contains('{') {
        return "(JSON, not shown)".into();
    }
    let (text, dots) = truncated(&text);
    [text, dots].concat()
}
