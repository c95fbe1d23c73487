//! Wrong command lines, variables and key files: exit status, message, and no file written.

mod common;

use common::{Ended, LogLine, RFC_KEY, RFC_SEED, Scratch, capiscio, finish, mode, run, run_bounded};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

const KEEP: [&str; 6] = ["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"];

/// The exit status is `code`, stdout is empty, and stderr contains each of `expected` and no key.
fn assert_refused(ended: &Ended, code: i32, expected: &[&str], context: &[&str]) {
    assert_eq!(ended.code, Some(code), "{context:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "{context:?}");
    for part in expected {
        assert!(ended.stderr.contains(part), "{context:?}: {part:?} is missing in: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{context:?}: {}", ended.stderr);
    assert!(!ended.stderr.contains(RFC_SEED), "{context:?}: key material in: {}", ended.stderr);
}

#[test]
fn exits_2_on_a_wrong_command_line_and_writes_nothing() {
    let own_key = "self-signed badge is issued by and for its own key";
    let rows: &[(&[&str], &[&str])] = &[
        (&["stray"], &[" GMT error: unexpected argument \"stray\"; see capiscio badge keep --help\n"]),
        (&["--exp", "1x"], &["--exp \"1x\" is not a duration"]),
        (&["--renew-befor", "1m"], &["did you mean --renew-before"]),
        (&["--self-sign", "--sub", "did:web:other.example"], &[own_key]),
        (&["--self-sign", "--iss", "https://registry.capisc.io"], &[own_key]),
        (&["--ready-fd", "77"], &[" GMT error: --ready-fd is not an open descriptor"]),
        (&["--sub", RFC_KEY], &["JSON, not shown"]),
    ];
    for (arguments, expected) in rows.iter().copied() {
        let scratch = Scratch::with_key();
        let ended = run(scratch.path(), &[&KEEP, arguments].concat());
        assert_refused(&ended, 2, expected, arguments);
        assert_eq!(scratch.names(), ["private.jwk"], "{arguments:?} created a file");
    }
}

#[test]
fn exits_3_only_on_a_wrong_health_command_line() {
    let scratch = Scratch::empty();
    for (arguments, code) in [
        (&["badge", "health", "--out", "", "badge.jwt"][..], 3),
        (&["badge", "verify", "--file", ""], 2),
        (&["badge", "healthy"], 2),
    ] {
        assert_refused(&run(scratch.path(), arguments), code, &["; see capiscio"], arguments);
    }
    assert!(scratch.names().is_empty());
}

#[test]
fn names_a_wrong_environment_variable() {
    let scratch = Scratch::with_key();
    let ended = run_bounded(capiscio(scratch.path()).args(KEEP).env("CAPISCIO_EXP", "soon"));
    assert_refused(&ended, 2, &["CAPISCIO_EXP \"soon\" is not a duration"], &["CAPISCIO_EXP"]);
}

#[test]
fn refuses_an_unusable_key_variable_without_printing_it() {
    let scratch = Scratch::empty();
    let broken = RFC_KEY.replace("OKP", "oct");
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep"]).env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", broken);
    assert_refused(&run_bounded(&mut command), 1, &["CAPISCIO_AGENT_PRIVATE_KEY_JWK"], &["JWK variable"]);
    assert!(scratch.names().is_empty());
}

#[test]
fn keep_logs_a_wrong_command_line_in_the_format_of_its_log() {
    let scratch = Scratch::with_key();
    let keep = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = capiscio(scratch.path());
        run_bounded(command.args(KEEP).args(arguments).envs(environment.iter().copied()))
    };
    let sentence = "unexpected argument \"stray\"; see capiscio badge keep --help";
    for (arguments, environment) in
        [(&["--log-format=json", "stray"][..], &[][..]), (&["stray"], &[("CAPISCIO_LOG_FORMAT", "json")])]
    {
        let ended = keep(arguments, environment);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let line = LogLine::parse(&ended.stderr).expect("one JSON line");
        assert_eq!((line.text("level"), line.text("event"), line.text("message")), ("error", "failed", sentence));
        assert!(line.number("time") > 1_700_000_000);
    }
    let ended = keep(&["--ready-fd", "77", "--log-format", "json"], &[]);
    let line = LogLine::parse(ended.stderr.lines().last().unwrap()).expect("JSON");
    assert_eq!((ended.code, line.text("level"), line.text("event")), (Some(2), "error", "failed"));
}

