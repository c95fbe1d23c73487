//! Disks that are full, read-only or broken: the old badge stays, and the next one comes once that is cured. (For
//! quotas see the EDQUOT of `faults`: the kernels that tests run on are often built without them.)

use crate::common::{Keeper, Scratch, until};
use crate::tools::{KEEP, Mounted, behind, is_good, issued, leftovers, renew, settled};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// A retry every second.
const TERM: [&str; 4] = ["--exp", "60s", "--renew-before", "10s"];

/// Asks for a renewal that fails twice with these words while the badge stands as it was, puts things right, and
/// sees the renewal come within the retry time.
fn fails_until(keeper: &mut Keeper, directory: &Path, words: &str, cure: impl FnOnce()) {
    let old = keeper.badge().unwrap();
    let (before, failures) = (issued(keeper), keeper.lines_with("next attempt at"));
    keeper.signal(libc::SIGHUP);
    keeper.until("it fails twice", |keeper| {
        assert_eq!(keeper.badge().as_ref(), Some(&old), "the old badge stays byte for byte");
        keeper.lines_with("next attempt at") >= failures + 2
    });
    let log = keeper.log();
    let line = log.lines().rfind(|line| line.contains("next attempt at")).unwrap();
    assert!(line.contains(" error: failed to write badge to ") && line.contains(words), "{line}");
    assert!(leftovers(directory).iter().all(|name| !name.ends_with(".tmp")), "{:?}", leftovers(directory));
    assert_eq!(issued(keeper), before, "{log}");
    cure();
    let begin = Instant::now();
    keeper.until("it renews", |keeper| issued(keeper) > before);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_ne!(keeper.badge().unwrap(), old);
    is_good(&directory.join("badge.jwt"));
}

/// Sets the soft limit of a process's file size, in bytes.
fn limit_files(pid: i32, bytes: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit outlives the call, the old one is not asked for.
    assert_eq!(unsafe { libc::prlimit(pid, libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut()) }, 0);
}

/// With 100 bytes allowed the first write is short and the second one fails: both really.
#[test]
fn a_file_size_limit_is_an_error_not_a_death() {
    let scratch = Scratch::with_key();
    // The log has to grow beyond the limit, so it is no file.
    let mut keeper = Keeper::start(&scratch, &TERM);
    let pid = keeper.pid();
    // SIGXFSZ (25) is ignored: its default action kills.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim().to_owned();
    assert!(u64::from_str_radix(&ignored, 16).unwrap() & 1 << (libc::SIGXFSZ - 1) != 0, "{status}");
    let old = keeper.badge().unwrap();
    // The log is a file, too, and longer than a badge's first half by now: nothing is told while the limit is there.
    limit_files(pid, 100);
    keeper.signal(libc::SIGHUP);
    sleep(Duration::from_millis(1500));
    assert!(keeper.child.try_wait().unwrap().is_none(), "the keeper lives");
    assert_eq!(keeper.badge().as_ref(), Some(&old));
    assert_eq!(leftovers(scratch.path()), [".badge.jwt.lock", "badge.jwt"]);
    limit_files(pid, libc::RLIM_INFINITY);
    keeper.until("it renews", |keeper| keeper.lines_with("info: renewed") == 1);
    is_good(&scratch.join("badge.jwt"));
}

#[test]
fn a_file_size_limit_is_named_with_its_cure() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old one");
    let mut command = behind(&["sh", "-c", r#"ulimit -f 0; exec "$@""#, "sh"], scratch.path());
    let ended = crate::tools::ended(command.args(KEEP));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("File too large") && ended.stderr.contains("ulimit -f"), "{}", ended.stderr);
    assert_eq!(scratch.read("badge.jwt"), "the old one");
    assert_eq!(leftovers(scratch.path()), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: mounts"]
fn on_a_full_disk_where_another_writer_grabs_every_freed_block_the_old_badge_stays() {
    let (_mounted, scratch) = Mounted::tmpfs("size=64k");
    let mut keeper = Keeper::start(&scratch, &TERM);
    let (greedy, stop) = (scratch.join("greedy"), AtomicBool::new(false));
    scope(|scope| {
        let grabber = scope.spawn(|| {
            let mut file = fs::File::create(&greedy).unwrap();
            let mut refused = 0u64;
            while !stop.load(Ordering::Relaxed) {
                refused += u64::from(file.write_all(&[0; 512]).is_err());
            }
            refused
        });
        until("the disk is full", || fs::metadata(&greedy).is_ok_and(|file| file.len() > 40_000));
        sleep(Duration::from_millis(50));
        // Somebody frees a block now and then: the grabber has it at once.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = fs::write(scratch.join("small"), [0; 4096]);
                let _ = fs::remove_file(scratch.join("small"));
            }
        });
        fails_until(&mut keeper, scratch.path(), "No space left on device", || {
            stop.store(true, Ordering::Relaxed);
            println!("the other writer met a full disk {} times", grabber.join().unwrap());
            fs::remove_file(&greedy).unwrap();
        });
    });
    assert!(keeper.log().contains("make room: df -h "), "{}", keeper.log());
}

