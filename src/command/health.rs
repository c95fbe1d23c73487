//! `capiscio badge health`

use super::{DONE, FAILED, USAGE, print};
use crate::badge::MAX_TOKEN_LEN;
use crate::badge::verify::{Unverified, is_signed_by, read_unverified};
use crate::cli::Health;
use crate::encoding::escaped;
use crate::encoding::json::JsonObject;
use crate::key::file::read_either;
use crate::system::clock;
use crate::system::descriptor::read_at_most;
use crate::system::filesystem::open;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Clocks of consumers and of this machine may differ by so much, in seconds (RFC-002 §8.1).
const SKEW: i64 = 60;

/// A verdict in the guide's words; the state's name is its first word.
struct Verdict {
    state: &'static str,
    sentence: String,
}

/// Says whether the badge is usable: 0 OK, 1 WARNING, 2 CRITICAL.
#[inline(never)]
pub fn health(asked: &Health) -> u8 {
    let now = clock::wall().div_euclid(1000);
    let (verdict, badge) = match read(asked) {
        Err(sentence) => (Verdict::critical(sentence), None),
        Ok(badge) => (judge(&badge, asked.min_remaining, now), Some(badge)),
    };
    if !asked.quiet {
        let text = if asked.json {
            json(asked, &verdict, badge.as_ref(), now)
        } else {
            format!("{}: {}\n", verdict.state, verdict.sentence)
        };
        // A probe whose output nobody reads still tells by its exit code.
        let _ = print(&text);
    }
    match verdict.state {
        "OK" => DONE,
        "WARNING" => FAILED,
        _ => USAGE,
    }
}

impl Verdict {
    fn critical(sentence: impl Into<String>) -> Verdict {
        Verdict { state: "CRITICAL", sentence: sentence.into() }
    }
}

fn judge(badge: &Unverified, min_remaining: i64, now: i64) -> Verdict {
    let remaining = badge.exp - now;
    let begins = badge.iat.max(badge.nbf).unwrap_or(i64::MIN);
    if remaining <= 0 {
        Verdict::critical("Badge expired")
    } else if begins > now.saturating_add(SKEW) {
        Verdict::critical(format!("Badge not valid for another {}s", begins - now))
    } else if remaining < min_remaining {
        Verdict { state: "WARNING", sentence: format!("Badge expires in {remaining}s") }
    } else {
        Verdict { state: "OK", sentence: format!("Badge valid for {remaining}s") }
    }
}

fn read(asked: &Health) -> Result<Unverified, String> {
    let token = read_token(&asked.path)?;
    let badge = read_unverified(&token).map_err(|invalid| format!("Badge malformed: {}", invalid.detail))?;
    if let Some(path) = &asked.key {
        let key = read_either(path).map_err(|failure| failure.to_string())?;
        if !is_signed_by(&token, &key) {
            return Err(format!("Badge not signed by the key {}", escaped(path)));
        }
    }
    Ok(badge)
}

fn read_token(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => "Badge file not found".to_owned(),
        _ => format!("Badge file unreadable: {error}"),
    };
    // A probe answers at once, also where a FIFO or a terminal stands in the badge's place.
    let file = open(path, libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err("Badge file unreadable: it is no ordinary file".to_owned());
    }
    read_at_most(&file, MAX_TOKEN_LEN + 2).map_err(unreadable)
}

fn json(asked: &Health, verdict: &Verdict, badge: Option<&Unverified>, now: i64) -> String {
    let mut members = JsonObject::new().string("state", verdict.state).string("message", &verdict.sentence);
    if let Some(badge) = badge {
        members = members.integer("remaining", badge.exp - now).integer("exp", badge.exp);
        if let Some(iat) = badge.iat {
            members = members.integer("iat", iat);
        }
        members = members.optional_string("jti", badge.jti.as_deref()).optional_string("sub", badge.sub.as_deref());
    }
    members.string("path", &escaped(&asked.path).to_string()).finish() + "\n"
}
