//! serde's serializer into a value. Lists come out as lists and structs as objects: [`super::conform`] knows the schema.

use std::collections::BTreeMap;
use std::fmt::Display;

use bigdecimal::BigDecimal;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use tfplugin_proto::Value;

use super::{ATTR, ConvertError, NUMBER};
use crate::Step;

type Done = Result<Value, ConvertError>;

pub(super) struct Ser;

/// Through text: a float becomes the shortest decimal that means it, not its binary expansion.
fn decimal(number: impl Display) -> Done {
    let text = number.to_string();
    text.parse::<BigDecimal>()
        .map(Value::Number)
        .map_err(|_| ConvertError::new(format!("{text} is not a number")))
}

macro_rules! decimals {
    ($($method:ident $ty:ty),* $(,)?) => {
        $(fn $method(self, value: $ty) -> Done { decimal(value) })*
    };
}

impl Serializer for Ser {
    type Ok = Value;
    type Error = ConvertError;
    type SerializeSeq = Seq;
    type SerializeTuple = Seq;
    type SerializeTupleStruct = Seq;
    type SerializeTupleVariant = Seq;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    decimals! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
        serialize_f32 f32, serialize_f64 f64,
    }

    fn serialize_bool(self, value: bool) -> Done {
        Ok(Value::Bool(value))
    }

    fn serialize_char(self, value: char) -> Done {
        Ok(Value::String(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Done {
        Ok(Value::String(value.to_owned()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Done {
        Err(ConvertError::new("Terraform has no bytes"))
    }

    fn serialize_none(self) -> Done {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Done {
        Ok(match (name, variant) {
            (ATTR, "unknown") => Value::unknown(),
            (ATTR, _) => Value::Null,
            _ => Value::String(variant.to_owned()),
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Done {
        let value = value.serialize(Ser)?;
        match value {
            Value::String(text) if name == NUMBER => decimal(text),
            value => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        let value = value.serialize(Ser)?;
        Ok(if name == ATTR {
            value
        } else {
            Value::object([(variant, value)])
        })
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Seq, ConvertError> {
        Ok(Seq(Vec::with_capacity(length.unwrap_or_default().min(1024))))
    }

    fn serialize_tuple(self, length: usize) -> Result<Seq, ConvertError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Seq, ConvertError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Seq, ConvertError> {
        Err(ConvertError::new(format!("the enum variant {variant} holds data")))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, ConvertError> {
        Ok(Entries {
            entries: BTreeMap::new(),
            key: None,
            is_map: true,
        })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries, ConvertError> {
        Ok(Entries {
            entries: BTreeMap::new(),
            key: None,
            is_map: false,
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries, ConvertError> {
        Err(ConvertError::new(format!("the enum variant {variant} holds data")))
    }
}

pub(super) struct Seq(Vec<Value>);

impl Seq {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
        let index = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        self.0
            .push(value.serialize(Ser).map_err(|error| error.below(Step::Index(index)))?);
        Ok(())
    }
}

macro_rules! sequences {
    ($($face:ident $method:ident),* $(,)?) => {
        $(impl $face for Seq {
            type Ok = Value;
            type Error = ConvertError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
                self.push(value)
            }

            fn end(self) -> Done {
                Ok(Value::List(self.0))
            }
        })*
    };
}

sequences! {
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field,
}

pub(super) struct Entries {
    entries: BTreeMap<String, Value>,
    key: Option<String>,
    is_map: bool,
}

impl Entries {
    fn insert<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), ConvertError> {
        let value = value
            .serialize(Ser)
            .map_err(|error| error.below(Step::Attribute(name.to_owned())))?;
        self.entries.insert(name.to_owned(), value);
        Ok(())
    }

    fn finish(self) -> Done {
        Ok(if self.is_map {
            Value::Map(self.entries)
        } else {
            Value::Object(self.entries)
        })
    }
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = ConvertError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ConvertError> {
        self.key = match key.serialize(Ser)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_plain_string()),
            _ => return Err(ConvertError::new("the keys of a map must be text")),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConvertError> {
        let key = self
            .key
            .take()
            .ok_or_else(|| ConvertError::new("a map's value came before its key"))?;
        let value = value
            .serialize(Ser)
            .map_err(|error| error.below(Step::Key(key.clone())))?;
        self.entries.insert(key, value);
        Ok(())
    }

    fn end(self) -> Done {
        self.finish()
    }
}

impl SerializeStruct for Entries {
    type Ok = Value;
    type Error = ConvertError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), ConvertError> {
        self.insert(name, value)
    }

    fn end(self) -> Done {
        self.finish()
    }
}

impl SerializeStructVariant for Entries {
    type Ok = Value;
    type Error = ConvertError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), ConvertError> {
        self.insert(name, value)
    }

    fn end(self) -> Done {
        self.finish()
    }
}
