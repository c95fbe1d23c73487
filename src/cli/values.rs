//! Words become values: each error names the flag or variable, the value and what would be right.

use super::duration;
use super::usage::{Usage, quoted};
use super::words::{Given, Words};
use std::ffi::OsStr;
use std::path::PathBuf;

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

impl Given {
    /// `--exp "1x" is no duration`.
    pub fn wrong(&self, sentence: &str) -> Usage {
        Usage::new(&format_args!("{} \"{}\" {sentence}", self.said_as, quoted(&self.value)))
    }

    /// Whether the value is what its flag takes: a path, a duration, `true` or `false`, or text.
    pub fn check(&self) -> Result<(), Usage> {
        match self.value.to_str() {
            _ if self.flag.is_path() => check_path(&self.value, &self.said_as),
            None => Err(self.wrong("is not UTF-8")),
            Some(text) if self.flag.is_duration() => match duration::parse(text) {
                Ok(_) => Ok(()),
                Err(wrong) => Err(self.wrong(wrong.sentence())),
            },
            Some(text) if self.flag.is_switch() && !matches!(text, "true" | "1" | "false" | "0") => {
                Err(self.wrong("is neither true nor false"))
            }
            Some(_) => Ok(()),
        }
    }

    /// The value as text.
    pub fn text(&self) -> &str {
        self.value.to_str().unwrap_or_default()
    }

    /// The value as a whole number, if it is one.
    pub fn number(&self) -> Option<u32> {
        self.text().parse().ok()
    }

    /// A duration in milliseconds, rounded up; zero is refused.
    pub fn positive_milliseconds(&self) -> Result<i64, Usage> {
        match milliseconds(self.text()) {
            0 => Err(self.wrong("must be longer than zero")),
            milliseconds => Ok(milliseconds),
        }
    }
}

/// A path is any bytes, but not none, and no key that was given in place of its file: the path will be named in
/// sentences.
pub fn check_path(word: &OsStr, said_as: &str) -> Result<(), Usage> {
    let bytes = word.as_encoded_bytes();
    if bytes.is_empty() {
        return Err(Usage::new(&format_args!("{said_as} is empty; it takes the path of a file")));
    }
    if bytes.contains(&b'{') && bytes.windows(3).any(|three| three == br#""d""# || three == br#""x""#) {
        return Err(Usage::new(&format_args!("{said_as} takes the path of a file, not a key itself")));
    }
    Ok(())
}

impl Words {
    /// What was said for a flag, if anything.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.flag.name == name)
    }

    /// The text of a flag, or its default from the table.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(given) => given.text(),
            None => self.command.flag(name).map_or("", |flag| flag.default),
        }
    }

    /// The path that a flag names, or its default from the table; `None` where there is neither.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self.get(name) {
            Some(given) => Some(PathBuf::from(&given.value)),
            None => Some(self.text(name)).filter(|path| !path.is_empty()).map(PathBuf::from),
        }
    }

    /// The duration of a flag, or its default from the table, in milliseconds, rounded up.
    pub fn milliseconds(&self, name: &str) -> i64 {
        milliseconds(self.text(name))
    }

    /// Whether a switch is on.
    pub fn switch(&self, name: &str) -> bool {
        matches!(self.text(name), "true" | "1")
    }

    /// The parts of a list: each use is a list with commas, empty parts do not count.
    pub fn list(&self, name: &str) -> Vec<String> {
        let mut list = Vec::new();
        for given in self.given.iter().filter(|given| given.flag.name == name) {
            let parts = given.text().split(',').map(str::trim).filter(|part| !part.is_empty());
            list.extend(parts.map(str::to_owned));
        }
        list
    }

    /// The one operand, if any.
    pub fn operand(&self) -> Result<Option<&OsStr>, Usage> {
        match self.operands.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [_, more, ..] => Err(Usage::new(&format_args!("\"{}\" is one argument too many", quoted(more)))),
        }
    }
}

/// Rounded up, so that nothing above zero becomes zero.
fn milliseconds(text: &str) -> i64 {
    duration::parse(text).unwrap_or_default().div_ceil(MILLISECOND) as i64
}
