//! The log on stderr: one notice, one line, one write(2). No line can block or end the program.

use super::line::{Line, line};
use super::notice::Notice;
use super::time::date;
use crate::encoding::json::JsonObject;
use crate::system::clock;
use crate::system::descriptor::{stderr, write_or_drop};
use crate::system::signals::handle_alarm;
use std::env::var_os;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;

/// Writes notices as lines of one form.
pub(crate) struct Log {
    form: Form,
    /// A regular file takes a line at once.
    is_regular: bool,
    /// Asked at the start: once it is closed, it is a terminal no more (ioctl(2) gives EIO).
    pub has_terminal: bool,
}

enum Form {
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
    /// Child processes inherit `$JOURNAL_STREAM`: it counts only when it names what stderr is. From now on SIGALRM does
    /// nothing but interrupt a line.
    pub(crate) fn new(json: bool) -> Log {
        handle_alarm();
        let found = stderr().metadata().ok();
        let kind = found.as_ref().map_or(0, |found| found.mode() & libc::S_IFMT);
        // "device:inode" (systemd.exec(5)).
        let stream = found.map(|found| format!("{}:{}", found.dev(), found.ino()));
        let form = match var_os("JOURNAL_STREAM") {
            _ if json => Form::Json,
            Some(journal) if stream.is_some_and(|stream| journal == *stream) => Form::Journal,
            _ => Form::Text,
        };
        let has_terminal = kind == libc::S_IFCHR && stderr().is_terminal();
        Log { form, is_regular: kind == libc::S_IFREG, has_terminal }
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
        if self.is_regular {
            let _ = stderr().write(text.as_bytes());
        } else {
            write_or_drop(&stderr(), text.as_bytes());
        }
    }

    fn format(&self, Line { level, event, sentence, facts }: &Line) -> String {
        let (name, priority) = level;
        let now = clock::wall().div_euclid(1000);
        match self.form {
            Form::Text => format!("{} {name}: {sentence}\n", date(now)),
            Form::Journal => format!("<{priority}>{sentence}\n"),
            Form::Json => {
                let object = JsonObject::new().integer("time", now).string("level", name).string("event", event);
                object.string("message", sentence).extend(facts).finish() + "\n"
            }
        }
    }
}
