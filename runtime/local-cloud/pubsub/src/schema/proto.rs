//! Protocol buffers: one file with one message at its top level, in the binary encoding and in JSON.

use std::path::Path;

use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, SerializeOptions};
use protox::file::{File, FileResolver, GoogleFileResolver};
use serde_json::Value;

const FILE: &str = "schema.proto";

/// The message that a definition describes.
#[derive(Debug)]
pub(crate) struct Proto(MessageDescriptor);

impl Proto {
    pub(super) fn parse(definition: &str) -> Result<Proto, String> {
        if definition.trim().is_empty() {
            return Err("the definition is empty".into());
        }
        let mut compiler = protox::Compiler::with_file_resolver(One(definition.to_owned()));
        compiler.include_imports(true);
        compiler.open_file(FILE).map_err(|e| e.to_string())?;
        let pool: DescriptorPool = compiler.descriptor_pool();
        let file = pool.get_file_by_name(FILE).ok_or("the definition has no file")?;
        let mut messages = file.messages();
        match (messages.next(), messages.next()) {
            (Some(only), None) => Ok(Proto(only)),
            (None, _) => Err("the definition has no message".into()),
            (Some(_), Some(_)) => Err("the definition has more than one top-level message".into()),
        }
    }

    pub(super) fn check_binary(&self, message: &[u8]) -> Result<(), String> {
        self.decode(message, true).map(|_| ())
    }

    pub(super) fn check_json(&self, message: &[u8]) -> Result<(), String> {
        self.decode(message, false).map(|_| ())
    }

    fn decode(&self, message: &[u8], binary: bool) -> Result<DynamicMessage, String> {
        let wrong = || "it does not follow the schema".to_owned();
        if binary {
            return DynamicMessage::decode(self.0.clone(), message).map_err(|_| wrong());
        }
        let mut json = serde_json::Deserializer::from_slice(message);
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let decoded =
            DynamicMessage::deserialize_with_options(self.0.clone(), &mut json, &options).map_err(|_| wrong())?;
        json.end().map_err(|_| wrong())?;
        Ok(decoded)
    }

    pub(super) fn fields(&self, message: &[u8], binary: bool) -> Result<Value, String> {
        let options = SerializeOptions::new().use_proto_field_name(true);
        self.decode(message, binary)?
            .serialize_with_options(serde_json::value::Serializer, &options)
            .map_err(|e| e.to_string())
    }

    /// Fields keep their numbers and types; optional ones may come and go.
    pub(super) fn compatible(&self, next: &Proto) -> Result<(), String> {
        if self.0.full_name() != next.0.full_name() {
            return Err("the name of the message cannot change".into());
        }
        for field in self.0.fields() {
            let Some(same) = next.0.get_field(field.number()) else {
                continue;
            };
            let unchanged = same.name() == field.name()
                && same.cardinality() == field.cardinality()
                && same_kind(&same.kind(), &field.kind());
            if !unchanged {
                return Err(format!("the field {} cannot change", field.name()));
            }
        }
        Ok(())
    }
}

/// Types of two definitions are the same when their names are.
fn same_kind(one: &Kind, other: &Kind) -> bool {
    match (one, other) {
        (Kind::Message(one), Kind::Message(other)) => one.full_name() == other.full_name(),
        (Kind::Enum(one), Kind::Enum(other)) => one.full_name() == other.full_name(),
        _ => one == other,
    }
}

/// Finds the definition, and Google's well-known types.
struct One(String);

impl FileResolver for One {
    fn resolve_path(&self, _: &Path) -> Option<String> {
        None
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == FILE {
            return File::from_source(name, &self.0);
        }
        GoogleFileResolver::new().open_file(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = "syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\";
        message M { string a = 1; int64 b = 2; google.protobuf.Timestamp at = 3; }";

    #[test]
    fn messages() {
        let proto = Proto::parse(DEFINITION).unwrap();
        for (message, good) in [
            (r#"{"a": "x", "b": "3", "at": "2024-02-29T00:00:00Z"}"#, true),
            ("{}", true),
            (r#"{"a": 1}"#, false),
            (r#"{"z": 1}"#, false),
            ("{} {}", false),
            ("", false),
        ] {
            assert_eq!(proto.check_json(message.as_bytes()).is_ok(), good, "{message}");
        }
        assert!(proto.check_binary(&[10, 1, b'x', 16, 3]).is_ok());
        assert!(proto.check_binary(&[10, 5, b'x']).is_err());
        assert_eq!(
            proto.fields(&[10, 1, b'x', 16, 3], true).unwrap(),
            serde_json::json!({"a": "x", "b": "3"})
        );
    }

    #[test]
    fn definitions_and_revisions() {
        for wrong in [
            "",
            "bogus",
            "syntax = \"proto3\";",
            "syntax = \"proto3\"; message A {} message B {}",
            "syntax = \"proto3\"; import \"other.proto\"; message A {}",
            "syntax = \"proto3\"; message A { B b = 1; }",
        ] {
            assert!(Proto::parse(wrong).is_err(), "{wrong}");
        }
        let base = Proto::parse(DEFINITION).unwrap();
        for (from, to, compatible) in [
            ("int64 b = 2;", "", true),
            ("int64 b = 2;", "int64 b = 2; string c = 4;", true),
            ("int64 b", "string b", false),
            ("int64 b", "repeated int64 b", false),
            ("int64 b", "int64 renamed", false),
            ("message M", "message N", false),
        ] {
            let next = Proto::parse(&DEFINITION.replace(from, to)).unwrap();
            assert_eq!(base.compatible(&next).is_ok(), compatible, "{to}");
        }
    }
}
