//! `capiscio badge verify`, as a person or a script meets it.

mod common;
mod forge;

use common::{Ended, RFC_DID, RFC_KEY, RFC_PUBLIC, RFC_SEED, Scratch, capiscio, now, run};
use forge::{HEADER, badge, ending_in, is_plain, issuer, payload, quoted, sign, stranger, tampered, vc};
use std::io::Write;
use std::process::Stdio;

const VALID: i32 = 0;
const INVALID: i32 = 1;
const USAGE: i32 = 2;

/// A directory with the issuer's private.jwk and public.jwk, and a stranger's other.jwk.
fn keys() -> Scratch {
    let scratch = Scratch::with_key();
    scratch.write("public.jwk", RFC_PUBLIC);
    scratch.write("other.jwk", stranger().public().to_jwk());
    scratch
}

/// `badge verify`, with these arguments.
fn verify(scratch: &Scratch, arguments: &[&str]) -> Ended {
    run(scratch.path(), &[&["badge", "verify"], arguments].concat())
}

/// `badge verify --key public.jwk`, with these arguments, and this on stdin.
fn verify_piped(scratch: &Scratch, arguments: &[&str], stdin: &[u8]) -> Ended {
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "--key", "public.jwk"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The program may stop reading, and then the pipe breaks.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    Ended::from(child.wait_with_output().unwrap())
}

/// What is said of a token under the issuer's public key and these arguments: "valid" or the code.
fn verdict(token: &str, arguments: &[&str]) -> String {
    let ended = verify(&keys(), &[&["--key", "public.jwk"], arguments, &["--", token]].concat());
    let word: String = ended.stdout.chars().take_while(|c| !matches!(c, ':' | '\n')).collect();
    assert_eq!(ended.code, Some(if word == "valid" { VALID } else { INVALID }), "{ended:?}");
    word
}

/// A badge from `badge issue`, with these arguments.
fn issued(scratch: &Scratch, arguments: &[&str]) -> String {
    let ended = run(scratch.path(), &[&["badge", "issue", "--key", "private.jwk"], arguments].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout.trim_end().to_owned()
}

#[test]
fn a_badge_is_taken_from_the_command_line_a_file_or_stdin() {
    let scratch = keys();
    let token = issued(&scratch, &[]);
    scratch.write("badge.jwt", &token);
    scratch.write("newline.jwt", format!("{token}\n"));
    for words in [
        &[token.as_str()][..],
        &["--file", "badge.jwt"],
        &["--file=newline.jwt"],
        &["--file", "/proc/self/cwd/badge.jwt"],
    ] {
        let ended = verify(&scratch, &[&["--key", "public.jwk"], words].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(VALID), ""), "{words:?} {ended:?}");
    }
    for words in [&["-"][..], &["--file", "-"]] {
        for stdin in [token.clone(), format!("{token}\n")] {
            assert_eq!(verify_piped(&scratch, words, stdin.as_bytes()).code, Some(VALID), "{words:?}");
        }
    }
}

#[test]
fn what_issue_prints_goes_through_a_pipe_to_verify() {
    let scratch = keys();
    let issue = ["badge", "issue", "--key", "private.jwk"];
    let mut issued = capiscio(scratch.path()).args(issue).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut verify = capiscio(scratch.path());
    verify.args(["badge", "verify", "--key", "public.jwk", "-"]).stdin(issued.stdout.take().unwrap());
    assert_eq!(Ended::from(verify.output().unwrap()).code, Some(VALID));
    assert!(issued.wait().unwrap().success());
}

