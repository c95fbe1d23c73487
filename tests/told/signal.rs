//! `--signal-pid-file` and `--signal`: the process named in a file gets a signal after each new or restored badge.

use crate::common::{Keeper, Scratch, capiscio, chmod, keep, run, run_bounded, until};
use crate::programs::{Agent, lines, proc_line, recording, script, wait_for_lines};
use crate::tools::{OTHER_USER, Traced, as_other_user, chown, wait_until_idle};
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};

const PID_FILE: [&str; 2] = ["--signal-pid-file", "agent.pid"];

/// A keeper in a process group of its own, so that a pid of 0 would not reach the test.
fn start(scratch: &Scratch, arguments: &[&str]) -> Keeper {
    let mut command = keep(scratch, "badge.jwt");
    Keeper::start_command(scratch, command.args(PID_FILE).args(arguments).process_group(0), "badge.jwt")
}

/// The warnings about signals.
fn warnings(keeper: &Keeper) -> Vec<String> {
    let about = |message: &String| message.contains("cannot signal");
    keeper.messages("warning").into_iter().filter(about).collect()
}

#[test]
fn the_process_is_signaled_after_started_renewed_and_restored_but_not_failed() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("agent.pid", format!("{}\n", agent.pid()));
    let mut keeper = start(&scratch, &[]);
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", 2), ["ready", "HUP"]);
    keeper.renew();
    wait_for_lines(&mut keeper, &scratch, "got", 3);
    scratch.remove("badge.jwt");
    wait_for_lines(&mut keeper, &scratch, "got", 4);
    scratch.rename("private.jwk", "away");
    keeper.signal(libc::SIGHUP);
    keeper.wait_for("failed");
    scratch.rename("away", "private.jwk");
    wait_until_idle(&keeper);
    assert_eq!(lines(&scratch, "got").len(), 4);
    keeper.renew();
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", 5), ["ready", "HUP", "HUP", "HUP", "HUP"]);
    keeper.stop();
    assert!(warnings(&keeper).is_empty(), "{}", keeper.log());
}

#[test]
fn the_signal_is_hup_or_any_of_seven_by_name() {
    for (arguments, signal) in [
        (&[][..], libc::SIGHUP),
        (&["--signal", "HUP"], libc::SIGHUP),
        (&["--signal", "USR1"], libc::SIGUSR1),
        (&["--signal", "SIGUSR2"], libc::SIGUSR2),
        (&["--signal", "INT"], libc::SIGINT),
        (&["--signal", "QUIT"], libc::SIGQUIT),
        (&["--signal", "SIGTERM"], libc::SIGTERM),
    ] {
        let scratch = Scratch::with_key();
        let mut agent = Agent::sleeping(&scratch);
        scratch.write("agent.pid", agent.pid().to_string());
        let _keeper = start(&scratch, arguments);
        assert_eq!(agent.0.wait().unwrap().signal(), Some(signal), "{arguments:?}");
    }
    // A process that does not handle it ignores this one.
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("agent.pid", agent.pid().to_string());
    let mut command = keep(&scratch, "badge.jwt");
    let command = command.args(PID_FILE).env("CAPISCIO_SIGNAL", "WINCH");
    let mut keeper = Keeper::start_command(&scratch, command, "badge.jwt");
    assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", 2), ["ready", "WINCH"]);
}

