//! The badge file, as its readers and its file system see it.
//!
//! The ordinary tests need nothing. Those that need root, strace or minutes are ignored by default; the script
//! `campaign` in this directory runs all of them.

#[path = "../common/mod.rs"]
mod common;
mod tools;

mod conflicts;
mod damage;
mod directory;
mod disk;
mod exchanged;
mod faults;
mod keys;
mod killed;
mod late;
mod limits;
mod links;
mod lock;
mod messages;
mod mounts;
mod names;
mod order;
mod parents;
mod refused;
mod share;
mod stopped;
mod torn;
mod watch;
