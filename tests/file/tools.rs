//! What the tests of the file need beside the common things: wrappers, mounts, other users, measurements.

use crate::common::{Ended, Keeper, PATIENCE, Scratch, capiscio, claims, names_in, until};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A user and a group that own nothing on any machine.
pub const STRANGER: u32 = 54_321;

/// The arguments that every keeper of these tests gets.
pub const KEEP: [&str; 6] = ["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"];

/// The real binary behind another program: `strace ...`, `setpriv ...`, `sh -c '... exec "$@"' sh`.
pub fn behind(prefix: &[&str], directory: &Path) -> Command {
    let inner = capiscio(directory);
    let mut command = Command::new(prefix[0]);
    command.args(&prefix[1..]).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(directory).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// A keeper whose system calls are written to `trace` beside its directory, some of them with faults. Its pid is
/// the keeper's own: strace stands behind it.
pub struct Traced {
    pub keeper: Keeper,
    trace: PathBuf,
}

impl Traced {
    pub fn spawn(scratch: &Scratch, strace: &[&str], arguments: &[&str]) -> Traced {
        let trace = PathBuf::from(format!("{}.trace", scratch.path().display()));
        let mut prefix = vec!["strace", "-D", "-f", "-y", "-s", "64", "-o", trace.to_str().unwrap()];
        prefix.extend_from_slice(strace);
        let mut command = behind(&prefix, scratch.path());
        command.args(KEEP).args(arguments);
        Traced { keeper: Keeper::of(scratch, command, "badge.jwt"), trace }
    }

    pub fn start(scratch: &Scratch, strace: &[&str], arguments: &[&str]) -> Traced {
        let mut traced = Traced::spawn(scratch, strace, arguments);
        traced.keeper.until("it has started", |keeper| keeper.log().contains("started"));
        traced
    }

    pub fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.trace).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Whether a fault was really put in.
    pub fn injected(&self) -> bool {
        self.lines().iter().any(|line| line.contains("INJECTED"))
    }

    /// The lines once the tracer has written the end of the process.
    pub fn complete(&mut self) -> Vec<String> {
        let begin = Instant::now();
        while !self.lines().iter().any(|line| line.contains("+++ exited") || line.contains("+++ killed")) {
            assert!(begin.elapsed() < PATIENCE, "the trace does not end");
            sleep(Duration::from_millis(5));
        }
        self.lines()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.trace);
    }
}

/// Runs a shell command that must succeed.
pub fn sh(command: &str) -> String {
    let done = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(done.status.success(), "{command}\n{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Runs a command that is to end by itself; one that does not is killed.
pub fn ended(command: &mut Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE / 3 {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(2));
    }
    Ended::from(child.wait_with_output().unwrap())
}

/// `badge keep` for this file in this directory, which is to end by itself.
pub fn keep_ends(scratch: &Scratch, out: &str) -> Ended {
    ended(capiscio(scratch.path()).args(KEEP).args(["--out", out]))
}

/// Something mounted for as long as a test lasts.
pub struct Mounted(PathBuf);

impl Mounted {
    /// `mount OPTIONS PLACE`
    pub fn new(options: &str, place: &Path) -> Mounted {
        sh(&format!("mount {options} '{}'", place.display()));
        Mounted(place.to_path_buf())
    }

    /// A scratch directory on a tmpfs of its own, with the key of RFC 8037.
    pub fn tmpfs(options: &str) -> (Mounted, Scratch) {
        let scratch = Scratch::empty();
        let mounted = Mounted::new(&format!("-t tmpfs -o {options} tmpfs"), scratch.path());
        scratch.write_private("private.jwk", crate::common::RFC_KEY);
        (mounted, scratch)
    }

    /// A scratch directory on an ext4 of its own, in a loop device, with the key of RFC 8037.
    pub fn ext4(mkfs: &str, options: &str) -> (Mounted, Scratch) {
        let scratch = Scratch::empty();
        let image = format!("{}.img", scratch.path().display());
        sh(&format!("truncate -s 8M '{image}' && mkfs.ext4 -q -F {mkfs} '{image}'"));
        let mounted = Mounted::new(&format!("-o loop{options} '{image}'"), scratch.path());
        // The loop device holds the image; its name is not needed any more.
        fs::remove_file(&image).unwrap();
        let _ = fs::remove_dir(scratch.join("lost+found"));
        scratch.write_private("private.jwk", crate::common::RFC_KEY);
        (mounted, scratch)
    }

    pub fn remount(&self, options: &str) {
        sh(&format!("mount -o remount,{options} '{}'", self.0.display()));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Permission bits.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn chown(path: &Path, user: u32, group: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(group)).unwrap();
}

pub fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// `rm -r` of a directory in which a keeper restores its badge at the same time: it may take a second try.
pub fn remove_all(directory: &Path) {
    until("the directory is removed", || fs::remove_dir_all(directory).is_ok() || !directory.exists());
}

/// The names in a directory, hidden ones too, without the key.
pub fn leftovers(directory: &Path) -> Vec<String> {
    names_in(directory).into_iter().filter(|name| name != "private.jwk").collect()
}

/// The badge that stands there is whole, signed by the RFC 8037 key and valid now.
pub fn is_good(path: &Path) -> bool {
    let token = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    claims(&token).exp > 0
}

/// How often a process has gone to sleep so far: while it sleeps, the number stands still.
pub fn sleeps(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// CPU time used so far, in ticks of 10 ms (proc_pid_stat(5), fields 14 and 15).
pub fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Waits until the keeper has not woken for a while.
pub fn settled(pid: i32) {
    let begin = Instant::now();
    let mut before = sleeps(pid);
    loop {
        sleep(Duration::from_millis(100));
        let after = sleeps(pid);
        if after == before {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "the keeper never rests");
        before = after;
    }
}

/// How many renewals and starts the log tells of.
pub fn issued(keeper: &Keeper) -> usize {
    keeper.lines_with("info: renewed") + keeper.lines_with("info: started")
}

/// Asks for a renewal and waits for it.
pub fn renew(keeper: &mut Keeper) {
    let before = issued(keeper);
    keeper.signal(libc::SIGHUP);
    keeper.until("it has renewed", |keeper| issued(keeper) > before);
}