#[test]
fn other_signals_and_a_signal_for_nobody_are_usage_errors() {
    let scratch = Scratch::with_key();
    for (arguments, words) in [
        (&["--signal", "HUP"][..], &["--signal", "--signal-pid-file"][..]),
        (&["--signal", "KILL", "--signal-pid-file", "agent.pid"], &["--signal", "KILL"]),
        (&["--signal", "STOP", "--signal-pid-file", "agent.pid"], &["--signal", "STOP"]),
        (&["--signal", "1", "--signal-pid-file", "agent.pid"], &["--signal"]),
        (&["--signal", "", "--signal-pid-file", "agent.pid"], &["--signal"]),
        (&["--signal", "SIG", "--signal-pid-file", "agent.pid"], &["--signal"]),
        (&["--signal", "USR1\u{e9}", "--signal-pid-file", "agent.pid"], &["--signal"]),
    ] {
        let ended = run_bounded(keep(&scratch, "badge.jwt").args(arguments));
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(words.iter().all(|word| ended.stderr.contains(word)), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(scratch.names(), ["private.jwk"]);
    for command in [&["badge", "issue"][..], &["badge", "health"]] {
        let ended = run(scratch.path(), &[command, &PID_FILE].concat());
        assert!(ended.stderr.contains("--signal-pid-file"), "{}", ended.stderr);
    }
}

/// Why a file is no pid file, and how to make one like that for the pid of a process that must not be signaled.
type Unusable = (&'static str, fn(&Path, i32));

/// The pid of a process that has ended.
fn stale() -> u32 {
    let mut ended = Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    ended.id()
}

const UNUSABLE: [Unusable; 14] = [
    ("missing", |_, _| ()),
    ("empty", |path, _| fs::write(path, "").unwrap()),
    ("a blank line", |path, _| fs::write(path, "\n").unwrap()),
    ("garbage", |path, _| fs::write(path, "nginx\n").unwrap()),
    ("garbage after the number", |path, pid| fs::write(path, format!("{pid}x\n")).unwrap()),
    ("two numbers", |path, pid| fs::write(path, format!("{pid} {pid}\n")).unwrap()),
    ("not UTF-8", |path, _| fs::write(path, b"\xff\xfe\n").unwrap()),
    ("an ended process", |path, _| fs::write(path, format!("{}\n", stale())).unwrap()),
    // The process leads the group of this number.
    ("a negative number", |path, pid| fs::write(path, format!("-{pid}\n")).unwrap()),
    ("0", |path, _| fs::write(path, "0\n").unwrap()),
    ("a number above 32 bits", |path, pid| fs::write(path, format!("{}\n", (1 << 32) + i64::from(pid))).unwrap()),
    ("more than 32 bytes", |path, pid| fs::write(path, format!("{pid}{}", "\n".repeat(32))).unwrap()),
    ("a FIFO", |path, _| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
    ("a directory", |path, _| fs::create_dir(path).unwrap()),
];

fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
}

/// One keeper sees one after the other, and a good file in between.
#[test]
fn an_unusable_pid_file_is_warned_about_once_and_works_when_it_is_right() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    let path = scratch.join("agent.pid");
    let mut keeper = start(&scratch, &[]);
    let mut got = 1;
    for (at, (what, make)) in UNUSABLE.into_iter().enumerate() {
        remove(&path);
        make(&path, agent.pid());
        for _ in 0..3 {
            keeper.renew();
        }
        let case = |keeper: &Keeper| format!("{what}\n{}", keeper.log());
        keeper.until(&format!("a warning about {what}"), |keeper| warnings(keeper).len() > at);
        let said = warnings(&keeper);
        assert_eq!(said.len(), at + 1, "{}", case(&keeper));
        let begin = format!("cannot signal the process of {}: ", path.display());
        assert!(said[at].strip_prefix(&begin).is_some_and(|why| !why.is_empty()), "{}", case(&keeper));
        assert_eq!(lines(&scratch, "got").len(), got, "{}", case(&keeper));
        remove(&path);
        fs::write(&path, agent.pid().to_string()).unwrap();
        keeper.renew();
        got += 1;
        assert_eq!(wait_for_lines(&mut keeper, &scratch, "got", got)[got - 1], "HUP", "{}", case(&keeper));
    }
    assert_eq!(keeper.count("failed"), 0);
    keeper.stop();
}

#[test]
fn a_keeper_never_signals_itself() {
    let scratch = Scratch::with_key();
    let mut keeper = start(&scratch, &["--signal", "QUIT"]);
    assert_eq!(warnings(&keeper).len(), 1, "the file is missing: {}", keeper.log());
    scratch.write("agent.pid", format!("{}\n", keeper.pid()));
    keeper.renew();
    keeper.renew();
    wait_until_idle(&keeper);
    assert!(keeper.is_running());
    assert_eq!(warnings(&keeper).len(), 2, "{}", keeper.log());
}

/// The trailing line feed counts. 32 bytes are allowed.
#[test]
fn a_pid_file_has_at_most_32_bytes() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("agent.pid", format!("{:0>31}\n", agent.pid()));
    let mut keeper = start(&scratch, &[]);
    // Leading zeros are either digits or an error, but never another pid.
    keeper.until("a signal or a warning", |keeper| lines(&scratch, "got").len() + warnings(keeper).len() == 2);
    scratch.write("agent.pid", format!("{}\n", agent.pid()));
    keeper.renew();
    keeper.until("a signal", |_| lines(&scratch, "got").len() >= 2);
}

#[test]
fn a_directory_of_the_path_may_be_a_link_as_var_run_is() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.mkdir("run");
    scratch.symlink("run", "var-run");
    scratch.write("run/agent.pid", format!("{}\n", agent.pid()));
    let mut keeper = start(&scratch, &["--signal-pid-file", "var-run/agent.pid"]);
    wait_for_lines(&mut keeper, &scratch, "got", 2);
}

