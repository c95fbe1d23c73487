//! Measures the program as whole processes, started as a supervisor starts them, and prints a table.
//!
//! ```sh
//! cargo bench --target x86_64-unknown-linux-musl [-- OTHER ...]
//! ```
//!
//! OTHER is the file of another keeper that takes the guide's command line. BINARY=FILE measures that file instead of
//! the one that cargo builds; QUICK=1 takes fewer samples. What is compared runs in turn, and "ratio" is the median of
//! the ratios of the first row to this one, each of one round; on a busy machine the ratio of the minima says more. Only
//! the rows about memory need root: a keeper is not dumpable.

use std::collections::BTreeMap;
use std::env::set_current_dir;
use std::fs::{self, File};
use std::io::{Error, Read, Result};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, id};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two renewals while CPU time is measured.
const PACE: Duration = Duration::from_millis(5);
/// Signals in one sample of CPU time.
const BATCH: u32 = 50;

struct Setup {
    ours: PathBuf,
    others: Vec<PathBuf>,
    quick: bool,
    disk: Place,
    memory: Place,
}

/// A directory of a file system, with the key; the badge is in its subdirectory `run`.
struct Place {
    name: String,
    path: PathBuf,
}

impl Place {
    fn new(parent: &Path, ours: &Path) -> Result<Place> {
        let path = parent.join(format!("capiscio-bench-{}", id()));
        fs::create_dir(&path)?;
        let name = text_of(Command::new("df").arg("--output=fstype").arg(&path))?;
        let name = name.lines().last().unwrap_or_default().to_owned();
        let place = Place { name, path };
        place.clear()?;
        ended(bare(ours).args(["key", "gen", "--out-priv", "../private.jwk", "--out-pub", "../public.jwk"]))?;
        Ok(place)
    }

    fn run(&self) -> PathBuf {
        self.path.join("run")
    }

    fn badge(&self) -> PathBuf {
        self.path.join("run/current-badge.jwt")
    }

    /// Makes `run` anew and enters it: std starts a process with posix_spawn(3) only if it need not change directories,
    /// and fork(2) would add 0.3 ms to each start.
    fn clear(&self) -> Result<Watch> {
        let _ = fs::remove_dir_all(self.run());
        fs::create_dir(self.run())?;
        set_current_dir(self.run())?;
        Watch::new()
    }

    /// The guide's command line.
    fn keep(&self, file: &Path) -> Command {
        self.keep_as(file, "current-badge.jwt", "1h", "10m")
    }

    fn keep_as(&self, file: &Path, out: &str, exp: &str, renew_before: &str) -> Command {
        let mut command = bare(file);
        command.args(["badge", "keep", "--sub", "did:capiscio:agent:my-agent", "--domain", "my-agent.example.com"]);
        command.args(["--key", "../private.jwk", "--out", out, "--exp", exp, "--renew-before", renew_before]);
        command
    }

    /// Microseconds from before the fork until the badge is in place.
    fn start(&self, command: &mut Command) -> Result<f64> {
        let mut watch = self.clear()?;
        let begin = Instant::now();
        let _running = Running::new(command)?;
        watch.until_badge()?;
        Ok(micros(begin))
    }

