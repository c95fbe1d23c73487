//! Input whose badge nobody could use gets a clear sentence, and changes nothing.

mod common;

use capiscio::cli::flags::COMMANDS;
use common::{Ended, RFC_KEY, RFC_SEED, Scratch, capiscio, run};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

const KEEP: [&str; 6] = ["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"];

/// Runs `badge keep` with these arguments and demands that nothing but the key is there afterwards.
fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let scratch = Scratch::with_key();
    let before = scratch.names();
    let ended = run(scratch.path(), &[&KEEP, arguments].concat());
    sentence(&ended, code, words, arguments);
    assert_eq!(scratch.names(), before, "{arguments:?} left something behind");
}

fn sentence(ended: &Ended, code: i32, words: &[&str], about: &[&str]) {
    assert_eq!(ended.code, Some(code), "{about:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "{about:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "{about:?}: {word:?} is missing in: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{about:?}: {}", ended.stderr);
    assert!(!ended.stderr.contains(RFC_SEED), "{about:?}: key material in: {}", ended.stderr);
}

#[test]
fn a_wrong_command_line_is_refused_with_exit_code_2_and_the_flag_and_the_cure_are_named() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["--sub"], &["--sub needs a value"]),
        (&["stray"], &["\"stray\" is not expected"]),
        (&["--out", ""], &["--out", "is empty"]),
        (&["--key", ""], &["--key", "is empty"]),
        (&["--exp", "1x"], &["--exp \"1x\"", "is no duration"]),
        (&["--exp", ""], &["is no duration"]),
        (&["--exp", "3600"], &["lacks a unit"]),
        (&["--exp", "-1h"], &["is negative"]),
        (&["--exp=-1h"], &["is negative"]),
        (&["--exp", "0s"], &["under a second"]),
        (&["--exp", "999ms"], &["under a second"]),
        (&["--exp", "9999999h"], &["too long"]),
        (&["--exp", "99999999999999999999h"], &["too long"]),
        (&["--renew-before", "0s"], &["longer than zero"]),
        (&["--renew-before", "-1s"], &["is negative"]),
        (&["--renew-before", "1h"], &["shorter than --exp"]),
        (&["--renew-before", "2h"], &["shorter than --exp"]),
        (&["--exp", "2s", "--renew-before", "1500ms"], &["by at least a second"]),
        (&["--check-interval", "-1s"], &["is negative"]),
        (&["--check-interval", "0"], &["longer than zero"]),
        (&["--level", "5"], &["no trust level"]),
        (&["--level", "-1"], &["no trust level"]),
        (&["--level", "one"], &["no trust level"]),
        (&["--level", "0"], &["add --self-sign"]),
        (&["--self-sign", "--level", "2"], &["cannot be self-signed"]),
        (&["--self-sign", "--sub", "did:web:other.example"], &["self-signed badge is issued by and for its own key"]),
        (
            &["--self-sign", "--iss", "https://registry.capisc.io"],
            &["self-signed badge is issued by and for its own key"],
        ),
        (&["--self-sign=perhaps"], &["neither true nor false"]),
        (&["--sub", "agent"], &["is no DID"]),
        (&["--sub", "did:web:"], &["is no DID"]),
        (&["--sub", "did:WEB:a"], &["is no DID"]),
        (&["--sub", "did:web:a b"], &["is no DID"]),
        (&["--iss", "http://registry.example"], &["neither an HTTPS origin"]),
        (&["--iss", "https://registry.example/path"], &["neither an HTTPS origin"]),
        (&["--iss", "https://registry.example/"], &["neither an HTTPS origin"]),
        (&["--iss", "https://user@registry.example"], &["neither an HTTPS origin"]),
        (&["--iss", "registry.example"], &["neither an HTTPS origin"]),
        (&["--domain", "not a host"], &["is no host name"]),
        (&["--domain", "https://agent.example"], &["is no host name"]),
        (&["--domain", "agent..example"], &["is no host name"]),
        (&["--domain", "", "--level", "2"], &["needs one"]),
        (&["--aud", "a\u{1b}[2J"], &["control character"]),
        (&["--out-mode", "rw-r--r--"], &["no octal mode"]),
        (&["--out-mode", "0888"], &["no octal mode"]),
        (&["--out-mode", "1777"], &["more than 0777"]),
        (&["--out-mode", "0040"], &["owner"]),
        (&["--out-group", "staff"], &["no group id"]),
        (&["--out-group", "-1"], &["no group id"]),
        (&["--out-group", "4294967295"], &["no group id"]),
        (&["--log-format", "xml"], &["neither text nor json"]),
        (&["--ready-fd", "2"], &["from 3 on"]),
        (&["--ready-fd", "77"], &["not open"]),
        (&["--renew-befor", "1m"], &["did you mean --renew-before"]),
        (&["-x"], &["-x is no flag"]),
        (&["--ca", "capiscio"], &["signs locally"]),
        (&["--api-key", "secret"], &["signs locally"]),
        (&["--agent-id", "a"], &["signs locally"]),
    ];
    for (arguments, words) in rows {
        refused(arguments, 2, words);
    }
}

