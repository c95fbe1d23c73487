//! `capiscio badge verify`

use super::{DONE, FAILED, USAGE, complain, print};
use crate::badge::MAX_TOKEN_LEN;
use crate::badge::verify::{Claims, Rules, verify as check};
use crate::cli::{Token, Verify};
use crate::encoding::escaped;
use crate::encoding::json::JsonObject;
use crate::key::file::read_public;
use crate::report::time::{date, span};
use crate::system::clock;
use crate::system::descriptor::{read_at_most, stdin};
use crate::system::filesystem::open;
use std::fmt::Display;
use std::fs::File;

/// Verifies a badge: 0 valid, 1 invalid, 2 usage.
#[inline(never)]
pub fn verify(asked: &Verify) -> u8 {
    let key = match asked.key.as_deref().map(read_public).transpose() {
        Ok(key) => key,
        Err(failure) => {
            complain(&failure);
            return USAGE;
        }
    };
    let token = match read_token(&asked.token) {
        Ok(token) => token,
        Err(sentence) => {
            complain(&sentence);
            if asked.json {
                print(&invalid_json(None, &sentence));
            }
            return FAILED;
        }
    };
    let now = clock::wall().div_euclid(1000);
    let rules = Rules {
        key: key.as_ref(),
        accept_self_signed: asked.accept_self_signed,
        trusted_issuers: &asked.trusted_issuers,
        audience: asked.audience.as_deref(),
        skew: asked.skew,
        now,
    };
    let verdict = check(&token, &rules);
    let text = match &verdict {
        Ok(claims) if asked.json => claims_json(claims),
        Ok(claims) => summary(claims, now),
        Err(invalid) if asked.json => invalid_json(Some(invalid.code.as_str()), &invalid.detail),
        Err(invalid) => format!("{}: {}\n", invalid.code.as_str(), invalid.detail),
    };
    match (print(&text), verdict) {
        (DONE, Ok(_)) => DONE,
        _ => FAILED,
    }
}

fn read_token(token: &Token) -> Result<Vec<u8>, String> {
    let read = |file: &File| read_at_most(file, MAX_TOKEN_LEN + 2);
    match token {
        Token::Word(word) => Ok(word.as_bytes().to_vec()),
        Token::Stdin => read(&stdin()).map_err(|error| format!("cannot read the badge from stdin: {error}")),
        Token::File(path) => open(path, libc::O_RDONLY)
            .and_then(|file| read(&file))
            .map_err(|error| format!("cannot read the badge {}: {error}", escaped(path))),
    }
}

fn summary(claims: &Claims, now: i64) -> String {
    let mut text = String::from("valid\n");
    let mut row = |name: &str, value: &dyn Display| {
        text.push_str(&format!("  {name:<9} {value}\n"));
    };
    row("subject", &escaped(&claims.sub));
    row("issuer", &escaped(&claims.iss));
    row("level", &claims.level);
    if let Some(domain) = &claims.domain {
        row("domain", &escaped(domain));
    }
    if !claims.aud.is_empty() {
        row("audience", &escaped(&claims.aud.join(", ")));
    }
    row("issued", &date(claims.iat));
    let left = claims.exp - now;
    let when = if left > 0 { format!("in {}", span(left)) } else { format!("{} ago, within the skew", span(-left)) };
    row("expires", &format_args!("{} ({when})", date(claims.exp)));
    text
}

fn claims_json(claims: &Claims) -> String {
    let mut members = JsonObject::new()
        .raw("valid", "true")
        .string("jti", &claims.jti)
        .string("iss", &claims.iss)
        .string("sub", &claims.sub);
    if !claims.aud.is_empty() {
        members = members.strings("aud", &claims.aud);
    }
    members
        .integer("iat", claims.iat)
        .integer("exp", claims.exp)
        .string("ial", &claims.ial.to_string())
        .string("level", &claims.level.to_string())
        .optional_string("domain", claims.domain.as_deref())
        .finish()
        + "\n"
}

/// No code: there was no badge that could have been invalid.
fn invalid_json(code: Option<&str>, sentence: &str) -> String {
    JsonObject::new().raw("valid", "false").optional_string("code", code).string("message", sentence).finish() + "\n"
}
