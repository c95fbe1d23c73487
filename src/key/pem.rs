//! Keys of other tools: the line for a shell that makes a JWK of a PEM file.

use crate::failure::shell_word;
use std::path::Path;

/// Which half of a key is needed.
#[derive(Clone, Copy)]
pub(super) enum Half {
    Private,
    Public,
}

impl Half {
    /// The cure for a PEM file. The line does nothing at all unless the file holds an Ed25519 key, and it replaces
    /// no file: the last bytes of any other key would make a JWK whose secret everybody can know.
    pub(super) fn conversion(self, path: &Path) -> String {
        // The last 32 bytes of an Ed25519 key are its seed in PKCS #8 and its point in SPKI (RFC 8410 §4, §7): the
        // "d" and the "x" of the JWK.
        let (member, input, text, output) = match self {
            Half::Private => ("d", "", "-text | grep -q '^ED25519 Private'", "private.jwk"),
            Half::Public => ("x", "-pubin ", "-text | grep -q '^ED25519 Public'", "public.jwk"),
        };
        let pem = shell_word(path);
        format!(
            "an Ed25519 one is converted by: (set -eC; umask 077; openssl pkey {input}-in {pem} -noout {text}; \
             printf '{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"{member}\":\"%s\"}}' \
             \"$(openssl pkey {input}-in {pem} -outform DER | tail -c 32 | base64 | tr '+/' '-_' | tr -d '=')\" > {output})"
        )
    }
}
