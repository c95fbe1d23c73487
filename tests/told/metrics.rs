//! `--metrics-file`: the state of the keeper in the text format of Prometheus.

use crate::common::{Keeper, Scratch, chmod, keep, mode, now, run, run_bounded, until, wrap};
use crate::programs::{RECORD, children, lines, script, wait_for_lines};
use crate::tools::{Mounted, as_other_user, chown, inode, sh, wait_until_idle};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const METRICS: [&str; 2] = ["--metrics-file", "badge.prom"];
/// All that a restore is counted under.
const CAUSES: [&str; 7] = ["deleted", "not_regular", "mode", "owner", "empty", "content", "unreadable"];

/// A metric with its labels, sorted by name, and its value.
type Series = BTreeMap<(String, Vec<(String, String)>), i64>;

/// The labels of `{a="b",c="d"}`, their values unescaped.
fn labels(text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        let (mut value, mut characters) = (String::new(), after.chars());
        loop {
            match characters.next().unwrap_or_else(|| panic!("{text}")) {
                '"' => break,
                '\\' => value.push(match characters.next() {
                    Some('n') => '\n',
                    Some(escaped @ ('"' | '\\')) => escaped,
                    other => panic!("escaped {other:?} in {text}"),
                }),
                plain => value.push(plain),
            }
        }
        labels.push((name.to_owned(), value));
        rest = characters.as_str();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels.sort();
    labels
}

/// Reads the text format: HELP and TYPE before the series of each metric, in one piece, and a line feed at the end.
fn parse(text: &str) -> Series {
    assert!(text.ends_with('\n'), "{text}");
    let (mut series, mut described, mut current) = (Series::new(), Vec::new(), "");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let name;
            (name, _) = help.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
            assert!(!described.contains(&name), "twice: {name}\n{text}");
            described.push(name);
            current = name;
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            assert_eq!(lines.next(), Some(&*format!("# TYPE {name} {kind}")), "{text}");
            continue;
        }
        let (metric, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let (name, inner) = metric.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
        assert_eq!(name, current, "{text}");
        let key = (name.to_owned(), labels(inner.strip_suffix('}').unwrap()));
        let value = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(series.insert(key, value), None, "twice: {line}\n{text}");
    }
    series
}

fn read(path: &Path) -> Series {
    parse(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The labels of a series: badge file, subject, and what else there is.
fn of(out: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let all = [&[("out", out)], more].concat();
    let mut all: Vec<_> = all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.sort();
    all
}

/// What a keeper of `badge.jwt` and its metrics say, by short names.
struct Metrics<'a>(&'a Scratch);

impl Metrics<'_> {
    /// The value of a metric, with this cause if it is not empty.
    fn value(&self, name: &str, cause: &str) -> Option<i64> {
        let found = read(&self.0.join("badge.prom"));
        let cause = ("cause".to_owned(), cause.to_owned());
        let is_it = |labels: &[(String, String)]| cause.1.is_empty() || labels.contains(&cause);
        let mut values = found.iter().filter(|((found, labels), _)| found == name && is_it(labels));
        let value = values.next().map(|(_, value)| *value);
        assert!(values.next().is_none(), "{name} is not one series");
        value
    }

    fn wait(&self, keeper: &mut Keeper, name: &str, cause: &str, value: i64) {
        keeper.until(&format!("{name} {cause} is {value}"), |_| {
            self.0.join("badge.prom").exists() && self.value(name, cause) == Some(value)
        });
    }
}

