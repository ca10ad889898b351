//! Values as text: as CAST writes them, as literals, as JSON.

use super::json::{Json, Number, Wide, parse};
use super::shape::Shape;
use super::{Answers, Native, Outcome, misused, native};
use crate::encode;
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("float_text", Answers::Text, float_text),
    native("to_json_string", Answers::Text, to_json_string),
    native("to_json", Answers::Json, to_json),
];

/// The largest whole number below which a FLOAT64 holds all of them.
const EXACT: i128 = 1 << 53;

/// `%.15g`, or `%.17g` where that is not the number.
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let short = general(value, 15);
    if short.parse() == Ok(value) {
        short
    } else {
        general(value, 17)
    }
}

/// `%.*g` of C: as many digits at most, no zeros at the end.
fn general(value: f64, precision: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let text = format!("{:.*e}", precision - 1, value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if exponent < -4 || exponent >= precision as i32 {
        let mantissa = trimmed(mantissa);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// Without zeros after the point, and without the point where nothing follows it.
pub(super) fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

fn float_text(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Float(value)] => Ok(Cell::Text(float(*value))),
        _ => Err(misused()),
    }
}

/// Bytes as a literal writes them, without quotes around it.
fn escaped_bytes(bytes: &[u8], quote: Option<u8>) -> String {
    let mut out = String::new();
    for byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            b'\'' | b'"' | b'`' if quote == Some(*byte) || quote.is_none() => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            0x20..=0x7e => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
    }
    out
}

/// A string or bytes in double quotes, or in single ones where it has double ones itself.
fn quoted(has_double: bool, has_single: bool, escape: impl Fn(u8) -> String) -> String {
    let mark = if has_double && !has_single { b'\'' } else { b'"' };
    let mark_char = char::from(mark);
    format!("{mark_char}{}{mark_char}", escape(mark))
}

fn text_literal(text: &str) -> String {
    quoted(text.contains('"'), text.contains('\''), |mark| {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push_str("\\\\"),
                c if c == char::from(mark) => {
                    out.push('\\');
                    out.push(c);
                }
                c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => out.push(c),
            }
        }
        out
    })
}

/// A NUMERIC's text, without zeros at its end.
fn decimal(text: &str) -> &str {
    trimmed(text)
}

/// An INTERVAL's text in BigQuery's form.
fn interval(text: &str) -> String {
    text.to_owned()
}

/// Digits after the point: none, three or six.
fn fraction(micros: i64) -> String {
    match micros.rem_euclid(1_000_000) {
        0 => String::new(),
        rest if rest % 1000 == 0 => format!(".{:03}", rest / 1000),
        rest => format!(".{rest:06}"),
    }
}

fn date(days: i32) -> String {
    encode::date(days)
}

pub(super) fn clock(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000).rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}{}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        fraction(micros)
    )
}

pub(super) fn moment(micros: i64, separator: char) -> String {
    let days = i32::try_from(micros.div_euclid(86_400_000_000)).unwrap_or_default();
    format!("{}{separator}{}", date(days), clock(micros.rem_euclid(86_400_000_000)))
}

/// What a value of one word is called before its text, as a literal.
fn word(shape: &Shape) -> Option<&'static str> {
    Some(match shape {
        Shape::Numeric => "NUMERIC",
        Shape::BigNumeric => "BIGNUMERIC",
        Shape::Date => "DATE",
        Shape::Datetime => "DATETIME",
        Shape::Time => "TIME",
        Shape::Timestamp => "TIMESTAMP",
        Shape::Interval => "INTERVAL",
        _ => return None,
    })
}

/// FORMAT's `%t` (as CAST writes it) and `%T` (as a literal).
pub(super) fn text(shape: &Shape, value: &Cell, literal: bool) -> String {
    let plain = match (shape, value) {
        (_, Cell::Null) => return "NULL".into(),
        (Shape::Array(item), Cell::List(items)) => {
            let items: Vec<String> = items.iter().map(|i| text(item, i, literal)).collect();
            return format!("[{}]", items.join(", "));
        }
        (Shape::Struct(shapes), Cell::Struct(fields)) => {
            let list = shapes.iter().zip(fields);
            let list: Vec<String> = list.map(|((_, s), (_, v))| text(s, v, literal)).collect();
            let name = if literal && list.len() < 2 { "STRUCT" } else { "" };
            return format!("{name}({})", list.join(", "));
        }
        (Shape::Float64, Cell::Float(v)) if literal && !v.is_finite() => {
            return format!("CAST(\"{}\" AS FLOAT64)", float(*v).to_lowercase());
        }
        (Shape::Float64, Cell::Float(v)) => {
            let text = float(*v);
            return if v.is_finite() && !text.contains(['.', 'e']) {
                text + ".0"
            } else {
                text
            };
        }
        (Shape::String, Cell::Text(v)) if literal => return text_literal(v),
        (Shape::Bytes, Cell::Bytes(v)) if literal => {
            let quoted = quoted(v.contains(&b'"'), v.contains(&b'\''), |mark| {
                escaped_bytes(v, Some(mark))
            });
            return format!("b{quoted}");
        }
        (Shape::Json, Cell::Text(v)) if literal => {
            let one = parse(v, Wide::Round).map_or_else(|_| v.clone(), |json| json.compact());
            return format!("JSON '{}'", one.replace('\\', "\\\\").replace('\'', "\\'"));
        }
        _ => scalar(shape, value),
    };
    match word(shape) {
        Some("INTERVAL") if literal => format!("INTERVAL \"{plain}\" YEAR TO SECOND"),
        Some(word) if literal => format!("{word} \"{plain}\""),
        _ => plain,
    }
}

