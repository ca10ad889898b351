//! Rows as Arrow batches, by the schema that comes with them. Conversions:
//! <https://cloud.google.com/bigquery/docs/supported-data-types#supported_apache_arrow_data_types>.

use serde_json::Value;

use super::errors::Refusal;
use super::proto_rows::from_text;
use super::row::{Row, check};
use super::{civil, decimals};
use crate::catalog::evolve::{field_name, fields};
use crate::engine::Cell;
use crate::engine::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use crate::engine::arrow::compute::cast;
use crate::engine::arrow::datatypes::{
    DataType, Date32Type, Decimal256Type, Field, Fields, Float64Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use crate::error::Fault;
use crate::types::{Ty, field_type};

/// Where a column's value is in a batch or a record, and in which plain form its values are read.
struct Source {
    at: usize,
    form: DataType,
    ty: Ty,
    inner: Vec<Option<Source>>,
    names: Vec<String>,
}

/// How the batches of a schema become rows of a table.
pub(super) struct Plan {
    columns: Vec<Value>,
    sources: Vec<Option<Source>>,
}

impl Plan {
    pub(super) fn new(given: &Fields, schema: &Value) -> Result<Self, Refusal> {
        Ok(Self {
            sources: sources(given, fields(schema), "root")?,
            columns: fields(schema).to_vec(),
        })
    }

    /// The rows of a batch, each of them good or not.
    pub(super) fn rows(&self, batch: &RecordBatch) -> Result<Vec<Result<Row, String>>, Fault> {
        let columns: Result<Vec<Option<ArrayRef>>, Fault> = self
            .sources
            .iter()
            .map(|s| s.as_ref().map(|s| plain(batch.column(s.at), s)).transpose())
            .collect();
        let columns = columns?;
        let row = |row: usize| -> Result<Row, String> {
            let mut cells = Vec::with_capacity(columns.len());
            for ((array, source), column) in columns.iter().zip(&self.sources).zip(&self.columns) {
                let name = field_name(column);
                let cell = match (array, source) {
                    (Some(array), Some(source)) => value(array, row, source, name)?,
                    _ => Cell::Null,
                };
                // What is missing may have a default; it is checked when that is known.
                if cell != Cell::Null {
                    check(&cell, column, name)?;
                }
                cells.push(cell);
            }
            Ok(Row {
                cells,
                missing: self.sources.iter().map(Option::is_none).collect(),
                change: None,
            })
        };
        Ok((0..batch.num_rows()).map(row).collect())
    }
}

fn sources(given: &Fields, columns: &[Value], path: &str) -> Result<Vec<Option<Source>>, Refusal> {
    let known = |f: &Field| columns.iter().any(|c| field_name(c).eq_ignore_ascii_case(f.name()));
    let extra: Vec<String> = given
        .iter()
        .filter(|f| !known(f))
        .map(|f| format!("'{}'", f.name()))
        .collect();
    if !extra.is_empty() {
        return Err(Refusal::extra_fields(&extra, path));
    }
    columns
        .iter()
        .map(|column| {
            let name = field_name(column);
            match given.iter().position(|f| f.name().eq_ignore_ascii_case(name)) {
                Some(at) => source(at, &given[at], column, &format!("{path}.{name}")).map(Some),
                None => Ok(None),
            }
        })
        .collect()
}

fn source(at: usize, given: &Field, column: &Value, path: &str) -> Result<Source, Refusal> {
    let repeated = column["mode"] == "REPEATED";
    let ty = match field_type(column)? {
        Ty::Array(item) => *item,
        other => other,
    };
    let mismatch = || {
        Fault::invalid(format!(
            "The Arrow field mismatched with BigQuery field at {path}, the Arrow type {}, BigQuery field type {}",
            given.data_type(),
            column["type"].as_str().unwrap_or_default()
        ))
    };
    let item = match (given.data_type(), repeated) {
        (DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _), true) => f.data_type(),
        (other, false) => other,
        _ => return Err(mismatch().into()),
    };
    let (inner, names, form) = match (&ty, item) {
        (Ty::Struct(named), DataType::Struct(given)) => {
            let inner = sources(given, fields(column), path)?;
            let forms = given.iter().enumerate().map(|(at, f)| {
                let source = inner.iter().flatten().find(|s| s.at == at);
                let form = source.map_or_else(|| f.data_type().clone(), |s| s.form.clone());
                Field::new(f.name(), form, true)
            });
            let form = DataType::Struct(forms.collect());
            (inner, named.iter().map(|f| f.name.clone()).collect(), form)
        }
        _ => (Vec::new(), Vec::new(), form(item, &ty).ok_or_else(mismatch)?),
    };
    let form = if repeated {
        DataType::List(Field::new("item", form, true).into())
    } else {
        form
    };
    Ok(Source {
        at,
        form,
        ty,
        inner,
        names,
    })
}

