//! `capiscio badge keep`, as the guide has it: issue at once, renew in time, stop in good order.

mod common;

use capiscio::encoding::json::{Json, parse};
use capiscio::key::PublicKey;
use common::{
    Ended, Keeper, RFC_DID, RFC_KEY, RFC_PUBLIC, Scratch, accepted, binary, capiscio, claims, claims_by, run, until,
};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::Instant;

#[test]
fn the_guides_basic_usage_issues_a_badge_at_once_and_keeps_running() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--sub", "did:capiscio:agent:my-agent", "--domain", "my-agent.example.com"]);
    command.args(["--key", "./private.jwk", "--out", "./current-badge.jwt", "--exp", "1h", "--renew-before", "10m"]);
    let mut keeper = Keeper::of(&scratch, command, "current-badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    let badge = claims(&keeper.badge().unwrap());
    assert_eq!(badge.sub, "did:capiscio:agent:my-agent");
    assert_eq!(badge.iss, "https://registry.capisc.io");
    assert_eq!(badge.domain.as_deref(), Some("my-agent.example.com"));
    assert_eq!((badge.exp - badge.iat, badge.level, badge.ial), (3600, 1, 0));
    assert_eq!(fs::metadata(scratch.join("current-badge.jwt")).unwrap().mode() & 0o7777, 0o600);
    assert!(keeper.child.try_wait().unwrap().is_none());
}

#[test]
fn one_command_in_an_empty_directory_makes_the_key_and_keeps_the_badge() {
    let scratch = Scratch::empty();
    let mut keeper = Keeper::start(&scratch, &["--generate-key"]);
    let public = run(scratch.path(), &["key", "public", "--key", "private.jwk"]).stdout;
    let badge = claims_by(&public, &keeper.badge().unwrap());
    assert_eq!(badge.sub, "did:capiscio:agent:test");
    assert_eq!(fs::metadata(scratch.join("private.jwk")).unwrap().mode() & 0o7777, 0o600);
    assert!(keeper.stop().success());
    let key = scratch.read("private.jwk");
    Keeper::start(&scratch, &["--generate-key"]);
    assert_eq!(scratch.read("private.jwk"), key, "an existing key is used, never replaced");
}

#[test]
fn badges_are_renewed_in_time_again_and_again() {
    let scratch = Scratch::with_key();
    // Renewed each second, and good for so long that no stalled machine makes one expire.
    let mut keeper = Keeper::start(&scratch, &["--exp", "60s", "--renew-before", "59s"]);
    let key = PublicKey::from_jwk(RFC_PUBLIC).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let token = keeper.badge().unwrap();
        let badge = accepted(&key, token.as_bytes()).unwrap();
        if !seen.contains(&badge.jti) {
            seen.push(badge.jti);
        }
        let jti = seen.last().cloned();
        keeper.until("it renews", |keeper| {
            keeper.badge().is_some_and(|token| accepted(&key, token.as_bytes()).unwrap().jti != *jti.as_ref().unwrap())
        });
    }
    // Read once: it goes on renewing meanwhile.
    let log = keeper.log();
    let lines_with = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines_with("renewed"), lines_with("next renewal") - 1, "{log}");
}

#[test]
fn sigterm_and_sigint_end_it_with_exit_code_0_and_leave_the_badge() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let scratch = Scratch::with_key();
        let mut keeper = Keeper::start(&scratch, &[]);
        let begin = Instant::now();
        keeper.signal(signal);
        assert_eq!(keeper.ended().code(), Some(0), "{}", keeper.log());
        println!("stopped within {:?}", begin.elapsed());
        claims(&keeper.badge().unwrap());
        assert!(keeper.log().contains("stopped"));
        assert_eq!(scratch.names(), ["badge.jwt", "private.jwk"], "the lock is gone");
    }
}

#[test]
fn sighup_renews_now_also_when_the_signal_was_ignored_before() {
    let scratch = Scratch::with_key();
    let mut command = Command::new("nohup");
    command.args(binary()).current_dir(scratch.path()).stdin(Stdio::null());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]);
    let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    let first = keeper.badge();
    keeper.signal(libc::SIGHUP);
    keeper.until("it renews", |keeper| keeper.badge() != first);
    keeper.until("it says so", |keeper| keeper.log().contains("asked by SIGHUP"));
    claims(&keeper.badge().unwrap());
}

