//! The output file over its whole life: checked and locked at the start, replaced, looked at, restored.

use super::Target;
use super::failure::{BADGE, refused, unwritten};
use super::lock::{Lock, Locked};
use super::replace::{Unreplaced, replace};
use super::watch::Watch;
use super::written::Written;
use crate::encoding::escaped;
use crate::failure::Failure;
use crate::system::effective_uid;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// How the file shall be.
pub struct Wanted {
    /// Where; a symbolic link is followed.
    pub path: PathBuf,
    /// Permission bits, at most 0777.
    pub mode: u32,
    /// Group id; the process's own where none is given.
    pub group: Option<u32>,
}

/// What a look at the file found.
pub enum Sight {
    /// It is what was written.
    Intact,
    /// It is not; what was seen.
    Damaged(String),
}

/// A file that is ours to keep.
pub struct Output {
    target: Target,
    wanted: Wanted,
    lock: Option<Lock>,
    watch: Watch,
    written: Option<Written>,
    sync_fails: bool,
    lockless: bool,
    blind: Option<String>,
    warnings: Vec<String>,
}

impl Output {
    /// Checks the path, takes the lock and clears away what a killed keeper left. Nothing is written to the
    /// file itself. `key` must not be the same file.
    pub fn open(wanted: Wanted, key: Option<&Path>) -> Result<Output, Failure> {
        let target = Target::resolve(BADGE, &wanted.path)?;
        let lost = match key {
            Some(key) if target.is_same_file(key) => "it is the file of the private key, which would be lost",
            Some(key) if target.claims(key) => "the private key has a name that the keeper needs beside it",
            _ => "",
        };
        if !lost.is_empty() {
            return Err(refused(BADGE, target.path(), &lost, &"give --out and --key different files"));
        }
        let mut output = Output {
            target,
            wanted,
            lock: None,
            watch: Watch::default(),
            written: None,
            sync_fails: false,
            lockless: false,
            blind: None,
            warnings: Vec::new(),
        };
        output.hold_lock()?;
        output.clear_away();
        Ok(output)
    }

    /// The real file, behind symbolic links.
    pub fn path(&self) -> &Path {
        self.target.path()
    }

    /// Replaces the file by `content`. On an error the old file stands as it was.
    pub fn replace(&mut self, content: &[u8]) -> Result<(), Failure> {
        self.hold_lock()?;
        let temporary = self.target.new_temporary(BADGE)?;
        let watch = &mut self.watch;
        let Wanted { mode, group, .. } = self.wanted;
        let path = self.target.path();
        let replaced = replace(path, &temporary, content, mode, group, |file| watch.prepare(file));
        let (found, unsynced) = replaced.map_err(|unreplaced| {
            watch.abandon();
            unwritten_in(path, group, &unreplaced)
        })?;
        self.watch.settle(self.target.directory());
        self.written = Some(Written::new(content, &found));
        self.note_sync(unsynced);
        self.note_watch();
        Ok(())
    }

    /// Writes what was written last once more.
    pub fn restore(&mut self) -> Result<(), Failure> {
        match self.written.take() {
            None => Ok(()),
            Some(written) => {
                let restored = self.replace(&written.content);
                if restored.is_err() {
                    self.written = Some(written);
                }
                restored
            }
        }
    }

    /// Compares the file with what was written.
    pub fn look(&mut self) -> Sight {
        self.watch.drain();
        // A directory that was exchanged while a badge was being written has got it without a lock. Where somebody
        // else has the lock by now, the next write says so.
        let _ = self.hold_lock();
        let Some(written) = &self.written else { return Sight::Intact };
        // First the watch, then the look: what changes after the look is told. The path is watched anew each time,
        // because an inode's number does not tell whether it still is the one that is watched.
        self.watch.follow(self.target.path(), self.target.directory());
        if let Err(seen) = written.compare(self.target.path()) {
            return Sight::Damaged(seen);
        }
        if self.blind.is_none() && self.watch.blindness().is_some() {
            // Whoever waits for our word would wait in vain; a write of our own tells them that none will come.
            return Sight::Damaged("another file stands in its place, which the kernel cannot watch".into());
        }
        self.note_watch();
        if self.sync_fails {
            let result = super::replace::sync_directory(self.target.path());
            self.note_sync(result.err());
        }
        Sight::Intact
    }

    /// Whether the kernel tells of every change.
    pub fn is_watched(&self) -> bool {
        self.blind.is_none()
    }

    /// Readable when the file may have changed.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watch.fd()
    }

    /// What the person should know, since it was asked last.
    pub fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The lock goes with its directory; in a directory that was made again it is taken again.
    fn hold_lock(&mut self) -> Result<(), Failure> {
        if self.lockless || self.lock.as_ref().is_some_and(Lock::stands) {
            return Ok(());
        }
        match Lock::take(&self.target.lock(), self.target.path())? {
            Locked::Held(lock) => self.lock = Some(lock),
            Locked::Unsupported(error) => {
                self.lockless = true;
                self.warnings.push(format!(
                    "the file system of {} knows no locks ({error}): nothing keeps a second keeper away from the file",
                    escaped(self.target.path())
                ));
            }
        }
        Ok(())
    }

    /// Removes temporary files of keepers that were killed. Only the holder of the lock may.
    fn clear_away(&self) {
        if self.lockless {
            return;
        }
        let Ok(entries) = fs::read_dir(self.target.directory()) else { return };
        for entry in entries {
            if let Ok(entry) = entry
                && self.target.is_temporary(&entry.file_name())
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn note_sync(&mut self, failure: Option<io::Error>) {
        if let Some(error) = &failure
            && !self.sync_fails
        {
            self.warnings.push(format!(
                "the badge stands in {}, but its directory could not be synced ({error}): a power cut now may bring the old one back",
                escaped(self.target.path())
            ));
        }
        self.sync_fails = failure.is_some();
    }

    fn note_watch(&mut self) {
        let blind = self.watch.blindness();
        if blind != self.blind
            && let Some(why) = &blind
        {
            self.warnings.push(format!(
                "the kernel does not tell of changes to {}: {why}; it is looked at every --check-interval instead",
                escaped(self.target.path())
            ));
        }
        self.blind = blind;
    }
}

fn unwritten_in(path: &Path, group: Option<u32>, unreplaced: &Unreplaced) -> Failure {
    let Unreplaced { error, at_group } = unreplaced;
    match group {
        Some(group) if *at_group => refused(
            BADGE,
            path,
            &format_args!("it cannot be given to group {group}: {error}"),
            &format_args!(
                "the keeper (uid {}) must be a member of that group: group_add in compose, \
                 SupplementaryGroups= in systemd, fsGroup in Kubernetes",
                effective_uid()
            ),
        ),
        _ => unwritten(BADGE, path, error),
    }
}
