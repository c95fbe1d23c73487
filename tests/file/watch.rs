//! The kernel reports changes of the file and of no other; where it cannot, the keeper polls the file.

use crate::common::{Keeper, Scratch, keep, wrap};
use crate::tools::{FAST_RETRY, Traced, sleeps, timers, wait_until_idle};
use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

const POLLING: [&str; 2] = ["--check-interval", "200ms"];

#[test]
fn other_files_in_the_directory_never_wake_the_keeper() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    wait_until_idle(&keeper);
    let before = sleeps(&keeper);
    let mut log = fs::File::create(scratch.join("other.log")).unwrap();
    for round in 0..1000 {
        writeln!(log, "line {round}").unwrap();
        let name = format!("badge.jwt.{round}");
        scratch.write(&name, "x");
        scratch.remove(name);
    }
    scratch.mkdir("directory");
    scratch.read("badge.jwt");
    wait_until_idle(&keeper);
    assert_eq!(sleeps(&keeper), before);
}

/// The inotify watches of the keeper (proc_pid_fdinfo(5)).
fn watches(keeper: &Keeper) -> usize {
    let infos = fs::read_dir(format!("/proc/{}/fdinfo", keeper.pid())).unwrap();
    let infos = infos.filter_map(|info| fs::read_to_string(info.unwrap().path()).ok());
    infos.map(|info| info.lines().filter(|line| line.starts_with("inotify ")).count()).sum()
}

#[test]
#[ignore = "needs root: looks into the keeper's descriptors"]
fn the_number_of_watches_is_the_same_after_renewals_and_failed_writes() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &FAST_RETRY);
    wait_until_idle(&keeper);
    let before = watches(&keeper);
    assert!(before > 1, "the file and its directory");
    for _ in 0..3 {
        keeper.renew();
    }
    wait_until_idle(&keeper);
    assert_eq!(watches(&keeper), before);
    // The rename fails, after the temporary file got its watch.
    let badge = keeper.badge().unwrap();
    keeper.signal(libc::SIGSTOP);
    scratch.remove("badge.jwt");
    scratch.mkdir("badge.jwt");
    keeper.signal(libc::SIGCONT);
    keeper.wait_for_count("failed", 2);
    fs::remove_dir(scratch.join("badge.jwt")).unwrap();
    keeper.wait_for_badge(&badge);
    wait_until_idle(&keeper);
    assert_eq!(watches(&keeper), before);
}

/// The keeper warns once, for this reason, that it polls; and it does poll.
fn assert_polls(keeper: &mut Keeper, scratch: &Scratch, reason: &str) {
    keeper.until("a warning", |keeper| keeper.count_with("warning", reason) == 1);
    assert_eq!(keeper.count_with("warning", "polling it every --check-interval"), 1, "{}", keeper.log());
    let badge = keeper.badge().unwrap();
    scratch.write("badge.jwt", "forged");
    keeper.wait_for_badge(&badge);
    keeper.renew();
    let before = sleeps(keeper);
    keeper.until("it polls again", |keeper| sleeps(keeper) > before + 2);
    assert_eq!(keeper.count_with("warning", "does not report changes"), 1, "{}", keeper.log());
}

#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn polls_where_inotify_cannot_be_used() {
    for (fault, reason) in [
        ("inotify_init,inotify_init1:error=ENOSYS", "inotify: Function not implemented"),
        ("inotify_init,inotify_init1:error=EMFILE", "inotify instance limit (fs.inotify.max_user_instances)"),
        ("inotify_add_watch:error=ENOSPC", "inotify watch limit (fs.inotify.max_user_watches)"),
    ] {
        let scratch = Scratch::with_key();
        let mut traced = Traced::start(&scratch, &["-e", &format!("inject={fault}")], &POLLING);
        assert_polls(&mut traced.keeper, &scratch, reason);
        traced.assert_injected();
    }
}

/// The command in a user namespace that allows no inotify instance.
fn without_inotify(command: &Command) -> Command {
    let limit = r#"echo 0 > /proc/sys/user/max_inotify_instances; exec "$@""#;
    wrap(&["unshare", "-U", "-r", "sh", "-c", limit, "sh"], command)
}

/// Without an injected fault: a user namespace that allows no inotify instance.
#[test]
#[ignore = "needs root: makes a user namespace"]
fn polls_at_the_real_limit_of_inotify_instances() {
    let scratch = Scratch::with_key();
    let mut command = without_inotify(keep(&scratch, "badge.jwt").args(POLLING));
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    assert_polls(&mut keeper, &scratch, "fs.inotify.max_user_instances");
}

/// With default flags the keeper polls every minute, which is too long for a test: the kernel shows the armed timer.
fn assert_polls_every_minute(keeper: &Keeper) {
    wait_until_idle(keeper);
    let timers = timers(keeper);
    let boot = timers.iter().find(|timer| timer.clock == libc::CLOCK_BOOTTIME).unwrap();
    let (least, most) = (Duration::from_nanos(1), Duration::from_secs(60));
    assert!((least..=most).contains(&boot.remaining), "{timers:?}");
}

#[test]
#[ignore = "needs root: makes a user namespace, reads /proc/PID/fdinfo"]
fn polls_every_minute_without_inotify_and_without_flags() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start_command(&scratch, &mut without_inotify(&keep(&scratch, "badge.jwt")), "badge.jwt");
    assert_polls_every_minute(&keeper);
    keeper.renew();
    assert_polls_every_minute(&keeper);
}

