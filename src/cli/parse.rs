//! Arguments and environment, matched with the tables: each value is parsed once, by its flag.

use super::arguments::{self, Request};
use super::command::{COMMANDS, Command, CommandSpec};
use super::error::{UsageError, quoted};
use super::flags::{Flag, Kind, Spec};
use super::value::Reason;
use super::{help, suggest};
use lexopt::{Arg, Parser};
use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow::{self, Break, Continue};
use std::ptr;

/// Reads an environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A request, and remarks about its command line.
pub struct Invocation {
    /// What to do.
    pub request: Request,
    /// One sentence each; they do not stop the request.
    pub warnings: Vec<String>,
}

/// Parses the arguments (without the program's own name) and the environment.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, environment: Variables) -> Result<Invocation, UsageError> {
    let mut parser = Parser::from_args(arguments);
    let spec = match read_command(&mut parser).map_err(|problem| UsageError { command: None, problem })? {
        Continue(spec) => spec,
        Break(text) => return Ok(Invocation { request: Request::Print(text), warnings: Vec::new() }),
    };
    let mut args = Args { spec, environment, given: Vec::new(), warnings: Vec::new(), problem: None };
    match request(&mut args, parser) {
        Ok(request) => Ok(Invocation { request, warnings: args.warnings }),
        Err(problem) => Err(UsageError { command: Some(spec), problem }),
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
                let space = if name.is_empty() { "" } else { " " };
                name = format!("{name}{space}{}", quoted(&value));
                // With the spaces a prefix ends where an argument ends.
                match COMMANDS.iter().find(|spec| format!("{} ", spec.name).starts_with(&format!("{name} "))) {
                    None => {
                        let hint = suggest::hint(&name, COMMANDS.iter().map(|spec| spec.name));
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
    let known = |spec: &CommandSpec| suggest::hint(&option, spec.flags().map(|flag| flag.name));
    format!("unknown option {option}{}", spec.map_or(" before the command".into(), known))
}

/// Reads what follows the name of a command.
fn request(args: &mut Args, parser: Parser) -> Result<Request, String> {
    if args.read(parser)? {
        return Ok(Request::Print(help::page(args.spec)));
    }
    let request = match args.spec.command {
        Command::BadgeKeep => arguments::keep(args),
        Command::BadgeIssue => arguments::issue(args),
        Command::BadgeHealth => Request::Health(arguments::health(args)),
        Command::BadgeVerify => Request::Verify(arguments::verify(args)),
        Command::KeyGen => Request::KeyGen(arguments::key_gen(args)),
        Command::KeyPublic => Request::KeyPublic(arguments::key_public(args)),
    };
    args.problem.take().map_or(Ok(request), Err)
}

/// A value as it was given.
struct Given {
    flag: &'static Spec,
    /// As the user knows it: `--exp`, `CAPISCIO_EXP`.
    origin: String,
    text: OsString,
}

/// The values of a command before each is parsed by its flag.
pub(super) struct Args<'a> {
    spec: &'static CommandSpec,
    pub environment: Variables<'a>,
    given: Vec<Given>,
    pub warnings: Vec<String>,
    /// The first thing that is wrong. The typed arguments are dropped then.
    problem: Option<String>,
}

impl Args<'_> {
    /// Whether help is requested.
    fn read(&mut self, mut parser: Parser) -> Result<bool, String> {
        while let Some(argument) = parser.next().map_err(|_| UNREADABLE)? {
            let flag = match &argument {
                Arg::Long("help") | Arg::Short('h') => return Ok(true),
                Arg::Value(value) if value == "help" && self.spec.operand().is_none() => return Ok(true),
                Arg::Value(_) => self.spec.operand().filter(|flag| !self.is_given(flag)),
                Arg::Long(name) => self.spec.flags().find(|flag| flag.name.strip_prefix("--") == Some(name)),
                Arg::Short(_) => None,
            };
            let Some(flag) = flag else { return Err(unexpected(argument, Some(self.spec))) };
            let text = match argument {
                Arg::Value(text) => text,
                _ if flag.kind == Kind::Switch => parser.optional_value().unwrap_or_else(|| "true".into()),
                _ => parser.value().map_err(|_| format!("{} needs a value, {}", flag.name, flag.placeholder))?,
            };
            self.record(flag, text);
        }
        Ok(false)
    }

    /// The last value of a flag counts, as wrappers rely on; a list is continued.
    fn record(&mut self, flag: &'static Spec, text: OsString) {
        match self.given.iter_mut().find(|given| ptr::eq(given.flag, flag)) {
            None => self.given.push(Given { flag, origin: flag.name.into(), text }),
            Some(given) if flag.kind == Kind::List => {
                given.text.push(",");
                given.text.push(text);
            }
            Some(given) => {
                let (old, new) = (quoted(&given.text), quoted(&text));
                self.warnings.push(format!("{} is given twice: \"{old}\" is dropped, \"{new}\" counts", flag.name));
                given.text = text;
            }
        }
    }

    /// Takes the value of each flag that is not given from its variable.
    pub(super) fn read_variables(&mut self) {
        self.spec.flags().for_each(|flag| self.read_variable(flag, flag.variable()));
    }

    /// Takes the value of a flag that is not given from a variable; an empty one counts as unset.
    pub(super) fn read_variable(&mut self, flag: &'static Spec, name: String) {
        if !self.is_given(flag)
            && let Some(text) = (self.environment)(&name).filter(|text| !text.is_empty())
        {
            self.given.push(Given { flag, origin: name, text });
        }
    }

    fn find(&self, flag: &'static Spec) -> Option<&Given> {
        self.given.iter().find(|given| ptr::eq(given.flag, flag))
    }

    pub(super) fn is_given(&self, flag: &'static Spec) -> bool {
        self.find(flag).is_some()
    }

    pub(super) fn origin(&self, flag: &'static Spec) -> &str {
        self.find(flag).map_or(flag.name, |given| &given.origin)
    }

    /// The text of a flag, or its default.
    pub(super) fn text(&self, flag: &'static Spec) -> &OsStr {
        self.find(flag).map_or(flag.default.as_ref(), |given| &given.text)
    }

    /// Refuses the command line, unless it is refused already.
    pub(super) fn refuse(&mut self, problem: &str) {
        self.problem.get_or_insert_with(|| problem.into());
    }

    pub(super) fn refuse_value(&mut self, flag: &'static Spec, reason: Reason) {
        self.refuse(&format!("{} \"{}\" {reason}", self.origin(flag), quoted(self.text(flag))));
    }

    /// The value of a flag, or its default. A refused value reads as the default of its type.
    pub(super) fn value<T: Default>(&mut self, flag: &'static Flag<T>) -> T {
        (flag.parse)(self.text(&flag.spec)).unwrap_or_else(|reason| {
            self.refuse_value(&flag.spec, reason);
            T::default()
        })
    }

    /// The value of a flag that may be left out.
    pub(super) fn get<T: Default>(&mut self, flag: &'static Flag<T>) -> Option<T> {
        self.is_given(&flag.spec).then(|| self.value(flag))
    }
}
