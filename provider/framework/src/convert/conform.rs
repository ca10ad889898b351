//! Brings what a model serialised to into the exact type that its schema says.

use std::collections::BTreeMap;

use tfplugin_proto::{Type, Value};

use super::ConvertError;
use crate::Step;
use crate::schema::{Attribute, Kind, Nesting, Schema, TIMEOUTS};

type Done = Result<Value, ConvertError>;

pub(super) fn object(value: Value, schema: &Schema, base: &Value) -> Done {
    let mut entries = match value {
        Value::Object(entries) | Value::Map(entries) => entries,
        other => {
            return Err(ConvertError::new(format!(
                "the model must be a struct, it is {}",
                other.kind()
            )));
        }
    };
    if schema.timeouts.is_some() && !entries.contains_key(TIMEOUTS) {
        entries.insert(TIMEOUTS.to_owned(), base.get(TIMEOUTS).cloned().unwrap_or_default());
    }
    attributes(entries, &schema.attributes, base)
}

fn attributes(mut entries: BTreeMap<String, Value>, schema: &[(String, Attribute)], base: &Value) -> Done {
    let mut result = BTreeMap::new();
    for (name, rules) in schema {
        let value = entries
            .remove(name)
            .ok_or_else(|| ConvertError::new(format!("the model has no field `{name}`, which the schema has")))?;
        let base = base.get(name).unwrap_or(&Value::Null);
        let value = attribute(value, rules, base).map_err(|error| error.below(Step::Attribute(name.clone())))?;
        result.insert(name.clone(), value);
    }
    match entries.keys().next() {
        Some(extra) => Err(ConvertError::new(format!(
            "the model has a field `{extra}`, which the schema has not"
        ))),
        None => Ok(Value::Object(result)),
    }
}

fn attribute(value: Value, rules: &Attribute, base: &Value) -> Done {
    let (nesting, nested) = match &rules.kind {
        Kind::Plain(ty) => return plain(value, ty, base),
        Kind::Nested(nesting, nested) => (*nesting, nested.as_slice()),
    };
    let one = |value: Value, base: &Value| match value {
        Value::Object(entries) | Value::Map(entries) => attributes(entries, nested, base),
        Value::Null => Ok(Value::Null),
        Value::Unknown(_) => Ok(unknown(base)),
        other => Err(ConvertError::new(format!(
            "expected an object, the model has {}",
            other.kind()
        ))),
    };
    match (nesting, value) {
        (_, Value::Null) => Ok(Value::Null),
        (_, Value::Unknown(_)) => Ok(unknown(base)),
        (Nesting::Single, value) => one(value, base),
        (Nesting::List, Value::List(elements)) => list(elements, base, one),
        (Nesting::Set, Value::List(elements)) => set(elements, base, one),
        (Nesting::Map, Value::Map(entries) | Value::Object(entries)) => map(entries, base, one),
        (_, other) => Err(ConvertError::new(format!(
            "expected nested attributes, the model has {}",
            other.kind()
        ))),
    }
}

