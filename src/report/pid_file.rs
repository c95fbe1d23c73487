//! The signal of `--signal-pid-file`, after a badge was written or restored, to the process that the file names.

use super::notice::Notice;
use super::problem::{self, Outcome, PidFileFault};
use crate::file::{Reason, open_without_foreign_links};
use crate::system::effective_uid;
use crate::system::filesystem::read_if_regular;
use crate::system::process::OtherProcess;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest pid file, in bytes.
const MAX_LEN: usize = 32;

/// Read anew for each signal: the process may have been replaced.
pub(crate) struct PidFile {
    path: PathBuf,
    signal: i32,
    is_due: bool,
}

impl PidFile {
    /// `path` is absolute.
    pub(crate) fn new(path: PathBuf, signal: i32) -> PidFile {
        PidFile { path, signal, is_due: false }
    }

    pub(super) fn tell(&mut self, notice: &Notice) -> Outcome {
        match notice {
            Notice::Issued { .. } | Notice::Restored => self.is_due = true,
            Notice::Sleeping(_) if std::mem::take(&mut self.is_due) => {
                return Some(self.signal().map_err(|fault| problem::pid_file(&self.path, &fault)));
            }
            _ => {}
        }
        None
    }

    // Not inlined: the file is smaller.
    #[inline(never)]
    fn signal(&self) -> Result<(), PidFileFault> {
        // Through another user's link the file could be that of any process.
        let file = open_without_foreign_links(&self.path).map_err(|reason| match reason {
            Reason::Io(error) if error.raw_os_error() != Some(libc::ELOOP) => PidFileFault::Io(error),
            _ => PidFileFault::Link,
        })?;
        let read = read_if_regular(&file, MAX_LEN + 1).map_err(PidFileFault::Io)?;
        let (bytes, found) = read.ok_or(PidFileFault::NotRegular)?;
        let pid = pid(&bytes).ok_or(PidFileFault::NoPid)?;
        if pid.cast_unsigned() == std::process::id() {
            return Err(PidFileFault::Own);
        }
        if pid == 1 && found.uid() != 0 {
            return Err(PidFileFault::First);
        }
        // First the process, which from then on stays the same one, then whose it is.
        let process = OtherProcess::open(pid).map_err(PidFileFault::Io)?;
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        let is_trusted =
            || owner == 0 || fs::metadata(Path::new(&format!("/proc/{pid}"))).is_ok_and(|found| found.uid() == owner);
        if effective_uid() == 0 && (mode & 0o022 != 0 || !is_trusted()) {
            return Err(PidFileFault::Untrusted { owner, mode });
        }
        process.signal(self.signal).map_err(PidFileFault::Io)
    }
}

/// A number above 0, with white space around it. No sign: a negative number would be a process group (kill(2)).
fn pid(bytes: &[u8]) -> Option<i32> {
    let digits = bytes.trim_ascii();
    let is_number = bytes.len() <= MAX_LEN && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_a_number_above_0_and_nothing_else() {
        for (content, expected) in [("1", 1), ("4711\n", 4711), (" 12 \r\n", 12), ("2147483647", i32::MAX)] {
            assert_eq!(pid(content.as_bytes()), Some(expected), "{content:?}");
        }
        let long = format!("12{}", " ".repeat(31));
        for content in ["", "\n", "0", "-1", "+5", "12 13", "0x10", "abc", "2147483648", &long] {
            assert_eq!(pid(content.as_bytes()), None, "{content:?}");
        }
    }
}
