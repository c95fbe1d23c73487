//! The commands beside `badge keep`: issue, the keys, help.

mod common;

use capiscio::cli::flags::COMMANDS;
use capiscio::key::{PrivateKey, PublicKey};
use common::{Ended, Keeper, RFC_DID, RFC_PUBLIC, Scratch, capiscio, claims, claims_by, run};
use std::fs;
use std::os::fd::FromRawFd;
use std::os::unix::fs::PermissionsExt;

fn mode(scratch: &Scratch, name: &str) -> u32 {
    fs::metadata(scratch.join(name)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn issue_prints_one_badge_and_one_newline() {
    let scratch = Scratch::with_key();
    let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--exp", "5m", "--level", "4"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let token = ended.stdout.strip_suffix('\n').unwrap();
    let badge = claims(token);
    assert_eq!((badge.exp - badge.iat, badge.level), (300, 4));
    assert_eq!(scratch.names(), ["private.jwk"]);
}

#[test]
fn issue_writes_a_file_as_the_keeper_does() {
    let scratch = Scratch::with_key();
    let arguments = ["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt", "--out-mode", "0644"];
    let ended = run(scratch.path(), &arguments);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    claims(&scratch.read("badge.jwt"));
    assert!(!scratch.read("badge.jwt").ends_with('\n'));
    assert_eq!(mode(&scratch, "badge.jwt"), 0o644);
    assert_eq!(scratch.names(), ["badge.jwt", "private.jwk"]);
}

#[test]
fn issue_does_not_disturb_a_keeper_of_the_same_file() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    let before = keeper.badge();
    let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(&format!("pid {}", keeper.pid())), "{}", ended.stderr);
    assert_eq!(keeper.badge(), before);
}

#[test]
fn issue_to_a_stdout_that_is_full_is_a_failure() {
    let scratch = Scratch::with_key();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = capiscio(scratch.path());
    let output = command.args(["badge", "issue", "--key", "private.jwk"]).stdout(full).output().unwrap();
    let ended = Ended::from(output);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("cannot write to stdout"), "{}", ended.stderr);
}

