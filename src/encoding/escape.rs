//! Words of the outside world, made fit for a terminal or a log line.

use super::json::escape_into;
use std::ffi::OsStr;
use std::fmt;

/// Words that are displayed escaped.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(&'a OsStr);

/// A path or an argument with everything escaped that a terminal would obey; bytes that are no UTF-8 as `\xNN`.
pub fn escaped<W: AsRef<OsStr> + ?Sized>(words: &W) -> Escaped<'_> {
    Escaped(words.as_ref())
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for chunk in self.0.as_encoded_bytes().utf8_chunks() {
            escape_into(&mut out, chunk.valid());
            for byte in chunk.invalid() {
                out.push_str("\\x");
                for digit in [byte >> 4, byte & 15] {
                    out.extend(char::from_digit(u32::from(digit), 16));
                }
            }
        }
        f.write_str(&out)
    }
}

/// As much of a text as a person reads within a sentence, and "..." where that is not all of it.
pub fn truncated(text: &str) -> (&str, &'static str) {
    const LONGEST: usize = 120;
    let part = &text[..text.floor_char_boundary(LONGEST)];
    (part, if part.len() < text.len() { "..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::escaped;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_path_cannot_drive_a_terminal_and_loses_nothing() {
        let path = std::ffi::OsStr::from_bytes(b"a b\n\x1b[31m\xff\xc3\xa9");
        assert_eq!(escaped(path).to_string(), "a b\\n\\u001b[31m\\xff\u{e9}");
    }
}
