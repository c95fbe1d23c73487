//! A new private key meets the same faults as a badge: it stands whole, or it is not there.

use crate::common::{Ended, Scratch};
use crate::tools::behind;

fn key_gen(scratch: &Scratch, fault: &str) -> Ended {
    let trace = scratch.path().with_extension("trace");
    let strace = ["strace", "-f", "-o", trace.to_str().unwrap(), "-e", fault];
    let ended = Ended::from(behind(&strace, scratch.path()).args(["key", "gen"]).output().unwrap());
    let seen = std::fs::read_to_string(&trace).unwrap();
    let _ = std::fs::remove_file(&trace);
    assert!(seen.contains("INJECTED"), "{seen}");
    ended
}

#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn a_file_system_without_hard_links_gets_its_key_all_the_same_and_loses_none() {
    let scratch = Scratch::empty();
    let fault = "inject=?link,?linkat:error=EPERM";
    let ended = key_gen(&scratch, fault);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let key = scratch.read("private.jwk");
    capiscio::key::PrivateKey::from_jwk(&key).ok().unwrap();
    assert_eq!(scratch.names(), ["private.jwk", "public.jwk"]);
}

#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn a_directory_that_cannot_be_synced_is_a_warning_once_the_key_stands() {
    let scratch = Scratch::empty();
    // The second fsync of a file is its directory's.
    let ended = key_gen(&scratch, "inject=fsync:error=EINVAL:when=2+2");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("could not be synced"), "{}", ended.stderr);
    assert_eq!(scratch.names(), ["private.jwk", "public.jwk"]);
}

#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn a_key_that_cannot_be_written_leaves_nothing_behind() {
    for fault in ["inject=write:error=ENOSPC:when=1", "inject=fsync:error=EIO:when=1"] {
        let scratch = Scratch::empty();
        let ended = key_gen(&scratch, fault);
        assert_eq!(ended.code, Some(1), "{fault}: {}", ended.stderr);
        assert!(ended.stderr.contains("failed to write key"), "{fault}: {}", ended.stderr);
        assert!(scratch.names().is_empty(), "{fault}: {:?}", scratch.names());
    }
}
