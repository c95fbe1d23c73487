//! No other process of the same user, no core dump and no freed memory shows the private key.

use crate::common::{Ended, Keeper, RFC_KEY, RFC_SEED, Scratch, capiscio, keep, run_bounded, until, wrap};
use crate::tools::{OTHER_USER, Traced, chown, wait_until_idle};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The seed of the key of RFC 8037, and its SHA-512, whose first half is the signing scalar once five bits are set and
/// cleared (RFC 8032 §5.1.5, §7.1 TEST 1).
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const EXPANDED: &str = "357c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de90f\
                        9b4f0afe280b746a778684e75442502057b7473a03f08f96f5a38e9287e01f8f";

/// Every eighth of the secrets, in the forms in which it might be left: bytes, words of SHA-512, base64url.
fn secrets() -> HashSet<[u8; 8]> {
    let text = RFC_SEED.as_bytes().as_chunks().0.iter().copied();
    let digits = [SEED, EXPANDED].map(str::as_bytes).concat();
    let words = digits
        .as_chunks::<16>()
        .0
        .iter()
        .map(|digits| u64::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap());
    text.chain(words.flat_map(|word| [word.to_be_bytes(), word.to_le_bytes()])).collect()
}

fn contains_secret(bytes: &[u8]) -> bool {
    let secrets = secrets();
    bytes.windows(8).any(|window| secrets.contains(window))
}

