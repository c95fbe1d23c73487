//! `badge keep ... -- COMMAND`: the agent as a child, which starts with the first badge and ends the keeper.

use crate::common::{
    Keeper, RFC_KEY, RFC_PUBLIC, Scratch, assert_good, capiscio, chmod, in_session_of, keep, run, run_bounded,
    terminal, until, wait_until_blocked, wrap,
};
use crate::programs::{
    PID, children, descriptors, environment, from_a_peculiar_parent, has_ended, install, lines, proc_line,
    process_group, recording, release, script, session, signals, wait_for_lines, wait_for_pid, with_child,
};
use crate::tools::{Traced, wait_until_idle};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

fn start(scratch: &Scratch, arguments: &[&str], text: &str) -> Keeper {
    Keeper::start_command(scratch, &mut with_child(scratch, arguments, text), "badge.jwt")
}

/// A keeper whose child notes each signal. A TERM ends it with status 5.
fn start_recording(scratch: &Scratch, arguments: &[&str]) -> Keeper {
    let mut keeper = start(scratch, arguments, &recording("exit 5"));
    wait_for_lines(&mut keeper, scratch, "got", 1);
    keeper
}

fn kill(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes two integers; the process is a child of a keeper, which the test has not reaped.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
}

/// The only child, once it is the program of this name.
fn child(keeper: &Keeper, name: &str) -> i32 {
    let is_it = || matches!(*children(keeper.pid()), [pid] if proc_line(pid, "status", "Name:") == name);
    until("the child", is_it);
    children(keeper.pid())[0]
}

#[test]
fn a_child_starts_when_the_first_badge_stands_and_finds_it() {
    let scratch = Scratch::with_key();
    let text = "cp \"$BADGE_FILE\" first.new; mv first.new first; while [ -e first ]; do sleep 0.02; done";
    let mut keeper = start(&scratch, &[], text);
    keeper.until("the child", |_| scratch.join("first").exists());
    assert_eq!(assert_good(&scratch.join("first")).jti, keeper.assert_good().jti);
    assert_eq!(keeper.lines().iter().find(|line| line.text("event") == "started").unwrap().text("level"), "info");
    scratch.remove("first");
    assert_eq!(keeper.wait().code(), Some(0));
}

#[test]
fn no_child_starts_without_a_badge() {
    let scratch = Scratch::empty();
    scratch.write_private("private.jwk", "{}");
    let ended = run_bounded(&mut with_child(&scratch, &[], "echo >started"));
    ended.assert_failed(&["private.jwk"]);
    assert_eq!(scratch.names(), ["private.jwk"]);
    // Nor where another keeper holds the file.
    scratch.write_private("private.jwk", RFC_KEY);
    let _holder = Keeper::start(&scratch, &[]);
    run_bounded(&mut with_child(&scratch, &[], "echo >started")).assert_failed(&["another keeper"]);
    assert!(!scratch.join("started").exists());
}

