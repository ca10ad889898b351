//! The tree of a Terraform value, free of any encoding. How it travels is in [`crate::msgpack`] and [`crate::json`].

mod refinements;
mod ty;

use std::collections::BTreeMap;

use bigdecimal::{BigDecimal, ToPrimitive};

pub use refinements::{Bound, Refinements};
pub use ty::{Type, TypeError};

/// A Terraform value: possibly null, possibly not known yet.
///
/// Values are totally ordered so that sets have one normal form; the order has no other meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Value {
    /// Absent.
    #[default]
    Null,
    /// Known only after apply, with what is known about it already.
    Unknown(Option<Box<Refinements>>),
    /// `true` or `false`.
    Bool(bool),
    /// A number of any size and precision.
    Number(BigDecimal),
    /// Unicode text.
    String(String),
    /// An ordered sequence of one type.
    List(Vec<Value>),
    /// An unordered collection of one type; build it with [`Value::set`], which brings it into normal form.
    Set(Vec<Value>),
    /// A sequence with a type per position (only inside dynamic values and function arguments).
    Tuple(Vec<Value>),
    /// Text keys to values of one type.
    Map(BTreeMap<String, Value>),
    /// Named attributes; every attribute of the type is present, absent ones as `Null`.
    Object(BTreeMap<String, Value>),
    /// A value of the pseudo-type `dynamic` together with the type it has.
    Dynamic(Box<Type>, Box<Value>),
}

impl Value {
    /// A value known only after apply, about which nothing is known.
    pub const fn unknown() -> Self {
        Value::Unknown(None)
    }

    /// A set in normal form: sorted, and without doubles among the wholly known elements.
    pub fn set(elements: impl IntoIterator<Item = Value>) -> Self {
        let mut elements: Vec<Value> = elements.into_iter().collect();
        elements.sort();
        // Two equal elements that hold unknowns may still turn out different.
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Value::Set(elements)
    }

    /// An object from its attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Value)>) -> Self {
        Value::Object(attributes.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// A map from its entries.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Value::Map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// A list from its elements.
    pub fn list(elements: impl IntoIterator<Item = Value>) -> Self {
        Value::List(elements.into_iter().collect())
    }

    /// Whether this is null (a dynamic null too).
    pub fn is_null(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Dynamic(_, inner) => inner.is_null(),
            _ => false,
        }
    }

    /// Whether the value itself is unknown (its parts may be unknown although it is not).
    pub fn is_unknown(&self) -> bool {
        match self {
            Value::Unknown(_) => true,
            Value::Dynamic(_, inner) => inner.is_unknown(),
            _ => false,
        }
    }

    /// Whether neither the value nor any part of it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        !self.is_unknown() && self.children().all(Value::is_wholly_known)
    }

    /// What is known about an unknown value.
    pub fn refinements(&self) -> Option<&Refinements> {
        match self {
            Value::Unknown(refinements) => refinements.as_deref(),
            Value::Dynamic(_, inner) => inner.refinements(),
            _ => None,
        }
    }

    /// The value without the wrapper that a dynamic value has.
    pub fn plain(&self) -> &Value {
        match self {
            Value::Dynamic(_, inner) => inner.plain(),
            other => other,
        }
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match self.plain() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A known bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self.plain() {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A known number.
    pub fn as_number(&self) -> Option<&BigDecimal> {
        match self.plain() {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A known whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()
            .filter(|number| number.is_integer())
            .and_then(ToPrimitive::to_i64)
    }

    /// The elements of a known list, set or tuple.
    pub fn as_elements(&self) -> Option<&[Value]> {
        match self.plain() {
            Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a known map or object.
    pub fn as_entries(&self) -> Option<&BTreeMap<String, Value>> {
        match self.plain() {
            Value::Map(entries) | Value::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entries of a known map or object, to be changed in place.
    pub fn as_entries_mut(&mut self) -> Option<&mut BTreeMap<String, Value>> {
        match self {
            Value::Map(entries) | Value::Object(entries) => Some(entries),
            Value::Dynamic(_, inner) => inner.as_entries_mut(),
            _ => None,
        }
    }

    /// The attribute or map entry of that name, when the value is a known object or map that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_entries()?.get(name)
    }

    /// The direct parts of a collection or object.
    pub fn children(&self) -> Box<dyn Iterator<Item = &Value> + '_> {
        match self {
            Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => Box::new(elements.iter()),
            Value::Map(entries) | Value::Object(entries) => Box::new(entries.values()),
            Value::Dynamic(_, inner) => Box::new(std::iter::once(inner.as_ref())),
            Value::Null | Value::Unknown(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Box::new(std::iter::empty())
            }
        }
    }

    /// A word for messages: `a string`, `an object`, `null`…
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Unknown(_) => "a value known only after apply",
            Value::Bool(_) => "a bool",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Set(_) => "a set",
            Value::Tuple(_) => "a tuple",
            Value::Map(_) => "a map",
            Value::Object(_) => "an object",
            Value::Dynamic(_, inner) => inner.kind(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::String(value)
    }
}

impl From<BigDecimal> for Value {
    fn from(value: BigDecimal) -> Self {
        Value::Number(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Number(value.into())
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Number(value.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