/// A line of /proc/PID/status or /proc/PID/limits, without its name.
pub fn proc_line(pid: u32, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// `badge verify`, which waits for a token on stdin.
fn waiting_command(directory: &Path) -> Child {
    let mut command = capiscio(directory);
    command.args(["badge", "verify", "--file", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

/// In sh(1), because a limit of the test itself would hold for all of its threads.
fn with_core_limit(command: &Command) -> Command {
    wrap(&["sh", "-c", "ulimit -S -c $(ulimit -H -c); exec \"$@\"", "sh"], command)
}

#[test]
fn every_command_has_a_soft_core_limit_of_0_and_keep_no_new_privileges() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start_command(&scratch, &mut with_core_limit(&keep(&scratch, "badge.jwt")), "badge.jwt");
    let hard = proc_line(std::process::id(), "limits", "Max core file size").split(' ').nth(1).unwrap().to_owned();
    assert_eq!(proc_line(keeper.child.id(), "limits", "Max core file size"), format!("0 {hard} bytes"));
    assert_eq!(proc_line(keeper.child.id(), "status", "NoNewPrivs:"), "1");
    keeper.stop();
    let mut other = waiting_command(scratch.path());
    until("the limit of another command", || proc_line(other.id(), "limits", "Max core file size").starts_with("0 "));
    drop(other.stdin.take());
    other.wait().unwrap();
}

/// Runs a program as the other user.
fn as_other_user(program: &[&str]) -> Ended {
    let (user, group) = (format!("--reuid={OTHER_USER}"), format!("--regid={OTHER_USER}"));
    let mut command = Command::new("setpriv");
    run_bounded(command.args([&user, &group, "--clear-groups"]).args(program).stdin(Stdio::null()))
}

/// What a process of this user can do with the process `pid`: read its environment, its memory, list its descriptors,
/// trace it.
fn inspections(pid: u32) -> [bool; 4] {
    let cat = |file: &str| as_other_user(&["head", "-c", "1", &format!("/proc/{pid}/{file}")]).code == Some(0);
    let shown = as_other_user(&["ls", &format!("/proc/{pid}/fd")]).code == Some(0);
    // strace writes this once it is attached, and ends with the sleep.
    let tracer = format!("timeout 0.2 strace -p {pid} -o /dev/null 2>&1 | grep -q attached");
    let traced = as_other_user(&["sh", "-c", &tracer]).code == Some(0);
    // Without an address the read itself fails; opening is what the kernel refuses.
    let memory = as_other_user(&["sh", "-c", &format!("exec </proc/{pid}/mem")]).code == Some(0);
    [cat("environ"), memory, shown, traced]
}

#[test]
#[ignore = "needs root and strace: a second user inspects its own processes"]
fn a_process_of_the_same_user_can_neither_read_nor_trace_it() {
    let scratch = Scratch::with_key();
    for name in [".", "private.jwk"] {
        chown(&scratch.join(name), OTHER_USER, OTHER_USER);
    }
    let (user, group) = (format!("--reuid={OTHER_USER}"), format!("--regid={OTHER_USER}"));
    let other_user = ["setpriv", &user, &group, "--clear-groups"];
    let mut ordinary =
        wrap(&other_user, Command::new("sleep").arg("1000").current_dir(scratch.path())).spawn().unwrap();
    until("a process that allows it", || inspections(ordinary.id()) == [true; 4]);
    ordinary.kill().unwrap();
    ordinary.wait().unwrap();
    let mut keeper = Keeper::start_command(&scratch, &mut wrap(&other_user, &keep(&scratch, "badge.jwt")), "badge.jwt");
    assert_eq!(inspections(keeper.child.id()), [false; 4]);
    keeper.stop();
}

/// The kernel's setting for core files, which is restored at the end.
struct CorePattern(String);

impl CorePattern {
    const PATH: &str = "/proc/sys/kernel/core_pattern";

    fn set(pattern: &str) -> CorePattern {
        let before = fs::read_to_string(CorePattern::PATH).unwrap();
        fs::write(CorePattern::PATH, pattern).unwrap();
        CorePattern(before)
    }
}

impl Drop for CorePattern {
    fn drop(&mut self) {
        let _ = fs::write(CorePattern::PATH, &self.0);
    }
}

/// Whether a keeper whose address space is limited to this many KiB issues a badge. It then renews it, if it can. Every
/// file that it leaves is searched.
fn starts_within(kib: u64) -> bool {
    let scratch = Scratch::with_key();
    let limit = format!("--as={}", kib * 1024);
    let mut command = wrap(&["prlimit", &limit, "--core=unlimited"], &keep(&scratch, "badge.jwt"));
    let keeper = RefCell::new(Keeper::spawn(&scratch, &mut command, "badge.jwt"));
    let wait_for = |event| {
        until(event, || keeper.borrow().count(event) > 0 || !keeper.borrow_mut().is_running());
        keeper.borrow_mut().is_running()
    };
    let started = wait_for("started");
    if started {
        keeper.borrow().signal(libc::SIGHUP);
        if wait_for("renewed") {
            keeper.borrow_mut().stop();
        }
    }
    let mut keeper = keeper.into_inner();
    scratch.remove("private.jwk");
    for name in scratch.names() {
        assert!(!contains_secret(&fs::read(scratch.join(&name)).unwrap()), "{kib} KiB: the key is in {name}");
        assert!(!name.starts_with("core"), "{kib} KiB: {name}\n{}", keeper.log());
    }
    let status = keeper.wait();
    let words = match status.code() {
        Some(0) => "\"stopped\"",
        Some(1) => "out of memory",
        // Too little even to load the program: ld.so ends it, or the kernel before its first instruction.
        Some(127) => "error while loading",
        _ if keeper.log().is_empty() => "",
        _ => "no signal",
    };
    assert!(keeper.log().contains(words), "{kib} KiB: {status}\n{}", keeper.log());
    started
}

#[test]
#[ignore = "needs root: sets kernel.core_pattern"]
fn running_out_of_memory_ends_it_with_a_message_and_without_a_core_file() {
    let _pattern = CorePattern::set("core.%p");
    // A program that aborts does leave a core file here.
    let scratch = Scratch::empty();
    let mut abort = Command::new("sh");
    abort.args(["-c", "ulimit -c unlimited; kill -ABRT $$"]).current_dir(scratch.path());
    assert!(!abort.status().unwrap().success() && scratch.names()[0].starts_with("core."), "{:?}", scratch.names());
    let (mut fails, mut starts) = (64, 64 * 1024);
    while starts - fails > 4 {
        let middle = (starts + fails) / 8 * 4;
        if starts_within(middle) { starts = middle } else { fails = middle }
    }
    for kib in (starts.saturating_sub(160)..starts + 16).step_by(4) {
        starts_within(kib);
    }
}

/// The readable memory of a process, mapping by mapping (proc_pid_maps(5)).
fn memory_contains_secret(pid: u32) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    maps.lines().any(|line| {
        let (begin, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; (end - begin) as usize];
        memory.seek(SeekFrom::Start(begin)).unwrap();
        // The kernel refuses its own pages ([vvar], [vsyscall]).
        memory.read_exact(&mut bytes).is_ok() && contains_secret(&bytes)
    })
}

#[test]
#[ignore = "needs root: reads the memory of a keeper"]
fn the_search_finds_a_key_in_memory() {
    let scratch = Scratch::with_key();
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--out", "badge.jwt"]).env("CAPISCIO_AGENT_PRIVATE_KEY_JWK", RFC_KEY);
    assert!(memory_contains_secret(Keeper::start_command(&scratch, &mut command, "badge.jwt").child.id()));
}

/// The keeper is stopped at calls that follow the reading of a key and the signing, before other work covers what those
/// have left, and it is inspected while idle. The key is in memory until the first signature, for which the first random
/// bytes are.
#[test]
#[ignore = "needs root and strace: reads the memory of a keeper"]
fn nothing_of_the_key_remains_in_memory_after_use() {
    let scratch = Scratch::with_key();
    let stop = ["-e", "trace=getrandom,newfstatat,fsync", "-e", "inject=newfstatat,fsync:signal=SIGSTOP"];
    let traced = Traced::spawn(&scratch, &stop, &[]);
    let stops = |traced: &Traced| traced.lines().iter().filter(|line| line.contains("stopped by SIGSTOP")).count();
    let mut inspected = 0;
    for badges in 1..=3 {
        let is_issued = |traced: &Traced| traced.keeper.count("started") + traced.keeper.count("renewed") >= badges;
        loop {
            until("a stop or the badge", || stops(&traced) > inspected || is_issued(&traced));
            if stops(&traced) == inspected {
                break;
            }
            let (lines, found) = (traced.lines(), memory_contains_secret(traced.keeper.child.id()));
            let is_signed = lines.iter().any(|line| line.contains("getrandom("));
            assert_eq!(found, !is_signed, "{}", lines.join("\n"));
            inspected += 1;
            traced.keeper.signal(libc::SIGCONT);
        }
        wait_until_idle(&traced.keeper);
        assert!(!memory_contains_secret(traced.keeper.child.id()), "after {badges} badges");
        traced.keeper.signal(libc::SIGHUP);
    }
    assert!(inspected > 3, "{}", traced.lines().join("\n"));
}
