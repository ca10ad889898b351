//! A single value, as results show it.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::column::{Cells, Column, Kind};
use crate::suite::{Nan, float_to_json, int_to_json};

/// A value.
#[derive(Debug, Clone)]
pub enum Cell {
    /// None.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// A decimal: unscaled, and its digits behind the point.
    Decimal(i128, i8),
    /// Text.
    Text(String),
    /// A day, time or timestamp, as ISO 8601 writes it.
    Moment(String),
    /// Bytes, in hexadecimal digits.
    Bytes(String),
    /// The values of a pair of columns.
    Pair(Vec<Cell>),
    /// The values of several columns, with their names.
    Row(Vec<(String, Cell)>),
}

impl Cell {
    /// The value of a row.
    pub fn at(column: &Column, row: usize, nan: Nan) -> Self {
        let missing = match column.valid(nan) {
            super::mask::Mask::All(_) => false,
            super::mask::Mask::Some(bits) => !bits.value(row),
        };
        if missing {
            return Self::Null;
        }
        match (&column.kind, &column.cells) {
            (kind, Cells::Int(v)) => Self::int(kind, v[row]),
            (_, Cells::UInt(v)) => Self::Int(v[row].into()),
            (_, Cells::Float(v)) => Self::Float(v[row]),
            (Kind::Decimal(scale), Cells::Exact(v)) => Self::Decimal(v[row], *scale),
            (_, Cells::Exact(v)) => Self::Int(v[row]),
            (_, Cells::Bool(v)) => Self::Bool(v.value(row)),
            (_, Cells::Text(v)) => Self::Text(v.get(row).to_owned()),
            (_, Cells::Bytes(v)) => Self::bytes(v.value(row)),
            (_, Cells::Opaque) => Self::Text("…".into()),
        }
    }

    /// A value that is stored as a whole number of a column of some kind.
    pub fn int(kind: &Kind, value: i64) -> Self {
        match kind {
            Kind::Date => Self::Moment(day(value).map_or_else(|| value.to_string(), |d| d.to_string())),
            Kind::Time => Self::Moment(time_of_day(value)),
            Kind::Timestamp(per_second, zoned) => Self::Moment(moment(value, *per_second, *zoned)),
            _ => Self::Int(value.into()),
        }
    }

    /// Bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
            }
        }
        Self::Bytes(text)
    }

    /// As JSON; decimals as numbers where `numbers` says so, else as text.
    #[must_use]
    pub fn to_json(&self, numbers: bool) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => int_to_json(*i),
            Self::Float(f) => float_to_json(*f),
            Self::Decimal(..) if numbers => float_to_json(self.to_string().parse().unwrap_or(f64::NAN)),
            Self::Decimal(..) => Value::String(self.to_string()),
            Self::Text(s) | Self::Moment(s) | Self::Bytes(s) => Value::String(s.clone()),
            Self::Pair(cells) => cells.iter().map(|c| c.to_json(numbers)).collect(),
            Self::Row(cells) => Value::Object(
                cells
                    .iter()
                    .map(|(name, cell)| (name.clone(), cell.to_json(numbers)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Its place among the variants, for an order over values of different kinds.
    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Decimal(..) => 4,
            Self::Text(_) => 5,
            Self::Moment(_) => 6,
            Self::Bytes(_) => 7,
            Self::Pair(_) => 8,
            Self::Row(_) => 9,
        }
    }
}

fn day(days: i64) -> Option<NaiveDate> {
    let epoch = NaiveDate::default();
    match u64::try_from(days) {
        Ok(after) => epoch.checked_add_days(Days::new(after)),
        Err(_) => epoch.checked_sub_days(Days::new(days.unsigned_abs())),
    }
}

fn time_of_day(nanoseconds: i64) -> String {
    let seconds = u32::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(u32::MAX);
    let rest = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or_default();
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, rest).map_or_else(
        || nanoseconds.to_string(),
        |t| format!("{}{}", t.format("%H:%M:%S"), fraction(rest)),
    )
}

/// Behind the seconds: nothing, six digits, or nine when six do not suffice, as Python writes it.
fn fraction(nanoseconds: u32) -> String {
    match nanoseconds {
        0 => String::new(),
        n if n % 1_000 == 0 => format!(".{:06}", n / 1_000),
        n => format!(".{n:09}"),
    }
}

fn moment(value: i64, per_second: i64, zoned: bool) -> String {
    let rest = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let rest = u32::try_from(rest).unwrap_or_default();
    DateTime::from_timestamp(value.div_euclid(per_second), rest).map_or_else(
        || value.to_string(),
        |t| {
            let zone = if zoned { "+00:00" } else { "" };
            format!("{}{}{zone}", t.format("%Y-%m-%dT%H:%M:%S"), fraction(rest))
        },
    )
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decimal(unscaled, scale) if *scale > 0 => {
                let scale = usize::try_from(*scale).unwrap_or_default();
                let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
                let (whole, behind) = digits.split_at(digits.len() - scale);
                write!(f, "{}{whole}.{behind}", if *unscaled < 0 { "-" } else { "" })
            }
            Self::Decimal(unscaled, scale) => {
                write!(
                    f,
                    "{unscaled}{:0<width$}",
                    "",
                    width = usize::from(scale.unsigned_abs())
                )
            }
            Self::Text(s) | Self::Moment(s) | Self::Bytes(s) => f.write_str(s),
            other => write!(f, "{}", other.to_json(false)),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json(false).serialize(serializer)
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Decimal(a, s), Self::Decimal(b, t)) if s == t => a.cmp(b),
            (Self::Text(a), Self::Text(b)) | (Self::Moment(a), Self::Moment(b)) | (Self::Bytes(a), Self::Bytes(b)) => {
                a.cmp(b)
            }
            (Self::Pair(a), Self::Pair(b)) => a.cmp(b),
            (Self::Row(a), Self::Row(b)) => a.iter().map(|(_, c)| c).cmp(b.iter().map(|(_, c)| c)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

impl Hash for Cell {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Bool(b) => b.hash(state),
            Self::Int(i) => i.hash(state),
            Self::Float(f) => f.to_bits().hash(state),
            Self::Decimal(i, s) => (i, s).hash(state),
            Self::Text(s) | Self::Moment(s) | Self::Bytes(s) => s.hash(state),
            Self::Pair(cells) => cells.hash(state),
            Self::Row(cells) => cells.iter().for_each(|(_, c)| c.hash(state)),
        }
    }
}
