//! `capiscio key gen` and `capiscio key public`

use super::{DONE, complain, failed, print, warn};
use crate::cli::{KeyGen, KeyPublic};
use crate::encoding::escaped;
use crate::failure::Failure;
use crate::file::{KEY, Target, directory, refused, unwritten};
use crate::key::PrivateKey;
use crate::key::file::read_private;
use crate::key::make::{create_private, generate as new_key, put};
use std::fs;
use std::io;
use std::iter;
use std::path::Path;

/// Makes a key pair. Nothing is written when the private key exists, unless forced.
#[inline(never)]
pub fn generate(asked: &KeyGen) -> u8 {
    match write_pair(asked) {
        Err(failure) => failed(&failure),
        Ok(did) => {
            complain(&format_args!(
                "wrote {} (keep it secret) and {}",
                escaped(&asked.private),
                escaped(&asked.public)
            ));
            if asked.show_did { print(&format_args!("{did}\n")) } else { DONE }
        }
    }
}

fn write_pair(asked: &KeyGen) -> Result<String, Failure> {
    check(asked)?;
    let key = new_key()?;
    let did = key.public().did_key();
    // The private key comes last: once it stands, there is nothing left that could fail.
    let mut warnings = vec![put(&asked.public, &format!("{}\n", key.public().to_jwk()), 0o644)?];
    if let Some(path) = &asked.did {
        warnings.push(put(path, &format!("{did}\n"), 0o644)?);
    }
    warnings.push(match asked.force {
        true => put(&asked.private, &key.to_jwk(), 0o600)?,
        false => create_private(&asked.private, &key)?,
    });
    for warning in warnings.into_iter().flatten() {
        warn(&warning);
    }
    Ok(did)
}

/// Before anything is written: no private key is lost, and no file is written twice.
fn check(asked: &KeyGen) -> Result<(), Failure> {
    let refused = |path: &Path, reason: &str, cure: &str| Err(refused(KEY, path, &reason, &cure));
    let exists = asked.private.symlink_metadata().is_ok();
    if exists && !asked.force {
        return Err(unwritten(KEY, &asked.private, &io::Error::from_raw_os_error(libc::EEXIST)));
    }
    if let Err(error) = fs::metadata(directory(&asked.private)) {
        return Err(unwritten(KEY, &asked.private, &error));
    }
    let mut named = vec![&asked.private];
    for file in iter::once(&asked.public).chain(&asked.did) {
        if read_private(file).is_ok() {
            return refused(file, "it holds a private key, which would be lost", "name another file");
        }
        let target = Target::beside(file);
        if named.iter().any(|other| target.is_same_file(other)) {
            return refused(file, "two of the files to be written are one", "name different files");
        }
        named.push(file);
    }
    Ok(())
}

/// Prints the public half of a private key.
pub fn public(asked: &KeyPublic) -> u8 {
    match read_private(&asked.key) {
        Err(failure) => failed(&failure),
        Ok(key) => print(&public_line(&key, asked.did)),
    }
}

fn public_line(key: &PrivateKey, did: bool) -> String {
    let public = key.public();
    format!("{}\n", if did { public.did_key() } else { public.to_jwk() })
}
