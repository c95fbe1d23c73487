//! `capiscio badge health`

use super::print;
use crate::badge::MAX_TOKEN_LEN;
use crate::badge::health::{CRITICAL, State, assess, read};
use crate::badge::verify::{Code, Unverified};
use crate::cli::HealthArgs;
use crate::encoding::escaped;
use crate::encoding::json::JsonObject;
use crate::error::{Error, general_hint};
use crate::keystore::read_public_or_private;
use crate::system::clock;
use crate::system::filesystem::read_regular;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Reports whether the badge is usable: 0 OK, 1 WARNING, 2 CRITICAL.
#[inline(never)]
pub(super) fn health(args: &HealthArgs) -> u8 {
    let now = clock::wall().div_euclid(1000);
    let badge = read_badge(args);
    let (state, message) = match &badge {
        Err(message) => (CRITICAL, message.clone()),
        Ok(badge) => assess(badge, args.min_remaining, now),
    };
    if !args.quiet {
        let text =
            if args.json { json(args, state, &message, badge.ok(), now) } else { format!("{}: {message}\n", state.0) };
        // The exit status counts, also when the output is not read.
        let _ = print(&text);
    }
    state.1
}

fn read_badge(args: &HealthArgs) -> Result<Unverified, String> {
    let token = read_token(&args.path)?;
    let key = args.key.as_deref().map(read_public_or_private).transpose();
    let key = key.map_err(|error| Error::ReadKey(error).to_string())?;
    read(&token, key.as_ref()).map_err(|invalid| match (invalid.code, &args.key) {
        (Code::SignatureInvalid, Some(path)) => format!("Badge not signed by the key {}", escaped(path)),
        (Code::Malformed, _) => format!("Badge malformed: {}", invalid.detail),
        _ => format!("Badge invalid: {}", invalid.detail),
    })
}

fn read_token(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| match (error.kind(), general_hint(path, &error)) {
        (ErrorKind::NotFound, hint) => format!("Badge file not found{hint}"),
        (_, hint) => format!("Badge file unreadable: {error}{hint}"),
    };
    match read_regular(path, MAX_TOKEN_LEN + 2).map_err(failed)? {
        Some((token, _)) => Ok(token),
        None => Err("Badge file unreadable: it is not a regular file".into()),
    }
}

fn json(args: &HealthArgs, state: State, message: &str, badge: Option<Unverified>, now: i64) -> String {
    let mut object = JsonObject::new().string("state", state.0).string("message", message);
    if let Some(badge) = badge {
        object = object.integer("remaining", badge.exp - now).integer("exp", badge.exp);
        if let Some(iat) = badge.iat {
            object = object.integer("iat", iat);
        }
        object = object.optional_string("jti", badge.jti.as_deref()).optional_string("sub", badge.sub.as_deref());
    }
    object.string("path", &escaped(&args.path).to_string()).finish() + "\n"
}
