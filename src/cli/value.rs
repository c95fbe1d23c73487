//! The parser of each kind of value.

use super::duration::parse as nanoseconds;
use crate::badge::did::{is_did, is_host, is_https_origin};
use std::ffi::OsStr;
use std::path::PathBuf;

/// Why a value is refused: the end of a sentence that begins with the flag and the value.
pub(super) type Reason = &'static str;
pub(super) type Parser<T> = fn(&OsStr) -> Result<T, Reason>;

fn utf8(value: &OsStr) -> Result<&str, Reason> {
    value.to_str().ok_or("is not UTF-8")
}

/// Text for which `is_valid` holds.
fn checked(value: &OsStr, is_valid: fn(&str) -> bool, reason: Reason) -> Result<String, Reason> {
    let text = utf8(value)?;
    if is_valid(text) { Ok(text.to_owned()) } else { Err(reason) }
}

pub(super) fn text(value: &OsStr) -> Result<String, Reason> {
    utf8(value).map(str::to_owned)
}

pub(super) fn boolean(value: &OsStr) -> Result<bool, Reason> {
    match utf8(value)? {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("is neither true nor false"),
    }
}

pub(super) fn log_json(value: &OsStr) -> Result<bool, Reason> {
    match utf8(value)? {
        "text" => Ok(false),
        "json" => Ok(true),
        _ => Err("is neither text nor json"),
    }
}

/// Refuses a key given in place of its file: later messages name the path.
pub(super) fn path(value: &OsStr) -> Result<PathBuf, Reason> {
    let bytes = value.as_encoded_bytes();
    if bytes.is_empty() {
        return Err("is empty; give the path of a file");
    }
    if bytes.contains(&b'{') && bytes.windows(3).any(|three| three == br#""d""# || three == br#""x""#) {
        return Err("is a key; give the path of its file");
    }
    Ok(value.into())
}

pub(super) fn kept_path(value: &OsStr) -> Result<PathBuf, Reason> {
    if value == "-" { Err("is stdout, which cannot be renewed; a file of that name is ./-") } else { path(value) }
}

pub(super) fn seconds(value: &OsStr) -> Result<i64, Reason> {
    nanoseconds(utf8(value)?).map(|nanos| (nanos / 1_000_000_000) as i64)
}

/// Rounded up: the times in a badge are whole seconds.
pub(super) fn seconds_rounded_up(value: &OsStr) -> Result<i64, Reason> {
    nanoseconds(utf8(value)?).map(|nanos| nanos.div_ceil(1_000_000_000) as i64)
}

pub(super) fn lifetime(value: &OsStr) -> Result<i64, Reason> {
    let seconds = seconds(value)?;
    if seconds == 0 { Err("is under a second, the shortest lifetime of a badge") } else { Ok(seconds) }
}

/// At least 1: rounded up.
pub(super) fn milliseconds(value: &OsStr) -> Result<i64, Reason> {
    let nanos = nanoseconds(utf8(value)?)?;
    if nanos == 0 { Err("must be longer than zero") } else { Ok(nanos.div_ceil(1_000_000) as i64) }
}

/// The parts between commas that are not empty.
fn list(value: &OsStr) -> Result<Vec<String>, Reason> {
    let mut parts = Vec::new();
    for part in utf8(value)?.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        parts.push(part.to_owned());
    }
    Ok(parts)
}

pub(super) fn audience(value: &OsStr) -> Result<Vec<String>, Reason> {
    let names = list(value)?;
    let has_control = names.iter().any(|name| name.contains(char::is_control));
    if has_control { Err("contains a control character") } else { Ok(names) }
}

/// An empty list most likely comes from an empty variable and must not mean any issuer.
pub(super) fn issuers(value: &OsStr) -> Result<Vec<String>, Reason> {
    let names = list(value)?;
    if names.is_empty() { Err("names no issuer; name the issuers, or leave it out to accept any") } else { Ok(names) }
}

pub(super) fn did(value: &OsStr) -> Result<String, Reason> {
    checked(value, is_did, "is not a DID; a DID looks like did:web:agent.example.com")
}

pub(super) fn issuer(value: &OsStr) -> Result<String, Reason> {
    let is_issuer = |text: &str| is_https_origin(text) || is_did(text);
    checked(value, is_issuer, "is neither an HTTPS origin (https://host[:port], no path) nor a DID")
}

pub(super) fn domain(value: &OsStr) -> Result<String, Reason> {
    let is_domain = |text: &str| text.is_empty() || is_host(text);
    checked(value, is_domain, "is not a host name; give a name like agent.example.com, with :port if needed")
}

pub(super) fn level(value: &OsStr) -> Result<u8, Reason> {
    match value.as_encoded_bytes() {
        [digit @ b'0'..=b'4'] => Ok(digit - b'0'),
        _ => Err("is not a trust level from 0 to 4"),
    }
}

pub(super) fn mode(value: &OsStr) -> Result<u32, Reason> {
    let text = utf8(value)?;
    let digits = text.strip_prefix("0o").unwrap_or(text);
    // from_str_radix takes a sign, too.
    match u32::from_str_radix(digits, 8) {
        Ok(0o1000..) => Err("is above 0777"),
        Ok(mode) if mode & 0o400 == 0 => Err("does not let its owner read the badge (0400)"),
        Ok(mode) if !digits.starts_with('+') => Ok(mode),
        _ => Err("is not an octal mode like 0640"),
    }
}

pub(super) fn signal(value: &OsStr) -> Result<i32, Reason> {
    let name = utf8(value)?;
    Ok(match name.strip_prefix("SIG").unwrap_or(name) {
        "HUP" => libc::SIGHUP,
        "USR1" => libc::SIGUSR1,
        "USR2" => libc::SIGUSR2,
        "INT" => libc::SIGINT,
        "QUIT" => libc::SIGQUIT,
        "TERM" => libc::SIGTERM,
        "WINCH" => libc::SIGWINCH,
        _ => return Err("is not one of HUP, USR1, USR2, INT, QUIT, TERM, WINCH"),
    })
}

fn number(value: &OsStr) -> Option<u32> {
    value.to_str()?.parse().ok()
}

pub(super) fn group(value: &OsStr) -> Result<u32, Reason> {
    // chown(2) takes the highest number as "leave it as it is".
    number(value).filter(|group| *group != u32::MAX).ok_or("is not a group id (getent group NAME shows it)")
}

pub(super) fn descriptor(value: &OsStr) -> Result<i32, Reason> {
    let descriptor = number(value).and_then(|number| i32::try_from(number).ok()).filter(|number| *number > 2);
    descriptor.ok_or("is not a descriptor from 3 on (0 to 2 are the standard streams)")
}
