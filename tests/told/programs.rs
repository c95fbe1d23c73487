//! Programs that a keeper runs or signals, as small shell scripts, and what /proc shows of a process.

use crate::common::{Keeper, Scratch, bounded, keep, names_in, until, wrap};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Notes event, expiry, jti, subject and path of the badge, and what failed, in the file `runs`.
pub const RECORD: &str = "echo \"$CAPISCIO_EVENT $CAPISCIO_BADGE_EXP $CAPISCIO_BADGE_JTI $CAPISCIO_BADGE_SUB \
    $BADGE_FILE|$CAPISCIO_MESSAGE\" >>runs";
/// Blocks until the test calls [`release`]. A program that a parallel test starts may hold the FIFO open for a moment
/// after an earlier release, which looks like the end of a file.
pub const WAIT: &str = "until read line <gate || ! [ -e gate ]; do :; done";
/// Writes the pid to the file `pid`. While sh(1) starts a program, it blocks signals, so it starts none.
pub const PID: &str = "echo $$ >pid";

/// An executable shell script in the directory, which is its working directory. Another process writes it: a program
/// that a parallel test starts would inherit the open file for a moment, and then execve(2) fails with ETXTBSY.
pub fn script(scratch: &Scratch, name: &str, text: &str) -> String {
    install(scratch, name, &format!("#!/bin/sh\ncd \"${{0%/*}}\" || exit 99\n{text}\n"))
}

/// An executable file, as [`script`].
pub fn install(scratch: &Scratch, name: &str, content: &str) -> String {
    let path = scratch.join(name);
    install_with_mode(&path, 0o755, content);
    path.to_str().unwrap().to_owned()
}

