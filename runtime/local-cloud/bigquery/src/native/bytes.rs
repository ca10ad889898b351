//! Bytes, and their encodings as text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::sequence as units;
use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("bytes_substr", Answers::Bytes, substr),
    native("bytes_left", Answers::Bytes, |args| end(args, true)),
    native("bytes_right", Answers::Bytes, |args| end(args, false)),
    native("bytes_lpad", Answers::Bytes, |args| pad(args, true)),
    native("bytes_rpad", Answers::Bytes, |args| pad(args, false)),
    native("bytes_repeat", Answers::Bytes, repeat),
    native("bytes_reverse", Answers::Bytes, reverse),
    native("bytes_replace", Answers::Bytes, replace),
    native("bytes_instr", Answers::Int, instr),
    native("bytes_translate", Answers::Bytes, translate),
    native("bytes_trim", Answers::Bytes, |args| trim(args, true, true)),
    native("bytes_ltrim", Answers::Bytes, |args| trim(args, true, false)),
    native("bytes_rtrim", Answers::Bytes, |args| trim(args, false, true)),
    native("bytes_upper", Answers::Bytes, upper),
    native("bytes_lower", Answers::Bytes, lower),
    native("bytes_starts_with", Answers::Bool, starts_with),
    native("bytes_ends_with", Answers::Bool, ends_with),
    native("bytes_of_code_points", Answers::Bytes, of_code_points),
    // A list of hexadecimal texts: DuckDB makes bytes of them again.
    native("bytes_split", Answers::Texts, split),
    native("bytes_text", Answers::Text, to_text),
    native("bytes_safe_text", Answers::Text, safe_text),
    native("bytes_bit_count", Answers::Int, bit_count),
    native("to_base32", Answers::Text, to_base32),
    native("from_base32", Answers::Bytes, from_base32),
    native("from_base64", Answers::Bytes, from_base64),
    native("from_hex", Answers::Bytes, from_hex),
];

fn substr(args: &[Cell]) -> Outcome {
    let (value, position, length) = match args {
        [Cell::Bytes(value), Cell::Int(position)] => (value, *position, None),
        [Cell::Bytes(value), Cell::Int(position), Cell::Int(length)] => (value, *position, Some(*length)),
        _ => return Err(misused()),
    };
    Ok(Cell::Bytes(units::part(value, position, length)?.to_vec()))
}

fn end(args: &[Cell], left: bool) -> Outcome {
    let [Cell::Bytes(value), Cell::Int(length)] = args else {
        return Err(misused());
    };
    let name = if left { "LEFT" } else { "RIGHT" };
    let length = units::count(*length, &format!("Second argument in {name}() cannot be negative"))?;
    let length = length.min(value.len());
    Ok(Cell::Bytes(if left {
        value[..length].to_vec()
    } else {
        value[value.len() - length..].to_vec()
    }))
}

fn pad(args: &[Cell], left: bool) -> Outcome {
    let (value, width, with) = match args {
        [Cell::Bytes(value), Cell::Int(width)] => (value, *width, b" ".as_slice()),
        [Cell::Bytes(value), Cell::Int(width), Cell::Bytes(with)] => (value, *width, with.as_slice()),
        _ => return Err(misused()),
    };
    Ok(Cell::Bytes(units::pad(value, width, with, left)?))
}

fn repeat(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value), Cell::Int(times)] => Ok(Cell::Bytes(units::repeat(value, *times)?)),
        _ => Err(misused()),
    }
}

fn reverse(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value)] => Ok(Cell::Bytes(value.iter().rev().copied().collect())),
        _ => Err(misused()),
    }
}

/// The parts of a value between the places of a delimiter, which is not empty.
fn parts<'v>(value: &'v [u8], delimiter: &[u8]) -> Vec<&'v [u8]> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at + delimiter.len() <= value.len() {
        if value[at..].starts_with(delimiter) {
            out.push(&value[from..at]);
            at += delimiter.len();
            from = at;
        } else {
            at += 1;
        }
    }
    out.push(&value[from..]);
    out
}

fn replace(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value), Cell::Bytes(from), _] if from.is_empty() => Ok(Cell::Bytes(value.clone())),
        [Cell::Bytes(value), Cell::Bytes(from), Cell::Bytes(to)] => Ok(Cell::Bytes(parts(value, from).join(&to[..]))),
        _ => Err(misused()),
    }
}

fn instr(args: &[Cell]) -> Outcome {
    match args {
        [
            Cell::Bytes(value),
            Cell::Bytes(part),
            Cell::Int(position),
            Cell::Int(occurrence),
        ] => {
            let at = units::instr(value, part, *position, *occurrence)?;
            Ok(Cell::Int(at as i128))
        }
        _ => Err(misused()),
    }
}

