//! The file as its readers see it: replaced whole, durable, watched, locked. A file knows no badge: it is
//! handed a text and keeps it standing.

mod failure;
mod lock;
mod output;
mod replace;
mod target;
mod watch;
mod written;

pub use failure::{KEY, directory, refused, unwritten};
pub use output::{Output, Sight, Wanted};
pub use replace::{create, replace};
pub use target::Target;
