//! When a badge is renewed, and what is told about it: the pure machine, the pure report, and the loop that carries out
//! what the machine decides.

mod event;
mod machine;
mod moment;
pub mod policy;
mod prepare;
mod report;
mod run;
mod wait;

pub use prepare::Settings;
pub(crate) use prepare::{first_key, is_valid_now, issue, read_existing_key};
pub(crate) use run::run;

#[cfg(test)]
mod tests;
