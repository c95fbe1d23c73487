//! The command line, in process: what is refused and why, what values become, and the help.

mod accepted;
mod help;
mod refused;
mod variables;

use capiscio::cli::{HealthArgs, Invocation, KeepOptions, KeyGenArgs, Request, UsageError, VerifyArgs, parse};
use capiscio::file::OutputOptions;
use capiscio::keeper::Settings;
use std::ffi::OsString;

/// The key of RFC 8037, appendix A.1, and its secret half.
const RFC_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

fn rfc_key() -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{RFC_SEED}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#)
}

type Variable<'a> = (&'a str, &'a str);

/// Parses a command line with these variables and no others.
fn parse_with(arguments: &[&str], variables: &[Variable]) -> Result<Invocation, UsageError> {
    parse_bytes(arguments.iter().map(OsString::from).collect(), variables)
}

fn parse_bytes(arguments: Vec<OsString>, variables: &[Variable]) -> Result<Invocation, UsageError> {
    let find = |name: &str| variables.iter().find(|(other, _)| *other == name);
    let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
    parse(arguments, &|name| find(name).map(|(_, value)| value.into()), &names)
}

/// The request and the warnings of a command line that is accepted.
fn accept_with(arguments: &[&str], variables: &[Variable]) -> (Request, Vec<String>) {
    match parse_with(arguments, variables) {
        Ok(Invocation { request, warnings }) => (request, warnings),
        Err(error) => panic!("{arguments:?}: {error}"),
    }
}

fn keep_with(arguments: &[&str], variables: &[Variable]) -> (Settings, KeepOptions) {
    match accept_with(&[&["badge", "keep"], arguments].concat(), variables) {
        (Request::Keep(settings, options), _) => (settings, options),
        _ => panic!("{arguments:?} is not a request to keep a badge"),
    }
}

fn keep(arguments: &[&str]) -> (Settings, KeepOptions) {
    keep_with(arguments, &[("CAPISCIO_KEY", "private.jwk")])
}

/// The file that `badge issue` writes.
fn issue(arguments: &[&str], variables: &[Variable]) -> Option<OutputOptions> {
    match accept_with(&[&["badge", "issue", "--key", "private.jwk"], arguments].concat(), variables) {
        (Request::Issue(_, output), _) => output,
        _ => panic!("{arguments:?} is not a request to issue a badge"),
    }
}

fn health(arguments: &[&str], variables: &[Variable]) -> HealthArgs {
    match accept_with(&[&["badge", "health"], arguments].concat(), variables) {
        (Request::Health(args), _) => args,
        _ => panic!("{arguments:?} is not a health check"),
    }
}

fn verify(arguments: &[&str]) -> VerifyArgs {
    match accept_with(&[&["badge", "verify"], arguments].concat(), &[]) {
        (Request::Verify(args), _) => args,
        _ => panic!("{arguments:?} is not a verification"),
    }
}

fn key_gen(arguments: &[&str]) -> KeyGenArgs {
    match accept_with(&[&["key", "gen"], arguments].concat(), &[]) {
        (Request::KeyGen(args), _) => args,
        _ => panic!("{arguments:?} does not generate a key"),
    }
}

fn print(arguments: &[&str]) -> String {
    match accept_with(arguments, &[]) {
        (Request::Print(text), _) => text,
        _ => panic!("{arguments:?} prints nothing"),
    }
}
