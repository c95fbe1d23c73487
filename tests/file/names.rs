//! Any name that the file system takes is taken.

use crate::common::{Keeper, RFC_KEY, Scratch, capiscio};
use crate::tools::{ended, is_good, leftovers, renew, settled};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Keeps a badge under this name: it starts, renews, restores, shuts a second keeper out and leaves nothing.
fn is_kept(directory: &str, name: &OsStr) {
    let scratch = Scratch::with_key();
    let out = Path::new(directory).join(name);
    fs::create_dir_all(scratch.join(directory)).unwrap();
    let command = || {
        let mut command = capiscio(scratch.path());
        command.args(["badge", "keep", "--key", "private.jwk", "--out"]).arg(&out);
        command
    };
    let mut keeper = Keeper::of(&scratch, command(), "unused");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    renew(&mut keeper);
    let real = scratch.join(&out);
    let badge = fs::read(&real).unwrap();
    fs::write(&real, "forged").unwrap();
    crate::common::until("it is restored", || fs::read(&real).ok().as_ref() == Some(&badge));
    assert_eq!(ended(&mut command()).code, Some(1), "{name:?}");
    let log = keeper.log();
    assert!(log.lines().all(|line| line.contains(" GMT ")), "no name breaks a line in two\n{log}");
    settled(keeper.pid());
    // A killed keeper's leavings are known again under this name, too.
    keeper.signal(libc::SIGKILL);
    keeper.ended();
    let mut keeper = Keeper::of(&scratch, command(), "unused");
    keeper.until("it has started", |keeper| keeper.log().contains("started"));
    is_good(&real);
    assert!(keeper.stop().success());
    let rest: Vec<OsString> = fs::read_dir(real.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|rest| rest != "private.jwk")
        .collect();
    assert_eq!(rest, [name]);
}

#[test]
fn names_with_spaces_newlines_quotes_and_dashes_are_kept() {
    is_kept("", OsStr::new("a badge\nwith 'every' \"kind\" of\tspace"));
    is_kept("a b\nc", OsStr::new(" "));
    is_kept("", OsStr::new(".hidden"));
}

#[test]
fn names_that_are_no_utf8_are_kept() {
    is_kept("", &OsString::from_vec(vec![0xff, 0xfe, b'x', 0x80]));
}

#[test]
fn names_of_255_bytes_are_kept() {
    is_kept("", OsStr::new(&"n".repeat(255)));
    is_kept("", OsStr::new(&"é".repeat(127)));
    is_kept("", OsStr::from_bytes(&[0xff; 255]));
}

#[test]
fn two_names_of_255_bytes_with_one_beginning_do_not_disturb_each_other() {
    let scratch = Scratch::with_key();
    let names = ["a", "b"].map(|end| "n".repeat(254) + end);
    let mut keepers = names.clone().map(|name| {
        let mut command = capiscio(scratch.path());
        command.args(["badge", "keep", "--key", "private.jwk", "--out", &name]);
        let mut keeper = Keeper::of(&scratch, command, &name);
        keeper.until("it has started", |keeper| keeper.log().contains("started"));
        keeper
    });
    keepers.iter_mut().for_each(renew);
    names.iter().for_each(|name| is_good(&scratch.join(name)).then_some(()).unwrap());
    assert!(keepers.iter_mut().all(|keeper| keeper.stop().success()));
    assert_eq!(leftovers(scratch.path()), names);
}

#[test]
fn relative_and_absolute_paths_and_paths_through_dots_are_kept() {
    for spelling in ["badge.jwt", "./badge.jwt", "deep/../badge.jwt", "deep//er/../../badge.jwt", "/"] {
        let scratch = Scratch::with_key();
        fs::create_dir_all(scratch.join("deep/er")).unwrap();
        let absolute = scratch.join("badge.jwt");
        let spelling = if spelling == "/" { absolute.to_str().unwrap() } else { spelling };
        let mut command = capiscio(scratch.path());
        command.args(["badge", "keep", "--key", "private.jwk", "--out", spelling]);
        let mut keeper = Keeper::of(&scratch, command, "badge.jwt");
        keeper.until("it has started", |keeper| keeper.log().contains("started"));
        renew(&mut keeper);
        assert!(keeper.stop().success());
        assert_eq!(leftovers(scratch.path()), ["badge.jwt", "deep"]);
    }
}

/// A name of one byte more than the file system takes.
#[test]
fn a_name_that_is_too_long_is_a_sentence() {
    let scratch = Scratch::empty();
    scratch.write_private("private.jwk", RFC_KEY);
    let name = "n".repeat(256);
    let ended = crate::tools::keep_ends(&scratch, &name);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("os error 36") && ended.stderr.contains("shorter name"), "{}", ended.stderr);
    assert!(leftovers(scratch.path()).is_empty());
}
