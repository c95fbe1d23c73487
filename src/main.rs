//! The program `capiscio`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: capiscio::Wiping = capiscio::Wiping;

fn main() -> ExitCode {
    ExitCode::from(capiscio::main())
}
