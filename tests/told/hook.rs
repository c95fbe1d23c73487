//! `--hook`: an executable that the keeper runs after events, and never waits for.

use crate::common::{Keeper, RFC_KEY, Scratch, capiscio, chmod, keep, now, run_bounded, until};
use crate::programs::{
    PID, RECORD, WAIT, children, descriptors, environment, from_a_peculiar_parent, has_ended, hooked, install,
    install_with_mode, lines, members, proc_line, process_group, release, script, session, signals, wait_for_lines,
    wait_for_pid,
};
use crate::tools::{OTHER_USER, as_other_user, chown, wait_until_idle};
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// What [`RECORD`] notes of the current badge.
fn recorded(keeper: &Keeper, scratch: &Scratch, event: &str) -> String {
    let badge = keeper.assert_good();
    format!("{event} {} {} {} {}|", badge.exp, badge.jti, badge.sub, scratch.join("badge.jwt").display())
}

#[test]
fn a_hook_runs_after_started_renewed_restored_and_failed() {
    let scratch = Scratch::with_key();
    let mut keeper = hooked(&scratch, RECORD, &["--sub", "did:web:agent.example"]);
    let started = recorded(&keeper, &scratch, "started");
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "runs", 1), [started]);
    keeper.renew();
    let renewed = recorded(&keeper, &scratch, "renewed");
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "runs", 2)[1], renewed);
    scratch.remove("badge.jwt");
    keeper.wait_for("restored");
    let restored = recorded(&keeper, &scratch, "restored");
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "runs", 3)[2], restored);
    scratch.rename("private.jwk", "away.jwk");
    keeper.signal(libc::SIGHUP);
    let failed = recorded(&keeper, &scratch, "failed");
    let run = &wait_for_lines(&mut keeper, &scratch, "runs", 4)[3];
    let message = run.strip_prefix(&*failed).unwrap_or_else(|| panic!("{run}\n{failed}"));
    assert!(message.contains("private.jwk"), "{message}");
    assert!(keeper.messages("failed")[0].starts_with(message), "{message}\n{}", keeper.log());
    scratch.rename("away.jwk", "private.jwk");
    keeper.renew();
    let renewed = recorded(&keeper, &scratch, "renewed");
    keeper.until("a run without a message", |_| lines(&scratch, "runs").last() == Some(&renewed));
    assert_eq!(keeper.count("warning"), 1, "one test value\n{}", keeper.log());
}

#[test]
fn a_hook_gets_no_argument_and_its_output_goes_to_the_log() {
    let scratch = Scratch::with_key();
    let mut keeper = hooked(&scratch, "echo \"$# arguments\"; echo of a hook >&2", &[]);
    keeper.until("the output", |keeper| keeper.log().contains("of a hook\n"));
    assert!(keeper.log().contains("0 arguments\nof a hook\n"), "{}", keeper.log());
}

/// A name without a slash is a file as well: PATH is not searched.
#[test]
fn the_path_of_a_hook_is_relative_to_the_working_directory() {
    for variable in [None, Some("hook"), Some("./hook")] {
        let scratch = Scratch::with_key();
        install(&scratch, "hook", &format!("#!/bin/sh\n{RECORD}\n"));
        let mut command = keep(&scratch, "badge.jwt");
        match variable {
            None => command.args(["--hook", "hook"]),
            Some(value) => command.env("CAPISCIO_HOOK", value),
        };
        let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        wait_for_lines(&mut keeper, &scratch, "runs", 1);
    }
}

#[test]
fn no_hook_runs_when_the_first_badge_fails() {
    let scratch = Scratch::empty();
    let hook = script(&scratch, "hook", RECORD);
    scratch.write_private("private.jwk", "{}");
    let ended = run_bounded(keep(&scratch, "badge.jwt").args(["--hook", &*hook]));
    ended.assert_failed(&["private.jwk"]);
    assert_eq!(scratch.names(), ["hook", "private.jwk"]);
}

