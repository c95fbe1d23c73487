//! A message names a file that can be found, and a cure that works and damages nothing.

use crate::common::{Ended, Scratch, capiscio, run_bounded, wrap};
use std::path::Path;

fn message(ended: &Ended) -> String {
    format!("{}{}", ended.stderr, ended.stdout)
}

fn issued(scratch: &Scratch) -> String {
    run_bounded(capiscio(scratch.path()).args(["badge", "issue", "--key", "private.jwk"])).stdout
}

/// cron and init systems start programs in another directory than the one that the user has in mind.
#[test]
fn a_relative_path_is_named_as_an_absolute_one() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", issued(&scratch));
    let rows: [(&[&str], &str); 8] = [
        (&["badge", "keep", "--key", "no.jwk"], "no.jwk"),
        (&["badge", "issue", "--key", "no.jwk"], "no.jwk"),
        (&["badge", "issue", "--key", "private.jwk", "--out", "no/badge.jwt"], "no/badge.jwt"),
        (&["badge", "health", "badge.jwt", "--key", "no.jwk"], "no.jwk"),
        (&["badge", "verify", "--file", "no.jwt", "--accept-self-signed"], "no.jwt"),
        (&["badge", "verify", "--key", "no.jwk", "--file", "no.jwt"], "no.jwk"),
        (&["key", "gen", "--out-priv", "no/private.jwk"], "no/private.jwk"),
        (&["key", "public", "--key", "no.jwk"], "no.jwk"),
    ];
    for (arguments, name) in rows {
        let ended = run_bounded(capiscio(scratch.path()).args(arguments));
        let path = scratch.join(name).display().to_string();
        assert!(message(&ended).contains(&path), "{arguments:?}: {}", message(&ended));
    }
}

#[test]
fn a_deleted_working_directory_is_named_as_the_cause() {
    let scratch = Scratch::with_key();
    let (key, out) = (scratch.join("private.jwk"), scratch.join("badge.jwt"));
    let (key, out) = (key.to_str().unwrap(), out.to_str().unwrap());
    for arguments in [
        &["badge", "keep", "--key", "private.jwk", "--out", out][..],
        &["badge", "keep", "--key", key, "--out", "badge.jwt"],
        &["badge", "keep", "--key", key, "--out", "missing/badge.jwt"],
        &["badge", "keep", "--generate-key", "--key", "new.jwk", "--out", out],
        &["badge", "issue", "--key", "private.jwk"],
        &["badge", "issue", "--key", key, "--out", "badge.jwt"],
        &["badge", "health", "badge.jwt"],
        &["badge", "verify", "--file", "badge.jwt", "--accept-self-signed"],
        &["badge", "verify", "--file", key, "--key", "public.jwk"],
        &["key", "gen"],
        &["key", "public", "--key", "private.jwk"],
    ] {
        scratch.mkdir("gone");
        let leave = r#"rmdir ../gone && exec "$@""#;
        let ended = run_bounded(&mut wrap(&["sh", "-c", leave, "sh"], capiscio(&scratch.join("gone")).args(arguments)));
        let message = message(&ended);
        assert!(matches!(ended.code, Some(1 | 2)), "{arguments:?}: {message}");
        let cure = "the working directory no longer exists: use an absolute path";
        assert!(message.contains(cure), "{arguments:?}: {message}");
        for other in ["mkdir", "--out-priv", "change to"] {
            assert!(!message.contains(other), "{arguments:?}: {message}");
        }
        assert!(!Path::new(out).exists());
    }
}
