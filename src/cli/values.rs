#![forbid(unsafe_code)]
//! Words become values: each error names the flag or variable, the value and what would be right.

use super::duration;
use super::flags::Flag;
use super::usage::{Usage, quoted};
use super::words::{Given, Words};
use std::ffi::OsStr;
use std::path::PathBuf;

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

impl Given {
    /// `--exp "1x" is no duration`.
    pub fn wrong(&self, sentence: &str) -> Usage {
        Usage::new(format!("{} \"{}\" {sentence}", self.said_as, quoted(&self.value)))
    }

    /// The value as text: whatever becomes a claim or a number is UTF-8.
    pub fn text(&self) -> Result<&str, Usage> {
        self.value.to_str().ok_or_else(|| self.wrong("is not UTF-8"))
    }

    /// The value as a path: any bytes, but not none.
    pub fn path(&self) -> Result<PathBuf, Usage> {
        if self.value.is_empty() {
            return Err(self.wrong("is empty; it takes the path of a file"));
        }
        let looks_like_json = self.value.as_encoded_bytes().trim_ascii_start().starts_with(b"{");
        if self.flag.name == "key" && looks_like_json {
            return Err(Usage::new(format!(
                "{} takes the path of a file, not the key itself; hand that over in CAPISCIO_AGENT_PRIVATE_KEY_JWK",
                self.said_as
            )));
        }
        Ok(PathBuf::from(&self.value))
    }

    /// The value as milliseconds, rounded up, so that nothing above zero becomes zero.
    pub fn milliseconds(&self) -> Result<i64, Usage> {
        let nanoseconds = duration::parse(self.text()?).map_err(|wrong| self.wrong(wrong.sentence()))?;
        Ok(nanoseconds.div_ceil(MILLISECOND) as i64)
    }

    /// Like [`Given::milliseconds`], and zero is refused.
    pub fn positive_milliseconds(&self) -> Result<i64, Usage> {
        match self.milliseconds()? {
            0 => Err(self.wrong("must be longer than zero")),
            milliseconds => Ok(milliseconds),
        }
    }
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
            [_, more, ..] => Err(Usage::new(format!("\"{}\" is one argument too many", quoted(more)))),
        }
    }
}

impl super::flags::Command {
    /// The command's flag of this name.
    pub fn flag(&self, name: &str) -> Option<&'static Flag> {
        self.flags.iter().copied().flatten().find(|flag| flag.name == name)
    }
}
