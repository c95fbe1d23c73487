//! The typed arguments of each command, checked as far as arguments alone can be.

use super::flags::*;
use super::given::Args;
use crate::badge::claims::{Identity, Issuance};
use crate::file::OutputOptions;
use crate::keeper::Settings;
use crate::keeper::policy::Policy;
use crate::keystore::KeySource;
use std::ffi::OsString;
use std::path::PathBuf;

/// Bounds how often the file is polled, however short `--check-interval` is. Milliseconds.
const MIN_POLL_INTERVAL: i64 = 100;
/// Verifiers refuse the badge that longer texts make. Bytes.
const MAX_IDENTITY_LEN: usize = 16 * 1024;

/// What to do, with typed arguments.
pub enum Request {
    /// `badge keep`
    Keep(Settings, KeepOptions),
    /// `badge issue`; without a file to stdout
    Issue(Settings, Option<OutputOptions>),
    /// `badge health`
    Health(HealthArgs),
    /// `badge verify`
    Verify(VerifyArgs),
    /// `key gen`
    KeyGen(KeyGenArgs),
    /// `key public`
    KeyPublic(KeyPublicArgs),
    /// Help or version, for stdout.
    Print(String),
}

/// What only `badge keep` is told.
pub struct KeepOptions {
    /// The badge file.
    pub output: OutputOptions,
    /// Log lines are JSON.
    pub json_log: bool,
    /// A descriptor that gets a newline when the first badge is in place.
    pub ready_fd: Option<i32>,
    /// A program that runs after each event.
    pub hook: Option<PathBuf>,
    /// A file with the pid of a process that gets a signal after each badge, and the signal's number.
    pub pid_file: Option<(PathBuf, i32)>,
    /// A file for metrics.
    pub metrics_file: Option<PathBuf>,
    /// The agent's program and its arguments; empty: none.
    pub command: Vec<OsString>,
    /// The number of the signal that tells the agent of each badge after the first.
    pub command_signal: Option<i32>,
}

/// `badge health`
pub struct HealthArgs {
    /// The badge file.
    pub path: PathBuf,
    /// WARNING below this, in seconds.
    pub min_remaining: i64,
    /// Also check the signature with this key.
    pub key: Option<PathBuf>,
    /// Print one JSON object.
    pub json: bool,
    /// Print nothing.
    pub quiet: bool,
}

/// Where `badge verify` finds its token.
pub enum Token {
    /// On the command line.
    Argument(String),
    /// In a file.
    File(PathBuf),
    /// On stdin.
    Stdin,
}

/// `badge verify`
pub struct VerifyArgs {
    /// Where the token is.
    pub token: Token,
    /// The public key to check the signature with.
    pub key: Option<PathBuf>,
    /// Without a key: accept level 0 badges, by the key in their did:key.
    pub accept_self_signed: bool,
    /// Accept only these issuers; empty: any.
    pub trusted_issuers: Vec<String>,
    /// Require this audience.
    pub audience: Option<String>,
    /// How far the issuer's clock may differ, in seconds.
    pub skew: i64,
    /// Print one JSON object.
    pub json: bool,
}

/// `key gen`
pub struct KeyGenArgs {
    /// The private key's file.
    pub private: PathBuf,
    /// The public key's file.
    pub public: PathBuf,
    /// A file for the did:key.
    pub did: Option<PathBuf>,
    /// Print the did:key.
    pub show_did: bool,
    /// Replace existing files.
    pub force: bool,
}

/// `key public`
pub struct KeyPublicArgs {
    /// The private key's file.
    pub key: PathBuf,
    /// Print the did:key instead of the JWK.
    pub did: bool,
}

