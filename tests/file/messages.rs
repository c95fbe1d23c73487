//! A message names a file that can be found, and a cure that works and damages nothing.

use crate::common::{Ended, RFC_KEY, Scratch, binary, capiscio, chmod, run_bounded, wrap};
use crate::tools::{Mounted, OTHER_USER, chown, sh};
use std::path::Path;
use std::process::Command;

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

/// A small root directory in which commands that a message advises can be run: a tmpfs with the programs of the host.
struct Root {
    _mounted: Mounted,
    scratch: Scratch,
}

/// $1: the root, $2: the directory of the program, $3: user and group, $4: the command.
const IN_ROOT: &str = r#"set -e
for d in usr bin sbin lib lib32 lib64 libx32 dev proc; do
    if [ -L "/$d" ]; then ln -sfn "$(readlink "/$d")" "$1/$d"
    elif [ -d "/$d" ]; then mkdir -p "$1/$d"; mount --rbind "/$d" "$1/$d"; fi
done
mkdir -p "$1$2"
mount --bind "$2" "$1$2"
exec chroot "$1" setpriv --reuid="$3" --regid="$3" --clear-groups sh -c "$4""#;

impl Root {
    /// With the directories of every system, /home/user of another user, and the key of RFC 8037 in /key.jwk for `uid`.
    fn new(uid: u32) -> Root {
        let (mounted, scratch) = Mounted::tmpfs("mode=755");
        let root = Root { _mounted: mounted, scratch };
        for (name, mode) in [("etc", 0o755), ("run", 0o755), ("root", 0o700), ("home/user", 0o700), ("tmp", 0o1777)] {
            root.scratch.mkdir(name);
            chmod(&root.scratch.join(name), mode);
        }
        chown(&root.scratch.join("home/user"), OTHER_USER + 1, OTHER_USER + 1);
        root.scratch.rename("private.jwk", "key.jwk");
        chown(&root.scratch.join("key.jwk"), uid, uid);
        root
    }

    /// `sh -c COMMAND` in it, in the directory `/`.
    fn run(&self, uid: u32, command: &str) -> Ended {
        let program = Path::new(&binary()[0]).canonicalize().unwrap();
        let directory = program.parent().unwrap();
        let command = format!("PATH=$PATH:{}; {command}", directory.display());
        let (root, uid) = (self.scratch.path(), uid.to_string());
        let mut unshare = Command::new("unshare");
        unshare.args(["-m", "sh", "-c", IN_ROOT, "sh"]).args([root, directory]).args([&uid, &command]);
        run_bounded(&mut unshare)
    }

    /// Whether a word of the command names an existing directory.
    fn touches_a_directory(&self, command: &str) -> bool {
        let mut paths = command.split(' ').filter(|word| word.starts_with(['/', '.']));
        paths.any(|path| self.scratch.join(path.trim_start_matches(['/', '.'])).is_dir())
    }
}

/// The command that ends a message, if there is one.
fn cure(message: &str) -> Option<&str> {
    let (_, end) = message.trim_end().rsplit_once(": ")?;
    let is_command = ["mkdir ", "install ", "chown ", "chmod ", "capiscio "].iter().any(|name| end.starts_with(name));
    is_command.then_some(end)
}

/// Follows the advice until the command succeeds (`Ok`) or a message advises no command (that message). The advice
/// never concerns a directory that exists, and each command of it works.
fn follow_cures(root: &Root, uid: u32, key: &str, out: &str) -> Result<(), String> {
    let mut out = out.to_owned();
    for _ in 0..4 {
        let command = format!("capiscio badge issue --sub did:web:a --domain a.example --key {key} --out {out}");
        let ended = root.run(uid, &command);
        if ended.code == Some(0) {
            return Ok(());
        }
        let message = ended.stderr;
        for never in ["user: \"0\"", "chown 0 ", "chown -R", "chmod -R"] {
            assert!(!message.contains(never), "{message}");
        }
        let Some(cure) = cure(&message) else { return Err(message) };
        assert!(!root.touches_a_directory(cure), "{cure} changes a directory that exists: {message}");
        let cured = root.run(0, cure);
        assert_eq!(cured.code, Some(0), "{cure}: {}\n{message}", cured.stderr);
        if let Some((_, own)) = cure.split_once(" -m 0750 ") {
            out = format!("{own}/badge.jwt");
        }
    }
    panic!("the advice does not end: {uid} {key} {out}");
}