#[test]
fn a_rotated_key_is_used_at_the_next_renewal() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    claims(&keeper.badge().unwrap());
    assert_eq!(run(scratch.path(), &["key", "gen", "--out-priv", "new.jwk"]).code, Some(0));
    fs::rename(scratch.join("new.jwk"), scratch.join("private.jwk")).unwrap();
    keeper.signal(libc::SIGHUP);
    let key = PublicKey::from_jwk(&scratch.read("public.jwk")).unwrap();
    keeper.until("the new key signs", |keeper| accepted(&key, keeper.badge().unwrap().as_bytes()).is_ok());
}

#[test]
fn a_lost_key_is_a_failed_renewal_that_is_tried_again_and_never_the_end() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--exp", "2s", "--renew-before", "1s"]);
    fs::remove_file(scratch.join("private.jwk")).unwrap();
    keeper.until("two attempts have failed", |keeper| keeper.lines_with("next attempt at") >= 2);
    assert!(keeper.log().contains("cannot use the key private.jwk"));
    scratch.write_private("private.jwk", RFC_KEY);
    let key = PublicKey::from_jwk(RFC_PUBLIC).unwrap();
    keeper.until("it has recovered", |keeper| accepted(&key, keeper.badge().unwrap().as_bytes()).is_ok());
    assert!(keeper.child.try_wait().unwrap().is_none());
}

#[test]
fn closed_streams_never_stop_it() {
    let scratch = Scratch::with_key();
    let mut command = Command::new("sh");
    command.current_dir(scratch.path()).stdin(Stdio::null());
    let keep = "badge keep --key private.jwk --out badge.jwt --exp 2s --renew-before 1s";
    command.arg("-c").arg(format!("exec {} {keep} >&- 2>&- <&-", binary().join(" ")));
    let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
    keeper.until("a badge stands", |keeper| keeper.badge().is_some());
    let first = keeper.badge();
    keeper.until("it renews", |keeper| keeper.badge() != first);
    assert_eq!(keeper.stop().code(), Some(0));
}

#[test]
fn a_log_reader_that_has_stopped_reading_never_stops_it() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let badge = || fs::read_to_string(scratch.join("badge.jwt")).unwrap_or_default();
    until("a badge stands", || !badge().is_empty());
    // A pipe holds 64 KiB; nobody reads from this one, and each renewal writes a line of over 150 bytes.
    for _ in 0..600 {
        let before = badge();
        // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
        unsafe { libc::kill(child.id() as i32, libc::SIGHUP) };
        until("it renews", || badge() != before);
    }
    // SAFETY: as above.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn stdout_stays_empty() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    until("a badge stands", || scratch.join("badge.jwt").exists());
    // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    assert_eq!(child.wait_with_output().unwrap().stdout, b"");
}

#[test]
fn the_last_of_two_equal_flags_wins_with_a_warning_that_names_both() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &["--sub", "did:web:one.example", "--sub=did:web:two.example"]);
    assert_eq!(claims(&keeper.badge().unwrap()).sub, "did:web:two.example");
    let log = keeper.log();
    assert!(log.contains("\"did:web:one.example\" is dropped, \"did:web:two.example\" counts"), "{log}");
}

#[test]
fn every_flag_also_comes_from_the_environment_and_the_flag_wins() {
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
        ("CAPISCIO_LOG_FORMAT", "json"),
        ("CAPISCIO_SELF_SIGN", "0"),
        ("CAPISCIO_SOMETHING_ELSE", "of others"),
    ]);
    let mut keeper = Keeper::of(&scratch, command, "env.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    let badge = claims(&keeper.badge().unwrap());
    assert_eq!((badge.sub.as_str(), badge.iss.as_str()), ("did:web:env.example", "https://env.example:8443"));
    assert_eq!((badge.domain.as_deref(), badge.level), (Some("flag.example"), 3));
    assert_eq!((badge.aud, badge.exp - badge.iat), (vec!["one".to_owned(), "two".to_owned()], 90));
    assert_eq!(fs::metadata(scratch.join("env.jwt")).unwrap().mode() & 0o7777, 0o640);
    // An empty variable counts as unset: a third of 90 s, where ten minutes would be too long.
    assert_eq!(member(&keeper.log(), "renewal"), badge.exp - 30);
}

#[test]
fn the_key_itself_may_come_from_the_environment() {
    let scratch = Scratch::empty();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--out", "badge.jwt"]).env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY);
    let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    claims(&keeper.badge().unwrap());
}