#[test]
fn a_valid_badge_is_summed_up_for_a_person() {
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
fn what_a_badge_does_not_say_is_not_summed_up() {
    let scratch = keys();
    let token = issued(&scratch, &["--domain", ""]);
    let ended = verify(&scratch, &["--key", "public.jwk", &token]);
    assert!(!ended.stdout.contains("domain") && !ended.stdout.contains("audience"), "{}", ended.stdout);
}

#[test]
fn json_of_a_valid_badge_is_one_object_of_its_claims() {
    let (iat, exp) = (now() - 10, now() + 600);
    let token = badge(&[("iat", &iat.to_string()), ("exp", &exp.to_string()), ("aud", r#"["one","two"]"#)]);
    let ended = verify(&keys(), &["--key", "public.jwk", "--json", &token]);
    let expected = format!(
        "{{\"valid\":true,\"jti\":\"9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d\",\"iss\":\"{}\",\"sub\":\"{}\",\
         \"aud\":[\"one\",\"two\"],\"iat\":{iat},\"exp\":{exp},\"ial\":\"0\",\"level\":\"1\",\"domain\":\"agent.example.com\"}}\n",
        forge::ISSUER,
        forge::SUBJECT
    );
    assert_eq!((ended.code, ended.stdout), (Some(VALID), expected));
}

#[test]
fn an_invalid_badge_is_a_code_and_a_sentence_on_stdout() {
    let ended = verify(&keys(), &["--key", "public.jwk", &ending_in(-100)]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(INVALID), ""));
    assert!(ended.stdout.starts_with("BADGE_EXPIRED: it expired 10"), "{}", ended.stdout);
    assert_eq!(ended.stdout.lines().count(), 1);
}

#[test]
fn json_of_an_invalid_badge_has_the_code_and_the_sentence() {
    let ended = verify(&keys(), &["--key", "other.jwk", "--json", &badge(&[])]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(INVALID), ""));
    let expected = format!(
        "{{\"valid\":false,\"code\":\"BADGE_SIGNATURE_INVALID\",\"message\":\"its signature was not made by the key {}\"}}\n",
        stranger().public().did_key()
    );
    assert_eq!(ended.stdout, expected);
}

#[test]
fn each_code_has_its_case() {
    let cases = [
        ("BADGE_MALFORMED", "hello".into()),
        ("BADGE_SIGNATURE_INVALID", tampered(&badge(&[]))),
        ("BADGE_EXPIRED", ending_in(-61)),
        ("BADGE_NOT_YET_VALID", badge(&[("iat", &(now() + 120).to_string())])),
        ("BADGE_NOT_YET_VALID", badge(&[("nbf", &(now() + 120).to_string())])),
        ("BADGE_CLAIMS_INVALID", badge(&[("aud", "\"me\"")])),
        ("BADGE_CLAIMS_INVALID", badge(&[("jti", "")])),
        ("valid", badge(&[])),
    ];
    for (code, token) in cases {
        assert_eq!(verdict(&token, &[]), code);
    }
    assert_eq!(verdict(&badge(&[]), &["--trusted-issuers", "https://a"]), "BADGE_ISSUER_UNTRUSTED");
    assert_eq!(verdict(&badge(&[("aud", "[\"you\"]")]), &["--audience", "me"]), "BADGE_AUDIENCE_MISMATCH");
}

#[test]
fn without_a_key_nobody_is_trusted() {
    let scratch = keys();
    for token in [badge(&[]), issued(&scratch, &["--self-sign"])] {
        let ended = verify(&scratch, &[&token]);
        assert_eq!(ended.code, Some(INVALID));
        assert!(ended.stdout.starts_with("BADGE_ISSUER_UNTRUSTED: "), "{}", ended.stdout);
        assert!(ended.stdout.contains("no key was given"), "{}", ended.stdout);
    }
}

#[test]
fn a_badge_that_vouches_for_itself_is_accepted_when_asked_for() {
    let scratch = keys();
    let token = issued(&scratch, &["--self-sign"]);
    let ended = verify(&scratch, &["--accept-self-signed", &token]);
    assert_eq!(ended.code, Some(VALID), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("  subject   {RFC_DID}\n  issuer    {RFC_DID}\n  level     0\n")));
    assert_eq!(verify(&scratch, &["--accept-self-signed=false", &token]).code, Some(INVALID));
}

#[test]
fn accepting_self_signed_badges_accepts_no_others() {
    let own = quoted(RFC_DID);
    let zero = vc("a", "0");
    let tokens = [
        (badge(&[]), "BADGE_ISSUER_UNTRUSTED"),
        (badge(&[("iss", &own), ("sub", &own)]), "BADGE_CLAIMS_INVALID"),
        (badge(&[("iss", &own), ("vc", &zero)]), "BADGE_CLAIMS_INVALID"),
        (badge(&[("sub", &own), ("vc", &zero)]), "BADGE_ISSUER_UNTRUSTED"),
        (
            sign(HEADER, &payload(&[("iss", &own), ("sub", &own), ("vc", &zero)]), &stranger()),
            "BADGE_SIGNATURE_INVALID",
        ),
    ];
    let scratch = keys();
    for (token, code) in tokens {
        let ended = verify(&scratch, &["--accept-self-signed", &token]);
        assert!(ended.stdout.starts_with(code), "{code}: {}", ended.stdout);
        assert_eq!(ended.code, Some(INVALID));
    }
    assert_eq!(verdict(&badge(&[("vc", &zero)]), &[]), "BADGE_CLAIMS_INVALID");
}

#[test]
fn the_key_that_is_named_is_the_one_that_counts_also_for_badges_that_vouch_for_themselves() {
    let scratch = keys();
    let token = issued(&scratch, &["--self-sign"]);
    for more in [&[][..], &["--accept-self-signed"], &["--trusted-issuers", RFC_DID]] {
        let ended = verify(&scratch, &[&["--key", "other.jwk"], more, &[&token]].concat());
        assert!(ended.stdout.starts_with("BADGE_SIGNATURE_INVALID: "), "{more:?} {}", ended.stdout);
        let ended = verify(&scratch, &[&["--key", "public.jwk"], more, &[&token]].concat());
        assert_eq!(ended.code, Some(VALID), "{more:?} {}", ended.stdout);
    }
}

#[test]
fn a_private_key_is_refused_with_a_sentence_and_never_shown() {
    let scratch = keys();
    let ended = verify(&scratch, &["--key", "private.jwk", &badge(&[])]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""));
    assert!(
        ended.stderr.starts_with("capiscio: cannot use the key private.jwk: it is a private key"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("use the public JWK"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(RFC_SEED));
}

#[test]
fn a_key_that_is_of_no_use_is_a_usage_error_with_a_sentence() {
    let scratch = keys();
    scratch.write("set.jwk", format!("{{\"keys\":[{RFC_PUBLIC}]}}"));
    scratch.write("weak.jwk", RFC_PUBLIC.replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &"A".repeat(43)));
    scratch.write("empty.jwk", "");
    let known = [
        ("set.jwk", "it is a JWK Set"),
        ("weak.jwk", "its \"x\" is not a usable Ed25519 public key"),
        ("empty.jwk", "it is empty"),
        ("nowhere.jwk", "No such file"),
        (".", "it is a directory"),
        ("/dev/zero", "it is no ordinary file"),
    ];
    for (key, sentence) in known {
        let ended = verify(&scratch, &["--key", key, &badge(&[])]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{key}");
        assert!(ended.stderr.contains(sentence), "{key}: {}", ended.stderr);
    }
}

#[test]
fn a_missing_public_key_is_not_to_be_made_anew() {
    let ended = verify(&keys(), &["--key", "nowhere.jwk", &badge(&[])]);
    assert!(!ended.stderr.contains("key gen"), "{}", ended.stderr);
}

#[test]
fn a_public_key_in_pem_is_refused_with_a_pointer_to_its_conversion() {
    let scratch = keys();
    scratch.write("public.pem", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n");
    let ended = verify(&scratch, &["--key", "public.pem", "a.b.c"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("README.md shows how to convert it"), "{}", ended.stderr);
}

#[test]
fn issuers_may_be_limited_by_lists_and_repetition() {
    let known: [(&[&str], &str); 6] = [
        (&[forge::ISSUER], "valid"),
        (&["https://a,https://registry.capisc.io"], "valid"),
        (&["https://a", "https://registry.capisc.io , https://b"], "valid"),
        (&["https://registry.capisc.io/"], "BADGE_ISSUER_UNTRUSTED"),
        (&["https://REGISTRY.capisc.io"], "BADGE_ISSUER_UNTRUSTED"),
        (&["https://a,https://b", "did:web:registry.capisc.io"], "BADGE_ISSUER_UNTRUSTED"),
    ];
    for (lists, expected) in known {
        let words: Vec<&str> = lists.iter().flat_map(|list| ["--trusted-issuers", list]).collect();
        assert_eq!(verdict(&badge(&[]), &words), expected, "{lists:?}");
    }
}

#[test]
fn a_did_key_in_the_list_of_issuers_is_trusted_to_vouch_for_itself() {
    let scratch = keys();
    let token = issued(&scratch, &["--self-sign"]);
    assert_eq!(verify(&scratch, &["--trusted-issuers", RFC_DID, &token]).code, Some(VALID));
    let other = stranger().public().did_key();
    for more in [&[][..], &["--accept-self-signed"]] {
        let ended = verify(&scratch, &[&["--trusted-issuers", &other], more, &[&token]].concat());
        assert!(ended.stdout.starts_with("BADGE_ISSUER_UNTRUSTED: "), "{}", ended.stdout);
    }
}

#[test]
fn a_list_of_issuers_that_turned_out_empty_does_not_mean_anybody() {
    for list in ["", ",", " , "] {
        let ended = verify(&keys(), &["--key", "public.jwk", "--trusted-issuers", list, &badge(&[])]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{list:?}");
        assert!(ended.stderr.contains("--trusted-issuers"), "{}", ended.stderr);
    }
}

#[test]
fn an_audience_that_is_demanded_must_be_named_in_the_badge() {
    let known = [
        ("[\"me\"]", "valid"),
        ("[\"you\",\"me\"]", "valid"),
        ("[\"you\"]", "BADGE_AUDIENCE_MISMATCH"),
        ("[\"Me\",\"me \",\"mee\"]", "BADGE_AUDIENCE_MISMATCH"),
        ("[]", "BADGE_CLAIMS_INVALID"),
    ];
    for (aud, expected) in known {
        assert_eq!(verdict(&badge(&[("aud", aud)]), &["--audience", "me"]), expected, "{aud}");
    }
}

#[test]
fn a_badge_for_anybody_is_not_meant_for_the_audience_that_is_demanded() {
    assert_eq!(verdict(&badge(&[]), &["--audience", "me"]), "BADGE_AUDIENCE_MISMATCH");
}

#[test]
fn an_audience_is_not_demanded_unless_it_is_named() {
    assert_eq!(verdict(&badge(&[("aud", "[\"you\"]")]), &[]), "valid");
}

#[test]
fn clocks_may_differ_by_a_minute_or_as_said() {
    let early = |seconds: i64| badge(&[("iat", &(now() + seconds).to_string())]);
    let known = [
        (ending_in(-30), &[][..], "valid"),
        (ending_in(-90), &[], "BADGE_EXPIRED"),
        (ending_in(0), &["--skew", "0s"], "BADGE_EXPIRED"),
        (ending_in(-90), &["--skew", "5m"], "valid"),
        (ending_in(-90), &["--skew", "2562047h"], "valid"),
        (early(30), &[], "valid"),
        (early(90), &[], "BADGE_NOT_YET_VALID"),
        (early(30), &["--skew=0"], "BADGE_NOT_YET_VALID"),
        (early(90), &["--skew", "2m"], "valid"),
    ];
    for (token, words, expected) in known {
        assert_eq!(verdict(&token, words), expected, "{words:?}");
    }
}

#[test]
fn a_badge_that_lives_by_the_skew_alone_says_so() {
    let ended = verify(&keys(), &["--key", "public.jwk", &ending_in(-30)]);
    assert!(ended.stdout.trim_end().ends_with(" ago, within the skew)"), "{}", ended.stdout);
}

#[test]
fn flags_of_an_online_verifier_are_accepted_and_said_to_have_no_effect() {
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
fn a_wrong_command_line_exits_2_and_says_so_on_stderr() {
    let scratch = keys();
    let lines: [&[&str]; 10] = [
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
    for words in lines {
        let ended = verify(&scratch, words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{words:?}");
        assert!(ended.stderr.starts_with("capiscio: "), "{words:?}: {}", ended.stderr);
    }
}

#[test]
fn a_file_that_cannot_be_read_exits_1_with_the_systems_reason() {
    let scratch = keys();
    for (file, reason) in [("nowhere.jwt", "No such file"), (".", "Is a directory")] {
        let ended = verify(&scratch, &["--key", "public.jwk", "--file", file]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(INVALID), ""), "{file}");
        assert!(
            ended.stderr.starts_with(&format!("capiscio: cannot read the badge {file}: {reason}")),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn no_variable_speaks_to_it() {
    let scratch = keys();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "--accept-self-signed", &issued(&scratch, &["--self-sign"])]);
    command.env("CAPISCIO_KEY", "other.jwk").env("CAPISCIO_AUDIENCE", "you").env("CAPISCIO_TRUSTED_ISSUERS", "you");
    command.env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY).env("BADGE_FILE", "nowhere");
    assert_eq!(Ended::from(command.output().unwrap()).code, Some(VALID));
}

#[test]
fn a_token_over_64_kib_is_refused_and_an_endless_one_too() {
    let scratch = keys();
    let long = "A".repeat(65_537);
    scratch.write("long.jwt", &long);
    let large = sign(HEADER, &payload(&[("more", &quoted(&"x".repeat(60_000)))]), &issuer());
    scratch.write("large.jwt", &large);
    let answers = [
        verify(&scratch, &["--key", "public.jwk", &long]),
        verify(&scratch, &["--key", "public.jwk", "--file", "long.jwt"]),
        verify(&scratch, &["--key", "public.jwk", "--file", "large.jwt"]),
        verify(&scratch, &["--key", "public.jwk", "--file", "/dev/zero"]),
        verify_piped(&scratch, &["-"], &b"e".repeat(1_000_000)),
    ];
    for ended in answers {
        assert_eq!(ended.code, Some(INVALID));
        assert_eq!(ended.stdout, "BADGE_MALFORMED: it is larger than 64 KiB\n");
    }
}

#[test]
fn a_large_badge_below_that_is_read() {
    let scratch = keys();
    scratch.write("badge.jwt", sign(HEADER, &payload(&[("more", &quoted(&"x".repeat(48_000)))]), &issuer()));
    assert_eq!(verify(&scratch, &["--key", "public.jwk", "--file", "badge.jwt"]).code, Some(VALID));
}

#[test]
fn nothing_in_a_badge_drives_the_terminal() {
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
        for rules in [&["--key", "public.jwk"][..], &["--accept-self-signed"], &wrong_audience, &["--key", name]] {
            for more in [&[][..], &["--json"]] {
                let ended = verify(&scratch, &[rules, more, &["--file", name]].concat());
                assert!(is_plain(&ended.stdout) && is_plain(&ended.stderr), "{rules:?} {ended:?}");
            }
        }
    }
    let ended = verify(&scratch, &["--key", "public.jwk", "--file", "\u{1b}[2J"]);
    assert!(is_plain(&ended.stderr), "{ended:?}");
}

#[test]
fn what_the_summary_escapes_is_still_one_line_for_each_claim() {
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
fn an_answer_that_cannot_be_delivered_is_no_yes() {
    let scratch = keys();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "verify", "--key", "public.jwk", &badge(&[])]).stdout(full).stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(INVALID));
}
