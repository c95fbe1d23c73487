//! A command line that is wrong, as a sentence.

use crate::encoding::{escaped, truncated};
use std::ffi::OsStr;
use std::fmt;

/// Why the command line or the environment cannot be carried out. A restart does not help.
pub struct Usage(Box<str>);

impl Usage {
    /// A sentence without a full stop.
    pub fn new(sentence: &dyn fmt::Display) -> Usage {
        Usage(sentence.to_string().into())
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Usage {
    /// lexopt's own sentences repeat the value, which might be a key.
    fn from(error: lexopt::Error) -> Usage {
        match error {
            lexopt::Error::UnexpectedValue { option, .. } => {
                Usage::new(&format_args!("{} takes no value", escaped(&option)))
            }
            lexopt::Error::NonUnicodeValue(word) => Usage::new(&format_args!("\"{}\" is not UTF-8", quoted(&word))),
            // What else it knows comes from calls that are not made here.
            _ => Usage::new(&"an argument is missing"),
        }
    }
}

/// A word of the command line as a sentence may repeat it: escaped, not too long, and nothing that may be a key.
pub fn quoted(word: &OsStr) -> String {
    let text = escaped(word).to_string();
    if text.as_bytes().contains(&b'{') {
        return "(JSON, not escaped)".into();
    }
    let (text, dots) = truncated(&text);
    [text, dots].concat()
}

/// The known name that is nearest to a mistyped one, if it is near at all.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3 + 1)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, by bytes. Long words are not compared at all.
fn distance(one: &[u8], other: &[u8]) -> usize {
    if one.len() > 40 {
        return one.len();
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_flag_and_nonsense_finds_none() {
        let known = ["renew-before", "exp", "key", "out"];
        assert_eq!(nearest("renew-befor", known.into_iter()), Some("renew-before"));
        assert_eq!(nearest("renewbefore", known.into_iter()), Some("renew-before"));
        assert_eq!(nearest("exq", known.into_iter()), Some("exp"));
        assert_eq!(nearest("verbose", known.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(1000), known.into_iter()), None);
    }

    #[test]
    fn a_key_on_the_command_line_is_not_repeated() {
        assert_eq!(quoted(OsStr::new(r#"{"kty":"OKP","d":"secret"}"#)), "(JSON, not escaped)");
        assert_eq!(quoted(OsStr::new("\x1b[2J")), "\\u001b[2J");
    }
}
