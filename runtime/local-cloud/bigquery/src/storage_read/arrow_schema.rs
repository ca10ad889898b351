//! A table's columns as Arrow's, as the Storage Read API sends them:
//! <https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details>.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::catalog::int;
use crate::engine::arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit};
use crate::error::Fault;
use crate::types::{Ty, field_type};

const NUMERIC: (u8, i8) = (38, 9);
const BIGNUMERIC: (u8, i8) = (76, 38);

pub(super) fn schema(columns: &[Value]) -> Result<Schema, Fault> {
    Ok(Schema::new(fields(columns)?))
}

fn fields(columns: &[Value]) -> Result<Fields, Fault> {
    columns.iter().map(field).collect()
}

fn field(column: &Value) -> Result<Field, Fault> {
    let name = column["name"].as_str().unwrap_or_default();
    let ty = field_type(column)?;
    let (item, repeated) = match &ty {
        Ty::Array(item) => (&**item, true),
        other => (other, false),
    };
    let data_type = match item {
        Ty::Int64 => DataType::Int64,
        Ty::Float64 => DataType::Float64,
        Ty::Numeric => {
            let (precision, scale) = digits(column).unwrap_or(NUMERIC);
            DataType::Decimal128(precision, scale)
        }
        Ty::BigNumeric => {
            let (precision, scale) = digits(column).unwrap_or(BIGNUMERIC);
            DataType::Decimal256(precision, scale)
        }
        Ty::String | Ty::Json | Ty::Unknown => DataType::Utf8,
        Ty::Bytes => DataType::Binary,
        Ty::Bool => DataType::Boolean,
        Ty::Date => DataType::Date32,
        Ty::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
        Ty::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Ty::Time => DataType::Time64(TimeUnit::Microsecond),
        Ty::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        Ty::Range(bound) => {
            let bound = |name: &str| field(&json!({"name": name, "type": bound.sql(), "mode": "NULLABLE"}));
            DataType::Struct([bound("start")?, bound("end")?].into_iter().collect())
        }
        Ty::Struct(_) => {
            let inner = column["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            DataType::Struct(fields(inner)?)
        }
        Ty::Array(_) => return Err(Fault::invalid(format!("{name} is an array of arrays"))),
    };
    let data_type = if repeated {
        DataType::List(Field::new("item", data_type, true).into())
    } else {
        data_type
    };
    let nullable = column["mode"] != "REQUIRED";
    Ok(Field::new(name, data_type, nullable).with_metadata(extension(item)))
}

/// The precision and scale that a column declares.
pub(super) fn digits(column: &Value) -> Option<(u8, i8)> {
    let precision = u8::try_from(int(&column["precision"])?).ok()?;
    let scale = int(&column["scale"]).and_then(|s| i8::try_from(s).ok());
    Some((precision, scale.unwrap_or(0)))
}

/// How a type says what it is where Arrow has none like it.
fn extension(ty: &Ty) -> HashMap<String, String> {
    let name = match ty {
        Ty::Datetime => "google:sqlType:datetime",
        Ty::Json => "google:sqlType:json",
        _ => return HashMap::new(),
    };
    HashMap::from([("ARROW:extension:name".to_owned(), name.to_owned())])
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn types_are_those_that_google_documents() {
        let decimal = json!({"precision": "10", "scale": "2"});
        for (kind, more, expected) in [
            ("INTEGER", json!({}), "Int64"),
            ("FLOAT", json!({}), "Float64"),
            ("NUMERIC", json!({}), "Decimal128(38, 9)"),
            ("NUMERIC", decimal.clone(), "Decimal128(10, 2)"),
            ("BIGNUMERIC", json!({}), "Decimal256(76, 38)"),
            ("STRING", json!({}), "Utf8"),
            ("BYTES", json!({}), "Binary"),
            ("BOOLEAN", json!({}), "Boolean"),
            ("DATE", json!({}), "Date32"),
            ("TIME", json!({}), "Time64(µs)"),
            ("DATETIME", json!({}), "Timestamp(µs)"),
            ("TIMESTAMP", json!({}), "Timestamp(µs, \"UTC\")"),
            ("JSON", json!({}), "Utf8"),
            ("INTERVAL", json!({}), "Interval(MonthDayNano)"),
            (
                "RANGE",
                json!({"rangeElementType": {"type": "DATE"}}),
                "Struct(\"start\": Date32, \"end\": Date32)",
            ),
        ] {
            let mut column = json!({"name": "c", "type": kind, "mode": "NULLABLE"});
            crate::catalog::merge(&mut column, &more);
            assert_eq!(field(&column).unwrap().data_type().to_string(), expected, "{column}");
        }
        let list = field(&json!({"name": "c", "type": "STRING", "mode": "REPEATED"})).unwrap();
        let item = DataType::List(Field::new("item", DataType::Utf8, true).into());
        assert_eq!(list, Field::new("c", item, true));
        assert!(
            !field(&json!({"name": "c", "type": "DATE", "mode": "REQUIRED"}))
                .unwrap()
                .is_nullable()
        );
    }
}
