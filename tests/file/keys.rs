//! A new private key is written whole or not at all, as a badge is.

use crate::common::{Ended, Scratch, capiscio, wrap};
use std::fs;

fn key_gen_with_fault(scratch: &Scratch, fault: &str) -> Ended {
    let trace = scratch.path().with_extension("trace");
    let strace = ["strace", "-f", "-o", trace.to_str().unwrap(), "-e", fault];
    let mut command = wrap(&strace, &capiscio(scratch.path()));
    let ended = Ended::from(command.args(["key", "gen"]).output().unwrap());
    let seen = fs::read_to_string(&trace).unwrap();
    let _ = fs::remove_file(&trace);
    assert!(seen.contains("INJECTED"), "{seen}");
    ended
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn writes_a_key_to_a_file_system_without_hard_links() {
    let scratch = Scratch::empty();
    let ended = key_gen_with_fault(&scratch, "inject=?link,?linkat:error=EPERM");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    capiscio::key::PrivateKey::from_jwk(&scratch.read("private.jwk")).ok().unwrap();
    assert_eq!(scratch.names(), ["private.jwk", "public.jwk"]);
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn warns_when_the_directory_of_a_new_key_cannot_be_synced() {
    let scratch = Scratch::empty();
    // The second fsync of a file is its directory's.
    let ended = key_gen_with_fault(&scratch, "inject=fsync:error=EINVAL:when=2+2");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot sync its directory"), "{}", ended.stderr);
    assert_eq!(scratch.names(), ["private.jwk", "public.jwk"]);
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn a_key_that_cannot_be_written_leaves_no_file() {
    for fault in ["inject=write:error=ENOSPC:when=1", "inject=fsync:error=EIO:when=1"] {
        let scratch = Scratch::empty();
        key_gen_with_fault(&scratch, fault).assert_failed(&["failed to write key"]);
        assert!(scratch.names().is_empty(), "{fault}: {:?}", scratch.names());
    }
}
