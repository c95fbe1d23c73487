use super::{RFC_SEED, Variable, parse_bytes, parse_with, rfc_key};
use capiscio::cli::{COMMANDS, Invocation, Kind, UsageError};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Checks an error: one sentence with these parts, no key in it, and the help page at its end.
fn check(result: Result<Invocation, UsageError>, code: u8, parts: &[&str], about: &str) {
    let Err(error) = result else { panic!("{about} is accepted") };
    let sentence = error.to_string();
    assert_eq!(error.exit_code(), code, "{about}: {sentence}");
    for part in parts {
        assert!(sentence.contains(part), "{about}: {part:?} is missing in: {sentence}");
    }
    assert!(sentence.contains("; see capiscio") && sentence.ends_with(" --help"), "{about}: {sentence}");
    assert!(!sentence.contains(['\n', '{']) && !sentence.contains(RFC_SEED), "{about}: {sentence}");
    assert!(sentence.len() < 400, "{about}: {} bytes", sentence.len());
}

fn refused_with(arguments: &[&str], variables: &[Variable], code: u8, parts: &[&str]) {
    check(parse_with(arguments, variables), code, parts, &format!("{arguments:?} {variables:?}"));
}

fn refused(arguments: &[&str], parts: &[&str]) {
    refused_with(arguments, &[], 2, parts);
}

#[test]
fn a_wrong_value_is_refused_with_its_flag_and_reason() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["--out", ""], &["--out \"\" is empty"]),
        (&["--out", "-"], &["--out \"-\" is stdout"]),
        (&["--key", ""], &["--key \"\" is empty"]),
        (
            &["--exp", "1x"],
            &["--exp \"1x\" is not a duration; write 90s, 10m or 1h30m; see capiscio badge keep --help"],
        ),
        (&["--exp", ""], &["is not a duration"]),
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
        (&["--exp", "2s", "--renew-before", "1s1ns"], &["by at least a second"]),
        (&["--exp", "90s", "--renew-before", "90s"], &["by at least a second"]),
        (&["--check-interval", "-1s"], &["is negative"]),
        (&["--check-interval", "0"], &["longer than zero"]),
        (&["--level", "5"], &["not a trust level"]),
        (&["--level", "-1"], &["not a trust level"]),
        (&["--level", "one"], &["not a trust level"]),
        (&["--level", "0"], &["add --self-sign"]),
        (&["--self-sign", "--level", "2"], &["cannot be self-signed"]),
        (&["--self-sign=perhaps"], &["--self-sign \"perhaps\" is neither true nor false"]),
        (&["--sub", "agent"], &["is not a DID"]),
        (&["--sub", "did:web:"], &["is not a DID"]),
        (&["--sub", "did:WEB:a"], &["is not a DID"]),
        (&["--sub", "did:web:a b"], &["is not a DID"]),
        (&["--iss", "http://registry.example"], &["neither an HTTPS origin"]),
        (&["--iss", "https://registry.example/path"], &["neither an HTTPS origin"]),
        (&["--iss", "https://registry.example/"], &["neither an HTTPS origin"]),
        (&["--iss", "https://user@registry.example"], &["neither an HTTPS origin"]),
        (&["--iss", "registry.example"], &["neither an HTTPS origin"]),
        (&["--domain", "not a host"], &["is not a host name"]),
        (&["--domain", "https://agent.example"], &["is not a host name"]),
        (&["--domain", "agent..example"], &["is not a host name"]),
        (&["--domain", "", "--level", "2"], &["--domain \"\"", "needs one"]),
        (&["--aud", "a\u{1b}[2J"], &["control character"]),
        (&["--aud", &"a".repeat(17 * 1024)], &["above 16 KiB"]),
        (&["--out-mode", "rw-r--r--"], &["not an octal mode"]),
        (&["--out-mode", "0888"], &["not an octal mode"]),
        (&["--out-mode", "+640"], &["not an octal mode"]),
        (&["--out-mode", "1777"], &["above 0777"]),
        (&["--out-mode", "1000"], &["above 0777"]),
        (&["--out-mode", "777777777777777"], &["not an octal mode"]),
        (&["--out-mode", "0040"], &["owner"]),
        (&["--out-mode", "0377"], &["owner"]),
        (&["--out-mode", "0"], &["owner"]),
        (&["--out-group", "staff"], &["not a group id"]),
        (&["--out-group", "-1"], &["not a group id"]),
        (&["--out-group", "4294967295"], &["not a group id"]),
        (&["--log-format", "xml"], &["neither text nor json"]),
        (&["--ready-fd", "2"], &["from 3 on"]),
        (&["--ready-fd", "-3"], &["from 3 on"]),
        (&["--ready-fd", "2147483648"], &["from 3 on"]),
        (&["--ready-fd", "4294967299"], &["from 3 on"]),
    ];
    for (arguments, parts) in rows {
        refused(&[&["badge", "keep", "--key", "private.jwk"], *arguments].concat(), parts);
    }
}

