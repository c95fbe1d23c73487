//! A JSON text as a tree, parsed by miniserde.
//!
//! miniserde's own `Value` drops all but the last of the members with one name, and two verifiers that pick different
//! ones can be played off against each other (RFC 8725 §2.4, RFC 7515 §4). This tree holds all; [`Object::get`] reports it.

use miniserde::de::{Deserialize, Map, Seq, Visitor};
use miniserde::{Error, Result};

/// Maximum depth of nested arrays and objects: the tree is dropped and walked by recursion.
pub const MAX_DEPTH: u8 = 32;

/// Maximum number of members of an object: finding duplicates costs the square of it.
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
    /// Any other number: with a fraction or an exponent, or too large. No claim has one.
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

/// The object has more than one member of that name.
#[derive(Debug, PartialEq)]
pub struct Duplicate;

/// Parses one JSON text; whitespace around it is allowed.
///
/// `None`: not JSON, anything after it, deeper than [`MAX_DEPTH`], or an object of more than [`MAX_MEMBERS`].
/// The tree takes up to a few dozen times the memory of the text, so the caller bounds its length.
pub fn parse(text: &str) -> Option<Json> {
    miniserde::json::from_str::<Slot>(text).ok()?.value
}

impl Json {
    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Json::Object(object) = self { Some(object) } else { None }
    }

    /// The items of an array, if this is one and all of them are strings.
    pub(crate) fn as_strings(&self) -> Option<Vec<&str>> {
        let Json::Array(items) = self else { return None };
        items.iter().map(Json::as_str).collect()
    }

    /// The first name that occurs twice in one object, at any depth.
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
    /// The member `name`, or `None`.
    pub fn get(&self, name: &str) -> std::result::Result<Option<&Json>, Duplicate> {
        let mut found = None;
        for (other, value) in &self.0 {
            if other == name && found.replace(value).is_some() {
                return Err(Duplicate);
            }
        }
        Ok(found)
    }

    /// All members in the order of the text.
    pub fn members(&self) -> &[(String, Json)] {
        &self.0
    }
}

/// Receives one value from miniserde; `levels` more may open inside it.
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
        Ok(Box::new(Members { members: Vec::new(), name: String::new(), inside, out: &mut self.value }))
    }
}

/// An array being read. Each item is taken from `inside` when the next one begins.
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

/// An object being read.
struct Members<'a> {
    members: Vec<(String, Json)>,
    name: String,
    inside: Slot,
    out: &'a mut Option<Json>,
}

impl Members<'_> {
    fn take(&mut self) {
        if let Some(value) = self.inside.value.take() {
            self.members.push((std::mem::take(&mut self.name), value));
        }
    }
}

impl Map for Members<'_> {
    fn key(&mut self, k: &str) -> Result<&mut dyn Visitor> {
        self.take();
        if self.members.len() == MAX_MEMBERS {
            return Err(Error);
        }
        self.name = k.to_owned();
        Ok(&mut self.inside)
    }

    fn finish(&mut self) -> Result<()> {
        self.take();
        *self.out = Some(Json::Object(Object(std::mem::take(&mut self.members))));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
