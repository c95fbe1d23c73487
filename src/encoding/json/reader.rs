//! Any JSON text as one small tree.
//!
//! miniserde parses; its own `Value` is not used because it keeps the last of two members of the
//! same name, and "which of the two did the other verifier read?" is how signed tokens are
//! forged (RFC 8725 §2.4, RFC 7515 §4). Here both are kept, and [`Object::get`] says so.

use miniserde::de::{Deserialize, Map, Seq, Visitor};
use miniserde::{Error, Result};

/// How deep arrays and objects may nest: the tree is dropped and walked by recursion.
pub const MAX_DEPTH: u8 = 32;

/// How many members an object may have: looking for duplicates costs the square of it.
pub const MAX_MEMBERS: usize = 512;

/// One JSON value.
#[derive(Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer without sign, up to 2^64 - 1.
    Unsigned(u64),
    /// An integer with a minus sign, down to -2^63.
    Negative(i64),
    /// Any other number: with a fraction or an exponent, or too large. No claim of ours is one.
    Float,
    /// A string, escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

/// The members of a JSON object in the order of the text, duplicates included.
#[derive(Debug, PartialEq)]
pub struct Object(Vec<(String, Json)>);

/// The member is there more than once.
#[derive(Debug, PartialEq)]
pub struct Duplicate;

/// Reads one JSON text; whitespace around it is allowed.
///
/// `None`: not JSON, something after it, deeper than [`MAX_DEPTH`] or an object of more than
/// [`MAX_MEMBERS`]. Memory is at most a few dozen times the length of the text: bound that.
pub fn parse(text: &str) -> Option<Json> {
    miniserde::json::from_str::<Slot>(text).ok()?.value
}

impl Json {
    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The strings of an array of nothing but strings.
    pub fn as_strings(&self) -> Option<Vec<&str>> {
        match self {
            Json::Array(items) => items.iter().map(Json::as_str).collect(),
            _ => None,
        }
    }

    /// The first name that an object in here, at any depth, has more than once.
    pub fn duplicate(&self) -> Option<&str> {
        match self {
            Json::Array(items) => items.iter().find_map(Json::duplicate),
            Json::Object(object) => object.members().iter().find_map(|(name, value)| {
                if object.get(name).is_err() { Some(name.as_str()) } else { value.duplicate() }
            }),
            _ => None,
        }
    }
}

impl Object {
    /// The member called `name`, `None` when there is none.
    pub fn get(&self, name: &str) -> std::result::Result<Option<&Json>, Duplicate> {
        let mut found = None;
        for (other, value) in &self.0 {
            if other == name && found.replace(value).is_some() {
                return Err(Duplicate);
            }
        }
        Ok(found)
    }

    /// Every member in the order of the text.
    pub fn members(&self) -> &[(String, Json)] {
        &self.0
    }
}

/// Where miniserde puts the next value, and how many more levels may open inside it.
struct Slot {
    value: Option<Json>,
    levels: u8,
}

impl Slot {
    fn new(levels: u8) -> Slot {
        Slot { value: None, levels }
    }

    fn set(&mut self, value: Json) -> Result<()> {
        self.value = Some(value);
        Ok(())
    }

    fn inside(&self) -> Result<Slot> {
        self.levels.checked_sub(1).map(Slot::new).ok_or(Error)
    }
}

impl Deserialize for Slot {
    fn begin(out: &mut Option<Slot>) -> &mut dyn Visitor {
        out.insert(Slot::new(MAX_DEPTH))
    }
}

impl Visitor for Slot {
    fn null(&mut self) -> Result<()> {
        self.set(Json::Null)
    }

    fn boolean(&mut self, b: bool) -> Result<()> {
        self.set(Json::Bool(b))
    }

    fn string(&mut self, s: &str) -> Result<()> {
        self.set(Json::String(s.to_owned()))
    }

    fn negative(&mut self, n: i64) -> Result<()> {
        self.set(Json::Negative(n))
    }

    fn nonnegative(&mut self, n: u64) -> Result<()> {
        self.set(Json::Unsigned(n))
    }

    fn float(&mut self, _: f64) -> Result<()> {
        self.set(Json::Float)
    }

    fn seq(&mut self) -> Result<Box<dyn Seq + '_>> {
        let inside = self.inside()?;
        Ok(Box::new(Items { items: Vec::new(), inside, out: &mut self.value }))
    }

    fn map(&mut self) -> Result<Box<dyn Map + '_>> {
        let inside = self.inside()?;
        Ok(Box::new(Pairs { pairs: Vec::new(), name: String::new(), inside, out: &mut self.value }))
    }
}

/// An array of which some items are read. An item moves from `inside` when the next one begins.
struct Items<'a> {
    items: Vec<Json>,
    inside: Slot,
    out: &'a mut Option<Json>,
}

impl Seq for Items<'_> {
    fn element(&mut self) -> Result<&mut dyn Visitor> {
        self.items.extend(self.inside.value.take());
        Ok(&mut self.inside)
    }

    fn finish(&mut self) -> Result<()> {
        self.items.extend(self.inside.value.take());
        *self.out = Some(Json::Array(std::mem::take(&mut self.items)));
        Ok(())
    }
}

/// An object of which some members are read.
struct Pairs<'a> {
    pairs: Vec<(String, Json)>,
    name: String,
    inside: Slot,
    out: &'a mut Option<Json>,
}

impl Pairs<'_> {
    fn keep(&mut self) {
        if let Some(value) = self.inside.value.take() {
            self.pairs.push((std::mem::take(&mut self.name), value));
        }
    }
}

impl Map for Pairs<'_> {
    fn key(&mut self, k: &str) -> Result<&mut dyn Visitor> {
        self.keep();
        if self.pairs.len() == MAX_MEMBERS {
            return Err(Error);
        }
        self.name = k.to_owned();
        Ok(&mut self.inside)
    }

    fn finish(&mut self) -> Result<()> {
        self.keep();
        *self.out = Some(Json::Object(Object(std::mem::take(&mut self.pairs))));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
