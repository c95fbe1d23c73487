//! The table of flags and operands. Parsing, help, environment variables and tests derive from it.

use self::Kind::{Duration, List, Number, Path, Switch, Text};
use super::value::*;
use std::path::PathBuf;

/// The variable that may hold the key itself, a private JWK.
pub(super) const KEY_VARIABLE: &str = "CAPISCIO_AGENT_PRIVATE_KEY_JWK";

/// What a flag takes. The parser of the flag may refuse more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing, or `=true`, `=1`, `=false`, `=0`.
    Switch,
    /// A path: any bytes, at least one.
    Path,
    /// A duration as Go writes it: `1h30m`.
    Duration,
    /// Text with commas. Each further use appends to the list.
    List,
    /// Digits.
    Number,
    /// UTF-8 text.
    Text,
}

/// The part of a flag that does not depend on the type of its value.
pub struct Spec {
    /// `--exp`; of an operand its name in the help: `FILE`.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The name of its value in the help; empty for a switch and an operand.
    pub placeholder: &'static str,
    /// Parsed like a given value; empty for none.
    pub default: &'static str,
    /// What it does, for the help.
    pub help: &'static str,
}

impl Spec {
    /// Whether it is an operand, which is given without a name.
    pub fn is_operand(&self) -> bool {
        !self.name.starts_with("--")
    }

    /// The environment variable of the flag: `CAPISCIO_RENEW_BEFORE` for `--renew-before`.
    pub fn variable(&self) -> String {
        format!("CAPISCIO_{}", self.name.trim_start_matches('-')).replace('-', "_").to_ascii_uppercase()
    }
}

/// A flag whose value is a `T`.
pub(super) struct Flag<T: 'static> {
    pub(super) spec: Spec,
    pub(super) parse: Parser<T>,
}

type Str = &'static str;

const fn flag<T>(kind: Kind, name: Str, placeholder: Str, default: Str, parse: Parser<T>, help: Str) -> Flag<T> {
    Flag { spec: Spec { name, kind, placeholder, default, help }, parse }
}

const fn switch(name: Str, help: Str) -> Flag<bool> {
    flag(Switch, name, "", "false", boolean, help)
}

/// Defines a list of flags, and each flag as a static of its own, so that none is missing in its list.
macro_rules! flags {
    ($list:ident: $($flag:ident: $type:ty = $value:expr;)*) => {
        $(pub(super) static $flag: Flag<$type> = $value;)*
        pub(super) static $list: &[&Spec] = &[$(&$flag.spec),*];
    };
}

flags! { BADGE:
    SUB: String = flag(Text, "--sub", "DID", "did:capiscio:agent:test", did, "the agent's DID");
    DOMAIN: String = flag(Text, "--domain", "HOST", "example.com", domain,
        "the agent's host name; \"\" leaves it out at levels 0 and 1");
    ISS: String = flag(Text, "--iss", "ISSUER", "https://registry.capisc.io", issuer,
        "the issuer: an HTTPS origin or a DID");
    AUD: Vec<String> = flag(List, "--aud", "NAME,...", "", audience,
        "the audience, with commas between names; may be repeated");
    LEVEL: u8 = flag(Number, "--level", "0-4", "1", level, "the trust level that the badge claims");
    SELF_SIGN: bool = switch("--self-sign", "level 0: issuer and subject are the did:key of the key");
    EXP: i64 = flag(Duration, "--exp", "DURATION", "1h", lifetime, "lifetime of each badge, cut to whole seconds");
    KEY: PathBuf = flag(Path, "--key", "FILE", "", path, "the private key, an Ed25519 JWK (required)");
    GENERATE_KEY: bool = switch("--generate-key", "create the key if the file does not exist; never replaces one");
}

flags! { KEEP:
    OUT: PathBuf = flag(Path, "--out", "FILE", "badge.jwt", kept_path, "the badge file");
    READY_FD: i32 = flag(Number, "--ready-fd", "N", "", descriptor,
        "a descriptor, 3 or above, that gets a newline when the first badge is in place (s6, OpenRC)");
    HOOK: PathBuf = flag(Path, "--hook", "FILE", "", path,
        "a program that runs after each new or restored badge and each failure, without arguments; it gets \
         CAPISCIO_EVENT and BADGE_FILE");
    SIGNAL_PID_FILE: PathBuf = flag(Path, "--signal-pid-file", "FILE", "", path,
        "send a signal to the process that this file names after each new or restored badge");
    SIGNAL: i32 = flag(Text, "--signal", "NAME", "HUP", signal,
        "for the process of the pid file, and if given also for COMMAND: HUP, USR1, USR2, INT, QUIT, TERM, WINCH");
    METRICS_FILE: PathBuf = flag(Path, "--metrics-file", "FILE", "", path,
        "write metrics to this file, for the textfile collector of Prometheus' node_exporter");
}

