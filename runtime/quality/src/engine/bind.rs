//! Literals of a suite, brought into the representation of the column that they are compared with: once, exactly.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::rounding::RoundingMode;
use bigdecimal::{BigDecimal, ToPrimitive};
use chrono::{NaiveDateTime, NaiveTime, Timelike};

use super::column::Kind;
use super::outcome::Reason;
use crate::literal::{self, Parsed};
use crate::suite::{Bounds, Family, Literal, Range};

/// An interval in a column's representation.
#[derive(Debug, Clone, PartialEq)]
pub enum Limits {
    /// Of whole numbers, days, times, timestamps, unscaled decimals: both ends belong to it.
    Exact(i128, i128),
    /// Of floating-point numbers.
    Float(Range<f64>),
    /// Of texts.
    Text(Range<String>),
}

/// A value in a column's representation.
#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    /// A whole number, day, time, timestamp, unscaled decimal.
    Exact(i128),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// No value.
    Null,
    /// A value that no value of the column equals, such as 1.5 among whole numbers.
    Never,
}

/// Where a literal lies among a column's exact values.
enum Place {
    /// At the greatest value that is not above it; and whether at it.
    At(i128, bool),
    Below,
    Above,
    Nan,
}

fn mismatch(kind: &Kind, literal: &Literal) -> Reason {
    Reason::new(
        "wrong_type",
        format!(
            "the column holds {}, and {} is none of them",
            kind.name(),
            literal.value.to_json()
        ),
    )
}

/// An interval.
///
/// # Errors
/// An end that is not of the column's type.
pub fn limits(bounds: &Bounds, kind: &Kind) -> Result<Limits, Reason> {
    let range = bounds.literals();
    match kind {
        Kind::Float => {
            let end = |literal: &Option<Literal>| -> Result<Option<f64>, Reason> {
                literal
                    .as_ref()
                    .map(|l| float(l).ok_or_else(|| mismatch(kind, l)))
                    .transpose()
            };
            Ok(Limits::Float(Range {
                min: end(&range.min)?,
                max: end(&range.max)?,
                strict_min: range.strict_min,
                strict_max: range.strict_max,
            }))
        }
        Kind::Text => {
            let end = |literal: &Option<Literal>| -> Result<Option<String>, Reason> {
                literal
                    .as_ref()
                    .map(|l| match (l.family, literal::parse(l)) {
                        (Family::Text | Family::Any, Ok(Parsed::Text(text))) => Ok(text),
                        _ => Err(mismatch(kind, l)),
                    })
                    .transpose()
            };
            Ok(Limits::Text(Range {
                min: end(&range.min)?,
                max: end(&range.max)?,
                strict_min: range.strict_min,
                strict_max: range.strict_max,
            }))
        }
        Kind::Bytes | Kind::Opaque => Err(Reason::new(
            "wrong_type",
            format!("the column holds {}, which have no order here", kind.name()),
        )),
        _ => {
            const NOTHING: Limits = Limits::Exact(1, 0);
            let lo = match range.min.as_ref().map(|l| place(l, kind)).transpose()? {
                None | Some(Place::Below) => i128::MIN,
                Some(Place::At(floor, true)) if !range.strict_min => floor,
                Some(Place::At(floor, _)) => floor.saturating_add(1),
                Some(Place::Above | Place::Nan) => return Ok(NOTHING),
            };
            let hi = match range.max.as_ref().map(|l| place(l, kind)).transpose()? {
                None | Some(Place::Above) => i128::MAX,
                Some(Place::At(floor, true)) if range.strict_max => floor.saturating_sub(1),
                Some(Place::At(floor, _)) => floor,
                Some(Place::Below | Place::Nan) => return Ok(NOTHING),
            };
            Ok(Limits::Exact(lo, hi))
        }
    }
}

/// A value. One of no named family that is not of the column's type equals none of its values.
///
/// # Errors
/// A value of another family than the column's.
pub fn point(literal: &Literal, kind: &Kind) -> Result<Point, Reason> {
    let parsed = literal::parse(literal).map_err(|e| Reason::new("wrong_value", e))?;
    if parsed == Parsed::Null {
        return Ok(Point::Null);
    }
    let of_another_type = |reason: Reason| {
        if literal.family == Family::Any {
            Ok(Point::Never)
        } else {
            Err(reason)
        }
    };
    match kind {
        Kind::Float => match float(literal) {
            Some(f) => Ok(Point::Float(f)),
            None => of_another_type(mismatch(kind, literal)),
        },
        Kind::Text => match (literal.family, parsed) {
            (Family::Text | Family::Any, Parsed::Text(text)) => Ok(Point::Text(text)),
            _ => of_another_type(mismatch(kind, literal)),
        },
        Kind::Bytes | Kind::Opaque => Err(Reason::new(
            "wrong_type",
            format!("the column holds {}, which are not compared here", kind.name()),
        )),
        _ => match place(literal, kind) {
            Ok(Place::At(value, true)) => Ok(Point::Exact(value)),
            Ok(_) => Ok(Point::Never),
            Err(reason) => of_another_type(reason),
        },
    }
}

