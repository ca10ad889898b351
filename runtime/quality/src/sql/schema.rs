//! A table of BigQuery as a suite sees it: its columns, and what their types are to the engine.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use serde_json::Value;

use crate::engine::schema_change::TYPE;
use crate::engine::{Cell, Kind};

/// The columns of a table, out of the `schema` of its document.
#[must_use]
pub fn schema(document: &Value) -> SchemaRef {
    let fields = document["fields"].as_array().into_iter().flatten();
    Arc::new(Schema::new(fields.map(arrow_field).collect::<Vec<_>>()))
}

fn arrow_field(field: &Value) -> ArrowField {
    let text = |key: &str| field[key].as_str().unwrap_or_default();
    let scale = || text("scale").parse().ok().or_else(|| field["scale"].as_i64());
    let of_one = match text("type") {
        "INTEGER" | "INT64" => DataType::Int64,
        "FLOAT" | "FLOAT64" => DataType::Float64,
        "NUMERIC" => DataType::Decimal128(38, 9),
        // 128 bits hold 38 digits: as many behind the point as the column says, or as many as there are before it.
        "BIGNUMERIC" => DataType::Decimal128(38, scale().and_then(|s| i8::try_from(s).ok()).unwrap_or(18)),
        "BOOLEAN" | "BOOL" => DataType::Boolean,
        "STRING" => DataType::Utf8,
        "BYTES" => DataType::Binary,
        "DATE" => DataType::Date32,
        "TIME" => DataType::Time64(TimeUnit::Microsecond),
        "DATETIME" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "TIMESTAMP" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        // Structs, documents and places are only there or not.
        _ => DataType::Struct(
            field["fields"]
                .as_array()
                .into_iter()
                .flatten()
                .map(arrow_field)
                .collect(),
        ),
    };
    // Of a type that is none of Arrow's at least the name is kept.
    let named = match (&of_one, text("type")) {
        (DataType::Struct(_), "RECORD" | "STRUCT") => HashMap::new(),
        (DataType::Struct(_), other) => HashMap::from([(TYPE.to_owned(), other.to_owned())]),
        _ => HashMap::new(),
    };
    let data_type = if text("mode").eq_ignore_ascii_case("REPEATED") {
        DataType::List(Arc::new(
            ArrowField::new("item", of_one, true).with_metadata(named.clone()),
        ))
    } else {
        of_one
    };
    ArrowField::new(text("name"), data_type, !text("mode").eq_ignore_ascii_case("REQUIRED")).with_metadata(named)
}

/// A column of `t` in a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub name: String,
    /// What its type is to the engine.
    pub kind: Kind,
}

impl Field {
    /// The columns of a table.
    pub fn all(schema: &SchemaRef) -> Vec<Self> {
        schema.fields().iter().map(|f| field(f)).collect()
    }

    /// The column in a query, where the table is `t`.
    pub fn sql(&self) -> String {
        format!("t.{}", identifier(&self.name))
    }
}

/// A column of a table.
pub(crate) fn field(column: &ArrowField) -> Field {
    Field {
        name: column.name().clone(),
        kind: Kind::of(column.data_type()),
    }
}

/// A name in a query.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text in a query.
pub(super) fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('\'');
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A floating-point number in a query.
pub(super) fn float(value: f64) -> String {
    if value.is_finite() {
        format!("{value:e}")
    } else {
        format!("CAST('{value}' AS FLOAT64)")
    }
}

/// How a value is brought into a result: as a number or a text that [`cell`] reads.
pub(crate) fn shown(kind: &Kind, sql: &str) -> String {
    match kind {
        Kind::Int | Kind::UInt | Kind::Decimal(_) => format!("CAST({sql} AS STRING)"),
        Kind::Float | Kind::Bool | Kind::Text => sql.to_owned(),
        Kind::Bytes => format!("TO_HEX({sql})"),
        Kind::Date => format!("UNIX_DATE({sql})"),
        Kind::Time => format!("TIME_DIFF({sql}, TIME '00:00:00', MICROSECOND)"),
        Kind::Timestamp(_, true) => format!("UNIX_MICROS({sql})"),
        Kind::Timestamp(_, false) => format!("UNIX_MICROS(TIMESTAMP({sql}, 'UTC'))"),
        Kind::Opaque => format!("IF({sql} IS NULL, NULL, '…')"),
    }
}

/// A value of a result.
pub(crate) fn cell(kind: &Kind, value: &Value) -> Cell {
    let whole = || whole(value);
    match (kind, value) {
        (_, Value::Null) => Cell::Null,
        (Kind::Int | Kind::UInt, _) => whole().map_or(Cell::Null, Cell::Int),
        (Kind::Date | Kind::Timestamp(..), _) => match whole().and_then(|i| i64::try_from(i).ok()) {
            Some(i) => Cell::int(kind, i),
            None => Cell::Null,
        },
        (Kind::Time, _) => match whole().and_then(|i| i64::try_from(i).ok()) {
            Some(micros) => Cell::int(kind, micros * 1_000),
            None => Cell::Null,
        },
        (Kind::Float, _) => real(value).map_or(Cell::Null, Cell::Float),
        (Kind::Decimal(scale), _) => exact(value, *scale).map_or(Cell::Null, |i| Cell::Decimal(i, *scale)),
        (Kind::Bool, Value::Bool(b)) => Cell::Bool(*b),
        (Kind::Bytes, Value::String(s)) => Cell::Bytes(s.clone()),
        (_, Value::String(s)) => Cell::Text(s.clone()),
        (_, other) => Cell::Text(other.to_string()),
    }
}

/// A whole number, which JSON holds as text beyond 53 bits.
pub(crate) fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Number(n) => n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from)),
        Value::String(s) => s.parse().ok(),
        _ => None,
    }
}

/// A floating-point number, of which JSON has no infinities and no NaN.
pub(super) fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.parse().ok(),
        _ => None,
    }
}

/// A decimal's digits, without its point.
fn exact(value: &Value, scale: i8) -> Option<i128> {
    let number: bigdecimal::BigDecimal = match value {
        Value::String(s) => s.parse().ok()?,
        Value::Number(n) => n.to_string().parse().ok()?,
        _ => return None,
    };
    let (digits, _) = number.with_scale(scale.into()).into_bigint_and_exponent();
    digits.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(identifier("a`b"), "`a\\`b`");
        assert_eq!(text("it's\na\\b\u{1}é"), "'it\\'s\\na\\\\b\\u0001é'");
        assert_eq!(float(0.1), "1e-1");
        assert_eq!(float(f64::NEG_INFINITY), "CAST('-inf' AS FLOAT64)");
    }

    #[test]
    fn values_come_back() {
        let show = |kind: &Kind, value: Value| cell(kind, &value).to_string();
        assert_eq!(show(&Kind::Decimal(9), json!("-0.05")), "-0.050000000");
        assert_eq!(show(&Kind::Int, json!("9223372036854775807")), "9223372036854775807");
        assert_eq!(show(&Kind::Date, json!(19_782)), "2024-02-29");
        assert_eq!(
            show(&Kind::Timestamp(1_000_000, true), json!(-1)),
            "1969-12-31T23:59:59.999999+00:00"
        );
        assert_eq!(show(&Kind::Float, json!("NaN")), "\"NaN\"");
        assert!(matches!(cell(&Kind::Text, &Value::Null), Cell::Null));
    }
}