#[test]
fn a_child_gets_its_arguments_as_they_are() {
    let scratch = Scratch::with_key();
    let mut command = with_child(&scratch, &["--exp", "1h"], r#"printf '%s|' "$@" >arguments"#);
    command.args(["sh", "a b", "", "--exp", "5", "--", "-h", "$HOME"]).arg(OsStr::from_bytes(b"\xff"));
    let mut keeper = Keeper::spawn(&scratch, &mut command, "badge.jwt");
    assert_eq!(keeper.wait().code(), Some(0), "{}", keeper.log());
    assert_eq!(fs::read(scratch.join("arguments")).unwrap(), b"a b||--exp|5|--|-h|$HOME|\xff|");
    let badge = keeper.assert_good();
    assert_eq!(badge.exp - badge.iat, 3600);
}

/// All that a program finds at its start, one item per line, with the path of a log replaced.
fn found_by(pid: i32) -> Vec<String> {
    // Once it is loaded.
    wait_until_blocked(pid.cast_unsigned());
    let names = ["Umask:", "Seccomp:", "NoNewPrivs:", "CapEff:", "Groups:"];
    let mut found: Vec<_> = names.iter().map(|name| format!("{name} {}", proc_line(pid, "status", name))).collect();
    found.extend(["SigBlk:", "SigIgn:", "SigPnd:", "ShdPnd:"].map(|name| format!("{name} {:?}", signals(pid, name))));
    found.extend(fs::read_to_string(format!("/proc/{pid}/limits")).unwrap().lines().map(str::to_owned));
    found.push(format!("directory {}", fs::read_link(format!("/proc/{pid}/cwd")).unwrap().display()));
    found.push(format!("oom_score_adj {}", fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap()));
    found.push(format!("group {}, session {}", process_group(pid), session(pid)));
    found.extend(environment(pid).into_iter().map(|(name, value)| format!("{name}={value}")));
    for (number, target) in descriptors(pid, "") {
        let is_log = target.starts_with(std::env::temp_dir().to_str().unwrap()) && target.ends_with(".log");
        found.push(format!("descriptor {number}: {}", if is_log { "log" } else { &target }));
    }
    found
}

/// It is what the same program finds without the keeper.
#[test]
fn a_child_finds_all_as_the_keeper_found_it() {
    let scratch = Scratch::with_key();
    let mut sleep = Command::new("sleep");
    sleep.arg("1000").current_dir(scratch.path()).env("PATH", std::env::var_os("PATH").unwrap());
    sleep.env("CAPISCIO_LOG_FORMAT", "json").env("BADGE_FILE", scratch.join("badge.jwt")).env("MARK", "kept");
    let socket = UnixDatagram::bind(scratch.join("notify")).unwrap();
    for (ignored, name, value) in
        [("USR1", "CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY), ("CHLD PIPE TERM", "CAPISCIO_KEY", "private.jwk")]
    {
        let mut alone = from_a_peculiar_parent(ignored, &sleep);
        let alone = Keeper::spawn(&scratch, alone.stdin(File::open("/dev/zero").unwrap()), "badge.jwt");
        until("the program alone", || proc_line(alone.pid(), "status", "Name:") == "sleep");
        let expected = found_by(alone.pid());
        for line in ["descriptor 7: /dev/zero", "SigBlk: [1]", "Umask: 0027"] {
            assert!(expected.iter().any(|found| found == line), "{expected:?}");
        }
        let mut command = capiscio(scratch.path());
        command.args(["badge", "keep", "--", "sleep", "1000"]).env(name, value).env("MARK", "kept");
        command.env("BADGE_FILE", "badge.jwt").env("NOTIFY_SOCKET", scratch.join("notify"));
        command.env("WATCHDOG_USEC", "60000000").env("WATCHDOG_PID", "1");
        let mut command = from_a_peculiar_parent(ignored, &command);
        let keeper = Keeper::start_command(&scratch, command.stdin(File::open("/dev/zero").unwrap()), "badge.jwt");
        let found = found_by(child(&keeper, "sleep"));
        let other: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
        let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
        assert!(found == expected, "with {ignored} ignored\nfound: {other:?}\ninstead of: {missing:?}");
    }
    drop(socket);
}

#[test]
fn a_child_reads_the_input_of_the_keeper() {
    let scratch = Scratch::with_key();
    let mut command = with_child(&scratch, &[], "cat >input");
    let mut keeper = Keeper::spawn(&scratch, command.stdin(Stdio::piped()), "badge.jwt");
    keeper.child.stdin.take().unwrap().write_all(b"a line\n").unwrap();
    assert_eq!(keeper.wait().code(), Some(0));
    assert_eq!(scratch.read("input"), "a line\n");
}

#[test]
fn five_signals_of_a_process_go_to_the_child_and_sighup_renews() {
    let scratch = Scratch::with_key();
    let mut keeper = start_recording(&scratch, &[]);
    keeper.renew();
    let mut expected = vec!["ready"];
    for (signal, name) in [
        (libc::SIGINT, "INT"),
        (libc::SIGQUIT, "QUIT"),
        (libc::SIGUSR1, "USR1"),
        (libc::SIGUSR2, "USR2"),
        (libc::SIGINT, "INT"),
    ] {
        keeper.signal(signal);
        expected.push(name);
        assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", expected.len()), expected);
    }
    keeper.renew();
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(5), "{}", keeper.log());
    assert_eq!(lines(&scratch, "got")[6..], ["TERM"]);
    assert_eq!(keeper.count("renewed"), 2);
}

#[test]
fn after_a_forwarded_term_renewals_go_on_until_the_child_ends() {
    let scratch = Scratch::with_key();
    let mut keeper = start(&scratch, &[], &recording(""));
    wait_for_lines(&mut keeper, &scratch, "got", 1);
    for terms in 1..=2 {
        keeper.signal(libc::SIGTERM);
        wait_for_lines(&mut keeper, &scratch, "got", 1 + terms);
        keeper.renew();
        scratch.remove("badge.jwt");
        keeper.wait_for_count("restored", terms);
    }
    keeper.assert_good();
    assert_eq!(keeper.count("stopped"), 0);
    kill(children(keeper.pid())[0], libc::SIGKILL);
    assert_eq!(keeper.wait().code(), Some(137), "{}", keeper.log());
    keeper.assert_good();
}

/// The signal comes when the keeper has waited for the child and not yet acted on that.
#[test]
#[ignore = "needs strace: delays the return of wait4(2)"]
fn a_term_in_the_moment_of_the_end_does_not_change_the_exit_status() {
    let scratch = Scratch::with_key();
    let command = with_child(&scratch, &[], "exit 7");
    let delay = ["-e", "trace=wait4,waitid", "-e", "inject=wait4:delay_exit=500000"];
    let mut traced = Traced::spawn_command(&scratch, &delay, &command, "badge.jwt");
    until("the child is waited for", || traced.lines().iter().any(|line| line.contains("WEXITSTATUS(s) == 7")));
    traced.keeper.signal(libc::SIGTERM);
    assert_eq!(traced.keeper.wait().code(), Some(7), "{}", traced.keeper.log());
}

/// A write takes longer than the badge is valid, so the keeper has no time to sleep.
#[test]
#[ignore = "needs strace: delays fsync(2)"]
fn the_end_of_a_child_is_seen_by_a_keeper_that_never_sleeps() {
    let scratch = Scratch::with_key();
    let arguments = ["--exp", "3s", "--renew-before", "2s"];
    let command = with_child(&scratch, &arguments, &recording("exit 7"));
    let delay = ["-e", "trace=fsync", "-e", "inject=fsync:delay_exit=800000:when=3+"];
    let mut traced = Traced::spawn_command(&scratch, &delay, &command, "badge.jwt");
    traced.keeper.wait_for_count("renewed", 1);
    traced.keeper.signal(libc::SIGTERM);
    assert_eq!(traced.keeper.wait().code(), Some(7), "{}", traced.keeper.log());
}

/// The signal comes when the timer of a renewal has ended poll(2), whose return strace delays once it has shown it.
#[test]
#[ignore = "needs strace: delays the return of poll(2)"]
fn a_term_in_the_moment_of_a_renewal_does_not_stop_the_renewals() {
    let scratch = Scratch::with_key();
    let command = with_child(&scratch, &["--exp", "60s", "--renew-before", "57s"], &recording(""));
    let delay = ["-e", "trace=poll,ppoll", "-e", "inject=poll,ppoll:delay_exit=500000"];
    let mut traced = Traced::spawn_command(&scratch, &delay, &command, "badge.jwt");
    wait_for_lines(&mut traced.keeper, &scratch, "got", 1);
    // The first timer of a sleeping poll(2) is that of the wall clock.
    let timer = |lines: &[String]| {
        let before = lines.iter().find_map(|line| line.split_once("<anon_inode:[timerfd]>")).unwrap().0.to_owned();
        before.rsplit_once("fd=").unwrap().1.to_owned()
    };
    let due = |traced: &Traced| {
        let lines = traced.lines();
        let fired = format!("([{{fd={}, revents=POLLIN}}])", timer(&lines));
        lines.iter().filter(|line| line.contains(&fired)).count()
    };
    for renewals in 1..=2 {
        until("a renewal is due", || due(&traced) >= renewals);
        traced.keeper.signal(libc::SIGTERM);
        traced.keeper.wait_for_count("renewed", renewals);
        wait_for_lines(&mut traced.keeper, &scratch, "got", 1 + renewals);
    }
}

#[test]
fn a_keeper_ends_with_the_status_of_its_child_and_leaves_the_badge() {
    for (text, status, end) in [
        ("exit 0", 0, "with exit status 0"),
        ("exit 3", 3, "with exit status 3"),
        ("exit 255", 255, "with exit status 255"),
        ("kill -KILL $$", 137, "by signal 9"),
        ("kill -SEGV $$", 139, "by signal 11"),
        ("kill -TERM $$", 143, "by signal 15"),
    ] {
        let scratch = Scratch::with_key();
        let mut keeper = Keeper::spawn(&scratch, &mut with_child(&scratch, &[], text), "badge.jwt");
        assert_eq!(keeper.wait().code(), Some(status), "{text}\n{}", keeper.log());
        let out = scratch.join("badge.jwt");
        let sentence = format!("stopped: the command ended {end}; the badge remains in {}", out.display());
        assert_eq!(keeper.messages("stopped"), [sentence]);
        let told = keeper.lines();
        let stopped = told.last().unwrap();
        assert_eq!(
            (stopped.text("event"), stopped.text("level")),
            ("stopped", if matches!(status, 0 | 143) { "info" } else { "warning" })
        );
        keeper.assert_good();
        assert!(
            scratch.names().iter().all(|name| !name.contains(".tmp") && !name.starts_with("core")),
            "{:?}",
            scratch.names()
        );
    }
}

#[test]
fn a_command_that_cannot_start_gives_the_status_of_env_and_a_sentence() {
    let scratch = Scratch::with_key();
    install(&scratch, "script", "echo no shell is started >>started\n");
    scratch.write("plain", "#!/bin/sh\n");
    chmod(&scratch.join("plain"), 0o644);
    scratch.mkdir("directory");
    let path = format!("{}:{}", scratch.path().display(), std::env::var("PATH").unwrap());
    for (command, status, reason) in [
        ("no-such-command", 127, "No such file or directory (os error 2)"),
        ("./missing", 127, "No such file or directory (os error 2)"),
        ("./plain", 126, "Permission denied (os error 13)"),
        ("plain", 126, "Permission denied (os error 13)"),
        ("./directory", 126, "Permission denied (os error 13)"),
        ("./script", 126, "Exec format error (os error 8)"),
        ("script", 126, "Exec format error (os error 8)"),
        ("./plain/x", 126, "Not a directory (os error 20)"),
    ] {
        let mut keep = keep(&scratch, "badge.jwt");
        keep.args(["--", command]).env("PATH", &path);
        let mut keeper = Keeper::spawn(&scratch, &mut keep, "badge.jwt");
        assert_eq!(keeper.wait().code(), Some(status), "{command:?}\n{}", keeper.log());
        let lines = keeper.lines();
        let said: Vec<_> = lines.iter().filter(|line| line.text("level") == "error").collect();
        assert_eq!(said.len(), 1, "{command:?}\n{}", keeper.log());
        let begin = format!("cannot start {command}");
        let message = said[0].text("message");
        assert!(message.starts_with(&begin) && message.contains(reason), "{command:?}: {message}");
        // env(1) gives the same status.
        let mut env = Command::new("env");
        env.arg(command).current_dir(scratch.path()).env("PATH", &path).stdin(Stdio::null());
        if !command.ends_with("script") && !command.is_empty() {
            assert_eq!(run_bounded(&mut env).code, Some(status), "{command:?}");
        }
    }
    assert!(!scratch.join("started").exists());
}

#[test]
fn a_command_without_a_slash_is_searched_in_path() {
    let scratch = Scratch::with_key();
    for name in ["first", "second", "third"] {
        scratch.mkdir(name);
    }
    // Not executable and a directory: the search goes on.
    scratch.write("first/agent", "");
    scratch.mkdir("second/agent");
    script(&scratch, "third/agent", "exit 42");
    let directories = ["missing", "first", "second", "third"].map(|name| scratch.join(name).display().to_string());
    let mut command = keep(&scratch, "badge.jwt");
    let mut keeper =
        Keeper::spawn(&scratch, command.args(["--", "agent"]).env("PATH", directories.join(":")), "badge.jwt");
    assert_eq!(keeper.wait().code(), Some(42), "{}", keeper.log());
}

#[test]
fn signal_tells_a_child_of_renewals_and_restores_but_not_of_its_start() {
    let scratch = Scratch::with_key();
    // A program that any signal ends: it would not survive one at its start.
    let mut keeper = start(&scratch, &["--signal", "USR1"], "exec sleep 1000");
    child(&keeper, "sleep");
    wait_until_idle(&keeper);
    assert!(keeper.is_running(), "{}", keeper.log());
    keeper.signal(libc::SIGHUP);
    assert_eq!(keeper.wait().code(), Some(128 + libc::SIGUSR1), "{}", keeper.log());

    let scratch = Scratch::with_key();
    let mut keeper = start_recording(&scratch, &["--signal", "SIGWINCH"]);
    keeper.renew();
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", 2), ["ready", "WINCH"]);
    scratch.remove("badge.jwt");
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", 3)[2], "WINCH");
    scratch.rename("private.jwk", "away");
    keeper.signal(libc::SIGHUP);
    keeper.wait_for("failed");
    scratch.rename("away", "private.jwk");
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(5));
    assert_eq!(lines(&scratch, "got"), ["ready", "WINCH", "WINCH", "TERM"]);
}

#[test]
fn without_signal_a_child_that_handles_none_survives_renewals() {
    let scratch = Scratch::with_key();
    let mut keeper = start(&scratch, &[], "exec sleep 1000");
    child(&keeper, "sleep");
    keeper.renew();
    scratch.remove("badge.jwt");
    keeper.wait_for("restored");
    keeper.renew();
    wait_until_idle(&keeper);
    assert!(keeper.is_running(), "{}", keeper.log());
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(143));
}

