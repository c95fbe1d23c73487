//! `capiscio badge health`, the guide's health check without a shell, and beside it the guide's own script.

mod common;
mod test_tokens;

use common::{Ended, RFC_DID, RFC_KEY, RFC_PUBLIC, Scratch, capiscio, finish, now, run, run_bounded};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use test_tokens::{badge, expiring_in, is_plain, other_key, payload, quoted, sign, tampered};

const OK: i32 = 0;
const WARNING: i32 = 1;
const CRITICAL: i32 = 2;
const USAGE: i32 = 3;

/// A directory with this text in `badge.jwt`.
fn with_badge(text: &str) -> Scratch {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", text);
    scratch
}

/// `badge health`, with these arguments.
fn health(scratch: &Scratch, arguments: &[&str]) -> Ended {
    run(scratch.path(), &[&["badge", "health"], arguments].concat())
}

/// The verdict about this text: exit code and line.
fn verdict(text: &str) -> (i32, String) {
    let ended = health(&with_badge(text), &[]);
    assert_eq!(ended.stderr, "");
    (ended.code.unwrap(), ended.stdout.trim_end().to_owned())
}

/// The N of "`before`Ns".
fn seconds(line: &str, before: &str) -> i64 {
    let number = line.trim_end().strip_prefix(before).and_then(|rest| rest.strip_suffix('s'));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line:?} is not \"{before}Ns\""))
}

/// Whether at most 30 s passed between writing a badge and reading it.
fn about(seconds: i64, expected: i64) -> bool {
    (expected - 30..=expected).contains(&seconds)
}

#[test]
fn a_valid_badge_is_ok_with_its_remaining_seconds() {
    let (code, line) = verdict(&expiring_in(3600));
    assert_eq!(code, OK);
    assert!(about(seconds(&line, "OK: Badge valid for "), 3600), "{line}");
}

#[test]
fn a_badge_with_less_than_five_minutes_is_a_warning() {
    let (code, line) = verdict(&expiring_in(250));
    assert_eq!(code, WARNING);
    assert!(about(seconds(&line, "WARNING: Badge expires in "), 250), "{line}");
}

#[test]
fn an_expired_badge_is_critical_at_once() {
    for ago in [0, 1, 59, 86_400] {
        assert_eq!(verdict(&expiring_in(-ago)), (CRITICAL, "CRITICAL: Badge expired".into()), "{ago} s ago");
    }
}

#[test]
fn a_missing_file_is_critical() {
    let ended = health(&Scratch::empty(), &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(CRITICAL), "CRITICAL: Badge file not found\n"));
    assert_eq!(ended.stderr, "");
}

