//! base64url without padding: RFC 4648 §5, as JOSE uses it (RFC 7515 §2).
//!
//! Decoding is strict: of the texts that other decoders read as the same bytes only one is accepted. Otherwise a token
//! could be changed without breaking its signature (RFC 4648 §3.5, §12).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes `bytes` with the url-safe alphabet and no padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity((bytes.len() * 4).div_ceil(3));
    encode_to(&mut out, bytes);
    out
}

/// Appends what [`encode`] returns.
pub(crate) fn encode_to(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        // The bytes fill the top 24 of 32 bits.
        let mut group = [0; 4];
        group[..chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for i in 0..=chunk.len() {
            let digit = group >> (26 - 6 * i) & 63;
            out.push(char::from(ALPHABET[digit as usize]));
        }
    }
}

/// Decodes what [`encode`] writes, and nothing else.
///
/// `None`: a character outside the alphabet (padding, whitespace, `+` and `/` included), a length
/// that no byte string has, or bits set after the last byte.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = vec![0; text.len() * 3 / 4];
    decode_exact(text, &mut out).then_some(out)
}

/// Decodes exactly `out.len()` bytes into `out`, as strictly as [`decode`]; after `false`, `out` may hold a part.
///
/// For secrets: no copy is made on the heap.
pub fn decode_exact(text: &str, out: &mut [u8]) -> bool {
    if text.len() % 4 == 1 || text.len() * 3 / 4 != out.len() {
        return false;
    }
    for (digits, bytes) in text.as_bytes().chunks(4).zip(out.chunks_mut(3)) {
        let mut group = 0u32;
        for (i, digit) in digits.iter().enumerate() {
            let Some(value) = value(*digit) else { return false };
            group |= u32::from(value) << (26 - 6 * i);
        }
        let group = group.to_be_bytes();
        let (decoded, stray) = group.split_at(bytes.len());
        bytes.copy_from_slice(decoded);
        if stray.iter().any(|byte| *byte != 0) {
            return false;
        }
    }
    true
}

fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10, without the padding.
    const VECTORS: [(&str, &str); 7] = [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ];

    #[test]
    fn encodes_and_decodes_the_vectors_of_rfc_4648() {
        for (bytes, text) in VECTORS {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn uses_the_url_alphabet() {
        assert_eq!(encode(&[0xfb, 0xff, 0xfe]), "-__-");
        assert_eq!(decode("-__-"), Some(vec![0xfb, 0xff, 0xfe]));
        assert_eq!(decode("+//+"), None);
    }

    #[test]
    fn refuses_characters_outside_the_alphabet() {
        for text in ["Zg==", "Zg=", "Z g", "Zg\n", " Zg", "Zm9v\n", "Zé9v", "Zm9v.", "Z\0g"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn refuses_stray_bits_and_impossible_lengths() {
        for text in ["Zh", "Zm9", "Zv", "Z", "Zm9vY"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn decodes_what_it_encodes_at_every_length() {
        for length in 0..70u8 {
            let bytes: Vec<u8> = (0..length).map(|i| i.wrapping_mul(37) ^ length).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn decode_exact_requires_the_length_of_its_buffer() {
        let mut three = [0; 3];
        assert!(decode_exact("Zm9v", &mut three));
        assert_eq!(&three, b"foo");
        assert!(!decode_exact("Zm8", &mut three));
        assert!(!decode_exact("Zm9vYg", &mut three));
        assert!(!decode_exact("", &mut three));
    }
}
