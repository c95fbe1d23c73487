//! Every reason has its sentence, and every cause that a user can remove has its cure.

use super::{Error, NotOwnDid};
use crate::badge::issue::IssueError;
use crate::file::{FileError, Reason};
use crate::key::JwkError;
use crate::keystore::{KeyError, KeyFault};
use crate::system::effective_uid;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The sentence about the badge file `/badge.jwt`.
fn file(reason: Reason) -> String {
    let sentence = Error::WriteBadge(Box::new(FileError { path: "/badge.jwt".into(), reason })).to_string();
    sentence.strip_prefix("failed to write badge to /badge.jwt: ").unwrap().to_owned()
}

/// The same for an errno, without the text of the system.
fn file_errno(errno: i32) -> String {
    let sentence = file(Reason::Io(io::Error::from_raw_os_error(errno)));
    let (_, hint) = sentence.split_once(&format!("(os error {errno})")).unwrap();
    hint.to_owned()
}

#[test]
fn each_errno_of_a_file_has_its_cure() {
    let own = format!(
        "; uid {uid} may not write to /; give it its own directory: install -d -o {uid} -m 0750 /capiscio",
        uid = effective_uid()
    );
    let mount = "; the file is a mount point and cannot be replaced; mount the directory instead of the single file";
    for (errno, hint) in [
        (libc::EACCES, own.as_str()),
        (libc::EPERM, "; it may be immutable: lsattr -d /badge.jwt / shows an i or an a, which chattr -i -a removes"),
        (libc::EROFS, "; / is read-only; mount the directory (not the single file) writable"),
        (libc::EBUSY, mount),
        (libc::EXDEV, mount),
        (libc::ENOSPC, "; free some space: df -h /; df -i /"),
        (libc::EDQUOT, "; the quota is used up; free some space or raise the quota"),
        (libc::EFBIG, "; the file size limit is too low; raise it (ulimit -f, LimitFSIZE=)"),
        (libc::EMFILE, "; raise the limit of open files (ulimit -n 64, LimitNOFILE=64)"),
        (libc::EIO, "; the disk or its connection is broken; see dmesg"),
        (libc::EEXIST, "; the existing file is unchanged; key gen --force replaces it"),
        (libc::EISDIR, "; a directory has the name of the file; remove it"),
        (libc::ENOTDIR, "; a component of the path is not a directory"),
        (libc::ENAMETOOLONG, "; choose a shorter name"),
        // The directory exists, so only the file is missing.
        (libc::ENOENT, ""),
        (libc::ENFILE, ""),
        (libc::EINVAL, ""),
    ] {
        assert_eq!(file_errno(errno), hint, "{errno}");
    }
}

#[test]
fn each_reason_of_a_file_has_its_sentence() {
    let uid = effective_uid();
    let directory = fs::metadata("/").unwrap().file_type();
    let device = fs::metadata("/dev/null").unwrap().file_type();
    let lock = || PathBuf::from("/.badge.jwt.lock");
    let locked = "another keeper already writes this file";
    let error = io::Error::from_raw_os_error(libc::EPERM);
    let group = format!(
        "cannot set group 7: {error}; make uid {uid} a member of it \
         (Compose: group_add, systemd: SupplementaryGroups=, Kubernetes: fsGroup)"
    );
    for (reason, sentence) in [
        (
            Reason::Sticky { owner: 7 },
            "it belongs to uid 7 in a sticky directory; remove it as that user or use another directory",
        ),
        (Reason::Group { gid: 7, error }, &group),
        (Reason::NotRegular(directory), "it is a directory, which a rename would destroy; name a regular file"),
        (Reason::NotRegular(device), "it is a device, which a rename would destroy; name a regular file"),
        (Reason::NamesDirectory, "it names a directory that does not exist; name a regular file"),
        (Reason::OpenDescriptor, "it is an open descriptor; name a regular file, or use badge issue for stdout"),
        (Reason::SymlinkLoop, "its symbolic links form a loop; name the file itself"),
        (
            Reason::UntrustedSymlink { owner: 7 },
            "it is a symbolic link of uid 7 in a directory that all users may write to; remove it",
        ),
        (
            Reason::ParentSymlink { link: "/run".into(), owner: 7 },
            "/run became a symbolic link of uid 7, in a directory that others may write to; remove it",
        ),
        (Reason::Unwanted, "it was no longer valid when it was complete; use a faster disk or a longer --exp"),
        (Reason::Protected, "it is the private key, which would be lost; give --out another file"),
        (Reason::ProtectedName, "the private key has the name of a lock or temporary file; rename the key"),
        (Reason::HoldsSecret, "it holds a private key; choose another file"),
        (Reason::SameFile, "another file of this command has that name; choose another"),
        (
            Reason::Locked { lock: lock(), pid: Some(42), owner: uid },
            &format!("{locked} (pid 42, lock /.badge.jwt.lock); stop it or use another --out"),
        ),
        (
            Reason::Locked { lock: lock(), pid: None, owner: uid },
            &format!("{locked} (lock /.badge.jwt.lock); stop it or use another --out"),
        ),
        (
            Reason::Locked { lock: lock(), pid: None, owner: uid + 1 },
            &format!("{locked} (lock /.badge.jwt.lock of uid {}); stop it or use another --out", uid + 1),
        ),
        (Reason::LockNotRegular { lock: lock() }, "the lock file /.badge.jwt.lock is not a regular file; remove it"),
        (
            Reason::LockDenied { lock: lock(), owner: uid },
            "the lock file /.badge.jwt.lock cannot be opened; restore its mode: chmod 600 /.badge.jwt.lock",
        ),
        (
            Reason::LockDenied { lock: lock(), owner: uid + 7 },
            &format!(
                "the lock file /.badge.jwt.lock belongs to uid {}; run as that user, or remove it if unused",
                uid + 7
            ),
        ),
    ] {
        assert_eq!(file(reason), sentence);
    }
}

