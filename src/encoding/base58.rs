//! base58btc, the alphabet behind multibase `z` (draft-msporny-base58).
//!
//! The work grows with the square of the length, so callers bound it: the one here passes 34 bytes.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Encodes `bytes` as one big-endian number; each leading zero byte becomes a `1`.
pub fn encode(bytes: &[u8]) -> String {
    convert(bytes, 256, 58).iter().map(|digit| char::from(ALPHABET[usize::from(*digit)])).collect()
}

/// Decodes base58btc text; `None` for a character outside the alphabet.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    for character in text.bytes() {
        digits.push(ALPHABET.iter().position(|digit| *digit == character)? as u8);
    }
    Some(convert(&digits, 58, 256))
}

/// Converts digits, most significant first, to another base; each leading zero stays one digit.
fn convert(digits: &[u8], from: u32, to: u32) -> Vec<u8> {
    // Least significant first; a number begins without digits, so leading zeros add none.
    let mut out: Vec<u8> = Vec::with_capacity(digits.len() * 3 / 2);
    for digit in digits {
        let mut carry = u32::from(*digit);
        for place in &mut out {
            carry += u32::from(*place) * from;
            *place = (carry % to) as u8;
            carry /= to;
        }
        while carry > 0 {
            out.push((carry % to) as u8);
            carry /= to;
        }
    }
    out.extend(digits.iter().take_while(|digit| **digit == 0));
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_decodes_the_vectors_of_the_base58_draft() {
        for (bytes, text) in [
            (b"Hello World!".as_slice(), "2NEpo7TZRRrLZSi2U"),
            (
                b"The quick brown fox jumps over the lazy dog.",
                "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            ),
            (&[0, 0, 0x28, 0x7f, 0xb4, 0xcd], "11233QC4"),
            (&[], ""),
            (&[0, 0], "11"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn refuses_characters_outside_the_alphabet() {
        for text in ["0", "O", "I", "l", "2NE po7", "é", "+"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
