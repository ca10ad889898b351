//! One value of a column: read out of JSON, checked against the column's type, written as Protobuf for the changelog and
//! as text for the MERGE.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use headwater_spec::BigQueryType as T;
use prost::encoding::{WireType, encode_key, encode_varint};

/// A value that is not null. Decimals and times keep the text that they came in; texts lie in the message where they can.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'m> {
    Text(Cow<'m, str>),
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970.
    Timestamp(i64),
    Bytes(Vec<u8>),
}

/// Days and microseconds that BigQuery can hold: years 1 to 9999.
const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;

impl<'m> Cell<'m> {
    /// Reads a JSON value, given as its text; `None` is null. What does not fit the type is an error that says so without
    /// the value.
    pub fn read(json: &'m str, data_type: T) -> Result<Option<Self>, &'static str> {
        let json = json.trim();
        let first = json.bytes().next();
        if first == Some(b'"') {
            // Text without escapes is taken as it stands.
            return match &json[1..json.len() - 1] {
                plain if !plain.as_bytes().contains(&b'\\') => Self::of_text(plain, data_type).map(Some),
                _ => {
                    let text: String = serde_json::from_str(json).map_err(|_| "it is not JSON")?;
                    Cell::of_text(&text, data_type).map(|cell| Some(cell.into_owned()))
                }
            };
        }
        if json == "null" {
            return Ok(None);
        }
        if matches!(first, Some(b'{' | b'[')) {
            // Only text holds what has parts.
            return match data_type {
                T::String => Ok(Some(Self::Text(json.into()))),
                _ => Err("it is an object or a list"),
            };
        }
        if let Some(truth) = match json {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        } {
            return match data_type {
                T::Bool => Ok(Some(Self::Bool(truth))),
                T::String => Ok(Some(Self::Text(json.into()))),
                _ => Err("it is true or false"),
            };
        }
        match data_type {
            // A point in time as a number is in milliseconds, as Salesforce's events and Debezium have it.
            T::Timestamp => {
                let millis: i64 = whole(json).ok_or("it is not a whole number of milliseconds")?;
                timestamp(millis.checked_mul(1000).ok_or("it is out of range")?).map(Some)
            }
            T::Date => {
                let days = whole(json).and_then(|days| i32::try_from(days).ok());
                date(days.ok_or("it is not a number of days")?).map(Some)
            }
            T::Bool | T::Bytes | T::Time => Err("it is a number"),
            _ => Self::of_text(json, data_type).map(Some),
        }
    }

    /// Reads text, as Salesforce, Debezium and people write values.
    pub fn of_text(text: &'m str, data_type: T) -> Result<Self, &'static str> {
        Ok(match data_type {
            T::String => Self::Text(text.into()),
            T::Bool => match text {
                "true" => Self::Bool(true),
                "false" => Self::Bool(false),
                _ => return Err("it is not true or false"),
            },
            T::Int64 => Self::Int(whole(text).ok_or("it is not a whole number of 64 bits")?),
            T::Float64 => Self::Float(text.parse().map_err(|_| "it is not a number")?),
            T::Numeric => Self::Text(decimal(text, 29, 9)?),
            T::BigNumeric => Self::Text(decimal(text, 38, 38)?),
            T::Date => {
                let day = text.get(..10).unwrap_or(text);
                let parsed: NaiveDate = day.parse().map_err(|_| "it is not a date")?;
                let since = parsed.signed_duration_since(NaiveDate::default()).num_days();
                return date(i32::try_from(since).map_err(|_| "it is out of range")?);
            }
            T::Time => {
                let plain = text.trim_end_matches('Z');
                let parsed: NaiveTime = plain.parse().map_err(|_| "it is not a time of day")?;
                Self::Text(parsed.format("%H:%M:%S%.6f").to_string().into())
            }
            T::Timestamp => return timestamp(micros(text).ok_or("it is not a point in time")?),
            T::Bytes => Self::Bytes(BASE64.decode(text).map_err(|_| "it is not base64")?),
        })
    }

    /// The same, without the message.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Text(text) => Cell::Text(text.into_owned().into()),
            Self::Bool(truth) => Cell::Bool(truth),
            Self::Int(number) => Cell::Int(number),
            Self::Float(number) => Cell::Float(number),
            Self::Date(days) => Cell::Date(days),
            Self::Timestamp(at) => Cell::Timestamp(at),
            Self::Bytes(bytes) => Cell::Bytes(bytes),
        }
    }

