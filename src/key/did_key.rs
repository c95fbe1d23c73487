//! `did:key` of an Ed25519 key: `did:key:z` + base58btc(0xed 0x01 || key), did:key method §3.1.
#![forbid(unsafe_code)]

use crate::encoding::base58;

/// What every Ed25519 `did:key` begins with; `z` is multibase for base58btc.
const PREFIX: &str = "did:key:z";

/// Multicodec `ed25519-pub` (0xed) as an unsigned varint.
const ED25519: [u8; 2] = [0xed, 0x01];

/// 34 bytes with this first byte are always 47 base58 digits, which bounds what is decoded.
const DIGITS: usize = 47;

/// The `did:key` of 32 public key bytes.
pub fn encode(key: &[u8; 32]) -> String {
    let mut bytes = [0; 34];
    bytes[..2].copy_from_slice(&ED25519);
    bytes[2..].copy_from_slice(key);
    [PREFIX, &base58::encode(&bytes)].concat()
}

/// The 32 bytes in an Ed25519 `did:key`; `None` for other key types and for DID URLs.
///
/// Whether they are a usable key is for [`super::PublicKey::from_did_key`] to say.
pub fn decode(did: &str) -> Option<[u8; 32]> {
    let digits = did
        .strip_prefix(PREFIX)
        .filter(|digits| digits.len() == DIGITS)?;
    let bytes = base58::decode(digits)?;
    bytes.strip_prefix(&ED25519)?.try_into().ok()
}
