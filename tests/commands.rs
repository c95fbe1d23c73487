//! The commands beside `badge keep`: issue, the keys, help.

mod common;

use capiscio::cli::COMMANDS;
use capiscio::key::{PrivateKey, PublicKey};
use common::{
    RFC_DID, RFC_PUBLIC, Scratch, assert_good, assert_valid, capiscio, chmod, finish, mode, run, run_bounded,
    verify_with, wait_until_blocked,
};
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::Stdio;

#[test]
fn issue_prints_one_badge_and_one_newline() {
    let scratch = Scratch::with_key();
    let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--exp", "5m", "--level", "4"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let badge = assert_valid(ended.stdout.strip_suffix('\n').unwrap());
    assert_eq!((badge.exp - badge.iat, badge.level), (300, 4));
    assert_eq!(scratch.names(), ["private.jwk"]);
}

#[test]
fn issue_writes_a_file_without_a_newline_or_a_lock() {
    let scratch = Scratch::with_key();
    let arguments = ["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt", "--out-mode", "0644"];
    let ended = run(scratch.path(), &arguments);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    assert_good(&scratch.join("badge.jwt"));
    assert!(!scratch.read("badge.jwt").ends_with('\n'));
    assert_eq!(mode(&scratch.join("badge.jwt")), 0o644);
    assert_eq!(scratch.names(), ["badge.jwt", "private.jwk"]);
}

#[test]
fn issue_fails_when_stdout_is_full() {
    let scratch = Scratch::with_key();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--key", "private.jwk"]).stdout(full).stderr(Stdio::piped());
    finish(command.spawn().unwrap()).assert_failed(&["cannot write to stdout"]);
}

#[test]
fn key_gen_writes_a_matching_pair_with_its_did() {
    let scratch = Scratch::empty();
    let ended = run(scratch.path(), &["key", "gen", "--out-did", "did.txt", "--show-did"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let private = PrivateKey::from_jwk(&scratch.read("private.jwk")).ok().unwrap();
    let public = PublicKey::from_jwk(&scratch.read("public.jwk")).ok().unwrap();
    assert_eq!(private.public().bytes(), public.bytes());
    assert_eq!(public.kid(), Some(public.did_key().as_str()));
    assert_eq!(ended.stdout, format!("{}\n", public.did_key()));
    assert_eq!(scratch.read("did.txt"), ended.stdout);
    assert_eq!((mode(&scratch.join("private.jwk")), mode(&scratch.join("public.jwk"))), (0o600, 0o644));
    assert_eq!(scratch.names(), ["did.txt", "private.jwk", "public.jwk"]);
}

#[test]
fn key_gen_replaces_a_private_key_only_with_force() {
    let scratch = Scratch::with_key();
    let before = scratch.read("private.jwk");
    let ended = run(scratch.path(), &["key", "gen"]);
    ended.assert_failed(&["private.jwk", "--force"]);
    assert_eq!(scratch.read("private.jwk"), before);
    assert_eq!(scratch.names(), ["private.jwk"]);
    assert_eq!(run(scratch.path(), &["key", "gen", "--force"]).code, Some(0));
    assert_ne!(scratch.read("private.jwk"), before);
    assert_eq!(mode(&scratch.join("private.jwk")), 0o600);
}

#[test]
fn key_gen_with_force_keeps_the_modes_of_the_files_it_replaces() {
    let scratch = Scratch::empty();
    let arguments = ["key", "gen", "--force", "--out-did", "did.txt"];
    assert_eq!(run(scratch.path(), &arguments).code, Some(0));
    let modes = [("private.jwk", 0o640), ("public.jwk", 0o600), ("did.txt", 0o664)];
    for (name, mode) in modes {
        chmod(&scratch.join(name), mode);
    }
    let before = scratch.read("did.txt");
    assert_eq!(run(scratch.path(), &arguments).code, Some(0));
    assert_ne!(scratch.read("did.txt"), before);
    for (name, expected) in modes {
        assert_eq!(mode(&scratch.join(name)), expected, "{name}");
    }
}

#[test]
fn key_gen_replaces_the_public_key_or_did_of_another_key_only_with_force() {
    for name in ["public.jwk", "did.txt"] {
        let scratch = Scratch::empty();
        scratch.write(name, RFC_PUBLIC);
        let arguments = ["key", "gen", "--out-did", "did.txt"];
        run(scratch.path(), &arguments).assert_failed(&[name, "File exists", "--force"]);
        assert_eq!((scratch.names(), scratch.read(name)), (vec![name.to_owned()], RFC_PUBLIC.to_owned()));
        assert_eq!(run(scratch.path(), &[&arguments[..], &["--force"]].concat()).code, Some(0));
        assert_ne!(scratch.read(name), RFC_PUBLIC);
        assert_eq!(scratch.names(), ["did.txt", "private.jwk", "public.jwk"]);
    }
}

#[test]
fn key_gen_refuses_outputs_that_would_destroy_a_key_or_a_fifo() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("fifo");
    let before = scratch.read("private.jwk");
    let rows: [(&[&str], &str); 7] = [
        (&["--out-priv", "new.jwk", "--out-pub", "new.jwk"], "another file of this command has that name"),
        (
            &["--out-priv", "new.jwk", "--out-pub", "a", "--out-did", "./a"],
            "another file of this command has that name",
        ),
        (&["--out-priv", "new.jwk", "--out-pub", "private.jwk"], "private key"),
        (&["--out-priv", "new.jwk", "--out-did", "private.jwk"], "private key"),
        (&["--out-priv", "new.jwk", "--out-pub", "fifo"], "it is a FIFO"),
        (&["--out-priv", "new.jwk", "--out-did", "fifo"], "it is a FIFO"),
        (&["--out-priv", "new.jwk", "--out-did", "fifo", "--force"], "it is a FIFO"),
    ];
    for (arguments, words) in rows {
        let ended = run(scratch.path(), &[&["key", "gen"], arguments].concat());
        ended.assert_failed(&[words]);
        assert_eq!(scratch.read("private.jwk"), before, "{arguments:?}");
        assert_eq!(scratch.names(), ["fifo", "private.jwk"], "{arguments:?}: nothing is written");
    }
}

#[test]
fn key_gen_with_force_follows_a_symlink_to_the_key() {
    let scratch = Scratch::with_key();
    let before = scratch.read("private.jwk");
    scratch.symlink("private.jwk", "link.jwk");
    assert_eq!(run(scratch.path(), &["key", "gen", "--force", "--out-priv", "link.jwk"]).code, Some(0));
    assert!(scratch.join("link.jwk").symlink_metadata().unwrap().is_symlink());
    assert_ne!(scratch.read("private.jwk"), before);
}

#[test]
fn issue_to_a_dash_prints_even_if_the_environment_names_a_file() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--key", "private.jwk", "--out", "-"]).env("CAPISCIO_OUT", "badge.jwt");
    let ended = run_bounded(&mut command);
    assert_valid(ended.stdout.trim_end());
    assert_eq!(scratch.names(), ["private.jwk"]);
}

