//! The table of flags. Parsing, help, environment variables and tests derive from it.

use super::value::*;
use std::path::PathBuf;
use std::time::Duration;

/// What a flag takes.
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
    /// Its name without the dashes.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The name of its value in the help; empty for a switch.
    pub placeholder: &'static str,
    /// Parsed like a given value; empty for none.
    pub default: &'static str,
    /// What it does, for the help.
    pub help: &'static str,
}

impl Spec {
    pub(super) fn option(&self) -> String {
        ["--", self.name].concat()
    }

    /// The environment variable of the flag: `CAPISCIO_RENEW_BEFORE` for `--renew-before`.
    pub fn variable(&self) -> String {
        let mut variable = String::from("CAPISCIO_");
        for letter in self.name.chars() {
            variable.push(if letter == '-' { '_' } else { letter.to_ascii_uppercase() });
        }
        variable
    }
}

/// A flag whose value is a `T`.
pub(super) struct Flag<T: 'static> {
    pub(super) spec: Spec,
    pub(super) parse: Parser<T>,
}

impl<T> Flag<T> {
    const fn new(
        name: &'static str,
        kind: Kind,
        placeholder: &'static str,
        default: &'static str,
        parse: Parser<T>,
        help: &'static str,
    ) -> Flag<T> {
        Flag { spec: Spec { name, kind, placeholder, default, help }, parse }
    }
}

const fn switch(name: &'static str, help: &'static str) -> Flag<bool> {
    Flag::new(name, Kind::Switch, "", "false", boolean, help)
}

const fn file(name: &'static str, default: &'static str, help: &'static str) -> Flag<PathBuf> {
    Flag::new(name, Kind::Path, "FILE", default, path, help)
}

const fn span(
    name: &'static str,
    default: &'static str,
    parse: Parser<Duration>,
    help: &'static str,
) -> Flag<Duration> {
    Flag::new(name, Kind::Duration, "DURATION", default, parse, help)
}

/// Defines a list of flags, and each flag as a static of its own, so that none is missing in its list.
macro_rules! flags {
    ($($list:ident { $($flag:ident: $type:ty = $value:expr;)* })*) => {
        $($(pub(super) static $flag: Flag<$type> = $value;)*
        pub(super) static $list: &[&Spec] = &[$(&$flag.spec),*];)*
    };
}

/// The default subject, a test value.
pub(super) const TEST_SUBJECT: &str = "did:capiscio:agent:test";
/// The default domain, a test value.
pub(super) const TEST_DOMAIN: &str = "example.com";
const REGISTRY: &str = "https://registry.capisc.io";

// Operands have no dashes.
pub(super) static FILE: Flag<PathBuf> = Flag::new("FILE", Kind::Path, "[FILE]", "", path, "the badge file");
pub(super) static TOKEN: Flag<String> =
    Flag::new("TOKEN", Kind::Text, "[TOKEN | -]", "", text, "the badge; - is stdin");

