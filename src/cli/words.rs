//! The words of a command line, matched with the table of flags: each value is of the kind that its flag takes.

use super::flags::{COMMANDS, Command, Flag};
use super::usage::{Usage, nearest, quoted};
use lexopt::Arg;
use std::ffi::{OsStr, OsString};

/// Reads an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A value and where it was said: `--exp` or `CAPISCIO_EXP`.
pub struct Given {
    /// The flag.
    pub flag: &'static Flag,
    /// The name under which the person knows it.
    pub said_as: String,
    /// The value as it was said; for a switch "true" or "false" in any of its spellings.
    pub value: OsString,
}

/// A command with everything that was said to it.
pub struct Words {
    /// The command.
    pub command: &'static Command,
    /// Each flag once, lists as often as they were said.
    pub given: Vec<Given>,
    /// What stood behind the flags.
    pub operands: Vec<OsString>,
    /// Remarks that do not stop the command.
    pub warnings: Vec<String>,
}

/// What the first words ask for.
pub enum Asked {
    /// A command to be carried out.
    Command(Words),
    /// Help about everything that begins with these words.
    Help(String),
    /// The version.
    Version,
}

/// Reads `arguments` (without the program's own name).
#[inline(never)]
pub fn read(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Result<Asked, Usage> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut said = String::new();
    loop {
        let argument = parser.next()?;
        let word = match argument {
            None => return Ok(Asked::Help(said)),
            Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Asked::Help(said)),
            Some(Arg::Long("version") | Arg::Short('V')) if said.is_empty() => return Ok(Asked::Version),
            Some(Arg::Value(word)) if word == "help" => {
                while let Some(Arg::Value(word)) = parser.next()? {
                    push_word(&mut said, &word);
                    if !is_known(&said) {
                        return Err(unknown_command(&said));
                    }
                }
                return Ok(Asked::Help(said));
            }
            Some(Arg::Value(word)) => word,
            Some(other) => {
                return Err(Usage::new(&format_args!(
                    "a command comes first, then its flags: capiscio badge keep {}",
                    quoted(OsStr::new(&flag_of(&other)))
                )));
            }
        };
        push_word(&mut said, &word);
        if let Some(command) = COMMANDS.iter().find(|command| command.words == said) {
            return read_flags(command, parser, environment);
        }
        if !is_known(&said) {
            return Err(unknown_command(&said));
        }
    }
}

fn read_flags(command: &'static Command, mut parser: lexopt::Parser, environment: Environment) -> Result<Asked, Usage> {
    let mut words = Words { command, given: Vec::new(), operands: Vec::new(), warnings: Vec::new() };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help(command.words.into())),
            Arg::Long(name) => {
                let Some(flag) = command.flag(name) else {
                    return Err(unknown_flag(command, name));
                };
                let value = if flag.is_switch() {
                    parser.optional_value().unwrap_or_else(|| "true".into())
                } else {
                    parser.value().map_err(|_| {
                        Usage::new(&format_args!("--{} needs a value: --{} {}", flag.name, flag.name, flag.value))
                    })?
                };
                words.say(flag, format!("--{}", flag.name), value);
            }
            Arg::Short(letter) => return Err(unknown_flag(command, &letter.to_string())),
            Arg::Value(word) if command.operand.is_empty() && word == "help" => {
                return Ok(Asked::Help(command.words.into()));
            }
            Arg::Value(word) if command.operand.is_empty() => {
                return Err(Usage::new(&format_args!(
                    "\"{}\" is not expected: {} takes flags only",
                    quoted(&word),
                    command.words
                )));
            }
            Arg::Value(word) => words.operands.push(word),
        }
    }
    if command.environment {
        words.add_environment(environment);
    }
    for given in &words.given {
        given.check()?;
    }
    Ok(Asked::Command(words))
}

impl Words {
    /// The last word counts, as wrappers rely on it; a different one before it is remarked on.
    fn say(&mut self, flag: &'static Flag, said_as: String, value: OsString) {
        if !flag.is_list()
            && let Some(old) = self.given.iter_mut().find(|given| given.flag.name == flag.name)
        {
            self.warnings.push(format!(
                "{said_as} is given twice: \"{}\" is dropped, \"{}\" counts",
                quoted(&old.value),
                quoted(&value)
            ));
            old.value = value;
            return;
        }
        self.given.push(Given { flag, said_as, value });
    }

    /// A flag wins over its variable; an empty variable counts as unset.
    fn add_environment(&mut self, environment: Environment) {
        for flag in self.command.all_flags() {
            if self.given.iter().any(|given| given.flag.name == flag.name) {
                continue;
            }
            let variable = flag.variable();
            if let Some(value) = environment(&variable).filter(|value| !value.is_empty()) {
                self.given.push(Given { flag, said_as: variable, value });
            }
        }
    }
}

fn push_word(said: &mut String, word: &OsStr) {
    if !said.is_empty() {
        said.push(' ');
    }
    said.push_str(&quoted(word));
}

fn flag_of(argument: &Arg<'_>) -> String {
    match argument {
        Arg::Long(name) => format!("--{name}"),
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Value(_) => String::new(),
    }
}

fn is_known(said: &str) -> bool {
    COMMANDS.iter().any(|command| {
        command.words.strip_prefix(said).is_some_and(|rest| said.is_empty() || rest.is_empty() || rest.starts_with(' '))
    })
}

/// Flags of the original's later versions, which speak with a registry.
const REGISTRY_FLAGS: [&str; 4] = ["ca", "api-key", "agent-id", "registry"];
/// Commands of the original's later versions.
const REGISTRY_COMMANDS: [&str; 8] =
    ["validate", "gateway", "trust", "badge request", "badge dv", "rpc", "score", "init"];

fn unknown_flag(command: &Command, name: &str) -> Usage {
    if REGISTRY_FLAGS.contains(&name) {
        return Usage::new(&format_args!(
            "--{name} belongs to the registry's client: this keeper signs locally with --key and asks no registry; leave it out"
        ));
    }
    let known = command.all_flags().map(|flag| flag.name);
    let dashes = if name.chars().count() == 1 { "-" } else { "--" };
    let name = quoted(OsStr::new(name));
    let hint = nearest(&name, known).map_or(String::new(), |near| format!("; did you mean --{near}?"));
    Usage::new(&format_args!("{dashes}{name} is no flag of {}{hint}", command.words))
}

fn unknown_command(said: &str) -> Usage {
    if REGISTRY_COMMANDS.contains(&said) {
        return Usage::new(&format_args!(
            "\"{said}\" is a command of the registry's client: this keeper signs, keeps and verifies badges locally and has no such command"
        ));
    }
    let known = COMMANDS.iter().map(|command| command.words);
    let hint = nearest(said, known).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    Usage::new(&format_args!("\"{said}\" is no command{hint}"))
}
