//! Shared by the black-box tests: a scratch directory, the real binary, a running keeper, bounded polls.
#![allow(dead_code, reason = "each test file uses its own part")]

use capiscio::badge::verify::{Claims, Rules, verify};
use capiscio::encoding::json::{Json, parse};
use capiscio::key::PublicKey;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::thread::{scope, sleep, spawn};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The private key of RFC 8037, appendix A.1, and its did:key.
pub const RFC_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
pub const RFC_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
pub const RFC_PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
pub const RFC_DID: &str = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";

/// The bound of every poll: only a failure reaches it.
pub const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A directory for one test, removed at its end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn empty() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("capiscio-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// A directory with the key of RFC 8037 in `private.jwk`.
    pub fn with_key() -> Scratch {
        let scratch = Scratch::empty();
        scratch.write_private("private.jwk", RFC_KEY);
        scratch
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Creates a directory and its parents.
    pub fn mkdir(&self, name: impl AsRef<Path>) {
        fs::create_dir_all(self.join(name)).unwrap();
    }

    pub fn mkfifo(&self, name: impl AsRef<Path>) {
        assert!(Command::new("mkfifo").arg("--").arg(self.join(name)).status().unwrap().success());
    }

    pub fn symlink(&self, target: impl AsRef<Path>, name: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.join(name)).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.join(from), self.join(to)).unwrap();
    }

    pub fn remove(&self, name: impl AsRef<Path>) {
        fs::remove_file(self.join(name)).unwrap();
    }

    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        fs::write(self.join(name), content).unwrap();
    }

    /// Writes a file with mode 0600.
    pub fn write_private(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::write(&path, content).unwrap();
        chmod(&path, 0o600);
    }

    pub fn read(&self, name: impl AsRef<Path>) -> String {
        fs::read_to_string(self.join(name)).unwrap()
    }

    /// The names of all files, sorted.
    pub fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Permission bits.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The command line of the binary under test. `CAPISCIO_TEST_BINARY` names another build of it, behind a runner if need
/// be ("qemu-aarch64-static path").
pub fn binary() -> Vec<String> {
    let chosen = std::env::var("CAPISCIO_TEST_BINARY").ok();
    let words = chosen.as_deref().unwrap_or(env!("CARGO_BIN_EXE_capiscio")).split_ascii_whitespace();
    words.map(str::to_owned).collect()
}

/// The real binary in `directory`, with no environment but `PATH`.
pub fn capiscio(directory: &Path) -> Command {
    let words = binary();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(directory).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    ends_with_its_test(command)
}

/// The process is killed when the thread that starts it ends, also by a signal (PR_SET_PDEATHSIG(2const)).
fn ends_with_its_test(mut command: Command) -> Command {
    // SAFETY: prctl(2) is async-signal-safe and takes integers here.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    command
}

/// `badge keep --key private.jwk --out OUT`.
pub fn keep(scratch: &Scratch, out: impl AsRef<OsStr>) -> Command {
    let mut command = capiscio(scratch.path());
    command.args(["badge", "keep", "--key", "private.jwk", "--out"]).arg(out);
    command
}

/// The command run by another program: `strace ...`, `setpriv ...`, `sh -c '... exec "$@"' sh`.
pub fn wrap(prefix: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(prefix[0]);
    outer.args(&prefix[1..]).arg(command.get_program()).args(command.get_args());
    outer.current_dir(command.get_current_dir().unwrap()).env_clear().stdin(Stdio::null());
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    ends_with_its_test(outer)
}

/// Runs a command of the program to its end, as [`finish`].
pub fn run<S: AsRef<OsStr>>(directory: &Path, arguments: &[S]) -> Ended {
    run_bounded(capiscio(directory).args(arguments))
}

/// Runs a command to its end, as [`finish`].
pub fn run_bounded(command: &mut Command) -> Ended {
    finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// The end and the output of a command. After [`TIMEOUT`] it is killed, and the test fails.
pub fn finish(child: Child) -> Ended {
    finish_within(TIMEOUT, child)
}

pub fn finish_within(limit: Duration, child: Child) -> Ended {
    let pid = child.id();
    let output = within(limit, move || child.wait_with_output());
    Ended::from(output.map(Result::unwrap).unwrap_or_else(|| {
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        // SAFETY: kill(2) takes two integers; the child is not reaped as long as it or its output has not ended.
        unsafe { libc::kill(pid as i32, libc::SIGKILL) };
        panic!("timeout: {} does not end", command.replace('\0', " "))
    }))
}

/// The result of a call that may block. After [`TIMEOUT`] the test fails.
pub fn bounded<T: Send + 'static>(what: &str, call: impl FnOnce() -> T + Send + 'static) -> T {
    within(TIMEOUT, call).unwrap_or_else(|| panic!("timeout: {what}"))
}