#[test]
fn the_file_says_all_from_the_start() {
    let scratch = Scratch::with_key();
    let begin = now();
    let hook = script(&scratch, "hook", RECORD);
    let arguments = ["--hook", &*hook, "--sub", "did:web:agent.example", "--exp", "1h", "--renew-before", "10m"];
    let mut keeper = Keeper::start(&scratch, &[&METRICS[..], &arguments].concat());
    keeper.until("the file", |_| scratch.join("badge.prom").exists());
    let badge = keeper.assert_good();
    let out = scratch.join("badge.jwt").display().to_string();
    let sub = ("sub", "did:web:agent.example");
    let mut expected = Series::new();
    let mut add = |name: &str, labels: &[(&str, &str)], value: i64| {
        expected.insert((name.to_owned(), of(&out, labels)), value);
    };
    add("capiscio_badge_renewals_total", &[sub], 0);
    add("capiscio_badge_failures_total", &[sub], 0);
    for cause in CAUSES {
        add("capiscio_badge_restores_total", &[sub, ("cause", cause)], 0);
    }
    add("capiscio_hook_failures_total", &[sub], 0);
    add("capiscio_badge_issued_timestamp_seconds", &[sub], badge.iat);
    add("capiscio_badge_expiry_timestamp_seconds", &[sub], badge.exp);
    add("capiscio_badge_next_attempt_timestamp_seconds", &[sub], badge.exp - 600);
    add("capiscio_build_info", &[sub, ("version", env!("CARGO_PKG_VERSION"))], 1);
    let mut found = read(&scratch.join("badge.prom"));
    let start = found.remove(&("capiscio_keeper_start_timestamp_seconds".to_owned(), of(&out, &[sub]))).unwrap();
    assert!((begin..=now()).contains(&start), "{start}");
    assert_eq!(found, expected, "{}", scratch.read("badge.prom"));
    keeper.renew();
    let badge = keeper.assert_good();
    let metrics = Metrics(&scratch);
    metrics.wait(&mut keeper, "capiscio_badge_renewals_total", "", 1);
    assert_eq!(metrics.value("capiscio_badge_issued_timestamp_seconds", ""), Some(badge.iat));
    assert_eq!(metrics.value("capiscio_badge_expiry_timestamp_seconds", ""), Some(badge.exp));
    assert_eq!(metrics.value("capiscio_keeper_start_timestamp_seconds", ""), Some(start));
}

#[test]
fn without_a_hook_no_hook_is_counted() {
    let scratch = Scratch::with_key();
    let _keeper = Keeper::start(&scratch, &METRICS);
    until("the file", || scratch.join("badge.prom").exists());
    assert_eq!(Metrics(&scratch).value("capiscio_hook_failures_total", ""), None);
}

#[test]
fn renewals_and_failures_are_counted_and_the_next_attempt_is_told() {
    let scratch = Scratch::with_key();
    let metrics = Metrics(&scratch);
    let mut keeper = Keeper::start(&scratch, &METRICS);
    for renewals in 1..=3 {
        keeper.renew();
        metrics.wait(&mut keeper, "capiscio_badge_renewals_total", "", renewals);
    }
    scratch.rename("private.jwk", "away");
    let old = keeper.assert_good();
    keeper.signal(libc::SIGHUP);
    metrics.wait(&mut keeper, "capiscio_badge_failures_total", "", 1);
    let told = keeper.lines();
    let failed = told.iter().find(|line| line.text("event") == "failed").unwrap();
    assert_eq!(metrics.value("capiscio_badge_next_attempt_timestamp_seconds", ""), Some(failed.number("next_attempt")));
    // It is tried again, and each failure counts.
    metrics.wait(&mut keeper, "capiscio_badge_failures_total", "", 2);
    assert_eq!(metrics.value("capiscio_badge_expiry_timestamp_seconds", ""), Some(old.exp));
    scratch.rename("away", "private.jwk");
    keeper.renew();
    metrics.wait(&mut keeper, "capiscio_badge_renewals_total", "", 4);
    let told = keeper.lines();
    let renewed = told.iter().rfind(|line| line.text("event") == "renewed").unwrap();
    assert_eq!(metrics.value("capiscio_badge_next_attempt_timestamp_seconds", ""), Some(renewed.number("renewal")));
    assert_eq!(metrics.value("capiscio_badge_failures_total", ""), Some(keeper.count("failed") as i64));
}

