//! JSON objects with their members in a chosen order, and text that is safe to show.

/// A JSON object in the making: compact, members in the order of the calls.
///
/// Issuance are written as they are, so they are literals of this program, never input.
pub struct JsonObject(String);

impl Default for JsonObject {
    fn default() -> JsonObject {
        JsonObject::new()
    }
}

impl JsonObject {
    /// The object without members.
    pub fn new() -> JsonObject {
        JsonObject(String::from("{"))
    }

    /// A string member.
    pub fn string(self, name: &str, value: &str) -> JsonObject {
        self.raw(name, &quote(value))
    }

    /// A string member, left out when there is no value.
    pub fn optional_string(self, name: &str, value: Option<&str>) -> JsonObject {
        match value {
            Some(value) => self.string(name, value),
            None => self,
        }
    }

    /// An array of strings.
    pub fn strings(self, name: &str, values: &[String]) -> JsonObject {
        let mut list = String::from("[");
        for value in values {
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(&quote(value));
        }
        list.push(']');
        self.raw(name, &list)
    }

    /// An integer member.
    pub fn integer(self, name: &str, value: i64) -> JsonObject {
        self.raw(name, &value.to_string())
    }

    /// A member whose value is JSON already.
    pub fn raw(mut self, name: &str, json: &str) -> JsonObject {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(json);
        self
    }

    /// All members of another object.
    pub fn extend(mut self, more: JsonObject) -> JsonObject {
        if self.0.len() > 1 && more.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&more.0[1..]);
        self
    }

    /// The finished object.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    escape_into(&mut out, text);
    out.push('"');
    out
}

/// Appends `text` without quotes, escaped both for JSON and for a terminal.
///
/// Beyond what RFC 8259 §7 asks (`"`, `\`, C0), everything that a terminal obeys or that hides or
/// turns around what a person reads comes out as `\uXXXX`: DEL, C1 (where CSI begins), the line
/// separators, the bidirectional controls (UAX #9).
pub fn escape_into(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    let digit = u32::from(character) >> shift & 15;
                    out.extend(char::from_digit(digit, 16));
                }
            }
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Json, parse};
    use super::*;

    #[test]
    fn members_keep_the_order_of_the_calls() {
        let inner = JsonObject::new().optional_string("no", None).optional_string("yes", Some("y")).finish();
        let object = JsonObject::new()
            .string("b", "x\"y")
            .integer("a", -5)
            .strings("list", &["p".into(), "q".into()])
            .strings("none", &[])
            .raw("in", &inner);
        assert_eq!(object.finish(), r#"{"b":"x\"y","a":-5,"list":["p","q"],"none":[],"in":{"yes":"y"}}"#);
        assert_eq!(JsonObject::default().finish(), "{}");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_stays_as_it_is() {
        assert_eq!(quote("\"\\\n\r\t\0\x1b[2J\x7f"), r#""\"\\\n\r\t\u0000\u001b[2J\u007f""#);
        assert_eq!(quote("\u{80}\u{9b}\u{9f}"), r#""\u0080\u009b\u009f""#);
        for hidden in
            ['\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{61c}']
        {
            assert_eq!(quote(&hidden.to_string()), format!("\"\\u{:04x}\"", hidden as u32));
        }
        assert_eq!(quote("grüße 日本 🦀\u{a0}"), "\"grüße 日本 🦀\u{a0}\"");
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        let all: String = (0..0x3000).filter_map(char::from_u32).chain(['🦀']).collect();
        assert_eq!(parse(&quote(&all)), Some(Json::String(all)));
    }
}
