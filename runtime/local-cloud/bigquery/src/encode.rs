//! Values in BigQuery's REST form: rows of `{"f": [{"v": …}]}`, everything as text.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::engine::Cell;
use crate::types::{Field, Ty};

/// How timestamps are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Format {
    /// Microseconds as an integer instead of seconds as a decimal.
    pub(crate) int64_timestamps: bool,
}

/// One row.
pub(crate) fn row(cells: &[Cell], columns: &[Field], format: Format) -> Value {
    let cells: Vec<Value> = cells
        .iter()
        .zip(columns)
        .map(|(c, f)| json!({"v": cell(c, &f.ty, format)}))
        .collect();
    json!({"f": cells})
}

fn cell(value: &Cell, ty: &Ty, format: Format) -> Value {
    match (value, ty) {
        (Cell::Null, Ty::Array(_)) => json!([]),
        (Cell::Null, _) => Value::Null,
        (Cell::List(items), Ty::Array(item)) => {
            Value::Array(items.iter().map(|i| json!({"v": cell(i, item, format)})).collect())
        }
        (Cell::Struct(fields), Ty::Struct(types)) => {
            let cells = types.iter().enumerate().map(|(i, f)| {
                let value = fields.get(i).map_or(&Cell::Null, |(_, v)| v);
                json!({"v": cell(value, &f.ty, format)})
            });
            json!({"f": cells.collect::<Vec<Value>>()})
        }
        (Cell::Struct(bounds), Ty::Range(item)) => {
            let bound = |i: usize| match bounds.get(i) {
                None | Some((_, Cell::Null)) => "UNBOUNDED".to_owned(),
                Some((_, value)) => match cell(value, item, format) {
                    Value::String(text) => text,
                    other => other.to_string(),
                },
            };
            Value::String(format!("[{}, {})", bound(0), bound(1)))
        }
        (Cell::Timestamp(micros), Ty::Timestamp) => Value::String(timestamp(*micros, format)),
        (value, ty) => Value::String(text(value, ty)),
    }
}

fn timestamp(micros: i64, format: Format) -> String {
    if format.int64_timestamps {
        return micros.to_string();
    }
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let digits = format!("{rest:06}");
    let digits = digits.trim_end_matches('0');
    format!("{sign}{seconds}.{}", if digits.is_empty() { "0" } else { digits })
}

/// A value as text.
pub(crate) fn text(value: &Cell, ty: &Ty) -> String {
    match value {
        Cell::Bool(v) => v.to_string(),
        Cell::Int(v) => v.to_string(),
        Cell::Float(v) => float(*v),
        Cell::Decimal(v, scale) => decimal(*v, *scale),
        Cell::Text(v) => v.clone(),
        Cell::Bytes(v) => base64::engine::general_purpose::STANDARD.encode(v),
        Cell::Date(days) => date(*days),
        Cell::Time(micros) => time(*micros),
        Cell::Timestamp(micros) => {
            let days = micros.div_euclid(86_400_000_000);
            let separator = if *ty == Ty::Timestamp { ' ' } else { 'T' };
            let days = i32::try_from(days).unwrap_or_default();
            format!("{}{separator}{}", date(days), time(micros.rem_euclid(86_400_000_000)))
        }
        Cell::Interval(months, days, nanos) => interval(*months, *days, *nanos),
        Cell::Null | Cell::List(_) | Cell::Struct(_) => String::new(),
    }
}

fn float(v: f64) -> String {
    if v.is_nan() {
        "NaN".into()
    } else if v.is_infinite() {
        if v > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if v != 0.0 && (v.abs() >= 1e15 || v.abs() < 1e-4) {
        format!("{v:E}")
    } else {
        format!("{v:?}")
    }
}

/// Without zeros at the end, as BigQuery prints NUMERIC.
pub(crate) fn decimal(value: i128, scale: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

pub(crate) fn date(days: i32) -> String {
    use chrono::Datelike;
    match chrono::NaiveDate::from_num_days_from_ce_opt(days.saturating_add(719_163)) {
        Some(date) => format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
        None => String::new(),
    }
}

fn time(micros: i64) -> String {
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest == 0 {
        format!("{h:02}:{m:02}:{s:02}")
    } else {
        format!("{h:02}:{m:02}:{s:02}.{rest:06}")
    }
}

fn interval(months: i32, days: i32, nanos: i64) -> String {
    let sign = |negative: bool| if negative { "-" } else { "" };
    let micros = nanos / 1000;
    let (y, m) = (months.unsigned_abs() / 12, months.unsigned_abs() % 12);
    let clock = micros.unsigned_abs();
    let (h, mi, s, f) = (
        clock / 3_600_000_000,
        clock / 60_000_000 % 60,
        clock / 1_000_000 % 60,
        clock % 1_000_000,
    );
    let fraction = if f == 0 {
        String::new()
    } else {
        // Three digits or six.
        let digits = format!(".{f:06}");
        digits.strip_suffix("000").unwrap_or(&digits).to_owned()
    };
    format!(
        "{}{y}-{m} {days} {}{h}:{mi}:{s}{fraction}",
        sign(months < 0),
        sign(micros < 0)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_bigquery_writes_them() {
        let plain = Format::default();
        let us = Format { int64_timestamps: true };
        for (value, ty, format, expected) in [
            (Cell::Int(7), Ty::Int64, plain, json!("7")),
            (Cell::Float(1.0), Ty::Float64, plain, json!("1.0")),
            (Cell::Float(1e20), Ty::Float64, plain, json!("1E20")),
            (Cell::Decimal(1_500_000_000, 9), Ty::Numeric, plain, json!("1.5")),
            (Cell::Decimal(-5, 9), Ty::Numeric, plain, json!("-0.000000005")),
            (Cell::Decimal(10_000_000_000, 9), Ty::Numeric, plain, json!("10")),
            (Cell::Bool(true), Ty::Bool, plain, json!("true")),
            (Cell::Bytes(vec![1, 2]), Ty::Bytes, plain, json!("AQI=")),
            (Cell::Date(0), Ty::Date, plain, json!("1970-01-01")),
            (Cell::Time(3_600_000_001), Ty::Time, plain, json!("01:00:00.000001")),
            (Cell::Timestamp(1_500_000), Ty::Timestamp, plain, json!("1.5")),
            (Cell::Timestamp(-1_500_000), Ty::Timestamp, plain, json!("-1.5")),
            (Cell::Timestamp(1_500_000), Ty::Timestamp, us, json!("1500000")),
            (Cell::Timestamp(0), Ty::Datetime, us, json!("1970-01-01T00:00:00")),
            (
                Cell::Interval(14, 3, 1_000_000_000),
                Ty::Interval,
                plain,
                json!("1-2 3 0:0:1"),
            ),
            (Cell::Null, Ty::Int64, plain, Value::Null),
            (
                Cell::List(vec![Cell::Int(1)]),
                Ty::Array(Box::new(Ty::Int64)),
                plain,
                json!([{"v": "1"}]),
            ),
        ] {
            assert_eq!(cell(&value, &ty, format), expected, "{value:?}");
        }
    }
}
