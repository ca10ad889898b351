//! One value as it comes out of DuckDB, free of DuckDB's own types.

use duckdb::types::{TimeUnit, Value};

use crate::types::{Ty, literal, quoted};

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

    /// The value as a constant of this type in DuckDB's SQL.
    pub(crate) fn constant(&self, ty: &Ty) -> String {
        let cast = |text: String| format!("CAST({text} AS {})", ty.duck());
        match (self, ty) {
            (Self::Null, _) => cast("NULL".into()),
            (Self::Bool(v), _) => v.to_string(),
            (Self::Int(v), _) => cast(v.to_string()),
            (Self::Float(v), _) => cast(literal(&v.to_string())),
            (Self::Decimal(v, scale), _) => cast(literal(&crate::encode::decimal(*v, *scale))),
            (Self::Text(v), Ty::Json) => cast(literal(v)),
            (Self::Text(v), _) => literal(v),
            (Self::Bytes(v), _) => {
                let escaped: String = v.iter().map(|b| format!("\\x{b:02X}")).collect();
                format!("'{escaped}'::BLOB")
            }
            (Self::Date(days), _) => format!("(DATE '1970-01-01' + {days})"),
            (Self::Time(micros), _) => format!("(TIME '00:00:00' + to_microseconds({micros}))"),
            (Self::Timestamp(micros), Ty::Timestamp) => format!("make_timestamptz({micros})"),
            (Self::Timestamp(micros), _) => format!("make_timestamp({micros})"),
            (Self::Interval(months, days, nanos), _) => format!(
                "(to_months({months}) + to_days({days}) + to_microseconds({}))",
                nanos / 1000
            ),
            (Self::List(items), Ty::Array(item)) => {
                let items: Vec<String> = items.iter().map(|i| i.constant(item)).collect();
                cast(format!("[{}]", items.join(", ")))
            }
            (Self::Struct(values), Ty::Struct(fields)) => {
                let values: Vec<String> = values
                    .iter()
                    .zip(fields)
                    .map(|((_, value), f)| format!("{} := {}", quoted(&f.name), value.constant(&f.ty)))
                    .collect();
                format!("struct_pack({})", values.join(", "))
            }
            (Self::Struct(bounds), Ty::Range(item)) => {
                let bound = |i: usize| {
                    bounds
                        .get(i)
                        .map_or_else(|| "NULL".to_owned(), |(_, v)| v.constant(item))
                };
                cast(format!("struct_pack(_lo := {}, _hi := {})", bound(0), bound(1)))
            }
            (Self::List(_) | Self::Struct(_), _) => cast("NULL".into()),
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
