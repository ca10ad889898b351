//! A column of a batch in the few forms that kernels know, and what its type is to a suite.

use std::cell::OnceCell;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, StringViewArray};
use arrow::buffer::{BooleanBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date64Type, Decimal128Type, Decimal256Type, Float64Type, Int32Type, Int64Type, Time64NanosecondType,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt64Type,
};

use super::mask::Mask;
use super::outcome::Reason;
use crate::suite::Nan;

/// What a column's type is to a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of up to 64 bits with a sign.
    Int,
    /// Whole numbers of up to 64 bits without a sign.
    UInt,
    /// Floating-point numbers.
    Float,
    /// Exact numbers, so many of their digits behind the point.
    Decimal(i8),
    /// Truth values.
    Bool,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Days since 1970.
    Date,
    /// Nanoseconds since midnight.
    Time,
    /// Units since 1970, so many in a second, in UTC if the column has a time zone.
    Timestamp(i64, bool),
    /// What is only there or not.
    Opaque,
}

impl Kind {
    /// Of an Arrow type.
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Int,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Self::UInt,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal32(_, s)
            | DataType::Decimal64(_, s)
            | DataType::Decimal128(_, s)
            | DataType::Decimal256(_, s) => Self::Decimal(*s),
            DataType::Boolean => Self::Bool,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytes
            }
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(unit, zone) => Self::Timestamp(per_second(*unit), zone.is_some()),
            DataType::Dictionary(_, value) => Self::of(value),
            _ => Self::Opaque,
        }
    }

    /// As a message calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Int | Self::UInt => "whole numbers",
            Self::Float => "floating-point numbers",
            Self::Decimal(_) => "decimals",
            Self::Bool => "truth values",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Date => "days",
            Self::Time => "times of day",
            Self::Timestamp(..) => "timestamps",
            Self::Opaque => "a nested or unknown type",
        }
    }

    /// Whether it can be added up.
    pub const fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Int | Self::UInt | Self::Float | Self::Decimal(_) | Self::Bool
        )
    }
}

const fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Text, of which equal values may be stored once.
#[derive(Debug, Clone)]
pub struct Texts {
    /// The values; with keys, the different ones.
    pub values: StringViewArray,
    /// For each row, which of the values.
    pub keys: Option<ScalarBuffer<i32>>,
}

impl Texts {
    /// A row's text.
    #[inline]
    pub fn get(&self, row: usize) -> &str {
        match &self.keys {
            None => self.values.value(row),
            Some(keys) => self.values.value(usize::try_from(keys[row]).unwrap_or_default()),
        }
    }

    /// Which rows satisfy a test. Each stored value is tested once.
    pub fn test(&self, valid: &Mask, test: impl Fn(&str) -> bool) -> BooleanBuffer {
        match (&self.keys, valid) {
            // Worth it only while there are fewer values than rows.
            (Some(keys), _) if self.values.len() <= keys.len() => {
                let of_value: Vec<bool> = (0..self.values.len()).map(|i| test(self.values.value(i))).collect();
                // What stands under a missing row may be any key.
                BooleanBuffer::collect_bool(keys.len(), |row| {
                    usize::try_from(keys[row]).is_ok_and(|k| of_value.get(k).copied().unwrap_or_default())
                })
            }
            (_, Mask::All(rows)) => BooleanBuffer::collect_bool(*rows, |row| test(self.get(row))),
            (_, Mask::Some(bits)) => {
                BooleanBuffer::collect_bool(bits.len(), |row| bits.value(row) && test(self.get(row)))
            }
        }
    }
}

/// The values of a column, in one of the forms that kernels know.
#[derive(Debug, Clone)]
pub enum Cells {
    /// Whole numbers, days, times and timestamps.
    Int(ScalarBuffer<i64>),
    /// Whole numbers without a sign.
    UInt(ScalarBuffer<u64>),
    /// Floating-point numbers.
    Float(ScalarBuffer<f64>),
    /// Decimals, unscaled.
    Exact(ScalarBuffer<i128>),
    /// Truth values.
    Bool(BooleanBuffer),
    /// Text.
    Text(Texts),
    /// Bytes.
    Bytes(BinaryViewArray),
    /// Anything else.
    Opaque,
}

/// A column of a batch.
#[derive(Debug)]
pub struct Column {
    /// What its type is.
    pub kind: Kind,
    /// Its values; under a missing row stands anything.
    pub cells: Cells,
    present: Mask,
    /// As `present`, and no NaN.
    present_no_nan: OnceCell<Mask>,
}

impl Column {
    /// Brings an array into its form.
    pub fn of(array: &ArrayRef) -> Result<Self, Reason> {
        let kind = Kind::of(array.data_type());
        let present = array.logical_nulls().map_or_else(
            || Mask::All(array.len()),
            |nulls| {
                if nulls.null_count() == 0 {
                    Mask::All(array.len())
                } else {
                    Mask::Some(nulls.inner().clone())
                }
            },
        );
        Ok(Self {
            cells: cells(&kind, array, &present)?,
            kind,
            present,
            present_no_nan: OnceCell::new(),
        })
    }

    /// The rows that have a value.
    pub fn valid(&self, nan: Nan) -> &Mask {
        let (Nan::Null, Cells::Float(values)) = (nan, &self.cells) else {
            return &self.present;
        };
        self.present_no_nan.get_or_init(|| {
            if values.iter().any(|f| f.is_nan()) {
                self.present
                    .and(&Mask::Some(BooleanBuffer::collect_bool(values.len(), |i| {
                        !values[i].is_nan()
                    })))
            } else {
                self.present.clone()
            }
        })
    }