/// A cause, and a change that leads to a restore because of it.
type Change = (&'static str, fn(&Path));

const CHANGES: [Change; 6] = [
    ("deleted", |out| fs::remove_file(out).unwrap()),
    ("mode", |out| chmod(out, 0o644)),
    // In place, so that the file is never empty.
    ("content", |out| fs::OpenOptions::new().write(true).open(out).unwrap().write_all(b"forged").unwrap()),
    ("empty", |out| fs::File::options().write(true).open(out).unwrap().set_len(0).unwrap()),
    ("not_regular", |out| {
        let fifo = out.with_file_name("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        fs::rename(fifo, out).unwrap();
    }),
    ("deleted", |out| fs::rename(out, out.with_file_name("moved")).unwrap()),
];

/// Counts what was counted so far, after each of these changes.
fn assert_counted(scratch: &Scratch, changes: &[Change]) {
    let metrics = Metrics(scratch);
    let mut keeper = Keeper::start(scratch, &METRICS);
    let mut counts = BTreeMap::from(CAUSES.map(|cause| (cause, 0)));
    for (cause, change) in changes {
        wait_until_idle(&keeper);
        change(&scratch.join("badge.jwt"));
        *counts.get_mut(cause).unwrap() += 1;
        metrics.wait(&mut keeper, "capiscio_badge_restores_total", cause, counts[cause]);
        for cause in CAUSES {
            assert_eq!(metrics.value("capiscio_badge_restores_total", cause), Some(counts[cause]), "{cause}");
        }
    }
    assert_eq!(metrics.value("capiscio_badge_renewals_total", ""), Some(0));
    assert_eq!(metrics.value("capiscio_badge_failures_total", ""), Some(0));
    keeper.stop();
}

#[test]
fn restores_are_counted_by_cause() {
    assert_counted(&Scratch::with_key(), &CHANGES);
}

#[test]
#[ignore = "needs root: gives the file away"]
fn a_change_of_the_owner_is_counted_as_one() {
    assert_counted(&Scratch::with_key(), &[("owner", |out| chown(out, 12_345, 12_345))]);
}

#[test]
fn each_failure_of_a_hook_is_counted_also_when_the_log_says_nothing_new() {
    let scratch = Scratch::with_key();
    let metrics = Metrics(&scratch);
    let hook = script(&scratch, "hook", "echo run >>runs; exit 1");
    let mut keeper = Keeper::start(&scratch, &[&METRICS[..], &["--hook", &hook]].concat());
    for failures in 1..=3 {
        wait_for_lines(&mut keeper, &scratch, "runs", failures);
        metrics.wait(&mut keeper, "capiscio_hook_failures_total", "", failures as i64);
        keeper.renew();
    }
    metrics.wait(&mut keeper, "capiscio_hook_failures_total", "", 4);
    scratch.remove("hook");
    keeper.renew();
    metrics.wait(&mut keeper, "capiscio_hook_failures_total", "", 5);
    script(&scratch, "hook", "echo run >>runs");
    keeper.renew();
    wait_for_lines(&mut keeper, &scratch, "runs", 5);
    until("the hook has ended", || children(keeper.pid()).is_empty());
    wait_until_idle(&keeper);
    assert_eq!(metrics.value("capiscio_hook_failures_total", ""), Some(5));
}

#[test]
fn the_mode_is_0644_whatever_the_umask_and_the_badge_has() {
    for umask in ["077", "0"] {
        let scratch = Scratch::with_key();
        let umask = format!("umask {umask}; exec \"$@\"");
        let mut command = wrap(&["sh", "-c", &umask, "sh"], keep(&scratch, "badge.jwt").args(METRICS));
        let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
        until("the file", || scratch.join("badge.prom").exists());
        assert_eq!((mode(&scratch.join("badge.prom")), mode(&scratch.join("badge.jwt"))), (0o644, 0o600));
        keeper.renew();
        Metrics(&scratch).wait(&mut keeper, "capiscio_badge_renewals_total", "", 1);
        assert_eq!(mode(&scratch.join("badge.prom")), 0o644);
    }
}

/// The names that were created in, or moved into, a directory (inotify(7)).
struct Names {
    inotify: i32,
}

impl Names {
    fn watch(directory: &Path) -> Names {
        let path = std::ffi::CString::new(directory.as_os_str().as_bytes()).unwrap();
        // SAFETY: inotify_init1(2) and inotify_add_watch(2) take integers and a C string that outlives the call.
        let inotify = unsafe {
            let inotify = libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC);
            assert!(libc::inotify_add_watch(inotify, path.as_ptr(), libc::IN_CREATE | libc::IN_MOVED_TO) != -1);
            inotify
        };
        Names { inotify }
    }

    /// The mask and the name of each event so far.
    fn read(&self) -> Vec<(u32, String)> {
        let mut buffer = vec![0_u8; 1 << 16];
        // SAFETY: read(2) writes at most that many bytes.
        let length = unsafe { libc::read(self.inotify, buffer.as_mut_ptr().cast(), buffer.len()) };
        let mut rest = &buffer[..length.max(0) as usize];
        let mut names = Vec::new();
        while rest.len() >= 16 {
            let number = |at: usize| u32::from_ne_bytes(rest[at..at + 4].try_into().unwrap());
            let (mask, end) = (number(4), 16 + number(12) as usize);
            let name = rest[16..end].split(|byte| *byte == 0).next().unwrap();
            names.push((mask, String::from_utf8_lossy(name).into_owned()));
            rest = &rest[end..];
        }
        names
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // SAFETY: close(2) of a descriptor of our own.
        unsafe { libc::close(self.inotify) };
    }
}

#[test]
fn the_file_is_replaced_whole_from_a_name_that_no_collector_reads() {
    let scratch = Scratch::with_key();
    scratch.mkdir("textfile");
    let names = Names::watch(&scratch.join("textfile"));
    let mut keeper = Keeper::start(&scratch, &["--metrics-file", "textfile/badge.prom"]);
    let path = scratch.join("textfile/badge.prom");
    until("the file", || path.exists());
    let whole = read(&path).len();
    let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(read(&path).len(), whole);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _stop = crate::common::SetOnDrop(&stop);
        for _ in 0..50 {
            keeper.renew();
        }
        until("some reads", || reads.load(Ordering::Relaxed) > 50);
    });
    keeper.stop();
    let events = names.read();
    let count = |name: &dyn Fn(&str) -> bool, mask: u32| {
        events.iter().filter(|(found, text)| found & mask != 0 && name(text)).count()
    };
    assert_eq!(count(&|name| name.ends_with(".prom"), libc::IN_CREATE), 0, "{events:?}");
    assert!(count(&|name| name == "badge.prom", libc::IN_MOVED_TO) > 25, "{events:?}");
    assert_eq!(count(&|name| name != "badge.prom", libc::IN_MOVED_TO), 0, "{events:?}");
    assert_eq!(crate::common::names_in(&scratch.join("textfile")), ["badge.prom"]);
}