/// A file with this mode, as [`script`].
pub fn install_with_mode(path: &Path, mode: u32, content: &str) {
    let write = r#"cat >"$0.new" && chmod "$1" "$0.new" && mv "$0.new" "$0""#;
    let mut writer = Command::new("sh");
    let mut writer =
        writer.args(["-c", write]).arg(path).arg(format!("{mode:o}")).stdin(Stdio::piped()).spawn().unwrap();
    writer.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

/// Starts a keeper with this script as its hook.
pub fn hooked(scratch: &Scratch, text: &str, arguments: &[&str]) -> Keeper {
    let hook = script(scratch, "hook", text);
    Keeper::start(scratch, &[&["--hook", &*hook], arguments].concat())
}

/// `badge keep ARGUMENTS -- sh -c TEXT`. The shell stays a process of its own.
pub fn with_child(scratch: &Scratch, arguments: &[&str], text: &str) -> Command {
    let mut command = keep(scratch, "badge.jwt");
    command.args(arguments).args(["--", "sh", "-c", text]);
    command
}

/// The lines of a file that a script appends to; none while it is missing.
pub fn lines(scratch: &Scratch, name: &str) -> Vec<String> {
    let text = fs::read_to_string(scratch.join(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Waits until a script has appended this many lines.
pub fn wait_for_lines(keeper: &mut Keeper, scratch: &Scratch, name: &str, count: usize) -> Vec<String> {
    keeper.until(&format!("{count} lines in {name}"), |_| lines(scratch, name).len() >= count);
    lines(scratch, name)
}

/// Lets one script go on that waits at this FIFO.
pub fn release(scratch: &Scratch) {
    let gate = scratch.join("gate");
    bounded("a script waits", move || fs::write(gate, "go\n").unwrap());
}

/// The pid that a script has written.
pub fn wait_for_pid(scratch: &Scratch) -> i32 {
    until("the pid", || fs::read_to_string(scratch.join("pid")).is_ok_and(|pid| pid.ends_with('\n')));
    scratch.read("pid").trim().parse().unwrap()
}

/// What a file in the directory of a process in /proc says, without the name of the line.
pub fn proc_line(pid: i32, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// A field of /proc/PID/stat from the third one on (proc_pid_stat(5)). `None`: there is no such process.
fn stat(pid: i32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(field - 3).map(str::to_owned)
}

pub fn process_group(pid: i32) -> i32 {
    stat(pid, 5).unwrap().parse().unwrap()
}

pub fn session(pid: i32) -> i32 {
    stat(pid, 6).unwrap().parse().unwrap()
}

/// The process is gone, or has ended and its parent has not waited for it yet.
pub fn has_ended(pid: i32) -> bool {
    stat(pid, 3).is_none_or(|state| state == "Z" || state == "X")
}

/// The pids of all children, zombies too.
pub fn children(parent: i32) -> Vec<i32> {
    let pids = names_in(Path::new("/proc")).into_iter().filter_map(|name| name.parse().ok());
    pids.filter(|pid| stat(*pid, 4).is_some_and(|found| found == parent.to_string())).collect()
}

/// The open descriptors and what they refer to, without the script that sh(1) reads.
pub fn descriptors(pid: i32, script: &str) -> Vec<(u32, String)> {
    let directory = format!("/proc/{pid}/fd");
    let mut found: Vec<_> = names_in(Path::new(&directory))
        .into_iter()
        .map(|number| {
            let target = fs::read_link(format!("{directory}/{number}")).unwrap();
            (number.parse().unwrap(), target.to_string_lossy().into_owned())
        })
        .filter(|(_, target)| target != script)
        .collect();
    found.sort();
    found
}

/// The environment with which a process was started, sorted.
pub fn environment(pid: i32) -> Vec<(String, String)> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let pairs = text.split_terminator('\0').map(|pair| pair.split_once('=').unwrap());
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.sort();
    pairs
}

/// A process that a keeper signals, killed at the end of the test. Its signals have their default actions, whatever the
/// test was started with, and it leads a process group.
pub struct Agent(pub Child);

impl Agent {
    pub fn spawn<S: AsRef<OsStr>>(scratch: &Scratch, program: &[S]) -> Agent {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).current_dir(scratch.path()).stdin(Stdio::null()).process_group(0);
        // SAFETY: signal(2) is async-signal-safe and takes integers here.
        unsafe {
            command.pre_exec(|| {
                for signal in 1..32 {
                    libc::signal(signal, libc::SIG_DFL);
                }
                Ok(())
            });
        }
        Agent(command.spawn().unwrap())
    }

    /// A process that any signal ends.
    pub fn sleeping(scratch: &Scratch) -> Agent {
        Agent::spawn(scratch, &["sleep", "1000"])
    }

    /// A process that notes each signal in the file `got`. The first line is `ready`.
    pub fn recording(scratch: &Scratch) -> Agent {
        let agent = Agent::spawn(scratch, &["sh", "-c", &recording("")]);
        until("the agent is ready", || !lines(scratch, "got").is_empty());
        agent
    }

    pub fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A shell text that notes each signal in the file `got`, after the line `ready`, until the file is gone. `on_term`
/// follows a TERM. A shell handles a signal when the program that it waits for has ended.
pub fn recording(on_term: &str) -> String {
    let names = ["HUP", "INT", "QUIT", "USR1", "USR2", "WINCH"];
    let traps: Vec<_> = names.iter().map(|name| format!("trap 'echo {name} >>got' {name}")).collect();
    let term = format!("trap 'echo TERM >>got; {on_term}' TERM");
    format!("{}\n{term}\necho ready >>got\nwhile [ -e got ]; do sleep 0.02; done", traps.join("\n"))
}

/// The running processes of a process group.
pub fn members(group: i32) -> Vec<i32> {
    let pids = names_in(Path::new("/proc")).into_iter().filter_map(|name| name.parse().ok());
    pids.filter(|pid| stat(*pid, 5).is_some_and(|found| found == group.to_string()) && !has_ended(*pid)).collect()
}

/// The keeper's parent has a core limit, blocks SIGHUP, ignores these signals, and leaves a file open.
pub fn from_a_peculiar_parent(ignored: &str, command: &Command) -> Command {
    let shell = r#"umask 027; ulimit -S -c "$(ulimit -H -c)"; trap "" $0; exec "$@" 7</dev/zero"#;
    let mut command = wrap(&["sh", "-c", shell, ignored], command);
    // SAFETY: sigemptyset(3), sigaddset(3) and sigprocmask(2) are async-signal-safe; the set is a local value.
    unsafe {
        command.pre_exec(|| {
            let mut hang_up = std::mem::zeroed();
            libc::sigemptyset(&raw mut hang_up);
            libc::sigaddset(&raw mut hang_up, libc::SIGHUP);
            match libc::sigprocmask(libc::SIG_BLOCK, &raw const hang_up, std::ptr::null_mut()) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    command
}

/// The signals of a line of /proc/PID/status, without those that the C library keeps for itself (signal(7)).
pub fn signals(pid: i32, name: &str) -> Vec<u32> {
    let bits = u64::from_str_radix(&proc_line(pid, "status", name), 16).unwrap();
    (1..=64).filter(|signal| bits >> (signal - 1) & 1 == 1 && !(32..=34).contains(signal)).collect()
}
