//! A suite's literals, read: what a text that claims to be a date or a decimal is.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use crate::{Family, Literal, Scalar};

/// A literal that has been read.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// No value.
    Null,
    /// true or false.
    Bool(bool),
    /// An exact number.
    Exact(BigDecimal),
    /// A floating-point number, with NaN and the infinities.
    Float(f64),
    /// Text. Of an unnamed family it may still become a time, if the column is one.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// A civil time, and the offset in seconds that makes an instant of it.
    Timestamp(NaiveDateTime, Option<i32>),
}

/// Reads a literal.
///
/// # Errors
/// What the text should look like.
pub fn parse(literal: &Literal) -> Result<Parsed, String> {
    let Scalar::Text(text) = &literal.value else {
        return Ok(match literal.value {
            Scalar::Bool(b) => Parsed::Bool(b),
            Scalar::Int(i) => Parsed::Exact(BigDecimal::from(i)),
            Scalar::Float(f) => Parsed::Float(f),
            Scalar::Null | Scalar::Text(_) => Parsed::Null,
        });
    };
    match literal.family {
        Family::Decimal => decimal(text),
        Family::Date => date(text).map(Parsed::Date),
        Family::Time => time(text).map(Parsed::Time),
        Family::Timestamp => timestamp(text).map(|(civil, offset)| Parsed::Timestamp(civil, offset)),
        Family::Int | Family::Float | Family::Bool | Family::Text | Family::Any => Ok(Parsed::Text(text.clone())),
    }
}

fn decimal(text: &str) -> Result<Parsed, String> {
    text.parse()
        .map(Parsed::Exact)
        .map_err(|_| format!("{text:?} is not a decimal number such as \"12.50\""))
}

/// Reads a day.
///
/// # Errors
/// How a day is written.
pub fn date(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| format!("{text:?} is not a day such as \"2026-01-31\""))
}

/// Reads a time of day.
///
/// # Errors
/// How a time is written.
pub fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .map_err(|_| format!("{text:?} is not a time such as \"23:59:59\""))
}

/// Reads a timestamp, with or without an offset; a day alone is its midnight.
///
/// # Errors
/// How a timestamp is written.
pub fn timestamp(text: &str) -> Result<(NaiveDateTime, Option<i32>), String> {
    let iso = text.replacen(' ', "T", 1);
    if let Ok(at) = DateTime::parse_from_rfc3339(&iso) {
        return Ok((at.naive_local(), Some(at.offset().local_minus_utc())));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z"] {
        if let Ok(at) = DateTime::parse_from_str(&iso, format) {
            return Ok((at.naive_local(), Some(at.offset().local_minus_utc())));
        }
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(civil) = NaiveDateTime::parse_from_str(&iso, format) {
            return Ok((civil, None));
        }
    }
    match date(text) {
        Ok(day) => Ok((day.and_time(NaiveTime::MIN), None)),
        Err(_) => Err(format!(
            "{text:?} is not a timestamp such as \"2026-01-31T23:59:59Z\" or \"2026-01-31 23:59:59\""
        )),
    }
}
