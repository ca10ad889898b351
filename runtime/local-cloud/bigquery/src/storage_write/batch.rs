//! Cells into Arrow columns that DuckDB's appender takes; what it must still convert (JSON, INTERVAL) goes as text.

use std::sync::Arc;

use super::decimals::scale;
use super::row::{HIGH, LOW};
use crate::engine::Cell;
use crate::engine::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, ListArray,
    RecordBatch, StringBuilder, StructArray, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use crate::engine::arrow::buffer::{NullBuffer, OffsetBuffer};
use crate::engine::arrow::datatypes::{Field, Schema};
use crate::engine::arrow::error::ArrowError;
use crate::error::{Fault, Reason};
use crate::types::Ty;

/// A batch with these columns: name, type and cells of each.
pub(super) fn of<'c>(
    columns: impl IntoIterator<Item = (&'c str, &'c Ty, Vec<&'c Cell>)>,
) -> Result<RecordBatch, Fault> {
    let failed = |e: ArrowError| Fault::new(Reason::BackendError, format!("rows cannot be written as Arrow: {e}"));
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (name, ty, cells) in columns {
        let array = column(&cells, ty).map_err(failed)?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(failed)
}

/// Fills a builder of Arrow's: the value of each cell, or null.
macro_rules! built {
    ($builder:expr, $cells:ident, $pattern:pat => $value:expr) => {{
        let mut builder = $builder;
        for cell in $cells {
            match cell {
                $pattern => builder.append_value($value),
                _ => builder.append_null(),
            }
        }
        Arc::new(builder.finish()) as ArrayRef
    }};
}

fn column(cells: &[&Cell], ty: &Ty) -> Result<ArrayRef, ArrowError> {
    Ok(match ty {
        Ty::Int64 => built!(Int64Builder::with_capacity(cells.len()), cells,
            Cell::Int(v) => i64::try_from(*v).unwrap_or_default()),
        Ty::Float64 => built!(Float64Builder::with_capacity(cells.len()), cells, Cell::Float(v) => *v),
        Ty::Numeric | Ty::BigNumeric => {
            let scale = i8::try_from(scale(ty)).unwrap_or_default();
            let builder = Decimal128Builder::with_capacity(cells.len()).with_precision_and_scale(38, scale)?;
            built!(builder, cells, Cell::Decimal(v, _) => *v)
        }
        Ty::String | Ty::Json | Ty::Unknown => built!(StringBuilder::new(), cells, Cell::Text(v) => v),
        Ty::Bytes => built!(BinaryBuilder::new(), cells, Cell::Bytes(v) => v),
        Ty::Bool => built!(BooleanBuilder::with_capacity(cells.len()), cells, Cell::Bool(v) => *v),
        Ty::Date => built!(Date32Builder::with_capacity(cells.len()), cells, Cell::Date(v) => *v),
        Ty::Time => built!(Time64MicrosecondBuilder::with_capacity(cells.len()), cells, Cell::Time(v) => *v),
        Ty::Datetime => {
            built!(TimestampMicrosecondBuilder::with_capacity(cells.len()), cells, Cell::Timestamp(v) => *v)
        }
        Ty::Timestamp => {
            let builder = TimestampMicrosecondBuilder::with_capacity(cells.len()).with_timezone("UTC");
            built!(builder, cells, Cell::Timestamp(v) => *v)
        }
        Ty::Interval => built!(StringBuilder::new(), cells, Cell::Interval(months, days, nanos) =>
            format!("{months} months {days} days {} microseconds", nanos / 1000)),
        Ty::Range(bound) => {
            let bound = |name: &str| crate::types::Field {
                name: name.into(),
                ty: (**bound).clone(),
            };
            column(cells, &Ty::Struct(vec![bound(LOW), bound(HIGH)]))?
        }
        Ty::Array(item) => list(cells, item)?,
        Ty::Struct(fields) => {
            let mut inner = Vec::new();
            for (at, field) in fields.iter().enumerate() {
                let of_field = |cell: &&'_ Cell| match cell {
                    Cell::Struct(values) => values.get(at).map_or(Cell::Null, |(_, v)| v.clone()),
                    _ => Cell::Null,
                };
                let values: Vec<Cell> = cells.iter().map(of_field).collect();
                let array = column(&values.iter().collect::<Vec<_>>(), &field.ty)?;
                inner.push((
                    Arc::new(Field::new(&field.name, array.data_type().clone(), true)),
                    array,
                ));
            }
            let (fields, arrays): (Vec<_>, Vec<_>) = inner.into_iter().unzip();
            let valid: Vec<bool> = cells.iter().map(|c| matches!(c, Cell::Struct(_))).collect();
            Arc::new(StructArray::try_new(
                fields.into(),
                arrays,
                Some(NullBuffer::from(valid)),
            )?)
        }
    })
}

/// NULL is an empty array.
fn list(cells: &[&Cell], ty: &Ty) -> Result<ArrayRef, ArrowError> {
    let mut items = Vec::new();
    let mut offsets = vec![0];
    for cell in cells {
        if let Cell::List(list) = cell {
            items.extend(list);
        }
        offsets.push(i32::try_from(items.len()).unwrap_or(i32::MAX));
    }
    let values = column(&items, ty)?;
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(
        field,
        OffsetBuffer::new(offsets.into()),
        values,
        None,
    )?))
}
