//! Loops over the values of a column that make bits of them. They are compiled once for each form of values: nothing is decided
//! row by row that is known for a batch.

use std::cmp::Ordering;

use arrow::buffer::{BooleanBuffer, MutableBuffer};
use hashbrown::HashSet;

use super::bind::{Limits, Point};
use super::column::{Cells, Column, Kind};
use super::mask::Mask;
use super::outcome::Reason;
use crate::suite::Operator;

/// A bit for each value.
#[inline]
pub fn bits<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> BooleanBuffer {
    let mut buffer = MutableBuffer::new(values.len().div_ceil(64) * 8);
    let word = |chunk: &[T]| {
        let mut word = 0u64;
        for (i, value) in chunk.iter().enumerate() {
            word |= u64::from(test(*value)) << i;
        }
        word
    };
    let (chunks, rest) = values.as_chunks::<64>();
    for chunk in chunks {
        buffer.push(word(chunk));
    }
    if !rest.is_empty() {
        buffer.push(word(rest));
    }
    BooleanBuffer::new(buffer.into(), 0, values.len())
}

/// A bit for each pair of values.
#[inline]
pub fn pair_bits<T: Copy, U: Copy>(left: &[T], right: &[U], test: impl Fn(T, U) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(left.len().min(right.len()), |i| test(left[i], right[i]))
}

fn nothing(len: usize) -> BooleanBuffer {
    BooleanBuffer::new_unset(len)
}

/// The ends of an interval among values that are narrower than its ends; none: no value lies in it.
fn clamp<T>(lo: i128, hi: i128, least: T, most: T) -> Option<(T, T)>
where
    T: Copy + TryFrom<i128> + Into<i128>,
{
    if lo > hi || lo > most.into() || hi < least.into() {
        return None;
    }
    Some((T::try_from(lo).unwrap_or(least), T::try_from(hi).unwrap_or(most)))
}

/// Which values lie in an interval.
pub fn within(column: &Column, valid: &Mask, limits: &Limits) -> Result<BooleanBuffer, Reason> {
    Ok(match (&column.cells, limits) {
        (Cells::Int(v), Limits::Exact(lo, hi)) => match clamp(*lo, *hi, i64::MIN, i64::MAX) {
            Some((lo, hi)) => bits(v, |x| x >= lo && x <= hi),
            None => nothing(v.len()),
        },
        (Cells::UInt(v), Limits::Exact(lo, hi)) => match clamp(*lo, *hi, u64::MIN, u64::MAX) {
            Some((lo, hi)) => bits(v, |x| x >= lo && x <= hi),
            None => nothing(v.len()),
        },
        (Cells::Exact(v), Limits::Exact(lo, hi)) => bits(v, |x| x >= *lo && x <= *hi),
        (Cells::Bool(v), Limits::Exact(lo, hi)) => {
            let of = |b: bool| {
                let x = i128::from(b);
                x >= *lo && x <= *hi
            };
            let (of_false, of_true) = (of(false), of(true));
            BooleanBuffer::collect_bool(v.len(), |i| if v.value(i) { of_true } else { of_false })
        }
        (Cells::Float(v), Limits::Float(range)) => {
            let lo = match range.min {
                Some(m) if range.strict_min => m.next_up(),
                m => m.unwrap_or(f64::NEG_INFINITY),
            };
            let hi = match range.max {
                Some(m) if range.strict_max => m.next_down(),
                m => m.unwrap_or(f64::INFINITY),
            };
            bits(v, |x| x >= lo && x <= hi)
        }
        (Cells::Text(v), Limits::Text(range)) => v.test(valid, |text| {
            range.min.as_deref().is_none_or(|m| match text.cmp(m) {
                Ordering::Less => false,
                Ordering::Equal => !range.strict_min,
                Ordering::Greater => true,
            }) && range.max.as_deref().is_none_or(|m| match text.cmp(m) {
                Ordering::Less => true,
                Ordering::Equal => !range.strict_max,
                Ordering::Greater => false,
            })
        }),
        _ => {
            return Err(Reason::new(
                "wrong_type",
                format!("the column holds {}, which are not compared here", column.kind.name()),
            ));
        }
    })
}

