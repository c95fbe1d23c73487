//! The commands, one file each: what `badge keep` is asked goes to the keeper, the others are done at once.

mod health;
mod issue;
mod keep;
mod key;
mod verify;

use crate::cli::{Parsed, Request, parse};
use crate::failure::Failure;
use crate::report::log::say;
use crate::system::descriptor::stdout;
use crate::system::signals;
use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;

/// The process exit code of a finished command.
pub const DONE: u8 = 0;
/// Files, keys, directories, locks or the clock are wrong: a restart can help.
pub const FAILED: u8 = 1;
/// The command line or the environment is wrong: a restart cannot help.
pub const USAGE: u8 = 2;
/// The same for `badge health`, whose 1 and 2 are the guide's WARNING and CRITICAL.
pub const HEALTH_USAGE: u8 = 3;

/// Carries out the command line of this process and returns its exit code.
pub fn main() -> u8 {
    // First of all: the signals that are to end the keeper in good order must not find it unprepared.
    signals::block();
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let is_health =
        arguments.first().is_some_and(|word| word == "badge") && arguments.get(1).is_some_and(|word| word == "health");
    let usage = if is_health { HEALTH_USAGE } else { USAGE };
    match parse(arguments, &|name| env::var_os(name)) {
        Err(error) => {
            complain(&format_args!("{error}\nSee: capiscio --help"));
            usage
        }
        Ok(Parsed { request, warnings }) => {
            if !matches!(request, Request::Keep(_)) {
                // Every other command ends by itself, and Ctrl-C may end it sooner.
                signals::unblock();
                for warning in &warnings {
                    warn(warning);
                }
            }
            carry_out(request, &warnings)
        }
    }
}

// Each command is kept out of line, and so are a few large steps elsewhere: all in one function, as the compiler would have
// it, they are more code, and while the keeper sleeps it lies on top of a stack that has room for every one of them.
fn carry_out(request: Request, warnings: &[String]) -> u8 {
    match request {
        Request::Keep(settings) => keep::keep(settings, warnings),
        Request::Issue(settings) => issue::issue(settings),
        Request::Health(health) => health::health(&health),
        Request::Verify(verify) => verify::verify(&verify),
        Request::KeyGen(pair) => key::generate(&pair),
        Request::KeyPublic(public) => key::public(&public),
        Request::Print(text) => print(&text),
    }
}

/// A sentence on stderr.
fn complain(sentence: &dyn Display) {
    say(&format!("capiscio: {sentence}\n"));
}

/// A remark on stderr that does not stop the command.
fn warn(warning: &str) {
    complain(&format_args!("warning: {warning}"));
}

/// The sentence of a failure on stderr, and its exit code.
fn failed(failure: &Failure) -> u8 {
    complain(failure);
    FAILED
}

/// The answer on stdout; an answer that cannot be delivered is a failure.
fn print(text: &dyn Display) -> u8 {
    match stdout().write_all(text.to_string().as_bytes()) {
        Ok(()) => DONE,
        Err(error) => {
            complain(&format_args!("cannot write to stdout: {error}"));
            FAILED
        }
    }
}