/// Each kind of file system that other machines or a FUSE server can change (linux/magic.h), as statfs(2) would name it.
#[test]
#[ignore = "needs root: reads /proc/PID/fdinfo; needs strace: pokes the answer of a system call"]
fn polls_every_minute_on_remote_file_systems() {
    let remote = [
        ("NFS", 0x0000_6969_u32, true),
        ("SMB", 0x0000_517b, true),
        ("CIFS", 0xff53_4d42, true),
        ("SMB2", 0xfe53_4d42, true),
        ("FUSE", 0x6573_5546, true),
        ("9p", 0x0102_1997, true),
        ("Ceph", 0x00c3_6400, true),
        ("AFS", 0x5346_414f, true),
        ("VirtualBox", 0x786f_4256, true),
        ("ext4", 0x0000_ef53, false),
        ("tmpfs", 0x0102_1994, false),
        ("overlayfs", 0x794c_7630, false),
    ];
    for (name, magic, is_remote) in remote {
        let scratch = Scratch::with_key();
        // The first member of struct statfs, f_type, has 64 bits.
        let magic: String = u64::from(magic).to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let poke = format!("inject=statfs:poke_exit=@arg2={magic}");
        let mut traced = Traced::start(&scratch, &["-e", &poke], &[]);
        traced.assert_injected();
        let keeper = &mut traced.keeper;
        keeper.renew();
        let warnings = keeper.count_with("warning", "does not report changes");
        assert_eq!(warnings, usize::from(is_remote), "{name}\n{}", keeper.log());
        if is_remote {
            assert_polls_every_minute(keeper);
        }
    }
}

/// The wall clock's timer reports when that clock is set; the boot clock counts time in suspend (timerfd_create(2)).
#[test]
#[ignore = "needs root: reads /proc/PID/fdinfo"]
fn the_timers_see_clock_steps_and_time_in_suspend() {
    let scratch = Scratch::with_key();
    let mut command = keep(&scratch, "badge.jwt");
    command.env("NOTIFY_SOCKET", "@no-such-supervisor").env("WATCHDOG_USEC", "30000000");
    let keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    wait_until_idle(&keeper);
    let timers = timers(&keeper);
    let [wall, boot, watchdog] = &timers[..] else { panic!("{timers:?}") };
    assert_eq!(
        (wall.clock, boot.clock, watchdog.clock),
        (libc::CLOCK_REALTIME, libc::CLOCK_BOOTTIME, libc::CLOCK_BOOTTIME)
    );
    assert_eq!(wall.flags, libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET);
    assert!(wall.remaining > Duration::ZERO, "{timers:?}");
    // A watched file is not polled.
    assert_eq!(boot.remaining, Duration::ZERO, "{timers:?}");
    assert_eq!(watchdog.interval, Duration::from_secs(15));
}

/// The next write after inotify works again ends the polling.
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn stops_polling_when_inotify_works_again() {
    let scratch = Scratch::with_key();
    let fault = ["-e", "inject=inotify_init,inotify_init1:error=EMFILE:when=1..4"];
    let mut traced = Traced::start(&scratch, &fault, &[]);
    let keeper = &mut traced.keeper;
    keeper.until("a warning", |keeper| keeper.count_with("warning", "does not report changes") == 1);
    keeper.renew();
    keeper.renew();
    wait_until_idle(keeper);
    let badge = keeper.badge().unwrap();
    scratch.write("badge.jwt", "forged");
    keeper.wait_for_badge(&badge);
    assert_eq!(keeper.count_with("warning", "does not report changes"), 1, "{}", keeper.log());
}

/// The directories on the way get their watches with the file, if not before.
#[test]
#[ignore = "needs strace: injects faults into system calls"]
fn watches_the_directories_once_a_queue_can_be_opened() {
    for failures in 1..=3 {
        let scratch = Scratch::with_key();
        scratch.mkdir("badges");
        let fault = format!("inject=inotify_init,inotify_init1:error=EMFILE:when=1..{failures}");
        let command = keep(&scratch, "badges/badge.jwt");
        let mut traced = Traced::spawn_command(&scratch, &["-e", &fault], &command, "badges/badge.jwt");
        let keeper = &mut traced.keeper;
        keeper.wait_for("started");
        wait_until_idle(keeper);
        scratch.rename("badges", "old");
        keeper.until("it is noticed", |keeper| keeper.count_with("damaged", "was deleted") > 0);
        traced.assert_injected();
    }
}

/// Another process replaces the file by an equal one while no watch is free.
#[test]
#[ignore = "needs root: reads /proc/PID/fdinfo; needs strace: injects faults into system calls"]
fn replaces_or_polls_a_file_that_cannot_be_watched() {
    // The first write needs some watches, each check some more; from this number on there are none.
    for first in 2..12 {
        let scratch = Scratch::with_key();
        let fault = format!("inject=inotify_add_watch:error=ENOSPC:when={first}+");
        let mut traced = Traced::start(&scratch, &["-e", &fault], &["--exp", "30s", "--renew-before", "10s"]);
        let keeper = &mut traced.keeper;
        wait_until_idle(keeper);
        let badge = keeper.badge().unwrap();
        scratch.write_private("equal", &badge);
        scratch.rename("equal", "badge.jwt");
        wait_until_idle(keeper);
        if keeper.count_with("warning", "does not report changes") == 0 {
            scratch.write("badge.jwt", "forged");
            keeper.wait_for_badge(&badge);
        } else {
            assert_polls_every_minute(keeper);
        }
        keeper.stop();
    }
}