#[test]
fn every_flag_of_every_command_refuses_what_it_does_not_take() {
    const TEXT: [&str; 11] =
        ["DID", "HOST", "ISSUER", "NAME,...", "0-4", "OCTAL", "GID", "text|json", "N", "A,B", "NAME"];
    let scratch = Scratch::empty();
    for command in COMMANDS {
        let code = if command.words == "badge health" { 3 } else { 2 };
        for flag in command.all_flags() {
            let (value, words): (&[u8], _) = match flag.value {
                "" => (b"yes", "is neither true nor false"),
                "DURATION" => (b"1", "lacks a unit"),
                "FILE" => (b"", "is empty"),
                text if TEXT.contains(&text) => (b"\xff", "is not UTF-8"),
                other => panic!("--{} takes {other}, of which nothing says what it is", flag.name),
            };
            let name = format!("--{}", flag.name);
            let argument = OsStr::from_bytes(&[name.as_bytes(), b"=", value].concat()).to_owned();
            let output = capiscio(scratch.path()).args(command.words.split(' ')).arg(argument).output().unwrap();
            sentence(&Ended::from(output), code, &[&name, words], &[command.words, &name]);
        }
    }
    assert!(scratch.names().is_empty());
}

#[test]
fn commands_that_are_not_ours_are_named_and_the_nearest_of_ours_is_offered() {
    let scratch = Scratch::empty();
    let rows: [(&[&str], &str); 8] = [
        (&["badge", "keeep"], "did you mean \"badge keep\""),
        (&["bagde", "keep"], "is no command"),
        (&["validate"], "locally"),
        (&["gateway", "start"], "locally"),
        (&["trust", "list"], "locally"),
        (&["badge", "request"], "locally"),
        (&["--sub", "did:web:a"], "a command comes first"),
        (&["key", "delete"], "is no command"),
    ];
    for (arguments, words) in rows {
        sentence(&run(scratch.path(), arguments), 2, &[words], arguments);
    }
}

#[test]
fn without_a_key_the_sentence_says_how_to_make_one() {
    let scratch = Scratch::empty();
    for command in ["keep", "issue"] {
        let ended = run(scratch.path(), &["badge", command]);
        sentence(&ended, 2, &["--key is missing", "capiscio key gen"], &[command]);
    }
    assert!(scratch.names().is_empty());
}

