//! Reading msgpack.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;

use super::REFINED;
use crate::codec::{CodecError, MAX_DEPTH, MAX_VALUES, Result, parse_number};
use crate::{Bound, Refinements, Type, Value};

/// The head of the next item; text, bytes and ext come with their content.
enum Item<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Array(usize),
    Map(usize),
    Ext(i8, &'a [u8]),
}

impl Item<'_> {
    fn mismatch(&self, expected: &(impl ToString + ?Sized)) -> CodecError {
        let found = match self {
            Item::Nil => "null",
            Item::Bool(_) => "a bool",
            Item::Unsigned(_) | Item::Signed(_) | Item::Float(_) => "a number",
            Item::Text(_) => "text",
            Item::Bytes(_) => "bytes",
            Item::Array(_) => "an array",
            Item::Map(_) => "a map",
            Item::Ext(..) => "an extension",
        };
        CodecError::Mismatch {
            expected: expected.to_string(),
            found: found.to_owned(),
        }
    }
}

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// How many values may still come.
    left: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader {
            rest: bytes,
            left: MAX_VALUES,
        }
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CodecError::CutOff)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecError::CutOff)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn length(&mut self, width: usize) -> Result<usize> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn text(&mut self, length: usize) -> Result<Item<'a>> {
        std::str::from_utf8(self.take(length)?)
            .map(Item::Text)
            .map_err(|_| CodecError::NotUtf8)
    }

    /// Every element takes a byte at least, so a length beyond the bytes that are left is a lie.
    fn counted(&self, count: usize) -> Result<usize> {
        if count > self.rest.len() {
            Err(CodecError::CutOff)
        } else {
            Ok(count)
        }
    }

    fn ext(&mut self, length: usize) -> Result<Item<'a>> {
        let [kind] = self.array::<1>()?;
        Ok(Item::Ext(i8::from_be_bytes([kind]), self.take(length)?))
    }

    fn item(&mut self) -> Result<Item<'a>> {
        let [head] = self.array::<1>()?;
        Ok(match head {
            0x00..=0x7f => Item::Unsigned(head.into()),
            0x80..=0x8f => Item::Map(self.counted(usize::from(head & 0x0f))?),
            0x90..=0x9f => Item::Array(self.counted(usize::from(head & 0x0f))?),
            0xa0..=0xbf => self.text(usize::from(head & 0x1f))?,
            0xc0 => Item::Nil,
            0xc1 => {
                return Err(CodecError::Mismatch {
                    expected: "a value".into(),
                    found: "a reserved byte".into(),
                });
            }
            0xc2 => Item::Bool(false),
            0xc3 => Item::Bool(true),
            0xc4..=0xc6 => {
                let length = self.length(1 << (head - 0xc4))?;
                Item::Bytes(self.take(length)?)
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (head - 0xc7))?;
                self.ext(length)?
            }
            0xca => Item::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Item::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Item::Unsigned(u8::from_be_bytes(self.array()?).into()),
            0xcd => Item::Unsigned(u16::from_be_bytes(self.array()?).into()),
            0xce => Item::Unsigned(u32::from_be_bytes(self.array()?).into()),
            0xcf => Item::Unsigned(u64::from_be_bytes(self.array()?)),
            0xd0 => Item::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Item::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Item::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Item::Signed(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.ext(1 << (head - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(1 << (head - 0xd9))?;
                self.text(length)?
            }
            0xdc | 0xdd => {
                let length = self.length(if head == 0xdc { 2 } else { 4 })?;
                Item::Array(self.counted(length)?)
            }
            0xde | 0xdf => {
                let length = self.length(if head == 0xde { 2 } else { 4 })?;
                Item::Map(self.counted(length)?)
            }
            0xe0..=0xff => Item::Signed(i8::from_be_bytes([head]).into()),
        })
    }
}

pub(super) fn value(reader: &mut Reader<'_>, ty: &Type, depth: usize) -> Result<Value> {
    if depth > MAX_DEPTH {
        return Err(CodecError::TooDeep);
    }
    reader.left = reader.left.checked_sub(1).ok_or(CodecError::TooLarge)?;
    let item = reader.item()?;
    match (ty, item) {
        (_, Item::Nil) => Ok(Value::Null),
        (_, Item::Ext(REFINED, content)) => refined(content, depth),
        (_, Item::Ext(..)) => Ok(Value::unknown()),
        (Type::Bool, Item::Bool(value)) => Ok(Value::Bool(value)),
        (Type::String, Item::Text(text)) => Ok(Value::String(text.to_owned())),
        (Type::Number, item) => number(&item).map(Value::Number),
        (Type::List(element), Item::Array(count)) => elements(reader, element, count, depth).map(Value::List),
        (Type::Set(element), Item::Array(count)) => elements(reader, element, count, depth).map(Value::set),
        (Type::Map(element), Item::Map(count)) => {
            let mut entries = BTreeMap::new();
            for _ in 0..count {
                let key = key(reader)?;
                let value = value(reader, element, depth + 1)?;
                if entries.insert(key.to_owned(), value).is_some() {
                    return Err(CodecError::Double(key.to_owned()));
                }
            }
            Ok(Value::Map(entries))
        }
        (Type::Object(types), Item::Map(count)) => object(reader, types, count, depth),
        (Type::Tuple(types), Item::Array(count)) if count == types.len() => {
            let parts = types.iter().map(|ty| value(reader, ty, depth + 1));
            Ok(Value::Tuple(parts.collect::<Result<_>>()?))
        }
        (Type::Dynamic, Item::Array(2)) => {
            let ty = match reader.item()? {
                Item::Bytes(json) => Type::from_json_bytes(json)?,
                Item::Text(json) => Type::from_json_bytes(json.as_bytes())?,
                other => return Err(other.mismatch("the type of a dynamic value")),
            };
            let inner = value(reader, &ty, depth + 1)?;
            Ok(Value::Dynamic(Box::new(ty), Box::new(inner)))
        }
        (ty, item) => Err(item.mismatch(ty)),
    }
}

