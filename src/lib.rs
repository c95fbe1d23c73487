//! The rooms of the badge keeper.

pub mod badge;
pub mod encoding;
pub mod key;
