//! What `badge keep` and `badge issue` are told, checked as far as words alone can be.

use super::duration;
use super::flags::{TEST_DOMAIN, TEST_SUBJECT};
use super::usage::Usage;
use super::words::{Environment, Words};
use crate::badge::claims::{Identity, Issuance};
use crate::badge::did::{is_did, is_host, is_https_origin};
use crate::file::Wanted;
use crate::keeper::policy::Policy;
use crate::keeper::settings::Settings;
use crate::key::file::Source;

/// The file is looked at ten times a second at most, however short `--check-interval` is.
const SHORTEST_LOOK: i64 = 100;
/// More text than this makes a badge that verifiers refuse, in bytes.
const LONGEST_IDENTITY: usize = 16 * 1024;

/// Understands the words of `badge keep` or `badge issue`. Remarks are added to the words' warnings.
pub fn settings(words: &mut Words, environment: Environment) -> Result<Settings, Usage> {
    let identity = identity(words)?;
    let policy = policy(words)?;
    let key = key(words, environment)?;
    let output = match words.path("out") {
        Some(path) if path.as_os_str() == "-" && words.command.words == "badge issue" => None,
        Some(path) if path.as_os_str() == "-" => {
            return Err(said(words, "out", "is stdout, which cannot be kept; a file of that name is ./-"));
        }
        Some(path) => Some(Wanted { path, mode: mode(words)?, group: group(words)? }),
        None => None,
    };
    let generate_key = words.switch("generate-key");
    if generate_key && matches!(key, Source::Environment(_)) {
        return Err(Usage::new(&"--generate-key needs a file to put the key in: --key private.jwk"));
    }
    let json_log = match words.text("log-format") {
        "text" => false,
        "json" => true,
        _ => return Err(said(words, "log-format", "is neither text nor json")),
    };
    let names = ["sub", "iss"].into_iter().filter(|_| matches!(identity.issuance, Issuance::SelfSigned));
    let mut claimed = Vec::new();
    for given in names.filter_map(|name| words.get(name)) {
        claimed.push((given.said_as.clone(), given.text().to_owned()));
    }
    let ready_fd = match words.get("ready-fd") {
        None => None,
        Some(given) => match given.number().map(i32::try_from) {
            Some(Ok(number)) if number > 2 => Some(number),
            _ => return Err(given.wrong("is no descriptor from 3 on (0 to 2 are the standard streams)")),
        },
    };
    Ok(Settings { identity, claimed, policy, key, generate_key, output, json_log, ready_fd })
}

fn identity(words: &mut Words) -> Result<Identity, Usage> {
    let self_sign = words.switch("self-sign");
    let level = level(words, self_sign)?;
    let (subject, issuer, domain) = (words.text("sub"), words.text("iss"), words.text("domain"));
    if !is_did(subject) {
        return Err(said(words, "sub", "is no DID; DIDs look like did:web:agent.example.com"));
    }
    if !is_https_origin(issuer) && !is_did(issuer) {
        let sentence = "is neither an HTTPS origin (https://host[:port], nothing behind it) nor a DID";
        return Err(said(words, "iss", sentence));
    }
    if domain.is_empty() && level > 1 {
        return Err(Usage::new(&format_args!("--domain is empty, and a badge of level {level} needs one")));
    }
    if !domain.is_empty() && !is_host(domain) {
        return Err(said(
            words,
            "domain",
            "is no host name; give a name like agent.example.com, with :port if need be",
        ));
    }
    let audience = words.list("aud");
    if audience.iter().any(|name| name.chars().any(char::is_control)) {
        return Err(said(words, "aud", "has a control character in it"));
    }
    let length = subject.len() + issuer.len() + audience.iter().map(|name| name.len() + 3).sum::<usize>();
    if length > LONGEST_IDENTITY {
        return Err(Usage::new(
            &"--sub, --iss and --aud are longer than 16 KiB together: no verifier reads a badge that large",
        ));
    }
    let issuance = if self_sign {
        Issuance::SelfSigned
    } else {
        Issuance::Registry { issuer: issuer.into(), subject: subject.into() }
    };
    let identity =
        Identity { issuance, domain: Some(domain.to_owned()).filter(|domain| !domain.is_empty()), audience, level };
    warn_of_test_values(words, &identity);
    Ok(identity)
}

