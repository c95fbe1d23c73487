use super::{accept_with, health, issue, keep, keep_with, key_gen, parse_with, rfc_key, verify};
use capiscio::badge::claims::Issuance;
use capiscio::cli::{Request, Token};
use capiscio::keystore::KeySource;
use std::path::Path;

/// The key file, where the key is in one.
fn path(key: &KeySource) -> Option<&Path> {
    match key {
        KeySource::File(path) => Some(path),
        KeySource::Environment(_) => None,
    }
}

#[test]
fn keep_has_the_defaults_of_the_guide() {
    let (settings, options) = keep(&[]);
    let (issuer, subject) = match &settings.identity.issuance {
        Issuance::Registry { issuer, subject, level: 1 } => (&**issuer, &**subject),
        other => panic!("{other:?} by default"),
    };
    assert_eq!((issuer, subject), ("https://registry.capisc.io", "did:capiscio:agent:test"));
    assert_eq!(settings.identity.domain.as_deref(), Some("example.com"));
    assert!(settings.identity.audience.is_empty());
    let policy = settings.policy;
    assert_eq!((policy.lifetime, policy.renew_before), (3600, 600_000));
    assert_eq!((policy.poll_interval, policy.poll_always), (60_000, false));
    let output = options.output;
    assert_eq!((&*output.path, output.mode, output.group), (Path::new("badge.jwt"), 0o600, None));
    assert!(!settings.generate_key && !options.json_log && options.ready_fd.is_none());
    assert_eq!(path(&settings.key), Some(Path::new("private.jwk")));
}

#[test]
fn keep_takes_every_flag() {
    let (settings, options) = keep(&[
        "--sub=did:web:a",
        "--iss=did:web:b",
        "--domain",
        "",
        "--aud=a, b,",
        "--aud",
        "c",
        "--level=1",
        "--exp=90m500ms",
        "--renew-before=1s1ns",
        "--check-interval=1ns",
        "--out=b",
        "--out-mode=0o640",
        "--out-group=7",
        "--generate-key",
        "--log-format=json",
        "--ready-fd=3",
        "--self-sign=0",
    ]);
    assert_eq!(settings.identity.audience, ["a", "b", "c"]);
    assert_eq!(settings.identity.domain, None);
    let policy = settings.policy;
    assert_eq!((policy.lifetime, policy.renew_before), (5400, 1001), "down to seconds, up to milliseconds");
    assert_eq!((policy.poll_interval, policy.poll_always), (100, true), "polls ten times a second at most");
    let output = options.output;
    assert_eq!((&*output.path, output.mode, output.group), (Path::new("b"), 0o640, Some(7)));
    assert!(settings.generate_key && options.json_log && options.ready_fd == Some(3));
    assert!(settings.required_did.is_empty());
}

#[test]
fn keep_takes_a_hook_a_pid_file_a_metrics_file_and_a_command() {
    let options = keep(&[]).1;
    assert!(options.hook.is_none() && options.pid_file.is_none() && options.metrics_file.is_none());
    assert!(options.command.is_empty() && options.command_signal.is_none());
    let options = keep(&["--hook=h", "--metrics-file=m", "--signal-pid-file=p"]).1;
    assert_eq!((options.hook.as_deref(), options.metrics_file.as_deref()), (Some("h".as_ref()), Some("m".as_ref())));
    assert_eq!(options.pid_file, Some(("p".into(), libc::SIGHUP)));
    for (name, number) in [("USR1", libc::SIGUSR1), ("SIGUSR2", libc::SIGUSR2), ("WINCH", libc::SIGWINCH)] {
        assert_eq!(keep(&["--signal-pid-file=p", "--signal", name]).1.pid_file, Some(("p".into(), number)));
    }
    // What follows belongs to the command, also where it looks like a flag or like the end of flags.
    let options = keep(&["--signal=TERM", "--", "agent", "--exp", "--", "-h"]).1;
    assert_eq!(options.command, ["agent", "--exp", "--", "-h"]);
    assert_eq!(options.command_signal, Some(libc::SIGTERM));
}

#[test]
fn renews_after_two_thirds_of_a_short_lifetime() {
    for (exp, renew_before) in [("5m", 100_000), ("1h", 600_000), ("1s", 0), ("2s", 666)] {
        assert_eq!(keep(&["--exp", exp]).0.policy.renew_before, renew_before, "{exp}");
    }
}