#[test]
fn a_hook_sees_neither_key_nor_supervisor_and_each_variable_once() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let hook = script(&scratch, "hook", &format!("{PID}\n{WAIT}"));
    let socket = UnixDatagram::bind(scratch.join("notify")).unwrap();
    let hidden = [
        ("NOTIFY_SOCKET", scratch.join("notify").to_str().unwrap().to_owned()),
        ("WATCHDOG_USEC", "60000000".to_owned()),
        ("WATCHDOG_PID", "1".to_owned()),
        ("CREDENTIALS_DIRECTORY", "/nowhere".to_owned()),
    ];
    for (name, value) in [("CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY), ("CAPISCIO_KEY", "private.jwk")] {
        let mut command = capiscio(scratch.path());
        // BADGE_FILE is a variable of the keeper itself; the other two are left from a hook that started the keeper.
        command.args(["badge", "keep", "--hook", &*hook]).env(name, value).envs(hidden.clone());
        command.env("BADGE_FILE", "badge.jwt").env("CAPISCIO_EVENT", "failed").env("CAPISCIO_MESSAGE", "old");
        command.env("MARK", "kept").env("EMPTY", "").env("NOTIFY_SOCKETS", "kept");
        let keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        let pid = wait_for_pid(&scratch);
        let (found, badge) = (environment(pid), keeper.assert_good());
        let path = std::env::var("PATH").unwrap();
        let expected = [
            ("BADGE_FILE", scratch.join("badge.jwt").display().to_string()),
            ("CAPISCIO_BADGE_EXP", badge.exp.to_string()),
            ("CAPISCIO_BADGE_JTI", badge.jti),
            ("CAPISCIO_BADGE_SUB", badge.sub),
            ("CAPISCIO_EVENT", "started".into()),
            ("CAPISCIO_LOG_FORMAT", "json".into()),
            ("EMPTY", String::new()),
            ("MARK", "kept".into()),
            ("NOTIFY_SOCKETS", "kept".into()),
            ("PATH", path),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(found, expected, "with {name}");
        scratch.remove("pid");
    }
    drop(socket);
}

#[test]
fn a_hook_has_three_descriptors_default_signals_and_its_own_group() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let hook = script(&scratch, "hook", &format!("{PID}\n{WAIT}"));
    let mut command = keep(&scratch, "badge.jwt");
    // Beside a child, which gets the inherited descriptors.
    command.args(["--hook", &*hook, "--", "sleep", "1000"]);
    let mut command = from_a_peculiar_parent("USR1 CHLD PIPE", &command);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    // Also when a renewal has opened and closed files, and a hook has run before.
    for run in ["the first", "the second"] {
        let pid = wait_for_pid(&scratch);
        // While it writes the pid, sh(1) keeps a copy of its stdout.
        until("only three descriptors", || descriptors(pid, &hook).len() == 3);
        let open = descriptors(pid, &hook);
        assert_eq!(open.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2], "{run}: {open:?}");
        assert_eq!(open[0].1, "/dev/null", "{run}");
        assert!(open[1].1 == open[2].1 && open[2].1.ends_with(".log"), "{run}: {open:?}");
        for name in ["SigBlk:", "SigIgn:", "SigPnd:", "ShdPnd:"] {
            assert_eq!(signals(pid, name), [0; 0], "{run}: {name}");
        }
        assert_eq!(process_group(pid), pid, "{run}");
        assert_eq!(session(pid), session(keeper.pid()), "{run}");
        // Nothing that would keep a hook from switching users, and no filter.
        for name in ["Seccomp:", "NoNewPrivs:"] {
            let own = proc_line(std::process::id() as i32, "status", name);
            assert_eq!(proc_line(pid, "status", name), own, "{run}: {name}");
        }
        let own = proc_line(std::process::id() as i32, "limits", "Max core file size");
        let hard = own.split(' ').nth(1).unwrap();
        assert_eq!(proc_line(pid, "limits", "Max core file size"), format!("{hard} {hard} bytes"), "{run}");
        assert_eq!(proc_line(keeper.pid(), "limits", "Max core file size"), format!("0 {hard} bytes"));
        scratch.remove("pid");
        keeper.renew();
        release(&scratch);
    }
    wait_for_pid(&scratch);
}

