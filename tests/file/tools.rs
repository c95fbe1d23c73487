//! Used only by the tests of the file: traces, mounts, other users, measurements.

use crate::common::{Keeper, RFC_KEY, Scratch, TIMEOUT, keep, names_in, run_bounded, until, wrap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A user and a group that own nothing on any machine.
pub const OTHER_USER: u32 = 54_321;

/// A failed write is tried again every second.
pub const FAST_RETRY: [&str; 4] = ["--exp", "60s", "--renew-before", "10s"];

/// A keeper whose system calls strace writes to a file beside its directory, and makes some of them fail. strace runs
/// as a grandchild (-D), so the pid is the keeper's own.
pub struct Traced {
    pub keeper: Keeper,
    trace: PathBuf,
}

impl Traced {
    pub fn spawn(scratch: &Scratch, strace: &[&str], arguments: &[&str]) -> Traced {
        Traced::spawn_command(scratch, strace, keep(scratch, "badge.jwt").args(arguments), "badge.jwt")
    }

    /// A command that writes `out`.
    pub fn spawn_command(scratch: &Scratch, strace: &[&str], command: &Command, out: &str) -> Traced {
        let trace = PathBuf::from(format!("{}.trace", scratch.path().display()));
        let prefix = [&["strace", "-D", "-f", "-y", "-s", "64", "-o", trace.to_str().unwrap()], strace].concat();
        Traced { keeper: Keeper::spawn(scratch, &mut wrap(&prefix, command), out), trace }
    }

    pub fn start(scratch: &Scratch, strace: &[&str], arguments: &[&str]) -> Traced {
        let mut traced = Traced::spawn(scratch, strace, arguments);
        traced.keeper.wait_for("started");
        traced
    }

    pub fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.trace).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// A fault was injected, or a call delayed.
    pub fn assert_injected(&self) {
        let is_injected = |line: &String| line.contains("(INJECTED") || line.contains("(DELAYED)");
        assert!(self.lines().iter().any(is_injected), "{}", self.lines().join("\n"));
    }

    /// All lines, once strace has written the end of the process.
    pub fn complete(&mut self) -> Vec<String> {
        until("the end of the trace", || {
            self.lines().iter().any(|line| line.contains("+++ exited") || line.contains("+++ killed"))
        });
        self.lines()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.trace);
    }
}

/// The command run by the user OTHER_USER without further groups.
pub fn as_other_user(command: &Command) -> Command {
    let (user, group) = (format!("--reuid={OTHER_USER}"), format!("--regid={OTHER_USER}"));
    wrap(&["setpriv", &user, &group, "--clear-groups"], command)
}

/// Runs a shell command as OTHER_USER; it must succeed.
pub fn sh_as_other_user(command: &str) {
    let mut shell = Command::new("sh");
    let done =
        as_other_user(shell.args(["-c", command]).current_dir("/")).env("PATH", "/bin:/usr/bin").output().unwrap();
    assert!(done.status.success(), "{command}\n{}", String::from_utf8_lossy(&done.stderr));
}

/// Runs a shell command that must succeed.
pub fn sh(command: &str) {
    let done = run_bounded(Command::new("sh").args(["-c", command]));
    assert_eq!(done.code, Some(0), "{command}\n{}", done.stderr);
}

/// `badge keep --out OUT` fails at once, with these words on stderr.
pub fn assert_keep_fails(scratch: &Scratch, out: &str, words: &[&str]) {
    run_bounded(&mut keep(scratch, out)).assert_failed(words);
}

/// A file system that is mounted for as long as a test lasts.
pub struct Mounted(PathBuf);

impl Mounted {
    /// `mount OPTIONS DIRECTORY`
    pub fn new(options: &str, directory: &Path) -> Mounted {
        sh(&format!("mount {options} '{}'", directory.display()));
        Mounted(directory.to_path_buf())
    }

