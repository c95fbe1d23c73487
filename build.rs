//! Leaves the unwind tables out of the static release file.

use std::path::Path;
use std::{env, fs};

/// The tables' sections (Linux Standard Base Core 5.0, §10.6); INSERT keeps the rest of lld's layout.
const SCRIPT: &str = "SECTIONS {
    /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table .gcc_except_table.*) }
} INSERT AFTER .rodata;
";

/// Panics abort in that file, so nothing reads the tables. 32-bit Arm has tables of another kind (EHABI) and keeps them,
/// and so does a file that another linker makes, whose scripts differ.
///
/// The program alone gets the script: tests unwind.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let applies = is("CARGO_CFG_TARGET_ENV", "musl") && is("PROFILE", "release") && is("RUSTC_LINKER", "rust-lld");
    if applies && !is("CARGO_CFG_TARGET_ARCH", "arm") {
        let directory = env::var("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
        let script = Path::new(&directory).join("no-unwind-tables.ld");
        fs::write(&script, SCRIPT).expect("cargo has made OUT_DIR");
        println!("cargo::rustc-link-arg-bins=--script={}", script.display());
        println!("cargo::rustc-link-arg-bins=--no-eh-frame-hdr");
    }
}
