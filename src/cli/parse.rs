//! The command line, matched with the tables.

use super::arguments::{self, Request};
use super::command::{COMMANDS, CommandSpec};
use super::error::{UsageError, quoted};
use super::flags::Kind;
use super::given::{Args, Variables};
use super::{help, suggest};
use lexopt::{Arg, Parser};
use std::ffi::OsString;
use std::ops::ControlFlow::{self, Break, Continue};

/// A request, and remarks about its command line.
pub struct Invocation {
    /// What to do.
    pub request: Request,
    /// One sentence each; they do not stop the request.
    pub warnings: Vec<String>,
}

/// Parses the arguments (without the program's own name) and the environment, in which `names` are all variables.
// Not inlined, so that its locals do not stay on the stack of a keeper.
#[inline(never)]
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Variables,
    names: &[&str],
) -> Result<Invocation, UsageError> {
    let mut parser = Parser::from_args(arguments);
    let no_command = |problem| UsageError { command: None, problem, json_log: None };
    let spec = match read_command(&mut parser).map_err(no_command)? {
        Continue(spec) => spec,
        Break(text) => return Ok(Invocation { request: Request::Print(text), warnings: Vec::new() }),
    };
    let mut args = Args::new(spec, environment);
    let mut warnings = if spec.reads_variables { suggest::unknown_variables(names, spec) } else { Vec::new() };
    match request(&mut args, parser) {
        Ok(request) => {
            warnings.append(&mut args.warnings);
            Ok(Invocation { request, warnings })
        }
        Err(problem) => {
            // A mistyped variable may be the cause; one is named, so that the line has a limit.
            let cause = warnings.first().map_or(String::new(), |warning| format!("; {warning}"));
            let json_log = spec.is_keeper.then(|| arguments::json_log(&mut args));
            Err(UsageError { command: Some(spec), problem: problem + &cause, json_log })
        }
    }
}

/// Not reached: Parser::next has no other error than a value that was not taken with its option.
const UNREADABLE: &str = "the arguments cannot be read";

/// Reads the name of a command; help and version come instead of one.
fn read_command(parser: &mut Parser) -> Result<ControlFlow<String, &'static CommandSpec>, String> {
    let mut name = String::new();
    let mut help = false;
    while let Some(argument) = parser.next().map_err(|_| UNREADABLE)? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => break,
            Arg::Long("version") | Arg::Short('V') if name.is_empty() => {
                return Ok(Break(concat!("capiscio ", env!("CARGO_PKG_VERSION"), "\n").into()));
            }
            Arg::Value(value) if value == "help" => help = true,
            Arg::Value(value) => {
                name += if name.is_empty() { "" } else { " " };
                name += &quoted(&value);
                // A prefix ends where an argument ends.
                let rest = |spec: &CommandSpec| spec.name.strip_prefix(&name).map(str::as_bytes);
                match COMMANDS.iter().find(|spec| matches!(rest(spec), Some([] | [b' ', ..]))) {
                    None => {
                        let hint = suggest::hint(&name, COMMANDS.iter().map(|spec| spec.name).collect());
                        return Err(format!("unknown command \"{name}\"{hint}"));
                    }
                    Some(spec) if spec.name != name => {}
                    Some(spec) if help => return Ok(Break(help::page(spec))),
                    Some(spec) => return Ok(Continue(spec)),
                }
            }
            option => return Err(unexpected(option, None)),
        }
    }
    Ok(Break(help::index(&name)))
}

/// Why an argument is refused that is not in the tables.
fn unexpected(argument: Arg, spec: Option<&CommandSpec>) -> String {
    let option = match argument {
        Arg::Value(value) => return format!("unexpected argument \"{}\"", quoted(&value)),
        Arg::Long(name) => format!("--{name}"),
        Arg::Short(letter) => format!("-{letter}"),
    };
    let option = quoted(option.as_ref());
    let known = |spec: &CommandSpec| suggest::hint(&option, spec.flags().map(|flag| flag.name).collect());
    format!("unknown option {option}{}", spec.map_or(" before the command".into(), known))
}

/// Reads what follows the name of a command.
fn request(args: &mut Args, parser: Parser) -> Result<Request, String> {
    if read_values(args, parser)? {
        return Ok(Request::Print(help::page(args.spec)));
    }
    let request = (args.spec.parse)(args);
    args.problem.take().map_or(Ok(request), Err)
}

/// Reads the values of a command, and returns whether help is requested instead.
fn read_values(args: &mut Args, mut parser: Parser) -> Result<bool, String> {
    loop {
        if args.spec.is_keeper
            && let Some(mut rest) = parser.try_raw_args()
            && rest.next_if(|argument| argument == "--").is_some()
        {
            args.command = rest.collect();
            return if args.command.first().is_none_or(|program| program.is_empty()) {
                Err("-- needs a command: -- COMMAND [ARGS]".into())
            } else {
                Ok(false)
            };
        }
        let Some(argument) = parser.next().map_err(|_| UNREADABLE)? else { return Ok(false) };
        let flag = match &argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(true),
            Arg::Value(value) if value == "help" && args.spec.operand().is_none() => return Ok(true),
            Arg::Value(_) => args.spec.operand().filter(|flag| !args.is_given(flag)),
            Arg::Long(name) => args.spec.flags().find(|flag| flag.name.strip_prefix("--") == Some(name)),
            Arg::Short(_) => None,
        };
        let Some(flag) = flag else { return Err(unexpected(argument, Some(args.spec))) };
        let text = match argument {
            Arg::Value(text) => text,
            _ if flag.kind == Kind::Switch => parser.optional_value().unwrap_or_else(|| "true".into()),
            _ => parser.value().map_err(|_| format!("{0} needs a value: {0} {1}", flag.name, flag.placeholder))?,
        };
        args.record(flag, text);
    }
}
