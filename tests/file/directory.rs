//! The directory may go and come back; so does the badge.

use crate::common::{Keeper, RFC_KEY, Scratch, capiscio, claims, until};
use crate::tools::{KEEP, leftovers, remove_all, renew, settled};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// A keeper with retries every second, whose badge lies in `directory` and whose key lies elsewhere.
fn keeper_in(scratch: &Scratch, directory: &str) -> Keeper {
    let mut command = capiscio(scratch.path());
    let out = format!("{directory}/badge.jwt");
    command.args(KEEP).args(["--out", &out, "--exp", "60s", "--renew-before", "10s"]);
    let mut keeper = Keeper::of(scratch, command, &out);
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    keeper
}

fn is_kept_again(keeper: &mut Keeper, out: &Path) {
    until("the badge is back", || out.exists());
    let badge = fs::read_to_string(out).unwrap();
    claims(&badge);
    keeper.until("it says so", |keeper| keeper.log().contains("restored"));
    // Lock and watch are in the new directory.
    until("the lock is there, too", || leftovers(out.parent().unwrap()) == [".badge.jwt.lock", "badge.jwt"]);
    settled(keeper.pid());
    fs::write(out, "forged").unwrap();
    until("it is watched", || fs::read_to_string(out).ok().as_ref() == Some(&badge));
    settled(keeper.pid());
    renew(keeper);
}

#[test]
fn a_removed_directory_makes_renewals_fail_until_it_is_back() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("badges")).unwrap();
    let mut keeper = keeper_in(&scratch, "badges");
    remove_all(&scratch.join("badges"));
    keeper.until("it fails", |keeper| keeper.log().contains("make the directory: mkdir -p "));
    keeper.until("it tries again", |keeper| keeper.lines_with("next attempt at") >= 2);
    // A renewal that is asked for fails in the same way, and the keeper lives on.
    keeper.signal(libc::SIGHUP);
    keeper.until("it fails again", |keeper| keeper.lines_with("next attempt at") >= 3);
    fs::create_dir(scratch.join("badges")).unwrap();
    until("the badge is back", || scratch.join("badges/badge.jwt").exists());
    keeper.until("it has renewed", |keeper| keeper.log().contains("renewed") || keeper.log().contains("restored"));
    claims(&keeper.badge().unwrap());
    renew(&mut keeper);
    assert!(keeper.stop().success());
    assert_eq!(leftovers(&scratch.join("badges")), ["badge.jwt"]);
}

#[test]
fn a_directory_that_was_moved_away_and_made_again_has_a_badge_again() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("badges")).unwrap();
    let mut keeper = keeper_in(&scratch, "badges");
    fs::rename(scratch.join("badges"), scratch.join("old")).unwrap();
    keeper.until("it is seen", |keeper| keeper.log().contains("it is gone"));
    fs::create_dir(scratch.join("badges")).unwrap();
    is_kept_again(&mut keeper, &scratch.join("badges/badge.jwt"));
}

/// A deployment moves a whole tree away and puts a new one there.
#[test]
fn a_tree_that_was_moved_away_above_the_directory_is_noticed() {
    let scratch = Scratch::with_key();
    fs::create_dir_all(scratch.join("srv/app/run")).unwrap();
    let mut keeper = keeper_in(&scratch, "srv/app/run");
    fs::create_dir_all(scratch.join("new/app/run")).unwrap();
    fs::rename(scratch.join("srv"), scratch.join("old")).unwrap();
    fs::rename(scratch.join("new"), scratch.join("srv")).unwrap();
    is_kept_again(&mut keeper, &scratch.join("srv/app/run/badge.jwt"));
}

/// Another one turns a link: `current -> releases/42`.
#[test]
fn a_link_to_the_directory_that_was_turned_is_noticed() {
    let scratch = Scratch::with_key();
    fs::create_dir_all(scratch.join("releases/1/run")).unwrap();
    fs::create_dir_all(scratch.join("releases/2/run")).unwrap();
    symlink("releases/1", scratch.join("current")).unwrap();
    let mut keeper = keeper_in(&scratch, "current/run");
    symlink("releases/2", scratch.join("turned")).unwrap();
    fs::rename(scratch.join("turned"), scratch.join("current")).unwrap();
    is_kept_again(&mut keeper, &scratch.join("releases/2/run/badge.jwt"));
}

/// `--out badge.jwt` in a working directory that is removed and made again: the path counts, not the dead inode.
#[test]
fn a_working_directory_that_was_made_again_has_a_badge_again() {
    let scratch = Scratch::empty();
    fs::create_dir(scratch.join("work")).unwrap();
    scratch.write_private("private.jwk", RFC_KEY);
    let mut command = capiscio(&scratch.join("work"));
    command.args(["badge", "keep", "--out", "badge.jwt", "--exp", "60s", "--renew-before", "10s", "--key"]);
    command.arg(scratch.join("private.jwk"));
    let mut keeper = Keeper::of(&scratch, command, "work/badge.jwt");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    remove_all(&scratch.join("work"));
    fs::create_dir(scratch.join("work")).unwrap();
    is_kept_again(&mut keeper, &scratch.join("work/badge.jwt"));
}

/// Nobody tells of a lazy unmount, because the lock keeps the file system alive; the path is what counts.
#[test]
#[ignore = "needs root: mounts"]
fn the_next_badge_goes_where_the_path_leads_when_a_file_system_was_unmounted() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("badges")).unwrap();
    let mounted = crate::tools::Mounted::new("-t tmpfs tmpfs", &scratch.join("badges"));
    let mut keeper = keeper_in(&scratch, "badges");
    assert!(Command::new("umount").arg("-l").arg(scratch.join("badges")).status().unwrap().success());
    renew(&mut keeper);
    claims(&keeper.badge().unwrap());
    assert_eq!(leftovers(&scratch.join("badges")), [".badge.jwt.lock", "badge.jwt"]);
    drop(mounted);
}
