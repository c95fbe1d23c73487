//! A file system that is full, read-only or broken: the old badge stays, and the next one follows once that is cured.
//! (A quota is the EDQUOT of `faults`: kernels of test machines are often built without quotas.)

use crate::common::{Keeper, Scratch, assert_good, keep, meanwhile, run_bounded, until, wrap};
use crate::tools::{FAST_RETRY, Mounted, names_but_key, sleeps, wait_until_idle};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Requests a renewal. It fails twice with these words, and the old badge stays; after the cure a retry succeeds soon.
fn assert_fails_until_cured(keeper: &mut Keeper, scratch: &Scratch, words: &str, cure: impl FnOnce()) {
    let old = keeper.badge().unwrap();
    let (renewed, failed) = (keeper.count("renewed"), keeper.count("failed"));
    keeper.signal(libc::SIGHUP);
    keeper.until("it fails twice", |keeper| {
        assert_eq!(keeper.badge().as_ref(), Some(&old), "the old badge stays byte for byte");
        keeper.count("failed") >= failed + 2
    });
    let message = keeper.messages("failed").pop().unwrap();
    assert!(message.contains("failed to write badge to ") && message.contains(words), "{message}");
    let names = scratch.names();
    assert!(names.iter().all(|name| !name.ends_with(".tmp")), "{names:?}");
    assert_eq!(keeper.count("renewed"), renewed, "{}", keeper.log());
    cure();
    let begin = Instant::now();
    keeper.wait_for_count("renewed", renewed + 1);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_ne!(keeper.badge().unwrap(), old);
    keeper.assert_good();
}

/// Creates a file that takes all blocks.
fn fill(path: &Path) -> fs::File {
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
    file
}

/// Sets the soft RLIMIT_FSIZE of a process, in bytes.
fn limit_file_size(keeper: &Keeper, bytes: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit outlives the call, and null means that the old one is not wanted.
    let result = unsafe { libc::prlimit(keeper.pid(), libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

/// With 100 bytes allowed the first write is short and the second one fails, without strace.
#[test]
fn a_file_size_limit_fails_a_renewal_and_does_not_kill_the_keeper() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    // SIGXFSZ is ignored: its default action kills.
    let status = fs::read_to_string(format!("/proc/{}/status", keeper.pid())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    assert!(u64::from_str_radix(ignored, 16).unwrap() & 1 << (libc::SIGXFSZ - 1) != 0, "{status}");
    let old = keeper.badge().unwrap();
    // The log is a file longer than the limit, so it has no line of the failures.
    limit_file_size(&keeper, 100);
    wait_until_idle(&keeper);
    let before = sleeps(&keeper);
    keeper.signal(libc::SIGHUP);
    keeper.until("an attempt", |keeper| sleeps(keeper) > before);
    wait_until_idle(&keeper);
    assert!(keeper.is_running());
    assert_eq!(keeper.badge().as_ref(), Some(&old));
    assert_eq!(names_but_key(scratch.path()), [".badge.jwt.lock", "badge.jwt"]);
    limit_file_size(&keeper, libc::RLIM_INFINITY);
    keeper.wait_for("renewed");
    keeper.assert_good();
}

#[test]
fn a_file_size_limit_at_the_start_is_an_error_with_a_cure() {
    let scratch = Scratch::with_key();
    scratch.write("badge.jwt", "the old badge");
    let mut command = wrap(&["sh", "-c", r#"ulimit -f 0; exec "$@""#, "sh"], &keep(&scratch, "badge.jwt"));
    run_bounded(&mut command).assert_failed(&["File too large", "ulimit -f"]);
    assert_eq!(scratch.read("badge.jwt"), "the old badge");
    assert_eq!(names_but_key(scratch.path()), ["badge.jwt"]);
}

#[test]
#[ignore = "needs root: mounts"]
fn the_old_badge_stays_while_another_writer_takes_every_free_block() {
    let (_mounted, scratch) = Mounted::tmpfs("size=64k");
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    let filler = scratch.join("filler");
    let (mut file, cured) = (fs::File::create(&filler).unwrap(), AtomicBool::new(false));
    let mut failures = 0u64;
    let fill = || {
        if !cured.load(Ordering::Relaxed) {
            failures += u64::from(file.write_all(&[0; 512]).is_err());
        }
    };
    // A block becomes free now and then; the other writer takes it at once.
    let free = || {
        let _ = fs::write(scratch.join("small"), [0; 4096]);
        let _ = fs::remove_file(scratch.join("small"));
    };
    meanwhile(fill, || {
        until("the disk is full", || fs::metadata(&filler).is_ok_and(|file| file.len() > 40_000));
        sleep(Duration::from_millis(50));
        meanwhile(free, || {
            assert_fails_until_cured(&mut keeper, &scratch, "No space left on device", || {
                cured.store(true, Ordering::Relaxed);
                // The file is still open, so removing it would free nothing.
                fs::write(&filler, "").unwrap();
            });
        });
    });
    println!("the other writer had ENOSPC {failures} times");
    assert!(keeper.messages("failed")[0].contains("free some space: df -h "), "{}", keeper.log());
}

#[test]
#[ignore = "needs root: mounts"]
fn the_old_badge_stays_while_there_is_no_free_inode() {
    // The root directory, the key, the badge, the lock, and one more.
    let (_mounted, scratch) = Mounted::tmpfs("size=1m,nr_inodes=5");
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    scratch.write("last", "");
    assert_fails_until_cured(&mut keeper, &scratch, "df -i ", || scratch.remove("last"));
}

#[test]
#[ignore = "needs root: mounts"]
fn restores_a_badge_deleted_on_a_full_disk_once_there_is_space() {
    let (_mounted, scratch) = Mounted::tmpfs("size=64k");
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    let badge = keeper.badge().unwrap();
    keeper.signal(libc::SIGSTOP);
    scratch.remove("badge.jwt");
    fill(&scratch.join("filler"));
    keeper.signal(libc::SIGCONT);
    keeper.until("it fails", |keeper| keeper.count_with("failed", "No space left on device") > 0);
    scratch.remove("filler");
    keeper.wait_for_badge(&badge);
    keeper.wait_for("restored");
}

#[test]
#[ignore = "needs root: mounts"]
fn allows_a_read_only_remount_and_renews_after_it() {
    let (mounted, scratch) = Mounted::ext4();
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    mounted.remount("ro");
    assert_fails_until_cured(&mut keeper, &scratch, "Read-only file system", || mounted.remount("rw"));
    // The watch still works.
    let badge = keeper.badge().unwrap();
    wait_until_idle(&keeper);
    scratch.write("badge.jwt", "forged");
    keeper.wait_for_badge(&badge);
}

/// The image of a loop device has no space: the file system accepts the bytes, and only fsync reports the error.
#[test]
#[ignore = "needs root: mounts"]
fn the_old_badge_stays_when_the_disk_below_fails() {
    let (_outer, below) = Mounted::tmpfs("size=2m");
    let (_inner, scratch) = Mounted::ext4_in(&below.join("image"));
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    fill(&below.join("filler"));
    // Blocks that the image already has can be overwritten; after a few renewals new ones are needed.
    for _ in 0..200 {
        keeper.signal(libc::SIGHUP);
        sleep(Duration::from_millis(20));
        if keeper.count("failed") > 0 {
            break;
        }
    }
    let failed = keeper.messages("failed");
    let message = failed.first().expect("a failed renewal");
    assert!(message.contains("(os error 5)") || message.contains("(os error 28)"), "{message}");
    keeper.assert_good();
    below.remove("filler");
    keeper.renew();
    assert_good(&scratch.join("badge.jwt"));
}
