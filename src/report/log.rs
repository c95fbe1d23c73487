//! Log lines: one event, one line, one write(2) to stderr, and no line can stop the program.

use super::time::date;
use crate::encoding::json::JsonObject;
use crate::system::clock;
use crate::system::descriptor::stderr;
use crate::system::poll::writable_now;
use std::fmt::Display;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A readable time, the level, a sentence.
    Text,
    /// The priority that journald strips (sd-daemon(3)) and a sentence; the journal has its own clock.
    Journal,
    /// One JSON object, with the time in Unix seconds.
    Json,
}

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody should know.
    Warning,
    /// Something did not work.
    Error,
}

/// A pipe takes so many bytes whole and, when poll(2) calls it writable, at once (PIPE_BUF, pipe(7)).
const LINE: usize = 4096;

/// Where the keeper tells what it does.
#[derive(Clone, Copy)]
pub struct Log(Format);

impl Log {
    /// `journal_stream` is the value of `$JOURNAL_STREAM`: text goes to the journal only when stderr is that
    /// very stream.
    pub fn new(json: bool, journal_stream: Option<&str>) -> Log {
        Log(match () {
            () if json => Format::Json,
            () if journal_stream.is_some_and(is_stderr) => Format::Journal,
            () => Format::Text,
        })
    }

    /// Writes a line: `event` is its name for machines, `sentence` is for people, `facts` are further members
    /// of the JSON object.
    pub(crate) fn line(self, level: Level, event: &str, sentence: &dyn Display, facts: JsonObject) {
        let sentence = sentence.to_string();
        let mut line = self.format(level, event, &sentence, facts);
        if line.len() > LINE {
            line = self.format(level, event, truncated(&sentence), JsonObject::new());
        }
        say(&line);
    }

    fn format(self, level: Level, event: &str, sentence: &str, facts: JsonObject) -> String {
        let (name, priority) = match level {
            Level::Info => ("info", 6),
            Level::Warning => ("warning", 4),
            Level::Error => ("error", 3),
        };
        let now = clock::wall().div_euclid(1000);
        match self.0 {
            Format::Text => format!("{} {name}: {sentence}\n", date(now)),
            Format::Journal => format!("<{priority}>{sentence}\n"),
            Format::Json => {
                let head = JsonObject::new().integer("time", now).string("level", name).string("event", event);
                let mut line = head.string("message", sentence).extend(facts).finish();
                line.push('\n');
                line
            }
        }
    }
}

/// Writes to stderr in one piece. A stream that is gone, or whose reader has stopped reading, is passed over. (Where
/// several processes write to one pipe, another may fill it in between; then this one waits for the reader.)
pub fn say(text: &str) {
    let mut stderr = stderr();
    if writable_now(stderr.as_fd()) {
        let _ = stderr.write_all(text.as_bytes());
    }
}

/// An eighth of a line holds any sentence even when every character of it is escaped in JSON.
fn truncated(sentence: &str) -> &str {
    &sentence[..sentence.floor_char_boundary(LINE / 8)]
}

/// Whether `$JOURNAL_STREAM`, "device:inode", names what stderr is (systemd.exec(5)).
fn is_stderr(stream: &str) -> bool {
    stderr().metadata().is_ok_and(|found| stream == format!("{}:{}", found.dev(), found.ino()))
}
