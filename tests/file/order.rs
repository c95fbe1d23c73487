//! The order of steps, read from a trace of the system calls.

use crate::common::Scratch;
use crate::tools::{Traced, renew};

/// What one line of the trace does about the badge, if anything.
fn step(line: &str, directory: &str) -> Option<&'static str> {
    let call = line.split_ascii_whitespace().nth(1)?.split('(').next()?;
    let temporary = line.contains("/.badge.jwt.") && line.contains(".tmp");
    match call {
        "open" | "openat" if temporary => Some("open"),
        "write" | "fchown" | "fchmod" | "fsync" | "rename" | "inotify_add_watch" | "unlink" if temporary => {
            ["write", "fchown", "fchmod", "fsync", "rename", "inotify_add_watch", "unlink"]
                .into_iter()
                .find(|name| *name == call)
        }
        "renameat" | "renameat2" if temporary => Some("rename"),
        "fsync" if line.contains(&format!("<{directory}>")) => Some("fsync directory"),
        _ => None,
    }
}

#[test]
#[ignore = "needs strace"]
fn each_write_is_temp_file_content_group_mode_fsync_rename_directory_fsync() {
    let scratch = Scratch::with_key();
    // SAFETY: getegid(2) has no arguments and always succeeds.
    let group = unsafe { libc::getegid() }.to_string();
    let arguments = ["--out-group", &group, "--out-mode", "0640"];
    let calls = ["-e", "trace=file,desc,process"];
    let mut traced = Traced::start(&scratch, &calls, &arguments);
    renew(&mut traced.keeper);
    renew(&mut traced.keeper);
    std::fs::write(scratch.join("badge.jwt"), "forged").unwrap();
    traced.keeper.until("it is restored", |keeper| keeper.log().contains("restored"));
    traced.keeper.stop();
    let lines = traced.complete();
    let directory = scratch.path().canonicalize().unwrap();
    let directory = directory.to_str().unwrap();
    let steps: Vec<&str> = lines.iter().filter_map(|line| step(line, directory)).collect();
    // The watch comes before the rename, so that no moment of the new file's life goes unseen.
    let one = ["open", "write", "fchown", "fchmod", "fsync", "inotify_add_watch", "rename", "fsync directory"];
    assert_eq!(steps, one.repeat(4), "a start, two renewals, a restore\n{}", lines.join("\n"));
    for line in lines.iter().filter(|line| step(line, directory) == Some("open")) {
        for flag in ["O_CREAT", "O_EXCL", "O_NOFOLLOW", "O_CLOEXEC", "0600", &format!("{directory}/.badge.jwt.")] {
            assert!(line.contains(flag), "{flag}: {line}");
        }
    }
    for (call, argument) in [("fchmod(", "0640"), ("fchown(", &group)] {
        assert!(lines.iter().filter(|line| line.contains(call)).all(|line| line.contains(argument)), "{call}");
    }
    let opened = lines.iter().filter(|line| line.contains(directory) && line.contains(" open"));
    assert!(opened.clone().all(|line| line.contains("O_CLOEXEC")), "{:?}", opened.collect::<Vec<_>>());
}
