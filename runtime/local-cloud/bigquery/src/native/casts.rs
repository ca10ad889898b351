//! CAST where BigQuery reads or writes text as DuckDB does not.

use std::fmt::Write as _;

use super::print::{clock, moment};
use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("text_int64", Answers::Int, text_int64),
    native("text_bool", Answers::Bool, text_bool),
    native("float_int64", Answers::Int, float_int64),
    native("parse_numeric", Answers::Text, parse_numeric),
    native("time_cast", Answers::Text, time_text),
    native("datetime_cast", Answers::Text, datetime_text),
    native("timestamp_cast", Answers::Text, timestamp_text),
    native("bytes_formatted", Answers::Text, bytes_formatted),
    native("bytes_unformatted", Answers::Bytes, bytes_unformatted),
];

fn text_int64(args: &[Cell]) -> Outcome {
    let [Cell::Text(text)] = args else {
        return Err(misused());
    };
    let bare = text.trim();
    let (negative, digits) = match bare.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, bare.strip_prefix('+').unwrap_or(bare)),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let value = match hex {
        Some(hex) if hex.chars().all(|c| c.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok(),
        None if digits.chars().all(|c| c.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    let value = value.map(|v: i128| if negative { -v } else { v });
    match value.and_then(|v| i64::try_from(v).ok()) {
        Some(value) => Ok(Cell::Int(value.into())),
        None => Err(format!("Bad int64 value: {text}")),
    }
}

fn text_bool(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(text)] if text.eq_ignore_ascii_case("true") => Ok(Cell::Bool(true)),
        [Cell::Text(text)] if text.eq_ignore_ascii_case("false") => Ok(Cell::Bool(false)),
        [Cell::Text(text)] => Err(format!("Bad bool value: {text}")),
        _ => Err(misused()),
    }
}

fn float_int64(args: &[Cell]) -> Outcome {
    let [Cell::Float(value)] = args else {
        return Err(misused());
    };
    if !value.is_finite() {
        let text = super::print::float(*value).to_lowercase();
        return Err(format!(
            "Illegal conversion of non-finite floating point number to an integer: {text}"
        ));
    }
    let rounded = value.round();
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
        return Err(format!("int64 out of range: {}", super::print::float(*value)));
    }
    Ok(Cell::Int(rounded as i128))
}

/// A number with its sign before or after it, spaces around and commas before its point; the type is for messages.
fn parse_numeric(args: &[Cell]) -> Outcome {
    let [Cell::Text(text), Cell::Text(ty)] = args else {
        return Err(misused());
    };
    read_numeric(text)
        .map(Cell::Text)
        .ok_or_else(|| format!("Invalid {ty} value: {text}"))
}

fn read_numeric(text: &str) -> Option<String> {
    let text = text.trim();
    let leading = text.strip_prefix(['+', '-']);
    let trailing = text.strip_suffix(['+', '-']).filter(|_| leading.is_none());
    let negative = (leading.is_some() && text.starts_with('-')) || (trailing.is_some() && text.ends_with('-'));
    let body = leading.or(trailing).unwrap_or(text).trim();
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    if !digits(&whole) || !digits(fraction) || whole.len() + fraction.len() == 0 || !exponent_fits {
        return None;
    }
    let mut out = String::new();
    // Writing to a String does not fail.
    write!(
        out,
        "{}{}.{}",
        if negative { "-" } else { "" },
        if whole.is_empty() { "0" } else { &whole },
        if fraction.is_empty() { "0" } else { fraction }
    )
    .ok();
    if let Some(exponent) = exponent {
        write!(out, "E{exponent}").ok();
    }
    Some(out)
}

fn time_text(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Time(micros)] => Ok(Cell::Text(clock(*micros))),
        _ => Err(misused()),
    }
}

fn datetime_text(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Timestamp(micros)] => Ok(Cell::Text(moment(*micros, ' '))),
        _ => Err(misused()),
    }
}

