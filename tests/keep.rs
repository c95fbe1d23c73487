//! `capiscio badge keep` as the guide describes it: issue at once, renew in time, end on a signal.

mod common;

use capiscio::key::PrivateKey;
use common::{
    Keeper, LogLine, RFC_DID, RFC_KEY, Scratch, capiscio, chmod, finish_within, keep, mode, run, run_bounded, until,
    verify_with, wrap,
};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread::scope;
use std::time::Duration;

#[test]
fn issues_a_badge_at_once_and_runs_on() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--sub", "did:capiscio:agent:my-agent", "--domain", "my-agent.example.com"]);
    command.args(["--key", "./private.jwk", "--out", "./current-badge.jwt", "--exp", "1h", "--renew-before", "10m"]);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "current-badge.jwt");
    let badge = keeper.assert_good();
    assert_eq!(badge.sub, "did:capiscio:agent:my-agent");
    assert_eq!(badge.iss, "https://registry.capisc.io");
    assert_eq!(badge.domain.as_deref(), Some("my-agent.example.com"));
    assert_eq!((badge.exp - badge.iat, badge.level, badge.ial), (3600, 1, 0));
    assert_eq!(mode(&scratch.join("current-badge.jwt")), 0o600);
    assert!(keeper.is_running());
}

#[test]
fn generates_a_missing_key_and_uses_an_existing_one() {
    let scratch = Scratch::empty();
    let mut keeper = Keeper::start(&scratch, &["--generate-key"]);
    let public = run(scratch.path(), &["key", "public", "--key", "private.jwk"]).stdout;
    let badge = verify_with(&public, &keeper.badge().unwrap()).unwrap();
    assert_eq!(badge.sub, "did:capiscio:agent:test");
    assert_eq!(mode(&scratch.join("private.jwk")), 0o600);
    keeper.stop();
    let key = scratch.read("private.jwk");
    Keeper::start(&scratch, &["--generate-key"]);
    assert_eq!(scratch.read("private.jwk"), key);
}

#[test]
fn keepers_that_start_together_generate_one_key() {
    let scratch = Scratch::empty();
    let outs = ["1.jwt", "2.jwt", "3.jwt", "3.jwt"];
    let start = |out| Keeper::spawn(&scratch, keep(&scratch, out).arg("--generate-key"), out);
    let mut keepers = outs.map(start);
    for keeper in &mut keepers {
        keeper.until("it starts or fails", |keeper| keeper.count("started") + keeper.count("failed") == 1);
    }
    let public = run(scratch.path(), &["key", "public", "--key", "private.jwk"]).stdout;
    for keeper in keepers.iter().filter(|keeper| keeper.count("started") == 1) {
        verify_with(&public, &keeper.badge().unwrap()).unwrap();
    }
    let failed: Vec<_> = keepers.iter().flat_map(|keeper| keeper.messages("failed")).collect();
    assert!(failed.len() == 1 && failed[0].contains("another keeper already writes this file"), "{failed:?}");
}

#[test]
fn renews_again_and_again() {
    let scratch = Scratch::with_key();
    // Renewed each second, and valid for so long that it does not expire on a stalled machine.
    let mut keeper = Keeper::start(&scratch, &["--exp", "60s", "--renew-before", "59s"]);
    let mut seen = vec![keeper.assert_good().jti];
    while seen.len() < 4 {
        keeper.until("another badge", |keeper| !seen.contains(&keeper.assert_good().jti));
        seen.push(keeper.assert_good().jti);
    }
    keeper.wait_for_count("renewed", 3);
    let events = keeper.events();
    assert_eq!(events[..3], ["warning", "warning", "started"]);
    assert!(events[3..].iter().all(|event| event == "renewed"), "{events:?}");
}

#[test]
fn ends_with_status_0_on_sigterm_and_sigint_and_leaves_the_badge() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let scratch = Scratch::with_key();
        let mut keeper = Keeper::start(&scratch, &[]);
        keeper.signal(signal);
        assert_eq!(keeper.wait().code(), Some(0), "{}", keeper.log());
        keeper.assert_good();
        assert_eq!(keeper.count("stopped"), 1);
        assert_eq!(scratch.names(), ["badge.jwt", "private.jwk"], "the lock file is removed");
    }
}

#[test]
fn renews_on_sighup_even_if_started_by_nohup() {
    let scratch = Scratch::with_key();
    let mut command = wrap(&["nohup"], &keep(&scratch, "badge.jwt"));
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    let first = keeper.badge();
    keeper.renew();
    assert_eq!(keeper.count_with("renewed", "SIGHUP"), 1, "{}", keeper.log());
    assert_ne!(keeper.badge(), first);
    keeper.assert_good();
}

