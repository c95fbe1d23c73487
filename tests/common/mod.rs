//! What every black-box test needs: a scratch directory, the real binary, a running keeper, bounded waits.
#![allow(dead_code, reason = "each test file uses its own part")]

use capiscio::badge::verify::{Claims, Rules, verify};
use capiscio::key::PublicKey;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The private key of RFC 8037, appendix A.1, and its did:key.
pub const RFC_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
pub const RFC_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
pub const RFC_PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
pub const RFC_DID: &str = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";

/// A directory of its own for each test, removed at its end.
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty directory.
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

    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        fs::write(self.join(name), content).unwrap();
    }

    /// Writes a file with mode 0600.
    pub fn write_private(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
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

/// The words that start the binary under test. `CAPISCIO_TEST_BINARY` names another build of it, with a runner before
/// it if need be ("qemu-aarch64-static path").
pub fn binary() -> Vec<String> {
    let chosen = std::env::var("CAPISCIO_TEST_BINARY").ok();
    let words = chosen.as_deref().unwrap_or(env!("CARGO_BIN_EXE_capiscio")).split_ascii_whitespace();
    words.map(str::to_owned).collect()
}

/// The real binary, in `directory`, with an environment in which nothing speaks to it.
pub fn capiscio(directory: &Path) -> Command {
    let words = binary();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(directory).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command of the program to its end.
pub fn run<S: AsRef<OsStr>>(directory: &Path, arguments: &[S]) -> Ended {
    Ended::from(capiscio(directory).args(arguments).output().unwrap())
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A running `badge keep`, killed at the end of the test if it still runs. Its stderr goes to `keeper.log`.
pub struct Keeper {
    pub child: Child,
    log: PathBuf,
    out: PathBuf,
}

impl Keeper {
    /// `badge keep --key private.jwk --out badge.jwt` in this directory, with these arguments in addition, once
    /// its first badge stands.
    pub fn start(scratch: &Scratch, arguments: &[&str]) -> Keeper {
        let mut keeper = Keeper::spawn(scratch, arguments);
        keeper.until("it has started", |keeper| keeper.log().contains("started"));
        keeper
    }

    /// The same without waiting.
    pub fn spawn(scratch: &Scratch, arguments: &[&str]) -> Keeper {
        let mut command = capiscio(scratch.path());
        command.args(["badge", "keep", "--key", "private.jwk", "--out", "badge.jwt"]).args(arguments);
        Keeper::of(scratch, command, "badge.jwt")
    }

    /// Any command that keeps `out`.
    pub fn of(scratch: &Scratch, mut command: Command, out: &str) -> Keeper {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Beside the scratch directory, so that a test sees only the keeper's own files in it.
        let name = format!("{}.{}.log", scratch.path().display(), COUNT.fetch_add(1, Ordering::Relaxed));
        let log = PathBuf::from(name);
        let child = command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
        Keeper { child, log, out: scratch.join(out) }
    }

    /// A keeper that somebody started, and whose stderr somebody else reads.
    pub fn running(child: Child, scratch: &Scratch, out: &str) -> Keeper {
        Keeper { child, log: PathBuf::new(), out: scratch.join(out) }
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How many lines of the log contain `words`.
    pub fn lines_with(&self, words: &str) -> usize {
        self.log().lines().filter(|line| line.contains(words)).count()
    }

    pub fn badge(&self) -> Option<String> {
        fs::read_to_string(&self.out).ok()
    }

    /// Polls for a condition; the log is escaped when it does not come true.
    pub fn until(&mut self, what: &str, condition: impl Fn(&Keeper) -> bool) {
        let begin = Instant::now();
        while !condition(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(condition(self), "the keeper ended ({status}) before {what}\n{}", self.log());
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}\n{}", self.log());
            sleep(STEP);
        }
    }

    pub fn signal(&self, signal: libc::c_int) {
        // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
        assert_eq!(unsafe { libc::kill(self.pid(), signal) }, 0);
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "the keeper does not end\n{}", self.log());
            sleep(STEP);
        }
    }

    /// Stops it as a supervisor does.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(libc::SIGTERM);
        self.ended()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// Longer than anything takes that works, on any machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(5);

/// Polls for a condition, with a bound that only a failure reaches.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(STEP);
    }
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// The claims of a badge that the RFC 8037 key signed and that is valid now; anything else fails the test.
pub fn claims(token: &str) -> Claims {
    claims_by(RFC_PUBLIC, token)
}

/// The claims of a badge that is valid now under this public JWK.
pub fn claims_by(jwk: &str, token: &str) -> Claims {
    let key = PublicKey::from_jwk(jwk).unwrap();
    match accepted(&key, token.as_bytes()) {
        Ok(claims) => claims,
        Err(why) => panic!("{why}\n{token}"),
    }
}

/// Whether the badge is whole, signed by this key and valid now.
pub fn accepted(key: &PublicKey, token: &[u8]) -> Result<Claims, String> {
    let rules =
        Rules { key: Some(key), accept_self_signed: false, trusted_issuers: &[], audience: None, skew: 0, now: now() };
    verify(token, &rules).map_err(|invalid| invalid.to_string())
}