pub(super) fn keep(args: &mut Args) -> Request {
    args.read_variables();
    let output = OutputOptions { path: args.value(&OUT), mode: args.value(&OUT_MODE), group: args.get(&OUT_GROUP) };
    let (signal, command) = (args.value(&SIGNAL), std::mem::take(&mut args.command));
    let options = KeepOptions {
        output,
        json_log: args.value(&LOG_JSON),
        ready_fd: args.get(&READY_FD),
        hook: args.get(&HOOK),
        pid_file: args.get(&SIGNAL_PID_FILE).map(|path| (path, signal)),
        metrics_file: args.get(&METRICS_FILE),
        command,
        command_signal: args.get(&SIGNAL),
    };
    if options.command_signal.is_some() && options.pid_file.is_none() && options.command.is_empty() {
        args.refuse_value(&SIGNAL.spec, "has no receiver; give --signal-pid-file FILE, or -- COMMAND at the end");
    }
    Request::Keep(settings(args), options)
}

/// Whether log lines are JSON, by what was read of the command line, and the environment.
pub(super) fn json_log(args: &mut Args) -> bool {
    args.read_variable(&LOG_JSON.spec, LOG_JSON.spec.variable());
    args.value(&LOG_JSON)
}

pub(super) fn issue(args: &mut Args) -> Request {
    args.read_variables();
    let path = args.get(&ISSUE_OUT).filter(|path| path.as_os_str() != "-");
    let (mode, group) = (args.value(&OUT_MODE), args.get(&OUT_GROUP));
    args.value(&LOG_JSON); // Checked only: there is no log here.
    Request::Issue(settings(args), path.map(|path| OutputOptions { path, mode, group }))
}

/// The key comes last: a wrong value is reported before a missing key.
fn settings(args: &mut Args) -> Settings {
    let (identity, required_did) = identity(args);
    let generate_key = args.value(&GENERATE_KEY);
    Settings { identity, required_did, policy: policy(args), key: key(args, generate_key), generate_key }
}

/// The identity; for a self-signed badge also the given values that must be the key's did:key, with their origins.
fn identity(args: &mut Args) -> (Identity, Vec<(String, String)>) {
    let (subject, issuer, audience) = (args.value(&SUB), args.value(&ISS), args.value(&AUD));
    let domain = Some(args.value(&DOMAIN)).filter(|domain| !domain.is_empty());
    let self_sign = args.value(&SELF_SIGN);
    let level = args.value(&LEVEL);
    match (self_sign, level) {
        (true, 0 | 1) => {}
        (true, _) => args.refuse_value(&LEVEL.spec, "cannot be self-signed; a self-signed badge has level 0"),
        (false, 0) => args.refuse_value(&LEVEL.spec, "means self-signed; add --self-sign"),
        (false, _) => {}
    }
    if domain.is_none() && level > 1 && !self_sign {
        args.refuse_value(&DOMAIN.spec, "is empty, and a badge above level 1 needs one");
    }
    let names_len: usize = audience.iter().map(|name| name.len() + 3).sum();
    if subject.len() + issuer.len() + names_len > MAX_IDENTITY_LEN {
        args.refuse("--sub, --iss and --aud together are above 16 KiB, more than verifiers read");
    }
    for (flag, is_used) in [(&SUB.spec, !self_sign), (&DOMAIN.spec, true)] {
        if is_used && args.text(flag) == flag.default {
            args.warnings.push(format!("{} is {}, a test value; give your agent's own", flag.name, flag.default));
        }
    }
    if !self_sign {
        let issuance = Issuance::Registry { issuer, subject, level };
        return (Identity { issuance, domain, audience }, Vec::new());
    }
    let mut required_did = Vec::new();
    for (flag, name) in [(&SUB.spec, &subject), (&ISS.spec, &issuer)] {
        if args.is_given(flag) {
            required_did.push((args.origin(flag).to_owned(), name.clone()));
        }
    }
    (Identity { issuance: Issuance::SelfSigned, domain, audience }, required_did)
}