#[test]
fn labels_are_escaped_and_what_is_not_utf_8_is_replaced() {
    for (directory, shown) in [
        (&b"a\"b\\c\nd"[..], "a\\\"b\\\\c\\nd"),
        (b"not \xff utf-8", "not \u{fffd} utf-8"),
        ("\u{e9}{x=\"y\"}, 1 # HELP".as_bytes(), "\u{e9}{x=\\\"y\\\"}, 1 # HELP"),
    ] {
        let scratch = Scratch::with_key();
        let out = PathBuf::from(OsStr::from_bytes(directory)).join("badge.jwt");
        scratch.mkdir(out.parent().unwrap());
        let mut command = keep(&scratch, &out);
        let _keeper = Keeper::start_command(&scratch, command.args(METRICS), &out);
        until("the file", || scratch.join("badge.prom").exists());
        let text = scratch.read("badge.prom");
        let label = format!("out=\"{}/{shown}/badge.jwt\"", scratch.path().display());
        assert_eq!(text.matches(&label).count(), read(&scratch.join("badge.prom")).len(), "{label}\n{text}");
    }
}

#[test]
fn the_badge_the_key_and_what_is_no_file_are_refused_as_metrics_file() {
    let scratch = Scratch::with_key();
    scratch.mkdir("directory");
    scratch.mkfifo("fifo");
    scratch.symlink("badge.jwt", "link to badge");
    scratch.symlink("private.jwk", "link to key");
    fs::hard_link(scratch.join("private.jwk"), scratch.join("hard")).unwrap();
    let (before, key) = (scratch.names(), scratch.read("private.jwk"));
    for (file, words) in [
        ("badge.jwt", &["badge.jwt"][..]),
        ("./directory/../badge.jwt", &["badge.jwt"]),
        (".badge.jwt.lock", &["lock"]),
        ("link to badge", &[]),
        ("private.jwk", &["key"]),
        ("./private.jwk", &["key"]),
        ("link to key", &["key"]),
        ("hard", &["key"]),
        ("directory", &["directory"]),
        ("new/", &["directory"]),
        (".", &["directory"]),
        ("/", &["directory"]),
        ("fifo", &["FIFO"]),
        ("/proc/self/fd/1", &["descriptor"]),
        ("/dev/fd/1", &["descriptor"]),
    ] {
        let ended = run_bounded(keep(&scratch, "badge.jwt").args(["--metrics-file", file]));
        assert_eq!(ended.code, Some(1), "{file}: {}", ended.stderr);
        ended.assert_failed(words);
        ended.assert_failed(&["metrics"]);
        assert_eq!(scratch.names(), before, "{file}");
        assert_eq!(scratch.read("private.jwk"), key, "{file}");
    }
    // The same when the key is to be generated.
    let ended = run_bounded(keep(&scratch, "badge.jwt").args([
        "--generate-key",
        "--key",
        "new.jwk",
        "--metrics-file",
        "./new.jwk",
    ]));
    assert_ne!(ended.code, Some(0));
    assert_eq!(scratch.names(), before);
}