#[test]
fn a_stopped_child_has_not_ended() {
    let scratch = Scratch::with_key();
    let mut keeper = start_recording(&scratch, &[]);
    let pid = children(keeper.pid())[0];
    kill(pid, libc::SIGSTOP);
    until("the child is stopped", || proc_line(pid, "status", "State:").starts_with('T'));
    keeper.renew();
    kill(pid, libc::SIGCONT);
    keeper.renew();
    keeper.signal(libc::SIGUSR1);
    wait_for_lines(&mut keeper, &scratch, "got", 2);
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(5));
}

#[test]
fn a_child_ends_with_a_keeper_that_is_killed() {
    let scratch = Scratch::with_key();
    let mut keeper = start(&scratch, &[], "exec sleep 1000");
    let pid = child(&keeper, "sleep");
    keeper.signal(libc::SIGKILL);
    keeper.wait();
    until("the child ends", || has_ended(pid));
}

#[test]
fn a_hook_a_pid_file_and_a_child_do_not_mix_up_their_processes() {
    let scratch = Scratch::with_key();
    let hook = script(&scratch, "hook", "echo run >>runs; exit 3");
    scratch.write("agent.pid", "1\n".repeat(20));
    let mut keeper = start_recording(
        &scratch,
        &["--hook", &*hook, "--signal-pid-file", "agent.pid", "--signal", "USR2", "--metrics-file", "badge.prom"],
    );
    for runs in 2..=4 {
        keeper.renew();
        wait_for_lines(&mut keeper, &scratch, "runs", runs);
        until("only the child", || children(keeper.pid()).len() == 1);
        wait_for_lines(&mut keeper, &scratch, "got", runs);
    }
    assert_eq!(lines(&scratch, "got"), ["ready", "USR2", "USR2", "USR2"]);
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(5), "{}", keeper.log());
}