    /// Microseconds until a removed badge is in place again.
    fn restore(&self, command: &mut Command) -> Result<f64> {
        let mut watch = self.clear()?;
        let _running = Running::new(command)?;
        watch.until_badge()?;
        // The keeper has to reach its wait for events.
        sleep(Duration::from_millis(20));
        let begin = Instant::now();
        fs::remove_file(self.badge())?;
        watch.until_badge()?;
        Ok(micros(begin))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// An inotify watch of the current directory: the kernel wakes the harness, which until then leaves the processors to
/// the keeper.
struct Watch(File);

impl Watch {
    fn new() -> Result<Watch> {
        // SAFETY: inotify_init1(2) takes an integer.
        let watch = unsafe { libc::inotify_init1(libc::IN_CLOEXEC) };
        if watch < 0 {
            return Err(Error::other(format!("inotify: {}", Error::last_os_error())));
        }
        // SAFETY: the descriptor is new and nothing else owns it.
        let file = unsafe { File::from_raw_fd(watch) };
        // SAFETY: the descriptor is open, and the path ends with a zero byte.
        match unsafe { libc::inotify_add_watch(watch, c".".as_ptr(), libc::IN_MOVED_TO | libc::IN_CLOSE_WRITE) } {
            0.. => Ok(Watch(file)),
            _ => Err(Error::last_os_error()),
        }
    }

    /// Until a badge is complete: renamed into place, or, by keepers that write into the badge file, closed.
    fn until_badge(&mut self) -> Result<()> {
        let mut events = [0; 4096];
        let mut length = 0;
        while !events[..length].windows(18).any(|name| name == b"current-badge.jwt\0") {
            let mut ready = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: the array has one element.
            if unsafe { libc::poll(&raw mut ready, 1, 30_000) } != 1 {
                return Err(Error::other("no badge after 30 s"));
            }
            length = self.0.read(&mut events)?;
        }
        Ok(())
    }
}

/// A process that is killed at the end.
struct Running(Child);

impl Running {
    fn new(command: &mut Command) -> Result<Running> {
        command.spawn().map(Running)
    }

    fn hang_up(&self) {
        // SAFETY: kill(2) takes two integers; the child is ours and not reaped yet.
        unsafe { libc::kill(self.0.id().cast_signed(), libc::SIGHUP) };
    }

    /// The files called `name` of all threads in /proc.
    fn threads(&self, name: &str) -> Result<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id()))?;
        tasks.map(|task| fs::read_to_string(task?.path().join(name))).collect()
    }

    /// CPU time of all threads, in microseconds.
    fn cpu(&self) -> Result<f64> {
        Ok(self.threads("schedstat")?.lines().map(first_number).sum::<f64>() / 1e3)
    }

    fn switches(&self) -> Result<f64> {
        let status = self.threads("status")?;
        if status.contains("(zombie)") {
            return Err(Error::other("it has ended"));
        }
        Ok(status.lines().filter(|line| line.contains("ctxt_switches")).map(first_number).sum())
    }

    /// A field of smaps_rollup (proc_pid_smaps(5)), in KiB.
    fn memory(&self, field: &str) -> Result<f64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id()))?;
        Ok(rollup.lines().filter(|line| line.starts_with(field)).map(first_number).sum())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Our keeper and its log.
struct Keeper {
    running: Running,
    log: PathBuf,
}

impl Keeper {
    fn new(place: &Place, ours: &Path) -> Result<Keeper> {
        let mut watch = place.clear()?;
        let log = place.path.join("log");
        let running = Running::new(place.keep(ours).stderr(File::create(&log)?))?;
        watch.until_badge()?;
        Ok(Keeper { running, log })
    }

    fn renewals(&self) -> Result<f64> {
        Ok(fs::read_to_string(&self.log)?.matches(" renewed").count() as f64)
    }

    /// Requests renewals until there are so many. The log counts them: the harness does not wait for each, because to
    /// wake it would be part of the keeper's CPU time.
    fn renew(&self, times: u32) -> Result<()> {
        let (begin, goal) = (Instant::now(), self.renewals()? + f64::from(times));
        while self.renewals()? < goal {
            if begin.elapsed() > 10 * PACE * times {
                return Err(Error::other("it does not renew in time"));
            }
            for _ in 0..BATCH {
                self.running.hang_up();
                sleep(PACE);
            }
        }
        Ok(())
    }
}

/// A command without an environment and output.
fn bare(file: &Path) -> Command {
    let mut command = Command::new(file);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Microseconds from before the fork to the exit.
fn ended(command: &mut Command) -> Result<f64> {
    let begin = Instant::now();
    let status = command.status()?;
    let time = micros(begin);
    if status.success() { Ok(time) } else { Err(Error::other(format!("it ends with {status}"))) }
}

fn leading_number(text: &str) -> f64 {
    text.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

fn text_of(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&command.output()?.stdout).trim().to_owned())
}

fn micros(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e6
}