#[test]
fn an_unknown_or_incomplete_option_is_refused() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["--sub"], &["--sub needs a value: --sub DID"]),
        (&["stray"], &["unexpected argument \"stray\"; see capiscio badge keep --help"]),
        (&["--renew-befor", "1m"], &["unknown option --renew-befor (did you mean --renew-before?)"]),
        (&["-x"], &["unknown option -x; see capiscio badge keep --help"]),
        (&["--\u{1b}[2J"], &["unknown option --\\u001b[2J"]),
        (&["--json={"], &["unknown option --json"]),
        (&["--=x"], &["unknown option --;"]),
        (&["-abc"], &["unknown option -a;"]),
        (&["-e=1h"], &["unknown option -e;"]),
        (&["-\u{e9}"], &["unknown option -\u{e9};"]),
        (&["-"], &["unexpected argument \"-\""]),
        (&["--"], &["-- needs a command: -- COMMAND [ARGS]"]),
        (&["--", ""], &["-- needs a command: -- COMMAND [ARGS]"]),
        (&["--signal", "USR1"], &["--signal \"USR1\" has no receiver; give --signal-pid-file FILE, or -- COMMAND"]),
        (&["--signal", "KILL"], &["--signal \"KILL\" is not one of HUP, USR1, USR2, INT, QUIT, TERM, WINCH"]),
        (&["--signal", "hup"], &["--signal \"hup\" is not one of"]),
        (&["agent", "--", "agent"], &["unexpected argument \"agent\""]),
        (&["--exp"], &["--exp needs a value: --exp DURATION"]),
        (&["--out", "a", "--key"], &["--key needs a value: --key FILE"]),
        (&["--kee", "k"], &["unknown option --kee (did you mean --key?)"]),
        (&["--ket-x", "k"], &["unknown option --ket-x; see"]),
        (&["--ca", "capiscio"], &["signs locally"]),
        (&["--api-key", "secret"], &["signs locally"]),
        (&["--agent-id", "a"], &["signs locally"]),
    ];
    for (arguments, parts) in rows {
        refused(&[&["badge", "keep", "--key", "private.jwk"], *arguments].concat(), parts);
    }
    refused(&["--sub", "did:web:a"], &["unknown option --sub before the command; see capiscio --help"]);
    refused_with(&["badge", "health", "a", "b"], &[], 3, &["unexpected argument \"b\""]);
}

#[test]
fn an_unknown_command_is_refused_and_the_nearest_one_offered() {
    let rows: [(&[&str], &str); 9] = [
        (&["badge", "keeep"], "(did you mean badge keep?)"),
        (&["bagde", "keep"], "unknown command \"bagde\"; see capiscio --help"),
        (&["validate"], "locally"),
        (&["gateway", "start"], "locally"),
        (&["rpc", "--socket", "s"], "set CAPISCIO_BINARY to its path"),
        (&["trust", "list"], "locally"),
        (&["badge", "request"], "locally"),
        (&["key", "delete"], "unknown command"),
        (&["help", "badge", "keeep"], "unknown command"),
    ];
    for (arguments, part) in rows {
        refused(arguments, &[part]);
    }
}

#[test]
fn a_missing_argument_is_named_with_its_cure() {
    for command in ["keep", "issue"] {
        refused(&["badge", command], &["--key is missing", "capiscio key gen"]);
    }
    refused(&["key", "public"], &["--key is missing"]);
    refused(&["badge", "verify"], &["the badge is missing"]);
    refused(&["badge", "verify", "token", "--file", "badge.jwt"], &["TOKEN and --file"]);
    for list in ["", ",", " , "] {
        refused(&["badge", "verify", "token", "--trusted-issuers", list], &["--trusted-issuers", "names no issuer"]);
    }
}

/// A value that is not of this kind, and a part of the reason.
fn wrong_value(kind: Kind) -> (&'static [u8], &'static str) {
    match kind {
        Kind::Switch => (b"yes", "is neither true nor false"),
        Kind::Path => (b"", "is empty"),
        Kind::Duration => (b"1", "lacks a unit"),
        Kind::Number => (b"x", "is not "),
        Kind::List | Kind::Text => (b"\xff", "is not UTF-8"),
    }
}

#[test]
fn every_flag_refuses_a_value_of_another_kind() {
    for command in &COMMANDS {
        let code = if command.name == "badge health" { 3 } else { 2 };
        for flag in command.flags().filter(|flag| !flag.is_operand()) {
            let (value, reason) = wrong_value(flag.kind);
            let name = flag.name;
            let mut arguments: Vec<OsString> = command.name.split(' ').map(OsString::from).collect();
            arguments.push(OsStr::from_bytes(&[name.as_bytes(), b"=", value].concat()).into());
            // Refused also where the value would not be used.
            arguments.extend(command.operand().map(|_| "operand".into()));
            let parts = [&*format!("{name} \""), reason, &*format!("; see capiscio {} --help", command.name)];
            check(parse_bytes(arguments, &[]), code, &parts, &format!("{} {name}", command.name));
        }
    }
}

