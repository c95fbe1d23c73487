//! Outputs that are refused before anything is written.

use crate::common::{RFC_KEY, Scratch, capiscio, chmod, keep, mode, run, run_bounded, wrap};
use crate::tools::{assert_keep_fails, names_but_key, sh};
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;

#[test]
fn an_output_that_a_rename_would_destroy_is_refused() {
    let scratch = Scratch::with_key();
    scratch.mkdir("directory");
    scratch.mkfifo("fifo");
    let _socket = UnixListener::bind(scratch.join("socket")).unwrap();
    scratch.symlink("directory", "linked");
    scratch.symlink("fifo", "linked fifo");
    let before = scratch.names();
    for (out, what) in [
        ("directory", "it is a directory"),
        ("linked", "it is a directory"),
        ("fifo", "it is a FIFO"),
        ("socket", "it is a socket"),
        ("linked fifo", "it is a FIFO"),
        (".", "it is a directory"),
        ("..", "it is a directory"),
        ("/", "it is a directory"),
    ] {
        assert_keep_fails(&scratch, out, &["failed to write badge to ", what, "name a regular file"]);
        assert_eq!(scratch.names(), before, "{out}");
    }
}

/// Devices of the test's own: a regression must not replace those of the machine.
#[test]
#[ignore = "needs root: makes devices"]
fn a_device_is_refused_as_output_and_stays() {
    let scratch = Scratch::with_key();
    let (null, block) = (scratch.join("null"), scratch.join("block"));
    // The numbers of /dev/null, and of a loop device that is never opened.
    sh(&format!("mknod '{}' c 1 3 && mknod '{}' b 7 250", null.display(), block.display()));
    scratch.symlink("null", "linked");
    let before = scratch.names();
    for out in ["null", "linked", "block"] {
        assert_keep_fails(&scratch, out, &["it is a device", "name a regular file"]);
        for arguments in
            [&["badge", "issue", "--key", "private.jwk", "--out"][..], &["key", "gen", "--force", "--out-pub"]]
        {
            run(scratch.path(), &[arguments, &[out]].concat()).assert_failed(&["it is a device"]);
        }
        assert_eq!(scratch.names(), before, "{out}");
    }
    assert!(fs::metadata(null).unwrap().file_type().is_char_device());
    assert!(fs::metadata(block).unwrap().file_type().is_block_device());
    assert_eq!(scratch.read("private.jwk"), RFC_KEY);
}

#[test]
fn an_output_that_names_a_directory_is_refused() {
    let scratch = Scratch::with_key();
    for out in ["new/", "new/.", "new/..", "new//"] {
        assert_keep_fails(&scratch, out, &["names a directory"]);
    }
    assert!(names_but_key(scratch.path()).is_empty());
}

/// A link of procfs leads to an open file, whatever its path looks like: a rename would replace that file.
#[test]
fn an_open_descriptor_is_refused_as_output_under_any_name() {
    let scratch = Scratch::with_key();
    scratch.symlink("/dev/fd/1", "own-link");
    // The same kind of link as /dev/stdout, which a regression must not replace.
    scratch.symlink("/proc/self/fd/1", "stdout");
    scratch.symlink("/proc/self/fd", "own-directory");
    scratch.write("out.txt", "precious\n");
    chmod(&scratch.join("out.txt"), 0o644);
    for out in [
        "/dev/fd/1",
        "stdout",
        "/proc/self/fd/1",
        "/proc/thread-self/fd/1",
        "own-link",
        "own-directory/1",
        // Not open: there is nothing to follow.
        "/dev/fd/99",
    ] {
        for command in ["issue", "keep"] {
            let append = r#"exec "$@" >>out.txt"#;
            let mut command = wrap(&["sh", "-c", append, "sh"], capiscio(scratch.path()).args(["badge", command]));
            let ended = run_bounded(command.args(["--key", "private.jwk", "--out", out]));
            ended.assert_failed(&["it is an open descriptor", "name a regular file"]);
            assert_eq!(scratch.read("out.txt"), "precious\n", "{out}");
            assert_eq!(mode(&scratch.join("out.txt")), 0o644, "{out}");
        }
    }
    assert_eq!(names_but_key(scratch.path()), ["out.txt", "own-directory", "own-link", "stdout"]);
}

#[test]
fn a_loop_of_symlinks_is_refused() {
    let scratch = Scratch::with_key();
    scratch.symlink("two", "one");
    scratch.symlink("one", "two");
    assert_keep_fails(&scratch, "one", &["symbolic links form a loop"]);
    assert_eq!(names_but_key(scratch.path()), ["one", "two"]);
}

#[test]
fn the_private_key_is_refused_as_output_under_any_name() {
    let scratch = Scratch::with_key();
    let key = scratch.read("private.jwk");
    scratch.symlink("private.jwk", "linked");
    fs::hard_link(scratch.join("private.jwk"), scratch.join("hard")).unwrap();
    for out in ["private.jwk", "./private.jwk", "linked", "hard"] {
        assert_keep_fails(&scratch, out, &["it is the private key"]);
    }
    assert_eq!(scratch.read("private.jwk"), key);
}

/// Neither file exists yet, so only their paths can be compared.
#[test]
fn the_path_of_a_key_to_be_generated_is_refused_as_output() {
    for (key, out) in [("new.jwk", "./new.jwk"), ("new.jwk", "deep/../new.jwk"), ("linked/new.jwk", "deep/new.jwk")] {
        let scratch = Scratch::empty();
        scratch.mkdir("deep");
        scratch.symlink("deep", "linked");
        let arguments = ["badge", "keep", "--generate-key", "--key", key, "--out", out];
        run_bounded(capiscio(scratch.path()).args(arguments)).assert_failed(&["it is the private key"]);
        assert_eq!(scratch.names(), ["deep", "linked"]);
    }
}

#[test]
fn a_missing_directory_is_refused_with_the_command_that_creates_it() {
    let scratch = Scratch::with_key();
    let cure = format!("mkdir -p '{}'", scratch.join("a b").display());
    assert_keep_fails(&scratch, "a b/badge.jwt", &["failed to write badge to ", &cure]);
    assert_keep_fails(&scratch, "private.jwk/badge.jwt", &["a component of the path is not a directory"]);
}

#[test]
fn a_refused_command_line_or_key_leaves_the_old_badge() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old badge");
    scratch.write("broken.jwk", "{}");
    for (arguments, code) in [
        (&["--renew-before", "2h"][..], 2),
        (&["--exp", "0s"], 2),
        (&["--out-mode", "01777"], 2),
        (&["--key", "broken.jwk"], 1),
        (&["--key", "missing.jwk"], 1),
        (&["--self-sign", "--sub", "did:key:z6Mk"], 2),
    ] {
        let ended = run_bounded(keep(&scratch, "badge.jwt").args(arguments));
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert_eq!(names_but_key(scratch.path()), ["badge.jwt", "broken.jwk"], "{arguments:?}");
        assert_eq!(scratch.read("badge.jwt"), "the old badge");
    }
}
