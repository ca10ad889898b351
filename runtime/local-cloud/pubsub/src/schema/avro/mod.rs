//! Avro: <https://avro.apache.org/docs/1.11.1/specification/>. Logical types are read as the types beneath them.

mod binary;
mod compatible;
mod definition;
mod json;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// How deep messages and definitions may be nested.
const DEEPEST: usize = 64;

/// A parsed definition.
#[derive(Debug)]
pub(crate) struct Avro {
    root: Type,
    named: Vec<Named>,
}

#[derive(Debug, Clone, PartialEq)]
enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Array(Box<Type>),
    Map(Box<Type>),
    Union(Vec<Type>),
    /// A record, an enum or a fixed, by its place in the list of the names.
    Named(usize),
}

#[derive(Debug)]
struct Named {
    /// With its namespace.
    name: String,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Record(Vec<Field>),
    Enum { symbols: Vec<String>, has_default: bool },
    Fixed(usize),
}

#[derive(Debug)]
struct Field {
    name: String,
    kind: Type,
    has_default: bool,
}

impl Avro {
    pub(super) fn parse(definition: &str) -> Result<Avro, String> {
        definition::parse(definition)
    }

    pub(super) fn compatible(&self, next: &Avro) -> Result<(), String> {
        compatible::reads(self, next)?;
        compatible::reads(next, self)
    }

    pub(super) fn check_binary(&self, message: &[u8]) -> Result<(), String> {
        binary::read(self, message).map(|_| ())
    }

    pub(super) fn check_json(&self, message: &[u8]) -> Result<(), String> {
        json::read(self, message).map(|_| ())
    }

    /// A message as plain JSON: a union is its value, bytes are base64.
    pub(super) fn fields(&self, message: &[u8], is_binary: bool) -> Result<Value, String> {
        if is_binary {
            binary::read(self, message)
        } else {
            json::read(self, message)
        }
    }

    /// The name of a type, by which a union in JSON says which it is.
    fn type_name<'a>(&'a self, kind: &'a Type) -> &'a str {
        match kind {
            Type::Null => "null",
            Type::Boolean => "boolean",
            Type::Int => "int",
            Type::Long => "long",
            Type::Float => "float",
            Type::Double => "double",
            Type::Bytes => "bytes",
            Type::String => "string",
            Type::Array(_) => "array",
            Type::Map(_) => "map",
            Type::Union(_) => "union",
            Type::Named(at) => &self.named[*at].name,
        }
    }
}