/// It could lead to the pid file of any process.
#[test]
fn a_pid_file_that_is_a_link_is_not_followed() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("real.pid", format!("{}\n", agent.pid()));
    scratch.symlink("real.pid", "agent.pid");
    let mut keeper = start(&scratch, &[]);
    keeper.until("a warning", |keeper| warnings(keeper).iter().any(|line| line.contains("has a symbolic link")));
    assert_eq!(lines(&scratch, "got").len(), 1);
}

#[test]
fn a_restarted_agent_is_found_by_its_new_pid() {
    let scratch = Scratch::with_key();
    let mut first = Agent::sleeping(&scratch);
    scratch.write("agent.pid", first.pid().to_string());
    let mut keeper = start(&scratch, &["--signal", "TERM"]);
    assert_eq!(first.0.wait().unwrap().signal(), Some(libc::SIGTERM));
    let mut second = Agent::sleeping(&scratch);
    scratch.write("agent.pid", second.pid().to_string());
    keeper.renew();
    assert_eq!(second.0.wait().unwrap().signal(), Some(libc::SIGTERM));
}

#[test]
#[ignore = "needs root: becomes another user"]
fn a_process_of_another_user_is_not_signaled_and_warned_about_once() {
    let scratch = Scratch::with_key();
    let mut agent = Agent::sleeping(&scratch);
    scratch.write("agent.pid", agent.pid().to_string());
    for name in [".", "private.jwk", "agent.pid"] {
        chown(&scratch.join(name), OTHER_USER, OTHER_USER);
    }
    let mut command = as_other_user(keep(&scratch, "badge.jwt").args(PID_FILE));
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    keeper.renew();
    keeper.renew();
    keeper.stop();
    let said = warnings(&keeper);
    assert!(said.len() == 1 && said[0].contains("Operation not permitted"), "{}", keeper.log());
    assert!(agent.is_running());
}

/// Owner and mode of a pid file that names a process of OTHER_USER, and whether root signals it.
#[test]
#[ignore = "needs root: files and processes of another user"]
fn root_trusts_a_pid_file_of_root_or_of_the_process_that_nobody_else_can_write() {
    let scratch = Scratch::with_key();
    let mut sleep = Command::new("sleep");
    sleep.arg("1000").current_dir(scratch.path()).env("PATH", "/bin:/usr/bin");
    for (owner, mode, signaled) in [
        (0, 0o644, true),
        (OTHER_USER, 0o644, true),
        (OTHER_USER + 1, 0o644, false),
        (0, 0o666, false),
        (0, 0o664, false),
        (OTHER_USER, 0o622, false),
    ] {
        let mut agent = Agent(as_other_user(&sleep).stderr(Stdio::null()).spawn().unwrap());
        until("it sleeps as the other user", || proc_line(agent.pid(), "status", "Name:") == "sleep");
        scratch.write("agent.pid", format!("{}\n", agent.pid()));
        chmod(&scratch.join("agent.pid"), mode);
        chown(&scratch.join("agent.pid"), owner, owner);
        let mut keeper = start(&scratch, &[]);
        keeper.renew();
        keeper.stop();
        // After a signal, the renewal finds the process gone.
        let case = format!("owner {owner}, mode {mode:04o}\n{}", keeper.log());
        if signaled {
            assert_eq!(agent.0.wait().unwrap().signal(), Some(libc::SIGHUP), "{case}");
        } else {
            assert!(agent.is_running(), "{case}");
            assert_eq!(warnings(&keeper).len(), 1, "{case}");
        }
        scratch.remove("agent.pid");
    }
}

