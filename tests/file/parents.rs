//! A directory on the way to the badge or the key that other users control is warned about at the start.

use crate::common::{Keeper, Scratch, capiscio, chmod};
use crate::tools::{OTHER_USER, chown};

/// The warnings of a keeper about directories. It is renewed once, which repeats no warning.
fn warnings(scratch: &Scratch, key: &str, out: &str) -> Vec<String> {
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", key, "--out", out]);
    let mut keeper = Keeper::start_command(scratch, &mut command, out);
    keeper.renew();
    let mut warnings = keeper.messages("warning");
    warnings.retain(|warning| warning.contains("others can replace"));
    keeper.stop();
    warnings
}

#[test]
fn warns_once_about_a_directory_that_other_users_can_write_to() {
    let scratch = Scratch::with_key();
    scratch.mkdir("above/below");
    scratch.symlink("above/below", "link");
    let path = |name: &str| scratch.join(name).canonicalize().unwrap().display().to_string();
    for (mode, is_finding) in [(0o755, false), (0o777, true), (0o775, true), (0o1777, false), (0o2755, false)] {
        chmod(&scratch.join("above"), mode);
        for out in ["above/badge.jwt", "above/below/badge.jwt", "link/badge.jwt"] {
            let warnings = warnings(&scratch, "private.jwk", out);
            assert_eq!(warnings.len(), usize::from(is_finding), "{mode:o} {out}: {warnings:?}");
            let words = format!("{} (owner {}, mode {mode:04o})", path("above"), own_user());
            assert!(warnings.iter().all(|warning| warning.contains(&words)), "{warnings:?}");
        }
    }
    // The nearest of several, and the key's.
    chmod(&scratch.join("above"), 0o777);
    chmod(&scratch.join("above/below"), 0o777);
    scratch.rename("private.jwk", "above/below/private.jwk");
    for out in ["above/below/badge.jwt", "badge.jwt"] {
        let warned = warnings(&scratch, "above/below/private.jwk", out);
        assert!(matches!(&warned[..], [one] if one.contains(&format!("{} (", path("above/below")))), "{warned:?}");
    }
}

fn own_user() -> u32 {
    // SAFETY: geteuid(2) has no arguments and always succeeds.
    unsafe { libc::geteuid() }
}

#[test]
#[ignore = "needs root: gives a directory to another user"]
fn warns_about_a_directory_of_another_user() {
    let scratch = Scratch::with_key();
    scratch.mkdir("above/below");
    for (mode, words) in [(0o755, "owner 54321, mode 0755"), (0o1777, "owner 54321, mode 1777")] {
        chmod(&scratch.join("above"), mode);
        chown(&scratch.join("above"), OTHER_USER, OTHER_USER);
        let warned = warnings(&scratch, "private.jwk", "above/below/badge.jwt");
        assert!(matches!(&warned[..], [one] if one.contains(words)), "{warned:?}");
    }
}
