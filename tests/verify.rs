//! `capiscio badge verify`: arguments, output and exit status.

mod common;
mod test_tokens;

use common::{
    Ended, RFC_DID, RFC_KEY, RFC_PUBLIC, RFC_SEED, Scratch, bounded, capiscio, finish, now, run, run_bounded,
};
use std::io::Write;
use std::process::Stdio;
use test_tokens::{HEADER, badge, expiring_in, is_plain, issuer, other_key, payload, quoted, sign, tampered, vc};

const VALID: i32 = 0;
const INVALID: i32 = 1;
const USAGE: i32 = 2;

/// A directory with the issuer's private.jwk and public.jwk, and another public key in other.jwk.
fn keys() -> Scratch {
    let scratch = Scratch::with_key();
    scratch.write("public.jwk", RFC_PUBLIC);
    scratch.write("other.jwk", other_key().public().to_jwk());
    scratch
}

/// `badge verify`, with these arguments.
fn verify(scratch: &Scratch, arguments: &[&str]) -> Ended {
    run(scratch.path(), &[&["badge", "verify"], arguments].concat())
}

/// `badge verify --key public.jwk`, with these arguments and this stdin.
fn verify_piped(scratch: &Scratch, arguments: &[&str], stdin: &[u8]) -> Ended {
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "--key", "public.jwk"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut pipe, stdin) = (child.stdin.take().unwrap(), stdin.to_vec());
    // Writing fails with EPIPE if the program stops reading early.
    let _ = bounded("it reads stdin", move || pipe.write_all(&stdin));
    finish(child)
}

/// The verdict on a token with the issuer's public key and these arguments: "valid" or the code.
fn verdict(token: &str, arguments: &[&str]) -> String {
    let ended = verify(&keys(), &[&["--key", "public.jwk"], arguments, &["--", token]].concat());
    let verdict: String = ended.stdout.chars().take_while(|c| !matches!(c, ':' | '\n')).collect();
    assert_eq!(ended.code, Some(if verdict == "valid" { VALID } else { INVALID }), "{ended:?}");
    verdict
}

/// A badge from `badge issue` with these arguments.
fn issued(scratch: &Scratch, arguments: &[&str]) -> String {
    let ended = run(scratch.path(), &[&["badge", "issue", "--key", "private.jwk"], arguments].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout.trim_end().to_owned()
}

#[test]
fn reads_a_badge_from_an_argument_a_file_or_stdin() {
    let scratch = keys();
    let token = issued(&scratch, &[]);
    scratch.write("badge.jwt", &token);
    scratch.write("newline.jwt", format!("{token}\n"));
    for source in [
        &[token.as_str()][..],
        &["--file", "badge.jwt"],
        &["--file=newline.jwt"],
        &["--file", "/proc/self/cwd/badge.jwt"],
    ] {
        let ended = verify(&scratch, &[&["--key", "public.jwk"], source].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(VALID), ""), "{source:?} {ended:?}");
    }
    for source in [&["-"][..], &["--file", "-"]] {
        for stdin in [token.clone(), format!("{token}\n")] {
            assert_eq!(verify_piped(&scratch, source, stdin.as_bytes()).code, Some(VALID), "{source:?}");
        }
    }
}

#[test]
fn verifies_the_output_of_issue_through_a_pipe() {
    let scratch = keys();
    let issue = ["badge", "issue", "--key", "private.jwk"];
    let mut issued = capiscio(scratch.path()).args(issue).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut verify = capiscio(scratch.path());
    verify.args(["badge", "verify", "--key", "public.jwk", "-"]).stdin(issued.stdout.take().unwrap());
    assert_eq!(run_bounded(&mut verify).code, Some(VALID));
    assert_eq!(finish(issued).code, Some(0));
}

#[test]
fn prints_a_summary_of_a_valid_badge() {
    let scratch = keys();
    let names = ["--sub", "did:web:a.example", "--iss", "https://registry.example:8443", "--domain", "a.example:1"];
    let token = issued(&scratch, &[&names[..], &["--level", "2", "--aud", "one,two", "--exp", "90m"]].concat());
    let ended = verify(&scratch, &["--key", "public.jwk", &token]);
    assert_eq!(ended.code, Some(VALID));
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(
        lines[..6],
        [
            "valid",
            "  subject   did:web:a.example",
            "  issuer    https://registry.example:8443",
            "  level     2",
            "  domain    a.example:1",
            "  audience  one, two",
        ]
    );
    let is_date = |text: &str| text.len() == 29 && text.ends_with(" GMT");
    assert!(lines[6].strip_prefix("  issued    ").is_some_and(is_date), "{}", lines[6]);
    let (date, left) = lines[7].strip_prefix("  expires   ").unwrap().split_once(" (in 1h").unwrap();
    assert!(is_date(date) && left.ends_with(')'), "{}", lines[7]);
    assert_eq!(lines.len(), 8);
}

