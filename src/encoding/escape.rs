//! Text from outside, made safe for a terminal, a log line, JSON, and a command that a person pastes into a shell.

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::path::Path;

/// Displays a path or an argument escaped, without quotes; bytes that are not UTF-8 as `\xNN`.
///
/// Beyond `"`, `\` and C0 (RFC 8259 §7), everything that a terminal obeys or that hides or reorders what a person reads
/// is written as `\uXXXX`.
pub fn escaped<T: AsRef<OsStr> + ?Sized>(text: &T) -> Escaped<'_> {
    Escaped(text.as_ref())
}

/// See [`escaped`].
#[derive(Clone, Copy)]
pub struct Escaped<'a>(&'a OsStr);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nearly every text is written in one call.
        let is_plain = |byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
        if let Some(text) = self.0.to_str().filter(|text| text.bytes().all(is_plain)) {
            return f.write_str(text);
        }
        for chunk in self.0.as_encoded_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '"' => f.write_str("\\\"")?,
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    _ if is_hidden(character) => {
                        // Above U+FFFF two surrogates, as in JSON.
                        for unit in character.encode_utf16(&mut [0; 2]) {
                            write!(f, "\\u{:04x}", u32::from(*unit))?;
                        }
                    }
                    _ => f.write_char(character)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{:02x}", u32::from(*byte))?;
            }
        }
        Ok(())
    }
}

/// DEL, C1 (where CSI begins), line separators, bidirectional controls (UAX #9), annotation marks, and what has no shape
/// of its own: Default_Ignorable_Code_Point (UAX #44).
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// As much of a text as fits into a sentence, and "..." where that is not all of it.
pub(crate) fn truncated(text: &str) -> (&str, &'static str) {
    const MAX_LEN: usize = 120;
    let part = &text[..text.floor_char_boundary(MAX_LEN)];
    (part, if part.len() < text.len() { "..." } else { "" })
}

/// A text for a sentence: escaped, in quotes, truncated.
pub(crate) fn quoted(text: &str) -> String {
    let (text, dots) = truncated(text);
    format!("\"{}\"{dots}", escaped(text))
}

/// A path as one word for a POSIX shell. Bytes that are not printable UTF-8 are shown escaped: such a word is safe, but
/// names another file.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = escaped(path).to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn escapes_a_path_without_losing_a_byte() {
        let path = OsStr::from_bytes(b"a b\n\x1b[31m\xff\xc3\xa9");
        assert_eq!(escaped(path).to_string(), "a b\\n\\u001b[31m\\xff\u{e9}");
    }

    #[test]
    fn escapes_control_and_invisible_characters() {
        assert_eq!(quoted("\"\\\n\r\t\0\x1b[2J\x7f"), r#""\"\\\n\r\t\u0000\u001b[2J\u007f""#);
        assert_eq!(quoted("\u{80}\u{9b}\u{9f}"), r#""\u0080\u009b\u009f""#);
        for (first, last) in [
            ('\u{ad}', '\u{ad}'),
            ('\u{34f}', '\u{34f}'),
            ('\u{61c}', '\u{61c}'),
            ('\u{180b}', '\u{180f}'),
            ('\u{200b}', '\u{200f}'),
            ('\u{2028}', '\u{202e}'),
            ('\u{2060}', '\u{206f}'),
            ('\u{fe00}', '\u{fe0f}'),
            ('\u{feff}', '\u{feff}'),
            ('\u{fff9}', '\u{fffb}'),
        ] {
            for character in first..=last {
                assert_eq!(quoted(&character.to_string()), format!("\"\\u{:04x}\"", character as u32));
            }
        }
        // Tag characters, above U+FFFF, as two surrogates (RFC 8259 §7).
        assert_eq!(quoted("a\u{e0041}\u{e007f}"), r#""a\udb40\udc41\udb40\udc7f""#);
        assert_eq!(quoted("grüße 日本 🦀\u{a0}"), "\"grüße 日本 🦀\u{a0}\"");
    }

    #[test]
    fn truncates_between_characters() {
        for shift in 0..4 {
            let text = format!("{}{}", "a".repeat(shift), "\u{1f980}".repeat(1000));
            let truncated = quoted(&text);
            assert!(truncated.ends_with("\"...") && truncated.len() <= 120 + 5, "{truncated}");
        }
        assert_eq!(quoted(&"a".repeat(120)), format!("\"{}\"", "a".repeat(120)));
    }
}