#[test]
fn keep_gives_a_wrong_command_line_the_priority_of_an_error_in_the_journal() {
    let scratch = Scratch::with_key();
    let log = fs::File::create(scratch.join("log")).unwrap();
    let found = log.metadata().unwrap();
    let mut command = capiscio(scratch.path());
    command.args(KEEP).arg("stray").env("JOURNAL_STREAM", format!("{}:{}", found.dev(), found.ino())).stderr(log);
    assert_eq!(finish(command.spawn().unwrap()).code, Some(2));
    assert_eq!(scratch.read("log"), "<3>unexpected argument \"stray\"; see capiscio badge keep --help\n");
}

#[test]
fn issue_warns_about_a_mistyped_variable() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "issue", "--sub=did:web:a", "--domain=a", "--key=private.jwk"]).env("CAPISCIO_ISSS", "");
    let ended = run_bounded(&mut command);
    assert_eq!(ended.code, Some(0));
    let warning = "capiscio: warning: unknown variable CAPISCIO_ISSS is ignored (did you mean CAPISCIO_ISS?)\n";
    assert_eq!(ended.stderr, warning);
}

/// Each kind of unusable key file: its name, its text, and a part of the message.
fn unusable_keys() -> Vec<(&'static str, String, &'static str)> {
    let with = |from: &str, to: &str| RFC_KEY.replace(from, to);
    let d = format!("\"d\":\"{RFC_SEED}\"");
    vec![
        ("empty", String::new(), "empty"),
        ("not JSON", "hello".into(), "JSON"),
        ("an array", "[]".into(), "JSON"),
        ("a public key", with(&format!("{d},"), ""), "public"),
        ("RSA", r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#.into(), "RSA"),
        ("EC", r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}"#.into(), "EC"),
        ("X25519", with("Ed25519", "X25519"), "X25519"),
        ("a JWK Set", format!("{{\"keys\":[{RFC_KEY}]}}"), "JWK Set"),
        ("short d", with(&d, "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyu\""), "\"d\""),
        ("padded d", with(RFC_SEED, &format!("{RFC_SEED}=")), "\"d\""),
        ("stray bits in d", with(RFC_SEED, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B"), "\"d\""),
        ("d is a number", with(&d, "\"d\":1"), "\"d\""),
        ("all-zero d", format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"{}\"}}", "A".repeat(43)), "zero"),
        ("x of another key", with("11qYAYKx", "11qYAYKy"), "\"x\""),
        ("d twice", with(&d, &format!("{d},{d}")), "more than one"),
        ("kty twice", with("\"kty\":\"OKP\"", "\"kty\":\"OKP\",\"kty\":\"OKP\""), "more than one"),
        ("text after the object", format!("{RFC_KEY} x"), "after"),
        ("another alg", with("{", "{\"alg\":\"ES256\","), "alg"),
        ("another use", with("{", "{\"use\":\"enc\","), "use"),
        ("no sign in key_ops", with("{", "{\"key_ops\":[\"verify\"],"), "key_ops"),
        ("kid is a number", with("{", "{\"kid\":7,"), "kid"),
        (
            "PEM",
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n".into(),
            "README.md shows how to convert it",
        ),
        ("over 16 KiB", format!("{RFC_KEY}{}", " ".repeat(16 * 1024)), "16 KiB"),
    ]
}

#[test]
fn explains_why_a_key_file_is_unusable_and_writes_nothing() {
    for (kind, text, reason) in unusable_keys() {
        let scratch = Scratch::empty();
        scratch.write_private("private.jwk", text);
        let ended = run(scratch.path(), &KEEP);
        assert_refused(&ended, 1, &["private.jwk", reason], &[kind]);
        assert_eq!(scratch.names(), ["private.jwk"], "{kind}");
    }
}

#[test]
fn reads_a_key_file_of_exactly_16_kib() {
    let scratch = Scratch::empty();
    for (length, code) in [(16 * 1024, 0), (16 * 1024 + 1, 1)] {
        scratch.write_private("private.jwk", format!("{RFC_KEY}{}", " ".repeat(length - RFC_KEY.len())));
        let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk"]);
        assert_eq!(ended.code, Some(code), "{length}: {}", ended.stderr);
    }
}

#[test]
fn refuses_a_key_path_that_is_not_a_regular_file() {
    let scratch = Scratch::empty();
    assert_refused(&run(scratch.path(), &KEEP), 1, &["private.jwk", "capiscio key gen --out-priv"], &["missing"]);
    fs::create_dir(scratch.join("private.jwk")).unwrap();
    assert_refused(&run(scratch.path(), &KEEP), 1, &["it is a directory"], &["a directory"]);
    fs::remove_dir(scratch.join("private.jwk")).unwrap();
    scratch.mkfifo("private.jwk");
    assert_refused(&run(scratch.path(), &KEEP), 1, &["not a regular file"], &["a FIFO"]);
}

/// The command of README.md that converts private.pem into private.jwk.
fn readme_conversion() -> &'static str {
    let mut lines = include_str!("../README.md").lines();
    lines.find(|line| line.starts_with("(set -eC;") && line.contains("private.pem")).unwrap()
}

