//! The commands, one file each, and their exit status.

mod health;
mod issue;
mod keep;
mod key;
mod verify;

use crate::cli::{Invocation, Request, parse};
use crate::error::Error;
use crate::report::Notice;
use crate::report::log::Log;
use crate::system::descriptor::{stderr, stdout, write_or_drop};
use crate::system::{environment, process, signals};
use std::env;
use std::fmt::Display;
use std::io::Write;

/// The exit status of a command that did what it was told.
const OK: u8 = 0;
/// Files, keys, directories, locks or the clock are wrong: a restart can help.
const FAILED: u8 = 1;
/// Runs the command line of this process and returns its exit status.
pub fn main() -> u8 {
    // First of all: a signal that arrives before the keeper reads signals must not kill it.
    let inherited = process::deny_inspection(signals::block());
    let mut arguments = env::args_os();
    arguments.next();
    let names = environment::names();
    let Invocation { request, warnings } = match parse(arguments, &|name| env::var_os(name), &names) {
        Ok(invocation) => invocation,
        Err(error) => {
            match error.json_log {
                Some(json) => Log::new(json).tell(&Notice::Refused(&error.to_string()), ""),
                None => print_message(&error),
            }
            return error.exit_code();
        }
    };
    if !matches!(request, Request::Keep(..)) {
        // Every other command ends by itself, and Ctrl-C may end it sooner.
        signals::unblock();
    }
    let done = |()| OK;
    let result = match &request {
        Request::Keep(settings, options) => return keep::keep(settings, options, &warnings, inherited),
        Request::Issue(settings, output) => issue::issue(settings, output.clone()).map(done),
        Request::Health(args) => Ok(health::health(args)),
        Request::Verify(args) => verify::verify(args),
        Request::KeyGen(args) => key::generate(args).map(done),
        Request::KeyPublic(args) => key::public(args).map(done),
        Request::Print(text) => print(text).map(done),
    };
    // Last: a message ends the effect of a caller's alarm(2).
    warnings.iter().for_each(|warning| print_warning(warning));
    result.unwrap_or_else(|error| {
        print_message(&error);
        error.exit_code()
    })
}

/// One line on stderr. From then on a caller's alarm(2) has no effect.
fn print_message(message: &dyn Display) {
    signals::handle_alarm();
    write_or_drop(&stderr(), format!("capiscio: {message}\n").as_bytes());
}

fn print_warning(warning: &str) {
    print_message(&format_args!("warning: {warning}"));
}

/// Writes the result of a command to stdout.
fn print(text: &str) -> Result<(), Error> {
    stdout().write_all(text.as_bytes()).map_err(Error::Stdout)
}