#[test]
fn what_happens_during_a_hook_is_told_once_more_by_the_latest_event() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let mut keeper = hooked(&scratch, &format!("{RECORD}\n{WAIT}"), &[]);
    wait_for_lines(&mut keeper, &scratch, "runs", 1);
    for _ in 0..5 {
        keeper.renew();
    }
    scratch.remove("badge.jwt");
    keeper.wait_for("restored");
    let restored = recorded(&keeper, &scratch, "restored");
    assert_eq!(lines(&scratch, "runs").len(), 1, "one runs at a time");
    assert_eq!(children(keeper.pid()).len(), 1);
    release(&scratch);
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "runs", 2)[1..], [restored]);
    // The same for a failure. It happened before the second hook ends, and nothing else is told in between.
    keeper.renew();
    let failed = recorded(&keeper, &scratch, "failed");
    scratch.remove("private.jwk");
    keeper.signal(libc::SIGHUP);
    keeper.wait_for("failed");
    release(&scratch);
    let told = &wait_for_lines(&mut keeper, &scratch, "runs", 3)[2];
    assert!(told.starts_with(&failed) && told.contains("private.jwk"), "{told}");
    scratch.write_private("private.jwk", RFC_KEY);
    keeper.renew();
    release(&scratch);
    assert!(wait_for_lines(&mut keeper, &scratch, "runs", 4)[3].starts_with("renewed "));
    assert_eq!(keeper.count_with("warning", "hook"), 0, "{}", keeper.log());
}

#[test]
fn a_hook_that_fails_is_warned_about_once_until_it_succeeds() {
    let scratch = Scratch::with_key();
    scratch.write("end", "exit 1");
    let mut keeper = hooked(&scratch, "echo run >>runs; . ./end", &[]);
    let mut runs = 1;
    // After each: how the hook ends, how often the log says so, and how many warnings there are.
    for (end, sentence, count, warnings) in [
        ("exit 1", "ended with exit status 1", 1, 1),
        ("kill -9 $$", "ended by signal 9", 1, 2),
        ("exit 1", "ended with exit status 1", 2, 3),
        ("exit 0", "ended with exit status 0", 0, 3),
        ("exit 1", "ended with exit status 1", 3, 4),
        ("exit 255", "ended with exit status 255", 1, 5),
    ] {
        wait_for_lines(&mut keeper, &scratch, "runs", runs);
        until("the hook has ended", || children(keeper.pid()).is_empty());
        scratch.write("end", end);
        for _ in 0..3 {
            keeper.renew();
            runs += 1;
            wait_for_lines(&mut keeper, &scratch, "runs", runs);
            until("the hook has ended", || children(keeper.pid()).is_empty());
        }
        keeper.until(end, |keeper| keeper.count_with("warning", "the hook") >= warnings);
        assert_eq!(keeper.count_with("warning", sentence), count, "{end}\n{}", keeper.log());
        assert_eq!(keeper.count_with("warning", "the hook"), warnings, "{end}\n{}", keeper.log());
    }
    assert_eq!(keeper.count_with("warning", &format!("the hook {} ended", scratch.join("hook").display())), 5);
    assert_eq!(keeper.count("failed"), 0);
}