#[test]
fn key_gen_makes_a_pair_that_fits_and_names_itself_by_its_did() {
    let scratch = Scratch::empty();
    let ended = run(scratch.path(), &["key", "gen", "--out-did", "did.txt", "--show-did"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let private = PrivateKey::from_jwk(&scratch.read("private.jwk")).ok().unwrap();
    let public = PublicKey::from_jwk(&scratch.read("public.jwk")).ok().unwrap();
    assert_eq!(private.public().bytes(), public.bytes());
    assert_eq!(public.kid(), Some(public.did_key().as_str()));
    assert_eq!(ended.stdout, format!("{}\n", public.did_key()));
    assert_eq!(scratch.read("did.txt"), ended.stdout);
    assert_eq!((mode(&scratch, "private.jwk"), mode(&scratch, "public.jwk")), (0o600, 0o644));
    assert_eq!(scratch.names(), ["did.txt", "private.jwk", "public.jwk"]);
}

#[test]
fn key_gen_never_replaces_a_private_key_unless_forced() {
    let scratch = Scratch::with_key();
    let before = scratch.read("private.jwk");
    let ended = run(scratch.path(), &["key", "gen"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("private.jwk") && ended.stderr.contains("--force"), "{}", ended.stderr);
    assert_eq!(scratch.read("private.jwk"), before);
    assert_eq!(scratch.names(), ["private.jwk"]);
    assert_eq!(run(scratch.path(), &["key", "gen", "--force"]).code, Some(0));
    assert_ne!(scratch.read("private.jwk"), before);
    assert_eq!(mode(&scratch, "private.jwk"), 0o600);
}

#[test]
fn key_gen_loses_no_private_key_and_no_device_whatever_it_is_told_to_write_where() {
    let scratch = Scratch::with_key();
    let before = scratch.read("private.jwk");
    let rows: [(&[&str], &str); 5] = [
        (&["--out-priv", "new.jwk", "--out-pub", "new.jwk"], "are one"),
        (&["--out-priv", "new.jwk", "--out-pub", "a", "--out-did", "./a"], "are one"),
        (&["--out-priv", "new.jwk", "--out-pub", "private.jwk"], "private key"),
        (&["--out-priv", "new.jwk", "--out-did", "private.jwk"], "private key"),
        (&["--out-priv", "new.jwk", "--out-pub", "/dev/null"], "it is a device"),
    ];
    for (arguments, words) in rows {
        let ended = run(scratch.path(), &[&["key", "gen"], arguments].concat());
        assert_eq!(ended.code, Some(1), "{arguments:?}");
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
        assert_eq!(scratch.read("private.jwk"), before, "{arguments:?}");
        assert_eq!(scratch.names(), ["private.jwk"], "{arguments:?}: nothing is written");
    }
}

#[test]
fn key_gen_forced_follows_a_link_to_the_key() {
    let scratch = Scratch::with_key();
    let before = scratch.read("private.jwk");
    std::os::unix::fs::symlink("private.jwk", scratch.join("link.jwk")).unwrap();
    assert_eq!(run(scratch.path(), &["key", "gen", "--force", "--out-priv", "link.jwk"]).code, Some(0));
    assert!(scratch.join("link.jwk").symlink_metadata().unwrap().is_symlink());
    assert_ne!(scratch.read("private.jwk"), before);
}

#[test]
fn issue_to_a_dash_prints_also_where_the_environment_names_a_file() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--key", "private.jwk", "--out", "-"]).env("CAPISCIO_OUT", "badge.jwt");
    let ended = Ended::from(command.output().unwrap());
    claims(ended.stdout.trim_end());
    assert_eq!(scratch.names(), ["private.jwk"]);
}

#[test]
fn issue_into_an_open_descriptor_does_not_replace_the_file_behind_it() {
    let scratch = Scratch::with_key();
    let redirected = fs::File::create(scratch.join("redirected")).unwrap();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--key", "private.jwk", "--out", "/dev/stdout"]).stdout(redirected);
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("open descriptor"), "{}", ended.stderr);
    assert_eq!(scratch.read("redirected"), "");
}

#[test]
fn key_gen_into_a_missing_directory_says_how_to_make_it() {
    let scratch = Scratch::empty();
    for flag in ["--out-priv", "--out-pub"] {
        let ended = run(scratch.path(), &["key", "gen", flag, "missing/key.jwk"]);
        assert_eq!(ended.code, Some(1), "{flag}");
        assert!(ended.stderr.contains("mkdir -p missing"), "{flag}: {}", ended.stderr);
        assert!(!ended.stderr.contains("badge"), "{flag}: {}", ended.stderr);
    }
}

#[test]
fn key_public_prints_the_public_half_only() {
    let scratch = Scratch::with_key();
    let jwk = run(scratch.path(), &["key", "public", "--key", "private.jwk"]);
    assert_eq!(jwk.code, Some(0), "{}", jwk.stderr);
    assert!(!jwk.stdout.contains("\"d\""));
    let ours = PublicKey::from_jwk(&jwk.stdout).ok().unwrap();
    assert_eq!(ours.bytes(), PublicKey::from_jwk(RFC_PUBLIC).ok().unwrap().bytes());
    let did = run(scratch.path(), &["key", "public", "--key", "private.jwk", "--did"]);
    assert_eq!(did.stdout, format!("{RFC_DID}\n"));
    let issued = run(scratch.path(), &["badge", "issue", "--key", "private.jwk"]);
    claims_by(&jwk.stdout, issued.stdout.trim_end());
}

#[test]
fn help_is_there_on_every_level_with_an_example_first_and_every_flag() {
    let scratch = Scratch::empty();
    for words in [&["--help"][..], &["-h"], &["help"], &[], &["badge"], &["badge", "--help"], &["help", "key"]] {
        let ended = run(scratch.path(), words);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{words:?}");
        assert!(ended.stdout.contains("capiscio"), "{words:?}");
    }
    for command in COMMANDS {
        let words: Vec<&str> = command.words.split(' ').collect();
        let page = run(scratch.path(), &[&words[..], &["--help"]].concat()).stdout;
        for form in [
            [&words[..], &["-h"]].concat(),
            [&["help"], &words[..]].concat(),
            [&words[..1], &["help"], &words[1..]].concat(),
        ] {
            assert_eq!(run(scratch.path(), &form).stdout, page, "{form:?}");
        }
        let (example, usage) = (page.find(command.example).unwrap(), page.find("Usage:").unwrap());
        assert!(example < usage, "{}", command.words);
        for flag in command.flags.iter().copied().flatten() {
            assert!(page.contains(&format!("--{}", flag.name)) && page.contains(flag.about), "{}", flag.name);
        }
        assert!(page.lines().all(|line| line.chars().count() <= 140), "{page}");
    }
}

#[test]
fn the_guides_defaults_are_the_ones_in_the_table() {
    let guide = [
        ("sub", "did:capiscio:agent:test"),
        ("domain", "example.com"),
        ("iss", "https://registry.capisc.io"),
        ("exp", "1h"),
        ("key", ""),
        ("out", "badge.jwt"),
        ("renew-before", "10m"),
        ("check-interval", "1m"),
    ];
    let keep = COMMANDS.iter().find(|command| command.words == "badge keep").unwrap();
    for (name, default) in guide {
        assert_eq!(keep.flag(name).map(|flag| flag.default), Some(default), "--{name}");
    }
}

#[test]
fn the_examples_of_the_help_run_as_they_stand() {
    for command in COMMANDS.iter().filter(|command| command.words != "badge keep") {
        let scratch = Scratch::with_key();
        scratch.write("public.jwk", RFC_PUBLIC);
        let issue = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"]);
        assert_eq!(issue.code, Some(0));
        if command.words == "key gen" {
            fs::remove_file(scratch.join("private.jwk")).unwrap();
        }
        let example = command.example.split(" > ").next().unwrap();
        let words: Vec<&str> = example.split(' ').skip(1).collect();
        let ended = run(scratch.path(), &words);
        assert_eq!(ended.code, Some(0), "{example}: {}", ended.stderr);
    }
}

#[test]
fn the_version_is_the_packages() {
    let ended = run(Scratch::empty().path(), &["--version"]);
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("capiscio {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_closed_terminal_ends_the_keeper_as_it_ends_any_program() {
    let scratch = Scratch::with_key();
    let (mut ours, mut theirs) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: openpty(3) fills the two integers; the other pointers may be null.
    assert_eq!(unsafe { libc::openpty(&raw mut ours, &raw mut theirs, null, null.cast(), null.cast()) }, 0);
    // SAFETY: both descriptors were opened just now and nobody else owns them.
    let (_terminal, stderr) = unsafe { (fs::File::from_raw_fd(ours), fs::File::from_raw_fd(theirs)) };
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]).stderr(stderr);
    let mut child = command.spawn().unwrap();
    common::until("a badge stands", || scratch.join("badge.jwt").exists());
    // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
    unsafe { libc::kill(child.id() as i32, libc::SIGHUP) };
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
