//! The log on stderr: one notice, one line, one write(2). No line can block or end the program.

use super::line::{Line, line};
use super::notice::Notice;
use super::time::date;
use crate::encoding::json::JsonObject;
use crate::system::clock;
use crate::system::descriptor::{stderr, write_or_drop};
use std::env::var_os;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// Writes notices as lines of one form.
pub(crate) enum Log {
    /// Date, level, sentence.
    Text,
    /// The priority that journald strips (sd-daemon(3)), sentence. The journal adds the time.
    Journal,
    /// One JSON object, with the time in Unix seconds.
    Json,
}

/// A pipe that poll(2) reports as writable takes this many bytes at once (PIPE_BUF, pipe(7)).
const MAX_LINE: usize = 4096;

impl Log {
    /// Child processes inherit `$JOURNAL_STREAM`: it counts only when it names what stderr is.
    pub(crate) fn new(json: bool) -> Log {
        // "device:inode" (systemd.exec(5)).
        let stream = stderr().metadata().map(|found| format!("{}:{}", found.dev(), found.ino()));
        match var_os("JOURNAL_STREAM") {
            _ if json => Log::Json,
            Some(journal) if stream.is_ok_and(|stream| journal == *stream) => Log::Journal,
            _ => Log::Text,
        }
    }

    /// `out` is the badge file, escaped. A line that would not fit into a pipe at once loses its facts and the end of its
    /// sentence.
    pub(crate) fn tell(&self, notice: &Notice, out: &str) {
        let Some(mut line) = line(notice, out) else { return };
        let mut text = self.format(&line);
        if text.len() > MAX_LINE {
            // Even if JSON escapes every character, an eighth of the line fits.
            line.sentence.truncate(line.sentence.floor_char_boundary(MAX_LINE / 8));
            line.facts = JsonObject::new();
            text = self.format(&line);
        }
        write_stderr(&text);
    }

    fn format(&self, Line { level, event, sentence, facts }: &Line) -> String {
        let (name, priority) = level;
        let now = clock::wall().div_euclid(1000);
        match self {
            Log::Text => format!("{} {name}: {sentence}\n", date(now)),
            Log::Journal => format!("<{priority}>{sentence}\n"),
            Log::Json => {
                let object = JsonObject::new().integer("time", now).string("level", name).string("event", event);
                object.string("message", sentence).extend(facts).finish() + "\n"
            }
        }
    }
}

/// Writes to stderr, and drops what it does not take at once.
pub(crate) fn write_stderr(text: &str) {
    write_or_drop(stderr().as_fd(), text.as_bytes());
}