#[test]
fn values_exactly_at_their_bounds_are_accepted() {
    for mode in [0o400, 0o777, 0o600] {
        assert_eq!(keep(&["--out-mode", &format!("{mode:o}")]).1.output.mode, mode);
    }
    assert_eq!(keep(&["--out-group", "4294967294"]).1.output.group, Some(4_294_967_294));
    assert_eq!(keep(&["--out-group", "0"]).1.output.group, Some(0));
    assert_eq!(keep(&["--ready-fd", "2147483647"]).1.ready_fd, Some(i32::MAX));
    assert_eq!(keep(&["--exp", "2s", "--renew-before", "1s"]).0.policy.renew_before, 1000);
    assert_eq!(keep(&["--exp", "1h", "--renew-before", "59m59s"]).0.policy.renew_before, 3_599_000);
    assert_eq!(keep(&["--exp", "2562047h"]).0.policy.lifetime, 2_562_047 * 3600);
    assert!(keep(&["--domain", "", "--level", "1"]).0.identity.domain.is_none());
}

#[test]
fn sub_iss_and_aud_may_have_16_kib_together() {
    // Three further bytes for each name of the audience: quotes and a comma.
    let (subject, issuer) = ("did:web:a", "https://a.example");
    let most = 16 * 1024 - subject.len() - issuer.len() - 2 * 3;
    for (length, is_accepted) in [(most, true), (most + 1, false)] {
        let audience = format!("b,{}", "a".repeat(length - 1));
        let arguments = ["badge", "keep", "--key=k", "--sub", subject, "--iss", issuer, "--aud", &audience];
        assert_eq!(parse_with(&arguments, &[]).is_ok(), is_accepted, "{length}");
    }
}

#[test]
fn a_path_may_contain_braces_quotes_and_equals_signs() {
    for name in ["{d}", "a=b", "\"d\"", "{\"e\"}", "-", "--key"] {
        assert_eq!(path(&keep(&["--key", name]).0.key), Some(Path::new(name)));
    }
    assert_eq!(keep(&["--out", "./-"]).1.output.path, Path::new("./-"));
}

#[test]
fn a_self_signed_badge_requires_the_given_names_to_be_its_did() {
    let (settings, _) =
        keep_with(&["--self-sign", "--iss", "did:key:z"], &[("CAPISCIO_KEY", "k"), ("CAPISCIO_SUB", "did:web:a")]);
    assert!(matches!(settings.identity.issuance, Issuance::SelfSigned));
    let required = [("CAPISCIO_SUB", "did:web:a"), ("--iss", "did:key:z")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(settings.required_did, required);
    assert!(keep(&["--self-sign", "--level", "0"]).0.required_did.is_empty());
}

#[test]
fn a_flag_takes_precedence_over_its_variable() {
    let variables = [("CAPISCIO_KEY", "k"), ("CAPISCIO_EXP", "2h"), ("CAPISCIO_OUT", ""), ("CAPISCIO_AUD", "a,b")];
    let (settings, options) = keep_with(&["--aud", "c"], &variables);
    assert_eq!((settings.policy.lifetime, &*settings.identity.audience), (7200, &["c".to_owned()][..]));
    assert_eq!(options.output.path, Path::new("badge.jwt"), "an empty variable counts as unset");
    assert_eq!(keep_with(&["--exp", "1h"], &variables).0.policy.lifetime, 3600);
}

#[test]
fn the_key_comes_from_the_flag_then_the_path_variable_then_the_jwk_variable() {
    let key = &*rfc_key();
    let all = [("CAPISCIO_KEY", "b"), ("CAPISCIO_AGENT_PRIVATE_KEY_JWK", key)];
    assert_eq!(path(&keep_with(&["--key", "a"], &all).0.key), Some(Path::new("a")));
    assert_eq!(path(&keep_with(&[], &all).0.key), Some(Path::new("b")));
    assert!(matches!(keep_with(&[], &all[1..]).0.key, KeySource::Environment(jwk) if jwk == key));
}

#[test]
fn the_last_of_two_values_counts_with_a_warning_that_names_both() {
    let line = ["badge", "keep", "--key=k", "--sub=did:web:a", "--domain=a", "--exp", "1h", "--exp=2h", "--exp", "3h"];
    let (request, warnings) = accept_with(&line, &[]);
    assert!(matches!(request, Request::Keep(settings, _) if settings.policy.lifetime == 3 * 3600));
    assert_eq!(
        warnings,
        [
            "--exp is given twice: \"1h\" is dropped, \"2h\" counts",
            "--exp is given twice: \"2h\" is dropped, \"3h\" counts",
        ]
    );
}

#[test]
fn test_values_are_warned_about() {
    let warnings = accept_with(&["badge", "keep", "--key", "k"], &[]).1;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("--sub is did:capiscio:agent:test, a test value"), "{warnings:?}");
    assert!(warnings[1].starts_with("--domain is example.com, a test value"), "{warnings:?}");
}