fn translate(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value), Cell::Bytes(from), Cell::Bytes(to)] => {
            let shown = |b: &u8| format!("byte 0x{b:02x}");
            units::translate(value, from, to, shown).map(Cell::Bytes)
        }
        _ => Err(misused()),
    }
}

fn trim(args: &[Cell], left: bool, right: bool) -> Outcome {
    let [Cell::Bytes(value), Cell::Bytes(set)] = args else {
        return Err(misused());
    };
    let mut rest = value.as_slice();
    while let (true, Some((first, after))) = (left, rest.split_first()) {
        if !set.contains(first) {
            break;
        }
        rest = after;
    }
    while let (true, Some((last, before))) = (right, rest.split_last()) {
        if !set.contains(last) {
            break;
        }
        rest = before;
    }
    Ok(Cell::Bytes(rest.to_vec()))
}

fn upper(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value)] => Ok(Cell::Bytes(value.to_ascii_uppercase())),
        _ => Err(misused()),
    }
}

fn lower(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value)] => Ok(Cell::Bytes(value.to_ascii_lowercase())),
        _ => Err(misused()),
    }
}

fn starts_with(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value), Cell::Bytes(part)] => Ok(Cell::Bool(value.starts_with(part))),
        _ => Err(misused()),
    }
}

fn ends_with(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value), Cell::Bytes(part)] => Ok(Cell::Bool(value.ends_with(part))),
        _ => Err(misused()),
    }
}

fn of_code_points(args: &[Cell]) -> Outcome {
    let [Cell::List(codes)] = args else {
        return Err(misused());
    };
    let mut out = Vec::with_capacity(codes.len());
    for code in codes {
        match code {
            Cell::Int(code) => out.push(u8::try_from(*code).map_err(|_| format!("Invalid ASCII value {code}"))?),
            _ => return Ok(Cell::Null),
        }
    }
    Ok(Cell::Bytes(out))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn split(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(value), Cell::Bytes(delimiter)] = args else {
        return Err(misused());
    };
    let list = if delimiter.is_empty() && !value.is_empty() {
        value.chunks(1).map(|b| Cell::Text(hex(b))).collect()
    } else if delimiter.is_empty() {
        vec![Cell::Text(String::new())]
    } else {
        parts(value, delimiter)
            .into_iter()
            .map(|p| Cell::Text(hex(p)))
            .collect()
    };
    Ok(Cell::List(list))
}

pub(super) fn to_text(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value)] => String::from_utf8(value.clone())
            .map(Cell::Text)
            .map_err(|_| "Invalid UTF-8 string: bytes cannot be cast to STRING".into()),
        _ => Err(misused()),
    }
}

/// Every byte that is no part of a character becomes U+FFFD.
fn safe_text(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(value)] = args else {
        return Err(misused());
    };
    let mut out = String::with_capacity(value.len());
    for chunk in value.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(Cell::Text(out))
}

fn bit_count(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value)] => Ok(Cell::Int(value.iter().map(|b| i128::from(b.count_ones())).sum())),
        _ => Err(misused()),
    }
}

fn to_base32(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(value)] => Ok(Cell::Text(data_encoding::BASE32.encode(value))),
        _ => Err(misused()),
    }
}

pub(super) fn from_base32(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value)] => data_encoding::BASE32
            .decode(value.as_bytes())
            .map(Cell::Bytes)
            .map_err(|_| "Failed to decode invalid base32 string".into()),
        _ => Err(misused()),
    }
}

/// With or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn from_base64(args: &[Cell]) -> Outcome {
    let [Cell::Text(value)] = args else {
        return Err(misused());
    };
    let packed: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64
        .decode(packed)
        .map(Cell::Bytes)
        .map_err(|_| "Failed to decode invalid base64 string".into())
}

pub(super) fn from_hex(args: &[Cell]) -> Outcome {
    let [Cell::Text(value)] = args else {
        return Err(misused());
    };
    let mut digits = Vec::with_capacity(value.len() + 1);
    // An odd number of digits has a zero before it.
    if value.len() % 2 == 1 {
        digits.push(0);
    }
    for (at, c) in value.chars().enumerate() {
        let digit = c.to_digit(16).ok_or_else(|| {
            format!("Failed to decode invalid hexadecimal string due to character at offset {at}: {value}")
        })?;
        digits.push(digit as u8);
    }
    Ok(Cell::Bytes(
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect(),
    ))
}