#[test]
fn uses_a_rotated_key_for_the_next_badge() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    keeper.assert_good();
    assert_eq!(run(scratch.path(), &["key", "gen", "--out-priv", "new.jwk"]).code, Some(0));
    scratch.rename("new.jwk", "private.jwk");
    keeper.renew();
    verify_with(&scratch.read("public.jwk"), &keeper.badge().unwrap()).unwrap();
}

#[test]
fn retries_while_the_key_is_missing_and_recovers() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--exp", "2s", "--renew-before", "1s"]);
    scratch.remove("private.jwk");
    keeper.wait_for_count("failed", 2);
    let words = format!("cannot use the key {}", scratch.join("private.jwk").display());
    assert!(keeper.messages("failed").iter().all(|message| message.contains(&words)));
    let renewed = keeper.count("renewed");
    scratch.write_private("private.jwk", RFC_KEY);
    keeper.wait_for_count("renewed", renewed + 1);
    keeper.assert_good();
    assert!(keeper.is_running());
}

#[test]
fn runs_with_closed_standard_streams() {
    let scratch = Scratch::with_key();
    let mut command = wrap(&["sh", "-c", r#"exec "$@" >&- 2>&- <&-"#, "sh"], &keep(&scratch, "badge.jwt"));
    let mut keeper = Keeper::spawn(&scratch, command.args(["--exp", "2s", "--renew-before", "1s"]), "badge.jwt");
    keeper.until("the first badge", |keeper| keeper.badge().is_some());
    let first = keeper.badge();
    keeper.until("a renewal", |keeper| keeper.badge() != first);
    keeper.stop();
    assert_eq!(keeper.log(), "");
}

#[test]
fn a_log_reader_that_does_not_read_never_blocks_it() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::without_log(&scratch, keep(&scratch, "badge.jwt").stderr(Stdio::piped()));
    keeper.until("the first badge", |keeper| keeper.badge().is_some_and(|badge| !badge.is_empty()));
    // A pipe holds 64 KiB, and each renewal writes a line of over 150 bytes.
    for _ in 0..600 {
        let before = keeper.badge();
        keeper.signal(libc::SIGHUP);
        keeper.until("a renewal", |keeper| keeper.badge() != before);
    }
    keeper.stop();
}

#[test]
fn writes_nothing_to_stdout() {
    let scratch = Scratch::with_key();
    let stdout = fs::File::create(scratch.join("stdout")).unwrap();
    let mut keeper = Keeper::without_log(&scratch, keep(&scratch, "badge.jwt").stdout(stdout).stderr(Stdio::null()));
    keeper.until("the first badge", |keeper| keeper.badge().is_some());
    keeper.stop();
    assert_eq!(scratch.read("stdout"), "");
}

#[test]
fn the_last_of_two_equal_flags_wins_with_a_warning() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &["--sub", "did:web:one.example", "--sub=did:web:two.example"]);
    assert_eq!(keeper.assert_good().sub, "did:web:two.example");
    let warnings = keeper.messages("warning");
    let both = ["--sub", "did:web:one.example", "did:web:two.example"];
    assert!(warnings.iter().any(|warning| both.iter().all(|word| warning.contains(word))), "{warnings:?}");
}

#[test]
fn every_flag_has_an_environment_variable_that_it_overrides() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--domain", "flag.example"]).envs([
        ("CAPISCIO_KEY", "private.jwk"),
        ("CAPISCIO_OUT", "env.jwt"),
        ("CAPISCIO_SUB", "did:web:env.example"),
        ("CAPISCIO_DOMAIN", "env.example"),
        ("CAPISCIO_ISS", "https://env.example:8443"),
        ("CAPISCIO_AUD", "one, two"),
        ("CAPISCIO_LEVEL", "3"),
        ("CAPISCIO_EXP", "90s"),
        ("CAPISCIO_RENEW_BEFORE", ""),
        ("CAPISCIO_OUT_MODE", "0640"),
        ("CAPISCIO_SELF_SIGN", "0"),
        ("CAPISCIO_SOMETHING_ELSE", "not ours"),
    ]);
    // The harness sets CAPISCIO_LOG_FORMAT.
    let keeper = Keeper::start_command(&scratch, &mut command, "env.jwt");
    let badge = keeper.assert_good();
    assert_eq!((badge.sub.as_str(), badge.iss.as_str()), ("did:web:env.example", "https://env.example:8443"));
    assert_eq!((badge.domain.as_deref(), badge.level), (Some("flag.example"), 3));
    assert_eq!((badge.aud, badge.exp - badge.iat), (vec!["one".to_owned(), "two".to_owned()], 90));
    assert_eq!(mode(&scratch.join("env.jwt")), 0o640);
    // An empty variable counts as unset: a third of 90 s.
    let lines = keeper.lines();
    let started = lines.iter().find(|line| line.text("event") == "started").unwrap();
    assert_eq!(started.number("renewal"), badge.exp - 30);
}