#[test]
#[ignore = "needs root: mounts"]
fn without_a_free_inode_the_old_badge_stays() {
    // The root directory, the key, the badge, the lock: and one to be taken away.
    let (_mounted, scratch) = Mounted::tmpfs("size=1m,nr_inodes=5");
    let mut keeper = Keeper::start(&scratch, &TERM);
    scratch.write("last", "");
    fails_until(&mut keeper, scratch.path(), "df -i ", || fs::remove_file(scratch.join("last")).unwrap());
}

#[test]
#[ignore = "needs root: mounts"]
fn a_badge_that_is_destroyed_on_a_full_disk_is_back_once_there_is_room() {
    let (_mounted, scratch) = Mounted::tmpfs("size=64k");
    let mut keeper = Keeper::start(&scratch, &TERM);
    let badge = keeper.badge();
    keeper.signal(libc::SIGSTOP);
    fs::remove_file(scratch.join("badge.jwt")).unwrap();
    let mut greedy = fs::File::create(scratch.join("greedy")).unwrap();
    while greedy.write_all(&[0; 512]).is_ok() {}
    keeper.signal(libc::SIGCONT);
    keeper.until("it fails", |keeper| keeper.log().contains("No space left on device"));
    drop(greedy);
    fs::remove_file(scratch.join("greedy")).unwrap();
    keeper.until("it is back", |keeper| keeper.badge() == badge);
    keeper.until("it says so", |keeper| keeper.log().contains("restored the badge"));
}

#[test]
#[ignore = "needs root: mounts"]
fn a_running_keeper_does_not_hinder_a_read_only_remount_and_renews_after_it() {
    let (mounted, scratch) = Mounted::ext4("", "");
    let mut keeper = Keeper::start(&scratch, &TERM);
    mounted.remount("ro");
    fails_until(&mut keeper, scratch.path(), "Read-only file system", || mounted.remount("rw"));
    // Lock and watch have lived through it.
    let badge = keeper.badge();
    settled(keeper.pid());
    fs::write(scratch.join("badge.jwt"), "forged").unwrap();
    keeper.until("it is restored", |keeper| keeper.badge() == badge);
}

/// A loop device whose image has no room: the file system takes the bytes, and fsync tells the truth.
#[test]
#[ignore = "needs root: mounts"]
fn a_disk_that_fails_underneath_leaves_the_old_badge() {
    let (_outer, below) = Mounted::tmpfs("size=2m");
    let scratch = Scratch::empty();
    let image = below.join("image");
    crate::tools::sh(&format!("truncate -s 8M '{0}' && mkfs.ext4 -q -F -O ^has_journal '{0}'", image.display()));
    let inner = Mounted::new(&format!("-o loop,errors=continue '{}'", image.display()), scratch.path());
    scratch.write_private("private.jwk", crate::common::RFC_KEY);
    let mut keeper = Keeper::start(&scratch, &TERM);
    let mut greedy = fs::File::create(below.join("greedy")).unwrap();
    while greedy.write_all(&[0; 4096]).is_ok() {}
    let errors = ["(os error 5)", "(os error 28)"];
    // Blocks that the image has already can be overwritten; a few renewals need new ones.
    for _ in 0..200 {
        keeper.signal(libc::SIGHUP);
        sleep(Duration::from_millis(20));
        if keeper.log().contains("next attempt at") {
            break;
        }
    }
    let log = keeper.log();
    assert!(log.contains("next attempt at") && errors.iter().any(|error| log.contains(error)), "{log}");
    is_good(&scratch.join("badge.jwt"));
    drop(greedy);
    fs::remove_file(below.join("greedy")).unwrap();
    renew(&mut keeper);
    is_good(&scratch.join("badge.jwt"));
    drop(inner);
}
