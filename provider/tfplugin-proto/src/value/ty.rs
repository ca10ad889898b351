//! Types of values, and the JSON notation that Terraform has for them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// How deep a type may nest; deeper ones are refused, so that hostile input cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

/// How long its notation may be.
const MAX_LENGTH: usize = 1 << 20;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// Any type; values carry the type they have.
    Dynamic,
    /// `list(T)`
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `object({name = T, …})`
    Object(BTreeMap<String, Type>),
    /// `tuple([T, …])`
    Tuple(Vec<Type>),
}

/// A type constraint that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// Not JSON at all.
    #[error("type constraint is not JSON: {0}")]
    Json(String),
    /// JSON of another shape.
    #[error("type constraint is malformed")]
    Malformed,
    /// Longer than anyone needs.
    #[error("type constraint is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// Nested deeper than anyone needs.
    #[error("type constraint nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Terraform's JSON notation.
impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Type::Bool => "bool".serialize(serializer),
            Type::Number => "number".serialize(serializer),
            Type::String => "string".serialize(serializer),
            Type::Dynamic => "dynamic".serialize(serializer),
            Type::List(element) => ("list", element).serialize(serializer),
            Type::Set(element) => ("set", element).serialize(serializer),
            Type::Map(element) => ("map", element).serialize(serializer),
            Type::Object(attributes) => ("object", attributes).serialize(serializer),
            Type::Tuple(elements) => ("tuple", elements).serialize(serializer),
        }
    }
}

impl Type {
    /// `list(element)`
    pub fn list(element: Type) -> Self {
        Type::List(Box::new(element))
    }

    /// `set(element)`
    pub fn set(element: Type) -> Self {
        Type::Set(Box::new(element))
    }

    /// `map(element)`
    pub fn map(element: Type) -> Self {
        Type::Map(Box::new(element))
    }

    /// `object({…})`
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Type)>) -> Self {
        Type::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// Terraform's JSON notation: `"string"`, `["list","string"]`, `["object",{"a":"number"}]`.
    pub fn to_json(&self) -> Json {
        serde_json::json!(self)
    }

    /// The bytes of [`Type::to_json`].
    pub fn to_json_bytes(&self) -> Vec<u8> {
        // Text in memory: there is nothing in it that can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads Terraform's JSON notation.
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Self, TypeError> {
        if bytes.len() > MAX_LENGTH {
            return Err(TypeError::TooLong);
        }
        let json: Json = serde_json::from_slice(bytes).map_err(|error| TypeError::Json(error.to_string()))?;
        Self::from_json(&json, 0)
    }

    fn from_json(json: &Json, depth: usize) -> Result<Self, TypeError> {
        if depth > MAX_DEPTH {
            return Err(TypeError::TooDeep);
        }
        match json {
            Json::String(name) => match name.as_str() {
                "bool" => Ok(Type::Bool),
                "number" => Ok(Type::Number),
                "string" => Ok(Type::String),
                "dynamic" => Ok(Type::Dynamic),
                _ => Err(TypeError::Malformed),
            },
            Json::Array(parts) => {
                // An object may have a third part, the names of its optional attributes: values do not depend on it.
                let (Some(Json::String(kind)), Some(argument)) = (parts.first(), parts.get(1)) else {
                    return Err(TypeError::Malformed);
                };
                match (kind.as_str(), argument) {
                    ("list", element) => Ok(Type::list(Self::from_json(element, depth + 1)?)),
                    ("set", element) => Ok(Type::set(Self::from_json(element, depth + 1)?)),
                    ("map", element) => Ok(Type::map(Self::from_json(element, depth + 1)?)),
                    ("object", Json::Object(attributes)) => {
                        let attributes = attributes
                            .iter()
                            .map(|(name, ty)| Ok((name.clone(), Self::from_json(ty, depth + 1)?)))
                            .collect::<Result<_, TypeError>>()?;
                        Ok(Type::Object(attributes))
                    }
                    ("tuple", Json::Array(elements)) => {
                        let elements = elements
                            .iter()
                            .map(|ty| Self::from_json(ty, depth + 1))
                            .collect::<Result<_, TypeError>>()?;
                        Ok(Type::Tuple(elements))
                    }
                    _ => Err(TypeError::Malformed),
                }
            }
            _ => Err(TypeError::Malformed),
        }
    }
}

/// HCL's notation, for messages and documentation: `list(string)`.
impl std::fmt::Display for Type {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Bool => out.write_str("bool"),
            Type::Number => out.write_str("number"),
            Type::String => out.write_str("string"),
            Type::Dynamic => out.write_str("any"),
            Type::List(element) => write!(out, "list({element})"),
            Type::Set(element) => write!(out, "set({element})"),
            Type::Map(element) => write!(out, "map({element})"),
            Type::Object(attributes) => {
                out.write_str("object({")?;
                for (position, (name, ty)) in attributes.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(out, "{comma}{name} = {ty}")?;
                }
                out.write_str("})")
            }
            Type::Tuple(elements) => {
                out.write_str("tuple([")?;
                for (position, ty) in elements.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(out, "{comma}{ty}")?;
                }
                out.write_str("])")
            }
        }
    }
}
