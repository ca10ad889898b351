//! Between Terraform's values and the Rust structs of resource authors.

mod conform;
mod de;
mod ser;
#[cfg(test)]
mod tests;

use std::fmt;

use bigdecimal::BigDecimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tfplugin_proto::Value;

use crate::{Attr, Diagnostic, Diagnostics, Path, Result, Schema, Step};

/// Name by which [`Attr`] makes itself known to our own serializer and deserializer.
const ATTR: &str = "$tfplugin::Attr";
/// The same for [`Number`].
const NUMBER: &str = "$tfplugin::Number";

/// The typed form of a resource: a struct that derives serde's `Serialize` and `Deserialize`, with a field of the same
/// name for every attribute of the schema (except `timeouts`, which the framework keeps for you).
///
/// | attribute | field |
/// |---|---|
/// | may be unknown while planning (nearly all) | `Attr<T>` |
/// | must be known when the plan is made | `T`, or `Option<T>` if it may be null |
/// | string, bool | `String`, `bool`; an enum with unit variants works for a string |
/// | number | `i64`, `u64`… for whole numbers, [`Number`] for exact decimals, `f64` |
/// | list, set | `Vec<T>` |
/// | map | `BTreeMap<String, T>` |
/// | object, nested attributes | another such struct |
/// | dynamic | `Attr<serde_json::Value>`: unknown as long as a part of it is |
///
/// An unknown value in a field that is not an `Attr` is an error at its path when the plan is made, and lets `validate`
/// be skipped. `#[serde(flatten)]`, `#[serde(untagged)]` and `#[serde(skip)]` do not work here; `rename` does.
pub trait Model: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Model for T {}

/// An exact decimal number in a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub BigDecimal);

/// Why a value does not fit a model, or the reverse.
#[derive(Debug)]
pub(crate) struct ConvertError {
    message: String,
    /// From the inside out.
    steps: Vec<Step>,
    unknown: bool,
}

impl ConvertError {
    fn new(message: impl Into<String>) -> Self {
        ConvertError {
            message: message.into(),
            steps: Vec::new(),
            unknown: false,
        }
    }

    fn unknown() -> Self {
        ConvertError {
            unknown: true,
            ..ConvertError::new("the value is known only after apply")
        }
    }

    fn below(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn path(&self) -> Path {
        self.steps
            .iter()
            .rev()
            .fold(Path::root(), |path, step| path.step(step.clone()))
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for ConvertError {}

impl serde::de::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ConvertError::new(message.to_string())
    }
}

impl serde::ser::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ConvertError::new(message.to_string())
    }
}

/// Builds the model of a value that has the schema's type.
pub fn from_value<M: DeserializeOwned>(value: &Value, schema: &Schema) -> Result<M> {
    M::deserialize(de::De(value)).map_err(|error| {
        let path = error.path();
        let diagnostic = if error.unknown {
            Diagnostic::error("this value must be known when the plan is made").hint(
                "It depends on something that is created in the same apply. Create that first, or write the value out.",
            )
        } else if schema.attributes.is_empty() {
            Diagnostic::error("the value does not fit").detail(error.message)
        } else {
            Diagnostic::error("the value does not fit this attribute").detail(error.message)
        };
        Diagnostics::from(diagnostic.at(path))
    })
}

/// Brings a model into the schema's type. What a model cannot express (timeouts, refinements of unknown values, the
/// exact type of a dynamic value) is taken from `base` where the two agree otherwise.
pub fn to_value<M: Serialize + ?Sized>(model: &M, schema: &Schema, base: &Value) -> Result<Value> {
    model
        .serialize(ser::Ser)
        .and_then(|value| conform::object(value, schema, base))
        .map_err(|error| {
            Diagnostics::from(
                Diagnostic::error("the resource's model does not fit its schema")
                    .detail(format!("{}\n\nThis is a bug in the provider.", error.message))
                    .at(error.path()),
            )
        })
}

impl<T: Serialize> Serialize for Attr<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Attr::Null => serializer.serialize_unit_variant(ATTR, 0, "null"),
            Attr::Unknown => serializer.serialize_unit_variant(ATTR, 1, "unknown"),
            Attr::Known(value) => serializer.serialize_newtype_variant(ATTR, 2, "known", value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attr<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = Attr<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a Terraform attribute")
            }

            fn visit_enum<A: serde::de::EnumAccess<'de>>(self, data: A) -> std::result::Result<Attr<T>, A::Error> {
                use serde::de::VariantAccess as _;
                let (variant, content) = data.variant::<String>()?;
                match variant.as_str() {
                    "null" => content.unit_variant().map(|()| Attr::Null),
                    "unknown" => content.unit_variant().map(|()| Attr::Unknown),
                    _ => content.newtype_variant().map(Attr::Known),
                }
            }
        }

        deserializer.deserialize_enum(ATTR, &["null", "unknown", "known"], Visitor(std::marker::PhantomData))
    }
}

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NUMBER, &self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a number")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Number, E> {
                text.parse().map(Number).map_err(E::custom)
            }
        }

        deserializer.deserialize_newtype_struct(NUMBER, Visitor)
    }
}
