//! `capiscio badge health`: the guide's health check without a shell. Its own script, word for word, runs beside it.

mod common;
mod forge;

use common::{Ended, PATIENCE, RFC_DID, RFC_KEY, RFC_PUBLIC, Scratch, capiscio, now, run};
use forge::{badge, ending_in, is_plain, payload, quoted, sign, stranger, tampered};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

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

/// The number of seconds in a line that begins and ends like this.
fn seconds(line: &str, before: &str) -> i64 {
    let number = line.trim_end().strip_prefix(before).and_then(|rest| rest.strip_suffix('s'));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line:?} is not \"{before}Ns\""))
}

/// Within the seconds that a slow machine may lose between writing a badge and looking at it.
fn about(seconds: i64, expected: i64) -> bool {
    (expected - 30..=expected).contains(&seconds)
}

#[test]
fn a_good_badge_is_ok_with_its_seconds() {
    let (code, line) = verdict(&ending_in(3600));
    assert_eq!(code, OK);
    assert!(about(seconds(&line, "OK: Badge valid for "), 3600), "{line}");
}

#[test]
fn a_badge_with_less_than_five_minutes_is_a_warning() {
    let (code, line) = verdict(&ending_in(250));
    assert_eq!(code, WARNING);
    assert!(about(seconds(&line, "WARNING: Badge expires in "), 250), "{line}");
}

#[test]
fn an_expired_badge_is_critical_without_any_tolerance() {
    for ago in [0, 1, 59, 86_400] {
        assert_eq!(verdict(&ending_in(-ago)), (CRITICAL, "CRITICAL: Badge expired".into()), "{ago} s ago");
    }
}