#[test]
fn omits_absent_claims_from_the_summary() {
    let scratch = keys();
    let token = issued(&scratch, &["--domain", ""]);
    let ended = verify(&scratch, &["--key", "public.jwk", &token]);
    assert!(!ended.stdout.contains("domain") && !ended.stdout.contains("audience"), "{}", ended.stdout);
}

#[test]
fn prints_the_claims_of_a_valid_badge_as_json() {
    let (iat, exp) = (now() - 10, now() + 600);
    let token = badge(&[("iat", &iat.to_string()), ("exp", &exp.to_string()), ("aud", r#"["one","two"]"#)]);
    let ended = verify(&keys(), &["--key", "public.jwk", "--json", &token]);
    let expected = format!(
        "{{\"valid\":true,\"jti\":\"9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d\",\"iss\":\"{}\",\"sub\":\"{}\",\
         \"aud\":[\"one\",\"two\"],\"iat\":{iat},\"exp\":{exp},\"ial\":\"0\",\"level\":\"1\",\"domain\":\"agent.example.com\"}}\n",
        test_tokens::ISSUER,
        test_tokens::SUBJECT
    );
    assert_eq!((ended.code, ended.stdout), (Some(VALID), expected));
}

#[test]
fn prints_a_code_and_a_reason_for_an_invalid_badge() {
    let ended = verify(&keys(), &["--key", "public.jwk", &expiring_in(-100)]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(INVALID), ""));
    assert!(ended.stdout.starts_with("BADGE_EXPIRED: it expired 10"), "{}", ended.stdout);
    assert_eq!(ended.stdout.lines().count(), 1);
}

#[test]
fn prints_the_code_and_the_reason_as_json() {
    let ended = verify(&keys(), &["--key", "other.jwk", "--json", &badge(&[])]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(INVALID), ""));
    let expected = format!(
        "{{\"valid\":false,\"code\":\"BADGE_SIGNATURE_INVALID\",\"message\":\"its signature was not made by the key {}\"}}\n",
        other_key().public().did_key()
    );
    assert_eq!(ended.stdout, expected);
}

#[test]
fn prints_each_code_for_its_kind_of_invalid_badge() {
    let rows = [
        ("BADGE_MALFORMED", "hello".into()),
        ("BADGE_SIGNATURE_INVALID", tampered(&badge(&[]))),
        ("BADGE_EXPIRED", expiring_in(-61)),
        ("BADGE_NOT_YET_VALID", badge(&[("iat", &(now() + 120).to_string())])),
        ("BADGE_NOT_YET_VALID", badge(&[("nbf", &(now() + 120).to_string())])),
        ("BADGE_CLAIMS_INVALID", badge(&[("aud", "\"me\"")])),
        ("BADGE_CLAIMS_INVALID", badge(&[("jti", "")])),
        ("valid", badge(&[])),
    ];
    for (code, token) in rows {
        assert_eq!(verdict(&token, &[]), code);
    }
    assert_eq!(verdict(&badge(&[]), &["--trusted-issuers", "https://a"]), "BADGE_ISSUER_UNTRUSTED");
    assert_eq!(verdict(&badge(&[("aud", "[\"you\"]")]), &["--audience", "me"]), "BADGE_AUDIENCE_MISMATCH");
}

#[test]
fn trusts_no_issuer_without_a_key() {
    let scratch = keys();
    for token in [badge(&[]), issued(&scratch, &["--self-sign"])] {
        let ended = verify(&scratch, &[&token]);
        assert_eq!(ended.code, Some(INVALID));
        assert!(ended.stdout.starts_with("BADGE_ISSUER_UNTRUSTED: "), "{}", ended.stdout);
        assert!(ended.stdout.contains("no key was given"), "{}", ended.stdout);
    }
}

#[test]
fn accepts_a_self_signed_badge_with_accept_self_signed() {
    let scratch = keys();
    let token = issued(&scratch, &["--self-sign"]);
    let ended = verify(&scratch, &["--accept-self-signed", &token]);
    assert_eq!(ended.code, Some(VALID), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("  subject   {RFC_DID}\n  issuer    {RFC_DID}\n  level     0\n")));
    assert_eq!(verify(&scratch, &["--accept-self-signed=false", &token]).code, Some(INVALID));
}