#[test]
fn the_hook_and_the_pid_file_are_refused_as_metrics_file() {
    for flag in ["--hook", "--signal-pid-file"] {
        let scratch = Scratch::with_key();
        scratch.write("file", "#!/bin/true\n");
        scratch.symlink("file", "link");
        for file in ["file", "./file", "link"] {
            let ended = run_bounded(keep(&scratch, "badge.jwt").args([flag, "file", "--metrics-file", file]));
            assert_eq!(ended.code, Some(1), "{flag} {file}: {}", ended.stderr);
            ended.assert_failed(&["another file of this command has that name"]);
        }
        assert_eq!(scratch.read("file"), "#!/bin/true\n");
    }
}

#[test]
#[ignore = "needs root: makes a device"]
fn a_device_is_refused_as_metrics_file_and_stays() {
    let scratch = Scratch::with_key();
    let null = scratch.join("null");
    sh(&format!("mknod '{}' c 1 3", null.display()));
    let before = scratch.names();
    run_bounded(keep(&scratch, "badge.jwt").args(["--metrics-file", "null"])).assert_failed(&["device", "metrics"]);
    assert_eq!(scratch.names(), before);
    assert!(fs::metadata(null).unwrap().file_type().is_char_device());
}

/// The file cannot be written at first: one warning, renewals go on, and it is written as soon as `cure` makes it
/// possible. After `spoil` it is said again.
fn assert_written_later(scratch: &Scratch, mut keeper: Keeper, reason: &str, cure: impl Fn(), spoil: impl Fn()) {
    let path = scratch.join("later/badge.prom");
    let sentence = format!("failed to write metrics to {}: ", path.display());
    let said = |keeper: &Keeper| keeper.count_with("warning", &sentence);
    for _ in 0..3 {
        keeper.renew();
    }
    wait_until_idle(&keeper);
    assert_eq!(said(&keeper), 1, "{}", keeper.log());
    assert_eq!(keeper.count_with("warning", reason), 1, "{}", keeper.log());
    cure();
    keeper.renew();
    keeper.until("the file", |_| path.exists());
    let renewals = read(&path).into_iter().find(|((name, _), _)| name == "capiscio_badge_renewals_total").unwrap().1;
    assert_eq!(renewals, 4);
    spoil();
    for _ in 0..3 {
        keeper.renew();
    }
    keeper.stop();
    assert_eq!(said(&keeper), 2, "{}", keeper.log());
    assert_eq!(keeper.count("failed"), 0);
}

#[test]
fn a_missing_directory_is_warned_about_once_and_the_file_is_written_later() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &["--metrics-file", "later/badge.prom"]);
    let (cure, spoil) = (|| scratch.mkdir("later"), || fs::remove_dir_all(scratch.join("later")).unwrap());
    assert_written_later(&scratch, keeper, "No such file or directory", cure, spoil);
}

#[test]
#[ignore = "needs root: becomes another user"]
fn a_directory_without_permission_is_warned_about_once() {
    let scratch = Scratch::with_key();
    scratch.mkdir("later");
    for name in [".", "private.jwk", "later"] {
        chown(&scratch.join(name), crate::tools::OTHER_USER, crate::tools::OTHER_USER);
    }
    chmod(&scratch.join("later"), 0o555);
    let mut command = as_other_user(keep(&scratch, "badge.jwt").args(["--metrics-file", "later/badge.prom"]));
    let keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    let set = |mode| chmod(&scratch.join("later"), mode);
    assert_written_later(&scratch, keeper, "Permission denied", || set(0o755), || set(0o555));
}

