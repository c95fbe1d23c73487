//! `capiscio key gen` and `capiscio key public`

use super::{DONE, FAILED, complain, print};
use crate::cli::{KeyGen, KeyPublic};
use crate::encoding::shown;
use crate::failure::Failure;
use crate::key::PrivateKey;
use crate::key::file::{create_private, generate as new_key, put, read_private};

/// Makes a key pair. Nothing is written when the private key exists, unless forced.
pub fn generate(asked: &KeyGen) -> u8 {
    match write_pair(asked) {
        Err(failure) => {
            complain(&failure.to_string());
            FAILED
        }
        Ok(did) => {
            complain(&format!("wrote {} (keep it secret) and {}", shown(&asked.private), shown(&asked.public)));
            if asked.show_did { print(&format!("{did}\n")) } else { DONE }
        }
    }
}

fn write_pair(asked: &KeyGen) -> Result<String, Failure> {
    let key = new_key().map_err(|error| Failure::new("cannot make a key", error.to_string(), ""))?;
    let did = key.public().did_key();
    if asked.force {
        put(&asked.private, &key.to_jwk(), 0o600)?;
    } else {
        create_private(&asked.private, &key)?;
    }
    put(&asked.public, &format!("{}\n", key.public().to_jwk()), 0o644)?;
    if let Some(path) = &asked.did {
        put(path, &format!("{did}\n"), 0o644)?;
    }
    Ok(did)
}

/// Prints the public half of a private key.
pub fn public(asked: &KeyPublic) -> u8 {
    match read_private(&asked.key) {
        Err(failure) => {
            complain(&failure.to_string());
            FAILED
        }
        Ok(key) => print(&public_line(&key, asked.did)),
    }
}

fn public_line(key: &PrivateKey, did: bool) -> String {
    let public = key.public();
    format!("{}\n", if did { public.did_key() } else { public.to_jwk() })
}
