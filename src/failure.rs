//! Every failure is a sentence: what was being done, to which path, what stands against it, what cures it.

use crate::encoding::escaped;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

/// A sentence about something that did not work. It never carries key material.
pub struct Failure(Box<str>);

impl Failure {
    /// `doing` names the step and its path, `reason` what stands against it, `cure` what to do ("" where nobody knows).
    pub fn new(doing: &dyn fmt::Display, reason: &dyn fmt::Display, cure: &dyn fmt::Display) -> Failure {
        let cure = cure.to_string();
        let link = if cure.is_empty() { "" } else { "; " };
        Failure(format!("{doing}: {reason}{link}{cure}").into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path as one word for a POSIX shell, to be copied from a sentence.
pub fn shell_word(path: &Path) -> String {
    let text = escaped(path).to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) && path.as_os_str() == OsStr::new(&text) {
        return text;
    }
    let mut word = String::from("'");
    for character in text.chars() {
        match character {
            '\'' => word.push_str("'\\''"),
            _ => word.push(character),
        }
    }
    word.push('\'');
    word
}