#[test]
fn a_missing_file_is_critical() {
    let ended = health(&Scratch::empty(), &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(CRITICAL), "CRITICAL: Badge file not found\n"));
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_is_no_badge_is_malformed() {
    let whole = ending_in(3600);
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
        &sign(r#"{"alg":"none"}"#, &payload(&[]), &stranger()),
        &sign(forge::HEADER, r#"{"exp":9999999999,"exp":9999999999}"#, &stranger()),
        &sign(forge::HEADER, "[9999999999]", &stranger()),
        &"A".repeat(70_000),
    ];
    for text in texts {
        let (code, line) = verdict(text);
        assert_eq!(code, CRITICAL, "{text}");
        assert!(line.starts_with("CRITICAL: Badge malformed: "), "{text}: {line}");
    }
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    let scratch = Scratch::empty();
    scratch.write("badge.jwt", b"\xff\xfe\x00.\x00.\x00");
    assert!(health(&scratch, &[]).stdout.starts_with("CRITICAL: Badge malformed: "));
}

#[test]
fn a_newline_at_the_end_of_the_file_changes_nothing() {
    assert_eq!(verdict(&format!("{}\n", ending_in(3600))).0, OK);
}

#[test]
fn a_badge_of_another_issuer_with_another_algorithm_and_fewer_claims_is_read() {
    let exp = (now() + 3600).to_string();
    let text = sign(r#"{"alg":"ES256"}"#, &format!(r#"{{"exp":{exp}}}"#), &stranger());
    assert_eq!(verdict(&text).0, OK);
}

#[test]
fn a_badge_that_begins_later_is_not_valid_yet_beyond_a_minute_of_skew() {
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
fn what_cannot_be_read_is_critical_with_the_systems_reason() {
    let scratch = Scratch::empty();
    symlink("loop", scratch.join("loop")).unwrap();
    let ended = health(&scratch, &["loop"]);
    assert_eq!(ended.code, Some(CRITICAL));
    assert!(
        ended.stdout.starts_with("CRITICAL: Badge file unreadable: ") && ended.stdout.contains("(os error 40)"),
        "{}",
        ended.stdout
    );
}

#[test]
fn what_is_no_ordinary_file_is_critical_at_once() {
    let scratch = Scratch::empty();
    fs::create_dir(scratch.join("directory")).unwrap();
    assert!(Command::new("mkfifo").arg(scratch.join("fifo")).status().unwrap().success());
    for name in ["directory", "fifo", "/dev/zero", "/dev/null"] {
        let ended = bounded(capiscio(scratch.path()).args(["badge", "health", name]));
        assert_eq!(ended.code, Some(CRITICAL), "{name}");
        assert_eq!(ended.stdout, "CRITICAL: Badge file unreadable: it is no ordinary file\n", "{name}");
    }
}

/// Runs a command that might hang.
fn bounded(command: &mut Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(5));
    }
    Ended::from(child.wait_with_output().unwrap())
}

#[test]
fn a_symlink_is_followed_and_a_dangling_one_is_a_missing_file() {
    let scratch = with_badge(&ending_in(3600));
    symlink("badge.jwt", scratch.join("good")).unwrap();
    symlink("nowhere", scratch.join("dangling")).unwrap();
    assert_eq!(health(&scratch, &["good"]).code, Some(OK));
    assert_eq!(health(&scratch, &["dangling"]).stdout, "CRITICAL: Badge file not found\n");
}

#[test]
fn the_file_is_the_argument_then_out_then_two_variables_then_badge_jwt() {
    let scratch = with_badge(&ending_in(1000));
    for (name, end) in [("argument", 2000), ("out", 3000), ("capiscio_out", 4000), ("badge_file", 5000)] {
        scratch.write(name, ending_in(end));
    }
    let (out, variable, guide) = (["--out", "out"], ("CAPISCIO_OUT", "capiscio_out"), ("BADGE_FILE", "badge_file"));
    let asked = |words: &[&str], environment: &[(&str, &str)]| {
        let mut command = capiscio(scratch.path());
        command.args(["badge", "health"]).args(words).envs(environment.iter().copied());
        let ended = Ended::from(command.output().unwrap());
        (seconds(&ended.stdout, "OK: Badge valid for ") + 999) / 1000 * 1000
    };
    assert_eq!(asked(&["argument", out[0], out[1]], &[variable, guide]), 2000);
    assert_eq!(asked(&out, &[variable, guide]), 3000);
    assert_eq!(asked(&["--out=out"], &[]), 3000);
    assert_eq!(asked(&[], &[variable, guide]), 4000);
    assert_eq!(asked(&[], &[guide]), 5000);
    assert_eq!(asked(&[], &[("CAPISCIO_OUT", ""), guide]), 5000);
    assert_eq!(asked(&[], &[("CAPISCIO_OUT", ""), ("BADGE_FILE", "")]), 1000);
    assert_eq!(asked(&[], &[]), 1000);
}

#[test]
fn a_key_in_place_of_the_path_is_not_repeated() {
    let scratch = Scratch::empty();
    let key = r#"{"kty":"OKP","d":"a-secret"}"#;
    for variable in ["CAPISCIO_OUT", "BADGE_FILE"] {
        let mut command = capiscio(scratch.path());
        let ended = Ended::from(command.args(["badge", "health", "--json"]).env(variable, key).output().unwrap());
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, Some(USAGE), "{said}");
        assert!(said.contains(variable) && !said.contains("a-secret"), "{said}");
    }
}

#[test]
fn no_other_variable_speaks_to_it() {
    let scratch = with_badge(&ending_in(250));
    let mut command = capiscio(scratch.path());
    command.args(["badge", "health"]);
    command.env("CAPISCIO_KEY", "nowhere.jwk").env("CAPISCIO_MIN_REMAINING", "0s").env("CAPISCIO_QUIET", "1");
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.code, Some(WARNING));
    assert!(ended.stdout.starts_with("WARNING: "), "{}", ended.stdout);
}

#[test]
fn a_file_whose_name_begins_with_a_dash_stands_behind_two_dashes() {
    let scratch = Scratch::empty();
    scratch.write("--json", ending_in(3600));
    assert_eq!(health(&scratch, &["--", "--json"]).code, Some(OK));
}