#[test]
fn accept_self_signed_accepts_no_other_badges() {
    let did = quoted(RFC_DID);
    let level_0 = vc("a", "0");
    let rows = [
        (badge(&[]), "BADGE_ISSUER_UNTRUSTED"),
        (badge(&[("iss", &did), ("sub", &did)]), "BADGE_CLAIMS_INVALID"),
        (badge(&[("iss", &did), ("vc", &level_0)]), "BADGE_CLAIMS_INVALID"),
        (badge(&[("sub", &did), ("vc", &level_0)]), "BADGE_ISSUER_UNTRUSTED"),
        (
            sign(HEADER, &payload(&[("iss", &did), ("sub", &did), ("vc", &level_0)]), &other_key()),
            "BADGE_SIGNATURE_INVALID",
        ),
    ];
    let scratch = keys();
    for (token, code) in rows {
        let ended = verify(&scratch, &["--accept-self-signed", &token]);
        assert!(ended.stdout.starts_with(code), "{code}: {}", ended.stdout);
        assert_eq!(ended.code, Some(INVALID));
    }
    assert_eq!(verdict(&badge(&[("vc", &level_0)]), &[]), "BADGE_CLAIMS_INVALID");
}

#[test]
fn verifies_a_self_signed_badge_with_the_given_key_only() {
    let scratch = keys();
    let token = issued(&scratch, &["--self-sign"]);
    for flags in [&[][..], &["--accept-self-signed"], &["--trusted-issuers", RFC_DID]] {
        let ended = verify(&scratch, &[&["--key", "other.jwk"], flags, &[&token]].concat());
        assert!(ended.stdout.starts_with("BADGE_SIGNATURE_INVALID: "), "{flags:?} {}", ended.stdout);
        let ended = verify(&scratch, &[&["--key", "public.jwk"], flags, &[&token]].concat());
        assert_eq!(ended.code, Some(VALID), "{flags:?} {}", ended.stdout);
    }
}

#[test]
fn refuses_a_private_key_without_printing_it() {
    let scratch = keys();
    let ended = verify(&scratch, &["--key", "private.jwk", &badge(&[])]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""));
    assert!(ended.stderr.contains("/private.jwk: it is a private key"), "{}", ended.stderr);
    assert!(ended.stderr.contains("use the public JWK"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(RFC_SEED));
}