fn policy(args: &mut Args) -> Policy {
    let lifetime = args.value(&EXP);
    let latest = (lifetime - 1) * 1000;
    let mut renew_before = args.value(&RENEW_BEFORE);
    if !args.is_given(&RENEW_BEFORE.spec) {
        renew_before = renew_before.min(lifetime * 1000 / 3).min(latest);
    } else if renew_before > latest {
        args.refuse_value(&RENEW_BEFORE.spec, "must be shorter than --exp by at least a second");
    }
    let poll_interval = args.value(&CHECK_INTERVAL).max(MIN_POLL_INTERVAL);
    Policy { lifetime, renew_before, poll_interval, poll_always: args.is_given(&CHECK_INTERVAL.spec) }
}

fn key(args: &mut Args, generate: bool) -> KeySource {
    if let Some(path) = args.get(&KEY) {
        return KeySource::File(path);
    }
    // Not parsed like a flag: the message would show a part of the key.
    let jwk = (args.environment)(KEY_VARIABLE).unwrap_or_default();
    match jwk.to_str() {
        None => args.refuse("CAPISCIO_AGENT_PRIVATE_KEY_JWK is not UTF-8; it takes a private Ed25519 JWK"),
        Some("") => args.refuse("--key is missing: give the private key, or make one: capiscio key gen"),
        Some(_) if generate => args.refuse("--generate-key needs a file for the key: --key private.jwk"),
        Some(_) => {}
    }
    KeySource::Environment(jwk.into_string().unwrap_or_default())
}

pub(super) fn health(args: &mut Args) -> Request {
    let file = args.get(&FILE);
    if file.is_none() {
        args.read_variable(&HEALTH_OUT.spec, "CAPISCIO_OUT".into());
        args.read_variable(&HEALTH_OUT.spec, "BADGE_FILE".into());
    }
    let out = args.value(&HEALTH_OUT);
    Request::Health(HealthArgs {
        path: file.unwrap_or(out),
        min_remaining: args.value(&MIN_REMAINING),
        key: args.get(&HEALTH_KEY),
        json: args.value(&HEALTH_JSON),
        quiet: args.value(&QUIET),
    })
}

pub(super) fn verify(args: &mut Args) -> Request {
    for flag in [&OFFLINE, &SKIP_REVOCATION, &SKIP_STATUS] {
        if args.value(flag) {
            args.warnings.push(format!("{} has no effect: verification here is always offline", flag.spec.name));
        }
    }
    Request::Verify(VerifyArgs {
        key: args.get(&VERIFY_KEY),
        accept_self_signed: args.value(&ACCEPT_SELF_SIGNED),
        trusted_issuers: args.get(&ISSUERS).unwrap_or_default(),
        audience: args.get(&AUDIENCE),
        skew: args.value(&SKEW),
        json: args.value(&VERIFY_JSON),
        token: token(args),
    })
}

fn token(args: &mut Args) -> Token {
    match (args.get(&TOKEN), args.get(&VERIFY_FILE)) {
        (Some(token), None) if token != "-" => return Token::Argument(token),
        (None, Some(file)) if file.as_os_str() != "-" => return Token::File(file),
        (Some(_), Some(_)) => args.refuse("TOKEN and --file are both given; give one of them"),
        (None, None) => args.refuse("the badge is missing: give TOKEN, --file FILE, or - for stdin"),
        (Some(_), None) | (None, Some(_)) => {}
    }
    Token::Stdin
}

pub(super) fn key_gen(args: &mut Args) -> Request {
    Request::KeyGen(KeyGenArgs {
        private: args.value(&OUT_PRIV),
        public: args.value(&OUT_PUB),
        did: args.get(&OUT_DID),
        show_did: args.value(&SHOW_DID),
        force: args.value(&FORCE),
    })
}

pub(super) fn key_public(args: &mut Args) -> Request {
    let did = args.value(&PUBLIC_DID);
    if !args.is_given(&PUBLIC_KEY.spec) {
        args.refuse("--key is missing: give the private key");
    }
    Request::KeyPublic(KeyPublicArgs { key: args.value(&PUBLIC_KEY), did })
}