#[test]
fn takes_the_key_itself_from_the_environment() {
    let scratch = Scratch::empty();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--out", "badge.jwt"]).env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY);
    Keeper::start_command(&scratch, &mut command, "badge.jwt").assert_good();
}

#[test]
fn a_self_signed_badge_has_level_0_and_the_did_of_its_key() {
    let scratch = Scratch::with_key();
    let badge = Keeper::start(&scratch, &["--self-sign", "--sub", RFC_DID]).assert_good();
    assert_eq!((badge.iss.as_str(), badge.sub.as_str(), badge.level), (RFC_DID, RFC_DID, 0));
}

#[test]
fn warns_once_about_test_values_and_a_key_that_others_can_read() {
    let scratch = Scratch::with_key();
    chmod(&scratch.join("private.jwk"), 0o644);
    let mut keeper = Keeper::start(&scratch, &[]);
    keeper.renew();
    for words in ["--sub is did:capiscio:agent:test", "--domain is example.com", "chmod 600"] {
        assert_eq!(keeper.count_with("warning", words), 1, "{words}: {}", keeper.log());
    }
    let other = Scratch::with_key();
    let keeper = Keeper::start(&other, &["--sub", "did:web:a.example", "--domain", "a.example"]);
    assert_eq!(keeper.events(), ["started"], "{}", keeper.log());
}

#[test]
fn says_once_at_sighup_that_a_key_of_systemd_may_need_a_restart() {
    let scratch = Scratch::with_key();
    for (directory, count) in [(scratch.path().to_str().unwrap(), 1), ("/run/credentials", 0)] {
        let mut command = keep(&scratch, "badge.jwt");
        command.arg("--key").arg(scratch.join("private.jwk")).env("CREDENTIALS_DIRECTORY", directory);
        let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        assert_eq!(keeper.count_with("warning", "restart the service"), 0, "{}", keeper.log());
        keeper.renew();
        keeper.renew();
        assert_eq!(keeper.count_with("warning", "restart the service"), count, "{}", keeper.log());
    }
}

#[test]
fn warns_about_a_key_that_the_group_or_others_may_read_or_write() {
    for mode in [0o640, 0o620, 0o604, 0o602] {
        let scratch = Scratch::with_key();
        let key = scratch.join("private.jwk");
        chmod(&key, mode);
        let warning = format!("(mode {mode:04o}): chmod 600 {}", key.display());
        let keeper = Keeper::start(&scratch, &[]);
        assert_eq!(keeper.count_with("warning", &warning), 1, "{mode:o}: {}", keeper.log());
    }
}

#[test]
fn logs_a_generated_key_before_the_first_badge() {
    let scratch = Scratch::empty();
    let mut keeper = Keeper::start(&scratch, &["--generate-key", "--sub", "did:web:a", "--domain", "a.example"]);
    assert_eq!(keeper.events(), ["key", "started"], "{}", keeper.log());
    let key = PrivateKey::from_jwk(&scratch.read("private.jwk")).ok().unwrap();
    let (path, did) = (scratch.join("private.jwk").display().to_string(), key.public().did_key());
    let lines = keeper.lines();
    assert_eq!((lines[0].text("key"), lines[0].text("did")), (path.as_str(), did.as_str()));
    assert_eq!(lines[0].text("message"), format!("generated the private key {path}; its public key is {did}"));
    // A second start uses it and generates nothing.
    keeper.stop();
    let keeper = Keeper::start(&scratch, &["--generate-key", "--sub", "did:web:a", "--domain", "a.example"]);
    assert_eq!(keeper.events(), ["started"], "{}", keeper.log());
}

#[test]
fn every_line_about_the_badge_file_has_its_absolute_path() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--sub", "did:web:a", "--domain", "a.example"]);
    scratch.remove("badge.jwt");
    keeper.wait_for("restored");
    keeper.renew();
    keeper.stop();
    assert_eq!(keeper.events(), ["started", "damaged", "restored", "renewed", "stopped"], "{}", keeper.log());
    let out = scratch.join("badge.jwt").display().to_string();
    assert!(keeper.lines().iter().all(|line| line.text("out") == out), "{}", keeper.log());
}