    /// The field of a Protobuf message; types as in [`super::rows::proto_type`].
    pub fn encode(&self, tag: u32, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => encode_bytes(tag, text.as_bytes(), out),
            Self::Bytes(bytes) => encode_bytes(tag, bytes, out),
            Self::Bool(truth) => encode_number(tag, u64::from(*truth), out),
            Self::Int(number) | Self::Timestamp(number) => encode_number(tag, number.cast_unsigned(), out),
            Self::Date(days) => encode_number(tag, i64::from(*days).cast_unsigned(), out),
            Self::Float(number) => {
                encode_key(tag, WireType::SixtyFourBit, out);
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    /// The text that GoogleSQL casts to the column's type; bytes are base64.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(number.to_string()),
            Self::Date(days) => {
                let day = NaiveDate::default() + chrono::TimeDelta::days(i64::from(*days));
                Cow::Owned(day.format("%Y-%m-%d").to_string())
            }
            Self::Timestamp(at) => Cow::Owned(timestamp_text(*at)),
            Self::Bytes(bytes) => Cow::Owned(BASE64.encode(bytes)),
        }
    }
}

/// A point in time as GoogleSQL reads it.
pub(crate) fn timestamp_text(micros: i64) -> String {
    let at = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
}

/// Microseconds since 1970 of RFC 3339 and its relatives: Salesforce writes `+0000`, databases write no zone and mean UTC.
pub(crate) fn micros(text: &str) -> Option<i64> {
    if let Some(micros) = plain_micros(text.as_bytes()) {
        return Some(micros);
    }
    let zoned = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
    let at = zoned.map(|at| at.timestamp_micros()).ok();
    at.or_else(|| {
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let parsed = local
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        parsed.map(|at| at.and_utc().timestamp_micros())
    })
}

/// The form that nearly all have: `2026-01-31T13:05:00.120Z`, with three digits of a second or none. `None`: any other, or no
/// time at all.
fn plain_micros(text: &[u8]) -> Option<i64> {
    let millis = match (text.len(), text.get(19)) {
        (20, Some(b'Z')) => 0,
        (24, Some(b'.')) if text[23] == b'Z' => number(text, 20, 3)?,
        _ => return None,
    };
    if (text[4], text[7], text[10], text[13], text[16]) != (b'-', b'-', b'T', b':', b':') {
        return None;
    }
    let (year, month, day) = (number(text, 0, 4)?, number(text, 5, 2)?, number(text, 8, 2)?);
    let (hour, minute, second) = (number(text, 11, 2)?, number(text, 14, 2)?, number(text, 17, 2)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    let seconds = days * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some(seconds * 1_000_000 + i64::from(millis) * 1000)
}

/// Digits at a place as a number.
fn number(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    text.get(at..at + digits)?
        .iter()
        .try_fold(0, |all, b| b.is_ascii_digit().then(|| all * 10 + u32::from(b - b'0')))
}

fn timestamp<'m>(micros: i64) -> Result<Cell<'m>, &'static str> {
    let day = micros.div_euclid(86_400_000_000);
    if !(i64::from(FIRST_DAY)..=i64::from(LAST_DAY)).contains(&day) {
        return Err("it is out of range");
    }
    Ok(Cell::Timestamp(micros))
}

fn date<'m>(days: i32) -> Result<Cell<'m>, &'static str> {
    if !(FIRST_DAY..=LAST_DAY).contains(&days) {
        return Err("it is out of range");
    }
    Ok(Cell::Date(days))
}

/// A whole number, also when it is written as `12.0` or `1.2e1`: Avro and JavaScript know no other numbers.
pub(crate) fn whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // Beyond 2^53 a double no longer says which whole number is meant.
        (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
    })
}

/// A decimal of at most so many digits before and after the point, written without an exponent. Digits after the point
/// beyond those that the type keeps are rounded by BigQuery, as everywhere.
fn decimal(text: &str, before: usize, after: usize) -> Result<Cow<'_, str>, &'static str> {
    if is_plain(text, before, after) {
        return Ok(Cow::Borrowed(text));
    }
    const NO: &str = "it is not a number";
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().map_err(|_| NO)?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NO);
    }
    let point = i64::try_from(whole.len()).map_err(|_| NO)?.saturating_add(exponent);
    if !(-400..=400).contains(&point) {
        let zero = all.bytes().all(|b| b == b'0');
        return if zero || point < 0 {
            Ok(Cow::Borrowed("0"))
        } else {
            Err("it has too many digits")
        };
    }
    let padded = if point <= 0 {
        format!("{}{all}", "0".repeat(usize::try_from(1 - point).unwrap_or(1)))
    } else {
        let width = usize::try_from(point).unwrap_or(0).max(all.len());
        format!("{all:0<width$}")
    };
    let split = usize::try_from(point.max(1)).unwrap_or(1);
    let (whole, fraction) = padded.split_at(split.min(padded.len()));
    let whole = whole.trim_start_matches('0');
    let mut fraction = fraction.trim_end_matches('0').to_owned();
    if whole.len() > before {
        return Err("it has too many digits");
    }
    fraction.truncate(after.max(9) + 1);
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(Cow::Owned(format!("{sign}{whole}{point}{fraction}")))
}

