//! Reads a definition.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Avro, DEEPEST, Field, Named, Shape, Type};

pub(super) fn parse(definition: &str) -> Result<Avro, String> {
    let value: Value = serde_json::from_str(definition).map_err(|_| "it is not JSON".to_owned())?;
    let mut reader = Reader::default();
    let root = reader.kind(&value, "", 0)?;
    let named = reader.named.into_iter();
    Ok(Avro {
        root,
        named: named
            .map(|(name, shape)| Named {
                name,
                shape: shape.unwrap_or(Shape::Fixed(0)),
            })
            .collect(),
    })
}

#[derive(Default)]
struct Reader {
    places: HashMap<String, usize>,
    /// Without a shape while it is being read: it may refer to itself.
    named: Vec<(String, Option<Shape>)>,
}

impl Reader {
    fn kind(&mut self, value: &Value, namespace: &str, depth: usize) -> Result<Type, String> {
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        match value {
            Value::String(name) => self.by_name(name, namespace),
            Value::Array(variants) => self.union(variants, namespace, depth),
            Value::Object(object) => match object.get("type") {
                Some(Value::String(name)) => self.object(name, object, namespace, depth),
                Some(inner) => self.kind(inner, namespace, depth + 1),
                None => Err("a type is missing".to_owned()),
            },
            _ => Err("a type must be a string, an array or an object".to_owned()),
        }
    }

    fn by_name(&self, name: &str, namespace: &str) -> Result<Type, String> {
        Ok(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int,
            "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "string" => Type::String,
            other => {
                let place = self
                    .places
                    .get(&qualified(other, namespace))
                    .or_else(|| self.places.get(other));
                Type::Named(*place.ok_or_else(|| format!("the type {other} is not defined"))?)
            }
        })
    }

    fn union(&mut self, variants: &[Value], namespace: &str, depth: usize) -> Result<Type, String> {
        let mut kinds = Vec::new();
        let mut seen = HashSet::new();
        for variant in variants {
            let kind = self.kind(variant, namespace, depth + 1)?;
            let name = match &kind {
                Type::Union(_) => return Err("a union is directly in a union".to_owned()),
                Type::Named(at) => self.named[*at].0.clone(),
                Type::Array(_) => "array".to_owned(),
                Type::Map(_) => "map".to_owned(),
                plain => format!("{plain:?}").to_lowercase(),
            };
            if !seen.insert(name.clone()) {
                return Err(format!("a union has {name} twice"));
            }
            kinds.push(kind);
        }
        Ok(Type::Union(kinds))
    }

    fn object(
        &mut self,
        kind: &str,
        object: &Map<String, Value>,
        namespace: &str,
        depth: usize,
    ) -> Result<Type, String> {
        let inner = |what: &str| {
            object
                .get(what)
                .ok_or_else(|| format!("the {what} of {kind} are missing"))
        };
        match kind {
            "array" => Ok(Type::Array(Box::new(self.kind(
                inner("items")?,
                namespace,
                depth + 1,
            )?))),
            "map" => Ok(Type::Map(Box::new(self.kind(
                inner("values")?,
                namespace,
                depth + 1,
            )?))),
            "record" | "error" | "enum" | "fixed" => {
                let name = full_name(kind, object, namespace)?;
                let place = self.named.len();
                if self.places.insert(name.clone(), place).is_some() {
                    return Err(format!("{name} is defined twice"));
                }
                self.named.push((name.clone(), None));
                let shape = match kind {
                    "enum" => symbols(&name, object)?,
                    "fixed" => size(&name, object)?,
                    _ => self.fields(&name, object, depth)?,
                };
                self.named[place].1 = Some(shape);
                Ok(Type::Named(place))
            }
            other => self.by_name(other, namespace),
        }
    }

    fn fields(&mut self, record: &str, object: &Map<String, Value>, depth: usize) -> Result<Shape, String> {
        let given = object.get("fields").and_then(Value::as_array);
        let given = given.ok_or_else(|| format!("{record} has no fields"))?;
        let namespace = record
            .rsplit_once('.')
            .map_or("", |(namespace, _)| namespace)
            .to_owned();
        let mut fields: Vec<Field> = Vec::new();
        for field in given {
            let name = field["name"].as_str().filter(|name| is_name(name));
            let name = name.ok_or_else(|| format!("a field of {record} has no valid name"))?;
            if fields.iter().any(|known| known.name == name) {
                return Err(format!("{record} has the field {name} twice"));
            }
            let kind = field
                .get("type")
                .ok_or_else(|| format!("{record}.{name} has no type"))?;
            fields.push(Field {
                name: name.to_owned(),
                kind: self.kind(kind, &namespace, depth + 1)?,
                has_default: field.get("default").is_some(),
            });
        }
        Ok(Shape::Record(fields))
    }
}

fn symbols(name: &str, object: &Map<String, Value>) -> Result<Shape, String> {
    let given = object.get("symbols").and_then(Value::as_array);
    let given = given.ok_or_else(|| format!("{name} has no symbols"))?;
    let mut symbols = Vec::new();
    for symbol in given {
        let symbol = symbol.as_str().filter(|symbol| is_name(symbol));
        let symbol = symbol.ok_or_else(|| format!("a symbol of {name} is not a valid name"))?;
        if symbols.iter().any(|known| known == symbol) {
            return Err(format!("{name} has the symbol {symbol} twice"));
        }
        symbols.push(symbol.to_owned());
    }
    let has_default = object.get("default").is_some();
    Ok(Shape::Enum { symbols, has_default })
}

fn size(name: &str, object: &Map<String, Value>) -> Result<Shape, String> {
    let size = object.get("size").and_then(Value::as_u64);
    let size = size.and_then(|size| usize::try_from(size).ok());
    Ok(Shape::Fixed(size.ok_or_else(|| format!("{name} has no size"))?))
}

fn full_name(kind: &str, object: &Map<String, Value>, namespace: &str) -> Result<String, String> {
    let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
    if !name.split('.').all(is_name) {
        return Err(format!("a {kind} has no valid name"));
    }
    let own = object.get("namespace").and_then(Value::as_str);
    Ok(qualified(name, own.unwrap_or(namespace)))
}

fn qualified(name: &str, namespace: &str) -> String {
    if namespace.is_empty() || name.contains('.') {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