#[test]
fn json_log_lines_are_objects_with_unix_seconds() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--log-format", "json"]);
    keeper.stop();
    assert_eq!(keeper.events(), ["warning", "warning", "started", "stopped"]);
    for line in keeper.log().lines() {
        let line = LogLine::parse(line).unwrap_or_else(|| panic!("not JSON: {line}"));
        assert!(line.number("time") > 1_700_000_000);
    }
}

#[test]
fn text_log_lines_have_a_date_and_journal_lines_a_priority() {
    let scratch = Scratch::with_key();
    let log = fs::File::create(scratch.join("log")).unwrap();
    let found = log.metadata().unwrap();
    let (device, inode) = (found.dev(), found.ino());
    let journal = format!("{device}:{inode}");
    // A child process inherits the variable, and has another stderr.
    for stream in ["", "1:", &journal, &format!("{device}:{}", inode + 1), &format!("{}:{inode}", device + 1)] {
        log.set_len(0).unwrap();
        let log = fs::OpenOptions::new().append(true).open(scratch.join("log")).unwrap();
        let mut command = keep(&scratch, "badge.jwt");
        let mut keeper = Keeper::without_log(&scratch, command.env("JOURNAL_STREAM", stream).stderr(log));
        until("it has started", || scratch.read("log").contains("started"));
        keeper.stop();
        let text = scratch.read("log");
        let (info, warning) = if stream == journal { ("<6>", "<4>") } else { (" GMT info: ", " GMT warning: ") };
        assert!(text.lines().all(|line| line.contains(info) || line.contains(warning)), "{stream}: {text}");
        assert_eq!(text.contains(" GMT info: "), stream != journal, "{stream}: {text}");
    }
}

#[test]
fn a_keeper_ends_with_the_thread_of_its_test() {
    let scratch = Scratch::with_key();
    let mut keeper = scope(|scope| scope.spawn(|| Keeper::start(&scratch, &[])).join().unwrap());
    assert_eq!(keeper.wait().signal(), Some(libc::SIGKILL));
}

#[test]
#[should_panic(expected = "timeout: sh -c echo; read line  does not end")]
fn a_command_that_hangs_fails_its_test() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo; read line"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _stdin = child.stdin.take();
    finish_within(Duration::from_millis(50), child);
}

#[test]
fn a_log_line_has_at_most_4096_bytes_and_stays_json() {
    let scratch = Scratch::with_key();
    // The line that says it has started, with its newline, with an issuer of this length.
    let start = |issuer: usize| {
        let issuer = format!("did:web:{}", "i".repeat(issuer - "did:web:".len()));
        let mut keeper = Keeper::start(&scratch, &["--sub", "did:web:agent.example", "--iss", &issuer]);
        keeper.stop();
        keeper.log().split_inclusive('\n').find(|line| line.contains("\"started\"")).unwrap().to_owned()
    };
    // Where a second passes meanwhile, the renewal is in 49m59s, which is longer.
    let started = |issuer| (0..20).map(|_| start(issuer)).find(|line| line.contains(" in 50m")).unwrap();
    let longest = 4096 - (started(100).len() - 100);
    let complete = started(longest);
    assert_eq!(complete.len(), 4096);
    assert_eq!(LogLine::parse(&complete).unwrap().text("iss").len(), longest, "{complete}");
    let cut = started(longest + 1);
    assert!(!cut.contains("\"iss\""), "{cut}");
    assert!(LogLine::parse(&cut).unwrap().text("message").ends_with("Msw)"), "the sentence is short: {cut}");
}

#[test]
fn a_sentence_that_is_too_long_for_a_log_line_is_cut() {
    let scratch = Scratch::with_key();
    let subject = format!("did:web:{}", "s".repeat(5000));
    let keeper = Keeper::start(&scratch, &["--sub", &subject]);
    let lines = keeper.lines();
    let started = lines.iter().find(|line| line.text("event") == "started").unwrap().text("message");
    assert!(started.len() == 512 && started.starts_with("started: "), "{started}");
    assert!(started.ends_with("sss"), "{started}");
}

#[test]
#[ignore = "needs pgrep"]
fn the_monitoring_commands_of_the_guide_work() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    let shell = |line| run_bounded(Command::new("sh").args(["-c", line]).current_dir(scratch.path()));
    assert!(shell("pgrep -f 'capiscio badge keep'").stdout.lines().any(|pid| pid == keeper.pid().to_string()));
    assert_eq!(shell("stat ./badge.jwt").code, Some(0));
}
