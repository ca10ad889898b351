//! Expectations for which Dataplex has a rule of the same meaning.

use arrow::datatypes::SchemaRef;
use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::engine::condition::points;
use crate::engine::{Cell, Kind, Limits, Point, Reason};
use crate::sql::field;
use crate::sql::parts::{ends, interval, of_regex};
use crate::suite::{Check, Expectation, Nan, Range, StatisticKind};

/// A rule's kind with its arguments, and whether it leaves missing values out.
pub(super) struct Native {
    pub column: String,
    pub kind: &'static str,
    pub arguments: Value,
    pub ignore_null: bool,
}

/// The rule of Dataplex's own, if there is one that means exactly this.
pub(super) fn of(expectation: &Expectation, columns: &SchemaRef) -> Result<Option<Native>, Reason> {
    // Rules have no conditions on rows, and a threshold of 0 is one of 1.
    if expectation.row_condition.is_some() || expectation.mostly <= 0.0 {
        return Ok(None);
    }
    let [name] = expectation.check.columns()[..] else {
        return Ok(None);
    };
    let Ok(column) = columns.field_with_name(name) else {
        return Ok(None);
    };
    let kind = field(column).kind;
    // Dataplex knows of no NaN.
    if kind == Kind::Float && expectation.nan == Nan::Null || kind == Kind::Opaque {
        return Ok(None);
    }
    let rule = |rule: &'static str, arguments: Value, ignore_null: bool| Native {
        column: name.to_owned(),
        kind: rule,
        arguments,
        ignore_null,
    };
    Ok(match &expectation.check {
        Check::NotNull(_) => Some(rule("nonNullExpectation", json!({}), false)),
        // It is told apart by no threshold: Google's pages call it an aggregate.
        Check::Unique(_) if expectation.mostly >= 1.0 => Some(rule("uniquenessExpectation", json!({}), true)),
        Check::InSet(c) => {
            let values = set(&points(&c.values, &kind)?, &kind);
            values.map(|values| rule("setExpectation", json!({ "values": values }), true))
        }
        Check::Between(_) => bounds(expectation, columns)?.map(|bounds| rule("rangeExpectation", bounds.into(), true)),
        Check::Matches(c) if kind == Kind::Text => match &c.patterns[..] {
            [one] => Some(rule("regexExpectation", json!({ "regex": of_regex(one)? }), true)),
            _ => None,
        },
        Check::Statistic(c) if matches!(kind, Kind::Int | Kind::Float) => {
            let statistic = match c.statistic {
                StatisticKind::Min => "MIN",
                StatisticKind::Max => "MAX",
                StatisticKind::Mean => "MEAN",
                _ => return Ok(None),
            };
            bounds(expectation, columns)?.map(|mut bounds| {
                bounds.insert("statistic".into(), json!(statistic));
                rule("statisticRangeExpectation", bounds.into(), false)
            })
        }
        _ => None,
    })
}

/// A set as texts; none where a type's values have several texts, or the set has nothing that can be in the column.
fn set(points: &[Point], kind: &Kind) -> Option<Vec<String>> {
    let values: Vec<String> = points
        .iter()
        .filter_map(|point| match (point, kind) {
            (Point::Text(text), Kind::Text) => Some(Some(text.clone())),
            (Point::Exact(value), Kind::Int) => i64::try_from(*value).ok().map(|value| Some(value.to_string())),
            (Point::Exact(value), Kind::Date) => Some(day(*value)),
            // What no value of the column equals.
            (Point::Null | Point::Never, Kind::Text | Kind::Int | Kind::Date) => None,
            _ => Some(None),
        })
        .collect::<Option<_>>()?;
    (!values.is_empty()).then_some(values)
}

/// An interval as a rule has it; none where it has no end, or one that is no text.
fn bounds(expectation: &Expectation, columns: &SchemaRef) -> Result<Option<Map<String, Value>>, Reason> {
    let Some((kind, limits)) = interval(expectation, columns)? else {
        return Ok(None);
    };
    let range = match limits {
        Limits::Float(range) => ends(&range),
        Limits::Exact(low, high) if low <= high => {
            let end = |end: i128, open: i128| (end != open).then(|| exact(&kind, end));
            let (min, max) = (end(low, i128::MIN), end(high, i128::MAX));
            match (min, max) {
                (Some(None), _) | (_, Some(None)) => None,
                (min, max) => Some(Range {
                    min: min.flatten(),
                    max: max.flatten(),
                    strict_min: false,
                    strict_max: false,
                }),
            }
        }
        Limits::Exact(..) | Limits::Text(_) => None,
    };
    Ok(range
        .filter(|range| range.min.is_some() || range.max.is_some())
        .map(written))
}

fn written(range: Range<String>) -> Map<String, Value> {
    let mut bounds = Map::new();
    for (end, strict, value, is_strict) in [
        ("minValue", "strictMinEnabled", range.min, range.strict_min),
        ("maxValue", "strictMaxEnabled", range.max, range.strict_max),
    ] {
        if let Some(value) = value {
            bounds.insert(end.into(), json!(value));
            if is_strict {
                bounds.insert(strict.into(), json!(true));
            }
        }
    }
    bounds
}

/// A value as a rule writes it, of the types that Dataplex compares; none when BigQuery has no such value.
fn exact(kind: &Kind, value: i128) -> Option<String> {
    match kind {
        Kind::Int => i64::try_from(value).ok().map(|value| value.to_string()),
        Kind::Decimal(scale) => {
            (value.unsigned_abs() < 10u128.pow(38)).then(|| Cell::Decimal(value, *scale).to_string())
        }
        Kind::Date => day(value),
        Kind::Timestamp(1_000_000, true) => {
            let at = DateTime::from_timestamp_micros(i64::try_from(value).ok()?)?;
            let text = at.format("%Y-%m-%d %H:%M:%S%.6f+00:00").to_string();
            (text.len() == "2026-01-31 00:00:00.000000+00:00".len() && !text.starts_with("0000")).then_some(text)
        }
        _ => None,
    }
}

/// A day of BigQuery's.
fn day(days: i128) -> Option<String> {
    let days = i64::try_from(days).ok()?;
    (-719_162..=2_932_896)
        .contains(&days)
        .then(|| Cell::int(&Kind::Date, days).to_string().trim_matches('"').to_owned())
}