#[test]
fn min_remaining_says_when_to_warn() {
    let scratch = with_badge(&ending_in(3600));
    for (asked, code) in [("59m", OK), ("61m", WARNING), ("1h1ns", WARNING), ("2562047h", WARNING), ("0s", OK)] {
        assert_eq!(health(&scratch, &["--min-remaining", asked]).code, Some(code), "{asked}");
    }
}

#[test]
fn a_probe_with_0s_fails_only_when_the_badge_is_of_no_use() {
    let probe = |text: &str| health(&with_badge(text), &["--min-remaining", "0s"]).code;
    assert_eq!(probe(&ending_in(30)), Some(OK));
    assert_eq!(probe(&ending_in(-1)), Some(CRITICAL));
    assert_eq!(probe("garbage"), Some(CRITICAL));
    assert_eq!(health(&Scratch::empty(), &["--min-remaining=0"]).code, Some(CRITICAL));
}

#[test]
fn the_signature_is_checked_with_a_public_or_a_private_key() {
    let scratch = with_badge(&ending_in(3600));
    scratch.write("public.jwk", RFC_PUBLIC);
    scratch.write("other.jwk", stranger().public().to_jwk());
    for key in ["public.jwk", "private.jwk"] {
        assert_eq!(health(&scratch, &["--key", key]).code, Some(OK), "{key}");
    }
    let ended = health(&scratch, &["--key", "other.jwk"]);
    assert_eq!(ended.code, Some(CRITICAL));
    assert_eq!(ended.stdout, "CRITICAL: Badge not signed by the key other.jwk\n");
}

#[test]
fn a_changed_badge_is_found_out_only_with_a_key() {
    let scratch = with_badge(&tampered(&ending_in(3600)));
    assert_eq!(health(&scratch, &[]).code, Some(OK));
    assert_eq!(health(&scratch, &["--key", "private.jwk"]).code, Some(CRITICAL));
}

#[test]
fn an_expired_badge_is_called_expired_also_with_a_key() {
    let scratch = with_badge(&ending_in(-100));
    assert_eq!(health(&scratch, &["--key", "private.jwk"]).stdout, "CRITICAL: Badge expired\n");
}

#[test]
fn a_key_that_is_of_no_use_is_critical_and_never_shown() {
    let scratch = with_badge(&ending_in(3600));
    scratch.write("broken.jwk", RFC_KEY.replace("11qY", "11qZ"));
    scratch.write("pem.jwk", "-----BEGIN PRIVATE KEY-----\n");
    for key in ["broken.jwk", "pem.jwk", "nowhere.jwk"] {
        let ended = health(&scratch, &["--key", key]);
        assert_eq!(ended.code, Some(CRITICAL), "{key}");
        assert!(ended.stdout.starts_with(&format!("CRITICAL: cannot use the key {key}: ")), "{}", ended.stdout);
        assert!(!ended.stdout.contains(common::RFC_SEED), "{}", ended.stdout);
    }
}

#[test]
fn a_missing_key_is_not_to_be_made_anew() {
    let scratch = with_badge(&ending_in(3600));
    let ended = health(&scratch, &["--key", "nowhere.jwk"]);
    assert!(!ended.stdout.contains("key gen"), "{}", ended.stdout);
}

#[test]
fn json_is_one_object_with_everything_that_is_known() {
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
        forge::SUBJECT
    );
    assert_eq!(ended.stdout, expected);
}

fn number(json: &str, name: &str) -> i64 {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap();
    rest.split([',', '}']).next().and_then(|number| number.parse().ok()).unwrap()
}

#[test]
fn json_without_a_badge_has_the_state_the_sentence_and_the_path() {
    let ended = health(&Scratch::empty(), &["--json", "dir/x.jwt"]);
    assert_eq!(ended.code, Some(CRITICAL));
    assert_eq!(ended.stdout, "{\"state\":\"CRITICAL\",\"message\":\"Badge file not found\",\"path\":\"dir/x.jwt\"}\n");
}

#[test]
fn json_of_an_expired_badge_counts_the_seconds_since() {
    let ended = health(&with_badge(&ending_in(-100)), &["--json"]);
    assert!(
        ended.stdout.starts_with("{\"state\":\"CRITICAL\",\"message\":\"Badge expired\",\"remaining\":-1"),
        "{}",
        ended.stdout
    );
}

