//! When and what next: the pure machine that decides, and the loop that carries out what it says.

pub mod event;
pub mod issue;
pub mod machine;
pub mod moment;
pub mod policy;
pub mod run;
pub mod settings;
pub mod tell;
mod wake;