fn float(literal: &Literal) -> Option<f64> {
    match literal::parse(literal).ok()? {
        Parsed::Exact(d) => d.to_f64(),
        Parsed::Float(f) => Some(f),
        Parsed::Bool(b) => Some(f64::from(u8::from(b))),
        Parsed::Text(text) if literal.family == Family::Float => text.parse().ok(),
        _ => None,
    }
}

fn place(literal: &Literal, kind: &Kind) -> Result<Place, Reason> {
    let parsed = literal::parse(literal).map_err(|e| Reason::new("wrong_value", e))?;
    match kind {
        Kind::Int | Kind::UInt | Kind::Decimal(_) | Kind::Bool => {
            let scale = if let Kind::Decimal(s) = kind { *s } else { 0 };
            let exact = match parsed {
                Parsed::Exact(d) => d,
                Parsed::Bool(b) => BigDecimal::from(u8::from(b)),
                Parsed::Float(f) if f.is_nan() => return Ok(Place::Nan),
                Parsed::Float(f) if f.is_infinite() => return Ok(if f > 0.0 { Place::Above } else { Place::Below }),
                // The digits that were written, not the bits nearest to them.
                Parsed::Float(f) => f.to_string().parse().unwrap_or_default(),
                _ => return Err(mismatch(kind, literal)),
            };
            Ok(floor(&exact, scale))
        }
        Kind::Date => {
            let day = match parsed {
                Parsed::Date(day) => (day, true),
                Parsed::Timestamp(civil, None) => (civil.date(), civil.time() == NaiveTime::MIN),
                Parsed::Text(text) if literal.family == Family::Any => {
                    let (civil, _) = literal::timestamp(&text).map_err(|e| Reason::new("wrong_value", e))?;
                    (civil.date(), civil.time() == NaiveTime::MIN)
                }
                _ => return Err(mismatch(kind, literal)),
            };
            let days = day.0.signed_duration_since(chrono::NaiveDate::default()).num_days();
            Ok(Place::At(days.into(), day.1))
        }
        Kind::Time => {
            let time = match parsed {
                Parsed::Time(time) => time,
                Parsed::Text(text) if literal.family == Family::Any => {
                    literal::time(&text).map_err(|e| Reason::new("wrong_value", e))?
                }
                _ => return Err(mismatch(kind, literal)),
            };
            let seconds = i128::from(time.num_seconds_from_midnight());
            Ok(Place::At(seconds * 1_000_000_000 + i128::from(time.nanosecond()), true))
        }
        Kind::Timestamp(per_second, zoned) => {
            let (civil, offset) = match parsed {
                Parsed::Timestamp(civil, offset) => (civil, offset),
                Parsed::Date(day) => (day.and_time(NaiveTime::MIN), None),
                Parsed::Text(text) if literal.family == Family::Any => {
                    literal::timestamp(&text).map_err(|e| Reason::new("wrong_value", e))?
                }
                _ => return Err(mismatch(kind, literal)),
            };
            if offset.is_some() && !zoned {
                return Err(Reason::new(
                    "wrong_value",
                    "the column has no time zone, and the value has an offset: leave the offset out".into(),
                ));
            }
            Ok(instant(civil, offset.unwrap_or_default(), *per_second))
        }
        Kind::Float | Kind::Text | Kind::Bytes | Kind::Opaque => Err(mismatch(kind, literal)),
    }
}

fn instant(civil: NaiveDateTime, offset: i32, per_second: i64) -> Place {
    let utc = civil.and_utc();
    let seconds = i128::from(utc.timestamp()) - i128::from(offset);
    let nanoseconds = seconds * 1_000_000_000 + i128::from(utc.timestamp_subsec_nanos());
    let unit = 1_000_000_000 / i128::from(per_second);
    Place::At(nanoseconds.div_euclid(unit), nanoseconds.rem_euclid(unit) == 0)
}

fn floor(exact: &BigDecimal, scale: i8) -> Place {
    let scaled = if scale >= 0 {
        exact * BigDecimal::from(BigInt::from(10).pow(u32::from(scale.unsigned_abs())))
    } else {
        exact / BigDecimal::from(BigInt::from(10).pow(u32::from(scale.unsigned_abs())))
    };
    let floor = scaled.with_scale_round(0, RoundingMode::Floor);
    match floor.to_i128() {
        Some(i) => Place::At(i, floor == scaled),
        None if scaled < 0 => Place::Below,
        None => Place::Above,
    }
}
