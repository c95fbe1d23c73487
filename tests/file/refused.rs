//! What is refused, is refused before anything is written.

use crate::common::{Scratch, capiscio};
use crate::tools::{KEEP, ended, keep_ends as keep, leftovers};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

#[test]
fn what_a_rename_would_destroy_is_refused_and_stays() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("directory")).unwrap();
    assert!(Command::new("mkfifo").arg(scratch.join("fifo")).status().unwrap().success());
    let _socket = UnixListener::bind(scratch.join("socket")).unwrap();
    symlink("directory", scratch.join("linked")).unwrap();
    symlink("/dev/null", scratch.join("null")).unwrap();
    let before = scratch.names();
    for (out, what) in [
        ("directory", "it is a directory"),
        ("linked", "it is a directory"),
        ("fifo", "it is a FIFO"),
        ("socket", "it is a socket"),
        ("null", "it is a device"),
        ("/dev/null", "it is a device"),
        (".", "it is a directory"),
        ("..", "it is a directory"),
        ("/", "it is a directory"),
    ] {
        let ended = keep(&scratch, out);
        assert_eq!(ended.code, Some(1), "{out}: {}", ended.stderr);
        assert!(ended.stderr.contains(what), "{out}: {}", ended.stderr);
        assert!(ended.stderr.contains("name an ordinary file"), "{out}: {}", ended.stderr);
        assert_eq!(scratch.names(), before, "{out}");
    }
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_name_that_can_only_be_a_directorys_is_refused() {
    let scratch = Scratch::with_key();
    for out in ["new/", "new/.", "new/..", "new//"] {
        let ended = keep(&scratch, out);
        assert_eq!(ended.code, Some(1), "{out}: {}", ended.stderr);
        assert!(ended.stderr.contains("names a directory"), "{out}: {}", ended.stderr);
    }
    assert!(leftovers(scratch.path()).is_empty());
}

/// /dev/stdout leads through /proc to something that only the kernel can follow.
#[test]
fn the_standard_streams_are_refused_by_what_they_are() {
    let scratch = Scratch::with_key();
    for out in ["/dev/stdout", "/proc/self/fd/1"] {
        let ended = keep(&scratch, out);
        assert_eq!(ended.code, Some(1), "{out}: {}", ended.stderr);
        assert!(ended.stderr.contains("it is a FIFO"), "{out}: {}", ended.stderr);
    }
}

#[test]
fn links_that_lead_in_a_circle_are_a_sentence() {
    let scratch = Scratch::with_key();
    symlink("two", scratch.join("one")).unwrap();
    symlink("one", scratch.join("two")).unwrap();
    let ended = keep(&scratch, "one");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("lead in a circle"), "{}", ended.stderr);
    assert_eq!(leftovers(scratch.path()), ["one", "two"]);
}

#[test]
fn the_private_keys_own_file_is_refused_under_whatever_name() {
    let scratch = Scratch::with_key();
    let key = scratch.read("private.jwk");
    symlink("private.jwk", scratch.join("linked")).unwrap();
    fs::hard_link(scratch.join("private.jwk"), scratch.join("hard")).unwrap();
    for out in ["private.jwk", "./private.jwk", "linked", "hard"] {
        let ended = keep(&scratch, out);
        assert_eq!(ended.code, Some(1), "{out}: {}", ended.stderr);
        assert!(ended.stderr.contains("it is the file of the private key"), "{out}: {}", ended.stderr);
    }
    assert_eq!(scratch.read("private.jwk"), key);
}

/// Neither file is there yet, so that only their names can tell.
#[test]
fn the_place_of_a_key_that_is_still_to_be_made_is_refused() {
    for (key, out) in [("new.jwk", "./new.jwk"), ("new.jwk", "deep/../new.jwk"), ("linked/new.jwk", "deep/new.jwk")] {
        let scratch = Scratch::empty();
        fs::create_dir(scratch.join("deep")).unwrap();
        symlink("deep", scratch.join("linked")).unwrap();
        let ended =
            ended(capiscio(scratch.path()).args(["badge", "keep", "--generate-key", "--key", key, "--out", out]));
        assert_eq!(ended.code, Some(1), "{key} {out}: {}", ended.stderr);
        assert!(ended.stderr.contains("it is the file of the private key"), "{key} {out}: {}", ended.stderr);
        assert_eq!(leftovers(scratch.path()), ["deep", "linked"]);
    }
}

#[test]
fn a_directory_that_is_missing_is_a_sentence_with_the_command_that_makes_it() {
    let scratch = Scratch::with_key();
    let ended = keep(&scratch, "a b/badge.jwt");
    assert_eq!(ended.code, Some(1));
    let cure = format!("mkdir -p '{}'", scratch.join("a b").display());
    assert!(ended.stderr.contains("failed to write badge to ") && ended.stderr.contains(&cure), "{}", ended.stderr);
    let ended = keep(&scratch, "private.jwk/badge.jwt");
    assert!(ended.stderr.contains("a part of the path is no directory"), "{}", ended.stderr);
}

#[test]
fn a_command_line_or_key_that_is_refused_leaves_no_trace_beside_the_file() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old badge");
    scratch.write("broken.jwk", "{}");
    for (arguments, code) in [
        (&["--renew-before", "2h"][..], 2),
        (&["--exp", "0s"], 2),
        (&["--out-mode", "01777"], 2),
        (&["--key", "broken.jwk"], 1),
        (&["--key", "nowhere.jwk"], 1),
        (&["--self-sign", "--sub", "did:key:z6Mk"], 2),
    ] {
        let mut command = capiscio(scratch.path());
        let ended = ended(command.args(KEEP).args(arguments));
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert_eq!(leftovers(scratch.path()), ["badge.jwt", "broken.jwk"], "{arguments:?}");
        assert_eq!(scratch.read("badge.jwt"), "the old badge");
    }
}