flags! { ISSUE:
    ISSUE_OUT: PathBuf = flag(Path, "--out", "FILE", "", path,
        "write the badge to this file instead of stdout; - is stdout, also where CAPISCIO_OUT is set");
}

flags! { KEEPING:
    RENEW_BEFORE: i64 = flag(Duration, "--renew-before", "DURATION", "10m", milliseconds,
        "renew this long before the badge expires; not given: at most a third of --exp");
    CHECK_INTERVAL: i64 = flag(Duration, "--check-interval", "DURATION", "1m", milliseconds,
        "poll interval where inotify does not work; if given, also the longest sleep");
    OUT_MODE: u32 = flag(Number, "--out-mode", "OCTAL", "0600", mode, "permissions of the badge file");
    OUT_GROUP: u32 = flag(Number, "--out-group", "GID", "", group, "group of the badge file, a number");
    LOG_JSON: bool = flag(Text, "--log-format", "text|json", "text", log_json, "format of the log lines on stderr");
}

flags! { HEALTH:
    FILE: PathBuf = flag(Path, "FILE", "", "", path, "the badge file");
    HEALTH_OUT: PathBuf = flag(Path, "--out", "FILE", "badge.jwt", path,
        "the badge file; not given: CAPISCIO_OUT, then BADGE_FILE");
    MIN_REMAINING: i64 = flag(Duration, "--min-remaining", "DURATION", "5m", seconds_rounded_up,
        "WARNING when the badge expires sooner; 0s: only an unusable badge fails");
    HEALTH_KEY: PathBuf = flag(Path, "--key", "FILE", "", path,
        "also verify the badge, with this public or private JWK");
    HEALTH_JSON: bool = switch("--json", "print one JSON object");
    QUIET: bool = switch("--quiet", "print nothing; only the exit status tells");
}

flags! { VERIFY:
    TOKEN: String = flag(Text, "TOKEN", "", "", text, "the badge; - is stdin");
    VERIFY_FILE: PathBuf = flag(Path, "--file", "FILE", "", path, "read the badge from this file; - is stdin");
    VERIFY_KEY: PathBuf = flag(Path, "--key", "FILE", "", path, "check the signature with this public JWK");
    ACCEPT_SELF_SIGNED: bool = switch("--accept-self-signed", "without --key: accept level 0 badges, by their did:key");
    ISSUERS: Vec<String> = flag(List, "--trusted-issuers", "A,B", "", issuers,
        "accept only these issuers; may be repeated");
    AUDIENCE: String = flag(Text, "--audience", "NAME", "", text, "require this audience");
    SKEW: i64 = flag(Duration, "--skew", "DURATION", "60s", seconds, "how far the issuer's clock may differ");
    VERIFY_JSON: bool = switch("--json", "print one JSON object");
    OFFLINE: bool = switch("--offline", "accepted, without effect: verification is always offline");
    SKIP_REVOCATION: bool = switch("--skip-revocation", "accepted, without effect: no registry is asked");
    SKIP_STATUS: bool = switch("--skip-agent-status", "accepted, without effect: no registry is asked");
}

flags! { GEN:
    OUT_PRIV: PathBuf = flag(Path, "--out-priv", "FILE", "private.jwk", path, "the private key");
    OUT_PUB: PathBuf = flag(Path, "--out-pub", "FILE", "public.jwk", path, "the public key");
    OUT_DID: PathBuf = flag(Path, "--out-did", "FILE", "", path, "also write the did:key to this file");
    SHOW_DID: bool = switch("--show-did", "print the did:key");
    FORCE: bool = switch("--force", "replace existing files, which keep their owner, group and mode");
}

flags! { PUBLIC:
    PUBLIC_KEY: PathBuf = flag(Path, "--key", "FILE", "", path, "the private key (required)");
    PUBLIC_DID: bool = switch("--did", "print the did:key instead of the JWK");
}
