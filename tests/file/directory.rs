//! A directory that is removed, moved or replaced: the badge appears wherever the path leads.

use crate::common::{Keeper, RFC_KEY, Scratch, assert_good, capiscio, keep, until};
use crate::tools::{FAST_RETRY, Mounted, names_but_key, remove_all, sh, wait_until_idle};

fn start_in(scratch: &Scratch, directory: &str) -> Keeper {
    let out = format!("{directory}/badge.jwt");
    Keeper::start_command(scratch, keep(scratch, &out).args(FAST_RETRY), &out)
}

/// The badge, the lock and the watch are in this directory.
fn assert_moves_to(keeper: &mut Keeper, scratch: &Scratch, directory: &str) {
    let out = scratch.join(directory).join("badge.jwt");
    until("the badge", || out.exists());
    assert_good(&out);
    keeper.wait_for("restored");
    until("the lock file", || names_but_key(&scratch.join(directory)) == [".badge.jwt.lock", "badge.jwt"]);
    let badge = scratch.read(&out);
    wait_until_idle(keeper);
    scratch.write(&out, "forged");
    keeper.wait_for_badge(&badge);
    wait_until_idle(keeper);
    keeper.renew();
}

#[test]
fn fails_while_the_directory_is_missing_and_recovers() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    let mut keeper = start_in(&scratch, "badges");
    remove_all(&scratch.join("badges"));
    keeper.wait_for_count("failed", 2);
    assert!(keeper.messages("failed")[0].contains("create the directory: mkdir -p "), "{}", keeper.log());
    let failed = keeper.count("failed");
    keeper.signal(libc::SIGHUP);
    keeper.wait_for_count("failed", failed + 1);
    scratch.mkdir("badges");
    keeper.until("the badge", |keeper| keeper.badge().is_some());
    keeper.assert_good();
    keeper.until("it recovers", |keeper| keeper.count("renewed") + keeper.count("restored") > 0);
    keeper.renew();
    keeper.stop();
    assert_eq!(names_but_key(&scratch.join("badges")), ["badge.jwt"]);
}

#[test]
fn a_directory_that_was_moved_and_recreated_gets_a_badge() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    let mut keeper = start_in(&scratch, "badges");
    scratch.rename("badges", "old");
    keeper.until("it is noticed", |keeper| keeper.count_with("damaged", "was deleted") > 0);
    scratch.mkdir("badges");
    assert_moves_to(&mut keeper, &scratch, "badges");
}

#[test]
fn a_directory_replaced_by_an_equal_one_is_locked_and_watched() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    scratch.mkdir("equal");
    let mut keeper = start_in(&scratch, "badges");
    wait_until_idle(&keeper);
    let badge = keeper.badge().unwrap();
    scratch.write_private("equal/badge.jwt", &badge);
    keeper.signal(libc::SIGSTOP);
    scratch.rename("badges", "old");
    scratch.rename("equal", "badges");
    keeper.signal(libc::SIGCONT);
    until("the lock file", || names_but_key(&scratch.join("badges")) == [".badge.jwt.lock", "badge.jwt"]);
    wait_until_idle(&keeper);
    assert_eq!(keeper.count("damaged"), 0, "{}", keeper.log());
    scratch.rename("badges", "equal");
    keeper.until("it is noticed", |keeper| keeper.count_with("damaged", "was deleted") > 0);
}

#[test]
fn a_directory_that_is_moved_after_some_renewals_is_noticed() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    let mut keeper = start_in(&scratch, "badges");
    for _ in 0..3 {
        keeper.renew();
    }
    wait_until_idle(&keeper);
    scratch.rename("badges", "old");
    keeper.until("it is noticed", |keeper| keeper.count_with("damaged", "was deleted") > 0);
}

/// A deployment moves a whole tree away and puts a new one in its place.
#[test]
fn a_replaced_tree_above_the_directory_is_noticed() {
    let scratch = Scratch::with_key();
    scratch.mkdir("srv/app/run");
    let mut keeper = start_in(&scratch, "srv/app/run");
    scratch.mkdir("new/app/run");
    scratch.rename("srv", "old");
    scratch.rename("new", "srv");
    assert_moves_to(&mut keeper, &scratch, "srv/app/run");
}

/// Another kind of deployment replaces a symbolic link: `current -> releases/42`.
#[test]
fn a_replaced_symlink_to_the_directory_is_noticed() {
    let scratch = Scratch::with_key();
    scratch.mkdir("releases/1/run");
    scratch.mkdir("releases/2/run");
    scratch.symlink("releases/1", "current");
    let mut keeper = start_in(&scratch, "current/run");
    scratch.symlink("releases/2", "next");
    scratch.rename("next", "current");
    assert_moves_to(&mut keeper, &scratch, "releases/2/run");
}

/// `--out badge.jwt` in a working directory that is removed and recreated: the path counts, not the dead inode.
#[test]
fn a_recreated_working_directory_gets_a_badge() {
    let scratch = Scratch::empty();
    scratch.mkdir("work");
    scratch.write_private("private.jwk", RFC_KEY);
    let mut command = capiscio(&scratch.join("work"));
    command.args(["badge", "keep", "--out", "badge.jwt", "--key"]).arg(scratch.join("private.jwk")).args(FAST_RETRY);
    let mut keeper = Keeper::start_command(&scratch, &mut command, "work/badge.jwt");
    remove_all(&scratch.join("work"));
    scratch.mkdir("work");
    assert_moves_to(&mut keeper, &scratch, "work");
}

/// The lock file keeps a lazily unmounted file system alive, so inotify reports nothing.
#[test]
#[ignore = "needs root: mounts"]
fn after_an_unmount_the_next_badge_is_written_where_the_path_leads() {
    let scratch = Scratch::with_key();
    scratch.mkdir("badges");
    let _mounted = Mounted::new("-t tmpfs tmpfs", &scratch.join("badges"));
    let mut keeper = start_in(&scratch, "badges");
    sh(&format!("umount -l '{}'", scratch.join("badges").display()));
    keeper.renew();
    keeper.assert_good();
    assert_eq!(names_but_key(&scratch.join("badges")), [".badge.jwt.lock", "badge.jwt"]);
    // It is watched there, and so are the directories on the way.
    wait_until_idle(&keeper);
    let badge = keeper.badge().unwrap();
    scratch.write("badges/badge.jwt", "forged");
    keeper.wait_for_badge(&badge);
    wait_until_idle(&keeper);
    scratch.rename("badges", "old");
    keeper.until("it is noticed", |keeper| keeper.count_with("damaged", "was deleted") > 0);
}