fn base64(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type": "record", "name": "R", "namespace": "n", "fields": [
        {"name": "a", "type": "string"},
        {"name": "b", "type": ["null", "int"], "default": null},
        {"name": "next", "type": ["null", "R"], "default": null},
        {"name": "tags", "type": {"type": "map", "values": {"type": "array", "items": "long"}}},
        {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["X", "Y"]}},
        {"name": "raw", "type": "bytes"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}}]}"#;

    #[test]
    fn messages_in_json() {
        let avro = Avro::parse(SCHEMA).unwrap();
        let good =
            r#"{"a": "x", "b": {"int": 3}, "next": null, "tags": {"t": [1]}, "kind": "X", "raw": "\u00ff", "at": 5}"#;
        let nested = good.replace(r#""next": null"#, &format!(r#""next": {{"n.R": {good}}}"#));
        for message in [good, &nested] {
            assert_eq!(avro.check_json(message.as_bytes()), Ok(()), "{message}");
        }
        let fields = avro.fields(good.as_bytes(), false).unwrap();
        assert_eq!((&fields["b"], &fields["raw"]), (&Value::from(3), &Value::from("/w==")));
        for (from, to, expected) in [
            (r#""a": "x", "#, "", "a is missing"),
            (r#""a": "x""#, r#""a": 1"#, "a must be a string"),
            (r#"{"int": 3}"#, "3", "b must be null, or"),
            (r#"{"int": 3}"#, r#"{"long": 3}"#, "b must be null, or"),
            (r#"{"int": 3}"#, r#"{"int": 3000000000}"#, "b must be an int"),
            ("[1]", "[1, 1.5]", "a value of tags[1] must be a long"),
            (r#""X""#, r#""Z""#, "kind must be one of"),
            (r"\u00ff", r"\u0100", "raw must be bytes"),
            (r#""a""#, r#""z": 1, "a""#, "z is not a field"),
            ("{", "[{", "it is not JSON"),
        ] {
            let message = good.replacen(from, to, 1);
            let why = avro.check_json(message.as_bytes()).unwrap_err();
            assert!(why.starts_with(expected), "{message}: {why}");
        }
    }

    #[test]
    fn messages_in_binary() {
        let avro = Avro::parse(SCHEMA).unwrap();
        // a = "x", b = 3, next = null, tags = {t: [1, -1]} (the array with its size), kind = Y, raw = FF, at = 5
        let good = [2, b'x', 2, 6, 0, 2, 2, b't', 3, 4, 2, 1, 0, 0, 2, 2, 0xff, 10];
        let expected = serde_json::json!({"a": "x", "b": 3, "next": null, "tags": {"t": [1, -1]}, "kind": "Y",
            "raw": "/w==", "at": 5});
        assert_eq!(avro.fields(&good, true).unwrap(), expected);
        for end in 0..good.len() {
            assert!(avro.check_binary(&good[..end]).is_err(), "cut at {end}");
        }
        for (at, byte) in [(0, 1), (0, 200), (1, 0xff), (2, 4), (14, 4), (9, 2), (5, 0x80)] {
            let mut wrong = good;
            wrong[at] = byte;
            assert!(avro.check_binary(&wrong).is_err(), "{byte} at {at}");
        }
        assert!(avro.check_binary(&[&good[..], &[0]].concat()).is_err());
        let endless = Avro::parse(r#"{"type": "array", "items": "null"}"#).unwrap();
        let many = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0];
        assert!(
            endless.check_binary(&many).is_err(),
            "a short message has no billions of items"
        );
    }

    #[test]
    fn definitions() {
        for (definition, why) in [
            ("", "it is not JSON"),
            ("bogus", "it is not JSON"),
            ("\"bogus\"", "the type bogus is not defined"),
            ("{}", "a type is missing"),
            (r#"{"type": "record", "name": "R"}"#, "R has no fields"),
            (r#"{"type": "record", "fields": []}"#, "a record has no valid name"),
            (
                r#"{"type": "record", "name": "1", "fields": []}"#,
                "a record has no valid name",
            ),
            (r#"["null", "null"]"#, "a union has null twice"),
            (r#"["null", ["int"]]"#, "a union is directly in a union"),
            (
                r#"{"type": "enum", "name": "E", "symbols": ["A", "A"]}"#,
                "E has the symbol A twice",
            ),
            (r#"{"type": "fixed", "name": "F"}"#, "F has no size"),
            (
                r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#,
                "R has the field a twice",
            ),
            (
                r#"["int", {"type": "fixed", "name": "F", "size": 1}, {"type": "fixed", "name": "F", "size": 1}]"#,
                "F is defined twice",
            ),
        ] {
            assert_eq!(Avro::parse(definition).unwrap_err(), why, "{definition}");
        }
        let deep = format!(
            "{}\"int\"{}",
            r#"{"type": "array", "items": "#.repeat(100),
            "}".repeat(100)
        );
        assert!(Avro::parse(&deep).is_err());
    }

    #[test]
    fn revisions() {
        let record = |fields: &str| Avro::parse(&format!(r#"{{"type": "record", "name": "R", "fields": [{fields}]}}"#));
        let a = r#"{"name": "a", "type": "string"}"#;
        let base = record(a).unwrap();
        for (fields, compatible) in [
            (
                format!(r#"{a}, {{"name": "b", "type": ["null", "int"], "default": null}}"#),
                true,
            ),
            (format!(r#"{a}, {{"name": "b", "type": "int"}}"#), false),
            (r#"{"name": "b", "type": "int", "default": 1}"#.to_owned(), false),
            (r#"{"name": "a", "type": "bytes"}"#.to_owned(), true),
            (r#"{"name": "a", "type": "int"}"#.to_owned(), false),
            (r#"{"name": "a", "type": ["null", "string"]}"#.to_owned(), false),
        ] {
            let next = record(&fields).unwrap();
            assert_eq!(base.compatible(&next).is_ok(), compatible, "{fields}");
        }
        let own = Avro::parse(SCHEMA).unwrap();
        assert_eq!(own.compatible(&Avro::parse(SCHEMA).unwrap()), Ok(()));
    }
}
