//! Terraform's JSON encoding of values: states in files, and what old clients send. Only ever read here.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::codec::{CodecError, MAX_DEPTH, MAX_VALUES, Result, parse_number};
use crate::{Type, Value};

/// Whether an object may differ from its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objects {
    /// Exactly the attributes of the type.
    Exact,
    /// Extra attributes are dropped, missing ones are null: states of older schemas.
    Tolerant,
}

/// Decodes one value of this type.
pub fn decode(bytes: &[u8], ty: &Type, objects: Objects) -> Result<Value> {
    let text = std::str::from_utf8(bytes).map_err(|_| CodecError::NotUtf8)?;
    value(parse::<&RawValue>(text)?, ty, objects, &Cell::new(MAX_VALUES), 0)
}

/// An array, of which no more is kept than may be.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Elements<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = access.next_element()? {
                    elements.push(element);
                    if elements.len() > MAX_VALUES {
                        return Err(A::Error::custom("too many elements"));
                    }
                }
                Ok(Elements(elements))
            }
        }

        deserializer.deserialize_seq(Collect)
    }
}

/// An object, of which no more is kept than may be; every key once.
struct Entries<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Entries<'de>, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = access.next_entry::<String, &RawValue>()? {
                    if entries.len() >= MAX_VALUES {
                        return Err(A::Error::custom("too many entries"));
                    }
                    if entries.insert(key, value).is_some() {
                        return Err(A::Error::custom("the same key twice"));
                    }
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| CodecError::Json(error.to_string()))
}

fn value(raw: &RawValue, ty: &Type, objects: Objects, left: &Cell<usize>, depth: usize) -> Result<Value> {
    if depth > MAX_DEPTH {
        return Err(CodecError::TooDeep);
    }
    left.set(left.get().checked_sub(1).ok_or(CodecError::TooLarge)?);
    let text = raw.get();
    let starts = text.bytes().next().unwrap_or_default();
    let below = |raw: &RawValue, ty: &Type| value(raw, ty, objects, left, depth + 1);
    let list = |element: &Type| -> Result<Vec<Value>> {
        parse::<Elements<'_>>(text)?
            .0
            .into_iter()
            .map(|raw| below(raw, element))
            .collect()
    };
    match (ty, starts) {
        (_, b'n') => Ok(Value::Null),
        (Type::Bool, b't' | b'f') => Ok(Value::Bool(starts == b't')),
        // Terraform itself reads these leniently: flags and numbers as text in old states.
        (Type::Bool, b'"') => match parse::<String>(text)?.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(mismatch(ty, "text")),
        },
        (Type::Number, b'"') => parse_number(&parse::<String>(text)?).map(Value::Number),
        (Type::Number, b'-' | b'0'..=b'9') => parse_number(text).map(Value::Number),
        (Type::String, b'"') => parse(text).map(Value::String),
        (Type::String, b'-' | b'0'..=b'9' | b't' | b'f') => Ok(Value::String(text.to_owned())),
        (Type::List(element), b'[') => list(element).map(Value::List),
        (Type::Set(element), b'[') => list(element).map(Value::set),
        (Type::Tuple(types), b'[') => {
            let Elements(parts) = parse(text)?;
            if parts.len() != types.len() {
                return Err(mismatch(ty, "an array of another length"));
            }
            let parts = parts.into_iter().zip(types).map(|(raw, ty)| below(raw, ty));
            Ok(Value::Tuple(parts.collect::<Result<_>>()?))
        }
        (Type::Map(element), b'{') => {
            let Entries(entries) = parse(text)?;
            let entries = entries.into_iter().map(|(key, raw)| Ok((key, below(raw, element)?)));
            Ok(Value::Map(entries.collect::<Result<_>>()?))
        }
        (Type::Object(types), b'{') => object(parse::<Entries<'_>>(text)?.0, types, objects, below),
        (Type::Dynamic, b'{') => {
            let Entries(parts) = parse(text)?;
            let part = |name: &str| {
                parts
                    .get(name)
                    .copied()
                    .ok_or_else(|| CodecError::MissingAttribute(name.to_owned()))
            };
            let ty = Type::from_json_bytes(part("type")?.get().as_bytes())?;
            let inner = below(part("value")?, &ty)?;
            Ok(Value::Dynamic(Box::new(ty), Box::new(inner)))
        }
        (ty, _) => Err(mismatch(ty, kind(starts))),
    }
}

fn object(
    mut entries: BTreeMap<String, &RawValue>,
    types: &BTreeMap<String, Type>,
    objects: Objects,
    below: impl Fn(&RawValue, &Type) -> Result<Value>,
) -> Result<Value> {
    let mut attributes = BTreeMap::new();
    for (name, ty) in types {
        let value = match (entries.remove(name), objects) {
            (Some(raw), _) => below(raw, ty)?,
            (None, Objects::Tolerant) => Value::Null,
            (None, Objects::Exact) => return Err(CodecError::MissingAttribute(name.clone())),
        };
        attributes.insert(name.clone(), value);
    }
    match entries.into_keys().next() {
        Some(extra) if objects == Objects::Exact => Err(CodecError::UnexpectedAttribute(extra)),
        _ => Ok(Value::Object(attributes)),
    }
}

fn kind(starts: u8) -> &'static str {
    match starts {
        b'"' => "text",
        b't' | b'f' => "a bool",
        b'[' => "an array",
        b'{' => "an object",
        _ => "a number",
    }
}

fn mismatch(ty: &Type, found: &str) -> CodecError {
    CodecError::Mismatch {
        expected: ty.to_string(),
        found: found.to_owned(),
    }
}
