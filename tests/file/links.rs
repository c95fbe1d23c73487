//! A symbolic link at --out is followed once, at the start, to the file that is kept.

use crate::common::{Keeper, Scratch, capiscio, claims};
use crate::tools::{KEEP, chmod, chown, is_good, keep_ends, leftovers, renew};
use std::fs;
use std::os::unix::fs::{lchown, symlink};

#[test]
fn the_file_behind_links_is_replaced_and_the_links_stay() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("real")).unwrap();
    symlink("next", scratch.join("badge.jwt")).unwrap();
    symlink(scratch.join("real/current.jwt"), scratch.join("next")).unwrap();
    let mut keeper = Keeper::start(&scratch, &[]);
    renew(&mut keeper);
    assert!(fs::symlink_metadata(scratch.join("badge.jwt")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(scratch.join("next")).unwrap().is_symlink());
    is_good(&scratch.join("real/current.jwt"));
    assert_eq!(leftovers(&scratch.join("real")), [".current.jwt.lock", "current.jwt"]);
    // The real file is watched.
    let badge = scratch.read("real/current.jwt");
    scratch.write("real/current.jwt", "forged");
    keeper.until("it is restored", |keeper| keeper.badge().as_ref() == Some(&badge));
    assert!(keeper.stop().success());
    assert_eq!(leftovers(&scratch.join("real")), ["current.jwt"]);
}

/// In a directory like /tmp anybody may plant a link; the kernel does not follow one there (protected_symlinks in
/// proc_sys_fs(5)), and neither does a keeper that reads links by itself.
#[test]
#[ignore = "needs root: gives files to another user"]
fn a_strangers_link_in_a_sticky_directory_is_not_followed() {
    let scratch = Scratch::with_key();
    fs::create_dir(scratch.join("shared")).unwrap();
    chmod(&scratch.join("shared"), 0o1777);
    scratch.write("victim", "precious");
    let link = scratch.join("shared/badge.jwt");
    symlink("../victim", &link).unwrap();
    let keep = || keep_ends(&scratch, "shared/badge.jwt");
    lchown(&link, Some(crate::tools::STRANGER), Some(crate::tools::STRANGER)).unwrap();
    let ended = keep();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("symbolic link of uid 54321"), "{}", ended.stderr);
    assert_eq!(scratch.read("victim"), "precious");
    assert_eq!(leftovers(&scratch.join("shared")), ["badge.jwt"]);
    // The directory's owner may, and so may we.
    for owner in [0, crate::tools::STRANGER] {
        lchown(&link, Some(owner), Some(owner)).unwrap();
        chown(&scratch.join("shared"), owner, owner);
        let mut command = capiscio(scratch.path());
        command.args(KEEP).args(["--out", "shared/badge.jwt"]);
        let mut keeper = Keeper::of(&scratch, command, "victim");
        keeper.until("it has started", |keeper| keeper.log().contains("started"));
        claims(&scratch.read("victim"));
        assert!(keeper.stop().success());
    }
}
