//! `did:key` of an Ed25519 key: `did:key:z` + base58btc(0xed 0x01 || key), did:key method §3.1.

use crate::encoding::base58;

/// The `z` is multibase for base58btc.
const PREFIX: &str = "did:key:z";

/// Multicodec `ed25519-pub` (0xed) as an unsigned varint.
const ED25519: [u8; 2] = [0xed, 0x01];

/// 34 bytes that begin with [`ED25519`] always take 47 base58 digits, so nothing longer is decoded.
const DIGITS: usize = 47;

pub(crate) fn encode(key: &[u8; 32]) -> String {
    PREFIX.to_owned() + &base58::encode(&[&ED25519[..], key].concat())
}

/// The 32 bytes in an Ed25519 `did:key`, not yet checked to be a public key; `None` for other key types and for DID URLs.
pub(crate) fn decode(did: &str) -> Option<[u8; 32]> {
    let digits = did.strip_prefix(PREFIX).filter(|digits| digits.len() == DIGITS)?;
    base58::decode(digits)?.strip_prefix(&ED25519)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64url;

    #[test]
    fn encodes_and_decodes_a_known_did_key() {
        let mut key = [0; 32];
        assert!(base64url::decode_exact("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &mut key));
        let did = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";
        assert_eq!((encode(&key).as_str(), decode(did)), (did, Some(key)));
    }

    #[test]
    fn refuses_what_is_not_an_ed25519_did_key() {
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
    fn decodes_the_lowest_and_the_highest_key() {
        for key in [[0; 32], [0xff; 32]] {
            assert_eq!(decode(&encode(&key)), Some(key));
        }
    }
}