/// Whether `sh -c` runs this command with exit status 0.
fn succeeds_in_shell(scratch: &Scratch, line: &str) -> bool {
    run_bounded(Command::new("sh").arg("-c").arg(line).current_dir(scratch.path())).code == Some(0)
}

#[test]
#[ignore = "needs openssl"]
fn the_readme_command_converts_a_pem_key_to_a_private_jwk() {
    let scratch = Scratch::empty();
    assert!(succeeds_in_shell(&scratch, "openssl genpkey -algorithm ed25519 -out private.pem"));
    assert!(succeeds_in_shell(&scratch, readme_conversion()));
    let issued = run(scratch.path(), &["badge", "issue", "--key", "private.jwk"]);
    assert_eq!(issued.code, Some(0), "{}", issued.stderr);
    assert_eq!(mode(&scratch.join("private.jwk")), 0o600);
}

#[test]
#[ignore = "needs openssl"]
fn the_readme_command_refuses_other_keys_and_replaces_no_file() {
    let recipes = ["ecparam -name prime256v1 -genkey -noout", "genpkey -algorithm RSA", "genpkey -algorithm X25519"];
    for recipe in recipes {
        let scratch = Scratch::empty();
        assert!(succeeds_in_shell(&scratch, &format!("openssl {recipe} -out private.pem")), "{recipe}");
        assert!(!succeeds_in_shell(&scratch, readme_conversion()), "{recipe}");
        assert_eq!(scratch.names(), ["private.pem"], "{recipe}");
    }
    let scratch = Scratch::with_key();
    assert!(succeeds_in_shell(&scratch, "openssl genpkey -algorithm ed25519 -out private.pem"));
    assert!(!succeeds_in_shell(&scratch, readme_conversion()));
    assert_eq!(scratch.read("private.jwk"), RFC_KEY);
}

#[test]
fn refuses_a_key_with_the_name_of_a_lock_or_temporary_file() {
    for name in [".badge.jwt.lock", ".badge.jwt.0123abcd.tmp"] {
        let scratch = Scratch::empty();
        scratch.write_private(name, RFC_KEY);
        let ended = run(scratch.path(), &["badge", "keep", "--key", name, "--out", "badge.jwt"]);
        assert_refused(&ended, 1, &["failed to write badge", "private key"], &[name]);
        assert_eq!(scratch.read(name), RFC_KEY);
    }
}

#[test]
fn generates_no_key_if_a_did_is_required() {
    let scratch = Scratch::empty();
    for command in ["keep", "issue"] {
        let arguments = ["badge", command, "--generate-key", "--key", "new.jwk", "--self-sign", "--sub", "did:web:a"];
        assert_refused(&run(scratch.path(), &arguments), 2, &["leave --sub out"], &arguments);
        assert!(scratch.names().is_empty(), "{command}: {:?}", scratch.names());
    }
}

#[test]
fn a_failed_start_does_not_change_the_old_badge() {
    let scratch = Scratch::empty();
    scratch.write("badge.jwt", "the old badge");
    assert_refused(&run(scratch.path(), &KEEP), 1, &["private.jwk"], &["no key"]);
    assert_eq!(scratch.read("badge.jwt"), "the old badge");
    assert_eq!(scratch.names(), ["badge.jwt"]);
}