/// The first number of a line, or 0.
fn first_number(line: &str) -> f64 {
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(0.0)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn row(what: &str, measured: &str, bar: &str) {
    println!("| {what} | {measured} | {bar} |");
}

fn unless_measured(what: &str, result: Result<()>) {
    result.unwrap_or_else(|error| row(what, &format!("not measured: {error}"), ""));
}

type Candidate<'a> = (String, Box<dyn FnMut() -> Result<f64> + 'a>);

fn candidate<'a>(name: impl Into<String>, measure: impl FnMut() -> Result<f64> + 'a) -> Candidate<'a> {
    (name.into(), Box::new(measure))
}

/// Measures the candidates in turn, every other round in reverse order, and prints one row for each, in microseconds.
fn alternate(what: &str, bar: &str, rounds: usize, mut candidates: Vec<Candidate>) {
    let mut samples = vec![vec![]; candidates.len()];
    let mut failed = vec![None; candidates.len()];
    for round in 0..rounds {
        for turn in 0..candidates.len() {
            let at = if round % 2 == 0 { turn } else { candidates.len() - 1 - turn };
            if failed[at].is_none() {
                match candidates[at].1() {
                    Ok(sample) => samples[at].push(sample),
                    Err(error) => failed[at] = Some(format!("not measured: {error}")),
                }
            }
        }
    }
    for (at, (name, _)) in candidates.iter().enumerate() {
        let list = &samples[at];
        let mut measured = format!("{:.0}, {:.0} µs", minimum(list), median(list.clone()));
        if at > 0 && failed[0].is_none() {
            let ratios = samples[0].iter().zip(list).map(|(ours, other)| ours / other).collect();
            let of_minima = minimum(&samples[0]) / minimum(list);
            measured += &format!(", ratio {:.2}, of the minima {of_minima:.2}", median(ratios));
        }
        row(&format!("{what}: {name}"), failed[at].as_ref().unwrap_or(&measured), if at == 1 { bar } else { "" });
    }
}

fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Setup {
    fn keepers(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.ours).chain(&self.others)
    }

    fn rounds(&self, all: usize) -> usize {
        if self.quick { all / 5 } else { all }
    }

    fn sizes(&self) -> Result<()> {
        for file in self.keepers() {
            row(&format!("file: {}", name(file)), &format!("{} bytes", fs::metadata(file)?.len()), "");
        }
        Ok(())
    }

    /// A C program that does nothing but the same durable write, with the C library of the release file (musl, which
    /// comes with rustc): a start of glibc alone takes longer.
    fn yardstick(&self) -> Result<PathBuf> {
        self.disk.start(&mut self.disk.keep(&self.ours))?;
        let badge = format!("-DBADGE={:?}", fs::read_to_string(self.disk.badge())?);
        let file = self.disk.path.join("durable_write");
        let sysroot = text_of(Command::new("rustc").args(["--print", "sysroot"]))?;
        let musl = format!("{sysroot}/lib/rustlib/{}-unknown-linux-musl/lib/self-contained", std::env::consts::ARCH);
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-static", "-nostdlib", &badge, "-o"]).arg(&file);
        compiler.args(["crt1.o", "crti.o"].map(|part| format!("{musl}/{part}")));
        compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/durable_write.c"));
        compiler.args(["libc.a", "crtn.o"].map(|part| format!("{musl}/{part}")));
        match ended(&mut compiler) {
            Ok(_) => Ok(file),
            Err(error) => Err(Error::other(format!("cc: {error}"))),
        }
    }

    fn starts(&self, place: &Place, yardstick: &Result<PathBuf>, bar: &str) {
        let mut candidates = vec![candidate("ours", || place.start(&mut place.keep(&self.ours)))];
        candidates.push(candidate("the same durable write in C", || match yardstick {
            Ok(file) => place.start(&mut bare(file)),
            Err(error) => Err(Error::other(error.to_string())),
        }));
        for other in &self.others {
            candidates.push(candidate(name(other), || place.start(&mut place.keep(other))));
        }
        alternate(&format!("start to badge, {}", place.name), bar, self.rounds(300), candidates);
        let restore = candidate("ours", || place.restore(&mut place.keep(&self.ours)));
        alternate(&format!("a removed badge is back, {}", place.name), "", self.rounds(50), vec![restore]);
    }

    fn commands(&self) -> Result<()> {
        self.memory.clear()?;
        let issue = |file| ended(bare(file).args(["badge", "issue", "--key", "../private.jwk"]));
        let mut to_file = bare(&self.ours);
        to_file.args(["badge", "issue", "--key", "../private.jwk", "--out", "issued.jwt"]);
        let mut health = bare(&self.ours);
        health.args(["badge", "health", "issued.jwt"]);

        let stdout = candidate("to stdout", || issue(&self.ours));
        let candidates = vec![candidate("with --out", || ended(&mut to_file)), stdout];
        alternate(&format!("badge issue, {}", self.memory.name), "1.50", self.rounds(300), candidates);
        let mut candidates = vec![candidate("ours", || issue(&self.ours))];
        candidates.extend(self.others.iter().map(|other| candidate(name(other), || issue(other))));
        alternate("badge issue to stdout", "", self.rounds(300), candidates);
        let nothing = candidate("/bin/true", || ended(&mut bare(Path::new("/bin/true"))));
        alternate("badge health", "", self.rounds(300), vec![candidate("ours", || ended(&mut health)), nothing]);
        Ok(())
    }

    /// CPU time for one renewal, about every PACE. Ours renews at SIGHUP. Others have no such signal: with a
    /// --renew-before above --exp they renew at every --check-interval; the time is divided by the number of intervals.
    fn renewals(&self, place: &Place) {
        let mut candidates = vec![candidate("ours", || {
            let keeper = Keeper::new(place, &self.ours)?;
            keeper.renew(BATCH)?;
            let (renewals, before) = (keeper.renewals()?, keeper.running.cpu()?);
            keeper.renew(BATCH)?;
            Ok((keeper.running.cpu()? - before) / (keeper.renewals()? - renewals))
        })];
        for other in &self.others {
            candidates.push(candidate(name(other), || {
                let mut watch = place.clear()?;
                let mut command = place.keep_as(other, "current-badge.jwt", "1h", "2h");
                let running = Running::new(command.args(["--check-interval", &format!("{}ms", PACE.as_millis())]))?;
                watch.until_badge()?;
                sleep(PACE * BATCH);
                let (begin, before) = (Instant::now(), running.cpu()?);
                sleep(PACE * BATCH);
                Ok((running.cpu()? - before) / (begin.elapsed().as_secs_f64() / PACE.as_secs_f64()))
            }));
        }
        alternate(&format!("CPU for one renewal, {}", place.name), "0.85", self.rounds(25), candidates);
    }

    fn memory(&self) -> Result<()> {
        let keeper = Keeper::new(&self.memory, &self.ours)?;
        let measure = |when: &str| {
            let (resident, anonymous) = (keeper.running.memory("Rss:")?, keeper.running.memory("Anonymous:")?);
            row(&format!("memory, {when}"), &format!("{resident} KiB resident, of it {anonymous} KiB anonymous"), "");
            Ok(())
        };
        sleep(Duration::from_millis(500));
        measure("idle")?;
        keeper.renew(10_000)?;
        measure("after 10,000 renewals")
    }

    /// All keepers are idle at the same time.
    fn idle(&self) -> Result<()> {
        let seconds = if self.quick { 20 } else { 300 };
        self.disk.clear()?;
        let keepers: Vec<_> = self.keepers().enumerate().collect();
        let start = |(number, file): &(usize, &PathBuf)| {
            Running::new(&mut self.disk.keep_as(file, &format!("{number}.jwt"), "1h", "10m"))
        };
        let running = keepers.iter().map(start).collect::<Result<Vec<_>>>()?;
        sleep(Duration::from_secs(3));
        let counts = |keeper: &Running| Ok((keeper.switches()?, keeper.cpu()?));
        let before: Vec<Result<_>> = running.iter().map(counts).collect();
        sleep(Duration::from_secs(seconds));
        for ((keeper, before), (_, file)) in running.iter().zip(before).zip(keepers) {
            let what = format!("idle for {seconds} s: {}", name(file));
            let measured = before.and_then(|(switches, cpu)| {
                let after = counts(keeper)?;
                let measured = format!("{} context switches, {:.0} µs of CPU", after.0 - switches, after.1 - cpu);
                row(&what, &measured, "");
                Ok(())
            });
            unless_measured(&what, measured);
        }
        Ok(())
    }

    /// Keepers that renew 30 s after the last badge; SIGHUP at the start of a second makes all due in the same one.
    fn many(&self, count: usize) -> Result<()> {
        self.disk.clear()?;
        let run = self.disk.run();
        let mut keepers = vec![];
        for number in 0..count {
            let mut command = self.disk.keep_as(&self.ours, &format!("{number}.jwt"), "1m", "30s");
            command.args(["--log-format", "json"]).stderr(File::create(run.join(format!("{number}.log")))?);
            keepers.push(Running::new(&mut command)?);
        }
        let badges: Vec<_> = (0..count).map(|number| run.join(format!("{number}.jwt"))).collect();
        let begin = Instant::now();
        while !badges.iter().all(|badge| badge.exists()) {
            if begin.elapsed() > Duration::from_secs(60) {
                return Err(Error::other("not every keeper has written a badge"));
            }
            sleep(Duration::from_millis(200));
        }
        sleep(Duration::from_secs(2));
        let memory = keepers.iter().map(|keeper| keeper.memory("Pss:")).sum::<Result<f64>>();
        let memory = memory.map(|sum| row(&format!("keepers: {count}, PSS together"), &format!("{sum} KiB"), ""));
        unless_measured(&format!("keepers: {count}, PSS together"), memory);

        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        sleep(Duration::from_secs(1) - Duration::from_nanos(now.subsec_nanos().into()));
        keepers.iter().for_each(Running::hang_up);
        sleep(Duration::from_secs(50));
        let (mut last, mut missed, mut due_at) = (0_f64, 0, BTreeMap::new());
        for (number, badge) in badges.iter().enumerate() {
            let log = fs::read_to_string(run.join(format!("{number}.log")))?;
            // Each event announces the next renewal; the last badge was due when the event before it said.
            let mut announced = log.rsplit("\"renewal\":");
            let due = announced.nth(1).map_or(0.0, leading_number);
            // The rename sets a badge's change time, by a clock that may be one tick behind.
            let file = fs::metadata(badge)?;
            let late = file.ctime() as f64 + file.ctime_nsec() as f64 / 1e9 - due;
            if (-0.1..20.0).contains(&late) {
                last = last.max(late);
            } else {
                missed += 1;
            }
            *due_at.entry(due as i64).or_insert(0) += 1;
        }
        let together = due_at.values().max().copied().unwrap_or(0);
        let measured = format!("{together} in the same second, the last badge after {last:.2} s, {missed} missed");
        row(&format!("keepers: {count}, due"), &measured, "");
        Ok(())
    }
}

