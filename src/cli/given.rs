//! The values of one command line and its variables: each is parsed once, by its flag.

use super::command::CommandSpec;
use super::error::quoted;
use super::flags::{Flag, Kind, Spec};
use super::value::Reason;
use std::ffi::{OsStr, OsString};
use std::ptr;

/// Reads an environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A value as it was given.
struct Given {
    flag: &'static Spec,
    /// As the user knows it: `--exp`, `CAPISCIO_EXP`.
    origin: String,
    text: OsString,
}

/// The values of a command before each is parsed by its flag.
pub(super) struct Args<'a> {
    pub(super) spec: &'static CommandSpec,
    pub(super) environment: Variables<'a>,
    given: Vec<Given>,
    /// What follows `--`.
    pub(super) command: Vec<OsString>,
    pub(super) warnings: Vec<String>,
    /// The first thing that is wrong. The typed arguments are dropped then.
    pub(super) problem: Option<String>,
}

impl<'a> Args<'a> {
    pub(super) fn new(spec: &'static CommandSpec, environment: Variables<'a>) -> Args<'a> {
        Args { spec, environment, given: Vec::new(), command: Vec::new(), warnings: Vec::new(), problem: None }
    }

    /// The last value of a flag counts, as wrappers rely on; a list is continued.
    pub(super) fn record(&mut self, flag: &'static Spec, text: OsString) {
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