/// The keeper goes on, says so once, runs it as soon as it is right, and then says it again.
fn assert_not_run(scratch: &Scratch, mut keeper: Keeper, make: impl Fn(&Path), reason: &str) {
    let hook = scratch.join("hook");
    let sentence = format!("cannot run the hook {}: ", hook.display());
    let warnings = |keeper: &Keeper| keeper.count_with("warning", &sentence);
    let case = |keeper: &Keeper| format!("{reason}\n{}", keeper.log());
    for _ in 0..3 {
        keeper.renew();
    }
    // A failed execve(2) is known when the process has ended.
    keeper.until("a warning", |keeper| warnings(keeper) > 0);
    wait_until_idle(&keeper);
    assert_eq!(warnings(&keeper), 1, "{}", case(&keeper));
    let said = keeper.messages("warning").into_iter().find(|message| message.contains(&sentence)).unwrap();
    assert!(said.contains(reason), "{}", case(&keeper));
    assert!(lines(scratch, "runs").is_empty());
    remove(&hook);
    script(scratch, "hook", RECORD);
    keeper.renew();
    wait_for_lines(&mut keeper, scratch, "runs", 1);
    until("the hook has ended", || children(keeper.pid()).is_empty());
    remove(&hook);
    make(&hook);
    for _ in 0..3 {
        keeper.renew();
    }
    keeper.until("a second warning", |keeper| warnings(keeper) > 1);
    keeper.stop();
    assert_eq!(warnings(&keeper), 2, "{}", case(&keeper));
    assert_eq!(lines(scratch, "runs").len(), 1, "{}", case(&keeper));
    assert_eq!(keeper.count("failed"), 0, "{}", case(&keeper));
}

fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
}

/// A script that would note its run in the directory.
fn write_hook(path: &Path, mode: u32) {
    install_with_mode(path, mode, &format!("#!/bin/sh\ncd \"${{0%/*}}\"\n{RECORD}\n"));
}

