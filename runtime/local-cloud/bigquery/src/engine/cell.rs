//! One value as it comes out of DuckDB, free of DuckDB's own types.

use duckdb::types::{TimeUnit, Value};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// An unscaled integer and its number of decimals.
    Decimal(i128, u8),
    Text(String),
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01, in UTC or without a zone.
    Timestamp(i64),
    /// Months, days, nanoseconds.
    Interval(i32, i32, i64),
    List(Vec<Cell>),
    Struct(Vec<(String, Cell)>),
}

impl Cell {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub(crate) fn int(&self) -> i64 {
        match self {
            Self::Int(value) => i64::try_from(*value).unwrap_or_default(),
            _ => 0,
        }
    }

    pub(super) fn from_duck(value: Value) -> Self {
        match value {
            Value::Boolean(v) => Self::Bool(v),
            Value::TinyInt(v) => Self::Int(v.into()),
            Value::SmallInt(v) => Self::Int(v.into()),
            Value::Int(v) => Self::Int(v.into()),
            Value::BigInt(v) => Self::Int(v.into()),
            Value::HugeInt(v) => Self::Int(v),
            Value::UTinyInt(v) => Self::Int(v.into()),
            Value::USmallInt(v) => Self::Int(v.into()),
            Value::UInt(v) => Self::Int(v.into()),
            Value::UBigInt(v) => Self::Int(v.into()),
            Value::UHugeInt(v) => Self::Int(i128::try_from(v).unwrap_or(i128::MAX)),
            Value::Float(v) => Self::Float(v.into()),
            Value::Double(v) => Self::Float(v),
            Value::Decimal(v) => Self::Decimal(v.value(), v.scale()),
            Value::Timestamp(unit, v) => Self::Timestamp(micros(unit, v)),
            Value::Text(v) | Value::Enum(v) => Self::Text(v),
            Value::Blob(v) | Value::Geometry(v) => Self::Bytes(v),
            Value::Date32(v) => Self::Date(v),
            Value::Time64(unit, v) => Self::Time(micros(unit, v)),
            Value::Interval { months, days, nanos } => Self::Interval(months, days, nanos),
            Value::List(items) | Value::Array(items) => Self::List(items.into_iter().map(Self::from_duck).collect()),
            Value::Struct(fields) => Self::Struct(
                fields
                    .iter()
                    .map(|(k, v)| (k.clone(), Self::from_duck(v.clone())))
                    .collect(),
            ),
            Value::Union(inner) => Self::from_duck(*inner),
            // Maps have no counterpart and are refused by type before a row is read.
            _ => Self::Null,
        }
    }
}

fn micros(unit: TimeUnit, value: i64) -> i64 {
    match unit {
        TimeUnit::Nanosecond => value.div_euclid(1000),
        other => other.to_micros(value),
    }
}