fn scalar(shape: &Shape, value: &Cell) -> String {
    match (shape, value) {
        (_, Cell::Bool(v)) => v.to_string(),
        (_, Cell::Int(v)) => v.to_string(),
        (_, Cell::Float(v)) => float(*v),
        (Shape::Numeric | Shape::BigNumeric, Cell::Text(v)) => decimal(v).to_owned(),
        (Shape::Interval, Cell::Text(v)) => interval(v),
        (_, Cell::Text(v)) => v.clone(),
        (_, Cell::Bytes(v)) => escaped_bytes(v, None),
        (_, Cell::Date(v)) => date(*v),
        (_, Cell::Time(v)) => clock(*v),
        (Shape::Timestamp, Cell::Timestamp(v)) => format!("{}+00", moment(*v, ' ')),
        (_, Cell::Timestamp(v)) => moment(*v, ' '),
        _ => String::new(),
    }
}

/// ISO 8601: `P1Y2M3DT4H5M6.5S`, of `1-2 3 4:5:6.5`.
fn iso_interval(text: &str) -> Option<String> {
    let mut parts = text.split(' ');
    let (months, days, clock) = (parts.next()?, parts.next()?, parts.next()?);
    let signed = |part: &str| -> (&'static str, String) {
        let sign = if part.starts_with('-') { "-" } else { "" };
        (sign, part.trim_start_matches('-').to_owned())
    };
    let (sign, months) = signed(months);
    let (years, months) = months.split_once('-')?;
    let mut out = String::from("P");
    let push = |out: &mut String, sign: &str, count: &str, unit: char| {
        if count.chars().any(|c| ('1'..='9').contains(&c)) {
            out.push_str(sign);
            out.push_str(count);
            out.push(unit);
        }
    };
    push(&mut out, sign, years, 'Y');
    push(&mut out, sign, months, 'M');
    let (sign, days) = signed(days);
    push(&mut out, sign, &days, 'D');
    let (sign, clock) = signed(clock);
    let mut clock = clock.split(':');
    let mut time = String::new();
    push(&mut time, sign, clock.next()?, 'H');
    push(&mut time, sign, clock.next()?, 'M');
    push(&mut time, sign, trimmed(clock.next()?), 'S');
    if !time.is_empty() {
        out.push('T');
        out.push_str(&time);
    }
    Some(if out == "P" { "P0Y".into() } else { out })
}

/// What JSON writes as text of a value that is no number, nothing nested.
fn json_text(shape: &Shape, value: &Cell) -> String {
    use base64::Engine as _;
    match (shape, value) {
        (_, Cell::Bytes(v)) => base64::engine::general_purpose::STANDARD.encode(v),
        (Shape::Timestamp, Cell::Timestamp(v)) => format!("{}Z", moment(*v, 'T')),
        (_, Cell::Timestamp(v)) => moment(*v, 'T'),
        (Shape::Interval, Cell::Text(v)) => iso_interval(&interval(v)).unwrap_or_default(),
        _ => scalar(shape, value),
    }
}

/// The arguments of both: the shape, the value in a struct, and a flag.
fn arguments(args: &[Cell]) -> Result<(std::rc::Rc<Shape>, &Cell, bool), String> {
    match args {
        [Cell::Text(shape), Cell::Struct(fields), Cell::Bool(flag)] => match fields.as_slice() {
            [(_, value)] => Ok((Shape::read(shape)?, value, *flag)),
            _ => Err(misused()),
        },
        _ => Err(misused()),
    }
}

fn to_json_string(args: &[Cell]) -> Outcome {
    let (shape, value, pretty) = arguments(args)?;
    let json = written(&shape, value)?;
    Ok(Cell::Text(if pretty { json.pretty() } else { json.compact() }))
}

