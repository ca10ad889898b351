//! Bodies in the JSON of Protocol Buffers: what a message may hold, checked and brought into one form.
//!
//! Google's front ends refuse a field that a message does not have, take names in camel or snake case and enums by name or
//! number, and leave out of an answer what has its default. A service that describes its messages with [`Shape`] does too.

use serde_json::{Map, Value, json};

use super::answer::ApiError;
use super::patch::{camel, masked};

/// The fields of a message, in camel case.
pub(crate) type Fields = [(&'static str, Shape)];

/// What a field may hold.
pub(crate) enum Shape {
    Text,
    Bool,
    /// 32 bits.
    Int,
    Float,
    /// By name; the first is what an absent one means.
    Enum(&'static [&'static str]),
    /// From text to text.
    Texts,
    List(&'static Shape),
    Message(&'static Fields),
    /// From text to messages.
    Messages(&'static Fields),
    /// Only the service sets it: what a caller sends is dropped.
    Output,
    /// Google's, but not served here: anything in it is refused with 501.
    Unserved,
}

/// The body as a message with camel-case names, enums by name, and nothing that has its default. `at` is how Google names
/// the message in errors, such as `repository`.
pub(crate) fn read(body: Map<String, Value>, fields: &Fields, at: &str) -> Result<Map<String, Value>, ApiError> {
    let mut message = Map::new();
    for (given, value) in body {
        let name = camel(&given);
        let Some((_, shape)) = fields.iter().find(|(field, _)| *field == name) else {
            return Err(ApiError::invalid(format!(
                "Invalid JSON payload received. Unknown name \"{given}\" at '{at}': Cannot find field."
            )));
        };
        let below = format!("{at}.{}", snake(&name));
        if let Some(value) = read_value(value, shape, &below)? {
            message.insert(name, value);
        }
    }
    Ok(message)
}

/// A value in its one form; none for a default.
fn read_value(value: Value, shape: &Shape, at: &str) -> Result<Option<Value>, ApiError> {
    if value.is_null() {
        return Ok(None);
    }
    let read = match (shape, value) {
        (Shape::Output, _) => None,
        (Shape::Unserved, value) if value == json!({}) || value == json!([]) => None,
        (Shape::Unserved, _) => return Err(ApiError::unimplemented(format_args!("the field {at}"))),
        (Shape::Text, Value::String(text)) => Some(text).filter(|text| !text.is_empty()).map(Value::from),
        (Shape::Bool, Value::Bool(flag)) => flag.then_some(Value::Bool(true)),
        (Shape::Int, value) => {
            let number = number(&value).and_then(|n| i32::try_from(n.as_i64()?).ok());
            let number = number.ok_or_else(|| mistyped(at, "TYPE_INT32", &value))?;
            Some(number).filter(|n| *n != 0).map(Value::from)
        }
        (Shape::Float, value) => {
            let number = number(&value).ok_or_else(|| mistyped(at, "TYPE_FLOAT", &value))?;
            Some(number).filter(|n| n.as_f64() != Some(0.0)).map(Value::Number)
        }
        (Shape::Enum(names), value) => read_enum(&value, names, at)?,
        (Shape::Texts, Value::Object(entries)) => {
            if let Some((name, value)) = entries.iter().find(|(_, value)| !value.is_string()) {
                return Err(mistyped(&format!("{at}[\"{name}\"]"), "TYPE_STRING", value));
            }
            Some(entries).filter(|entries| !entries.is_empty()).map(Value::Object)
        }
        (Shape::List(element), Value::Array(items)) => read_list(items, element, at)?,
        (Shape::Message(fields), Value::Object(body)) => Some(Value::Object(read(body, fields, at)?)),
        (Shape::Messages(fields), Value::Object(entries)) => read_messages(entries, fields, at)?,
        (shape, value) => return Err(mistyped(at, shape.kind(), &value)),
    };
    Ok(read)
}

fn read_enum(value: &Value, names: &[&str], at: &str) -> Result<Option<Value>, ApiError> {
    let position = match value {
        Value::String(text) => names.iter().position(|name| name == text),
        Value::Number(n) => n.as_u64().and_then(|n| usize::try_from(n).ok()),
        _ => None,
    };
    match position.and_then(|position| Some((position, names.get(position)?))) {
        Some((0, _)) => Ok(None),
        Some((_, name)) => Ok(Some(json!(name))),
        None => Err(mistyped(at, "TYPE_ENUM", value)),
    }
}

fn read_list(items: Vec<Value>, element: &Shape, at: &str) -> Result<Option<Value>, ApiError> {
    let mut list = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let below = format!("{at}[{index}]");
        let default = item.clone();
        // In a list a default is an element like any other.
        list.push(read_value(item, element, &below)?.unwrap_or(default));
    }
    Ok((!list.is_empty()).then_some(Value::Array(list)))
}

fn read_messages(entries: Map<String, Value>, fields: &Fields, at: &str) -> Result<Option<Value>, ApiError> {
    let mut messages = Map::new();
    for (key, value) in entries {
        let below = format!("{at}[\"{key}\"]");
        let Value::Object(body) = value else {
            return Err(mistyped(&below, "TYPE_MESSAGE", &value));
        };
        messages.insert(key, Value::Object(read(body, fields, &below)?));
    }
    Ok((!messages.is_empty()).then_some(Value::Object(messages)))
}

/// A number, also as text, which the JSON of Protocol Buffers allows.
fn number(value: &Value) -> Option<serde_json::Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn mistyped(at: &str, kind: &str, value: &Value) -> ApiError {
    ApiError::invalid(format!("Invalid value at '{at}' ({kind}), {value}"))
}

impl Shape {
    fn kind(&self) -> &'static str {
        match self {
            Shape::Text => "TYPE_STRING",
            Shape::Bool => "TYPE_BOOL",
            Shape::Int => "TYPE_INT32",
            Shape::Float => "TYPE_FLOAT",
            Shape::Enum(_) => "TYPE_ENUM",
            Shape::List(_) => "a list",
            Shape::Texts | Shape::Message(_) | Shape::Messages(_) | Shape::Output | Shape::Unserved => "TYPE_MESSAGE",
        }
    }
}

/// The message after a change: the whole body without a mask or with `*`, otherwise what the mask names. A masked field
/// that the body lacks is cleared. Both messages are as [`read`] gives them.
pub(crate) fn updated(
    current: &Map<String, Value>,
    body: &Map<String, Value>,
    mask: Option<&str>,
    fields: &Fields,
) -> Result<Map<String, Value>, ApiError> {
    let Some(mask) = mask.map(str::trim).filter(|mask| *mask != "*" && !mask.is_empty()) else {
        return Ok(body.clone());
    };
    for path in mask.split(',').map(str::trim) {
        if !has(fields, path) {
            return Err(ApiError::invalid(format!(
                "Request contains an invalid argument: update_mask: '{path}' is not a field that can be updated."
            )));
        }
    }
    let mut message = current.clone();
    masked(&mut message, body, mask);
    Ok(message)
}

/// Whether a mask may name this path.
fn has(fields: &Fields, path: &str) -> bool {
    let (first, below) = path
        .split_once('.')
        .map_or((path, None), |(first, below)| (first, Some(below)));
    let shape = fields
        .iter()
        .find(|(field, _)| *field == camel(first))
        .map(|(_, shape)| shape);
    match (shape, below) {
        (None | Some(Shape::Output), _) => false,
        (Some(Shape::Message(inner)), Some(below)) => has(inner, below),
        (Some(Shape::Texts), Some(_)) | (Some(_), None) => true,
        (Some(_), Some(_)) => false,
    }
}

/// `camelCase` as `camel_case`, for errors.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &Fields = &[
        ("name", Shape::Output),
        ("displayName", Shape::Text),
        ("disabled", Shape::Bool),
        ("limit", Shape::Int),
        ("ratio", Shape::Float),
        ("mode", Shape::Enum(&["MODE_UNSPECIFIED", "FAST", "SLOW"])),
        ("labels", Shape::Texts),
        ("tags", Shape::List(&Shape::Text)),
        ("inner", Shape::Message(&[("deepName", Shape::Text)])),
        ("files", Shape::Messages(&[("deepName", Shape::Text)])),
        ("elsewhere", Shape::Unserved),
    ];

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn messages_have_one_form() {
        for (body, expected) in [
            (
                json!({"name": "x", "display_name": "d", "labels": {"a": ""}}),
                json!({"displayName": "d", "labels": {"a": ""}}),
            ),
            (
                json!({"displayName": "", "disabled": false, "limit": 0, "ratio": 0.0, "labels": {}, "tags": [], "mode": 0}),
                json!({}),
            ),
            (
                json!({"limit": "7", "ratio": "0.5", "mode": 2, "disabled": true}),
                json!({"limit": 7, "ratio": 0.5, "mode": "SLOW", "disabled": true}),
            ),
            (
                json!({"inner": {}, "tags": ["", "x"], "files": {"a/b": {"deep_name": "n"}}}),
                json!({"inner": {}, "tags": ["", "x"], "files": {"a/b": {"deepName": "n"}}}),
            ),
            (
                json!({"inner": null, "mode": "MODE_UNSPECIFIED", "elsewhere": {}}),
                json!({}),
            ),
        ] {
            let read = read(object(&body), FIELDS, "thing").unwrap();
            assert_eq!(Value::Object(read), expected, "{body}");
        }
        for (body, says) in [
            (json!({"colour": "red"}), "Unknown name \"colour\" at 'thing'"),
            (json!({"inner": {"x": 1}}), "Unknown name \"x\" at 'thing.inner'"),
            (
                json!({"displayName": 1}),
                "Invalid value at 'thing.display_name' (TYPE_STRING), 1",
            ),
            (json!({"limit": 1.5}), "'thing.limit' (TYPE_INT32)"),
            (json!({"mode": "LOUD"}), "'thing.mode' (TYPE_ENUM), \"LOUD\""),
            (json!({"mode": 9}), "'thing.mode' (TYPE_ENUM), 9"),
            (json!({"labels": {"a": 1}}), "'thing.labels[\"a\"]' (TYPE_STRING)"),
            (json!({"tags": "x"}), "'thing.tags' (a list)"),
            (json!({"elsewhere": {"a": 1}}), "thing.elsewhere is not served"),
        ] {
            let error = read(object(&body), FIELDS, "thing").unwrap_err();
            assert!(error.message.contains(says), "{body}: {}", error.message);
        }
    }

    #[test]
    fn masks_name_fields_that_exist() {
        let current = object(&json!({"displayName": "old", "limit": 1, "inner": {"deepName": "n"}}));
        let body = object(&json!({"displayName": "new"}));
        for (mask, expected) in [
            (None, json!({"displayName": "new"})),
            (Some("*"), json!({"displayName": "new"})),
            (Some("limit"), json!({"displayName": "old", "inner": {"deepName": "n"}})),
            (
                Some("display_name,inner.deep_name"),
                json!({"displayName": "new", "limit": 1}),
            ),
        ] {
            let message = updated(&current, &body, mask, FIELDS).unwrap();
            assert_eq!(Value::Object(message), expected, "{mask:?}");
        }
        for mask in ["colour", "name", "inner.x", "limit.x"] {
            assert!(updated(&current, &body, Some(mask), FIELDS).is_err(), "{mask}");
        }
    }
}