#[test]
fn quiet_prints_nothing_and_exits_the_same() {
    for (text, code) in [(ending_in(3600), OK), (ending_in(100), WARNING), ("x".into(), CRITICAL)] {
        for words in [&["--quiet"][..], &["--quiet", "--json"]] {
            let ended = health(&with_badge(&text), words);
            assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(code), "", ""));
        }
    }
}

#[test]
fn the_exit_code_stands_when_nobody_reads_the_answer() {
    let scratch = with_badge(&ending_in(100));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = capiscio(scratch.path()).args(["badge", "health"]).stdout(full).stderr(Stdio::null()).status();
    assert_eq!(status.unwrap().code(), Some(WARNING));
}

#[test]
fn a_wrong_command_line_exits_3_and_says_so_on_stderr() {
    let scratch = with_badge(&ending_in(3600));
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
fn nothing_in_a_badge_or_a_path_drives_the_terminal() {
    let name = "\u{1b}[2Jbadge\u{9b}\u{202e}.jwt";
    let hostile = r#""\u001b[2J\u009b31m\u202e""#;
    let texts = [
        badge(&[("sub", hostile), ("jti", hostile), ("iss", hostile)]),
        badge(&[("exp", hostile)]),
        badge(&[("\u{1b}[2J", "1"), ("\u{1b}[2J\u{9b}", "1")]),
        sign(forge::HEADER, "{\"\\u001b[2J\":1,\"\\u001b[2J\":1,\"exp\":1}", &stranger()),
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
fn a_path_that_is_no_text_is_shown_byte_by_byte() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::empty();
    let name = std::ffi::OsStr::from_bytes(b"b\xff.jwt");
    scratch.write(name, ending_in(3600));
    let ended = Ended::from(capiscio(scratch.path()).args(["badge", "health", "--json"]).arg(name).output().unwrap());
    assert_eq!(ended.code, Some(OK));
    assert!(ended.stdout.ends_with("\"path\":\"b\\\\xff.jwt\"}\n"), "{}", ended.stdout);
}

#[test]
fn what_the_keeper_signs_is_healthy() {
    let scratch = Scratch::with_key();
    let issued = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--out", "badge.jwt"]);
    assert_eq!(issued.code, Some(0), "{}", issued.stderr);
    let ended = health(&scratch, &["--key", "private.jwk"]);
    assert!(about(seconds(&ended.stdout, "OK: Badge valid for "), 3600));
}

#[test]
fn a_badge_that_vouches_for_itself_is_as_healthy_as_any() {
    let scratch = Scratch::with_key();
    run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--self-sign", "--out", "badge.jwt"]);
    let ended = health(&scratch, &["--json"]);
    assert_eq!(ended.code, Some(OK));
    assert!(ended.stdout.contains(RFC_DID), "{}", ended.stdout);
}

/// The guide's own script, with GNU and with busybox tools. jq is the system's: busybox has none.
mod the_guides_script {
    use super::*;

    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/health/check-badge-health.sh");

    /// The tools of a machine.
    struct Tools {
        name: &'static str,
        shell: &'static str,
        path: std::ffi::OsString,
        _applets: Scratch,
    }

    fn each_machine() -> [Tools; 2] {
        let path = std::env::var_os("PATH").unwrap();
        let found =
            |name| std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
        let (busybox, jq) = (found("busybox").expect("busybox"), found("jq").expect("jq"));
        let applets = Scratch::empty();
        for name in ["sh", "cat", "cut", "base64", "date"] {
            symlink(&busybox, applets.join(name)).unwrap();
        }
        symlink(jq, applets.join("jq")).unwrap();
        let small = applets.path().into();
        [
            Tools { name: "GNU", shell: "bash", path, _applets: Scratch::empty() },
            Tools { name: "busybox", shell: "sh", path: small, _applets: applets },
        ]
    }

    impl Tools {
        fn run(&self, directory: &Path, words: &[&str]) -> Ended {
            let mut command = Command::new("env");
            command.arg("-i").arg({
                let mut path = std::ffi::OsString::from("PATH=");
                path.push(&self.path);
                path
            });
            command.arg(match self.shell {
                "sh" => Path::new(&self.path).join("sh").into_os_string(),
                shell => shell.into(),
            });
            Ended::from(command.args(words).current_dir(directory).output().unwrap())
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

    /// A badge that the keeper itself signed and that ends so many seconds from now.
    fn kept(scratch: &Scratch, lifetime: &str, more: &[&str]) -> String {
        let issue = ["badge", "issue", "--key", "private.jwk", "--exp", lifetime];
        let ended = run(scratch.path(), &[&issue[..], more].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn says_the_same_first_word_with_the_same_exit_code() {
        let scratch = Scratch::with_key();
        let whole = ending_in(3600);
        let files = [
            ("valid", kept(&scratch, "1h", &[]), OK),
            ("valid, no newline", kept(&scratch, "1h", &[]).trim_end().to_owned(), OK),
            ("valid, self-signed", kept(&scratch, "24h", &["--self-sign"]), OK),
            ("nearly expired", kept(&scratch, "250s", &[]), WARNING),
            ("seconds left", kept(&scratch, "30s", &[]), WARNING),
            ("expired", padded_badge(-100), CRITICAL),
            ("expired long ago", padded_badge(-1_000_000_000), CRITICAL),
            ("empty", String::new(), CRITICAL),
            ("garbage", "hello".into(), CRITICAL),
            ("cut within the payload", whole[..100].into(), CRITICAL),
            ("a payload without exp", badge(&[("exp", "")]), CRITICAL),
            ("a payload that is no object", sign(forge::HEADER, "[1]", &stranger()), CRITICAL),
        ];
        for tools in each_machine() {
            for (what, text, code) in &files {
                scratch.write("badge.jwt", text);
                let (theirs, ours) = (tools.script(&scratch, "badge.jwt"), health(&scratch, &["badge.jwt"]));
                assert_eq!(theirs.code, Some(*code), "{what} with {}: {theirs:?}", tools.name);
                assert_eq!(ours.code, Some(*code), "{what}: {ours:?}");
                assert_eq!(first_word(&theirs), first_word(&ours), "{what} with {}", tools.name);
            }
            for missing in ["nowhere.jwt", "no/where.jwt", "."] {
                let (theirs, ours) = (tools.script(&scratch, missing), health(&scratch, &[missing]));
                assert_eq!((theirs.code, ours.code), (Some(CRITICAL), Some(CRITICAL)), "{missing}");
                assert_eq!(first_word(&theirs), first_word(&ours), "{missing}");
            }
        }
    }

    /// A badge of any end in the form in which the keeper writes them.
    fn padded_badge(seconds: i64) -> String {
        let mut payload = payload(&[("iat", "1"), ("exp", &(now() + seconds).to_string())]);
        while !payload.len().is_multiple_of(3) {
            payload.insert(payload.len() - 1, ' ');
        }
        sign(forge::HEADER, &payload, &forge::issuer())
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn says_the_same_sentence_where_it_says_seconds() {
        let scratch = Scratch::with_key();
        for (lifetime, words, left) in
            [("1h", "OK: Badge valid for ", 3600), ("250s", "WARNING: Badge expires in ", 250)]
        {
            scratch.write("badge.jwt", kept(&scratch, lifetime, &[]));
            for tools in each_machine() {
                for ended in [tools.script(&scratch, "badge.jwt"), health(&scratch, &[])] {
                    assert!(about(seconds(&ended.stdout, words), left), "{}: {}", tools.name, ended.stdout);
                }
            }
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn and_the_guides_one_line_read_every_badge_of_ours_whatever_its_length() {
        let scratch = Scratch::with_key();
        for tools in each_machine() {
            for length in 0..7 {
                let audience = "a".repeat(length);
                scratch.write("badge.jwt", kept(&scratch, "1h", &["--aud", &audience]));
                let exp = number(&health(&scratch, &["--json"]).stdout, "exp");
                assert_eq!(tools.expiration(&scratch), exp.to_string(), "{} {length}", tools.name);
                assert_eq!(tools.script(&scratch, "badge.jwt").code, Some(OK), "{} {length}", tools.name);
            }
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn and_the_guides_one_line_read_every_badge_of_ours_whatever_its_letters() {
        let scratch = Scratch::with_key();
        for tools in each_machine() {
            // Where these stand decides whether their base64url has a - or _ in it, which base64 -d does not know.
            for shift in 0..3 {
                let audience = format!("{}?>~\u{e9}\u{65e5}\u{1f980}", "a".repeat(shift));
                let token = kept(&scratch, "1h", &["--aud", &audience]);
                scratch.write("badge.jwt", &token);
                assert_eq!(common::claims(&token).aud, [audience]);
                let exp = number(&health(&scratch, &["--json"]).stdout, "exp");
                assert_eq!(tools.expiration(&scratch), exp.to_string(), "{} {shift}", tools.name);
            }
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn is_wrong_about_url_safe_text_of_other_issuers_and_this_is_right() {
        let scratch = Scratch::with_key();
        let subject = quoted("did:web:a");
        let shifted =
            (0..3).map(|shift| badge(&[("sub", &subject), ("aud", &format!("[\"{}???\"]", "a".repeat(shift)))]));
        let urlsafe: Vec<String> = shifted.filter(|token| token.split('.').nth(1).unwrap().contains('_')).collect();
        assert!(!urlsafe.is_empty());
        for token in urlsafe {
            scratch.write("badge.jwt", &token);
            for tools in each_machine() {
                assert_eq!(tools.script(&scratch, "badge.jwt").code, Some(CRITICAL), "{}", tools.name);
            }
            assert_eq!(health(&scratch, &["--key", "private.jwk"]).code, Some(OK));
        }
    }

    #[test]
    #[ignore = "needs jq and busybox"]
    fn is_wrong_about_missing_padding_with_busybox_and_this_is_right() {
        let scratch = Scratch::with_key();
        let [_, busybox] = each_machine();
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
    fn accepts_what_no_verifier_accepts_and_this_does_not() {
        let scratch = Scratch::with_key();
        let later = (now() + 1800).to_string();
        let end = (now() + 3600).to_string();
        let padded = |text: String| format!("{text}{}", " ".repeat((3 - text.len() % 3) % 3));
        let signed = |text: String| sign(forge::HEADER, &padded(text), &forge::issuer());
        let whole = signed(payload(&[("sub", &quoted("did:web:a"))]));
        let files = [
            ("not valid for another half hour", signed(payload(&[("nbf", &later), ("sub", &quoted("did:web:a"))]))),
            ("exp is a string", signed(payload(&[("exp", &quoted(&end))]))),
            ("the signature is gone", whole.rsplit_once('.').unwrap().0.to_owned()),
            ("nothing but exp, unsigned", whole.split('.').nth(1).unwrap().to_owned()),
        ];
        for (what, text) in files {
            scratch.write("badge.jwt", text);
            for tools in each_machine() {
                assert_eq!(tools.script(&scratch, "badge.jwt").code, Some(OK), "{what} with {}", tools.name);
            }
            assert_eq!(health(&scratch, &[]).code, Some(CRITICAL), "{what}");
        }
    }

    /// bash evaluates a variable inside $(( )) as an expression, subscripts and the commands in them included.
    #[test]
    #[ignore = "needs jq and busybox"]
    fn runs_a_command_that_a_forger_put_into_exp_and_this_does_not() {
        let scratch = Scratch::with_key();
        let forged = r#"{"exp":"a[$(echo forged >forged)]"}"#;
        scratch.write("badge.jwt", sign(forge::HEADER, &format!("{forged} "), &stranger()));
        assert_eq!(health(&scratch, &[]).code, Some(CRITICAL));
        assert!(!scratch.join("forged").exists());
        let [gnu, _] = each_machine();
        gnu.script(&scratch, "badge.jwt");
        assert!(scratch.join("forged").exists());
    }
}