#[test]
fn issue_does_not_replace_the_file_behind_an_open_descriptor() {
    let scratch = Scratch::with_key();
    let redirected = fs::File::create(scratch.join("redirected")).unwrap();
    // The same kind of link as /dev/stdout, which a regression must not replace.
    scratch.symlink("/proc/self/fd/1", "stdout");
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--key", "private.jwk", "--out", "stdout"]).stdout(redirected);
    finish(command.stderr(Stdio::piped()).spawn().unwrap()).assert_failed(&["open descriptor"]);
    assert_eq!(scratch.read("redirected"), "");
}

#[test]
fn key_gen_names_the_command_that_creates_a_missing_directory() {
    let scratch = Scratch::empty();
    for flag in ["--out-priv", "--out-pub", "--out-did"] {
        let ended = run(scratch.path(), &["key", "gen", flag, "missing/key.jwk"]);
        ended.assert_failed(&[&format!("mkdir -p {}", scratch.join("missing").display())]);
        assert!(scratch.names().is_empty(), "{flag}: nothing is written");
        assert!(!ended.stderr.contains("badge"), "{flag}: {}", ended.stderr);
    }
}

#[test]
fn key_public_prints_only_the_public_key() {
    let scratch = Scratch::with_key();
    let jwk = run(scratch.path(), &["key", "public", "--key", "private.jwk"]);
    assert_eq!(jwk.code, Some(0), "{}", jwk.stderr);
    assert!(!jwk.stdout.contains("\"d\""));
    let ours = PublicKey::from_jwk(&jwk.stdout).ok().unwrap();
    assert_eq!(ours.bytes(), PublicKey::from_jwk(RFC_PUBLIC).ok().unwrap().bytes());
    let did = run(scratch.path(), &["key", "public", "--key", "private.jwk", "--did"]);
    assert_eq!(did.stdout, format!("{RFC_DID}\n"));
    let issued = run(scratch.path(), &["badge", "issue", "--key", "private.jwk"]);
    verify_with(&jwk.stdout, issued.stdout.trim_end()).unwrap();
}

/// stdin is a pipe without data, stdout a pipe without space.
#[test]
fn a_signal_ends_a_command_that_waits_for_a_pipe() {
    let scratch = Scratch::with_key();
    for arguments in
        [&["badge", "verify", "--accept-self-signed", "-"][..], &["badge", "issue", "--key", "private.jwk"]]
    {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            let (_reader, mut writer) = std::io::pipe().unwrap();
            // SAFETY: fcntl with F_GETPIPE_SZ takes no further argument.
            let size = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_GETPIPE_SZ) };
            writer.write_all(&vec![0; size as usize]).unwrap();
            let mut command = capiscio(scratch.path());
            command.args(arguments).stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let _stdin = child.stdin.take();
            wait_until_blocked(child.id());
            // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
            assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
            let ended = finish(child);
            assert_eq!((ended.code, ended.signal), (None, Some(signal)), "{arguments:?}: {}", ended.stderr);
        }
    }
}

#[test]
fn help_goes_to_stdout_and_exits_0() {
    let ended = run(Scratch::empty().path(), &["badge", "keep", "--help"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("\nUsage: capiscio badge keep [flags] [-- COMMAND [ARGS]]\n"), "{}", ended.stdout);
}

#[test]
fn the_examples_in_the_help_work() {
    for command in COMMANDS.iter().filter(|command| command.name != "badge keep") {
        let scratch = Scratch::with_key();
        scratch.write("public.jwk", RFC_PUBLIC);
        let issue = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"]);
        assert_eq!(issue.code, Some(0));
        if command.name == "key gen" {
            scratch.remove("private.jwk");
            scratch.remove("public.jwk");
        }
        let example = command.example.replace("\\\n", "");
        let words: Vec<&str> = example.split_whitespace().skip(1).take_while(|word| *word != ">").collect();
        let ended = run(scratch.path(), &words);
        assert_eq!(ended.code, Some(0), "{example}: {}", ended.stderr);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let ended = run(Scratch::empty().path(), &["--version"]);
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("capiscio {}\n", env!("CARGO_PKG_VERSION"))));
}