#[test]
fn explains_why_a_key_is_unusable_and_exits_2() {
    let scratch = keys();
    scratch.write("set.jwk", format!("{{\"keys\":[{RFC_PUBLIC}]}}"));
    scratch.write("weak.jwk", RFC_PUBLIC.replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &"A".repeat(43)));
    scratch.write("empty.jwk", "");
    scratch.write("public.pem", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n");
    let rows = [
        ("set.jwk", "it is a JWK Set"),
        ("weak.jwk", "its \"x\" is not a usable Ed25519 public key"),
        ("empty.jwk", "it is empty"),
        ("public.pem", "README.md shows how to convert it"),
        ("nowhere.jwk", "No such file"),
        (".", "it is a directory"),
        ("/dev/zero", "it is not a regular file"),
    ];
    for (key, reason) in rows {
        let ended = verify(&scratch, &["--key", key, &badge(&[])]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{key}");
        assert!(ended.stderr.contains(reason), "{key}: {}", ended.stderr);
    }
}

#[test]
fn does_not_suggest_key_gen_for_a_missing_public_key() {
    let ended = verify(&keys(), &["--key", "nowhere.jwk", &badge(&[])]);
    assert!(!ended.stderr.contains("key gen"), "{}", ended.stderr);
}

#[test]
fn accepts_only_trusted_issuers_if_any_are_given() {
    let rows: [(&[&str], &str); 6] = [
        (&[test_tokens::ISSUER], "valid"),
        (&["https://a,https://registry.capisc.io"], "valid"),
        (&["https://a", "https://registry.capisc.io , https://b"], "valid"),
        (&["https://registry.capisc.io/"], "BADGE_ISSUER_UNTRUSTED"),
        (&["https://REGISTRY.capisc.io"], "BADGE_ISSUER_UNTRUSTED"),
        (&["https://a,https://b", "did:web:registry.capisc.io"], "BADGE_ISSUER_UNTRUSTED"),
    ];
    for (lists, expected) in rows {
        let arguments: Vec<&str> = lists.iter().flat_map(|list| ["--trusted-issuers", list]).collect();
        assert_eq!(verdict(&badge(&[]), &arguments), expected, "{lists:?}");
    }
}

#[test]
fn accepts_a_self_signed_badge_of_a_trusted_did_key() {
    let scratch = keys();
    let token = issued(&scratch, &["--self-sign"]);
    assert_eq!(verify(&scratch, &["--trusted-issuers", RFC_DID, &token]).code, Some(VALID));
    let other = other_key().public().did_key();
    for flags in [&[][..], &["--accept-self-signed"]] {
        let ended = verify(&scratch, &[&["--trusted-issuers", &other], flags, &[&token]].concat());
        assert!(ended.stdout.starts_with("BADGE_ISSUER_UNTRUSTED: "), "{}", ended.stdout);
    }
}

#[test]
fn refuses_an_empty_list_of_trusted_issuers() {
    for list in ["", ",", " , "] {
        let ended = verify(&keys(), &["--key", "public.jwk", "--trusted-issuers", list, &badge(&[])]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{list:?}");
        assert!(ended.stderr.contains("--trusted-issuers"), "{}", ended.stderr);
    }
}

#[test]
fn requires_the_given_audience_in_aud() {
    let rows = [
        ("[\"me\"]", "valid"),
        ("[\"you\",\"me\"]", "valid"),
        ("[\"you\"]", "BADGE_AUDIENCE_MISMATCH"),
        ("[\"Me\",\"me \",\"mee\"]", "BADGE_AUDIENCE_MISMATCH"),
        ("[]", "BADGE_CLAIMS_INVALID"),
        // No "aud" at all.
        ("", "BADGE_AUDIENCE_MISMATCH"),
    ];
    for (aud, expected) in rows {
        assert_eq!(verdict(&badge(&[("aud", aud)]), &["--audience", "me"]), expected, "{aud}");
    }
}

#[test]
fn accepts_any_audience_by_default() {
    assert_eq!(verdict(&badge(&[("aud", "[\"you\"]")]), &[]), "valid");
}

#[test]
fn allows_a_clock_skew_of_one_minute_or_as_given() {
    let issued_in = |seconds: i64| badge(&[("iat", &(now() + seconds).to_string())]);
    let rows = [
        (expiring_in(-30), &[][..], "valid"),
        (expiring_in(-90), &[], "BADGE_EXPIRED"),
        (expiring_in(0), &["--skew", "0s"], "BADGE_EXPIRED"),
        (expiring_in(-90), &["--skew", "5m"], "valid"),
        (expiring_in(-90), &["--skew", "2562047h"], "valid"),
        (issued_in(30), &[], "valid"),
        (issued_in(90), &[], "BADGE_NOT_YET_VALID"),
        (issued_in(30), &["--skew=0"], "BADGE_NOT_YET_VALID"),
        (issued_in(90), &["--skew", "2m"], "valid"),
    ];
    for (token, arguments, expected) in rows {
        assert_eq!(verdict(&token, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn shows_that_a_badge_expired_within_the_skew() {
    let ended = verify(&keys(), &["--key", "public.jwk", &expiring_in(-30)]);
    assert!(ended.stdout.trim_end().ends_with(" ago, within the skew)"), "{}", ended.stdout);
}

#[test]
fn warns_that_flags_of_online_verifiers_have_no_effect() {
    let scratch = keys();
    for flag in ["--offline", "--skip-revocation", "--skip-agent-status"] {
        let ended = verify(&scratch, &["--key", "public.jwk", flag, &badge(&[])]);
        assert_eq!(ended.code, Some(VALID), "{flag}");
        let warning = format!("capiscio: warning: {flag} has no effect: verification here is always offline\n");
        assert_eq!(ended.stderr, warning);
        let ended = verify(&scratch, &["--key", "public.jwk", &format!("{flag}=false"), &badge(&[])]);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(VALID), ""));
    }
}

#[test]
fn exits_2_on_a_wrong_command_line() {
    let scratch = keys();
    let command_lines: [&[&str]; 10] = [
        &[],
        &["a.b.c", "--file", "badge.jwt"],
        &["-", "--file", "badge.jwt"],
        &["one", "two"],
        &["--file", ""],
        &["--skew", "60", "x"],
        &["--skew", "-1s", "x"],
        &["--key", "", "x"],
        &["--json=perhaps", "x"],
        &["--public-key", "x"],
    ];
    for arguments in command_lines {
        let ended = verify(&scratch, arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{arguments:?}");
        assert!(ended.stderr.starts_with("capiscio: "), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn exits_1_with_the_system_error_if_the_file_is_unreadable() {
    let scratch = keys();
    for (file, reason) in [("nowhere.jwt", "No such file"), (".", "Is a directory")] {
        let ended = verify(&scratch, &["--key", "public.jwk", "--file", file]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(INVALID), ""), "{file}");
        assert!(
            ended.stderr.starts_with("capiscio: cannot read the badge /") && ended.stderr.contains(reason),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn ignores_the_environment() {
    let scratch = keys();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "--accept-self-signed", &issued(&scratch, &["--self-sign"])]);
    command.env("CAPISCIO_KEY", "other.jwk").env("CAPISCIO_AUDIENCE", "you").env("CAPISCIO_TRUSTED_ISSUERS", "you");
    command.env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY).env("BADGE_FILE", "nowhere");
    assert_eq!(run_bounded(&mut command).code, Some(VALID));
}

#[test]
fn refuses_a_token_over_64_kib() {
    let scratch = keys();
    let long = "A".repeat(65_537);
    scratch.write("long.jwt", &long);
    let large = sign(HEADER, &payload(&[("more", &quoted(&"x".repeat(60_000)))]), &issuer());
    scratch.write("large.jwt", &large);
    let results = [
        verify(&scratch, &["--key", "public.jwk", &long]),
        verify(&scratch, &["--key", "public.jwk", "--file", "long.jwt"]),
        verify(&scratch, &["--key", "public.jwk", "--file", "large.jwt"]),
        verify(&scratch, &["--key", "public.jwk", "--file", "/dev/zero"]),
        verify_piped(&scratch, &["-"], &b"e".repeat(1_000_000)),
    ];
    for ended in results {
        assert_eq!(ended.code, Some(INVALID));
        assert_eq!(ended.stdout, "BADGE_MALFORMED: it is larger than 64 KiB\n");
    }
}

#[test]
fn accepts_a_large_badge_below_64_kib() {
    let scratch = keys();
    scratch.write("badge.jwt", sign(HEADER, &payload(&[("more", &quoted(&"x".repeat(48_000)))]), &issuer()));
    assert_eq!(verify(&scratch, &["--key", "public.jwk", "--file", "badge.jwt"]).code, Some(VALID));
}

#[test]
fn prints_no_terminal_control_characters() {
    let hostile = r"\u001b[2J\u009b31m\u202e\n\r\u0007x";
    let claim = quoted(hostile);
    let list = format!("[{claim}]");
    let tokens = [
        badge(&[("vc", &vc(hostile, "1")), ("aud", &list), ("jti", &claim)]),
        badge(&[("iss", &claim)]),
        badge(&[("sub", &claim)]),
        badge(&[("aud", &claim)]),
        badge(&[("iss", &quoted(&format!("did:key:{hostile}")))]),
        badge(&[("\u{1b}[2J", "1")]),
        sign(HEADER, &format!("{{{claim}:1,{claim}:2}}"), &issuer()),
        sign(&format!(r#"{{"alg":{claim}}}"#), &payload(&[]), &issuer()),
    ];
    let scratch = keys();
    let name = "\u{1b}[2J\u{9b}\u{202e}.jwt";
    for token in tokens {
        scratch.write(name, &token);
        let wrong_audience = ["--key", "public.jwk", "--audience", "\u{1b}[2J"];
        for flags in [&["--key", "public.jwk"][..], &["--accept-self-signed"], &wrong_audience, &["--key", name]] {
            for format in [&[][..], &["--json"]] {
                let ended = verify(&scratch, &[flags, format, &["--file", name]].concat());
                assert!(is_plain(&ended.stdout) && is_plain(&ended.stderr), "{flags:?} {ended:?}");
            }
        }
    }
    let ended = verify(&scratch, &["--key", "public.jwk", "--file", "\u{1b}[2J"]);
    assert!(is_plain(&ended.stderr), "{ended:?}");
}

#[test]
fn prints_one_summary_line_for_each_claim() {
    let vc = vc(r"a\n  level     4", "1");
    let ended = verify(&keys(), &["--key", "public.jwk", &badge(&[("vc", &vc)])]);
    assert_eq!(ended.code, Some(VALID));
    assert_eq!(
        ended.stdout.lines().filter(|line| line.trim_start().starts_with("level")).count(),
        1,
        "{}",
        ended.stdout
    );
}

#[test]
fn exits_1_if_the_result_cannot_be_written() {
    let scratch = keys();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "--key", "public.jwk", &badge(&[])]).stdout(full).stderr(Stdio::null());
    assert_eq!(finish(command.spawn().unwrap()).code, Some(INVALID));
}