#[test]
fn text_that_becomes_a_claim_must_be_utf_8() {
    let scratch = Scratch::with_key();
    for flag in ["--sub", "--domain", "--iss", "--aud"] {
        let bytes = OsStr::from_bytes(b"did:web:\xff");
        let output = capiscio(scratch.path()).args(KEEP).arg(flag).arg(bytes).output().unwrap();
        sentence(&Ended::from(output), 2, &["is not UTF-8", "\\xff"], &[flag]);
    }
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let scratch = Scratch::with_key();
    let in_a_path = format!("no/{RFC_KEY}");
    for arguments in [
        vec!["badge", "keep", "--key", RFC_KEY],
        vec!["badge", "keep", RFC_KEY],
        vec!["badge", "keep", "--key", "private.jwk", "--out", &in_a_path],
        vec!["badge", "issue", "--key", "private.jwk", "--out", RFC_KEY],
    ] {
        sentence(&run(scratch.path(), &arguments), 2, &[], &["a JWK as an argument"]);
    }
    let twice = ["badge", "keep", "--sub", RFC_KEY, "--sub", RFC_KEY];
    sentence(&run(scratch.path(), &twice), 2, &["JSON, not escaped"], &["a JWK as --sub"]);
}

#[test]
fn a_bad_environment_is_refused_and_the_variable_is_named() {
    let scratch = Scratch::with_key();
    let rows = [
        ("CAPISCIO_EXP", "soon", "CAPISCIO_EXP \"soon\" is no duration"),
        ("CAPISCIO_SUB", "agent", "CAPISCIO_SUB \"agent\" is no DID"),
        ("CAPISCIO_SELF_SIGN", "yes", "CAPISCIO_SELF_SIGN \"yes\" is neither true nor false"),
        ("CAPISCIO_OUT_MODE", "9", "CAPISCIO_OUT_MODE \"9\" is no octal mode"),
    ];
    for (name, value, words) in rows {
        let ended = Ended::from(capiscio(scratch.path()).args(KEEP).env(name, value).output().unwrap());
        sentence(&ended, 2, &[words], &[name]);
    }
}

#[test]
fn a_key_in_the_environment_that_is_no_key_is_refused_without_a_word_of_it() {
    let scratch = Scratch::empty();
    let broken = RFC_KEY.replace("OKP", "oct");
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep"]).env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", broken);
    sentence(&Ended::from(command.output().unwrap()), 1, &["CAPISCIO_AGENT_PRIVATE_KEY_JWK"], &["JWK variable"]);
    assert!(scratch.names().is_empty());
}

/// Every kind of key file that cannot be used, with a word of the sentence that says why.
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
        ("PEM", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n".into(), "openssl pkey"),
        ("over 16 KiB", format!("{RFC_KEY}{}", " ".repeat(16 * 1024)), "16 KiB"),
    ]
}

#[test]
fn a_key_file_that_cannot_be_used_says_why_and_nothing_is_written() {
    for (kind, text, word) in unusable_keys() {
        let scratch = Scratch::empty();
        scratch.write_private("private.jwk", text);
        let ended = run(scratch.path(), &KEEP);
        sentence(&ended, 1, &["private.jwk", word], &[kind]);
        assert_eq!(scratch.names(), ["private.jwk"], "{kind}");
    }
}

