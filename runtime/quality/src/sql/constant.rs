//! Values of the engine as constants of GoogleSQL: the same binding of literals to columns serves both, so that they cannot
//! disagree on what a literal is.

use super::schema::{Field, float, text};
use crate::engine::{Cell, Kind, Limits, Point};
use crate::suite::Nan;

/// Where an exact value lies among those that a type of BigQuery has.
enum Place {
    Below,
    At(String),
    Above,
}

/// The first and the last day that BigQuery knows, since 1970.
const DAYS: (i128, i128) = (-719_162, 2_932_896);
/// As microseconds: the first, and the last of the last day.
const INSTANTS: (i128, i128) = (DAYS.0 * DAY, (DAYS.1 + 1) * DAY - 1);
const DAY: i128 = 86_400_000_000;
/// Digits behind the point of a NUMERIC, which has 38 of them in all.
pub(super) const NUMERIC_SCALE: i8 = 9;
const DIGITS_38: i128 = 10i128.pow(38);

fn place(kind: &Kind, value: i128) -> Place {
    let within = |(least, most): (i128, i128), sql: &dyn Fn() -> String| {
        if value < least {
            Place::Below
        } else if value > most {
            Place::Above
        } else {
            Place::At(sql())
        }
    };
    match kind {
        Kind::Date => within(DAYS, &|| format!("DATE_FROM_UNIX_DATE({value})")),
        Kind::Timestamp(_, true) => within(INSTANTS, &|| format!("TIMESTAMP_MICROS({value})")),
        Kind::Timestamp(_, false) => within(INSTANTS, &|| format!("DATETIME(TIMESTAMP_MICROS({value}))")),
        Kind::Time => within((0, DAY * 1_000 - 1), &|| {
            format!(
                "TIME_ADD(TIME '00:00:00', INTERVAL {} MICROSECOND)",
                value.div_euclid(1_000)
            )
        }),
        Kind::Bool => within((0, 1), &|| if value == 0 { "FALSE".into() } else { "TRUE".into() }),
        Kind::Decimal(scale) => within((1 - DIGITS_38, DIGITS_38 - 1), &|| {
            let digits = Cell::Decimal(value, *scale);
            format!(
                "{} '{digits}'",
                if *scale == NUMERIC_SCALE {
                    "NUMERIC"
                } else {
                    "BIGNUMERIC"
                }
            )
        }),
        // The least of all whole numbers has no literal that every parser reads.
        _ => within((i64::MIN.into(), i64::MAX.into()), &|| match i64::try_from(value) {
            Ok(i64::MIN) => "(-9223372036854775807 - 1)".into(),
            _ => value.to_string(),
        }),
    }
}

/// That a column's value lies in an interval.
pub(super) fn within(field: &Field, limits: &Limits) -> String {
    let column = field.sql();
    let mut parts = Vec::new();
    match limits {
        Limits::Exact(low, high) if low > high => return "FALSE".into(),
        Limits::Exact(low, high) => {
            // Times of day have microseconds in BigQuery, and nanoseconds here.
            let (low, high) = match field.kind {
                Kind::Time => (low.saturating_add(999).div_euclid(1_000).saturating_mul(1_000), *high),
                _ => (*low, *high),
            };
            match place(&field.kind, low) {
                Place::Below => {}
                Place::At(sql) => parts.push(format!("{column} >= {sql}")),
                Place::Above => return "FALSE".into(),
            }
            match place(&field.kind, high) {
                Place::Below => return "FALSE".into(),
                Place::At(sql) => parts.push(format!("{column} <= {sql}")),
                Place::Above => {}
            }
        }
        Limits::Float(range) => {
            let ends = range.map(|f| float(*f));
            parts.extend(
                ends.min
                    .map(|e| format!("{column} {} {e}", if range.strict_min { ">" } else { ">=" })),
            );
            parts.extend(
                ends.max
                    .map(|e| format!("{column} {} {e}", if range.strict_max { "<" } else { "<=" })),
            );
            if parts.is_empty() {
                // A NaN lies in no interval.
                parts.push(format!("NOT IS_NAN({column})"));
            }
        }
        Limits::Text(range) => {
            let ends = range.map(|t| text(t));
            parts.extend(
                ends.min
                    .map(|e| format!("{column} {} {e}", if range.strict_min { ">" } else { ">=" })),
            );
            parts.extend(
                ends.max
                    .map(|e| format!("{column} {} {e}", if range.strict_max { "<" } else { "<=" })),
            );
        }
    }
    if parts.is_empty() {
        "TRUE".into()
    } else {
        format!("({})", parts.join(" AND "))
    }
}

/// A value; none when no value of the column can equal it.
pub(super) fn value(kind: &Kind, point: &Point) -> Option<String> {
    match point {
        Point::Exact(exact) => match place(kind, *exact) {
            // BigQuery has no nanoseconds: no value equals one that has.
            Place::At(sql) => (!matches!(kind, Kind::Time) || exact % 1_000 == 0).then_some(sql),
            Place::Below | Place::Above => None,
        },
        Point::Float(f) => Some(float(*f)),
        Point::Text(t) => Some(text(t)),
        Point::Null | Point::Never => None,
    }
}

/// That a column's value is one of a set.
pub(super) fn is_in(field: &Field, points: &[Point], nan: Nan) -> String {
    let column = field.sql();
    let is_nan = |p: &Point| matches!(p, Point::Float(f) if f.is_nan());
    let values: Vec<String> = points
        .iter()
        .filter(|p| !is_nan(p))
        .filter_map(|p| value(&field.kind, p))
        .collect();
    let mut parts = Vec::new();
    if !values.is_empty() {
        parts.push(format!("{column} IN ({})", values.join(", ")));
    }
    // A NaN equals no value in SQL, and itself here.
    if nan == Nan::Value && points.iter().any(is_nan) {
        parts.push(format!("IS_NAN({column})"));
    }
    match parts.len() {
        0 => "FALSE".into(),
        1 => parts.remove(0),
        _ => format!("({})", parts.join(" OR ")),
    }
}
