//! Records read from the org, as the fields of a message: the same names and forms as those of change events.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Decimal256Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};
use headwater_salesforce::ObjectDescribe;
use headwater_spec::{BigQueryType, Column};
use serde_json::{Map, Number, Value};

/// Events do not tell these.
const UNTOLD: [&str; 3] = ["Id", "IsDeleted", "SystemModstamp"];

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub id: String,
    pub deleted: bool,
    pub fields: Map<String, Value>,
}

/// Whether a column's value is one that change events tell. A name composed of other fields is not.
fn is_told(column: &Column, describe: &ObjectDescribe) -> bool {
    let composed = || {
        let part = |f: &&headwater_salesforce::FieldDescribe| {
            f.compound_field_name.as_deref() == Some(&column.field) && f.name != column.field
        };
        describe.fields.iter().any(|f| part(&f))
    };
    !UNTOLD.contains(&column.field.as_str()) && !composed()
}

/// The rows of a batch that was read with these columns.
pub(super) fn rows(batch: &RecordBatch, columns: &[Column], describe: &ObjectDescribe) -> Vec<Row> {
    let text = |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
    let ids = text("Id");
    let deleted = batch.column_by_name("IsDeleted").and_then(|c| c.as_boolean_opt());
    let told: Vec<_> = columns
        .iter()
        .zip(batch.columns())
        .filter(|(column, _)| is_told(column, describe))
        .collect();
    (0..batch.num_rows())
        .filter_map(|at| {
            let id = ids.map(|ids| ids.value(at).to_owned())?;
            let deleted = deleted.is_some_and(|deleted| !deleted.is_null(at) && deleted.value(at));
            let fields = told
                .iter()
                .map(|(column, array)| (column.field.clone(), value(column.data_type, array, at)));
            Some(Row {
                id,
                deleted,
                fields: fields.collect(),
            })
        })
        .collect()
}

fn value(of: BigQueryType, array: &dyn Array, at: usize) -> Value {
    if array.is_null(at) {
        return Value::Null;
    }
    match of {
        BigQueryType::Bool => array.as_boolean().value(at).into(),
        BigQueryType::Int64 => array.as_primitive::<Int64Type>().value(at).into(),
        BigQueryType::Numeric => number(&array.as_primitive::<Decimal128Type>().value_as_string(at)),
        BigQueryType::BigNumeric => number(&array.as_primitive::<Decimal256Type>().value_as_string(at)),
        BigQueryType::Date => {
            let days = array.as_primitive::<Date32Type>().value(at);
            let date = NaiveDate::from_epoch_days(days);
            date.map_or(Value::Null, |date| date.to_string().into())
        }
        BigQueryType::Time => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(at);
            let seconds = u32::try_from(micros / 1_000_000).unwrap_or_default();
            let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or_default();
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos);
            time.map_or(Value::Null, |time| time.format("%H:%M:%S%.3f").to_string().into())
        }
        BigQueryType::Timestamp => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(at);
            let time = DateTime::from_timestamp_micros(micros);
            time.map_or(Value::Null, |t| t.to_rfc3339_opts(SecondsFormat::Millis, true).into())
        }
        BigQueryType::String | BigQueryType::Bytes | BigQueryType::Float64 => array
            .as_string_opt::<i32>()
            .map_or(Value::Null, |texts| texts.value(at).into()),
    }
}

/// As events have numbers: a double.
fn number(text: &str) -> Value {
    text.parse()
        .ok()
        .and_then(Number::from_f64)
        .map_or(Value::Null, Value::Number)
}
