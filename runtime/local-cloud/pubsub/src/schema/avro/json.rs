//! Reads a message in Avro's JSON encoding. Refusals name the place and never the value.

use serde_json::{Map, Value};

use super::{Avro, DEEPEST, Field, Shape, Type, base64};

pub(super) fn read(avro: &Avro, message: &[u8]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(message).map_err(|_| "it is not JSON".to_owned())?;
    Reader { avro }.value(&avro.root, &value, "", 0)
}

struct Reader<'a> {
    avro: &'a Avro,
}

fn wrong<T>(path: &str, expected: &str) -> Result<T, String> {
    let at = if path.is_empty() { "the message" } else { path };
    Err(format!("{at} must be {expected}"))
}

impl Reader<'_> {
    fn value(&self, kind: &Type, value: &Value, path: &str, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return wrong(path, "less deeply nested");
        }
        let (fits, expected) = match kind {
            Type::Null => (value.is_null(), "null"),
            Type::Boolean => (value.is_boolean(), "a boolean"),
            Type::Int => (value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()), "an int"),
            Type::Long => (value.as_i64().is_some(), "a long"),
            Type::Float | Type::Double => (value.is_number(), "a number"),
            Type::String => (value.is_string(), "a string"),
            Type::Bytes => return bytes(value, path, None),
            Type::Array(items) => return self.array(items, value, path, depth),
            Type::Map(values) => return self.map(values, value, path, depth),
            Type::Union(variants) => return self.union(variants, value, path, depth),
            Type::Named(at) => match &self.avro.named[*at].shape {
                Shape::Record(fields) => return self.record(fields, value, path, depth),
                Shape::Fixed(size) => return bytes(value, path, Some(*size)),
                Shape::Enum { symbols, .. } => (
                    value
                        .as_str()
                        .is_some_and(|text| symbols.iter().any(|symbol| symbol == text)),
                    "one of the symbols of the enum",
                ),
            },
        };
        if fits { Ok(value.clone()) } else { wrong(path, expected) }
    }

    fn array(&self, items: &Type, value: &Value, path: &str, depth: usize) -> Result<Value, String> {
        let Some(values) = value.as_array() else {
            return wrong(path, "an array");
        };
        let read = values.iter().enumerate();
        read.map(|(i, item)| self.value(items, item, &format!("{path}[{i}]"), depth + 1))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    }

    fn map(&self, values: &Type, value: &Value, path: &str, depth: usize) -> Result<Value, String> {
        let Some(entries) = value.as_object() else {
            return wrong(path, "an object");
        };
        let path = format!("a value of {path}");
        let read = entries.iter();
        read.map(|(key, entry)| Ok((key.clone(), self.value(values, entry, &path, depth + 1)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Value::Object)
    }

    fn record(&self, fields: &[Field], value: &Value, path: &str, depth: usize) -> Result<Value, String> {
        let Some(given) = value.as_object() else {
            return wrong(path, "an object");
        };
        let mut read = Map::new();
        for field in fields {
            let path = join(path, &field.name);
            let value = given.get(&field.name).ok_or_else(|| format!("{path} is missing"))?;
            read.insert(field.name.clone(), self.value(&field.kind, value, &path, depth + 1)?);
        }
        match given.keys().find(|name| !read.contains_key(*name)) {
            Some(unknown) => Err(format!("{} is not a field of the schema", join(path, unknown))),
            None => Ok(Value::Object(read)),
        }
    }

    fn union(&self, variants: &[Type], value: &Value, path: &str, depth: usize) -> Result<Value, String> {
        if value.is_null() && variants.contains(&Type::Null) {
            return Ok(Value::Null);
        }
        let only = value.as_object().filter(|object| object.len() == 1);
        let tagged = only.and_then(|object| object.iter().next());
        let chosen = tagged.and_then(|(tag, inner)| {
            let variant = variants.iter().find(|variant| self.avro.type_name(variant) == tag)?;
            Some((variant, inner))
        });
        match chosen {
            Some((variant, inner)) => self.value(variant, inner, path, depth + 1),
            None => wrong(
                path,
                "null, or an object whose only field is named after a type of the union",
            ),
        }
    }
}

/// Bytes are written as a string with a character for each.
fn bytes(value: &Value, path: &str, size: Option<usize>) -> Result<Value, String> {
    let bytes: Option<Vec<u8>> = value
        .as_str()
        .and_then(|text| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect());
    match (bytes, size) {
        (Some(bytes), None) => Ok(base64(&bytes)),
        (Some(bytes), Some(size)) if bytes.len() == size => Ok(base64(&bytes)),
        (_, Some(size)) => wrong(path, &format!("{size} bytes")),
        (None, None) => wrong(path, "bytes, written as a string of the characters U+0000 to U+00FF"),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