#[test]
fn issue_writes_to_stdout_unless_a_file_is_named() {
    let path = |output: Option<capiscio::file::OutputOptions>| output.map(|output| output.path);
    assert_eq!(path(issue(&[], &[])), None);
    assert_eq!(path(issue(&[], &[("CAPISCIO_OUT", "a")])).as_deref(), Some(Path::new("a")));
    assert_eq!(path(issue(&["--out", "-"], &[("CAPISCIO_OUT", "a")])), None);
}

#[test]
fn health_finds_its_file_in_the_order_of_the_help() {
    let variables = [("CAPISCIO_OUT", "c"), ("BADGE_FILE", "d")];
    assert_eq!(health(&["--out", "b", "a"], &variables).path, Path::new("a"));
    assert_eq!(health(&["--out", "b"], &variables).path, Path::new("b"));
    assert_eq!(health(&[], &variables).path, Path::new("c"));
    assert_eq!(health(&[], &[("CAPISCIO_OUT", ""), variables[1]]).path, Path::new("d"));
    assert_eq!(health(&[], &[]).path, Path::new("badge.jwt"));
    assert_eq!(health(&["help"], &[]).path, Path::new("help"));
    // Other commands' variables do not count.
    assert_eq!(health(&[], &[("CAPISCIO_MIN_REMAINING", "soon")]).min_remaining, 300);
}

#[test]
fn health_takes_every_flag() {
    let args = health(&["--min-remaining=1500ms", "--key", "k", "--json", "--quiet"], &[]);
    assert_eq!((args.min_remaining, args.key.as_deref()), (2, Some(Path::new("k"))));
    assert!(args.json && args.quiet);
    assert_eq!(health(&["--min-remaining", "0"], &[]).min_remaining, 0);
}

#[test]
fn verify_takes_a_token_a_file_or_stdin() {
    assert!(matches!(verify(&["a.b.c"]).token, Token::Argument(token) if token == "a.b.c"));
    assert!(matches!(verify(&["--file", "f"]).token, Token::File(file) if file == Path::new("f")));
    assert!(matches!(verify(&["-"]).token, Token::Stdin));
    assert!(matches!(verify(&["--file=-"]).token, Token::Stdin));
    assert!(matches!(verify(&["--", "--file"]).token, Token::Argument(token) if token == "--file"));
}

#[test]
fn verify_takes_every_flag() {
    let args =
        verify(&["-", "--key=k", "--accept-self-signed", "--trusted-issuers=a,b", "--audience=c", "--skew=1999ms"]);
    assert_eq!((args.key.as_deref(), args.audience.as_deref()), (Some(Path::new("k")), Some("c")));
    assert_eq!((args.trusted_issuers, args.skew, args.json), (vec!["a".to_owned(), "b".to_owned()], 1, false));
    assert!(args.accept_self_signed);
    assert_eq!((verify(&["-"]).skew, verify(&["-"]).trusted_issuers.len()), (60, 0));
    let (_, warnings) = accept_with(&["badge", "verify", "-", "--offline", "--skip-revocation=false"], &[]);
    assert_eq!(warnings, ["--offline has no effect: verification here is always offline"]);
}

#[test]
fn the_key_commands_take_every_flag() {
    let args = key_gen(&["--out-did", "d", "--show-did", "--force"]);
    assert_eq!((&*args.private, &*args.public), (Path::new("private.jwk"), Path::new("public.jwk")));
    assert!(args.did.as_deref() == Some(Path::new("d")) && args.show_did && args.force);
    let (request, _) = accept_with(&["key", "public", "--key", "k", "--did"], &[]);
    assert!(matches!(request, Request::KeyPublic(args) if args.key == Path::new("k") && args.did));
}
