//! DuckDB reads a Parquet decimal of more than 38 digits as a float, which loses digits without a word. Such columns
//! are written again as `DECIMAL(38, 18)` into a file beside, row by row the same, and a value that does not fit is an
//! error. (The arrow of this module is not DuckDB's; only a file passes between them.)

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Schema, i256};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::error::{Fault, Reason};

const SCALE: i8 = 18;

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::invalid(format!("Error while reading data, error message: {error}"))
}

/// Writes the wide columns of `from` to `to`; their names, none when nothing had to be written.
pub(super) fn narrow(from: &Path, to: &Path) -> Result<Vec<String>, Fault> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(from).map_err(failed)?).map_err(failed)?;
    let fields = builder.schema().fields().clone();
    if fields.iter().any(|f| !wide(f.data_type()) && holds_wide(f.data_type())) {
        return Err(Fault::new(
            Reason::NotImplemented,
            "the local BigQuery does not load decimals of more than 38 digits inside lists or structs",
        ));
    }
    let at: Vec<usize> = (0..fields.len()).filter(|i| wide(fields[*i].data_type())).collect();
    if at.is_empty() {
        return Ok(Vec::new());
    }
    let narrowed: Vec<_> = at
        .iter()
        .map(|i| {
            fields[*i]
                .as_ref()
                .clone()
                .with_data_type(DataType::Decimal128(38, SCALE))
        })
        .collect();
    let names = narrowed.iter().map(|f| f.name().clone()).collect();
    let narrowed = Arc::new(Schema::new(narrowed));
    let mask = ProjectionMask::roots(builder.parquet_schema(), at);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = File::create(to).map_err(failed)?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&narrowed), Some(properties)).map_err(failed)?;
    let batches = builder
        .with_projection(mask)
        .with_batch_size(65_536)
        .build()
        .map_err(failed)?;
    for batch in batches {
        let batch = batch.map_err(failed)?;
        let columns = batch.columns().iter().zip(narrowed.fields());
        let columns: Result<Vec<ArrayRef>, Fault> = columns.map(|(c, f)| convert(c, f.name())).collect();
        let batch = RecordBatch::try_new(Arc::clone(&narrowed), columns?).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(names)
}

/// More digits than DuckDB's decimals have, or more of them after the point than this BIGNUMERIC keeps.
fn wide(ty: &DataType) -> bool {
    match ty {
        DataType::Decimal256(precision, scale) => *precision > 38 || *scale > SCALE,
        DataType::Decimal128(_, scale) => *scale > SCALE,
        _ => false,
    }
}

fn holds_wide(ty: &DataType) -> bool {
    match ty {
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            wide(ty)
        }
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) | DataType::Map(f, _) => {
            holds_wide(f.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|f| holds_wide(f.data_type())),
        _ => false,
    }
}

fn convert(column: &ArrayRef, name: &str) -> Result<ArrayRef, Fault> {
    let (scale, values): (i8, Vec<Option<i256>>) = match *column.data_type() {
        DataType::Decimal256(_, scale) => (scale, column.as_primitive::<Decimal256Type>().iter().collect()),
        DataType::Decimal128(_, scale) => {
            let values = column.as_primitive::<Decimal128Type>().iter();
            (scale, values.map(|v| v.map(i256::from_i128)).collect())
        }
        _ => return Ok(Arc::clone(column)),
    };
    let power = |digits: i8| i256::from_i128(10).wrapping_pow(digits.unsigned_abs().into());
    let too_wide = || {
        Fault::invalid(format!(
            "the local BigQuery keeps BIGNUMERIC with 20 digits before the point and 18 after it; a value of {name} \
             does not fit"
        ))
    };
    let limit = 10_i128.pow(38);
    let mut out = Decimal128Array::builder(values.len());
    for value in values {
        let Some(value) = value else {
            out.append_null();
            continue;
        };
        let fitted = if scale >= SCALE {
            let divisor = power(scale - SCALE);
            let (quotient, rest) = (value.checked_div(divisor), value.checked_rem(divisor));
            quotient.filter(|_| rest == Some(i256::ZERO))
        } else {
            value.checked_mul(power(SCALE - scale))
        };
        let fitted = fitted
            .and_then(i256::to_i128)
            .filter(|v| v.abs() < limit)
            .ok_or_else(too_wide)?;
        out.append_value(fitted);
    }
    let array = out.finish().with_precision_and_scale(38, SCALE).map_err(failed)?;
    Ok(Arc::new(array))
}
