//! `capiscio key gen` and `capiscio key public`

use super::{print, print_message, print_warning};
use crate::cli::{KeyGenArgs, KeyPublicArgs};
use crate::encoding::escaped;
use crate::error::Error;
use crate::file::{FileError, Reason, Target};
use crate::keystore::{check_file, create_private, generate as new_key, read_private, write_file};
use crate::report::not_synced;
use std::io;
use std::path::Path;

/// Generates a key pair. Nothing is written when the private key exists, unless forced.
#[inline(never)]
pub(super) fn generate(args: &KeyGenArgs) -> Result<(), Error> {
    check(args)?;
    let key = new_key().map_err(Error::GenerateKey)?;
    let (jwk, did) = (key.public().to_jwk(), key.public().did_key());
    warn_unsynced(&args.public, write_file(&args.public, &(jwk + "\n"), 0o644))?;
    if let Some(path) = &args.did {
        warn_unsynced(path, write_file(path, &format!("{did}\n"), 0o644))?;
    }
    // The private key comes last: after it, nothing can fail.
    let private = args.private.as_path();
    let written = if args.force { write_file(private, &key.to_jwk(), 0o600) } else { create_private(private, &key) };
    warn_unsynced(private, written)?;
    print_message(&format_args!("wrote {} (keep it secret) and {}", escaped(private), escaped(&args.public)));
    if args.show_did { print(&(did + "\n")) } else { Ok(()) }
}

fn warn_unsynced(path: &Path, written: Result<Option<io::Error>, Box<FileError>>) -> Result<(), Error> {
    let sync_error = written.map_err(Error::WriteKey)?;
    sync_error.iter().for_each(|error| print_warning(&not_synced(&escaped(path), error)));
    Ok(())
}

/// Before anything is written: without --force no file is replaced, and no file is written twice.
fn check(args: &KeyGenArgs) -> Result<(), Error> {
    let mut named = vec![args.private.as_path()];
    for path in [Some(&args.public), args.did.as_ref()].into_iter().flatten() {
        if read_private(path).is_ok() {
            return Err(Error::WriteKey(FileError::new(path, Reason::HoldsSecret)));
        }
        let target = Target::new(path);
        if named.iter().any(|other| target.is_same_file(other)) {
            return Err(Error::WriteKey(FileError::new(path, Reason::SameFile)));
        }
        named.push(path);
    }
    named.into_iter().try_for_each(|path| check_file(path, args.force)).map_err(Error::WriteKey)
}

/// Prints the public half of a private key.
pub(super) fn public(args: &KeyPublicArgs) -> Result<(), Error> {
    let key = read_private(&args.key).map_err(Error::ReadKey)?;
    let public = key.public();
    print(&((if args.did { public.did_key() } else { public.to_jwk() }) + "\n"))
}
