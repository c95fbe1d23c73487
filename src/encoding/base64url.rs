//! base64url without padding: RFC 4648 §5, as JOSE uses it (RFC 7515 §2).
//!
//! Decoding is strict. Two texts that decode to the same bytes would let somebody change a
//! token without breaking its signature (RFC 4648 §3.5, §12), so exactly one is accepted.
#![forbid(unsafe_code)]

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes `bytes` with the url-safe alphabet and no padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity((bytes.len() * 4).div_ceil(3));
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for i in 0..=chunk.len() {
            let digit = group >> (18 - 6 * i) & 63;
            out.push(char::from(ALPHABET[digit as usize]));
        }
    }
    out
}

/// Reads what [`encode`] writes, and nothing else.
///
/// `None`: a character outside the alphabet (padding, whitespace, `+` and `/` included), a length
/// that no byte string has, or bits set beyond the last byte.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = vec![0; text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1)];
    decode_exact(text, &mut out).then_some(out)
}

/// Reads exactly `out.len()` bytes into `out`, as strictly as [`decode`].
///
/// For secrets: no copy is made on the heap. When the answer is `false`, `out` may hold a part.
pub fn decode_exact(text: &str, out: &mut [u8]) -> bool {
    if text.len() % 4 == 1 || text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1) != out.len() {
        return false;
    }
    let mut room = out.iter_mut();
    let (mut held, mut bits) = (0u32, 0);
    for character in text.bytes() {
        let digit = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return false,
        };
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            if let Some(byte) = room.next() {
                *byte = (held >> bits) as u8;
            }
            held &= (1 << bits) - 1;
        }
    }
    held == 0
}
