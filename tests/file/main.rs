//! The badge file, by the real binary: never torn, never lost, never someone else's.
//!
//! The ordinary tests need nothing. Those that need root, strace or minutes are ignored by default; the script
//! `campaign` in this directory runs all of them.

#[path = "../common/mod.rs"]
mod common;
mod tools;

mod damage;
mod directory;
mod disk;
mod faults;
mod fight;
mod keys;
mod killed;
mod links;
mod lock;
mod mounts;
mod names;
mod order;
mod refused;
mod share;
mod torn;
mod watch;
