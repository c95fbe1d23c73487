//! Any name that the file system accepts works.

use crate::common::{Keeper, Scratch, assert_good, keep, run_bounded, until};
use crate::tools::{assert_keep_fails, names_but_key, wait_until_idle};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// A keeper of this name starts, renews, restores, excludes a second keeper and leaves nothing but the badge.
fn assert_keeps(directory: &str, name: &OsStr) {
    let scratch = Scratch::with_key();
    let out = Path::new(directory).join(name);
    scratch.mkdir(directory);
    let mut keeper = Keeper::start_command(&scratch, &mut keep(&scratch, &out), &out);
    keeper.renew();
    let badge = keeper.badge().unwrap();
    scratch.write(&out, "forged");
    keeper.wait_for_badge(&badge);
    run_bounded(&mut keep(&scratch, &out)).assert_failed(&[&format!("pid {}", keeper.pid())]);
    wait_until_idle(&keeper);
    // The next keeper recognizes what a killed one leaves under this name.
    keeper.signal(libc::SIGKILL);
    keeper.wait();
    let mut keeper = Keeper::start_command(&scratch, &mut keep(&scratch, &out), &out);
    keeper.assert_good();
    keeper.stop();
    let rest = fs::read_dir(scratch.join(&out).parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(rest.filter(|rest| rest != "private.jwk").collect::<Vec<_>>(), [name]);
}

#[test]
fn names_may_have_spaces_newlines_quotes_and_dashes() {
    assert_keeps("", OsStr::new("a badge\nwith 'every' \"kind\" of\tspace"));
    assert_keeps("a b\nc", OsStr::new(" "));
    assert_keeps("", OsStr::new(".hidden"));
}

#[test]
fn names_need_not_be_utf_8() {
    assert_keeps("", &OsString::from_vec(vec![0xff, 0xfe, b'x', 0x80]));
}

#[test]
fn names_may_have_255_bytes() {
    assert_keeps("", OsStr::new(&"n".repeat(255)));
    assert_keeps("", OsStr::new(&"é".repeat(127)));
    assert_keeps("", OsStr::from_bytes(&[0xff; 255]));
}

#[test]
fn a_name_of_256_bytes_is_refused_with_a_cure() {
    let scratch = Scratch::with_key();
    assert_keep_fails(&scratch, &"n".repeat(256), &["os error 36", "shorter name"]);
    assert!(names_but_key(scratch.path()).is_empty());
}

#[test]
fn a_newline_in_a_name_does_not_break_a_line_of_the_text_log() {
    let scratch = Scratch::with_key();
    let mut command = keep(&scratch, "a\nbadge");
    let mut keeper = Keeper::spawn(&scratch, command.args(["--log-format", "text"]), "a\nbadge");
    until("the first badge", || scratch.join("a\nbadge").exists());
    let badge = keeper.badge().unwrap();
    scratch.write("a\nbadge", "forged");
    keeper.wait_for_badge(&badge);
    keeper.stop();
    let log = keeper.log();
    assert!(log.lines().all(|line| line.contains(" GMT ")), "{log}");
    for event in ["started", "restoring", "restored", "stopped"] {
        assert!(log.contains(event), "{event}\n{log}");
    }
}

#[test]
fn two_names_of_255_bytes_that_differ_in_the_last_do_not_collide() {
    let scratch = Scratch::with_key();
    let names = ["a", "b"].map(|end| "n".repeat(254) + end);
    let mut keepers = names.each_ref().map(|name| Keeper::start_command(&scratch, &mut keep(&scratch, name), name));
    keepers.iter_mut().for_each(Keeper::renew);
    names.iter().for_each(|name| drop(assert_good(&scratch.join(name))));
    keepers.iter_mut().for_each(Keeper::stop);
    assert_eq!(names_but_key(scratch.path()), names);
}

#[test]
fn paths_may_be_relative_absolute_or_contain_dots() {
    for spelling in ["badge.jwt", "./badge.jwt", "deep/../badge.jwt", "deep//er/../../badge.jwt", "/"] {
        let scratch = Scratch::with_key();
        scratch.mkdir("deep/er");
        let absolute = scratch.join("badge.jwt");
        let spelling = if spelling == "/" { absolute.to_str().unwrap() } else { spelling };
        let mut keeper = Keeper::start_command(&scratch, &mut keep(&scratch, spelling), "badge.jwt");
        keeper.renew();
        keeper.stop();
        assert_eq!(names_but_key(scratch.path()), ["badge.jwt", "deep"]);
    }
}
