#![forbid(unsafe_code)]
//! Every failure is a sentence: what was being done, to which path, what stands against it, what cures it.

use crate::encoding::shown;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

/// A sentence about something that did not work. It never carries key material.
pub struct Failure {
    doing: String,
    reason: String,
    cure: String,
}

impl Failure {
    /// `doing` names the step and its path, `reason` what stands against it, `cure` what to do ("" where nobody knows).
    pub fn new(doing: impl Into<String>, reason: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure { doing: doing.into(), reason: reason.into(), cure: cure.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)?;
        f.write_str(": ")?;
        f.write_str(&self.reason)?;
        if !self.cure.is_empty() {
            f.write_str("; ")?;
            f.write_str(&self.cure)?;
        }
        Ok(())
    }
}

/// A path as one word for a POSIX shell, to be copied from a sentence.
pub fn shell_word(path: &Path) -> String {
    let text = shown(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) && path.as_os_str() == OsStr::new(&text) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
