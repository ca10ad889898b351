//! Column builders: they take a column's cells as text and make Arrow arrays of them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder, Float64Builder,
    Int64Builder, PrimitiveBuilder, RecordBatch, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{ArrowPrimitiveType, SchemaRef};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_spec::{Column, Mode};

use super::{DecodeError, DecodeOptions, value};
use crate::columns::{ArrowType, arrow_schema, arrow_type};

/// A cell of a row as it arrived. `""` is null: Salesforce has no empty texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    /// The text between the quotes.
    pub text: &'a str,
    /// Quotes stand doubled in it.
    pub doubled: bool,
}

enum Values {
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Decimal128(Decimal128Builder),
    Decimal256(Decimal256Builder),
    Date32(Date32Builder),
    Time64(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

/// Builds record batches of some columns.
pub(super) struct BatchBuilder {
    columns: Arc<[Column]>,
    schema: SchemaRef,
    values: Vec<Values>,
    options: DecodeOptions,
    rows: usize,
    /// Cells rounded to their column's scale, since the beginning.
    pub rounded: u64,
}

/// A cell of a column was refused, so many cells after the first of the call.
struct Refused {
    offset: usize,
    null: bool,
}

impl BatchBuilder {
    pub(super) fn new(columns: Arc<[Column]>, options: DecodeOptions) -> Self {
        let schema = arrow_schema(&columns);
        let values = columns
            .iter()
            .map(|column| {
                Values::new(
                    arrow_type(column.data_type),
                    options.batch_rows,
                    options.batch_rows * 16,
                )
            })
            .collect();
        Self {
            columns,
            schema,
            values,
            options,
            rows: 0,
            rounded: 0,
        }
    }

    pub(super) fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// Appends cells to one column; the caller gives every column as many, then says so with [`BatchBuilder::rows_added`].
    /// `first_row` is the row of the first cell, for errors.
    pub(super) fn append<'a>(
        &mut self,
        column: usize,
        first_row: u64,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Result<(), DecodeError> {
        let required = self.columns[column].mode == Mode::Required;
        self.values[column]
            .extend(cells, required, &mut self.rounded)
            .map_err(|refused| {
                let (row, field) = (first_row + refused.offset as u64, self.columns[column].field.clone());
                if refused.null {
                    DecodeError::Null { row, field }
                } else {
                    DecodeError::Value {
                        row,
                        field,
                        data_type: self.columns[column].data_type.sql(),
                    }
                }
            })
    }

    pub(super) fn rows_added(&mut self, rows: usize) {
        self.rows += rows;
    }

    /// Whether the batch should be taken now.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= self.options.batch_rows
            || self.values.iter().map(|v| v.bytes(self.rows)).sum::<usize>() >= self.options.batch_bytes
    }

    /// The rows so far, if any. When more are to come, room is made for as many again.
    pub(super) fn take(&mut self, more: bool) -> Option<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return None;
        }
        let arrays = self.values.iter_mut().zip(&*self.columns).map(|(values, column)| {
            let bytes = values.text_bytes();
            let array = values.finish();
            if more {
                *values = Values::new(arrow_type(column.data_type), rows + rows / 8, bytes + bytes / 8);
            }
            array
        });
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays.collect());
        Some(batch.expect("every column got as many cells of its own type, and none that is null where it must not be"))
    }
}

fn fill<'a, T: ArrowPrimitiveType>(
    builder: &mut PrimitiveBuilder<T>,
    cells: impl Iterator<Item = Cell<'a>>,
    required: bool,
    mut parse: impl FnMut(&[u8]) -> Option<T::Native>,
) -> Result<(), Refused> {
    for (offset, cell) in cells.enumerate() {
        if cell.text.is_empty() {
            if required {
                return Err(Refused { offset, null: true });
            }
            builder.append_null();
        } else {
            builder.append_value(parse(cell.text.as_bytes()).ok_or(Refused { offset, null: false })?);
        }
    }
    Ok(())
}

