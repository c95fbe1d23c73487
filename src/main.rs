//! The program `capiscio`.
fn main() {}
