//! The program `capiscio`.
#![forbid(unsafe_code)]

use capiscio::{command, system::memory::Wiping};
use std::process::ExitCode;

#[global_allocator]
static MEMORY: Wiping = Wiping;

fn main() -> ExitCode {
    ExitCode::from(command::main())
}