/// Why a hook is not run, and how to make one like that.
type Unusable = (&'static str, fn(&Path));

const UNUSABLE: [Unusable; 9] = [
    ("No such file or directory", |_| ()),
    ("No such file or directory", |path| std::os::unix::fs::symlink("missing", path).unwrap()),
    ("Permission denied", |path| write_hook(path, 0o644)),
    ("Exec format error", |path| install_with_mode(path, 0o755, "echo no shell is started >>runs\n")),
    ("No such file or directory", |path| install_with_mode(path, 0o755, "#!/missing/interpreter\n")),
    ("others can change it", |path| write_hook(path, 0o775)),
    ("others can change it", |path| write_hook(path, 0o757)),
    ("not a regular file", |path| fs::create_dir(path).unwrap()),
    ("not a regular file", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
];

/// Another user could exchange it between the check and the start.
#[test]
fn a_hook_in_a_directory_that_others_can_write_to_is_not_run() {
    let scratch = Scratch::with_key();
    scratch.mkdir("shared");
    write_hook(&scratch.join("shared/hook"), 0o755);
    chmod(&scratch.join("shared"), 0o777);
    let mut keeper = Keeper::start(&scratch, &["--hook", "shared/hook"]);
    let expected = format!("others can replace files in {}", scratch.join("shared").display());
    keeper.until("a warning", |keeper| keeper.messages("warning").iter().any(|line| line.contains(&expected)));
    assert!(!scratch.join("shared/runs").exists());
    chmod(&scratch.join("shared"), 0o755);
    keeper.renew();
    keeper.until("a run", |_| scratch.join("shared/runs").exists());
}

#[test]
fn a_hook_that_cannot_run_holds_nothing_and_is_warned_about_once() {
    let check = |reason: &str, make: fn(&Path)| {
        let scratch = Scratch::with_key();
        let hook = scratch.join("hook");
        make(&hook);
        let keeper = Keeper::start(&scratch, &["--hook", hook.to_str().unwrap()]);
        assert_not_run(&scratch, keeper, make, reason);
    };
    scope(|scope| {
        for (reason, make) in UNUSABLE {
            scope.spawn(move || check(reason, make));
        }
    });
}

#[test]
fn a_hook_that_vanishes_and_comes_back_is_run_again() {
    let scratch = Scratch::with_key();
    let mut keeper = hooked(&scratch, RECORD, &[]);
    wait_for_lines(&mut keeper, &scratch, "runs", 1);
    for gone in 1..=2 {
        scratch.rename("hook", "away");
        keeper.renew();
        keeper.renew();
        keeper.until("a warning", |keeper| keeper.count_with("warning", "cannot run the hook") == gone);
        scratch.rename("away", "hook");
        keeper.renew();
        wait_for_lines(&mut keeper, &scratch, "runs", 1 + gone);
        until("the hook has ended", || children(keeper.pid()).is_empty());
    }
    keeper.stop();
    assert_eq!(keeper.count_with("warning", "cannot run the hook"), 2, "{}", keeper.log());
}

/// The hook is gone when a run ends, and another event waits.
#[test]
fn the_end_of_a_run_and_a_failed_start_after_it_are_both_told() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    scratch.write("end", "exit 0");
    let text = format!("{RECORD}\n{WAIT}\n. ./end");
    let mut keeper = hooked(&scratch, &text, &["--metrics-file", "badge.prom"]);
    let count = |keeper: &Keeper, words: &str| keeper.count_with("warning", words);
    for (turn, (end, failed)) in [("exit 0", 0), ("exit 0", 0), ("exit 1", 1)].into_iter().enumerate() {
        wait_for_lines(&mut keeper, &scratch, "runs", turn + 1);
        scratch.write("end", end);
        scratch.rename("hook", "away");
        keeper.renew();
        release(&scratch);
        keeper.until("the failed start", |keeper| count(keeper, "cannot run the hook") == turn + 1);
        assert_eq!(count(&keeper, "ended with exit status 1"), failed, "{}", keeper.log());
        // Failures of runs and of starts.
        let counted = format!(" {}", turn + 1 + failed);
        let is_counted = |line: &String| line.starts_with("capiscio_hook_failures_total{") && line.ends_with(&counted);
        keeper.until("the count", |_| lines(&scratch, "badge.prom").iter().any(is_counted));
        scratch.rename("away", "hook");
        keeper.renew();
    }
}

/// A hook and a child may switch users; what else the keeper can be told to do needs no other program.
#[test]
fn only_a_hook_or_a_child_leaves_out_no_new_privileges() {
    let own = proc_line(std::process::id() as i32, "status", "NoNewPrivs:");
    for (arguments, expected) in [
        (&["--signal-pid-file", "agent.pid", "--metrics-file", "badge.prom"][..], "1"),
        (&["--hook", "hook"], &*own),
        (&["--", "sleep", "1000"], &*own),
    ] {
        let scratch = Scratch::with_key();
        let keeper = Keeper::start(&scratch, arguments);
        assert_eq!(proc_line(keeper.pid(), "status", "NoNewPrivs:"), expected, "{arguments:?}");
    }
}

#[test]
#[ignore = "needs root: files of another user"]
fn root_runs_no_hook_of_another_user() {
    let scratch = Scratch::with_key();
    let make = |path: &Path| {
        write_hook(path, 0o755);
        chown(path, OTHER_USER, OTHER_USER);
    };
    make(&scratch.join("hook"));
    let keeper = Keeper::start(&scratch, &["--hook", scratch.join("hook").to_str().unwrap()]);
    assert_not_run(&scratch, keeper, make, &format!("uid {OTHER_USER} owns it"));
}

#[test]
#[ignore = "needs root: becomes another user"]
fn a_user_runs_hooks_of_root_and_its_own_but_of_no_third() {
    for (owner, runs) in [(0, 1), (OTHER_USER, 1), (OTHER_USER + 1, 0)] {
        let scratch = Scratch::with_key();
        let hook = script(&scratch, "hook", RECORD);
        chown(Path::new(&hook), owner, owner);
        for name in [".", "private.jwk"] {
            chown(&scratch.join(name), OTHER_USER, OTHER_USER);
        }
        let mut command = as_other_user(keep(&scratch, "badge.jwt").args(["--hook", &*hook]));
        let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        if runs == 0 {
            keeper.until("a warning", |keeper| keeper.count_with("warning", "uid 54322 owns it") == 1);
        }
        wait_for_lines(&mut keeper, &scratch, "runs", runs);
        keeper.stop();
        assert_eq!(lines(&scratch, "runs").len(), runs, "owner {owner}");
    }
}

/// Renews without a look at the log.
fn renew_unread(keeper: &mut Keeper) {
    let badge = keeper.badge();
    keeper.signal(libc::SIGHUP);
    keeper.until("another badge", |keeper| keeper.badge() != badge);
}

#[test]
fn a_hook_that_floods_a_pipe_which_nobody_reads_holds_nothing() {
    let scratch = Scratch::with_key();
    let hook = script(&scratch, "hook", &format!("{PID}\nexec yes"));
    let mut command = keep(&scratch, "badge.jwt");
    let mut keeper = Keeper::without_log(&scratch, command.args(["--hook", &*hook]).stderr(Stdio::piped()));
    let pid = wait_for_pid(&scratch);
    until("the pipe is full", || {
        fs::read_to_string(format!("/proc/{pid}/wchan")).is_ok_and(|at| at.contains("pipe_write")) || is_asleep(pid)
    });
    for _ in 0..20 {
        renew_unread(&mut keeper);
    }
    keeper.stop();
    until("the hook ends", || has_ended(pid));
}

fn is_asleep(pid: i32) -> bool {
    proc_line(pid, "status", "State:").starts_with('S') && proc_line(pid, "status", "Name:") == "yes"
}

#[test]
fn a_process_that_a_hook_leaves_behind_holds_nothing() {
    let scratch = Scratch::with_key();
    // It keeps the hook's output open, too.
    let mut keeper = hooked(&scratch, &format!("while [ -e hook ]; do sleep 0.1; done &\n{RECORD}"), &[]);
    for runs in 2..=4 {
        wait_for_lines(&mut keeper, &scratch, "runs", runs - 1);
        until("the hook has ended", || children(keeper.pid()).is_empty());
        keeper.renew();
    }
    wait_for_lines(&mut keeper, &scratch, "runs", 4);
    keeper.stop();
}

/// SIGHUP in a row; the hook takes longer than a renewal.
#[test]
fn a_thousand_renewals_run_one_hook_at_a_time_and_leave_no_zombie() {
    let scratch = Scratch::with_key();
    let lock = "mkdir lock || echo another one runs >>overlaps";
    let mut keeper = hooked(&scratch, &format!("{lock}\n{RECORD}\nsleep 0.01\nrmdir lock"), &[]);
    for renewal in 0..1000 {
        let badge = keeper.badge();
        keeper.signal(libc::SIGHUP);
        let begin = Instant::now();
        while keeper.badge() == badge {
            assert!(begin.elapsed() < Duration::from_secs(30), "{}", keeper.log());
            std::thread::yield_now();
        }
        if renewal % 10 == 0 {
            let found = children(keeper.pid());
            assert!(found.len() <= 1, "after {renewal} renewals: {found:?}");
        }
    }
    let last = recorded(&keeper, &scratch, "renewed");
    keeper.until("the last one is told", |_| lines(&scratch, "runs").last() == Some(&last));
    until("no child and no zombie", || children(keeper.pid()).is_empty());
    assert!(lines(&scratch, "overlaps").is_empty());
    assert!(lines(&scratch, "runs").len() <= 1001);
    keeper.stop();
    assert_eq!(keeper.count_with("warning", "hook"), 0, "{}", keeper.log());
}

#[test]
fn a_keeper_that_ends_sends_term_to_the_group_of_its_hook_and_does_not_wait() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    // The process in the background is in the same group.
    let background = "sh -c 'trap \"echo background >>ended; exit\" TERM; while [ -e hook ]; do sleep 0.02; done' &";
    let trap = "trap 'until read line <gate || ! [ -e gate ]; do :; done; echo hook >>ended; exit' TERM";
    let wait = "while [ -e hook ]; do sleep 0.02; done";
    let mut keeper = hooked(&scratch, &format!("{trap}\n{background}\n{PID}\n{wait}"), &[]);
    wait_for_pid(&scratch);
    keeper.until("the background process", |_| {
        let group = wait_for_pid(&scratch);
        members(group).len() > 2
    });
    keeper.stop();
    until("the other process of the group ends", || lines(&scratch, "ended") == ["background"]);
    release(&scratch);
    until("the hook ends when it likes", || lines(&scratch, "ended") == ["background", "hook"]);
}