impl Values {
    /// With room for so many cells, and so many bytes of text.
    fn new(kind: ArrowType, rows: usize, bytes: usize) -> Self {
        match kind {
            ArrowType::Utf8 => Self::Utf8(StringBuilder::with_capacity(rows, bytes)),
            ArrowType::Binary => Self::Binary(BinaryBuilder::new()),
            ArrowType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            ArrowType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            ArrowType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            ArrowType::Decimal128 => {
                Self::Decimal128(Decimal128Builder::with_capacity(rows).with_data_type(kind.data_type()))
            }
            ArrowType::Decimal256 => {
                Self::Decimal256(Decimal256Builder::with_capacity(rows).with_data_type(kind.data_type()))
            }
            ArrowType::Date32 => Self::Date32(Date32Builder::with_capacity(rows)),
            ArrowType::Time64 => Self::Time64(Time64MicrosecondBuilder::with_capacity(rows)),
            ArrowType::Timestamp => {
                Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(kind.data_type()))
            }
        }
    }

    fn extend<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        required: bool,
        rounded: &mut u64,
    ) -> Result<(), Refused> {
        let mut note = |lost: bool| *rounded += u64::from(lost);
        match self {
            Self::Utf8(builder) => {
                for (offset, cell) in cells.enumerate() {
                    match (cell.text, cell.doubled) {
                        ("", _) if required => return Err(Refused { offset, null: true }),
                        ("", _) => builder.append_null(),
                        (text, false) => builder.append_value(text),
                        (text, true) => builder.append_value(text.replace("\"\"", "\"")),
                    }
                }
                Ok(())
            }
            Self::Binary(builder) => {
                for (offset, cell) in cells.enumerate() {
                    if cell.text.is_empty() && required {
                        return Err(Refused { offset, null: true });
                    } else if cell.text.is_empty() {
                        builder.append_null();
                    } else {
                        builder.append_value(
                            STANDARD
                                .decode(cell.text)
                                .map_err(|_| Refused { offset, null: false })?,
                        );
                    }
                }
                Ok(())
            }
            Self::Boolean(builder) => {
                for (offset, cell) in cells.enumerate() {
                    if cell.text.is_empty() && required {
                        return Err(Refused { offset, null: true });
                    } else if cell.text.is_empty() {
                        builder.append_null();
                    } else {
                        builder
                            .append_value(value::boolean(cell.text.as_bytes()).ok_or(Refused { offset, null: false })?);
                    }
                }
                Ok(())
            }
            Self::Int64(builder) => fill(builder, cells, required, value::int64),
            Self::Float64(builder) => fill(builder, cells, required, value::float64),
            Self::Decimal128(builder) => fill(builder, cells, required, |text| {
                let (number, lost) = value::decimal128(text, 9)?;
                note(lost);
                Some(number)
            }),
            Self::Decimal256(builder) => fill(builder, cells, required, |text| {
                let (number, lost) = value::decimal256(text)?;
                note(lost);
                Some(number)
            }),
            Self::Date32(builder) => fill(builder, cells, required, value::date),
            Self::Time64(builder) => fill(builder, cells, required, value::time),
            Self::Timestamp(builder) => fill(builder, cells, required, value::timestamp),
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Utf8(builder) => builder.values_slice().len(),
            _ => 0,
        }
    }

    /// Memory of the values so far.
    fn bytes(&self, rows: usize) -> usize {
        match self {
            Self::Utf8(builder) => builder.values_slice().len() + rows * 4,
            Self::Binary(builder) => builder.values_slice().len() + rows * 4,
            Self::Boolean(_) => rows / 8,
            Self::Date32(_) => rows * 4,
            Self::Int64(_) | Self::Float64(_) | Self::Time64(_) | Self::Timestamp(_) => rows * 8,
            Self::Decimal128(_) => rows * 16,
            Self::Decimal256(_) => rows * 32,
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Utf8(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Decimal128(builder) => Arc::new(builder.finish()),
            Self::Decimal256(builder) => Arc::new(builder.finish()),
            Self::Date32(builder) => Arc::new(builder.finish()),
            Self::Time64(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}