    /// Values as floating-point numbers, if it has numbers.
    pub fn floats(&self) -> Option<std::borrow::Cow<'_, [f64]>> {
        Some(match (&self.kind, &self.cells) {
            (Kind::Float, Cells::Float(v)) => std::borrow::Cow::Borrowed(&v[..]),
            (Kind::Int, Cells::Int(v)) => v.iter().map(|i| *i as f64).collect(),
            (Kind::UInt, Cells::UInt(v)) => v.iter().map(|i| *i as f64).collect(),
            (Kind::Decimal(scale), Cells::Exact(v)) => {
                let unit = 10f64.powi(i32::from(*scale));
                v.iter().map(|i| *i as f64 / unit).collect()
            }
            (Kind::Bool, Cells::Bool(v)) => v.iter().map(|b| f64::from(u8::from(b))).collect(),
            _ => return None,
        })
    }
}

fn cells(kind: &Kind, array: &ArrayRef, present: &Mask) -> Result<Cells, Reason> {
    let to = |data_type: &DataType| -> Result<ArrayRef, Reason> {
        if array.data_type() == data_type {
            Ok(array.clone())
        } else {
            cast(array, data_type).map_err(|e| Reason::new("unreadable", e.to_string()))
        }
    };
    Ok(match kind {
        Kind::Int => Cells::Int(to(&DataType::Int64)?.as_primitive::<Int64Type>().values().clone()),
        Kind::UInt => Cells::UInt(to(&DataType::UInt64)?.as_primitive::<UInt64Type>().values().clone()),
        Kind::Float => Cells::Float(to(&DataType::Float64)?.as_primitive::<Float64Type>().values().clone()),
        Kind::Decimal(_) => decimals(array, present)?,
        Kind::Bool => Cells::Bool(to(&DataType::Boolean)?.as_boolean().values().clone()),
        Kind::Text => Cells::Text(texts(array)?),
        Kind::Bytes => Cells::Bytes(to(&DataType::BinaryView)?.as_binary_view().clone()),
        Kind::Date => match array.data_type() {
            DataType::Date64 => Cells::Int(
                array
                    .as_primitive::<Date64Type>()
                    .values()
                    .iter()
                    .map(|ms| ms.div_euclid(86_400_000))
                    .collect(),
            ),
            _ => Cells::Int(
                to(&DataType::Int32)?
                    .as_primitive::<Int32Type>()
                    .values()
                    .iter()
                    .map(|d| i64::from(*d))
                    .collect(),
            ),
        },
        Kind::Time => Cells::Int(
            to(&DataType::Time64(TimeUnit::Nanosecond))?
                .as_primitive::<Time64NanosecondType>()
                .values()
                .clone(),
        ),
        Kind::Timestamp(..) => Cells::Int(match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => array.as_primitive::<TimestampSecondType>().values().clone(),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                array.as_primitive::<TimestampMillisecondType>().values().clone()
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                array.as_primitive::<TimestampMicrosecondType>().values().clone()
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                array.as_primitive::<TimestampNanosecondType>().values().clone()
            }
            _ => to(&DataType::Int64)?.as_primitive::<Int64Type>().values().clone(),
        }),
        Kind::Opaque => Cells::Opaque,
    })
}

fn decimals(array: &ArrayRef, present: &Mask) -> Result<Cells, Reason> {
    let DataType::Decimal256(..) = array.data_type() else {
        let wide = match array.data_type() {
            DataType::Decimal128(..) => array.clone(),
            DataType::Decimal32(_, s) | DataType::Decimal64(_, s) => {
                cast(array, &DataType::Decimal128(38, *s)).map_err(|e| Reason::new("unreadable", e.to_string()))?
            }
            other => {
                return Err(Reason::new(
                    "wrong_type",
                    format!("decimals stored as {other} are not read"),
                ));
            }
        };
        return Ok(Cells::Exact(wide.as_primitive::<Decimal128Type>().values().clone()));
    };
    let values = array.as_primitive::<Decimal256Type>().values();
    let mut narrow = Vec::with_capacity(values.len());
    let mut too_wide = None;
    for value in values {
        narrow.push(value.to_i128().unwrap_or_default());
    }
    present.for_each(|row| {
        if values[row].to_i128().is_none() {
            too_wide = Some(row);
        }
    });
    match too_wide {
        None => Ok(Cells::Exact(narrow.into())),
        Some(_) => Err(Reason::new(
            "too_large",
            "a decimal of the column does not fit into 128 bits".into(),
        )),
    }
}

fn texts(array: &ArrayRef) -> Result<Texts, Reason> {
    let view = |array: &ArrayRef| -> Result<StringViewArray, Reason> {
        match array.data_type() {
            DataType::Utf8View => Ok(array.as_string_view().clone()),
            _ => cast(array, &DataType::Utf8View)
                .map(|a| a.as_string_view().clone())
                .map_err(|e| Reason::new("unreadable", e.to_string())),
        }
    };
    match array.data_type() {
        DataType::Dictionary(key, _) if **key == DataType::Int32 => {
            let dictionary = array.as_dictionary::<Int32Type>();
            Ok(Texts {
                values: view(dictionary.values())?,
                keys: Some(dictionary.keys().values().clone()),
            })
        }
        _ => Ok(Texts {
            values: view(array)?,
            keys: None,
        }),
    }
}
