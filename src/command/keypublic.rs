//! `capiscio key public`

use super::print;
use crate::cli::KeyPublicArgs;
use crate::error::Error;
use crate::keystore::read_private;

/// Prints the public half of a private key.
pub(super) fn public(args: &KeyPublicArgs) -> Result<(), Error> {
    let key = read_private(&args.key)?;
    let public = key.public();
    print(&((if args.did { public.did_key() } else { public.to_jwk() }) + "\n"))
}
