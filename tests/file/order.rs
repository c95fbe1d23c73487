//! The order of system calls in one replacement, from a trace.

use crate::common::Scratch;
use crate::tools::{Traced, own_group};

/// The step that a line of the trace is, if any.
fn step<'a>(line: &'a str, directory: &str) -> Option<&'a str> {
    let call = line.split_ascii_whitespace().nth(1)?.split('(').next()?;
    let is_temporary = line.contains(".badge.jwt.") && line.contains(".tmp");
    match call {
        "open" | "openat" if is_temporary => Some("open"),
        "rename" | "renameat" | "renameat2" if is_temporary => Some("rename"),
        "write" | "fchown" | "fchmod" | "fsync" | "inotify_add_watch" | "unlink" if is_temporary => Some(call),
        "fsync" if line.contains(&format!("<{directory}>")) => Some("fsync directory"),
        _ => None,
    }
}

#[test]
#[ignore = "needs strace"]
fn each_write_syncs_the_file_before_and_the_directory_after_rename() {
    let scratch = Scratch::with_key();
    let group = own_group();
    let arguments = ["--out-group", &group, "--out-mode", "0640"];
    let mut traced = Traced::start(&scratch, &["-e", "trace=file,desc,process"], &arguments);
    traced.keeper.renew();
    traced.keeper.renew();
    scratch.write("badge.jwt", "forged");
    traced.keeper.wait_for("restored");
    traced.keeper.stop();
    let lines = traced.complete();
    let directory = scratch.path().canonicalize().unwrap();
    let directory = directory.to_str().unwrap();
    let steps: Vec<&str> = lines.iter().filter_map(|line| step(line, directory)).collect();
    // The watch comes before the rename, so that no change of the new file goes unseen.
    let one = ["open", "write", "fchown", "fchmod", "fsync", "inotify_add_watch", "rename", "fsync directory"];
    assert_eq!(steps, one.repeat(4), "a start, two renewals, a restore\n{}", lines.join("\n"));
    for line in lines.iter().filter(|line| step(line, directory) == Some("open")) {
        for flag in ["O_CREAT", "O_EXCL", "O_NOFOLLOW", "O_CLOEXEC", "0600", &format!("{directory}/.badge.jwt.")] {
            assert!(line.contains(flag), "{flag}: {line}");
        }
    }
    for (call, argument) in [("fchmod(", "0640"), ("fchown(", &group)] {
        let mut calls = lines.iter().filter(|line| line.contains(call) && line.contains(".tmp"));
        assert!(calls.all(|line| line.contains(argument)), "{call}");
    }
    let opened = lines.iter().filter(|line| line.contains(directory) && line.contains(" open"));
    assert!(opened.clone().all(|line| line.contains("O_CLOEXEC")), "{:?}", opened.collect::<Vec<_>>());
}
