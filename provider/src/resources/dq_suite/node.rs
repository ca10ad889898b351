//! A value whose shape the schema says and no struct of Rust: 41 kinds of expectations share their code by it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};
use tfplugin_framework::{Attr, Attribute, Nesting, Value};

/// The attributes of a block.
pub(super) type Block = BTreeMap<String, Attr<Node>>;

/// A known value; what it consists of may be unknown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Attr<Node>>),
    Object(Block),
}

/// A part of it is known after apply only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown;

impl Node {
    /// As JSON, without what is null.
    pub fn json(&self) -> Result<Json, Unknown> {
        Ok(match self {
            Self::Bool(value) => (*value).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => headwater_suite::float_to_json(*number),
            Self::Text(text) => text.as_str().into(),
            Self::List(elements) => {
                let elements = elements.iter().map(|element| Ok(json(element)?.unwrap_or(Json::Null)));
                Json::Array(elements.collect::<Result<_, Unknown>>()?)
            }
            Self::Object(block) => Json::Object(object(block)?),
        })
    }

    /// What JSON says where the schema has this attribute: absent values are the attribute's default, or null.
    pub fn of(json: Option<&Json>, attribute: &Attribute) -> Attr<Self> {
        let Some(json) = json.filter(|json| !json.is_null()) else {
            return attribute.default_value().map_or(Attr::Null, plain);
        };
        match (attribute.nested_attributes(), json) {
            (Some((Nesting::List, nested)), Json::Array(elements)) => {
                let elements = elements
                    .iter()
                    .map(|element| Attr::Known(Self::Object(block_of(element, nested))));
                Attr::Known(Self::List(elements.collect()))
            }
            (Some((_, nested)), json) => Attr::Known(Self::Object(block_of(json, nested))),
            (None, json) => of_json(json),
        }
    }
}

/// The attributes of a block as JSON says them.
fn block_of(json: &Json, attributes: &[(String, Attribute)]) -> Block {
    let attributes = attributes.iter();
    attributes
        .map(|(name, attribute)| (name.clone(), Node::of(json.get(name), attribute)))
        .collect()
}

pub(super) fn json(attr: &Attr<Node>) -> Result<Option<Json>, Unknown> {
    match attr {
        Attr::Null => Ok(None),
        Attr::Unknown => Err(Unknown),
        Attr::Known(node) => node.json().map(Some),
    }
}

/// A block as JSON, without what is null.
pub(super) fn object(block: &Block) -> Result<Map<String, Json>, Unknown> {
    let mut map = Map::new();
    for (name, value) in block {
        if let Some(value) = json(value)? {
            map.insert(name.clone(), value);
        }
    }
    Ok(map)
}

fn of_json(json: &Json) -> Attr<Node> {
    Attr::Known(match json {
        Json::Null => return Attr::Null,
        Json::Bool(value) => Node::Bool(*value),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Node::Float(number.as_f64().unwrap_or(f64::NAN)), Node::Int),
        Json::String(text) => Node::Text(text.clone()),
        Json::Array(elements) => Node::List(elements.iter().map(of_json).collect()),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| (name.clone(), of_json(value)));
            Node::Object(entries.collect())
        }
    })
}

/// A default: a text, a truth value, a number or a list of them.
fn plain(value: &Value) -> Attr<Node> {
    if let Some(text) = value.as_str() {
        return Attr::Known(Node::Text(text.to_owned()));
    }
    if let Some(value) = value.as_bool() {
        return Attr::Known(Node::Bool(value));
    }
    let Some(number) = value.as_number().map(ToString::to_string) else {
        return Attr::Null;
    };
    let whole = number.parse().map(Node::Int).ok();
    let number = whole.or_else(|| number.parse().map(Node::Float).ok());
    number.into()
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => elements.serialize(serializer),
            Self::Object(block) => block.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Node, E> {
        let number = i64::try_from(number);
        number
            .map(Node::Int)
            .map_err(|_| E::custom("the number is beyond 64 bits"))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Node::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut block = Block::new();
        while let Some((name, value)) = access.next_entry()? {
            if block.insert(name, value).is_some() {
                return Err(A::Error::custom("an attribute is there twice"));
            }
        }
        Ok(Node::Object(block))
    }
}