#[test]
fn each_fault_of_a_key_has_its_sentence() {
    let sentence = |path: Option<&str>, private: bool, fault: KeyFault| {
        let path = path.map(PathBuf::from);
        Error::ReadKey(Box::new(KeyError { path, private, fault })).to_string()
    };
    let errno = |number: i32| KeyFault::Io(io::Error::from_raw_os_error(number));
    let text = |number: i32| io::Error::from_raw_os_error(number).to_string();
    let missing = text(libc::ENOENT);
    let create = "; create one: capiscio key gen --out-priv /none.jwk";
    let limit = "; raise the limit of open files (ulimit -n 64, LimitNOFILE=64)";
    for (private, fault, end) in [
        (true, errno(libc::ENOENT), format!("{missing}{create}")),
        (false, errno(libc::ENOENT), missing),
        (true, errno(libc::EMFILE), format!("{}{limit}", text(libc::EMFILE))),
        (false, errno(libc::EMFILE), format!("{}{limit}", text(libc::EMFILE))),
        (true, errno(libc::EIO), text(libc::EIO)),
        (true, KeyFault::TooLong, "it is larger than 16 KiB; name a file that holds one JWK".into()),
        (true, KeyFault::NotUtf8, "it is not UTF-8 text; name a file that holds a JWK".into()),
        (true, KeyFault::Jwk(JwkError::Pem), format!("{}; README.md shows how to convert it", JwkError::Pem)),
    ] {
        assert_eq!(sentence(Some("/none.jwk"), private, fault), format!("cannot use the key /none.jwk: {end}"));
    }
    for (path, fault, end) in [
        ("/", KeyFault::NotRegular, "it is a directory; name the file in it"),
        // One that may not be read.
        ("/", errno(libc::EACCES), "it is a directory; name the file in it"),
        ("/dev/null", KeyFault::NotRegular, "it is not a regular file; name the file that holds the JWK"),
    ] {
        assert_eq!(sentence(Some(path), true, fault), format!("cannot use the key {path}: {end}"));
    }
    let variable = "cannot use the key in CAPISCIO_AGENT_PRIVATE_KEY_JWK: ";
    assert_eq!(sentence(None, true, KeyFault::Jwk(JwkError::Empty)), format!("{variable}{}", JwkError::Empty));
}

#[test]
fn each_error_of_a_command_has_its_sentence_and_its_exit_status() {
    let errno = || io::Error::from_raw_os_error(libc::EMFILE);
    // The C libraries differ in its text.
    let limit = errno().to_string();
    let own = "cannot sign a badge for did:web:a: a self-signed badge is issued by and for its own key";
    let not_own =
        |actual| Error::NotOwnDid(Box::new(NotOwnDid { origin: "--sub".into(), required: "did:web:a".into(), actual }));
    let key = || Box::new(KeyError { path: None, private: false, fault: KeyFault::TooLong });
    let unreadable = "cannot use the key in CAPISCIO_AGENT_PRIVATE_KEY_JWK: it is larger than 16 KiB; \
                      name a file that holds one JWK";
    for (error, status, sentence) in [
        (Error::GenerateKey(errno()), 1, format!("cannot generate a key: {limit}")),
        (Error::Random(errno()), 1, format!("cannot sign a badge: no random bytes: {limit}")),
        (Error::Sign(IssueError::SelfCheck), 1, format!("cannot sign a badge: {}", IssueError::SelfCheck)),
        (not_own(Some("did:key:z".into())), 2, format!("{own}, did:key:z; leave --sub out or set it to that DID")),
        (not_own(None), 2, format!("{own}, which is not generated yet; leave --sub out")),
        (Error::ClockNotSet, 1, "cannot sign a badge: the clock is not set (before 2025); set the clock".into()),
        (
            Error::ReadyFd(errno()),
            2,
            format!("--ready-fd is not an open descriptor: {limit}; let the supervisor open it"),
        ),
        (
            Error::Wait(errno()),
            1,
            format!(
                "cannot wait for time, signals and file events: {limit}; raise the limit of open files \
                 (ulimit -n 64, LimitNOFILE=64)"
            ),
        ),
        (Error::Stdout(errno()), 1, format!("cannot write to stdout: {limit}")),
        (Error::ReadKey(key()), 1, unreadable.into()),
        (Error::ReadVerifyKey(key()), 2, unreadable.into()),
        (
            Error::WriteKey(FileError::new(Path::new("/a b"), Reason::SameFile)),
            1,
            "failed to write key to /a b: another file of this command has that name; choose another".into(),
        ),
    ] {
        assert_eq!((error.to_string(), error.exit_code()), (sentence, status));
    }
}