fn level(words: &Words, self_sign: bool) -> Result<u8, Usage> {
    let level = match words.text("level").as_bytes() {
        [digit @ b'0'..=b'4'] => digit - b'0',
        _ => return Err(said(words, "level", "is no trust level from 0 to 4")),
    };
    match (self_sign, level) {
        (true, 0 | 1) => Ok(0),
        (true, _) => Err(said(words, "level", "cannot be self-signed: a self-signed badge has level 0")),
        (false, 0) => Err(said(words, "level", "means self-signed: add --self-sign")),
        (false, _) => Ok(level),
    }
}

fn policy(words: &Words) -> Result<Policy, Usage> {
    // Down to whole seconds, because a badge's times are.
    let lifetime = (duration::parse(words.text("exp")).unwrap_or_default() / 1_000_000_000) as i64;
    if lifetime == 0 {
        return Err(said(words, "exp", "is under a second: nobody could use such a badge"));
    }
    let latest = (lifetime - 1) * 1000;
    let renew_before = match words.get("renew-before") {
        None => words.milliseconds("renew-before").min(lifetime * 1000 / 3).min(latest),
        Some(given) => match given.positive_milliseconds()? {
            before if before >= lifetime * 1000 => {
                return Err(given.wrong("must be shorter than --exp, or each badge would be due at once"));
            }
            before if before > latest => {
                return Err(given.wrong("must be shorter than --exp by at least a second"));
            }
            before => before,
        },
    };
    let interval = words.get("check-interval");
    let look_every = match interval {
        Some(given) => given.positive_milliseconds()?.max(SHORTEST_LOOK),
        None => words.milliseconds("check-interval"),
    };
    Ok(Policy { lifetime, renew_before, look_every, look_always: interval.is_some() })
}

fn key(words: &Words, environment: Environment) -> Result<Source, Usage> {
    const VARIABLE: &str = "CAPISCIO_AGENT_PRIVATE_KEY_JWK";
    if let Some(path) = words.path("key") {
        return Ok(Source::File(path));
    }
    match environment(VARIABLE).filter(|value| !value.is_empty()) {
        Some(jwk) => match jwk.into_string() {
            Ok(jwk) => Ok(Source::Environment(jwk)),
            Err(_) => Err(Usage::new(&format_args!("{VARIABLE} is not UTF-8; it holds a private Ed25519 JWK"))),
        },
        None => Err(Usage::new(
            &"--key is missing: it names the private key; make one with: capiscio key gen --out-priv private.jwk",
        )),
    }
}

fn mode(words: &Words) -> Result<u32, Usage> {
    let text = words.text("out-mode");
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if octal && mode > 0o777 => Err(said(words, "out-mode", "is more than 0777")),
        Ok(mode) if octal && mode & 0o400 == 0 => {
            Err(said(words, "out-mode", "does not let its owner read the badge (0400)"))
        }
        Ok(mode) if octal => Ok(mode),
        _ => Err(said(words, "out-mode", "is no octal mode like 0640")),
    }
}

fn group(words: &Words) -> Result<Option<u32>, Usage> {
    let Some(given) = words.get("out-group") else { return Ok(None) };
    match given.number() {
        Some(group) if group != u32::MAX => Ok(Some(group)),
        _ => Err(given.wrong("is no group id, which is a number like 1000 (getent group NAME shows it)")),
    }
}

fn warn_of_test_values(words: &mut Words, identity: &Identity) {
    let subject = matches!(&identity.issuance, Issuance::Registry { subject, .. } if subject == TEST_SUBJECT);
    let domain = identity.domain.as_deref() == Some(TEST_DOMAIN);
    for (is_test, flag, value) in [(subject, "sub", TEST_SUBJECT), (domain, "domain", TEST_DOMAIN)] {
        if is_test {
            words
                .warnings
                .push(format!("--{flag} is {value}, a test value: give your agent's own for anything but a trial"));
        }
    }
}

/// An error about a flag, whether it was said or is the default.
fn said(words: &Words, name: &str, sentence: &str) -> Usage {
    match words.get(name) {
        Some(given) => given.wrong(sentence),
        None => Usage::new(&format_args!("--{name} {sentence}")),
    }
}