#[test]
fn options_that_are_not_utf_8_are_refused_and_escaped() {
    for (option, shown) in [(&b"--\xff"[..], "unknown option --"), (b"--\xff=1", "unknown option --"), (b"-\xff", "-")]
    {
        let arguments = vec!["badge".into(), "keep".into(), OsStr::from_bytes(option).into()];
        check(parse_bytes(arguments, &[]), 2, &[shown], &format!("{option:?}"));
    }
}

#[test]
fn no_path_takes_a_key() {
    let public = r#"{"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for command in &COMMANDS {
        let code = if command.name == "badge health" { 3 } else { 2 };
        for flag in command.flags().filter(|flag| flag.kind == Kind::Path && !flag.is_operand()) {
            for key in [&rfc_key(), public] {
                let words: Vec<&str> = command.name.split(' ').chain([flag.name, key]).collect();
                // The key variable, so that no missing key is reported first.
                let reason = format!("{} \"(JSON, not shown)\" is a key; give the path of its file", flag.name);
                let variables = [("CAPISCIO_AGENT_PRIVATE_KEY_JWK", &*rfc_key())];
                let operand = command.operand().map(|_| "operand");
                let words: Vec<&str> = words.into_iter().chain(operand).collect();
                refused_with(&words, &variables, code, &[&reason]);
            }
        }
    }
}

#[test]
fn text_that_becomes_a_claim_must_be_utf_8() {
    for flag in ["--sub", "--domain", "--iss", "--aud"] {
        let mut arguments = ["badge", "keep", "--key", "k", flag].map(OsString::from).to_vec();
        arguments.push(OsStr::from_bytes(b"did:web:\xff").into());
        check(parse_bytes(arguments, &[]), 2, &[flag, "\\xff", "is not UTF-8"], flag);
    }
}

#[test]
fn a_key_on_the_command_line_is_not_repeated() {
    let key = &*rfc_key();
    let in_a_path = &*format!("no/{key}");
    for arguments in [
        &["badge", "keep", "--key", key][..],
        &["badge", "keep", key],
        &["badge", "keep", "--key", "private.jwk", "--out", in_a_path],
        &["badge", "issue", "--key", "private.jwk", "--out", key],
        &["badge", "keep", "--sub", key, "--sub", key],
        &["badge", "verify", "token", key],
        &[key],
    ] {
        refused(arguments, &["(JSON, not shown)"]);
    }
}

#[test]
fn a_wrong_variable_is_named() {
    let rows = [
        ("CAPISCIO_EXP", "soon", "CAPISCIO_EXP \"soon\" is not a duration"),
        ("CAPISCIO_SUB", "agent", "CAPISCIO_SUB \"agent\" is not a DID"),
        ("CAPISCIO_SELF_SIGN", "yes", "CAPISCIO_SELF_SIGN \"yes\" is neither true nor false"),
        ("CAPISCIO_OUT_MODE", "9", "CAPISCIO_OUT_MODE \"9\" is not an octal mode"),
    ];
    for (name, value, part) in rows {
        refused_with(&["badge", "keep", "--key", "private.jwk"], &[(name, value)], 2, &[part]);
    }
    let key = &*rfc_key();
    refused_with(&["badge", "health"], &[("BADGE_FILE", key)], 3, &["BADGE_FILE", "is a key"]);
    refused_with(&["badge", "keep"], &[("CAPISCIO_KEY", key)], 2, &["CAPISCIO_KEY", "is a key"]);
    let generate = ["badge", "keep", "--generate-key"];
    refused_with(&generate, &[("CAPISCIO_AGENT_PRIVATE_KEY_JWK", key)], 2, &["--generate-key needs a file"]);
}

#[test]
fn a_key_variable_that_is_not_utf_8_is_not_repeated() {
    let variable =
        |name: &str| (name == "CAPISCIO_AGENT_PRIVATE_KEY_JWK").then(|| OsStr::from_bytes(b"abc\xff").into());
    let Err(error) = capiscio::cli::parse(["badge".into(), "keep".into()], &variable, &[]) else { panic!("accepted") };
    let sentence = error.to_string();
    assert!(
        sentence.starts_with("CAPISCIO_AGENT_PRIVATE_KEY_JWK is not UTF-8") && !sentence.contains("abc"),
        "{sentence}"
    );
}

#[test]
fn one_problem_is_told_of_several() {
    refused(&["badge", "keep", "--sub", "agent", "--exp", "0s", "--level", "7"], &["--sub"]);
    // A wrong value comes before an argument that is missing.
    refused(&["badge", "verify", "--skew", "1"], &["--skew"]);
    refused(&["badge", "keep", "--out-mode", "9"], &["--out-mode"]);
}
