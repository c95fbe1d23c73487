#![forbid(unsafe_code)]
//! Words become values: each error names the flag or variable, the value and what would be right.

use super::duration::{self, Wrong};
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

    /// The value as text: whatever becomes a claim or a number is UTF-8.
    pub fn text(&self) -> Result<&str, Usage> {
        self.value.to_str().ok_or_else(|| self.wrong("is not UTF-8"))
    }

    /// The value as a path.
    pub fn path(&self) -> Result<PathBuf, Usage> {
        path(&self.value, &self.said_as)
    }

    /// The value as milliseconds, rounded up, so that nothing above zero becomes zero.
    pub fn milliseconds(&self) -> Result<i64, Usage> {
        milliseconds(self.text()?).map_err(|wrong| self.wrong(wrong.sentence()))
    }

    /// Like [`Given::milliseconds`], and zero is refused.
    pub fn positive_milliseconds(&self) -> Result<i64, Usage> {
        match self.milliseconds()? {
            0 => Err(self.wrong("must be longer than zero")),
            milliseconds => Ok(milliseconds),
        }
    }
}

/// A word as a path: any bytes, but not none, and no key that was given in place of its file: the path will be
/// named in sentences.
pub fn path(word: &OsStr, said_as: &str) -> Result<PathBuf, Usage> {
    let bytes = word.as_encoded_bytes();
    if bytes.is_empty() {
        return Err(Usage::new(&format_args!("{said_as} is empty; it takes the path of a file")));
    }
    if bytes.contains(&b'{') && bytes.windows(3).any(|three| three == br#""d""# || three == br#""x""#) {
        return Err(Usage::new(&format_args!("{said_as} takes the path of a file, not a key itself")));
    }
    Ok(PathBuf::from(word))
}

impl Words {
    /// What was said for a flag, if anything.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.flag.name == name)
    }

    /// The text of a flag, or its default from the table.
    pub fn text(&self, name: &str) -> Result<&str, Usage> {
        match self.get(name) {
            Some(given) => given.text(),
            None => Ok(self.command.flag(name).map_or("", |flag| flag.default)),
        }
    }

    /// The path that a flag names, or its default from the table; `None` where there is neither.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>, Usage> {
        match self.get(name) {
            Some(given) => given.path().map(Some),
            None => {
                let default = self.command.flag(name).map_or("", |flag| flag.default);
                Ok(Some(default).filter(|path| !path.is_empty()).map(PathBuf::from))
            }
        }
    }

    /// The duration of a flag, or its default from the table, in milliseconds.
    pub fn milliseconds(&self, name: &str) -> Result<i64, Usage> {
        match self.get(name) {
            Some(given) => given.milliseconds(),
            None => Ok(milliseconds(self.text(name)?).unwrap_or_default()),
        }
    }

    /// Whether a switch is on.
    pub fn switch(&self, name: &str) -> Result<bool, Usage> {
        let Some(given) = self.get(name) else { return Ok(false) };
        match given.text()? {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(given.wrong("is neither true nor false")),
        }
    }

    /// The parts of a repeatable flag: each use is a list with commas, empty parts do not count.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Usage> {
        let mut list = Vec::new();
        for given in self.given.iter().filter(|given| given.flag.name == name) {
            let parts = given.text()?.split(',').map(str::trim).filter(|part| !part.is_empty());
            list.extend(parts.map(str::to_owned));
        }
        Ok(list)
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

fn milliseconds(text: &str) -> Result<i64, Wrong> {
    duration::parse(text).map(|nanoseconds| nanoseconds.div_ceil(MILLISECOND) as i64)
}
