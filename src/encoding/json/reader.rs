//! A JSON text as a tree, parsed by miniserde.
//!
//! miniserde's own `Value` drops all but the last of the members with one name, and two verifiers that pick different
//! ones can be played off against each other (RFC 8725 §2.4, RFC 7515 §4). This tree holds all; [`Json::duplicate`] reports it.

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

/// Parses one JSON text; whitespace around it is allowed.
///
/// `None`: not JSON, anything after it, deeper than [`MAX_DEPTH`], or an object of more than [`MAX_MEMBERS`].
/// The tree takes up to a few dozen times the memory of the text, so the caller bounds its length.
pub fn parse(text: &str) -> Option<Json> {
    miniserde::json::from_str::<Values>(text).ok()?.values.pop()
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
    pub(crate) fn as_strings(&self) -> Option<Vec<String>> {
        let Json::Array(items) = self else { return None };
        let mut texts = Vec::new();
        for item in items {
            texts.push(item.as_str()?.to_owned());
        }
        Some(texts)
    }

    /// The first name that occurs twice in one object, at any depth.
    pub fn duplicate(&self) -> Option<&str> {
        match self {
            Json::Array(items) => items.iter().find_map(Json::duplicate),
            Json::Object(object) => object.members().iter().find_map(|(name, value)| {
                if object.is_duplicate(name) { Some(name.as_str()) } else { value.duplicate() }
            }),
            _ => None,
        }
    }
}

impl Object {
    /// The first member `name`. Whether it is the only one, `Object::is_duplicate` or [`Json::duplicate`] tells.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Whether more than one member has this name.
    pub(crate) fn is_duplicate(&self, name: &str) -> bool {
        self.0.iter().filter(|(other, _)| other == name).count() > 1
    }

    /// All members in the order of the text.
    pub fn members(&self) -> &[(String, Json)] {
        &self.0
    }
}

/// Receives values from miniserde, at most `levels` deep.
struct Values {
    values: Vec<Json>,
    levels: u8,
}

impl Values {
    fn add(&mut self, value: Json) -> Result<()> {
        self.values.push(value);
        Ok(())
    }

    fn open(&mut self) -> Result<Box<Nested<'_>>> {
        let levels = self.levels.checked_sub(1).ok_or(Error)?;
        Ok(Box::new(Nested { names: Vec::new(), inside: Values { values: Vec::new(), levels }, outside: self }))
    }
}

impl Deserialize for Values {
    fn begin(out: &mut Option<Values>) -> &mut dyn Visitor {
        out.insert(Values { values: Vec::new(), levels: MAX_DEPTH })
    }
}

impl Visitor for Values {
    fn null(&mut self) -> Result<()> {
        self.add(Json::Null)
    }

    fn boolean(&mut self, b: bool) -> Result<()> {
        self.add(Json::Bool(b))
    }

    fn string(&mut self, s: &str) -> Result<()> {
        self.add(Json::String(s.to_owned()))
    }

    fn negative(&mut self, n: i64) -> Result<()> {
        self.add(Json::Negative(n))
    }

    fn nonnegative(&mut self, n: u64) -> Result<()> {
        self.add(Json::Unsigned(n))
    }

    fn float(&mut self, _: f64) -> Result<()> {
        self.add(Json::Float)
    }

    fn seq(&mut self) -> Result<Box<dyn Seq + '_>> {
        Ok(self.open()?)
    }

    fn map(&mut self) -> Result<Box<dyn Map + '_>> {
        Ok(self.open()?)
    }
}

/// An array or an object being read; only an object has names.
struct Nested<'a> {
    names: Vec<String>,
    inside: Values,
    outside: &'a mut Values,
}

impl Seq for Nested<'_> {
    fn element(&mut self) -> Result<&mut dyn Visitor> {
        Ok(&mut self.inside)
    }

    fn finish(&mut self) -> Result<()> {
        self.outside.add(Json::Array(std::mem::take(&mut self.inside.values)))
    }
}

impl Map for Nested<'_> {
    fn key(&mut self, k: &str) -> Result<&mut dyn Visitor> {
        if self.names.len() == MAX_MEMBERS {
            return Err(Error);
        }
        self.names.push(k.to_owned());
        Ok(&mut self.inside)
    }

    fn finish(&mut self) -> Result<()> {
        let members = self.names.drain(..).zip(self.inside.values.drain(..)).collect();
        self.outside.add(Json::Object(Object(members)))
    }
}

#[cfg(test)]
mod tests;