#[test]
fn a_running_hook_ends_with_the_child() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let hook = script(&scratch, "hook", &format!("{PID}\nexec sleep 1000"));
    let mut keeper = start(&scratch, &["--hook", &*hook], "until read line <gate || ! [ -e gate ]; do :; done; exit 4");
    let pid = wait_for_pid(&scratch);
    release(&scratch);
    assert_eq!(keeper.wait().code(), Some(4), "{}", keeper.log());
    until("the hook ends", || has_ended(pid));
}

/// As the first process of a container does: it becomes the parent of each process whose parent has ended.
fn as_subreaper(command: &mut Command) -> &mut Command {
    // SAFETY: prctl(2) is async-signal-safe and takes integers here.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        })
    }
}

/// Leaves a process behind that ends at the gate with status 9.
const ORPHAN: &str = "(sh -c 'echo $$ >pid; until read line <gate || ! [ -e gate ]; do :; done; exit 9' &)";

#[test]
fn orphans_are_reaped_and_do_not_end_the_keeper() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let mut command = with_child(&scratch, &[], &format!("{ORPHAN}\n{}", recording("exit 5")));
    let mut keeper = Keeper::start_command(&scratch, as_subreaper(&mut command), "badge.jwt");
    wait_for_lines(&mut keeper, &scratch, "got", 1);
    let orphan = wait_for_pid(&scratch);
    until("the keeper is its parent", || children(keeper.pid()).contains(&orphan));
    release(&scratch);
    until("the orphan is reaped", || children(keeper.pid()).len() == 1);
    keeper.renew();
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(5), "{}", keeper.log());
}