/// In a PID namespace, whose process 1 notes what it gets.
#[test]
#[ignore = "needs root: makes a PID namespace"]
fn process_1_is_signaled_only_if_root_owns_the_file() {
    for (owner, signaled) in [(0, true), (OTHER_USER, false)] {
        let scratch = Scratch::with_key();
        scratch.write("agent.pid", "1\n");
        chown(&scratch.join("agent.pid"), owner, owner);
        let keeper = keep(&scratch, "badge.jwt");
        let arguments: Vec<_> = keeper.get_args().map(|argument| argument.to_str().unwrap()).collect();
        let call = format!(
            "{} {} --signal-pid-file agent.pid --log-format json 2>log &",
            keeper.get_program().to_str().unwrap(),
            arguments.join(" ")
        );
        let init = script(&scratch, "init", &format!("{call}\n{}", recording("exit 0")));
        let mut inside = Agent::spawn(&scratch, &["unshare", "--pid", "--fork", "--kill-child", &init]);
        until("it has started", || {
            lines(&scratch, "log").iter().any(|line| line.contains("\"started\"")) && scratch.join("got").exists()
        });
        if signaled {
            until("a signal", || lines(&scratch, "got").contains(&"HUP".to_owned()));
        } else {
            until("a warning", || lines(&scratch, "log").iter().any(|line| line.contains("cannot signal")));
            assert_eq!(lines(&scratch, "got"), ["ready"]);
        }
        assert!(inside.is_running());
        scratch.remove("got");
        inside.0.wait().unwrap();
    }
}

#[test]
#[ignore = "needs strace: makes pidfd_open(2) fail as on an old kernel"]
fn a_kernel_without_pidfd_open_gets_kill() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("agent.pid", agent.pid().to_string());
    let mut traced = Traced::start(&scratch, &["-e", "inject=pidfd_open:error=ENOSYS"], &PID_FILE);
    wait_for_lines(&mut traced.keeper, &scratch, "got", 2);
    traced.assert_injected();
    assert!(warnings(&traced.keeper).is_empty(), "{}", traced.keeper.log());
    scratch.write("agent.pid", "0\n");
    traced.keeper.renew();
    scratch.write("agent.pid", stale().to_string());
    traced.keeper.renew();
    traced.keeper.stop();
    assert_eq!(warnings(&traced.keeper).len(), 2, "{}", traced.keeper.log());
}

/// The process that was checked is the one that is signaled: its number is not used after pidfd_open(2).
#[test]
#[ignore = "needs strace"]
fn the_signal_goes_to_the_process_that_was_checked() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("agent.pid", agent.pid().to_string());
    let mut traced =
        Traced::start(&scratch, &["-e", "trace=kill,tkill,tgkill,pidfd_open,pidfd_send_signal"], &PID_FILE);
    wait_for_lines(&mut traced.keeper, &scratch, "got", 2);
    traced.keeper.stop();
    let calls = traced.complete();
    let count = |name: &str| calls.iter().filter(|line| line.contains(name)).count();
    assert_eq!((count(" pidfd_open("), count(" pidfd_send_signal("), count("kill(")), (1, 1, 0), "{calls:?}");
}

#[test]
fn a_relative_pid_file_and_its_variable_work() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.mkdir("run");
    scratch.write("run/agent.pid", agent.pid().to_string());
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]);
    command.env("CAPISCIO_SIGNAL_PID_FILE", "run/agent.pid");
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    wait_for_lines(&mut keeper, &scratch, "got", 2);
}