#[test]
fn a_key_path_that_is_no_readable_file_says_so() {
    let scratch = Scratch::empty();
    sentence(&run(scratch.path(), &KEEP), 1, &["private.jwk", "capiscio key gen --out-priv"], &["missing"]);
    fs::create_dir(scratch.join("private.jwk")).unwrap();
    sentence(&run(scratch.path(), &KEEP), 1, &["it is a directory"], &["a directory"]);
    fs::remove_dir(scratch.join("private.jwk")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(scratch.join("private.jwk")).status().unwrap();
    assert!(made.success());
    sentence(&run(scratch.path(), &KEEP), 1, &["no ordinary file"], &["a FIFO"]);
}

#[test]
#[ignore = "needs openssl"]
fn the_line_that_converts_a_pem_key_does_convert_it() {
    let scratch = Scratch::empty();
    let shell = |line: &str| {
        let output = std::process::Command::new("sh").arg("-c").arg(line).current_dir(scratch.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    };
    shell("openssl genpkey -algorithm ed25519 -out 'my private.pem'");
    let ended = run(scratch.path(), &["badge", "issue", "--key", "my private.pem"]);
    let line = ended.stderr.split("is converted by: ").nth(1).unwrap_or_default();
    shell(line);
    let issued = run(scratch.path(), &["badge", "issue", "--key", "private.jwk"]);
    assert_eq!(issued.code, Some(0), "{}", issued.stderr);
    assert_eq!(fs::metadata(scratch.join("private.jwk")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
#[ignore = "needs openssl"]
fn the_line_for_a_pem_key_makes_nothing_of_a_key_that_is_not_ed25519_and_replaces_nothing() {
    let make = ["ecparam -name prime256v1 -genkey -noout", "genpkey -algorithm RSA", "genpkey -algorithm X25519"];
    for recipe in make {
        let scratch = Scratch::empty();
        let shell = |line: &str| {
            std::process::Command::new("sh").arg("-c").arg(line).current_dir(scratch.path()).output().unwrap()
        };
        assert!(shell(&format!("openssl {recipe} -out other.pem")).status.success(), "{recipe}");
        let ended = run(scratch.path(), &["badge", "issue", "--key", "other.pem"]);
        let line = ended.stderr.split("is converted by: ").nth(1).unwrap().to_owned();
        assert!(!shell(&line).status.success(), "{recipe}");
        assert_eq!(scratch.names(), ["other.pem"], "{recipe}");
    }
    let scratch = Scratch::empty();
    let shell =
        |line: &str| std::process::Command::new("sh").arg("-c").arg(line).current_dir(scratch.path()).output().unwrap();
    assert!(shell("openssl genpkey -algorithm ed25519 -out private.jwk").status.success());
    let before = scratch.read("private.jwk");
    let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk"]);
    assert!(!shell(ended.stderr.split("is converted by: ").nth(1).unwrap()).status.success());
    assert_eq!(scratch.read("private.jwk"), before);
}

#[test]
fn a_key_that_has_a_name_which_the_keeper_needs_is_left_alone() {
    for name in [".badge.jwt.lock", ".badge.jwt.0123abcd.tmp"] {
        let scratch = Scratch::empty();
        scratch.write_private(name, RFC_KEY);
        let ended = run(scratch.path(), &["badge", "keep", "--key", name, "--out", "badge.jwt"]);
        sentence(&ended, 1, &["failed to write badge", "private key"], &[name]);
        assert_eq!(scratch.read(name), RFC_KEY);
    }
}

#[test]
fn a_key_that_is_yet_to_be_made_fits_no_did_and_is_not_made() {
    let scratch = Scratch::empty();
    for command in ["keep", "issue"] {
        let arguments = ["badge", command, "--generate-key", "--key", "new.jwk", "--self-sign", "--sub", "did:web:a"];
        sentence(&run(scratch.path(), &arguments), 2, &["leave --sub out"], &arguments);
        assert!(scratch.names().is_empty(), "{command}: {:?}", scratch.names());
    }
}

#[test]
fn an_output_that_cannot_be_written_says_failed_to_write_badge_and_the_cure() {
    refused(&["--out", "missing/dir/badge.jwt"], 1, &["failed to write badge", "mkdir -p ", "missing/dir"]);
    refused(&["--out", "/dev/null"], 1, &["failed to write badge", "device"]);
    refused(&["--out", "."], 1, &["failed to write badge", "directory"]);
    refused(&["--out", "private.jwk"], 1, &["failed to write badge", "private key"]);
    refused(&["--out", "private.jwk/badge.jwt"], 1, &["failed to write badge"]);
    refused(&["--out", "./private.jwk"], 1, &["failed to write badge", "private key"]);
}

#[test]
fn a_failed_start_leaves_the_old_badge_as_it_was() {
    let scratch = Scratch::empty();
    scratch.write("badge.jwt", "the old badge");
    sentence(&run(scratch.path(), &KEEP), 1, &["private.jwk"], &["no key"]);
    assert_eq!(scratch.read("badge.jwt"), "the old badge");
    assert_eq!(scratch.names(), ["badge.jwt"]);
}