#[test]
fn orphans_of_a_hook_are_reaped_too() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let hook = script(&scratch, "hook", &format!("{ORPHAN}\nexit 1"));
    let mut command = keep(&scratch, "badge.jwt");
    let command = as_subreaper(command.args(["--hook", &*hook]));
    let mut keeper = Keeper::start_command(&scratch, command, "badge.jwt");
    let orphan = wait_for_pid(&scratch);
    keeper.until("the hook has ended", |keeper| keeper.count_with("warning", "ended with exit status 1") == 1);
    until("the keeper is its parent", || children(keeper.pid()) == [orphan]);
    release(&scratch);
    until("the orphan is reaped", || children(keeper.pid()).is_empty());
    assert_eq!(keeper.count_with("warning", "the hook"), 1, "{}", keeper.log());
    keeper.stop();
}

/// With SIGCHLD ignored, wait(2) would know no status (sigaction(2)).
#[test]
fn a_parent_that_ignores_sigchld_changes_nothing() {
    let scratch = Scratch::with_key();
    let hook = script(&scratch, "hook", "exit 3");
    let ignore = ["sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"];
    let mut command = wrap(
        &ignore,
        &with_child(&scratch, &["--hook", &*hook], "until read line <gate || ! [ -e gate ]; do :; done; exit 4"),
    );
    scratch.mkfifo("gate");
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    keeper.until("the status", |keeper| keeper.count_with("warning", "ended with exit status 3") == 1);
    release(&scratch);
    assert_eq!(keeper.wait().code(), Some(4), "{}", keeper.log());
}