/// `None`: the call takes longer; its thread is left behind.
fn within<T: Send + 'static>(limit: Duration, call: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = channel();
    spawn(move || sender.send(call()));
    receiver.recv_timeout(limit).ok()
}

/// Repeats `background` in another thread while `test` runs. It ends with `test`, also by a panic.
pub fn meanwhile<T>(mut background: impl FnMut() + Send, test: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                background();
            }
        });
        let _stop = SetOnDrop(&stop);
        test()
    })
}

/// Ends the loops of other threads, for which [`scope`] waits also after a panic.
pub struct SetOnDrop<'a>(pub &'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The command failed with exit status 1, and stderr contains each of these words.
    pub fn assert_failed(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in: {}", self.stderr);
        }
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// One line of the JSON log.
pub struct LogLine(Json);

impl LogLine {
    /// `None` while the line is incomplete.
    pub fn parse(line: &str) -> Option<LogLine> {
        parse(line).map(LogLine)
    }

    fn member(&self, name: &str) -> &Json {
        let member = self.0.as_object().and_then(|object| object.get(name));
        member.unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    pub fn text(&self, name: &str) -> &str {
        self.member(name).as_str().unwrap_or_else(|| panic!("{name} is not a string in {:?}", self.0))
    }

    pub fn number(&self, name: &str) -> i64 {
        match self.member(name) {
            Json::Unsigned(number) => *number as i64,
            _ => panic!("{name} is not an integer in {:?}", self.0),
        }
    }
}

/// A running `badge keep`, killed at the end of the test, however it ends. Its stderr goes to a file beside the scratch directory.
pub struct Keeper {
    pub child: Child,
    log: PathBuf,
    out: PathBuf,
}

impl Keeper {
    /// Starts a keeper of `badge.jwt` with these further arguments and waits for the first badge.
    pub fn start(scratch: &Scratch, arguments: &[&str]) -> Keeper {
        Keeper::start_command(scratch, keep(scratch, "badge.jwt").args(arguments), "badge.jwt")
    }

    /// Starts any command that writes badges to `out` and waits for the first one.
    pub fn start_command(scratch: &Scratch, command: &mut Command, out: impl AsRef<Path>) -> Keeper {
        let mut keeper = Keeper::spawn(scratch, command, out);
        keeper.wait_for("started");
        keeper
    }

    /// Starts any command that writes badges to `out`. It logs JSON unless an argument of it says otherwise.
    pub fn spawn(scratch: &Scratch, command: &mut Command, out: impl AsRef<Path>) -> Keeper {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}.{}.log", scratch.path().display(), COUNT.fetch_add(1, Ordering::Relaxed));
        let log = PathBuf::from(name);
        command.env("CAPISCIO_LOG_FORMAT", "json").stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        Keeper { child: command.spawn().unwrap(), log, out: scratch.join(out) }
    }

    /// Starts a command whose stderr the test has set up, and does not wait.
    pub fn without_log(scratch: &Scratch, command: &mut Command) -> Keeper {
        Keeper { child: command.spawn().unwrap(), log: PathBuf::new(), out: scratch.join("badge.jwt") }
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The lines of the JSON log.
    pub fn lines(&self) -> Vec<LogLine> {
        self.log().lines().filter_map(LogLine::parse).collect()
    }

    /// The event of each line.
    pub fn events(&self) -> Vec<String> {
        self.lines().iter().map(|line| line.text("event").to_owned()).collect()
    }

    /// How many lines have this event.
    pub fn count(&self, event: &str) -> usize {
        self.lines().iter().filter(|line| line.text("event") == event).count()
    }

    /// The sentences of this event.
    pub fn messages(&self, event: &str) -> Vec<String> {
        let lines = self.lines();
        let lines = lines.iter().filter(|line| line.text("event") == event);
        lines.map(|line| line.text("message").to_owned()).collect()
    }

    /// How many sentences of this event contain `words`.
    pub fn count_with(&self, event: &str, words: &str) -> usize {
        self.messages(event).iter().filter(|message| message.contains(words)).count()
    }

    /// The content of the badge file; empty for a FIFO.
    pub fn badge(&self) -> Option<String> {
        let mut badge = String::new();
        let mut file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&self.out).ok()?;
        file.read_to_string(&mut badge).ok()?;
        Some(badge)
    }