/// Whether a decimal is already written as it would be.
fn is_plain(text: &str, before: usize, after: usize) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let point = digits.iter().position(|b| *b == b'.');
    let (whole, fraction) = match point {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    let short = (1..=before).contains(&whole.len()) && fraction.len() <= after;
    let leads = whole.len() == 1 || whole.first() != Some(&b'0');
    let ends = point.is_none() || fraction.last().is_some_and(|b| *b != b'0');
    short && leads && ends && whole.iter().chain(fraction).all(u8::is_ascii_digit)
}

pub(crate) fn encode_bytes(tag: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(crate) fn encode_number(tag: u32, number: u64, out: &mut Vec<u8>) {
    encode_key(tag, WireType::Varint, out);
    encode_varint(number, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_type() {
        let cases: &[(T, &str, Result<&str, &str>)] = &[
            (T::String, r#""a\"b\u00fc""#, Ok("a\"bü")),
            (T::String, "12.50", Ok("12.50")),
            (T::String, "true", Ok("true")),
            (T::String, r#"{"a": 1}"#, Ok(r#"{"a": 1}"#)),
            (T::Bool, "true", Ok("true")),
            (T::Bool, r#""false""#, Ok("false")),
            (T::Bool, "1", Err("it is a number")),
            (T::Int64, "9223372036854775807", Ok("9223372036854775807")),
            (T::Int64, "12.0", Ok("12")),
            (T::Int64, "12.5", Err("it is not a whole number of 64 bits")),
            (T::Int64, "1e18", Err("it is not a whole number of 64 bits")),
            (T::Float64, "1e-3", Ok("0.001")),
            (T::Float64, r#""x""#, Err("it is not a number")),
            (T::Numeric, "12.50", Ok("12.5")),
            (T::Numeric, "-0.25", Ok("-0.25")),
            (T::Numeric, r#""012""#, Ok("12")),
            (T::Numeric, r#""1.""#, Ok("1")),
            (T::Numeric, r#""-""#, Err("it is not a number")),
            (T::Numeric, r#"".5""#, Ok("0.5")),
            (T::Numeric, "1.5e3", Ok("1500")),
            (T::Numeric, "-1e-9", Ok("-0.000000001")),
            (
                T::Numeric,
                "123456789012345678901234567890",
                Err("it has too many digits"),
            ),
            (
                T::Numeric,
                r#""99999999999999999999999999999.999999999""#,
                Ok("99999999999999999999999999999.999999999"),
            ),
            (T::Numeric, "[]", Err("it is an object or a list")),
            (
                T::BigNumeric,
                "0.00000000000000000000000000000000000001",
                Ok("0.00000000000000000000000000000000000001"),
            ),
            (T::Date, r#""2026-01-31""#, Ok("2026-01-31")),
            (T::Date, r#""2026-02-30""#, Err("it is not a date")),
            (T::Date, "0", Ok("1970-01-01")),
            (T::Time, r#""13:05:00.000""#, Ok("13:05:00.000000")),
            (T::Time, r#""13:05:00.120Z""#, Ok("13:05:00.120000")),
            (T::Time, r#""25:00:00""#, Err("it is not a time of day")),
            (
                T::Timestamp,
                r#""2026-01-31T13:05:00.120Z""#,
                Ok("2026-01-31 13:05:00.120000+00"),
            ),
            (
                T::Timestamp,
                r#""1969-12-31T23:59:59Z""#,
                Ok("1969-12-31 23:59:59.000000+00"),
            ),
            (
                T::Timestamp,
                r#""2026-02-30T13:05:00.120Z""#,
                Err("it is not a point in time"),
            ),
            (
                T::Timestamp,
                r#""2026-01-31T24:05:00.120Z""#,
                Err("it is not a point in time"),
            ),
            (
                T::Timestamp,
                r#""2026-01-31T13:05:00.000+0000""#,
                Ok("2026-01-31 13:05:00.000000+00"),
            ),
            (
                T::Timestamp,
                r#""2026-01-31 13:05:00""#,
                Ok("2026-01-31 13:05:00.000000+00"),
            ),
            (T::Timestamp, "1769864700120", Ok("2026-01-31 13:05:00.120000+00")),
            (T::Timestamp, "99999999999999999", Err("it is out of range")),
            (T::Timestamp, r#""soon""#, Err("it is not a point in time")),
            (T::Bytes, r#""AAE=""#, Ok("AAE=")),
            (T::Bytes, r#""!""#, Err("it is not base64")),
        ];
        for (data_type, json, expected) in cases {
            let found = Cell::read(json, *data_type).map(|cell| cell.expect("a value").text().into_owned());
            assert_eq!(found.as_deref(), expected.as_deref(), "{data_type} {json}");
        }
        for data_type in [T::String, T::Int64, T::Timestamp] {
            assert_eq!(Cell::read("null", data_type), Ok(None));
        }
    }
}
