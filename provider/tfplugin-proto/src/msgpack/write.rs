//! Writing msgpack.

use bigdecimal::{BigDecimal, ToPrimitive};

use super::REFINED;
use crate::codec::{CodecError, MAX_DEPTH, Result};
use crate::{Bound, Refinements, Type, Value};

pub(super) fn value(out: &mut Vec<u8>, value: &Value, ty: &Type, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(CodecError::TooDeep);
    }
    match (ty, value) {
        (_, Value::Null) => out.push(0xc0),
        (_, Value::Unknown(None)) => out.extend([0xd4, 0x00, 0x00]),
        (_, Value::Unknown(Some(known))) => unknown(out, known),
        (Type::Dynamic, Value::Dynamic(ty, inner)) => {
            out.push(0x92);
            bytes(out, &ty.to_json_bytes());
            self::value(out, inner, ty, depth + 1)?;
        }
        (Type::Bool, Value::Bool(truth)) => out.push(if *truth { 0xc3 } else { 0xc2 }),
        (Type::Number, Value::Number(number)) => self::number(out, number),
        (Type::String, Value::String(content)) => text(out, content),
        (Type::List(element), Value::List(elements)) | (Type::Set(element), Value::Set(elements)) => {
            head(out, elements.len(), 0x90, [0xdc, 0xdd]);
            for part in elements {
                self::value(out, part, element, depth + 1)?;
            }
        }
        (Type::Tuple(types), Value::Tuple(elements)) if types.len() == elements.len() => {
            head(out, elements.len(), 0x90, [0xdc, 0xdd]);
            for (part, ty) in elements.iter().zip(types) {
                self::value(out, part, ty, depth + 1)?;
            }
        }
        (Type::Map(element), Value::Map(entries)) => {
            head(out, entries.len(), 0x80, [0xde, 0xdf]);
            for (key, part) in entries {
                text(out, key);
                self::value(out, part, element, depth + 1)?;
            }
        }
        (Type::Object(types), Value::Object(attributes)) => {
            if let Some(extra) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(CodecError::UnexpectedAttribute(extra.clone()));
            }
            head(out, types.len(), 0x80, [0xde, 0xdf]);
            for (name, ty) in types {
                let part = attributes
                    .get(name)
                    .ok_or_else(|| CodecError::MissingAttribute(name.clone()))?;
                text(out, name);
                self::value(out, part, ty, depth + 1)?;
            }
        }
        (ty, value) => {
            return Err(CodecError::Mismatch {
                expected: ty.to_string(),
                found: value.kind().to_owned(),
            });
        }
    }
    Ok(())
}

/// The head of an array or map: short form up to 15, then two or four bytes.
fn head(out: &mut Vec<u8>, count: usize, short: u8, [two, four]: [u8; 2]) {
    if count < 16 {
        out.push(short | count as u8);
    } else if let Ok(count) = u16::try_from(count) {
        out.push(two);
        out.extend(count.to_be_bytes());
    } else {
        out.push(four);
        out.extend((count as u32).to_be_bytes());
    }
}

fn sized(out: &mut Vec<u8>, length: usize, [one, two, four]: [u8; 3]) {
    if let Ok(length) = u8::try_from(length) {
        out.extend([one, length]);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(two);
        out.extend(length.to_be_bytes());
    } else {
        out.push(four);
        out.extend((length as u32).to_be_bytes());
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    if text.len() < 32 {
        out.push(0xa0 | text.len() as u8);
    } else {
        sized(out, text.len(), [0xd9, 0xda, 0xdb]);
    }
    out.extend(text.as_bytes());
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    sized(out, bytes.len(), [0xc4, 0xc5, 0xc6]);
    out.extend(bytes);
}

/// Whole numbers as such where they fit, all others as decimal text, which Terraform reads exactly.
fn number(out: &mut Vec<u8>, number: &BigDecimal) {
    let number = &number.normalized();
    // Plain digits would be long beyond reading.
    if number.fractional_digit_count().unsigned_abs() > 400 {
        return text(out, &number.to_scientific_notation());
    }
    if !number.is_integer() {
        return text(out, &number.to_plain_string());
    }
    match (number.to_u64(), number.to_i64()) {
        (Some(number), _) => unsigned(out, number),
        (None, Some(negative)) if negative >= -32 => out.push(negative as u8),
        (None, Some(negative)) => {
            out.push(0xd3);
            out.extend(negative.to_be_bytes());
        }
        (None, None) => text(out, &number.to_plain_string()),
    }
}

fn unsigned(out: &mut Vec<u8>, number: u64) {
    match number {
        0..=0x7f => out.push(number as u8),
        0x80..=0xff => out.extend([0xcc, number as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend((number as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend((number as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend(number.to_be_bytes());
        }
    }
}

fn unknown(out: &mut Vec<u8>, known: &Refinements) {
    let mut content = Vec::new();
    let mut count: u8 = 0;
    let mut entry = |content: &mut Vec<u8>, key: u8| {
        count += 1;
        content.push(key);
    };
    if let Some(null) = known.null {
        entry(&mut content, 1);
        content.push(if null { 0xc3 } else { 0xc2 });
    }
    if let Some(prefix) = &known.prefix {
        entry(&mut content, 2);
        text(&mut content, prefix);
    }
    for (key, bound) in [(3, &known.min), (4, &known.max)] {
        if let Some(Bound { number: end, inclusive }) = bound {
            entry(&mut content, key);
            content.push(0x92);
            number(&mut content, end);
            content.push(if *inclusive { 0xc3 } else { 0xc2 });
        }
    }
    for (key, length) in [(5, known.min_length), (6, known.max_length)] {
        if let Some(length) = length {
            entry(&mut content, key);
            unsigned(&mut content, length);
        }
    }
    if count == 0 {
        return out.extend([0xd4, 0x00, 0x00]);
    }
    sized(out, content.len() + 1, [0xc7, 0xc8, 0xc9]);
    out.extend([REFINED.to_be_bytes()[0], 0x80 | count]);
    out.extend(content);
}
