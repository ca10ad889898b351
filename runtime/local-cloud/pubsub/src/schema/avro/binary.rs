//! Reads a message in Avro's binary encoding.

use serde_json::{Map, Value};

use super::{Avro, DEEPEST, Shape, Type, base64};

/// Items that take no bytes could be promised without end; so many are enough.
const MOST_ITEMS: usize = 1 << 20;

pub(super) fn read(avro: &Avro, message: &[u8]) -> Result<Value, String> {
    let mut reader = Reader {
        avro,
        rest: message,
        items: 0,
    };
    let value = reader.value(&avro.root, 0)?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(format!("{} bytes are left at its end", reader.rest.len()))
    }
}

struct Reader<'a> {
    avro: &'a Avro,
    rest: &'a [u8],
    items: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        if count > self.rest.len() {
            return Err("it ends too early".to_owned());
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken)
    }

    /// A zigzag number of variable length.
    fn long(&mut self) -> Result<i64, String> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err("a number has too many bytes".to_owned())
    }

    fn length(&mut self) -> Result<usize, String> {
        usize::try_from(self.long()?).map_err(|_| "a length is negative".to_owned())
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| "a string is not UTF-8".to_owned())
    }

    fn value(&mut self, kind: &Type, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        let avro = self.avro;
        Ok(match kind {
            Type::Null => Value::Null,
            Type::Boolean => match self.take(1)?[0] {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err("a boolean is neither 0 nor 1".to_owned()),
            },
            Type::Int => match i32::try_from(self.long()?) {
                Ok(number) => Value::from(number),
                Err(_) => return Err("an int is out of its range".to_owned()),
            },
            Type::Long => Value::from(self.long()?),
            Type::Float => {
                let bytes = self.take(4)?;
                Value::from(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            }
            Type::Double => {
                let mut le = [0; 8];
                le.copy_from_slice(self.take(8)?);
                Value::from(f64::from_le_bytes(le))
            }
            Type::Bytes => {
                let length = self.length()?;
                base64(self.take(length)?)
            }
            Type::String => Value::from(self.text()?),
            Type::Array(items) => {
                let mut read = Vec::new();
                self.blocks(|reader| {
                    read.push(reader.value(items, depth + 1)?);
                    Ok(())
                })?;
                Value::Array(read)
            }
            Type::Map(values) => {
                let mut read = Map::new();
                self.blocks(|reader| {
                    let key = reader.text()?.to_owned();
                    read.insert(key, reader.value(values, depth + 1)?);
                    Ok(())
                })?;
                Value::Object(read)
            }
            Type::Union(variants) => {
                let at = self.length()?;
                let variant = variants.get(at).ok_or("a union has no such type")?;
                self.value(variant, depth + 1)?
            }
            Type::Named(at) => match &avro.named[*at].shape {
                Shape::Record(fields) => {
                    let mut read = Map::new();
                    for field in fields {
                        read.insert(field.name.clone(), self.value(&field.kind, depth + 1)?);
                    }
                    Value::Object(read)
                }
                Shape::Enum { symbols, .. } => {
                    let at = self.length()?;
                    Value::from(symbols.get(at).ok_or("an enum has no such symbol")?.as_str())
                }
                Shape::Fixed(size) => base64(self.take(*size)?),
            },
        })
    }

    /// Arrays and maps come in blocks: a count, negative if the block's size in bytes follows.
    fn blocks(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            let mut end = None;
            if count < 0 {
                count = count.checked_neg().ok_or("a count is out of range")?;
                let size = self.length()?;
                end = Some(self.rest.len().checked_sub(size).ok_or("it ends too early")?);
            }
            for _ in 0..count {
                self.items += 1;
                if self.items > MOST_ITEMS {
                    return Err("it has too many items".to_owned());
                }
                item(self)?;
            }
            if end.is_some_and(|end| end != self.rest.len()) {
                return Err("a block has another size than it says".to_owned());
            }
        }
    }
}