    /// The claims of the badge, which must be valid now.
    pub fn assert_good(&self) -> Claims {
        assert_good(&self.out)
    }

    /// Waits until the log has a line with this event.
    pub fn wait_for(&mut self, event: &str) {
        self.wait_for_count(event, 1);
    }

    /// Waits until the log has this many lines with this event.
    pub fn wait_for_count(&mut self, event: &str, count: usize) {
        self.until(&format!("{count} x {event}"), |keeper| keeper.count(event) >= count);
    }

    /// Waits until the file holds this badge.
    pub fn wait_for_badge(&mut self, badge: &str) {
        self.until("the badge is back", |keeper| keeper.badge().as_deref() == Some(badge));
    }

    /// Polls for a condition while the keeper runs.
    pub fn until(&mut self, what: &str, condition: impl Fn(&Keeper) -> bool) {
        let begin = Instant::now();
        while !condition(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(condition(self), "the keeper ended ({status}) before: {what}\n{}", self.log());
                return;
            }
            assert!(begin.elapsed() < TIMEOUT, "timeout: {what}\n{}", self.log());
            sleep(POLL_INTERVAL);
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn signal(&self, signal: libc::c_int) {
        // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
        assert_eq!(unsafe { libc::kill(self.pid(), signal) }, 0);
    }

    /// Requests a renewal and waits for it.
    pub fn renew(&mut self) {
        let before = self.count("renewed");
        self.signal(libc::SIGHUP);
        self.wait_for_count("renewed", before + 1);
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < TIMEOUT, "the keeper does not end\n{}", self.log());
            sleep(POLL_INTERVAL);
        }
    }

    /// Ends it as a supervisor does; the exit status must be 0.
    pub fn stop(&mut self) {
        self.signal(libc::SIGTERM);
        assert_eq!(self.wait().code(), Some(0), "{}", self.log());
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// Both ends of a new terminal: the one of its emulator, and the one of its programs.
pub fn terminal() -> (fs::File, fs::File) {
    let (mut emulator, mut programs) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: openpty(3) fills the two integers; the other pointers may be null.
    assert_eq!(unsafe { libc::openpty(&raw mut emulator, &raw mut programs, null, null.cast(), null.cast()) }, 0);
    // SAFETY: fcntl takes integers; both descriptors were opened just now and have no other owner.
    unsafe {
        // A program that inherits the emulator's end keeps its own terminal open.
        libc::fcntl(emulator, libc::F_SETFD, libc::FD_CLOEXEC);
        (fs::File::from_raw_fd(emulator), fs::File::from_raw_fd(programs))
    }
}

/// Makes the terminal the controlling one of the command, which leads a session of its own.
pub fn in_session_of(command: &mut Command, programs: &fs::File) {
    let raw = programs.as_raw_fd();
    // SAFETY: setsid(2) and ioctl(2) are async-signal-safe, and the caller keeps the terminal open until after the spawn.
    unsafe {
        command.pre_exec(move || {
            libc::setsid();
            if libc::ioctl(raw, libc::TIOCSCTTY, 0) == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        });
    }
    command.stderr(programs.try_clone().unwrap());
}

/// Waits until the only thread of a process sleeps: in this program, until a system call blocks (proc_pid_stat(5)).
pub fn wait_until_blocked(pid: u32) {
    until("it sleeps", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('S')
    });
}

/// Polls for a condition.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < TIMEOUT, "timeout: {what}");
        sleep(POLL_INTERVAL);
    }
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// The claims of the badge in a file, as [`assert_valid`].
pub fn assert_good(path: &Path) -> Claims {
    assert_valid(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The claims of a badge that the key of RFC 8037 signed and that is valid now.
pub fn assert_valid(token: &str) -> Claims {
    verify_with(RFC_PUBLIC, token).unwrap_or_else(|error| panic!("{error}\n{token}"))
}

/// The claims of a badge that this public JWK verifies and that is valid now.
pub fn verify_with(jwk: &str, token: &str) -> Result<Claims, String> {
    let key = PublicKey::from_jwk(jwk).unwrap();
    let rules =
        Rules { key: Some(&key), accept_self_signed: false, trusted_issuers: &[], audience: None, skew: 0, now: now() };
    verify(token.as_bytes(), &rules).map_err(|invalid| invalid.to_string())
}

/// xorshift64*: the same seed gives the same numbers. The seed is not 0.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// 0 to `end` - 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