/// A keeper on a terminal of its own. Its child leads another session, so that it gets nothing from the kernel.
fn on_terminal(scratch: &Scratch) -> (Keeper, File) {
    let (emulator, programs) = terminal();
    let mut command = keep(scratch, "badge.jwt");
    command.args(["--", "setsid", "sh", "-c", &recording("exit 5")]);
    in_session_of(&mut command, &programs);
    let mut keeper = Keeper::without_log(scratch, &mut command);
    wait_for_lines(&mut keeper, scratch, "got", 1);
    (keeper, emulator)
}

/// The kernel sends the signal to each process of the terminal itself.
#[test]
fn ctrl_c_and_ctrl_backslash_are_not_forwarded() {
    let scratch = Scratch::with_key();
    let (mut keeper, mut emulator) = on_terminal(&scratch);
    emulator.write_all(b"\x03\x1c").unwrap();
    // A later signal of a process is.
    wait_until_idle(&keeper);
    assert!(keeper.is_running());
    keeper.signal(libc::SIGINT);
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", 2), ["ready", "INT"]);
    keeper.signal(libc::SIGTERM);
    assert_eq!(keeper.wait().code(), Some(5));
    assert_eq!(lines(&scratch, "got"), ["ready", "INT", "TERM"]);
}

#[test]
fn ctrl_c_reaches_the_child_of_a_terminal_and_its_status_ends_the_keeper() {
    let scratch = Scratch::with_key();
    let (mut emulator, programs) = terminal();
    let mut command = with_child(&scratch, &[], "exec sleep 1000");
    in_session_of(&mut command, &programs);
    let mut keeper = Keeper::without_log(&scratch, &mut command);
    let pid = child(&keeper, "sleep");
    // The keeper ignores it for its own log.
    let sigttou = libc::SIGTTOU.cast_unsigned();
    assert!(signals(keeper.pid(), "SigIgn:").contains(&sigttou) && !signals(pid, "SigIgn:").contains(&sigttou));
    emulator.write_all(b"\x03").unwrap();
    assert_eq!(keeper.wait().code(), Some(128 + libc::SIGINT));
}

