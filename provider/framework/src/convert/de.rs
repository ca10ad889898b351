//! serde's deserializer over a value.

use std::collections::btree_map;
use std::slice;

use bigdecimal::{BigDecimal, ToPrimitive};
use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use tfplugin_proto::Value;

use super::{ATTR, ConvertError, NUMBER};
use crate::Step;

/// A value to be read.
#[derive(Clone, Copy)]
pub(super) struct De<'a>(pub(super) &'a Value);

impl<'a> De<'a> {
    fn expected(self, what: &str) -> ConvertError {
        match self.0.plain() {
            Value::Unknown(_) => ConvertError::unknown(),
            other => ConvertError::new(format!("expected {what}, got {}", other.kind())),
        }
    }

    fn number(self, what: &str) -> Result<&'a BigDecimal, ConvertError> {
        self.0.as_number().ok_or_else(|| self.expected(what))
    }

    fn integer<T>(self, convert: impl Fn(&BigDecimal) -> Option<T>) -> Result<T, ConvertError> {
        let number = self.number("a whole number")?;
        if !number.is_integer() {
            return Err(ConvertError::new(format!(
                "expected a whole number, got {}",
                number.to_plain_string()
            )));
        }
        convert(number).ok_or_else(|| ConvertError::new("the number is out of range"))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $to:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
            visitor.$visit(self.integer(ToPrimitive::$to)?)
        })*
    };
}

impl<'a> Deserializer<'a> for De<'a> {
    type Error = ConvertError;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self.0.plain() {
            Value::Null => visitor.visit_unit(),
            Value::Unknown(_) => Err(ConvertError::unknown()),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(number) => match (number.is_integer(), number.to_i64(), number.to_u64()) {
                (true, Some(number), _) => visitor.visit_i64(number),
                (true, _, Some(number)) => visitor.visit_u64(number),
                _ => visitor.visit_f64(number.to_f64().unwrap_or(f64::NAN)),
            },
            Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => visitor.visit_seq(Elements {
                elements: elements.iter(),
                next: 0,
            }),
            Value::Map(entries) => visitor.visit_map(Entries::new(entries.iter(), Step::Key)),
            Value::Object(entries) => visitor.visit_map(Entries::new(entries.iter(), Step::Attribute)),
            Value::Dynamic(..) => Err(ConvertError::new("dynamic values do not nest")),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_bool(self.0.as_bool().ok_or_else(|| self.expected("a bool"))?)
    }

    integers! {
        deserialize_i8 visit_i8 to_i8, deserialize_i16 visit_i16 to_i16, deserialize_i32 visit_i32 to_i32,
        deserialize_i64 visit_i64 to_i64, deserialize_i128 visit_i128 to_i128,
        deserialize_u8 visit_u8 to_u8, deserialize_u16 visit_u16 to_u16, deserialize_u32 visit_u32 to_u32,
        deserialize_u64 visit_u64 to_u64, deserialize_u128 visit_u128 to_u128,
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        let number = self.number("a number")?;
        visitor.visit_f64(
            number
                .to_f64()
                .ok_or_else(|| ConvertError::new("the number is out of range"))?,
        )
    }

    fn deserialize_char<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_borrowed_str(self.0.as_str().ok_or_else(|| self.expected("a string"))?)
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, _: V) -> Result<V::Value, ConvertError> {
        Err(ConvertError::new("Terraform has no bytes"))
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        if self.0.is_null() {
            visitor.visit_unit()
        } else {
            Err(self.expected("null"))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        if name == NUMBER {
            return visitor.visit_string(self.number("a number")?.to_string());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        let elements = self.0.as_elements().ok_or_else(|| self.expected("a list"))?;
        visitor.visit_seq(Elements {
            elements: elements.iter(),
            next: 0,
        })
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self.0.plain() {
            Value::Map(entries) => visitor.visit_map(Entries::new(entries.iter(), Step::Key)),
            Value::Object(entries) => visitor.visit_map(Entries::new(entries.iter(), Step::Attribute)),
            _ => Err(self.expected("an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConvertError> {
        if name == ATTR {
            return visitor.visit_enum(AttrAccess(self));
        }
        let text = self.0.as_str().ok_or_else(|| self.expected("a string"))?;
        let variant: StrDeserializer<'_, ConvertError> = text.into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        visitor.visit_unit()
    }
}

struct Elements<'a> {
    elements: slice::Iter<'a, Value>,
    next: i64,
}

impl<'a> SeqAccess<'a> for Elements<'a> {
    type Error = ConvertError;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, ConvertError> {
        let Some(element) = self.elements.next() else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        seed.deserialize(De(element))
            .map(Some)
            .map_err(|error| error.below(Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

struct Entries<'a> {
    entries: btree_map::Iter<'a, String, Value>,
    current: Option<(&'a String, &'a Value)>,
    step: fn(String) -> Step,
}

impl<'a> Entries<'a> {
    fn new(entries: btree_map::Iter<'a, String, Value>, step: fn(String) -> Step) -> Self {
        Entries {
            entries,
            current: None,
            step,
        }
    }
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = ConvertError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, ConvertError> {
        self.current = self.entries.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        let key: StringDeserializer<ConvertError> = key.clone().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, ConvertError> {
        let (key, value) = self
            .current
            .take()
            .ok_or_else(|| ConvertError::custom("value asked for before its key"))?;
        seed.deserialize(De(value))
            .map_err(|error| error.below((self.step)(key.clone())))
    }
}

/// Gives `Attr` its three cases.
struct AttrAccess<'a>(De<'a>);

impl<'a> EnumAccess<'a> for AttrAccess<'a> {
    type Error = ConvertError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), ConvertError> {
        let name = match self.0.0 {
            value if value.is_null() => "null",
            value if value.is_unknown() => "unknown",
            // What it becomes can hold no unknown parts, so as long as there are some it is unknown as a whole.
            value @ Value::Dynamic(..) if !value.is_wholly_known() => "unknown",
            _ => "known",
        };
        let name: StrDeserializer<'_, ConvertError> = name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'a> VariantAccess<'a> for AttrAccess<'a> {
    type Error = ConvertError;

    fn unit_variant(self) -> Result<(), ConvertError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, ConvertError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, _: V) -> Result<V::Value, ConvertError> {
        Err(ConvertError::new("an attribute is not a tuple"))
    }

    fn struct_variant<V: Visitor<'a>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, ConvertError> {
        Err(ConvertError::new("an attribute is not a struct"))
    }
}