fn main() -> Result<()> {
    let ours = std::env::var_os("BINARY").map_or(PathBuf::from(env!("CARGO_BIN_EXE_capiscio")), PathBuf::from);
    let ours = fs::canonicalize(ours)?;
    // cargo itself adds --bench.
    let others = std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(fs::canonicalize);
    let setup = Setup {
        others: others.collect::<Result<_>>()?,
        quick: std::env::var_os("QUICK").is_some(),
        disk: Place::new(&std::env::temp_dir(), &ours)?,
        memory: Place::new(Path::new("/dev/shm"), &ours)?,
        ours,
    };
    println!("{}\n\n| what | minimum, median | bar |\n|---|---|---|", text_of(Command::new("uname").arg("-srm"))?);
    unless_measured("file", setup.sizes());
    let yardstick = setup.yardstick();
    setup.starts(&setup.memory, &yardstick, "4.00");
    setup.starts(&setup.disk, &yardstick, "");
    unless_measured("commands", setup.commands());
    setup.renewals(&setup.memory);
    setup.renewals(&setup.disk);
    unless_measured("memory", setup.memory());
    unless_measured("idle", setup.idle());
    for count in if setup.quick { vec![1000] } else { vec![1, 100, 1000] } {
        unless_measured(&format!("keepers: {count}"), setup.many(count));
    }
    Ok(())
}
