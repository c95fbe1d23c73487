//! What the program is asked to do, with every value checked.

use super::help::help;
use super::keep::settings;
use super::usage::Usage;
use super::values::check_path;
use super::words::{Asked, Environment, Words, read};
use crate::keeper::settings::Settings;
use std::ffi::OsString;
use std::path::PathBuf;

/// One command, ready to be carried out.
pub enum Request {
    /// `badge keep`
    Keep(Settings),
    /// `badge issue`
    Issue(Settings),
    /// `badge health`
    Health(Health),
    /// `badge verify`
    Verify(Verify),
    /// `key gen`
    KeyGen(KeyGen),
    /// `key public`
    KeyPublic(KeyPublic),
    /// A text for stdout: help or version.
    Print(String),
}

/// `badge health`
pub struct Health {
    /// The file that a consumer would read.
    pub path: PathBuf,
    /// Less than this is a WARNING, in seconds.
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
    Word(String),
    /// In a file.
    File(PathBuf),
    /// On stdin.
    Stdin,
}

/// `badge verify`
pub struct Verify {
    /// Where the token is.
    pub token: Token,
    /// The public key that counts.
    pub key: Option<PathBuf>,
    /// Without a key: take the one in the badge's own did:key.
    pub accept_self_signed: bool,
    /// Accept these issuers only; empty: any.
    pub trusted_issuers: Vec<String>,
    /// Demand this audience.
    pub audience: Option<String>,
    /// How far clocks may differ, in seconds.
    pub skew: i64,
    /// Print one JSON object.
    pub json: bool,
}

/// `key gen`
pub struct KeyGen {
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
pub struct KeyPublic {
    /// The private key's file.
    pub key: PathBuf,
    /// The did:key instead of the JWK.
    pub did: bool,
}

/// A request, and what the person should know about how it was said.
pub struct Parsed {
    /// What to do.
    pub request: Request,
    /// Remarks that do not stop it.
    pub warnings: Vec<String>,
}

/// Understands the arguments (without the program's own name) and the environment.
///
/// On an error the first word tells which exit code it is: `badge health` has its own.
#[inline(never)]
pub fn parse(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Result<Parsed, Usage> {
    let mut words = match read(arguments, environment)? {
        Asked::Command(words) => words,
        Asked::Help(said) => return Ok(Parsed { request: Request::Print(help(&said)), warnings: Vec::new() }),
        Asked::Version => {
            let version = concat!("capiscio ", env!("CARGO_PKG_VERSION"), "\n").to_owned();
            return Ok(Parsed { request: Request::Print(version), warnings: Vec::new() });
        }
    };
    let request = match words.command.words {
        "badge keep" => Request::Keep(settings(&mut words, environment)?),
        "badge issue" => Request::Issue(settings(&mut words, environment)?),
        "badge health" => Request::Health(health(&words, environment)?),
        "badge verify" => Request::Verify(verify(&mut words)?),
        "key gen" => Request::KeyGen(key_gen(&words)),
        _ => Request::KeyPublic(key_public(&words)?),
    };
    Ok(Parsed { request, warnings: words.warnings })
}

fn health(words: &Words, environment: Environment) -> Result<Health, Usage> {
    let variable = |name| environment(name).filter(|value| !value.is_empty()).map(|value| (value, name));
    let named = match (words.operand()?, words.get("out")) {
        (Some(file), _) => Some((file.to_owned(), "FILE")),
        (None, Some(_)) => None,
        (None, None) => variable("CAPISCIO_OUT").or_else(|| variable("BADGE_FILE")),
    };
    let path = match named {
        Some((file, said_as)) => {
            check_path(&file, said_as)?;
            PathBuf::from(file)
        }
        None => words.path("out").unwrap_or_default(),
    };
    // Up to whole seconds, because a badge's times are.
    let min_remaining = (words.milliseconds("min-remaining") + 999) / 1000;
    let (json, quiet) = (words.switch("json"), words.switch("quiet"));
    Ok(Health { path, min_remaining, key: words.path("key"), json, quiet })
}

fn verify(words: &mut Words) -> Result<Verify, Usage> {
    let token = match (words.operand()?, words.get("file")) {
        (Some(_), Some(_)) => return Err(Usage::new(&"give either TOKEN or --file, not both")),
        (Some(word), None) if word == "-" => Token::Stdin,
        (Some(word), None) => {
            let word = word.to_str().ok_or_else(|| Usage::new(&"TOKEN is not UTF-8"))?;
            Token::Word(word.to_owned())
        }
        (None, Some(file)) if file.value == "-" => Token::Stdin,
        (None, Some(file)) => Token::File(PathBuf::from(&file.value)),
        (None, None) => return Err(Usage::new(&"a badge is missing: give TOKEN, --file FILE, or - for stdin")),
    };
    let skew = words.milliseconds("skew") / 1000;
    for name in ["offline", "skip-revocation", "skip-agent-status"] {
        if words.switch(name) {
            words.warnings.push(format!("--{name} has no effect: verification here is always offline"));
        }
    }
    let trusted_issuers = words.list("trusted-issuers");
    if let Some(given) = words.get("trusted-issuers")
        && trusted_issuers.is_empty()
    {
        // Most likely a variable that turned out empty: that must not mean anybody.
        return Err(given.wrong("names nobody; name the issuers, or leave it out to accept any"));
    }
    Ok(Verify {
        token,
        key: words.path("key"),
        accept_self_signed: words.switch("accept-self-signed"),
        trusted_issuers,
        audience: words.get("audience").map(|given| given.text().to_owned()),
        skew,
        json: words.switch("json"),
    })
}

fn key_gen(words: &Words) -> KeyGen {
    KeyGen {
        private: words.path("out-priv").unwrap_or_default(),
        public: words.path("out-pub").unwrap_or_default(),
        did: words.path("out-did"),
        show_did: words.switch("show-did"),
        force: words.switch("force"),
    }
}

fn key_public(words: &Words) -> Result<KeyPublic, Usage> {
    let key = words.path("key").ok_or_else(|| Usage::new(&"--key is missing: it names the private key"))?;
    Ok(KeyPublic { key, did: words.switch("did") })
}