fn plain(value: Value, ty: &Type, base: &Value) -> Done {
    let mismatch = |value: &Value| ConvertError::new(format!("the schema says {ty}, the model has {}", value.kind()));
    match (ty, value) {
        (_, Value::Null) => Ok(Value::Null),
        (_, Value::Unknown(_)) => Ok(unknown(base)),
        (Type::Bool, value @ Value::Bool(_))
        | (Type::Number, value @ Value::Number(_))
        | (Type::String, value @ Value::String(_)) => Ok(value),
        (Type::List(element), Value::List(elements)) => list(elements, base, |value, base| plain(value, element, base)),
        (Type::Set(element), Value::List(elements)) => set(elements, base, |value, base| plain(value, element, base)),
        (Type::Map(element), Value::Map(entries) | Value::Object(entries)) => {
            map(entries, base, |value, base| plain(value, element, base))
        }
        (Type::Object(types), Value::Object(mut entries) | Value::Map(mut entries)) => {
            let mut result = BTreeMap::new();
            for (name, ty) in types {
                let value = entries.remove(name).unwrap_or_default();
                let base = base.get(name).unwrap_or(&Value::Null);
                let value = plain(value, ty, base).map_err(|error| error.below(Step::Attribute(name.clone())))?;
                result.insert(name.clone(), value);
            }
            match entries.keys().next() {
                Some(extra) => Err(ConvertError::new(format!(
                    "the model has a field `{extra}`, which {ty} has not"
                ))),
                None => Ok(Value::Object(result)),
            }
        }
        (Type::Tuple(types), Value::List(elements)) if types.len() == elements.len() => {
            let bases = base.as_elements().unwrap_or_default();
            let parts = elements.into_iter().zip(types).enumerate();
            let parts = parts.map(|(index, (value, ty))| plain(value, ty, bases.get(index).unwrap_or(&Value::Null)));
            Ok(Value::Tuple(parts.collect::<Result<_, _>>()?))
        }
        (Type::Dynamic, value) => {
            let (ty, value) = infer(value);
            // The model cannot tell a list from a tuple: when nothing changed, neither did the type.
            match base {
                Value::Dynamic(_, before) if same_content(before, &value) => Ok(base.clone()),
                _ => Ok(Value::Dynamic(Box::new(ty), Box::new(value))),
            }
        }
        (_, other) => Err(mismatch(&other)),
    }
}

/// An unknown value, with what was known about it before: refinements, or those parts of a dynamic value that were.
fn unknown(base: &Value) -> Value {
    if base.is_unknown() || matches!(base, Value::Dynamic(..)) && !base.is_wholly_known() {
        base.clone()
    } else {
        Value::unknown()
    }
}

fn list(elements: Vec<Value>, base: &Value, convert: impl Fn(Value, &Value) -> Done) -> Done {
    let bases = base.as_elements().unwrap_or_default();
    let elements = elements.into_iter().enumerate().map(|(index, element)| {
        convert(element, bases.get(index).unwrap_or(&Value::Null))
            .map_err(|error| error.below(Step::Index(i64::try_from(index).unwrap_or(i64::MAX))))
    });
    Ok(Value::List(elements.collect::<Result<_, _>>()?))
}

fn set(elements: Vec<Value>, base: &Value, convert: impl Fn(Value, &Value) -> Done) -> Done {
    // In the order in which the model was given them, so that refinements find their elements again.
    match list(elements, base, convert)? {
        Value::List(elements) => Ok(Value::set(elements)),
        other => Ok(other),
    }
}

fn map(entries: BTreeMap<String, Value>, base: &Value, convert: impl Fn(Value, &Value) -> Done) -> Done {
    let entries = entries.into_iter().map(|(key, value)| {
        let base = base.get(&key).unwrap_or(&Value::Null);
        let value = convert(value, base).map_err(|error| error.below(Step::Key(key.clone())))?;
        Ok((key, value))
    });
    Ok(Value::Map(entries.collect::<Result<_, ConvertError>>()?))
}

/// The type that HCL gives to such a literal: `[…]` is a tuple, `{…}` an object.
fn infer(value: Value) -> (Type, Value) {
    match value {
        Value::Bool(_) => (Type::Bool, value),
        Value::Number(_) => (Type::Number, value),
        Value::String(_) => (Type::String, value),
        Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => {
            let (types, elements) = elements.into_iter().map(infer).unzip();
            (Type::Tuple(types), Value::Tuple(elements))
        }
        Value::Map(entries) | Value::Object(entries) => {
            let mut types = BTreeMap::new();
            let mut values = BTreeMap::new();
            for (key, value) in entries {
                let (ty, value) = infer(value);
                types.insert(key.clone(), ty);
                values.insert(key, value);
            }
            (Type::Object(types), Value::Object(values))
        }
        Value::Dynamic(ty, value) => (*ty, *value),
        Value::Null | Value::Unknown(_) => (Type::Dynamic, value),
    }
}

/// Equal but for the kinds of the collections.
fn same_content(a: &Value, b: &Value) -> bool {
    match (a.as_elements(), b.as_elements(), a.as_entries(), b.as_entries()) {
        (Some(a), Some(b), ..) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_content(a, b)),
        (_, _, Some(a), Some(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && same_content(a, b))
        }
        _ => a.plain() == b.plain(),
    }
}