    /// A scratch directory on a tmpfs, with the key of RFC 8037.
    pub fn tmpfs(options: &str) -> (Mounted, Scratch) {
        let scratch = Scratch::empty();
        let mounted = Mounted::new(&format!("-t tmpfs -o {options} tmpfs"), scratch.path());
        scratch.write_private("private.jwk", RFC_KEY);
        (mounted, scratch)
    }

    /// A scratch directory on an ext4 of 8 MiB, with the key of RFC 8037.
    pub fn ext4() -> (Mounted, Scratch) {
        let image = Scratch::empty();
        // The loop device keeps the image after its name is gone.
        Mounted::ext4_in(&image.join("image"))
    }

    /// The same in this image, which is created.
    pub fn ext4_in(image: &Path) -> (Mounted, Scratch) {
        let (scratch, image) = (Scratch::empty(), image.display());
        sh(&format!("truncate -s 8M '{image}' && mkfs.ext4 -q -F -O ^has_journal '{image}'"));
        let mounted = Mounted::new(&format!("-o loop,errors=continue '{image}'"), scratch.path());
        fs::remove_dir(scratch.join("lost+found")).unwrap();
        scratch.write_private("private.jwk", RFC_KEY);
        (mounted, scratch)
    }

    pub fn remount(&self, options: &str) {
        sh(&format!("mount -o remount,{options} '{}'", self.0.display()));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        // Its scratch directory was dropped before and could not remove the mount point.
        let _ = fs::remove_dir(&self.0);
    }
}

pub fn chown(path: &Path, user: u32, group: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(group)).unwrap();
}

pub fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// `rm -r`. A keeper may restore its badge meanwhile, so it may take a second try.
pub fn remove_all(directory: &Path) {
    until("the directory is removed", || fs::remove_dir_all(directory).is_ok() || !directory.exists());
}

/// The names in a directory, hidden ones too, without the key.
pub fn names_but_key(directory: &Path) -> Vec<String> {
    names_in(directory).into_iter().filter(|name| name != "private.jwk").collect()
}

/// How often the keeper went to sleep so far. While it sleeps, the number does not change.
pub fn sleeps(keeper: &Keeper) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", keeper.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// CPU time used so far, in ticks of 10 ms (proc_pid_stat(5), fields 14 and 15).
pub fn cpu_ticks(keeper: &Keeper) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", keeper.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Waits until the keeper has slept for 100 ms without a wake.
pub fn wait_until_idle(keeper: &Keeper) {
    let begin = Instant::now();
    let mut before = sleeps(keeper);
    loop {
        sleep(Duration::from_millis(100));
        let after = sleeps(keeper);
        if after == before {
            return;
        }
        assert!(begin.elapsed() < TIMEOUT, "the keeper is never idle");
        before = after;
    }
}

/// A timer of a keeper, from /proc/PID/fdinfo (proc_pid_fdinfo(5)).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerInfo {
    pub clock: i32,
    /// Of timerfd_settime(2).
    pub flags: i32,
    /// Until it fires; zero: it is not armed.
    pub remaining: Duration,
    pub interval: Duration,
}

/// All timers of a keeper, by clock.
pub fn timers(keeper: &Keeper) -> Vec<TimerInfo> {
    let files = fs::read_dir(format!("/proc/{}/fdinfo", keeper.pid())).unwrap();
    let infos = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let mut timers: Vec<_> = infos.filter(|info| info.contains("\nclockid:")).map(|info| timer(&info)).collect();
    timers.sort();
    timers
}

fn timer(info: &str) -> TimerInfo {
    let value = |name| info.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    let time = |name| {
        let (seconds, nanos) = value(name).trim_matches(['(', ')']).split_once(", ").unwrap();
        Duration::new(seconds.parse().unwrap(), nanos.parse().unwrap())
    };
    TimerInfo {
        clock: value("clockid:").parse().unwrap(),
        flags: i32::from_str_radix(value("settime flags:"), 8).unwrap(),
        remaining: time("it_value:"),
        interval: time("it_interval:"),
    }
}

pub fn own_group() -> String {
    // SAFETY: getegid(2) has no arguments and always succeeds.
    unsafe { libc::getegid() }.to_string()
}
