//! Rows as DuckDB gives them, turned into the types and fields of the session's schema.

use std::sync::Arc;

use crate::engine::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array, ListArray, RecordBatch, RecordBatchOptions, StructArray,
};
use crate::engine::arrow::compute::cast;
use crate::engine::arrow::datatypes::{DataType, Decimal128Type, SchemaRef, i256};
use crate::engine::arrow::error::ArrowError;
use crate::error::{Fault, Reason};

pub(super) fn batch(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Fault> {
    let columns = rows.columns().iter().zip(schema.fields());
    let columns: Result<Vec<ArrayRef>, ArrowError> = columns.map(|(c, f)| column(c, f.data_type())).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    columns
        .and_then(|columns| RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options))
        .map_err(failed)
}

#[allow(clippy::needless_pass_by_value)]
pub(super) fn failed(error: ArrowError) -> Fault {
    Fault::new(
        Reason::BackendError,
        format!("rows cannot be written as Arrow: {error}"),
    )
}

fn column(from: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    match (from.data_type(), to) {
        (DataType::List(_), DataType::List(item)) => {
            let list = from.as_list::<i32>();
            let items = column(list.values(), item.data_type())?;
            // An array that is NULL is empty in BigQuery; DuckDB gives it no items either.
            let list = ListArray::try_new(Arc::clone(item), list.offsets().clone(), items, None)?;
            Ok(Arc::new(list))
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let record = from.as_struct();
            let inner = record.columns().iter().zip(fields);
            let inner: Result<Vec<ArrayRef>, ArrowError> = inner.map(|(c, f)| column(c, f.data_type())).collect();
            let record = StructArray::try_new(fields.clone(), inner?, record.nulls().cloned())?;
            Ok(Arc::new(record))
        }
        (DataType::Decimal128(_, given), DataType::Decimal128(precision, scale)) if given == scale => {
            let values = from.as_primitive::<Decimal128Type>().clone();
            Ok(Arc::new(values.with_precision_and_scale(*precision, *scale)?))
        }
        (DataType::Decimal128(_, given), DataType::Decimal128(precision, scale)) => {
            let values = from.as_primitive::<Decimal128Type>().iter();
            let factor = 10_i128.pow(u32::from(given.abs_diff(*scale)));
            let values = values.map(|v| v.map(|v| if given < scale { v * factor } else { v / factor }));
            let values: Decimal128Array = values.collect();
            Ok(Arc::new(values.with_precision_and_scale(*precision, *scale)?))
        }
        (DataType::Decimal128(_, given), DataType::Decimal256(precision, scale)) => {
            let values = from.as_primitive::<Decimal128Type>().iter();
            let factor = i256::from_i128(10).wrapping_pow(u32::from(given.abs_diff(*scale)));
            let scaled = |v: i128| {
                let v = i256::from_i128(v);
                if given < scale {
                    v.wrapping_mul(factor)
                } else {
                    v.wrapping_div(factor)
                }
            };
            let values: Decimal256Array = values.map(|v| v.map(scaled)).collect();
            Ok(Arc::new(values.with_precision_and_scale(*precision, *scale)?))
        }
        (given, wanted) if given == wanted => Ok(Arc::clone(from)),
        (_, wanted) => cast(from, wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::arrow::array::Int64Array;
    use crate::engine::arrow::buffer::{NullBuffer, OffsetBuffer};
    use crate::engine::arrow::datatypes::Field;

    #[test]
    fn decimals_keep_their_value() {
        let from = Decimal128Array::from(vec![Some(1_500_000_000_000_000_000), None, Some(-1)]);
        let from: ArrayRef = Arc::new(from.with_precision_and_scale(38, 18).unwrap());
        let wide = column(&from, &DataType::Decimal256(76, 38)).unwrap();
        let wide = wide.as_primitive::<crate::engine::arrow::datatypes::Decimal256Type>();
        assert_eq!(wide.value_as_string(0), "1.50000000000000000000000000000000000000");
        assert_eq!(wide.value_as_string(2), "-0.00000000000000000100000000000000000000");
        assert!(wide.is_null(1));
    }

    #[test]
    fn an_array_that_is_null_is_empty() {
        let items: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let nulls = NullBuffer::from(vec![true, false, true]);
        let offsets = OffsetBuffer::new(vec![0, 1, 1, 2].into());
        let l = Arc::new(Field::new("l", DataType::Int64, true));
        let from: ArrayRef = Arc::new(ListArray::new(l, offsets, items, Some(nulls)));
        let item = Field::new("item", DataType::Int64, true).into();
        let list = column(&from, &DataType::List(item)).unwrap();
        assert_eq!(list.null_count(), 0);
        assert_eq!(list.as_list::<i32>().value_length(1), 0);
    }
}
