//! Arguments and environment become a typed request. Nothing is opened here.

mod arguments;
mod command;
mod duration;
mod error;
mod flags;
mod given;
mod help;
mod parse;
mod suggest;
mod value;

pub use arguments::{HealthArgs, KeepOptions, KeyGenArgs, KeyPublicArgs, Request, Token, VerifyArgs};
pub use command::{COMMANDS, CommandSpec};
pub use duration::parse as parse_duration;
pub use error::UsageError;
pub use flags::{Kind, Spec};
pub use given::Variables;
pub use parse::{Invocation, parse};
