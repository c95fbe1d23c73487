//! `did:key` of an Ed25519 key: `did:key:z` + base58btc(0xed 0x01 || key), did:key method §3.1.

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
    let digits = did.strip_prefix(PREFIX).filter(|digits| digits.len() == DIGITS)?;
    let bytes = base58::decode(digits)?;
    bytes.strip_prefix(&ED25519)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{PrivateKey, PublicKey};

    #[test]
    fn known_keys_have_their_known_names() {
        for (last, name) in [
            (1, "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"),
            (2, "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"),
        ] {
            let mut seed = [0; 32];
            seed[31] = last;
            let key = PrivateKey::from_seed(seed, None).unwrap();
            assert_eq!(key.public().did_key(), name);
            assert_eq!(PublicKey::from_did_key(name).as_ref(), Some(key.public()));
        }
    }

    #[test]
    fn the_did_url_names_the_key_inside_its_own_document() {
        let did = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";
        let url = format!("{did}#z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
        assert_eq!(PublicKey::from_did_key(did).unwrap().did_url(), url);
    }

    #[test]
    fn only_an_ed25519_did_key_is_one() {
        let other = |prefix: [u8; 2]| {
            let mut bytes = [7; 34];
            bytes[..2].copy_from_slice(&prefix);
            format!("did:key:z{}", base58::encode(&bytes))
        };
        assert!(decode(&other([0xed, 0x01])).is_some());
        for did in [
            "",
            "did:key:",
            "did:key:z",
            "did:web:example.com",
            "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
            "did:key:6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
            "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMs",
            "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMs0",
            "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMswx",
            "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw#key",
            &other([0xec, 0x01]),
            &other([0xed, 0x02]),
        ] {
            assert_eq!(decode(did), None, "{did}");
        }
    }

    #[test]
    fn every_key_has_as_many_digits_as_decoding_expects() {
        for key in [[0; 32], [0xff; 32]] {
            assert_eq!(decode(&encode(&key)), Some(key));
        }
    }
}
