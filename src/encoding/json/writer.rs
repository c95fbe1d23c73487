//! JSON objects with their members in a chosen order.

use crate::encoding::escaped;
use std::fmt::{self, Display, Formatter, Write};

/// A JSON object under construction: compact, members in the order of the calls.
///
/// Names are written as they are, so they are literals of this program, never input.
#[expect(clippy::box_collection, reason = "each call moves it; the box saves 740 bytes of code")]
pub(crate) struct JsonObject(Box<String>);

impl JsonObject {
    pub(crate) fn new() -> JsonObject {
        // Doubled once, it holds the claims of most badges.
        let mut text = String::with_capacity(236);
        text.push('{');
        JsonObject(Box::new(text))
    }

    pub(crate) fn string(self, name: &str, value: &str) -> JsonObject {
        self.member(name, &Quoted(value))
    }

    /// A string member, left out when there is no value.
    pub(crate) fn optional_string(self, name: &str, value: Option<&str>) -> JsonObject {
        if let Some(value) = value { self.string(name, value) } else { self }
    }

    /// An array member, left out when it is empty.
    pub(crate) fn strings(self, name: &str, values: &[String]) -> JsonObject {
        let mut items = String::new();
        for value in values {
            let comma = if items.is_empty() { "" } else { "," };
            // Writing to a String never fails.
            let _ = write!(items, "{comma}{}", Quoted(value));
        }
        if items.is_empty() { self } else { self.raw(name, &format!("[{items}]")) }
    }

    pub(crate) fn integer(self, name: &str, value: i64) -> JsonObject {
        self.member(name, &value)
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(self, name: &str, json: &str) -> JsonObject {
        self.member(name, &json)
    }

    fn member(mut self, name: &str, json: &dyn Display) -> JsonObject {
        let comma = if self.0.len() > 1 { "," } else { "" };
        // Writing to a String never fails.
        let _ = write!(self.0, "{comma}\"{name}\":{json}");
        self
    }

    /// All members of another object.
    pub(crate) fn extend(mut self, more: &JsonObject) -> JsonObject {
        if self.0.len() > 1 && more.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&more.0[1..]);
        self
    }

    pub(crate) fn finish(self) -> String {
        *self.0 + "}"
    }
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    Quoted(text).to_string()
}

/// A JSON string, quotes included.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", escaped(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Json, parse};
    use super::*;

    #[test]
    fn writes_members_in_the_order_of_the_calls() {
        let inner = JsonObject::new().optional_string("no", None).optional_string("yes", Some("y")).finish();
        let object = JsonObject::new()
            .string("b", "x\"y")
            .integer("a", -5)
            .strings("list", &["p".into(), "q".into()])
            .strings("none", &[])
            .raw("in", &inner);
        assert_eq!(object.finish(), r#"{"b":"x\"y","a":-5,"list":["p","q"],"in":{"yes":"y"}}"#);
        assert_eq!(JsonObject::new().finish(), "{}");
    }

    #[test]
    fn reads_back_every_character_that_it_quotes() {
        let step = if cfg!(miri) { 997 } else { 1 };
        let all: String = (0..0x11_0000).step_by(step).filter_map(char::from_u32).collect();
        assert_eq!(parse(&quote(&all)), Some(Json::String(all)));
    }
}