#[test]
fn a_self_signed_badge_has_level_0_and_speaks_for_its_own_key() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &["--self-sign", "--sub", RFC_DID]);
    let badge = claims(&keeper.badge().unwrap());
    assert_eq!((badge.iss.as_str(), badge.sub.as_str(), badge.level), (RFC_DID, RFC_DID, 0));
}

#[test]
fn test_values_and_an_open_key_are_warned_about_once() {
    let scratch = Scratch::with_key();
    fs::set_permissions(scratch.join("private.jwk"), fs::Permissions::from_mode(0o644)).unwrap();
    let mut keeper = Keeper::start(&scratch, &[]);
    keeper.signal(libc::SIGHUP);
    keeper.until("it renews", |keeper| keeper.log().contains("renewed"));
    for words in
        ["--sub is did:capiscio:agent:test, a test value", "--domain is example.com, a test value", "chmod 600"]
    {
        assert_eq!(keeper.lines_with(words), 1, "{words}: {}", keeper.log());
    }
    let own = Scratch::with_key();
    let keeper = Keeper::start(&own, &["--sub", "did:web:a.example", "--domain", "a.example"]);
    assert_eq!(keeper.lines_with("warning"), 0, "{}", keeper.log());
}

#[test]
fn json_log_lines_are_objects_with_unix_seconds() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &["--log-format", "json"]);
    keeper.stop();
    let log = keeper.log();
    let events: Vec<String> = log.lines().map(|line| text(line, "event")).collect();
    assert_eq!(events, ["warning", "warning", "started", "stopped"]);
    for line in log.lines() {
        assert!(parse(line).is_some(), "{line}");
        assert!(member(line, "time") > 1_700_000_000);
    }
}

#[test]
fn text_log_lines_have_a_readable_time_and_under_the_journal_a_priority_instead() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    assert!(keeper.log().lines().all(|line| line.contains(" GMT ")), "{}", keeper.log());
    drop(keeper);
    let log = fs::File::create(scratch.join("journal")).unwrap();
    let found = log.metadata().unwrap();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]).stderr(log);
    command.env("JOURNAL_STREAM", format!("{}:{}", found.dev(), found.ino()));
    let mut child = command.spawn().unwrap();
    until("it has started", || scratch.read("journal").contains("started"));
    child.kill().unwrap();
    child.wait().unwrap();
    let journal = scratch.read("journal");
    assert!(journal.lines().all(|line| line.starts_with("<6>") || line.starts_with("<4>")), "{journal}");
    assert!(!journal.contains("GMT info"), "{journal}");
}

#[test]
fn a_symlink_at_out_is_followed_and_stays() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("real")).unwrap();
    symlink("real/current.jwt", scratch.join("badge.jwt")).unwrap();
    let keeper = Keeper::start(&scratch, &[]);
    assert!(scratch.join("badge.jwt").symlink_metadata().unwrap().is_symlink());
    claims(&keeper.badge().unwrap());
    assert!(scratch.join("real/.current.jwt.lock").exists());
}

#[test]
#[ignore = "needs pgrep"]
fn the_monitoring_commands_of_the_guide_work_unchanged() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    let shell = |line: &str| {
        let output = Command::new("sh").arg("-c").arg(line).current_dir(scratch.path()).output().unwrap();
        Ended::from(output)
    };
    assert!(shell("pgrep -f 'capiscio badge keep'").stdout.lines().any(|pid| pid == keeper.pid().to_string()));
    assert_eq!(shell("stat ./badge.jwt").code, Some(0));
    let payload = shell("cat ./badge.jwt | cut -d. -f2 | base64 -d");
    assert_eq!((payload.code, payload.stderr.as_str()), (Some(0), ""));
    assert_eq!(member(&payload.stdout, "exp"), claims(&keeper.badge().unwrap()).exp);
}

fn text(object: &str, name: &str) -> String {
    match parse(object).as_ref().and_then(Json::as_object).and_then(|object| object.get(name).ok().flatten()) {
        Some(Json::String(text)) => text.clone(),
        _ => panic!("{name} is no text in {object}"),
    }
}

fn member(lines: &str, name: &str) -> i64 {
    let number = lines.lines().find_map(|line| {
        let object = parse(line)?;
        match object.as_object()?.get(name).ok()?? {
            Json::Unsigned(number) => Some(*number as i64),
            _ => None,
        }
    });
    number.unwrap_or_else(|| panic!("{name} is no number in {lines}"))
}
