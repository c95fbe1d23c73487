//! Key files: read strictly and anew for each badge, generated, written durably.

mod generate;
mod read;

pub(crate) use generate::{create_private, generate, write_file};
pub use read::KeySource;
pub(crate) use read::{KeyError, KeyFault, permissions_warning, read_private, read_public, read_public_or_private};