#[test]
fn a_hook_ends_with_a_keeper_that_is_killed() {
    let scratch = Scratch::with_key();
    let mut keeper = hooked(&scratch, &format!("{PID}\nexec sleep 1000"), &[]);
    let pid = wait_for_pid(&scratch);
    keeper.signal(libc::SIGKILL);
    keeper.wait();
    until("the hook ends", || has_ended(pid));
}

/// Four keepers at once. Their hooks end on TERM; ignore it; leave a process in the group that ignores it; and end on
/// TERM while such a process goes on. Each badge is renewed every second meanwhile.
#[test]
#[ignore = "takes 35 s: the time that a hook may run"]
fn after_30_s_the_group_of_a_hook_gets_term_and_5_s_later_kill() {
    const WAYS: usize = 4;
    let arguments = ["--exp", "60s", "--renew-before", "59s"];
    let spin = "while [ -e hook ]; do sleep 0.1; done";
    let end = format!("trap 'echo TERM >>got; exit 0' TERM\n{RECORD}\n{PID}\n{spin}");
    let ignore = format!("trap 'echo TERM >>got' TERM\n{RECORD}\n{PID}\n{spin}");
    let background = format!("(trap '' TERM; {spin}) &\n");
    let texts: [String; WAYS] = [end.clone(), ignore.clone(), background.clone() + &ignore, background + &end];
    let scratches = [(); WAYS].map(|()| Scratch::with_key());
    let begin = Instant::now();
    let mut keepers: Vec<_> =
        scratches.iter().zip(&texts).map(|(scratch, text)| hooked(scratch, text, &arguments)).collect();
    let groups: Vec<_> = scratches.iter().map(wait_for_pid).collect();
    let (mut termed, mut ended) = ([None; WAYS], [None; WAYS]);
    while ended.iter().any(Option::is_none) {
        assert!(begin.elapsed() < Duration::from_secs(60), "TERM {termed:?}, end of the group {ended:?}");
        for at in 0..WAYS {
            if termed[at].is_none() && !lines(&scratches[at], "got").is_empty() {
                termed[at] = Some(begin.elapsed().as_secs_f64());
            }
            if termed[at].is_none() {
                assert_eq!(lines(&scratches[at], "runs").len(), 1, "one at a time");
            }
            if ended[at].is_none() && members(groups[at]).is_empty() {
                ended[at] = Some(begin.elapsed().as_secs_f64());
            }
        }
        sleep(Duration::from_millis(10));
    }
    for at in 0..WAYS {
        let (term, end) = (termed[at].unwrap(), ended[at].unwrap());
        assert!((29.9..34.0).contains(&term), "TERM after {term} s");
        // What is left of a group whose hook has ended may be killed at once.
        let expected = [29.9..34.0, 34.9..39.0, 34.9..39.0, 29.9..39.0][at].clone();
        assert!(expected.contains(&end), "the group of hook {at} ended after {end} s");
        let (scratch, keeper) = (&scratches[at], &mut keepers[at]);
        assert_eq!(lines(scratch, "got"), ["TERM"]);
        // The renewals meanwhile are told by one run.
        assert!(wait_for_lines(keeper, scratch, "runs", 2)[1].starts_with("renewed "));
        let sentence = format!("the hook {} ran longer than 30 s; ending it", scratch.join("hook").display());
        keeper.until("a warning", |keeper| keeper.count_with("warning", &sentence) == 1);
        assert_eq!(keeper.count_with("warning", "hook"), 1, "{}", keeper.log());
        assert!(keeper.count("renewed") >= 25, "{} renewals in 30 s", keeper.count("renewed"));
        assert_eq!(keeper.count("failed"), 0);
        let issued = keeper.assert_good().iat;
        assert!(now() - issued < 10, "{} s old", now() - issued);
        keeper.stop();
    }
}
