//! The public half of a key.

use super::did_key;
use ed25519_compact as ed25519;

/// A valid Ed25519 public key, with the `kid` of its JWK.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicKey {
    bytes: [u8; 32],
    kid: Option<String>,
}

impl PublicKey {
    /// The key of these 32 bytes (RFC 8032 §5.1.5).
    ///
    /// `None`: not the canonical encoding of a point, or a point of small order, under which a
    /// signature can be valid for any message.
    pub fn from_bytes(bytes: [u8; 32], kid: Option<String>) -> Option<PublicKey> {
        ed25519::PublicKey::new(bytes).validate().ok()?;
        Some(PublicKey { bytes, kid })
    }

    /// The key inside an Ed25519 `did:key`; `None` when it is anything else.
    pub fn from_did_key(did: &str) -> Option<PublicKey> {
        PublicKey::from_bytes(did_key::decode(did)?, None)
    }

    /// The 32 bytes of RFC 8032 §5.1.2.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The key identifier of the JWK, if it had one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `did:key:z6Mk...`
    pub fn did_key(&self) -> String {
        did_key::encode(&self.bytes)
    }

    /// The DID URL of the key inside its own DID document: `did:key:z6Mk...#z6Mk...`
    pub fn did_url(&self) -> String {
        let did = self.did_key();
        let fragment = did.strip_prefix("did:key:").unwrap_or_default();
        format!("{did}#{fragment}")
    }

    /// Whether the private half of this key made `signature` over `message` (RFC 8032 §5.1.7).
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let key = ed25519::PublicKey::new(self.bytes);
        key.verify(message, &ed25519::Signature::new(*signature)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_did_url_from_the_did_key() {
        let did = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";
        let url = format!("{did}#z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
        assert_eq!(PublicKey::from_did_key(did).unwrap().did_url(), url);
    }

    #[test]
    fn refuses_points_of_small_order_and_bytes_that_are_not_a_point() {
        let mut identity = [0; 32];
        identity[0] = 1;
        for bytes in [[0; 32], identity, [0xff; 32]] {
            assert_eq!(PublicKey::from_bytes(bytes, None), None);
            assert_eq!(PublicKey::from_did_key(&did_key::encode(&bytes)), None);
        }
    }
}
