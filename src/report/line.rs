//! Notices as log lines.

use super::notice::{IssueReason, Notice};
use super::problem::how;
use super::time::{date, span};
use crate::badge::issue::Badge;
use crate::encoding::escaped;
use crate::encoding::json::JsonObject;
use crate::error::descriptor_hint;
use crate::file::{Damage, FileWarning, UnwatchedReason};
use crate::system::child::Ended;
use crate::system::effective_uid;
use std::fmt::Display;
use std::io;

/// Name and priority (sd-daemon(3)).
type Level = (&'static str, u8);

const INFO: Level = ("info", 6);
const WARNING: Level = ("warning", 4);
const ERROR: Level = ("error", 3);

/// A log line without its time. `event` and `facts` are for programs, `sentence` is for people.
pub(super) struct Line {
    pub level: Level,
    pub event: &'static str,
    pub sentence: String,
    pub facts: JsonObject,
}

/// The line of a notice, if it has one. `out` is the badge file, escaped.
pub(super) fn line(notice: &Notice, out: &str) -> Option<Line> {
    let (none, about) = (JsonObject::new, || JsonObject::new().string("out", out));
    let (level, event, sentence, facts) = match notice {
        Notice::RenewalRequested | Notice::Sleeping(_) => return None,
        Notice::Warning(warning) => (WARNING, "warning", (*warning).to_owned(), none()),
        Notice::Refused(problem) => (ERROR, "failed", (*problem).to_owned(), none()),
        Notice::KeyGenerated { path, did } => {
            let path = escaped(path).to_string();
            let sentence = format!("generated the private key {path}; its public key is {did}");
            (INFO, "key", sentence, none().string("key", &path).string("did", did))
        }
        Notice::WaitingForClock { now } => {
            let now = date(*now);
            let sentence = format!("waiting for the clock to be set (it says {now}); no badge is signed until then");
            (WARNING, "waiting", sentence, none())
        }
        Notice::ClockSet { from, to } => {
            let sentence = format!("the clock was set from {} to {}", date(*from), date(*to));
            (WARNING, "clock", sentence, none().integer("step", to - from))
        }
        Notice::Issued { badge, reason: IssueReason::Start, renewal, now, .. } => {
            let (subject, key) = (escaped(&badge.subject), short_key(badge));
            let sentence = format!("started: {out} for {subject}, {} (key {key})", until(badge, *renewal, *now));
            (INFO, "started", sentence, badge_facts(badge, *renewal, out))
        }
        Notice::Issued { badge, reason, renewal, now, other_key } => {
            let reason = match reason {
                IssueReason::Start | IssueReason::Due => "",
                IssueReason::Expired => " after the old badge expired",
                IssueReason::FromTheFuture => " because the clock went back to before the old badge was issued",
                IssueReason::Requested => " by SIGHUP",
            };
            let key = if *other_key { &format!(" with another key ({})", short_key(badge)) } else { "" };
            let sentence = format!("renewed{key}{reason}: {}", until(badge, *renewal, *now));
            (INFO, "renewed", sentence, badge_facts(badge, *renewal, out))
        }
        Notice::Damaged { damage, next_attempt } => {
            let next = match next_attempt {
                None => "restoring it".into(),
                Some(at) => format!("another process keeps changing it, so it is restored at {}", date(*at)),
            };
            (WARNING, "damaged", format!("badge file {out} {}; {next}", describe(damage)), about())
        }
        Notice::Restored => (INFO, "restored", format!("restored {out}"), about()),
        Notice::Failed { error, next_attempt: None } => (ERROR, "failed", format!("{error}"), none()),
        Notice::Failed { error, next_attempt: Some(at) } => {
            let sentence = format!("{error}; next attempt at {}", date(*at));
            (ERROR, "failed", sentence, none().integer("next_attempt", *at))
        }
        Notice::File(warning) => (WARNING, "warning", file_warning(warning, out), none()),
        Notice::Stopped { has_badge, child } => {
            let end = if *has_badge { "the badge remains in" } else { "no badge was written to" };
            let (level, why) = match child {
                Some(Ended::NotStarted { program, error }) => {
                    (ERROR, format!("cannot start {}: {error}", escaped(program)))
                }
                Some(ended) => {
                    // By SIGINT or SIGTERM it was asked to.
                    let level = if matches!(ended.exit_status(), 0 | 130 | 143) { INFO } else { WARNING };
                    (level, format!("stopped: the command ended {}", how(ended)))
                }
                None => (INFO, "stopped".into()),
            };
            (level, "stopped", format!("{why}; {end} {out}"), about())
        }
    };
    Some(Line { level, event, sentence, facts })
}

fn until(badge: &Badge, renewal: i64, now: i64) -> String {
    format!("valid until {}, next renewal in {}", date(badge.exp), span(renewal - now))
}

/// `z6Mk...19X`: enough of a did:key to tell two keys apart.
fn short_key(badge: &Badge) -> String {
    let did = badge.key.did_key();
    let id = did.strip_prefix("did:key:").unwrap_or_default();
    format!("{id:.4}...{}", &id[id.len().saturating_sub(3)..])
}

fn badge_facts(badge: &Badge, renewal: i64, out: &str) -> JsonObject {
    let facts = JsonObject::new().string("jti", &badge.jti).integer("exp", badge.exp).integer("renewal", renewal);
    let facts = facts.string("sub", &badge.subject).string("iss", &badge.issuer).string("out", out);
    facts.string("key", &badge.key.did_key())
}

fn describe(damage: &Damage) -> String {
    match damage {
        Damage::Deleted => "was deleted".into(),
        Damage::NotRegular => "was replaced by something that is not a regular file".into(),
        Damage::Mode { found, expected } => {
            format!("has mode {found:04o} instead of {expected:04o} (--out-mode sets another mode)")
        }
        Damage::Owner { found: (uid, gid), expected: (old_uid, old_gid) } => {
            format!("has owner {uid}:{gid} instead of {old_uid}:{old_gid} (--out-group sets another group)")
        }
        Damage::Empty => "was truncated".into(),
        Damage::Content => "has other content than was written".into(),
        Damage::Unreadable(error) => format!("cannot be read: {error}"),
    }
}

/// A warning about a file, escaped, whose directory was not synced.
pub(crate) fn not_synced(path: &dyn Display, error: &io::Error) -> String {
    let hint = descriptor_hint(error);
    format!("wrote {path}, but cannot sync its directory: {error}{hint}; a power cut may undo that")
}

/// A warning about the badge file `out`, escaped.
pub(crate) fn file_warning(warning: &FileWarning, out: &str) -> String {
    match warning {
        FileWarning::DirectoryNotSynced(error) => not_synced(&out, error),
        FileWarning::LockUnsupported(error) => {
            format!("cannot lock {out}: {error}; nothing prevents a second keeper on the same file")
        }
        FileWarning::UntrustedDirectory { path, owner, mode } => {
            let (path, uid) = (escaped(path), effective_uid());
            let why = format!("others can replace files in {path} (owner {owner}, mode {mode:04o})");
            format!("{why}; use a directory that only uid {uid} can write to")
        }
        FileWarning::LockNotOwn { lock, owner, names } => {
            let lock = escaped(lock);
            format!(
                "lock file {lock} is not the keeper's own (uid {owner}, {names} names), so it gets no pid; remove it"
            )
        }
        FileWarning::Unwatched(reason) => {
            let reason = match reason {
                UnwatchedReason::InotifyInstances => "inotify instance limit (fs.inotify.max_user_instances)",
                UnwatchedReason::Inotify(libc::ENOSPC) => "inotify watch limit (fs.inotify.max_user_watches)",
                UnwatchedReason::Inotify(errno) => {
                    let error = io::Error::from_raw_os_error(*errno);
                    &format!("inotify: {error}{}", descriptor_hint(&error))
                }
                UnwatchedReason::RemoteFileSystem => "network or shared file system",
            };
            format!("the kernel does not report changes of {out}: {reason}; polling it every --check-interval")
        }
    }
}

#[cfg(test)]
mod tests;