/// The plain form in which scalar values of an Arrow type are read for a type of BigQuery's; none where they do not go together.
fn form(given: &DataType, ty: &Ty) -> Option<DataType> {
    let text = matches!(given, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let binary = matches!(
        given,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    );
    let decimal = matches!(
        given,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..)
    );
    let micros = |zone| DataType::Timestamp(TimeUnit::Microsecond, zone);
    Some(match (ty, given) {
        (Ty::Bool, DataType::Boolean) => DataType::Boolean,
        (Ty::Bytes, _) if binary => DataType::Binary,
        (Ty::Int64, DataType::UInt64) => DataType::UInt64,
        (Ty::Int64, given) if given.is_integer() => DataType::Int64,
        (Ty::Float64, given) if given.is_floating() || given.is_integer() => DataType::Float64,
        (Ty::Numeric | Ty::BigNumeric, DataType::Decimal256(..)) => given.clone(),
        (Ty::Numeric | Ty::BigNumeric, given) if decimal => {
            let (DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s)) = given else {
                return None;
            };
            DataType::Decimal256(*p, *s)
        }
        (Ty::Numeric | Ty::BigNumeric, given) if given.is_integer() => DataType::Int64,
        (Ty::String | Ty::Json | Ty::Unknown, _) if text => DataType::Utf8,
        (Ty::Numeric | Ty::BigNumeric | Ty::Date | Ty::Datetime | Ty::Time | Ty::Timestamp | Ty::Interval, _)
            if text =>
        {
            DataType::Utf8
        }
        (Ty::Date, DataType::Date32 | DataType::Date64 | DataType::Int32) => DataType::Date32,
        (Ty::Time, DataType::Time32(_) | DataType::Time64(_)) => DataType::Time64(TimeUnit::Microsecond),
        (Ty::Datetime, DataType::Timestamp(_, None)) => micros(None),
        (Ty::Timestamp, DataType::Timestamp(_, _)) => micros(Some("UTC".into())),
        (Ty::Timestamp, DataType::Int64) => micros(None),
        (Ty::Interval, DataType::Interval(_) | DataType::Duration(_)) => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => return None,
    })
}

fn plain(array: &ArrayRef, source: &Source) -> Result<ArrayRef, Fault> {
    if *array.data_type() == source.form {
        return Ok(array.clone());
    }
    cast(array, &source.form).map_err(|e| Fault::invalid(format!("the rows cannot be read: {e}")))
}

fn value(array: &ArrayRef, row: usize, source: &Source, path: &str) -> Result<Cell, String> {
    if array.is_null(row) {
        return Ok(Cell::Null);
    }
    if let DataType::List(_) = array.data_type() {
        let items = array.as_list::<i32>().value(row);
        let items: Result<Vec<Cell>, String> = (0..items.len()).map(|i| item(&items, i, source, path)).collect();
        return Ok(Cell::List(items?));
    }
    item(array, row, source, path)
}

fn item(array: &ArrayRef, row: usize, source: &Source, path: &str) -> Result<Cell, String> {
    if array.is_null(row) {
        return Ok(Cell::Null);
    }
    if let DataType::Struct(_) = array.data_type() {
        let record = array.as_struct();
        let inner = source.inner.iter().zip(&source.names);
        let cells: Result<Vec<(String, Cell)>, String> = inner
            .map(|(inner, name)| {
                let path = format!("{path}.{name}");
                let cell = match inner {
                    Some(inner) => value(record.column(inner.at), row, inner, &path)?,
                    None => Cell::Null,
                };
                Ok((name.clone(), cell))
            })
            .collect();
        return Ok(Cell::Struct(cells?));
    }
    scalar(array, row, &source.ty).ok_or_else(|| format!("Field {path}: the value is not a valid {}", source.ty.sql()))
}

fn scalar(array: &ArrayRef, row: usize, ty: &Ty) -> Option<Cell> {
    match array.data_type() {
        DataType::Boolean => Some(Cell::Bool(array.as_boolean().value(row))),
        DataType::Binary => Some(Cell::Bytes(array.as_binary::<i32>().value(row).to_vec())),
        DataType::UInt64 => {
            let number = array.as_primitive::<UInt64Type>().value(row);
            i64::try_from(number).ok().map(|n| Cell::Int(n.into()))
        }
        DataType::Int64 => {
            let number = array.as_primitive::<Int64Type>().value(row).into();
            if ty.is_decimal() {
                decimals::from_int(number, ty)
            } else {
                Some(Cell::Int(number))
            }
        }
        DataType::Float64 => Some(Cell::Float(array.as_primitive::<Float64Type>().value(row))),
        DataType::Decimal256(_, scale) => {
            let value = array.as_primitive::<Decimal256Type>().value(row);
            decimals::rescaled(value, u8::try_from(*scale).ok()?, ty)
        }
        DataType::Utf8 => from_text(array.as_string::<i32>().value(row), ty),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            civil::DAYS.contains(&i64::from(days)).then_some(Cell::Date(days))
        }
        DataType::Time64(_) => Some(Cell::Time(array.as_primitive::<Time64MicrosecondType>().value(row))),
        DataType::Timestamp(..) => Some(Cell::Timestamp(
            array.as_primitive::<TimestampMicrosecondType>().value(row),
        )),
        DataType::Interval(_) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            Some(Cell::Interval(value.months, value.days, value.nanoseconds))
        }
        _ => None,
    }
}