/// JSON as TO_JSON_STRING writes it: fields in their order, numbers that a FLOAT64 does not hold in quotes.
fn written(shape: &Shape, value: &Cell) -> Result<Json, String> {
    Ok(match (shape, value) {
        (_, Cell::Null) => Json::Null,
        (_, Cell::Bool(v)) => Json::Bool(*v),
        (_, Cell::Int(v)) if v.abs() <= EXACT => Json::Number(Number::Raw(v.to_string())),
        (_, Cell::Int(v)) => Json::Text(v.to_string()),
        (_, Cell::Float(v)) => float_json(*v, |v| Number::Raw(float(v))),
        (Shape::Numeric | Shape::BigNumeric, Cell::Text(v)) => {
            let text = decimal(v);
            match text.parse::<i128>() {
                Ok(whole) if whole.abs() <= EXACT => Json::Number(Number::Raw(text.to_owned())),
                _ => Json::Text(text.to_owned()),
            }
        }
        (Shape::Json, Cell::Text(v)) => parse(v, Wide::Round)?,
        (Shape::Array(item), Cell::List(items)) => {
            Json::Array(items.iter().map(|i| written(item, i)).collect::<Result<_, _>>()?)
        }
        (Shape::Struct(shapes), Cell::Struct(fields)) => {
            let members = shapes.iter().zip(fields);
            let members: Result<Vec<(String, Json)>, String> = members
                .map(|((name, s), (_, v))| Ok((shown(name).to_owned(), written(s, v)?)))
                .collect();
            Json::Object(members?)
        }
        _ => Json::Text(json_text(shape, value)),
    })
}

/// A field without a name has one only inside.
fn shown(name: &str) -> &str {
    match name.strip_prefix("_field_") {
        Some(number) if number.chars().all(|c| c.is_ascii_digit()) => "",
        _ => name,
    }
}

fn float_json(value: f64, number: fn(f64) -> Number) -> Json {
    if value.is_nan() {
        Json::Text("NaN".into())
    } else if value.is_infinite() {
        Json::Text(if value > 0.0 {
            "Infinity".into()
        } else {
            "-Infinity".into()
        })
    } else {
        // There is no negative zero.
        Json::Number(number(if value == 0.0 { 0.0 } else { value }))
    }
}

fn to_json(args: &[Cell]) -> Outcome {
    let (shape, value, stringify) = arguments(args)?;
    Ok(Cell::Text(typed(&shape, value, stringify)?.compact()))
}

/// A value of the type JSON.
fn typed(shape: &Shape, value: &Cell, stringify: bool) -> Result<Json, String> {
    Ok(match (shape, value) {
        (_, Cell::Int(v)) if stringify && v.abs() > EXACT => Json::Text(v.to_string()),
        (_, Cell::Int(v)) => Json::Number(Number::Int(i64::try_from(*v).map_err(|_| misused())?)),
        (_, Cell::Float(v)) => float_json(*v, Number::Float),
        (Shape::Numeric | Shape::BigNumeric, Cell::Text(v)) => {
            let text = decimal(v);
            match parse(text, Wide::Exact) {
                Ok(number) => match (&number, text.parse::<i128>()) {
                    (_, Ok(whole)) if stringify && whole.abs() > EXACT => Json::Text(text.to_owned()),
                    _ => number,
                },
                Err(_) if stringify => Json::Text(text.to_owned()),
                Err(_) => {
                    return Err(format!(
                        "Failed to convert type {} to JSON: {text} cannot be stored without loss of precision",
                        if *shape == Shape::Numeric {
                            "NUMERIC"
                        } else {
                            "BIGNUMERIC"
                        }
                    ));
                }
            }
        }
        (Shape::Array(item), Cell::List(items)) => {
            let items = items.iter().map(|i| typed(item, i, stringify));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        (Shape::Struct(shapes), Cell::Struct(fields)) => {
            let mut members = Vec::new();
            for ((name, s), (_, v)) in shapes.iter().zip(fields) {
                Json::put(&mut members, shown(name).to_owned(), typed(s, v, stringify)?, false);
            }
            Json::Object(members)
        }
        _ => written(shape, value)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_with_15_or_17_digits() {
        for (value, expected) in [
            (1.0, "1"),
            (3.25, "3.25"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-7, "1e-07"),
            (0.0001, "0.0001"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-0.0, "0"),
        ] {
            assert_eq!(float(value), expected);
        }
    }

    #[test]
    fn intervals_become_iso_8601() {
        for (text, expected) in [
            ("0-0 0 10:20:30.52", "PT10H20M30.52S"),
            ("-2-1 0 0:0:0", "P-2Y-1M"),
            ("0-0 1 5:30:0", "P1DT5H30M"),
            ("0-0 0 0:0:1", "PT1S"),
        ] {
            assert_eq!(iso_interval(text).unwrap(), expected);
        }
    }
}