flags! {
    BADGE {
        SUB: String = Flag::new("sub", Kind::Text, "DID", TEST_SUBJECT, did, "the agent's DID");
        DOMAIN: Option<String> = Flag::new("domain", Kind::Text, "HOST", TEST_DOMAIN, domain,
            "the agent's host name; \"\" leaves it out at levels 0 and 1");
        ISS: String = Flag::new("iss", Kind::Text, "ISSUER", REGISTRY, issuer, "the issuer: an HTTPS origin or a DID");
        AUD: Vec<String> = Flag::new("aud", Kind::List, "NAME,...", "", audience,
            "the audience, with commas between names; may be repeated");
        LEVEL: u8 = Flag::new("level", Kind::Number, "0-4", "1", level, "the trust level that the badge claims");
        SELF_SIGN: bool = switch("self-sign", "level 0: issuer and subject are the did:key of the key");
        EXP: Duration = span("exp", "1h", lifetime, "lifetime of each badge, cut to whole seconds");
        KEY: PathBuf = file("key", "", "the private key, an Ed25519 JWK (required)");
        GENERATE_KEY: bool = switch("generate-key", "create the key if the file does not exist; never replaces one");
    }
    KEEP {
        KEEP_OUT: PathBuf = Flag::new("out", Kind::Path, "FILE", "badge.jwt", kept_path, "the badge file");
        READY_FD: i32 = Flag::new("ready-fd", Kind::Number, "N", "", descriptor,
            "a descriptor, 3 or above, that gets a newline when the first badge is in place (s6, OpenRC)");
    }
    ISSUE {
        ISSUE_OUT: PathBuf = file("out", "",
            "write the badge to this file instead of stdout; - is stdout, also where CAPISCIO_OUT is set");
    }
    KEEPING {
        RENEW_BEFORE: Duration = span("renew-before", "10m", positive,
            "renew this long before the badge expires; not given: at most a third of --exp");
        CHECK_INTERVAL: Duration = span("check-interval", "1m", positive,
            "poll interval where inotify does not work; if given, also the longest sleep");
        OUT_MODE: u32 = Flag::new("out-mode", Kind::Number, "OCTAL", "0600", mode, "permissions of the badge file");
        OUT_GROUP: u32 = Flag::new("out-group", Kind::Number, "GID", "", group, "group of the badge file, a number");
        LOG_JSON: bool = Flag::new("log-format", Kind::Text, "text|json", "text", log_json,
            "format of the log lines on stderr");
    }
    HEALTH {
        HEALTH_OUT: PathBuf = file("out", "badge.jwt", "the badge file; not given: CAPISCIO_OUT, then BADGE_FILE");
        MIN_REMAINING: Duration = span("min-remaining", "5m", duration,
            "WARNING when the badge expires sooner; 0s: only an unusable badge fails");
        HEALTH_KEY: PathBuf = file("key", "", "also check the signature with this public or private JWK");
        HEALTH_JSON: bool = switch("json", "print one JSON object");
        QUIET: bool = switch("quiet", "print nothing; only the exit status tells");
    }
    VERIFY {
        VERIFY_FILE: PathBuf = file("file", "", "read the badge from this file; - is stdin");
        VERIFY_KEY: PathBuf = file("key", "", "check the signature with this public JWK");
        ACCEPT_SELF_SIGNED: bool = switch("accept-self-signed",
            "without --key: accept level 0 badges, by the key in their did:key");
        TRUSTED_ISSUERS: Vec<String> = Flag::new("trusted-issuers", Kind::List, "A,B", "", issuers,
            "accept only badges of these issuers; may be repeated");
        AUDIENCE: String = Flag::new("audience", Kind::Text, "NAME", "", text, "require this audience");
        SKEW: Duration = span("skew", "60s", duration, "how far the issuer's clock may differ");
        VERIFY_JSON: bool = switch("json", "print one JSON object");
        OFFLINE: bool = switch("offline", "accepted, without effect: verification is always offline");
        SKIP_REVOCATION: bool = switch("skip-revocation", "accepted, without effect: no registry is asked");
        SKIP_STATUS: bool = switch("skip-agent-status", "accepted, without effect: no registry is asked");
    }
    GEN {
        OUT_PRIV: PathBuf = file("out-priv", "private.jwk",
            "the private key; an existing one is replaced with --force only");
        OUT_PUB: PathBuf = file("out-pub", "public.jwk", "the public key");
        OUT_DID: PathBuf = file("out-did", "", "also write the did:key to this file");
        SHOW_DID: bool = switch("show-did", "print the did:key");
        FORCE: bool = switch("force", "replace an existing private key");
    }
    PUBLIC {
        PUBLIC_KEY: PathBuf = file("key", "", "the private key (required)");
        PUBLIC_DID: bool = switch("did", "print the did:key instead of the JWK");
    }
}
