//! The settings of `badge keep` and `badge issue`, checked as far as arguments alone can be.

use super::error::Problem;
use super::flags::*;
use super::parse::{Args, Environment, Request};
use super::value::milliseconds;
use crate::badge::claims::{Identity, Issuance};
use crate::file::OutputOptions;
use crate::keeper::policy::Policy;
use crate::keeper::settings::Settings;
use crate::keystore::KeySource;

/// Bounds how often the file is polled, however short `--check-interval` is. Milliseconds.
const MIN_POLL_INTERVAL: i64 = 100;
/// Verifiers refuse the badge that longer texts make. Bytes.
const MAX_IDENTITY_LEN: usize = 16 * 1024;

/// What only `badge keep` is told.
pub struct KeepOptions {
    /// The badge file.
    pub output: OutputOptions,
    /// Log lines are JSON.
    pub json_log: bool,
    /// A descriptor that gets a newline when the first badge is in place.
    pub ready_fd: Option<i32>,
}

pub(super) fn keep(args: &mut Args, environment: Environment) -> Request {
    let settings = settings(args, environment);
    let output =
        OutputOptions { path: args.value(&KEEP_OUT), mode: args.value(&OUT_MODE), group: args.get(&OUT_GROUP) };
    Request::Keep(settings, KeepOptions { output, json_log: args.value(&LOG_JSON), ready_fd: args.get(&READY_FD) })
}

pub(super) fn issue(args: &mut Args, environment: Environment) -> Request {
    let settings = settings(args, environment);
    let path = args.get(&ISSUE_OUT).filter(|path| path.as_os_str() != "-");
    let (mode, group) = (args.value(&OUT_MODE), args.get(&OUT_GROUP));
    args.value(&LOG_JSON); // Checked only: there is no log here.
    Request::Issue(settings, path.map(|path| OutputOptions { path, mode, group }))
}

fn settings(args: &mut Args, environment: Environment) -> Settings {
    let (identity, required_did) = identity(args);
    let policy = policy(args);
    let generate_key = args.value(&GENERATE_KEY);
    let key = key(args, environment, generate_key);
    Settings { identity, required_did, policy, key, generate_key }
}

/// The identity; for a self-signed badge also the given values that must be the key's did:key, with their origins.
fn identity(args: &mut Args) -> (Identity, Vec<(String, String)>) {
    let (subject, issuer, domain) = (args.value(&SUB), args.value(&ISS), args.value(&DOMAIN));
    let audience = args.get(&AUD).unwrap_or_default();
    let self_sign = args.value(&SELF_SIGN);
    let level = args.value(&LEVEL);
    match (self_sign, level) {
        (true, 0 | 1) | (false, 1..) => {}
        (true, _) => args.refuse_value(&LEVEL.spec, "cannot be self-signed; a self-signed badge has level 0"),
        (false, 0) => args.refuse_value(&LEVEL.spec, "means self-signed; add --self-sign"),
    }
    if domain.is_none() && level > 1 {
        args.refuse_value(&DOMAIN.spec, "is empty, and a badge above level 1 needs one");
    }
    let names_len = audience.iter().map(|name| name.len() + 3).sum::<usize>();
    if subject.len() + issuer.len() + names_len > MAX_IDENTITY_LEN {
        args.refuse(Problem::Rule("--sub, --iss and --aud together are above 16 KiB, more than verifiers read"));
    }
    let is_test = domain.as_deref() == Some(TEST_DOMAIN);
    for (flag, is_test) in [(&SUB.spec, !self_sign && subject == TEST_SUBJECT), (&DOMAIN.spec, is_test)] {
        if is_test {
            let warning = format!("--{} is {}, a test value; give your agent's own", flag.name, flag.default);
            args.warnings.push(warning);
        }
    }
    let mut required_did = Vec::new();
    let issuance = if self_sign {
        for (flag, value) in [(&SUB.spec, subject), (&ISS.spec, issuer)] {
            if args.is_given(flag) {
                required_did.push((args.origin(flag), value));
            }
        }
        Issuance::SelfSigned
    } else {
        Issuance::Registry { issuer, subject, level }
    };
    (Identity { issuance, domain, audience }, required_did)
}

fn policy(args: &mut Args) -> Policy {
    let lifetime = args.value(&EXP).as_secs() as i64;
    let latest = (lifetime - 1) * 1000;
    let mut renew_before = milliseconds(args.value(&RENEW_BEFORE));
    if !args.is_given(&RENEW_BEFORE.spec) {
        renew_before = renew_before.min(lifetime * 1000 / 3).min(latest);
    } else if renew_before >= lifetime * 1000 {
        args.refuse_value(&RENEW_BEFORE.spec, "must be shorter than --exp, or each badge would be due at once");
    } else if renew_before > latest {
        args.refuse_value(&RENEW_BEFORE.spec, "must be shorter than --exp by at least a second");
    }
    let poll_interval = milliseconds(args.value(&CHECK_INTERVAL)).max(MIN_POLL_INTERVAL);
    Policy { lifetime, renew_before, poll_interval, poll_always: args.is_given(&CHECK_INTERVAL.spec) }
}

fn key(args: &mut Args, environment: Environment, generate: bool) -> KeySource {
    if let Some(path) = args.get(&KEY) {
        return KeySource::File(path);
    }
    let jwk = environment("CAPISCIO_AGENT_PRIVATE_KEY_JWK").unwrap_or_default();
    if jwk.is_empty() {
        args.refuse(Problem::Rule(
            "--key is missing: name the private key; make one: capiscio key gen --out-priv private.jwk",
        ));
    } else if generate {
        args.refuse(Problem::Rule("--generate-key needs a file for the key: --key private.jwk"));
    }
    // Not parsed like a flag: the message would show a part of the key.
    KeySource::Environment(jwk.into_string().unwrap_or_else(|_| {
        args.refuse(Problem::Rule("CAPISCIO_AGENT_PRIVATE_KEY_JWK is not UTF-8; it takes a private Ed25519 JWK"));
        String::new()
    }))
}