#[test]
#[ignore = "needs root: mounts a full file system"]
fn a_full_disk_is_warned_about_once_and_leaves_the_old_file() {
    let scratch = Scratch::with_key();
    scratch.mkdir("later");
    let _mounted = Mounted::new("-t tmpfs -o size=16k tmpfs", &scratch.join("later"));
    let fill = || {
        let _ = fs::write(scratch.join("later/filler"), vec![0; 1 << 16]);
    };
    fill();
    let keeper = Keeper::start(&scratch, &["--metrics-file", "later/badge.prom"]);
    assert_written_later(&scratch, keeper, "No space left on device", || scratch.remove("later/filler"), fill);
    let names = crate::common::names_in(&scratch.join("later"));
    assert_eq!(names, ["badge.prom", "filler"], "no temporary file is left");
    read(&scratch.join("later/badge.prom"));
}

#[test]
fn the_file_is_not_written_when_nothing_happened() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &METRICS);
    let path = scratch.join("badge.prom");
    keeper.until("the file", |_| path.exists());
    wait_until_idle(&keeper);
    let state = || (inode(&path), fs::metadata(&path).unwrap().modified().unwrap());
    let before = state();
    // The keeper wakes and finds its badge intact.
    let wakes = crate::tools::sleeps(&keeper);
    chmod(&scratch.join("badge.jwt"), 0o600);
    until("the keeper wakes", || crate::tools::sleeps(&keeper) > wakes);
    wait_until_idle(&keeper);
    assert_eq!(state(), before);
    keeper.renew();
    Metrics(&scratch).wait(&mut keeper, "capiscio_badge_renewals_total", "", 1);
    assert_ne!(state(), before);
}

#[test]
fn the_file_stays_when_the_keeper_ends() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &METRICS);
    keeper.renew();
    Metrics(&scratch).wait(&mut keeper, "capiscio_badge_renewals_total", "", 1);
    let text = scratch.read("badge.prom");
    keeper.stop();
    assert_eq!(scratch.read("badge.prom"), text);
    // A keeper that is started again counts from 0, in place of the old file.
    let _keeper = Keeper::start(&scratch, &METRICS);
    until("a new file", || Metrics(&scratch).value("capiscio_badge_renewals_total", "") == Some(0));
}

#[test]
fn two_keepers_write_into_one_directory_under_different_labels() {
    let scratch = Scratch::with_key();
    let start = |name: &str| {
        let mut command = keep(&scratch, format!("{name}.jwt"));
        command.args(["--metrics-file", &format!("{name}.prom")]);
        Keeper::start_command(&scratch, &mut command, format!("{name}.jwt"))
    };
    let _keepers = [start("one"), start("two")];
    until("both files", || ["one.prom", "two.prom"].iter().all(|name| scratch.join(name).exists()));
    let keys = |name: &str| read(&scratch.join(name)).into_keys().collect::<Vec<_>>();
    assert!(keys("one.prom").iter().all(|series| !keys("two.prom").contains(series)));
}

#[test]
fn the_file_of_a_keeper_that_is_killed_is_whole() {
    let scratch = Scratch::with_key();
    for _ in 0..5 {
        let mut keeper = Keeper::start(&scratch, &METRICS);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(20) {
            keeper.signal(libc::SIGHUP);
        }
        keeper.signal(libc::SIGKILL);
        keeper.wait();
        read(&scratch.join("badge.prom"));
    }
}

#[test]
fn what_a_killed_keeper_left_beside_the_file_is_removed() {
    let scratch = Scratch::with_key();
    scratch.write(".badge.prom.01234567.tmp", "# HELP");
    scratch.write("other.prom", "");
    let _keeper = Keeper::start(&scratch, &METRICS);
    until("the file", || scratch.join("badge.prom").exists());
    let names: Vec<_> = scratch.names().into_iter().filter(|name| name.contains("prom")).collect();
    assert_eq!(names, ["badge.prom", "other.prom"]);
}

#[test]
fn metrics_belong_to_keep_alone_and_have_a_variable() {
    let scratch = Scratch::with_key();
    let ended = run(scratch.path(), &["badge", "issue", "--key", "private.jwk", "--metrics-file", "badge.prom"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let mut command = keep(&scratch, "badge.jwt");
    let _keeper = Keeper::start_command(&scratch, command.env("CAPISCIO_METRICS_FILE", "other.prom"), "badge.jwt");
    until("the file", || scratch.join("other.prom").exists());
    assert!(lines(&scratch, "other.prom").len() > 10);
}