#[test]
#[ignore = "needs root: two users and a root directory of their own"]
fn the_advice_about_an_output_works_and_changes_no_directory_that_exists() {
    for uid in [0, OTHER_USER] {
        let unreachable = if uid == 0 { "" } else { "may not enter" };
        for (directory, end) in [
            ("/", ""),
            (".", ""),
            ("/etc", ""),
            ("/run", ""),
            ("/root", unreachable),
            ("/root/missing", unreachable),
            ("/home/user", unreachable),
            ("/missing", ""),
            ("/missing/parent", ""),
            ("/run/capiscio", ""),
            ("'/a b'", ""),
        ] {
            let root = Root::new(uid);
            let followed = follow_cures(&root, uid, "/key.jwk", &format!("{directory}/badge.jwt"));
            let message = followed.err().unwrap_or_default();
            assert!(message.contains(end) && message.is_empty() == end.is_empty(), "{uid} {directory}: {message}");
        }
    }
}

#[test]
#[ignore = "needs root: two users and a root directory of their own"]
fn the_advice_about_a_key_works_and_changes_no_directory_that_exists() {
    for uid in [0, OTHER_USER] {
        let unreachable = if uid == 0 { "" } else { "may not enter" };
        for (key, end) in [
            ("/none.jwk", ""),
            ("none.jwk", ""),
            ("/etc/none.jwk", ""),
            ("/run/capiscio/none.jwk", ""),
            ("/missing/parent/none.jwk", ""),
            ("/root/none.jwk", unreachable),
            ("/home/user/none.jwk", unreachable),
            ("/root", "it is a directory"),
            ("/home/user", "it is a directory"),
            ("/", "it is a directory"),
            (".", "it is a directory"),
            ("/key.jwk/none.jwk", "a component of the path is not a directory"),
        ] {
            let root = Root::new(uid);
            let message = follow_cures(&root, uid, key, "/tmp/badge.jwt").err().unwrap_or_default();
            assert!(message.contains(end) && message.is_empty() == end.is_empty(), "{uid} {key}: {message}");
        }
    }
}

/// A key that the keeper may not read: of root, of another user, and its own without permission bits.
#[test]
#[ignore = "needs root: two users and a root directory of their own"]
fn the_advice_about_an_unreadable_key_makes_it_readable() {
    for (owner, mode, words) in [
        (0, 0o600, &["chown 54321 /key.jwk"][..]),
        (OTHER_USER + 1, 0o600, &["run as uid 54322", "user: \"54322\"", "chown 54321 /key.jwk"]),
        (OTHER_USER, 0o000, &["chmod 600 /key.jwk"]),
    ] {
        let root = Root::new(owner);
        chmod(&root.scratch.join("key.jwk"), mode);
        let ended = root.run(OTHER_USER, "capiscio badge issue --key /key.jwk");
        ended.assert_failed(words);
        assert_eq!(follow_cures(&root, OTHER_USER, "/key.jwk", "/tmp/badge.jwt"), Ok(()));
        assert_eq!(root.scratch.read("key.jwk"), RFC_KEY);
    }
}

/// The same for an ordinary user in a directory of their own.
#[test]
fn the_advice_about_a_missing_directory_or_key_works() {
    for (key, out) in [
        ("private.jwk", "missing/badge.jwt"),
        ("private.jwk", "a b/c/badge.jwt"),
        ("missing/key.jwk", "badge.jwt"),
        ("key.jwk", "badge.jwt"),
    ] {
        let scratch = Scratch::with_key();
        let issue = || run_bounded(capiscio(scratch.path()).args(["badge", "issue", "--key", key, "--out", out]));
        for _ in 0..2 {
            let message = issue().stderr;
            if let Some(cure) = cure(&message) {
                let (program, directory) = (binary().join(" "), scratch.path().display());
                sh(&format!("capiscio() {{ {program} \"$@\"; }}; cd '{directory}'; {cure}"));
            }
        }
        let ended = issue();
        assert_eq!(ended.code, Some(0), "{key} {out}: {}", ended.stderr);
    }
}

#[test]
fn a_path_behind_a_broken_symlink_is_named_with_that_symlink() {
    let scratch = Scratch::with_key();
    scratch.symlink("nowhere", "broken");
    let link = scratch.join("broken").display().to_string();
    for (key, out) in [
        ("private.jwk", "broken/badge.jwt"),
        ("private.jwk", "broken/deep/badge.jwt"),
        ("broken", "badge.jwt"),
        ("broken/key.jwk", "badge.jwt"),
    ] {
        let ended = run_bounded(capiscio(scratch.path()).args(["badge", "issue", "--key", key, "--out", out]));
        ended.assert_failed(&[&format!("the symbolic link {link} leads to nothing")]);
        assert_eq!(cure(&ended.stderr), None, "{}", ended.stderr);
    }
}
