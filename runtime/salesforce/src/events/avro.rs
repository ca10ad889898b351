//! Avro schemas and their binary encoding, as far as Salesforce's events use them. What the values mean is `schema`'s.
//! <https://avro.apache.org/docs/1.12.0/specification/>

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

/// A type.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    /// Bytes, or text.
    Text,
    Bytes,
    Fixed(usize),
    Enum(Arc<Vec<String>>),
    Array(Arc<Node>),
    Map(Arc<Node>),
    Union(Arc<Vec<Node>>),
    Record(Arc<Record>),
}

/// A record type.
#[derive(Debug)]
pub(super) struct Record {
    pub fields: Vec<(String, Node)>,
}

/// A schema or a payload that is not as Avro says. Without values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct AvroError(pub &'static str);

type Result<T> = std::result::Result<T, AvroError>;

/// Reads a schema.
pub(super) fn parse(schema: &Value) -> Result<Node> {
    Names::default().node(schema)
}

#[derive(Default)]
struct Names(HashMap<String, Node>);

impl Names {
    fn node(&mut self, schema: &Value) -> Result<Node> {
        match schema {
            Value::String(name) => self.named(name),
            Value::Array(branches) => {
                let branches = branches.iter().map(|b| self.node(b)).collect::<Result<Vec<_>>>()?;
                Ok(Node::Union(Arc::new(branches)))
            }
            Value::Object(_) => self.object(schema),
            _ => Err(AvroError("the schema has a type that is none")),
        }
    }

    /// A primitive, or a type that was spelled out before; with its namespace or without.
    fn named(&self, name: &str) -> Result<Node> {
        Ok(match name {
            "null" => Node::Null,
            "boolean" => Node::Boolean,
            "int" => Node::Int,
            "long" => Node::Long,
            "float" => Node::Float,
            "double" => Node::Double,
            "string" => Node::Text,
            "bytes" => Node::Bytes,
            other => {
                let short = other.rsplit('.').next().unwrap_or(other);
                let known = self.0.get(short).cloned();
                known.ok_or(AvroError("the schema names a type that it does not define"))?
            }
        })
    }

    fn object(&mut self, schema: &Value) -> Result<Node> {
        let of = |key: &str| schema.get(key).ok_or(AvroError("the schema lacks a part of a type"));
        let name = || {
            let name = of("name")?.as_str().unwrap_or_default();
            Ok(name.rsplit('.').next().unwrap_or(name).to_owned())
        };
        let node = match of("type")?.as_str() {
            Some("array") => return Ok(Node::Array(Arc::new(self.node(of("items")?)?))),
            Some("map") => return Ok(Node::Map(Arc::new(self.node(of("values")?)?))),
            Some("enum") => {
                let symbols = of("symbols")?.as_array().map_or(&[][..], Vec::as_slice);
                let text = |s: &Value| s.as_str().unwrap_or_default().to_owned();
                Node::Enum(Arc::new(symbols.iter().map(text).collect()))
            }
            Some("fixed") => {
                let size = of("size")?.as_u64().and_then(|n| usize::try_from(n).ok());
                Node::Fixed(size.ok_or(AvroError("the schema has a fixed type without size"))?)
            }
            Some("record") => {
                let mut fields = vec![];
                for field in of("fields")?.as_array().map_or(&[][..], Vec::as_slice) {
                    let (Some(name), Some(of)) = (field["name"].as_str(), field.get("type")) else {
                        return Err(AvroError("the schema has a field without name or type"));
                    };
                    fields.push((name.to_owned(), self.node(of)?));
                }
                Node::Record(Arc::new(Record { fields }))
            }
            // `{"type": "string", "avro.java.string": "String"}`, `{"type": {"type": …}}`.
            _ => return self.node(of("type")?),
        };
        self.0.insert(name()?, node.clone());
        Ok(node)
    }
}

/// Reads values out of a payload.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (head, tail) = self
            .rest
            .split_at_checked(len)
            .ok_or(AvroError("the payload ends early"))?;
        self.rest = tail;
        Ok(head)
    }

    pub(super) fn long(&mut self) -> Result<i64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes(1)?[0];
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((n >> 1).cast_signed() ^ -(n & 1).cast_signed());
            }
        }
        Err(AvroError("the payload has a number of too many bytes"))
    }

    fn length(&mut self) -> Result<usize> {
        usize::try_from(self.long()?).map_err(|_| AvroError("the payload has a length below zero"))
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        let len = self.length()?;
        std::str::from_utf8(self.bytes(len)?).map_err(|_| AvroError("the payload has a text that is not UTF-8"))
    }

    pub(super) fn boolean(&mut self) -> Result<bool> {
        Ok(self.bytes(1)?[0] != 0)
    }

    pub(super) fn double(&mut self) -> Result<f64> {
        let bytes = self.bytes(8)?;
        Ok(f64::from_le_bytes(std::array::from_fn(|i| bytes[i])))
    }

    pub(super) fn float(&mut self) -> Result<f32> {
        let bytes = self.bytes(4)?;
        Ok(f32::from_le_bytes(std::array::from_fn(|i| bytes[i])))
    }

    /// The type that stands here: a union's branch, or the type itself.
    pub(super) fn branch<'n>(&mut self, node: &'n Node) -> Result<&'n Node> {
        match node {
            Node::Union(branches) => {
                let at = self.length()?;
                branches
                    .get(at)
                    .ok_or(AvroError("the payload chooses a branch that its union does not have"))
            }
            node => Ok(node),
        }
    }

    /// An array's items, each read by `item`.
    pub(super) fn items(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The size of the block follows, for who wants to skip it.
                count = -count;
                self.long()?;
            }
            for _ in 0..count {
                if self.rest.is_empty() {
                    return Err(AvroError("the payload ends early"));
                }
                item(self)?;
            }
        }
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Null => {}
            Node::Boolean => drop(self.bytes(1)?),
            Node::Int | Node::Long | Node::Enum(_) => drop(self.long()?),
            Node::Float => drop(self.bytes(4)?),
            Node::Double => drop(self.bytes(8)?),
            Node::Text | Node::Bytes => {
                let len = self.length()?;
                self.bytes(len)?;
            }
            Node::Fixed(len) => drop(self.bytes(*len)?),
            Node::Array(of) => self.items(|reader| reader.skip(of))?,
            Node::Map(of) => self.items(|reader| {
                reader.skip(&Node::Text)?;
                reader.skip(of)
            })?,
            Node::Union(_) => {
                let branch = self.branch(node)?;
                self.skip(branch)?;
            }
            Node::Record(record) => {
                for (_, of) in &record.fields {
                    self.skip(of)?;
                }
            }
        }
        Ok(())
    }
}
