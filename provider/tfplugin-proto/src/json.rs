//! Terraform's JSON encoding of values: states in files, and what old clients send. Only ever read here.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::codec::{CodecError, MAX_DEPTH, Result, parse_number};
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
    value(parse::<&RawValue>(text)?, ty, objects, 0)
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| CodecError::Json(error.to_string()))
}

fn value(raw: &RawValue, ty: &Type, objects: Objects, depth: usize) -> Result<Value> {
    if depth > MAX_DEPTH {
        return Err(CodecError::TooDeep);
    }
    let text = raw.get();
    let starts = text.bytes().next().unwrap_or_default();
    let below = |raw: &RawValue, ty: &Type| value(raw, ty, objects, depth + 1);
    let list = |element: &Type| -> Result<Vec<Value>> {
        parse::<Vec<&RawValue>>(text)?
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
            let parts: Vec<&RawValue> = parse(text)?;
            if parts.len() != types.len() {
                return Err(mismatch(ty, "an array of another length"));
            }
            let parts = parts.into_iter().zip(types).map(|(raw, ty)| below(raw, ty));
            Ok(Value::Tuple(parts.collect::<Result<_>>()?))
        }
        (Type::Map(element), b'{') => {
            let entries: BTreeMap<String, &RawValue> = parse(text)?;
            let entries = entries.into_iter().map(|(key, raw)| Ok((key, below(raw, element)?)));
            Ok(Value::Map(entries.collect::<Result<_>>()?))
        }
        (Type::Object(types), b'{') => object(parse(text)?, types, objects, below),
        (Type::Dynamic, b'{') => {
            let parts: BTreeMap<String, &RawValue> = parse(text)?;
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