fn timestamp_text(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Timestamp(micros)] => Ok(Cell::Text(format!("{}+00", moment(*micros, ' ')))),
        _ => Err(misused()),
    }
}

/// How bytes are written as text.
#[derive(Clone, Copy)]
enum Encoding {
    Ascii,
    Base2,
    Base8,
    Hex,
    Base32,
    Base64,
    Utf8,
}

fn encoding(format: &str) -> Result<Encoding, String> {
    Ok(match format.to_ascii_uppercase().as_str() {
        "ASCII" => Encoding::Ascii,
        "BASE2" => Encoding::Base2,
        "BASE8" => Encoding::Base8,
        "BASE16" | "HEX" => Encoding::Hex,
        "BASE32" => Encoding::Base32,
        "BASE64" | "BASE64M" => Encoding::Base64,
        "UTF-8" | "UTF8" => Encoding::Utf8,
        _ => return Err(format!("Invalid format '{format}'")),
    })
}

/// Digits of so many bits each; the first one may hold fewer.
fn of_bits(bytes: &[u8], width: usize) -> String {
    let count = (bytes.len() * 8).div_ceil(width);
    let missing = count * width - bytes.len() * 8;
    let bit = |at: usize| {
        at.checked_sub(missing)
            .map_or(0, |at| bytes[at / 8] >> (7 - at % 8) & 1)
    };
    (0..count)
        .map(|digit| {
            let value = (0..width).fold(0, |v, i| v << 1 | bit(digit * width + i));
            char::from(b'0' + value)
        })
        .collect()
}

fn to_bits(text: &str, width: usize) -> Option<Vec<u8>> {
    let mut bits = Vec::with_capacity(text.len() * width);
    for c in text.chars() {
        let digit = c.to_digit(1 << width)?;
        bits.extend((0..width).rev().map(|i| (digit >> i & 1) as u8));
    }
    // Bits before the first whole byte are nothing but padding.
    let extra = bits.len() % 8;
    if bits[..extra].contains(&1) {
        return None;
    }
    let bytes = bits[extra..].chunks(8);
    Some(bytes.map(|byte| byte.iter().fold(0, |v, b| v << 1 | b)).collect())
}

fn bytes_formatted(args: &[Cell]) -> Outcome {
    use base64::Engine as _;
    let [Cell::Bytes(bytes), Cell::Text(format)] = args else {
        return Err(misused());
    };
    Ok(Cell::Text(match encoding(format)? {
        Encoding::Ascii if bytes.is_ascii() => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Ascii => return Err("Failed to decode invalid ASCII string".into()),
        Encoding::Base2 => of_bits(bytes, 1),
        Encoding::Base8 => of_bits(bytes, 3),
        Encoding::Hex => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Encoding::Base32 => data_encoding::BASE32.encode(bytes),
        Encoding::Base64 => base64::engine::general_purpose::STANDARD.encode(bytes),
        Encoding::Utf8 => return super::bytes::to_text(&[args[0].clone()]),
    }))
}

fn bytes_unformatted(args: &[Cell]) -> Outcome {
    let [Cell::Text(text), Cell::Text(format)] = args else {
        return Err(misused());
    };
    let one = [args[0].clone()];
    match encoding(format)? {
        Encoding::Ascii if text.is_ascii() => Ok(Cell::Bytes(text.clone().into_bytes())),
        Encoding::Ascii => Err("Failed to decode invalid ASCII string".into()),
        Encoding::Base2 => to_bits(text, 1)
            .map(Cell::Bytes)
            .ok_or_else(|| "Failed to decode invalid base2 string".into()),
        Encoding::Base8 => to_bits(text, 3)
            .map(Cell::Bytes)
            .ok_or_else(|| "Failed to decode invalid base8 string".into()),
        Encoding::Hex => super::bytes::from_hex(&one),
        Encoding::Base32 => super::bytes::from_base32(&one),
        Encoding::Base64 => super::bytes::from_base64(&one),
        Encoding::Utf8 => Ok(Cell::Bytes(text.clone().into_bytes())),
    }
}
