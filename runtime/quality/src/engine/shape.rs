//! Checks of a table's schema.

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use serde_json::{Value, json};

use super::aggregate::Said;
use super::cell::Cell;
use super::outcome::{Observed, Reason};
use crate::suite::{Check, ColumnNames, ColumnType, ColumnsMode, TypeNames};

/// A check of the schema; `None`: it is of another sort, or needs to know whether a column has missing values.
pub fn check(check: &Check, schema: &SchemaRef) -> Option<Result<Said, Reason>> {
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    Some(match check {
        Check::ColumnCount(range) => {
            let n = names.len() as u64;
            Ok(Said::new(range.holds(&n), Observed::Cell(Cell::Int(n.into()))))
        }
        Check::ColumnExists(c) => {
            let success = match c.position {
                Some(position) => names.get(position) == Some(&c.column.as_str()),
                None => names.contains(&c.column.as_str()),
            };
            Ok(Said::new(success, Observed::None))
        }
        Check::Columns(c) => Ok(columns(c, &names)),
        _ => return None,
    })
}

fn columns(check: &ColumnNames, names: &[&str]) -> Said {
    let expected: Vec<&str> = check.names.iter().map(String::as_str).collect();
    if check.mode == ColumnsMode::Ordered {
        let mismatched: Vec<Value> = (0..expected.len().max(names.len()))
            .filter(|i| expected.get(*i) != names.get(*i))
            .map(|i| json!({"Expected Column Position": i, "Expected": expected.get(i), "Found": names.get(i)}))
            .collect();
        return Said {
            success: mismatched.is_empty(),
            observed: Observed::Json(json!(names)),
            details: if mismatched.is_empty() {
                Value::Null
            } else {
                json!({"mismatched": mismatched})
            },
        };
    }
    let other = |these: &[&str], those: &[&str]| {
        let mut only: Vec<String> = these
            .iter()
            .filter(|n| !those.contains(n))
            .map(|n| (*n).to_owned())
            .collect();
        only.sort();
        only.dedup();
        only
    };
    let (unexpected, missing) = (other(names, &expected), other(&expected, names));
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let mut mismatched = serde_json::Map::new();
    if !unexpected.is_empty() {
        mismatched.insert("unexpected".into(), json!(unexpected));
    }
    if !missing.is_empty() {
        mismatched.insert("missing".into(), json!(missing));
    }
    Said {
        success: missing.is_empty() && (unexpected.is_empty() || check.mode == ColumnsMode::Contain),
        observed: Observed::Json(json!(sorted)),
        details: if mismatched.is_empty() {
            Value::Null
        } else {
            json!({"mismatched": mismatched})
        },
    }
}

/// A column's type against a list of names. pandas has other types for columns with missing values, `some_missing`.
pub fn of_type(check: &ColumnType, field: &Field, some_missing: bool) -> Said {
    let names = match check.names {
        TypeNames::Googlesql => googlesql(field.data_type()),
        TypeNames::Pandas => pandas(field.data_type(), some_missing),
    };
    let success = check.types.iter().any(|t| {
        names
            .iter()
            .any(|n| n == t || (check.names == TypeNames::Googlesql && n.eq_ignore_ascii_case(t)))
    });
    let observed = names.first().cloned().unwrap_or_default();
    Said::new(success, Observed::Cell(Cell::Text(observed)))
}

/// GoogleSQL's names of a type, the one that is shown first.
pub fn googlesql(data_type: &DataType) -> Vec<String> {
    let names: &[&str] = match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => &["INT64", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT"],
        DataType::UInt64 => &["NUMERIC", "DECIMAL"],
        DataType::Float16 | DataType::Float32 | DataType::Float64 => &["FLOAT64", "FLOAT"],
        DataType::Decimal32(..) | DataType::Decimal64(..) => &["NUMERIC", "DECIMAL"],
        DataType::Decimal128(p, s) if i16::from(*p) - i16::from(*s) <= 29 && *s <= 9 => &["NUMERIC", "DECIMAL"],
        DataType::Decimal128(..) | DataType::Decimal256(..) => &["BIGNUMERIC", "BIGDECIMAL"],
        DataType::Boolean => &["BOOL", "BOOLEAN"],
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => &["STRING"],
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => &["BYTES"],
        DataType::Date32 | DataType::Date64 => &["DATE"],
        DataType::Time32(_) | DataType::Time64(_) => &["TIME"],
        DataType::Timestamp(_, Some(_)) => &["TIMESTAMP"],
        DataType::Timestamp(_, None) => &["DATETIME"],
        DataType::Struct(_) => &["STRUCT", "RECORD"],
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => &["ARRAY"],
        DataType::Dictionary(_, value) => return googlesql(value),
        other => return vec![other.to_string()],
    };
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// The names by which pandas 3 and Python know a type that was read from Parquet, the one that is shown first.
fn pandas(data_type: &DataType, some_missing: bool) -> Vec<String> {
    let names: &[&str] = match (data_type, some_missing) {
        (DataType::Int8, false) => &["int8"],
        (DataType::Int16, false) => &["int16"],
        (DataType::Int32, false) => &["int32"],
        (DataType::Int64, false) => &["int64", "int"],
        (DataType::UInt8, false) => &["uint8"],
        (DataType::UInt16, false) => &["uint16"],
        (DataType::UInt32, false) => &["uint32"],
        (DataType::UInt64, false) => &["uint64"],
        // A column of whole numbers with missing values becomes one of floating-point numbers.
        (
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64,
            true,
        ) => &["float64", "float"],
        (DataType::Float16, _) => &["float16"],
        (DataType::Float32, _) => &["float32"],
        (DataType::Float64, _) => &["float64", "float"],
        (DataType::Boolean, false) => &["bool_", "bool", "bool_"],
        (DataType::Boolean, true) => &["object_", "bool"],
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, _) => &["str", "str_", "string", "StringDtype"],
        (DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_), _) => {
            &["object_", "bytes"]
        }
        (DataType::Date32 | DataType::Date64, _) => &["object_", "date"],
        (DataType::Time32(_) | DataType::Time64(_), _) => &["object_", "time"],
        (
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..),
            _,
        ) => &["object_", "Decimal"],
        (DataType::Timestamp(unit, None), _) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "us",
                TimeUnit::Nanosecond => "ns",
            };
            return vec!["datetime64".into(), format!("datetime64[{unit}]")];
        }
        (DataType::Timestamp(_, Some(_)), _) => &["Timestamp", "DatetimeTZDtype"],
        (DataType::Dictionary(_, value), missing) => return pandas(value, missing),
        _ => &["object_", "object"],
    };
    let mut names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    if names[0] == "object_" {
        names.extend(["object".to_owned(), "O".to_owned()]);
    }
    names
}