#[test]
fn a_hang_up_of_the_terminal_is_term_for_the_child() {
    let scratch = Scratch::with_key();
    let (mut keeper, emulator) = on_terminal(&scratch);
    drop(emulator);
    assert_eq!(keeper.wait().code(), Some(5));
    assert_eq!(lines(&scratch, "got"), ["ready", "TERM"]);
}

#[test]
#[ignore = "needs root: makes a PID namespace"]
fn as_process_1_it_forwards_reaps_and_hands_the_status_through() {
    let scratch = Scratch::with_key();
    scratch.mkfifo("gate");
    let command = with_child(&scratch, &[], &format!("{ORPHAN}\n{}", recording("exit 5")));
    let mut command = wrap(&["unshare", "--pid", "--fork", "--kill-child"], &command);
    let mut outer = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    let init = children(outer.pid())[0];
    wait_for_lines(&mut outer, &scratch, "got", 1);
    until("child and orphan", || children(init).len() == 2);
    wait_for_pid(&scratch);
    release(&scratch);
    until("the orphan is reaped", || children(init).len() == 1);
    kill(init, libc::SIGHUP);
    outer.wait_for("renewed");
    kill(init, libc::SIGTERM);
    assert_eq!(outer.wait().code(), Some(5), "{}", outer.log());
}

#[test]
fn two_dashes_without_a_command_are_a_usage_error_and_elsewhere_end_the_options() {
    let scratch = Scratch::with_key();
    let ended = run_bounded(keep(&scratch, "badge.jwt").arg("--"));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--"), "{}", ended.stderr);
    let ended = run_bounded(keep(&scratch, "badge.jwt").args(["sleep", "1000"]));
    assert_eq!(ended.code, Some(2), "a command needs the dashes: {}", ended.stderr);
    assert_eq!(scratch.names(), ["private.jwk"]);
    let issue = ["badge", "issue", "--key", "private.jwk"];
    assert_eq!(run(scratch.path(), &[&issue[..], &["--", "sleep"]].concat()).code, Some(2));
    let token = run(scratch.path(), &issue).stdout;
    scratch.write("public.jwk", RFC_PUBLIC);
    let verify = ["badge", "verify", "--key", "public.jwk"];
    assert_eq!(run(scratch.path(), &[&verify[..], &["--", token.trim()]].concat()).code, Some(0));
    let odd = run(scratch.path(), &[&verify[..], &["--", "--key"]].concat());
    assert_eq!(odd.code, Some(1), "a token: {}", odd.stderr);
}
