//! Arguments and environment, matched with the tables: each value is parsed once, by its flag.

use super::arguments::{HealthArgs, KeyGenArgs, KeyPublicArgs, VerifyArgs};
use super::command::{COMMANDS, Command, CommandSpec};
use super::error::{Problem, UsageError, quoted};
use super::flags::{Flag, Kind, Spec};
use super::settings::KeepOptions;
use super::value::Reason;
use super::{help, settings};
use crate::file::OutputOptions;
use crate::keeper::settings::Settings;
use lexopt::Arg;
use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::ptr;

/// Reads an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

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

/// A request, and remarks about its command line.
pub struct Invocation {
    /// What to do.
    pub request: Request,
    /// One sentence each; they do not stop the request.
    pub warnings: Vec<String>,
}

/// Parses the arguments (without the program's own name) and the environment.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Environment,
) -> Result<Invocation, UsageError> {
    let mut args = Args::default();
    match request(&mut args, lexopt::Parser::from_args(arguments), environment) {
        Ok(request) => Ok(Invocation { request, warnings: args.warnings }),
        Err(problem) => Err(UsageError { command: args.command, problem }),
    }
}

fn request(args: &mut Args, parser: lexopt::Parser, environment: Environment) -> Result<Request, Problem> {
    let spec = match args.read(parser)? {
        ControlFlow::Continue(spec) => spec,
        ControlFlow::Break(text) => return Ok(Request::Print(text)),
    };
    if spec.environment {
        for flag in spec.flags() {
            args.add_variable(flag, flag.variable(), environment);
        }
    }
    let request = match spec.command {
        Command::BadgeKeep => settings::keep(args, environment),
        Command::BadgeIssue => settings::issue(args, environment),
        Command::BadgeHealth => Request::Health(HealthArgs::new(args, environment)),
        Command::BadgeVerify => Request::Verify(VerifyArgs::new(args)),
        Command::KeyGen => Request::KeyGen(KeyGenArgs::new(args)),
        Command::KeyPublic => Request::KeyPublic(KeyPublicArgs::new(args)),
    };
    match args.problem.take() {
        Some(problem) => Err(problem),
        None => Ok(request),
    }
}

/// A value as it was given.
struct Given {
    flag: &'static Spec,
    /// As the user knows it: `--exp`, `CAPISCIO_EXP`.
    origin: String,
    text: OsString,
}

/// The command, and its values before each is parsed by its flag.
#[derive(Default)]
pub(super) struct Args {
    command: Option<&'static CommandSpec>,
    given: Vec<Given>,
    pub warnings: Vec<String>,
    /// The first thing that is wrong. The typed arguments are dropped then.
    problem: Option<Problem>,
}

impl Args {
    fn read(&mut self, mut parser: lexopt::Parser) -> Result<ControlFlow<String, &'static CommandSpec>, Problem> {
        let mut typed = String::new();
        let mut help = false;
        while !(help && self.command.is_some())
            && let Some(argument) = parser.next()?
        {
            match (self.command, argument) {
                (_, Arg::Long("help") | Arg::Short('h')) => {
                    help = true;
                    break;
                }
                (None, Arg::Long("version") | Arg::Short('V')) if typed.is_empty() => {
                    return Ok(ControlFlow::Break(concat!("capiscio ", env!("CARGO_PKG_VERSION"), "\n").into()));
                }
                (command, Arg::Long(name)) => {
                    match command.and_then(|spec| spec.flags().find(|flag| flag.name == name)) {
                        None => return Err(unknown_option("--", name)),
                        Some(flag) if flag.kind == Kind::Switch => {
                            self.record(flag, parser.optional_value().unwrap_or_else(|| "true".into()));
                        }
                        Some(flag) => self.record(flag, parser.value().map_err(|_| Problem::MissingValue(flag))?),
                    }
                }
                (_, Arg::Short(letter)) => return Err(unknown_option("-", letter.encode_utf8(&mut [0; 4]))),
                (command, Arg::Value(value))
                    if value == "help" && command.is_none_or(|spec| spec.operand.is_none()) =>
                {
                    help = true;
                }
                (None, Arg::Value(value)) => {
                    if !typed.is_empty() {
                        typed.push(' ');
                    }
                    typed.push_str(&quoted(&value));
                    let Some(found) = COMMANDS.iter().find(|spec| is_prefix(&typed, spec.name)) else {
                        return Err(Problem::UnknownCommand(typed));
                    };
                    self.command = Some(found).filter(|spec| spec.name == typed);
                }
                (Some(spec), Arg::Value(value)) => match spec.operand {
                    Some(flag) if !self.is_given(flag) => {
                        self.given.push(Given { flag, origin: flag.name.into(), text: value });
                    }
                    _ => return Err(Problem::UnexpectedArgument(quoted(&value))),
                },
            }
        }
        Ok(match self.command {
            None => ControlFlow::Break(help::index(&typed)),
            Some(spec) if help => ControlFlow::Break(help::page(spec)),
            Some(spec) => ControlFlow::Continue(spec),
        })
    }

    /// The last value of a flag counts, as wrappers rely on; a list is continued.
    fn record(&mut self, flag: &'static Spec, text: OsString) {
        let Some(given) = self.given.iter_mut().find(|given| ptr::eq(given.flag, flag)) else {
            self.given.push(Given { flag, origin: flag.option(), text });
            return;
        };
        if flag.kind == Kind::List {
            given.text.push(",");
            given.text.push(text);
            return;
        }
        let (old, new) = (quoted(&given.text), quoted(&text));
        self.warnings.push(format!("{} is given twice: \"{old}\" is dropped, \"{new}\" counts", given.origin));
        given.text = text;
    }

    /// Takes the value of a flag that is not given from a variable; an empty one counts as unset.
    pub(super) fn add_variable(&mut self, flag: &'static Spec, name: String, environment: Environment) {
        if !self.is_given(flag)
            && let Some(text) = environment(&name).filter(|text| !text.is_empty())
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

    pub(super) fn origin(&self, flag: &'static Spec) -> String {
        self.find(flag).map_or_else(|| flag.option(), |given| given.origin.clone())
    }

    /// The text of a flag, or its default.
    fn text(&self, flag: &'static Spec) -> &OsStr {
        self.find(flag).map_or(flag.default.as_ref(), |given| &given.text)
    }

    /// Refuses the command line, unless it is refused already.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.problem.get_or_insert(problem);
    }

    pub(super) fn refuse_value(&mut self, flag: &'static Spec, reason: Reason) {
        let (origin, value) = (self.origin(flag), quoted(self.text(flag)));
        self.refuse(Problem::InvalidValue { origin, value, reason });
    }

    /// The value of a flag, or its default. A refused value reads as the default of its type.
    pub(super) fn value<T: Default>(&mut self, flag: &'static Flag<T>) -> T {
        match (flag.parse)(self.text(&flag.spec)) {
            Ok(value) => value,
            Err(reason) => {
                self.refuse_value(&flag.spec, reason);
                T::default()
            }
        }
    }

    /// The value of a flag that may be left out.
    pub(super) fn get<T: Default>(&mut self, flag: &'static Flag<T>) -> Option<T> {
        if self.is_given(&flag.spec) { Some(self.value(flag)) } else { None }
    }
}

/// Whether the name of a command begins with this text.
fn is_prefix(text: &str, name: &str) -> bool {
    name.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn unknown_option(dashes: &str, name: &str) -> Problem {
    Problem::UnknownOption([dashes, &quoted(name.as_ref())].concat())
}
