//! Rows in Avro's binary form, one after the other: <https://avro.apache.org/docs/1.11.1/specification/#binary-encoding>.
//! Made of the session's Arrow rows, whose schema goes with the Avro schema. An encoder of our own, because the crate
//! for Avro goes by way of a tree of values for each row.

use crate::encode::text;
use crate::engine::Cell;
use crate::engine::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use crate::engine::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use crate::error::{Fault, Reason};
use crate::types::Ty;

/// All rows of a batch.
pub(super) fn encode(rows: &RecordBatch) -> Result<Vec<u8>, Fault> {
    let schema = rows.schema();
    let mut out = Vec::with_capacity(rows.get_array_memory_size() / 2);
    for row in 0..rows.num_rows() {
        for (column, field) in rows.columns().iter().zip(schema.fields()) {
            value(column, row, field.is_nullable(), &mut out)?;
        }
    }
    Ok(out)
}

/// A number in zigzag, seven bits to a byte.
fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or_default());
}

fn bytes(value: &[u8], out: &mut Vec<u8>) {
    long(i64::try_from(value.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(value);
}

/// A big-endian number without the bytes at its front that only repeat the sign.
fn decimal(value: &[u8], out: &mut Vec<u8>) {
    let sign = if value[0] & 0x80 == 0 { 0x00 } else { 0xff };
    let mut from = 0;
    while from + 1 < value.len() && value[from] == sign && (value[from + 1] & 0x80) == (sign & 0x80) {
        from += 1;
    }
    bytes(&value[from..], out);
}

fn value(column: &ArrayRef, row: usize, nullable: bool, out: &mut Vec<u8>) -> Result<(), Fault> {
    // An array is no union: it is never null.
    if let DataType::List(_) = column.data_type() {
        let items = column.as_list::<i32>().value(row);
        if !items.is_empty() {
            long(i64::try_from(items.len()).unwrap_or(i64::MAX), out);
            for item in 0..items.len() {
                value(&items, item, false, out)?;
            }
        }
        long(0, out);
        return Ok(());
    }
    if nullable {
        let branch = i64::from(column.is_valid(row));
        long(branch, out);
        if branch == 0 {
            return Ok(());
        }
    }
    match column.data_type() {
        DataType::Int64 => long(column.as_primitive::<Int64Type>().value(row), out),
        DataType::Float64 => out.extend_from_slice(&column.as_primitive::<Float64Type>().value(row).to_le_bytes()),
        DataType::Decimal128(..) => decimal(&column.as_primitive::<Decimal128Type>().value(row).to_be_bytes(), out),
        DataType::Decimal256(..) => decimal(&column.as_primitive::<Decimal256Type>().value(row).to_be_bytes(), out),
        DataType::Utf8 => bytes(column.as_string::<i32>().value(row).as_bytes(), out),
        DataType::Binary => bytes(column.as_binary::<i32>().value(row), out),
        DataType::Boolean => out.push(u8::from(column.as_boolean().value(row))),
        DataType::Date32 => long(column.as_primitive::<Date32Type>().value(row).into(), out),
        DataType::Time64(_) => long(column.as_primitive::<Time64MicrosecondType>().value(row), out),
        DataType::Timestamp(_, zone) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            match zone {
                Some(_) => long(micros, out),
                None => bytes(text(&Cell::Timestamp(micros), &Ty::Datetime).as_bytes(), out),
            }
        }
        DataType::Interval(_) => {
            let interval = column.as_primitive::<IntervalMonthDayNanoType>().value(row);
            let cell = Cell::Interval(interval.months, interval.days, interval.nanoseconds);
            bytes(text(&cell, &Ty::Interval).as_bytes(), out);
        }
        DataType::Struct(fields) => {
            let record = column.as_struct();
            for (inner, field) in record.columns().iter().zip(fields) {
                value(inner, row, field.is_nullable(), out)?;
            }
        }
        other => {
            return Err(Fault::new(
                Reason::BackendError,
                format!("a value of the type {other} has no form in Avro"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (number, expected) in [
            (0, vec![0]),
            (-1, vec![1]),
            (1, vec![2]),
            (64, vec![0x80, 0x01]),
            (
                i64::MIN,
                vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            ),
        ] {
            assert_eq!(written(|out| long(number, out)), expected, "{number}");
        }
        for (number, expected) in [
            (0_i128, vec![2, 0]),
            (127, vec![2, 0x7f]),
            (128, vec![4, 0x00, 0x80]),
            (-128, vec![2, 0x80]),
            (-129, vec![4, 0xff, 0x7f]),
        ] {
            assert_eq!(written(|out| decimal(&number.to_be_bytes(), out)), expected, "{number}");
        }
    }
}