/// A set of values that is asked about many.
#[derive(Debug)]
pub enum Set {
    /// Of exact values; few are compared one by one.
    Exact(Vec<i128>, HashSet<i128>),
    /// Of floating-point numbers, and whether NaN is one of them.
    Float(Vec<f64>, bool),
    /// Of texts.
    Text(Vec<String>, HashSet<String>),
}

/// So many values are compared one by one.
const FEW: usize = 8;

impl Set {
    /// Of points of one kind of column.
    pub fn of(points: &[Point], kind: &Kind) -> Self {
        match kind {
            Kind::Float => {
                let floats: Vec<f64> = points
                    .iter()
                    .filter_map(|p| if let Point::Float(f) = p { Some(*f) } else { None })
                    .collect();
                let nan = floats.iter().any(|f| f.is_nan());
                Self::Float(floats, nan)
            }
            Kind::Text => {
                let texts: Vec<String> = points
                    .iter()
                    .filter_map(|p| if let Point::Text(t) = p { Some(t.clone()) } else { None })
                    .collect();
                Self::Text(texts.clone(), texts.into_iter().collect())
            }
            _ => {
                let exact: Vec<i128> = points
                    .iter()
                    .filter_map(|p| if let Point::Exact(i) = p { Some(*i) } else { None })
                    .collect();
                Self::Exact(exact.clone(), exact.into_iter().collect())
            }
        }
    }

    /// Which values are in it.
    pub fn test(&self, column: &Column, valid: &Mask) -> BooleanBuffer {
        match (self, &column.cells) {
            (Self::Exact(few, many), Cells::Int(v)) => members(v, few, many),
            (Self::Exact(few, many), Cells::UInt(v)) => members(v, few, many),
            (Self::Exact(few, many), Cells::Exact(v)) => members(v, few, many),
            (Self::Exact(few, _), Cells::Bool(v)) => {
                let (no, yes) = (few.contains(&0), few.contains(&1));
                BooleanBuffer::collect_bool(v.len(), |i| if v.value(i) { yes } else { no })
            }
            (Self::Float(set, nan), Cells::Float(v)) => {
                if set.len() <= FEW {
                    bits(v, |x| set.contains(&x) || (*nan && x.is_nan()))
                } else {
                    let many: HashSet<u64> = set.iter().map(|f| (f + 0.0).to_bits()).collect();
                    bits(v, |x| many.contains(&(x + 0.0).to_bits()) || (*nan && x.is_nan()))
                }
            }
            (Self::Text(few, many), Cells::Text(v)) => {
                if few.len() <= FEW {
                    v.test(valid, |text| few.iter().any(|t| t == text))
                } else {
                    v.test(valid, |text| many.contains(text))
                }
            }
            _ => nothing(match valid {
                Mask::All(n) => *n,
                Mask::Some(bits) => bits.len(),
            }),
        }
    }
}

/// Values that do not fit are in no set of the column's values.
fn members<T: Copy + Eq + std::hash::Hash + TryFrom<i128>>(
    values: &[T],
    few: &[i128],
    many: &HashSet<i128>,
) -> BooleanBuffer {
    let narrow: Vec<T> = few.iter().filter_map(|i| T::try_from(*i).ok()).collect();
    if narrow.len() <= FEW {
        return bits(values, |x| narrow.contains(&x));
    }
    let set: HashSet<T> = many.iter().filter_map(|i| T::try_from(*i).ok()).collect();
    bits(values, |x| set.contains(&x))
}

