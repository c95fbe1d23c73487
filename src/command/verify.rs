//! `capiscio badge verify`

use super::{FAILED, OK, print, print_message};
use crate::badge::MAX_TOKEN_LEN;
use crate::badge::verify::{Claims, Rules, verify as check};
use crate::cli::{Token, VerifyArgs};
use crate::encoding::escaped;
use crate::encoding::json::JsonObject;
use crate::error::{Error, absolute, general_hint};
use crate::keystore::read_public;
use crate::report::time::{date, span};
use crate::system::clock;
use crate::system::descriptor::{read_at_most, stdin};
use crate::system::filesystem::open;
use std::fmt::Display;
use std::fs::File;

/// Verifies a badge: 0 valid, 1 invalid, 2 usage.
#[inline(never)]
pub(super) fn verify(args: &VerifyArgs) -> Result<u8, Error> {
    let key = args.key.as_deref().map(read_public).transpose().map_err(Error::ReadVerifyKey)?;
    let token = match read_token(&args.token) {
        Ok(token) => token,
        Err(message) => {
            print_message(&message);
            if args.json {
                print(&invalid_json(None, &message))?;
            }
            return Ok(FAILED);
        }
    };
    let now = clock::wall().div_euclid(1000);
    let (key, audience) = (key.as_ref(), args.audience.as_deref());
    let &VerifyArgs { accept_self_signed, ref trusted_issuers, skew, .. } = args;
    let rules = Rules { key, accept_self_signed, trusted_issuers, audience, skew, now };
    let verdict = check(&token, &rules);
    let text = match &verdict {
        Ok(claims) if args.json => claims_json(claims),
        Ok(claims) => summary(claims, now),
        Err(invalid) if args.json => invalid_json(Some(invalid.code.as_str()), &invalid.detail),
        Err(invalid) => format!("{invalid}\n"),
    };
    print(&text)?;
    Ok(if verdict.is_ok() { OK } else { FAILED })
}

fn read_token(token: &Token) -> Result<Vec<u8>, String> {
    let read = |file: &File| read_at_most(file, 0, MAX_TOKEN_LEN + 2);
    match token {
        Token::Argument(token) => Ok(token.as_bytes().to_vec()),
        Token::Stdin => read(&stdin()).map_err(|error| format!("cannot read the badge from stdin: {error}")),
        Token::File(path) => open(path, libc::O_RDONLY).and_then(|file| read(&file)).map_err(|error| {
            let hint = general_hint(path, &error);
            format!("cannot read the badge {}: {error}{hint}", escaped(&absolute(path)))
        }),
    }
}

fn summary(claims: &Claims, now: i64) -> String {
    let mut text = String::from("valid\n");
    let mut row = |name: &str, value: &dyn Display| text += &format!("  {name:<9} {value}\n");
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
    JsonObject::new()
        .raw("valid", "true")
        .string("jti", &claims.jti)
        .string("iss", &claims.iss)
        .string("sub", &claims.sub)
        .strings("aud", &claims.aud)
        .integer("iat", claims.iat)
        .integer("exp", claims.exp)
        .string("ial", &claims.ial.to_string())
        .string("level", &claims.level.to_string())
        .optional_string("domain", claims.domain.as_deref())
        .finish()
        + "\n"
}

/// Without a code there was no badge that could be invalid.
fn invalid_json(code: Option<&str>, message: &str) -> String {
    JsonObject::new().raw("valid", "false").optional_string("code", code).string("message", message).finish() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_in_its_last_second_expires_and_then_has_expired() {
        let text = |value: &str| value.to_owned();
        let (jti, iss, sub) = (text("j"), text("https://a.example"), text("did:web:a"));
        let claims =
            Claims { jti, iss, sub, aud: Vec::new(), iat: 1000, exp: 1300, nbf: None, ial: 0, level: 1, domain: None };
        assert!(summary(&claims, 1299).ends_with("(in 1s)\n"));
        assert!(summary(&claims, 1300).ends_with("(0s ago, within the skew)\n"));
        assert!(summary(&claims, 1301).ends_with("(1s ago, within the skew)\n"));
    }
}
