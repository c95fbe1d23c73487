//! The typed arguments of each command but `badge keep` and `badge issue`.

use super::error::Problem;
use super::flags::*;
use super::parse::{Args, Environment};
use super::value::milliseconds;
use std::path::PathBuf;

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
    /// Replace an existing private key.
    pub force: bool,
}

/// `key public`
pub struct KeyPublicArgs {
    /// The private key's file.
    pub key: PathBuf,
    /// Print the did:key instead of the JWK.
    pub did: bool,
}

impl HealthArgs {
    pub(super) fn new(args: &mut Args, environment: Environment) -> HealthArgs {
        let file = args.get(&FILE);
        if file.is_none() {
            for name in ["CAPISCIO_OUT", "BADGE_FILE"] {
                args.add_variable(&HEALTH_OUT.spec, name.into(), environment);
            }
        }
        let out = args.value(&HEALTH_OUT);
        HealthArgs {
            path: file.unwrap_or(out),
            // Rounded up: the times in a badge are whole seconds.
            min_remaining: (milliseconds(args.value(&MIN_REMAINING)) + 999) / 1000,
            key: args.get(&HEALTH_KEY),
            json: args.value(&HEALTH_JSON),
            quiet: args.value(&QUIET),
        }
    }
}

impl VerifyArgs {
    pub(super) fn new(args: &mut Args) -> VerifyArgs {
        for flag in [&OFFLINE, &SKIP_REVOCATION, &SKIP_STATUS] {
            if args.value(flag) {
                let name = flag.spec.name;
                args.warnings.push(format!("--{name} has no effect: verification here is always offline"));
            }
        }
        VerifyArgs {
            key: args.get(&VERIFY_KEY),
            accept_self_signed: args.value(&ACCEPT_SELF_SIGNED),
            trusted_issuers: args.get(&TRUSTED_ISSUERS).unwrap_or_default(),
            audience: args.get(&AUDIENCE),
            skew: milliseconds(args.value(&SKEW)) / 1000,
            json: args.value(&VERIFY_JSON),
            token: token(args),
        }
    }
}

fn token(args: &mut Args) -> Token {
    match (args.get(&TOKEN), args.get(&VERIFY_FILE)) {
        (Some(token), None) if token != "-" => return Token::Argument(token),
        (None, Some(file)) if file.as_os_str() != "-" => return Token::File(file),
        (Some(_), Some(_)) => args.refuse(Problem::Rule("TOKEN and --file are both given; give one of them")),
        (None, None) => args.refuse(Problem::Rule("the badge is missing: give TOKEN, --file FILE, or - for stdin")),
        (Some(_), None) | (None, Some(_)) => {}
    }
    Token::Stdin
}

impl KeyGenArgs {
    pub(super) fn new(args: &mut Args) -> KeyGenArgs {
        KeyGenArgs {
            private: args.value(&OUT_PRIV),
            public: args.value(&OUT_PUB),
            did: args.get(&OUT_DID),
            show_did: args.value(&SHOW_DID),
            force: args.value(&FORCE),
        }
    }
}

impl KeyPublicArgs {
    pub(super) fn new(args: &mut Args) -> KeyPublicArgs {
        let did = args.value(&PUBLIC_DID);
        if !args.is_given(&PUBLIC_KEY.spec) {
            args.refuse(Problem::Rule("--key is missing: give the private key"));
        }
        KeyPublicArgs { key: args.value(&PUBLIC_KEY), did }
    }
}