/// Which rows of two columns compare so. Numbers of different types are compared exactly, unless one is a floating-point
/// number; timestamps of different units by their instants.
pub fn compare(left: &Column, right: &Column, op: Operator) -> Result<BooleanBuffer, Reason> {
    let refuse = || {
        Reason::new(
            "wrong_type",
            format!(
                "one column holds {}, the other {}: these are not compared",
                left.kind.name(),
                right.kind.name()
            ),
        )
    };
    match (&left.cells, &right.cells) {
        (Cells::Int(l), Cells::Int(r)) if left.kind == right.kind => return Ok(pair_bits(l, r, by_order(op))),
        (Cells::UInt(l), Cells::UInt(r)) => return Ok(pair_bits(l, r, by_order(op))),
        (Cells::Exact(l), Cells::Exact(r)) if left.kind == right.kind => return Ok(pair_bits(l, r, by_order(op))),
        (Cells::Float(l), Cells::Float(r)) => return Ok(pair_bits(l, r, by_partial_order(op))),
        (Cells::Bool(l), Cells::Bool(r)) => {
            return Ok(BooleanBuffer::collect_bool(l.len(), |i| {
                op.accepts(Some(l.value(i).cmp(&r.value(i))))
            }));
        }
        (Cells::Text(l), Cells::Text(r)) => {
            let rows = l
                .keys
                .as_ref()
                .map_or(arrow::array::Array::len(&l.values), arrow::buffer::ScalarBuffer::len);
            return Ok(BooleanBuffer::collect_bool(rows, |i| {
                op.accepts(Some(l.get(i).cmp(r.get(i))))
            }));
        }
        (Cells::Bytes(l), Cells::Bytes(r)) => {
            return Ok(BooleanBuffer::collect_bool(arrow::array::Array::len(l), |i| {
                op.accepts(Some(l.value(i).cmp(r.value(i))))
            }));
        }
        _ => {}
    }
    if left.kind.is_number() && right.kind.is_number() {
        if left.kind == Kind::Float || right.kind == Kind::Float {
            let (Some(l), Some(r)) = (left.floats(), right.floats()) else {
                return Err(refuse());
            };
            return Ok(pair_bits(&l, &r, by_partial_order(op)));
        }
        let scale = scale_of(&left.kind).max(scale_of(&right.kind));
        let (l, r) = (exact(left, scale), exact(right, scale));
        return Ok(pair_bits(&l, &r, by_order(op)));
    }
    match (&left.kind, &right.kind) {
        (Kind::Timestamp(a, zoned), Kind::Timestamp(b, also_zoned)) if zoned == also_zoned => {
            let to = |column: &Column, per_second: i64| -> Vec<i128> {
                let Cells::Int(values) = &column.cells else {
                    return Vec::new();
                };
                let factor = i128::from(1_000_000_000 / per_second);
                values.iter().map(|v| i128::from(*v) * factor).collect()
            };
            Ok(pair_bits(&to(left, *a), &to(right, *b), by_order(op)))
        }
        _ => Err(refuse()),
    }
}

const fn scale_of(kind: &Kind) -> i8 {
    match kind {
        Kind::Decimal(scale) => *scale,
        _ => 0,
    }
}

/// Numbers as whole multiples of a power of ten. What does not fit any more is as large as can be.
pub fn exact(column: &Column, scale: i8) -> Vec<i128> {
    let behind = u32::try_from(scale - scale_of(&column.kind)).unwrap_or_default();
    let factor = 10i128.checked_pow(behind).unwrap_or(i128::MAX);
    match &column.cells {
        Cells::Int(v) => v.iter().map(|i| i128::from(*i).saturating_mul(factor)).collect(),
        Cells::UInt(v) => v.iter().map(|i| i128::from(*i).saturating_mul(factor)).collect(),
        Cells::Exact(v) => v.iter().map(|i| i.saturating_mul(factor)).collect(),
        Cells::Bool(v) => v.iter().map(|b| i128::from(b).saturating_mul(factor)).collect(),
        Cells::Float(_) | Cells::Text(_) | Cells::Bytes(_) | Cells::Opaque => Vec::new(),
    }
}

fn by_order<T: Ord + Copy>(op: Operator) -> impl Fn(T, T) -> bool {
    move |l, r| op.accepts(Some(l.cmp(&r)))
}

fn by_partial_order(op: Operator) -> impl Fn(f64, f64) -> bool {
    // A NaN equals itself, and has no place in the order.
    move |l, r| match l.partial_cmp(&r) {
        None if l.is_nan() && r.is_nan() => op.accepts(Some(Ordering::Equal)),
        order => op.accepts(order),
    }
}
