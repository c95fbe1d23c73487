//! The kernel tells of every change to the file and of nothing else; where it cannot, the file is looked at.

use crate::common::{Keeper, Scratch};
use crate::tools::{Traced, behind, settled, sleeps};
use std::fs;
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

#[test]
fn other_files_in_the_directory_never_wake_the_keeper() {
    let scratch = Scratch::with_key();
    let keeper = Keeper::start(&scratch, &[]);
    settled(keeper.pid());
    let before = sleeps(keeper.pid());
    let mut log = fs::File::create(scratch.join("neighbour.log")).unwrap();
    for round in 0..1000 {
        writeln!(log, "line {round}").unwrap();
        let name = scratch.join(format!("badge.jwt.{round}"));
        fs::write(&name, "x").unwrap();
        fs::remove_file(name).unwrap();
    }
    fs::create_dir(scratch.join("directory")).unwrap();
    fs::read_to_string(scratch.join("badge.jwt")).unwrap();
    sleep(Duration::from_millis(200));
    assert_eq!(sleeps(keeper.pid()), before, "the keeper was woken");
}

/// The files of the process, by the flags of /proc/PID/fdinfo (O_CLOEXEC is 02000000).
#[test]
fn no_descriptor_is_inherited_by_anybody_and_none_is_a_directory() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    crate::tools::renew(&mut keeper);
    let mut kinds = Vec::new();
    for number in fs::read_dir(format!("/proc/{}/fd", keeper.pid())).unwrap() {
        let number = number.unwrap();
        let name = number.file_name().into_string().unwrap();
        // What the test runner itself was given by its parents is not the keeper's.
        let link = fs::read_link(number.path()).unwrap();
        if name.parse::<u32>().unwrap() <= 2 || fs::read_link(format!("/proc/self/fd/{name}")).is_ok_and(|l| l == link)
        {
            continue;
        }
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{name}", keeper.pid())).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim().to_owned();
        let flags = i32::from_str_radix(&flags, 8).unwrap();
        assert!(flags & libc::O_CLOEXEC != 0, "descriptor {name}: {info}");
        kinds.push(link.to_string_lossy().into_owned());
    }
    kinds.sort();
    assert_eq!(kinds.len(), 5, "the lock, two timers, signals, inotify: {kinds:?}");
    assert!(kinds[0].ends_with("/.badge.jwt.lock"), "{kinds:?}");
}

fn looks_every_interval(keeper: &mut Keeper, scratch: &Scratch, why: &str) {
    keeper.until("it says why", |keeper| keeper.log().contains(why));
    let log = keeper.log();
    let line = log.lines().find(|line| line.contains(why)).unwrap();
    assert!(line.contains(" warning: ") && line.contains("looked at every --check-interval"), "{log}");
    let badge = keeper.badge().unwrap();
    fs::write(scratch.join("badge.jwt"), "forged").unwrap();
    keeper.until("it was looked at", |keeper| keeper.badge().as_ref() == Some(&badge));
    crate::tools::renew(keeper);
    settled_but_for_looks(keeper);
    assert_eq!(keeper.lines_with("does not tell of changes"), 1, "said once\n{}", keeper.log());
}

fn settled_but_for_looks(keeper: &mut Keeper) {
    let begin = sleeps(keeper.pid());
    keeper.until("it looks again", |keeper| sleeps(keeper.pid()) > begin + 2);
}

#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn without_inotify_the_file_is_looked_at_every_check_interval() {
    for (errno, why) in [
        ("ENOSYS", "inotify: Function not implemented"),
        ("EMFILE", "limit of inotify instances is reached (fs.inotify.max_user_instances)"),
    ] {
        let scratch = Scratch::with_key();
        let fault = format!("inject=inotify_init,inotify_init1:error={errno}");
        let mut traced = Traced::start(&scratch, &["-e", &fault], &["--check-interval", "200ms"]);
        looks_every_interval(&mut traced.keeper, &scratch, why);
        assert!(traced.injected());
    }
}

#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn without_a_free_watch_the_file_is_looked_at_every_check_interval() {
    let scratch = Scratch::with_key();
    let fault = ["-e", "inject=inotify_add_watch:error=ENOSPC"];
    let mut traced = Traced::start(&scratch, &fault, &["--check-interval", "200ms"]);
    looks_every_interval(&mut traced.keeper, &scratch, "limit of inotify watches is reached");
    assert!(traced.injected());
}

/// No fault put in: a user namespace in which the user may have no inotify instance at all.
#[test]
#[ignore = "needs root: makes a user namespace"]
fn at_the_real_limit_of_instances_the_file_is_looked_at_every_check_interval() {
    let scratch = Scratch::with_key();
    let limit = r#"echo 0 > /proc/sys/user/max_inotify_instances; exec "$@""#;
    let mut command = behind(&["unshare", "-U", "-r", "sh", "-c", limit, "sh"], scratch.path());
    command.args(crate::tools::KEEP).args(["--check-interval", "200ms"]);
    let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    looks_every_interval(&mut keeper, &scratch, "fs.inotify.max_user_instances");
}

/// The first look is still at the old state; from the next write on nothing polls any more.
#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn once_inotify_is_to_be_had_again_nothing_polls_any_more() {
    let scratch = Scratch::with_key();
    let fault = ["-e", "inject=inotify_init,inotify_init1:error=EMFILE:when=1..2"];
    let mut traced = Traced::start(&scratch, &fault, &[]);
    traced.keeper.until("it is warned of", |keeper| keeper.log().contains("does not tell of changes"));
    crate::tools::renew(&mut traced.keeper);
    crate::tools::renew(&mut traced.keeper);
    settled(traced.keeper.pid());
    let badge = traced.keeper.badge().unwrap();
    fs::write(scratch.join("badge.jwt"), "forged").unwrap();
    traced.keeper.until("it is restored", |keeper| keeper.badge().as_ref() == Some(&badge));
    assert_eq!(traced.keeper.lines_with("does not tell of changes"), 1, "{}", traced.keeper.log());
}

/// An equal file that somebody put in place while no watch was free is not left without one.
#[test]
#[ignore = "needs strace: faults are put into system calls"]
fn a_file_that_cannot_be_watched_any_more_is_replaced_or_looked_at() {
    let scratch = Scratch::with_key();
    // The first write needs some watches, each look some more; from a number on there are none.
    for first in 2..12 {
        let fault = format!("inject=inotify_add_watch:error=ENOSPC:when={first}+");
        let mut traced = Traced::start(&scratch, &["-e", &fault], &["--exp", "30s", "--renew-before", "10s"]);
        let pid = traced.keeper.pid();
        settled(pid);
        let (out, badge) = (scratch.join("badge.jwt"), traced.keeper.badge().unwrap());
        scratch.write_private("equal", &badge);
        fs::rename(scratch.join("equal"), &out).unwrap();
        settled(pid);
        let blind = traced.keeper.log().contains("does not tell of changes");
        if !blind {
            fs::write(&out, "forged").unwrap();
            traced.keeper.until("it is restored", |keeper| keeper.badge().as_ref() == Some(&badge));
        }
        traced.keeper.stop();
    }
}