fn elements(reader: &mut Reader<'_>, ty: &Type, count: usize, depth: usize) -> Result<Vec<Value>> {
    // Not `with_capacity(count)`: a value is many times larger than the byte that claims it.
    let mut elements = Vec::new();
    for _ in 0..count {
        elements.push(value(reader, ty, depth + 1)?);
    }
    Ok(elements)
}

fn object(reader: &mut Reader<'_>, types: &BTreeMap<String, Type>, count: usize, depth: usize) -> Result<Value> {
    let mut attributes = BTreeMap::new();
    for _ in 0..count {
        let name = key(reader)?;
        let ty = types
            .get(name)
            .ok_or_else(|| CodecError::UnexpectedAttribute(name.to_owned()))?;
        if attributes
            .insert(name.to_owned(), value(reader, ty, depth + 1)?)
            .is_some()
        {
            return Err(CodecError::Double(name.to_owned()));
        }
    }
    match types.keys().find(|name| !attributes.contains_key(*name)) {
        Some(missing) => Err(CodecError::MissingAttribute(missing.clone())),
        None => Ok(Value::Object(attributes)),
    }
}

fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    match reader.item()? {
        Item::Text(text) => Ok(text),
        other => Err(other.mismatch("a name")),
    }
}

fn number(item: &Item<'_>) -> Result<BigDecimal> {
    match item {
        Item::Unsigned(number) => Ok((*number).into()),
        Item::Signed(number) => Ok((*number).into()),
        // Terraform sends a float only where it is exact; so is this.
        Item::Float(number) => {
            let number = BigDecimal::try_from(*number).map_err(|_| CodecError::BadNumber)?;
            Ok(number.normalized())
        }
        Item::Text(text) => parse_number(text),
        other => Err(other.mismatch("number")),
    }
}

/// The refinements of an unknown value. Keys from the future are skipped: to know less is always right.
fn refined(content: &[u8], depth: usize) -> Result<Value> {
    let reader = &mut Reader::new(content);
    let Item::Map(count) = reader.item()? else {
        return Ok(Value::unknown());
    };
    let mut known = Refinements::default();
    for _ in 0..count {
        let key = match reader.item()? {
            Item::Unsigned(key) => key,
            other => return Err(other.mismatch("the number of a refinement")),
        };
        match key {
            1 => known.null = boolean(reader)?.into(),
            2 => known.prefix = Some(self::key(reader)?.to_owned()),
            3 => known.min = bound(reader)?,
            4 => known.max = bound(reader)?,
            5 => known.min_length = unsigned(reader)?,
            6 => known.max_length = unsigned(reader)?,
            _ => skip(reader, depth)?,
        }
    }
    Ok(if known.is_empty() {
        Value::unknown()
    } else {
        Value::Unknown(Some(Box::new(known)))
    })
}

fn boolean(reader: &mut Reader<'_>) -> Result<bool> {
    match reader.item()? {
        Item::Bool(value) => Ok(value),
        other => Err(other.mismatch("bool")),
    }
}

fn unsigned(reader: &mut Reader<'_>) -> Result<Option<u64>> {
    match reader.item()? {
        Item::Unsigned(number) => Ok(Some(number)),
        Item::Signed(number) => Ok(u64::try_from(number).ok()),
        other => Err(other.mismatch("a length")),
    }
}

/// A bound; an unknown one says nothing.
fn bound(reader: &mut Reader<'_>) -> Result<Option<Bound>> {
    match reader.item()? {
        Item::Array(2) => {}
        other => return Err(other.mismatch("a bound")),
    }
    let number = match reader.item()? {
        Item::Nil | Item::Ext(..) => None,
        // An infinite bound is none.
        Item::Float(number) if number.is_infinite() => None,
        item => Some(number(&item)?),
    };
    let inclusive = boolean(reader)?;
    Ok(number.map(|number| Bound { number, inclusive }))
}

fn skip(reader: &mut Reader<'_>, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(CodecError::TooDeep);
    }
    let parts = match reader.item()? {
        Item::Array(count) => count,
        Item::Map(count) => count.saturating_mul(2),
        _ => 0,
    };
    (0..parts).try_for_each(|_| skip(reader, depth + 1))
}