#[test]
fn text_that_is_not_a_badge_is_malformed() {
    let whole = expiring_in(3600);
    let cut = &whole[..whole.len() / 2];
    let texts = [
        "",
        "\n",
        "hello",
        "a.b",
        cut,
        &format!("{whole}\n\n"),
        &format!(" {whole}"),
        &format!("{whole}="),
        &format!("{whole}.{whole}"),
        &badge(&[("exp", "")]),
        &badge(&[("exp", "\"9999999999\"")]),
        &badge(&[("exp", "9999999999.5")]),
        &badge(&[("exp", "1e10")]),
        &badge(&[("exp", "-1")]),
        &badge(&[("exp", "18446744073709551615")]),
        &badge(&[("exp", "18446744073709551616")]),
        &sign(r#"{"alg":"none"}"#, &payload(&[]), &other_key()),
        &sign(test_tokens::HEADER, r#"{"exp":9999999999,"exp":9999999999}"#, &other_key()),
        &sign(test_tokens::HEADER, "[9999999999]", &other_key()),
        &"A".repeat(70_000),
    ];
    for text in texts {
        let (code, line) = verdict(text);
        assert_eq!(code, CRITICAL, "{text}");
        assert!(line.starts_with("CRITICAL: Badge malformed: "), "{text}: {line}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_malformed() {
    let scratch = Scratch::empty();
    scratch.write("badge.jwt", b"\xff\xfe\x00.\x00.\x00");
    assert!(health(&scratch, &[]).stdout.starts_with("CRITICAL: Badge malformed: "));
}

#[test]
fn a_newline_at_the_end_is_ignored() {
    assert_eq!(verdict(&format!("{}\n", expiring_in(3600))).0, OK);
}

#[test]
fn reads_a_badge_with_another_algorithm_and_fewer_claims() {
    let exp = (now() + 3600).to_string();
    let text = sign(r#"{"alg":"ES256"}"#, &format!(r#"{{"exp":{exp}}}"#), &other_key());
    assert_eq!(verdict(&text).0, OK);
}

#[test]
fn a_badge_from_the_future_is_critical_beyond_a_minute_of_skew() {
    for claim in ["iat", "nbf"] {
        let later = |seconds: i64| badge(&[(claim, &(now() + seconds).to_string())]);
        let (code, line) = verdict(&later(900));
        assert_eq!(code, CRITICAL);
        let ahead = seconds(&line, "CRITICAL: Badge not valid for another ");
        assert!(about(ahead, 900), "{claim}: {line}");
        assert_eq!(verdict(&later(30)).0, OK, "{claim}");
    }
}

#[test]
fn an_unreadable_file_is_critical_with_the_error_of_the_kernel() {
    let scratch = Scratch::empty();
    scratch.symlink("loop", "loop");
    let ended = health(&scratch, &["loop"]);
    assert_eq!(ended.code, Some(CRITICAL));
    assert!(ended.stdout.starts_with("CRITICAL: Badge file unreadable: "), "{}", ended.stdout);
    assert!(ended.stdout.contains("(os error 40)"), "{}", ended.stdout);
}

#[test]
fn what_is_not_a_regular_file_is_critical_at_once() {
    let scratch = Scratch::empty();
    scratch.mkdir("directory");
    scratch.mkfifo("fifo");
    for name in ["directory", "fifo", "/dev/zero", "/dev/null"] {
        let ended = run_bounded(capiscio(scratch.path()).args(["badge", "health", name]));
        assert_eq!(ended.code, Some(CRITICAL), "{name}");
        assert_eq!(ended.stdout, "CRITICAL: Badge file unreadable: it is not a regular file\n", "{name}");
    }
}

#[test]
fn a_symlink_is_followed_and_a_dangling_one_is_a_missing_file() {
    let scratch = with_badge(&expiring_in(3600));
    scratch.symlink("badge.jwt", "good");
    scratch.symlink("missing", "dangling");
    assert_eq!(health(&scratch, &["good"]).code, Some(OK));
    assert_eq!(health(&scratch, &["dangling"]).stdout, "CRITICAL: Badge file not found\n");
}

#[test]
fn the_file_comes_from_argument_flag_variables_or_default_in_order() {
    let scratch = with_badge(&expiring_in(1000));
    for (name, end) in [("argument", 2000), ("out", 3000), ("capiscio_out", 4000), ("badge_file", 5000)] {
        scratch.write(name, expiring_in(end));
    }
    let (out, variable, guide) = (["--out", "out"], ("CAPISCIO_OUT", "capiscio_out"), ("BADGE_FILE", "badge_file"));
    let remaining = |words: &[&str], environment: &[(&str, &str)]| {
        let mut command = capiscio(scratch.path());
        command.args(["badge", "health"]).args(words).envs(environment.iter().copied());
        let ended = run_bounded(&mut command);
        (seconds(&ended.stdout, "OK: Badge valid for ") + 999) / 1000 * 1000
    };
    assert_eq!(remaining(&["argument", out[0], out[1]], &[variable, guide]), 2000);
    assert_eq!(remaining(&out, &[variable, guide]), 3000);
    assert_eq!(remaining(&["--out=out"], &[]), 3000);
    assert_eq!(remaining(&[], &[variable, guide]), 4000);
    assert_eq!(remaining(&[], &[guide]), 5000);
    assert_eq!(remaining(&[], &[("CAPISCIO_OUT", ""), guide]), 5000);
    assert_eq!(remaining(&[], &[("CAPISCIO_OUT", ""), ("BADGE_FILE", "")]), 1000);
    assert_eq!(remaining(&[], &[]), 1000);
}

#[test]
fn a_key_in_place_of_the_path_is_not_printed() {
    let scratch = Scratch::empty();
    let key = r#"{"kty":"OKP","d":"a-secret"}"#;
    for variable in ["CAPISCIO_OUT", "BADGE_FILE"] {
        let mut command = capiscio(scratch.path());
        let ended = run_bounded(command.args(["badge", "health", "--json"]).env(variable, key));
        let output = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, Some(USAGE), "{output}");
        assert!(output.contains(variable) && !output.contains("a-secret"), "{output}");
    }
}

#[test]
fn ignores_all_other_variables() {
    let scratch = with_badge(&expiring_in(250));
    let mut command = capiscio(scratch.path());
    command.args(["badge", "health"]);
    command.env("CAPISCIO_KEY", "missing.jwk").env("CAPISCIO_MIN_REMAINING", "0s").env("CAPISCIO_QUIET", "1");
    let ended = run_bounded(&mut command);
    assert_eq!(ended.code, Some(WARNING));
    assert!(ended.stdout.starts_with("WARNING: "), "{}", ended.stdout);
}

#[test]
fn a_file_name_after_two_dashes_may_begin_with_a_dash() {
    let scratch = Scratch::empty();
    scratch.write("--json", expiring_in(3600));
    assert_eq!(health(&scratch, &["--", "--json"]).code, Some(OK));
}

#[test]
fn min_remaining_sets_when_to_warn() {
    let scratch = with_badge(&expiring_in(3600));
    for (minimum, code) in [("59m", OK), ("61m", WARNING), ("1h1ns", WARNING), ("2562047h", WARNING), ("0s", OK)] {
        assert_eq!(health(&scratch, &["--min-remaining", minimum]).code, Some(code), "{minimum}");
    }
}

#[test]
fn min_remaining_0s_fails_only_without_a_valid_badge() {
    let probe = |text: &str| health(&with_badge(text), &["--min-remaining", "0s"]).code;
    assert_eq!(probe(&expiring_in(30)), Some(OK));
    assert_eq!(probe(&expiring_in(-1)), Some(CRITICAL));
    assert_eq!(probe("garbage"), Some(CRITICAL));
    assert_eq!(health(&Scratch::empty(), &["--min-remaining=0"]).code, Some(CRITICAL));
}

#[test]
fn checks_the_signature_with_a_public_or_a_private_key() {
    let scratch = with_badge(&expiring_in(3600));
    scratch.write("public.jwk", RFC_PUBLIC);
    scratch.write("other.jwk", other_key().public().to_jwk());
    for key in ["public.jwk", "private.jwk"] {
        assert_eq!(health(&scratch, &["--key", key]).code, Some(OK), "{key}");
    }
    let ended = health(&scratch, &["--key", "other.jwk"]);
    assert_eq!(ended.code, Some(CRITICAL));
    assert_eq!(ended.stdout, "CRITICAL: Badge not signed by the key other.jwk\n");
}

#[test]
fn a_changed_badge_is_detected_only_with_a_key() {
    let scratch = with_badge(&tampered(&expiring_in(3600)));
    assert_eq!(health(&scratch, &[]).code, Some(OK));
    assert_eq!(health(&scratch, &["--key", "private.jwk"]).code, Some(CRITICAL));
}

#[test]
fn with_a_key_every_rule_of_verify_holds() {
    let vc = |level: &str| test_tokens::vc("agent.example.com", level);
    let header = |members: &str| sign(&format!("{{{members}}}"), &payload(&[]), &test_tokens::issuer());
    let (iat, exp) = ((now() + 50).to_string(), (now() + 40).to_string());
    let mut tokens = vec![
        header(r#""alg":"ES256""#),
        header(r#""alg":"EdDSA","typ":"JOSE""#),
        header(r#""alg":"EdDSA","crit":["exp"]"#),
        header(r#""alg":"EdDSA","b64":false"#),
        badge(&[("vc", &vc("5"))]),
        badge(&[("vc", &vc("0"))]),
        badge(&[("ial", "\"1\"")]),
        badge(&[("aud", "[]")]),
        badge(&[("iat", &iat), ("exp", &exp)]),
    ];
    tokens.extend(["jti", "iss", "sub", "iat", "ial", "key", "vc"].map(|name| badge(&[(name, "")])));
    let scratch = Scratch::with_key();
    scratch.write("public.jwk", RFC_PUBLIC);
    for token in tokens {
        scratch.write("badge.jwt", &token);
        let verified = run(scratch.path(), &["badge", "verify", "--key", "public.jwk", "--file", "badge.jwt"]);
        assert_eq!(verified.code, Some(1), "{token}");
        let ended = health(&scratch, &["--key", "public.jwk", "--min-remaining", "0s"]);
        assert_eq!(ended.code, Some(CRITICAL), "{verified:?}: {ended:?}");
        assert!(ended.stdout.starts_with("CRITICAL: Badge "), "{ended:?}");
    }
}

#[test]
fn without_a_key_a_token_that_no_verifier_accepts_is_malformed() {
    let (iat, exp) = ((now() + 50).to_string(), (now() + 40).to_string());
    let header = |members: &str| sign(&format!("{{{members}}}"), &payload(&[]), &other_key());
    for text in [
        badge(&[("iat", &iat), ("exp", &exp)]),
        header(r#""alg":"ES256","b64":false"#),
        header(r#""alg":"ES256","b64":true,"crit":["b64"]"#),
        header(r#""alg":"None""#),
        header(r#""alg":"""#),
    ] {
        let (code, line) = verdict(&text);
        assert_eq!(code, CRITICAL, "{text}: {line}");
        assert!(line.starts_with("CRITICAL: Badge malformed: "), "{line}");
    }
}

#[test]
fn an_expired_badge_is_expired_with_a_key_too() {
    let scratch = with_badge(&expiring_in(-100));
    assert_eq!(health(&scratch, &["--key", "private.jwk"]).stdout, "CRITICAL: Badge expired\n");
}

#[test]
fn an_unusable_key_is_critical_and_never_printed() {
    let scratch = with_badge(&expiring_in(3600));
    scratch.write("broken.jwk", RFC_KEY.replace("11qY", "11qZ"));
    scratch.write("pem.jwk", "-----BEGIN PRIVATE KEY-----\n");
    for key in ["broken.jwk", "pem.jwk", "missing.jwk"] {
        let ended = health(&scratch, &["--key", key]);
        assert_eq!(ended.code, Some(CRITICAL), "{key}");
        let path = scratch.join(key);
        let begin = format!("CRITICAL: cannot use the key {}: ", path.display());
        assert!(ended.stdout.starts_with(&begin), "{}", ended.stdout);
        assert!(!ended.stdout.contains(common::RFC_SEED), "{}", ended.stdout);
        assert!(!ended.stdout.contains("key gen"), "a new key cannot have signed the badge: {}", ended.stdout);
    }
}

#[test]
fn json_is_one_object_with_all_facts() {
    let end = now() + 3600;
    let scratch = with_badge(&badge(&[("iat", &(end - 3600).to_string()), ("exp", &end.to_string())]));
    let ended = health(&scratch, &["--json"]);
    assert_eq!(ended.code, Some(OK));
    let remaining = number(&ended.stdout, "remaining");
    assert!(about(remaining, 3600));
    let expected = format!(
        "{{\"state\":\"OK\",\"message\":\"Badge valid for {remaining}s\",\"remaining\":{remaining},\"exp\":{end},\"iat\":{},\
         \"jti\":\"9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d\",\"sub\":\"{}\",\"path\":\"badge.jwt\"}}\n",
        end - 3600,
        test_tokens::SUBJECT
    );
    assert_eq!(ended.stdout, expected);
}

fn number(json: &str, name: &str) -> i64 {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap();
    rest.split([',', '}']).next().and_then(|number| number.parse().ok()).unwrap()
}

#[test]
fn json_without_a_badge_has_state_message_and_path() {
    let ended = health(&Scratch::empty(), &["--json", "dir/x.jwt"]);
    assert_eq!(ended.code, Some(CRITICAL));
    assert_eq!(ended.stdout, "{\"state\":\"CRITICAL\",\"message\":\"Badge file not found\",\"path\":\"dir/x.jwt\"}\n");
}

#[test]
fn json_of_an_expired_badge_counts_the_seconds_since() {
    let ended = health(&with_badge(&expiring_in(-100)), &["--json"]);
    assert!(
        ended.stdout.starts_with("{\"state\":\"CRITICAL\",\"message\":\"Badge expired\",\"remaining\":-1"),
        "{}",
        ended.stdout
    );
}

#[test]
fn quiet_prints_nothing_and_has_the_same_exit_status() {
    for (text, code) in [(expiring_in(3600), OK), (expiring_in(100), WARNING), ("x".into(), CRITICAL)] {
        for words in [&["--quiet"][..], &["--quiet", "--json"]] {
            let ended = health(&with_badge(&text), words);
            assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(code), "", ""));
        }
    }
}

#[test]
fn the_exit_status_is_the_same_when_stdout_is_full() {
    let scratch = with_badge(&expiring_in(100));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = capiscio(scratch.path());
    let child = command.args(["badge", "health"]).stdout(full).stderr(Stdio::null()).spawn();
    assert_eq!(finish(child.unwrap()).code, Some(WARNING));
}

#[test]
fn a_usage_error_has_exit_status_3_and_goes_to_stderr() {
    let scratch = with_badge(&expiring_in(3600));
    let lines: [&[&str]; 9] = [
        &["--unknown"],
        &["--min-remaining"],
        &["--min-remaining", "5"],
        &["--min-remaining", "-1s"],
        &["--min-remaining", "soon"],
        &["one", "two"],
        &[""],
        &["--key", ""],
        &["--json=perhaps"],
    ];
    for words in lines {
        let ended = health(&scratch, words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(USAGE), ""), "{words:?}");
        assert!(ended.stderr.starts_with("capiscio: "), "{words:?}: {}", ended.stderr);
    }
}

#[test]
fn no_badge_or_path_can_control_the_terminal() {
    let name = "\u{1b}[2Jbadge\u{9b}\u{202e}.jwt";
    let hostile = r#""\u001b[2J\u009b31m\u202e""#;
    let texts = [
        badge(&[("sub", hostile), ("jti", hostile), ("iss", hostile)]),
        badge(&[("exp", hostile)]),
        badge(&[("\u{1b}[2J", "1"), ("\u{1b}[2J\u{9b}", "1")]),
        sign(test_tokens::HEADER, "{\"\\u001b[2J\":1,\"\\u001b[2J\":1,\"exp\":1}", &other_key()),
        "\u{1b}[2J.\u{9b}.\u{202e}".to_owned(),
    ];
    let scratch = Scratch::with_key();
    for text in texts {
        scratch.write(name, &text);
        for words in [&[name][..], &[name, "--json"], &[name, "--key", "private.jwk"], &[name, "--key", name]] {
            let ended = health(&scratch, words);
            assert!(is_plain(&ended.stdout) && is_plain(&ended.stderr), "{ended:?}");
            assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
        }
    }
}

#[test]
fn a_path_that_is_not_utf_8_is_escaped() {
    let scratch = Scratch::empty();
    let name = OsStr::from_bytes(b"b\xff.jwt");
    scratch.write(name, expiring_in(3600));
    let ended = run_bounded(capiscio(scratch.path()).args(["badge", "health", "--json"]).arg(name));
    assert_eq!(ended.code, Some(OK));
    assert!(ended.stdout.ends_with("\"path\":\"b\\\\xff.jwt\"}\n"), "{}", ended.stdout);
}

#[test]
fn a_badge_of_ours_is_ok_and_so_is_a_self_signed_one() {
    let scratch = Scratch::with_key();
    let issue = ["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"];
    assert_eq!(run(scratch.path(), &issue).code, Some(0));
    let ended = health(&scratch, &["--key", "private.jwk"]);
    assert!(about(seconds(&ended.stdout, "OK: Badge valid for "), 3600));
    assert_eq!(run(scratch.path(), &[&issue[..], &["--self-sign"]].concat()).code, Some(0));
    let ended = health(&scratch, &["--json"]);
    assert_eq!(ended.code, Some(OK));
    assert!(ended.stdout.contains(RFC_DID), "{}", ended.stdout);
}

/// The guide's script and one-liner, with GNU and with busybox tools. jq is the system's: busybox has none.
mod guide {
    use super::*;

    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/health/check-badge-health.sh");

    /// A shell and the tools in its `PATH`.
    struct Tools {
        name: &'static str,
        shell: std::path::PathBuf,
        path: std::ffi::OsString,
        _directory: Scratch,
    }

    fn gnu_and_busybox() -> [Tools; 2] {
        let path = std::env::var_os("PATH").unwrap();
        let find =
            |name: &str| std::env::split_paths(&path).map(|directory| directory.join(name)).find(|f| f.is_file());
        let directory = Scratch::empty();
        for name in ["sh", "cat", "cut", "base64", "date"] {
            directory.symlink(find("busybox").expect("busybox"), name);
        }
        directory.symlink(find("jq").expect("jq"), "jq");
        let (shell, applets) = (directory.join("sh"), directory.path().into());
        [
            Tools { name: "GNU", shell: find("bash").expect("bash"), path, _directory: Scratch::empty() },
            Tools { name: "busybox", shell, path: applets, _directory: directory },
        ]
    }

    impl Tools {
        fn run(&self, directory: &Path, words: &[&str]) -> Ended {
            let mut command = Command::new(&self.shell);
            command.args(words).current_dir(directory).env_clear().env("PATH", &self.path);
            run_bounded(&mut command)
        }

        fn script(&self, scratch: &Scratch, file: &str) -> Ended {
            self.run(scratch.path(), &[SCRIPT, file])
        }

        /// The guide's line "Decode and check expiration".
        fn expiration(&self, scratch: &Scratch) -> String {
            let line = "cat ./badge.jwt | cut -d. -f2 | base64 -d 2>/dev/null | jq .exp";
            self.run(scratch.path(), &["-c", line]).stdout.trim_end().to_owned()
        }
    }

    fn first_word(ended: &Ended) -> &str {
        ended.stdout.split(':').next().unwrap_or_default()
    }

    /// A badge of `badge issue`.
    fn issued(scratch: &Scratch, arguments: &[&str]) -> String {
        let ended = run(scratch.path(), &[&["badge", "issue", "--key", "private.jwk"], arguments].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    }

    /// Signs a payload padded as the keeper pads it: to a multiple of three bytes.
    fn sign_padded(mut payload: String) -> String {
        while !payload.len().is_multiple_of(3) {
            payload.insert(payload.len() - 1, ' ');
        }
        sign(test_tokens::HEADER, &payload, &test_tokens::issuer())
    }

    fn expired(ago: i64) -> String {
        sign_padded(payload(&[("iat", "1"), ("exp", &(now() - ago).to_string())]))
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn agrees_with_the_script_in_verdict_and_exit_status() {
        let scratch = Scratch::with_key();
        let files = [
            ("valid", issued(&scratch, &["--exp", "1h"]), OK),
            ("valid, no newline", issued(&scratch, &["--exp", "1h"]).trim_end().to_owned(), OK),
            ("valid, self-signed", issued(&scratch, &["--exp", "24h", "--self-sign"]), OK),
            ("nearly expired", issued(&scratch, &["--exp", "250s"]), WARNING),
            ("seconds left", issued(&scratch, &["--exp", "30s"]), WARNING),
            ("expired", expired(100), CRITICAL),
            ("expired long ago", expired(1_000_000_000), CRITICAL),
            ("empty", String::new(), CRITICAL),
            ("garbage", "hello".into(), CRITICAL),
            ("cut within the payload", expiring_in(3600)[..100].into(), CRITICAL),
            ("no exp", badge(&[("exp", "")]), CRITICAL),
            ("not an object", sign(test_tokens::HEADER, "[1]", &other_key()), CRITICAL),
        ];
        for tools in gnu_and_busybox() {
            for (what, text, code) in &files {
                scratch.write("badge.jwt", text);
                let (theirs, ours) = (tools.script(&scratch, "badge.jwt"), health(&scratch, &["badge.jwt"]));
                assert_eq!(theirs.code, Some(*code), "{what} with {}: {theirs:?}", tools.name);
                assert_eq!(ours.code, Some(*code), "{what}: {ours:?}");
                assert_eq!(first_word(&theirs), first_word(&ours), "{what} with {}", tools.name);
            }
            for missing in ["missing.jwt", "mis/sing.jwt", "."] {
                let (theirs, ours) = (tools.script(&scratch, missing), health(&scratch, &[missing]));
                assert_eq!((theirs.code, ours.code), (Some(CRITICAL), Some(CRITICAL)), "{missing}");
                assert_eq!(first_word(&theirs), first_word(&ours), "{missing}");
            }
            for (lifetime, begin, remaining) in
                [("1h", "OK: Badge valid for ", 3600), ("250s", "WARNING: Badge expires in ", 250)]
            {
                scratch.write("badge.jwt", issued(&scratch, &["--exp", lifetime]));
                for ended in [tools.script(&scratch, "badge.jwt"), health(&scratch, &[])] {
                    assert!(about(seconds(&ended.stdout, begin), remaining), "{}: {}", tools.name, ended.stdout);
                }
            }
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn script_and_one_liner_read_badges_of_ours_of_any_length_and_letters() {
        let scratch = Scratch::with_key();
        // Where the letters lie decides whether their base64url has a - or _, which base64 -d does not know.
        let lengths = (0..7).map(|length| "a".repeat(length));
        let letters = (0..3).map(|shift| format!("{}?>~\u{e9}\u{65e5}\u{1f980}", "a".repeat(shift)));
        for audience in lengths.chain(letters) {
            let token = issued(&scratch, &["--aud", &audience]);
            scratch.write("badge.jwt", &token);
            assert_eq!(common::assert_valid(token.trim_end()).aud.concat(), audience);
            let exp = number(&health(&scratch, &["--json"]).stdout, "exp");
            for tools in gnu_and_busybox() {
                assert_eq!(tools.expiration(&scratch), exp.to_string(), "{} {audience}", tools.name);
                assert_eq!(tools.script(&scratch, "badge.jwt").code, Some(OK), "{} {audience}", tools.name);
            }
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn reads_base64url_letters_of_other_issuers_and_the_script_does_not() {
        let scratch = Scratch::with_key();
        let subject = quoted("did:web:a");
        let shifted =
            (0..3).map(|shift| badge(&[("sub", &subject), ("aud", &format!("[\"{}???\"]", "a".repeat(shift)))]));
        let urlsafe: Vec<String> = shifted.filter(|token| token.split('.').nth(1).unwrap().contains('_')).collect();
        assert!(!urlsafe.is_empty());
        for token in urlsafe {
            scratch.write("badge.jwt", &token);
            for tools in gnu_and_busybox() {
                assert_eq!(tools.script(&scratch, "badge.jwt").code, Some(CRITICAL), "{}", tools.name);
            }
            assert_eq!(health(&scratch, &["--key", "private.jwk"]).code, Some(OK));
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn reads_unpadded_base64_and_the_script_with_busybox_does_not() {
        let scratch = Scratch::with_key();
        let [_, busybox] = gnu_and_busybox();
        let mut wrong = 0;
        for length in 1..4 {
            let subject = quoted(&format!("did:web:{}", "a".repeat(length)));
            scratch.write("badge.jwt", badge(&[("sub", &subject)]));
            wrong += usize::from(busybox.script(&scratch, "badge.jwt").code != Some(OK));
            assert_eq!(health(&scratch, &["--key", "private.jwk"]).code, Some(OK));
        }
        assert_eq!(wrong, 2, "every length but a multiple of three");
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn refuses_what_verifiers_refuse_and_the_script_does_not() {
        let scratch = Scratch::with_key();
        let (later, end) = ((now() + 1800).to_string(), (now() + 3600).to_string());
        let whole = sign_padded(payload(&[]));
        let files = [
            ("not valid for another half hour", sign_padded(payload(&[("nbf", &later)]))),
            ("exp is a string", sign_padded(payload(&[("exp", &quoted(&end))]))),
            ("no signature", whole.rsplit_once('.').unwrap().0.to_owned()),
            ("only a payload", whole.split('.').nth(1).unwrap().to_owned()),
        ];
        for (what, text) in files {
            scratch.write("badge.jwt", text);
            for tools in gnu_and_busybox() {
                assert_eq!(tools.script(&scratch, "badge.jwt").code, Some(OK), "{what} with {}", tools.name);
            }
            assert_eq!(health(&scratch, &[]).code, Some(CRITICAL), "{what}");
        }
    }

    /// bash evaluates a variable inside $(( )) as an expression, subscripts and the commands in them included.
    #[test]
    #[ignore = "needs jq and busybox"]
    fn does_not_run_a_command_in_exp_and_the_script_does() {
        let scratch = Scratch::with_key();
        let forged = r#"{"exp":"a[$(echo forged >forged)]"} "#;
        scratch.write("badge.jwt", sign(test_tokens::HEADER, forged, &other_key()));
        assert_eq!(health(&scratch, &[]).code, Some(CRITICAL));
        assert!(!scratch.join("forged").exists());
        let [gnu, _] = gnu_and_busybox();
        gnu.script(&scratch, "badge.jwt");
        assert!(scratch.join("forged").exists());
    }
}
