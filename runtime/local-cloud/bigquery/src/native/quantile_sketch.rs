//! KLL_QUANTILES: a sketch keeps all values until they are many, then evenly spaced ones with their weights. The
//! bytes are our own: BigQuery's are not published.

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("kll_init", Answers::Bytes, init),
    native("kll_merge", Answers::Bytes, merge),
    native("kll_ints", Answers::Ints, |args| quantiles(args, true)),
    native("kll_floats", Answers::Floats, |args| quantiles(args, false)),
    native("kll_point_ints", Answers::Int, |args| point(args, true)),
    native("kll_point_floats", Answers::Float, |args| point(args, false)),
];

const MAGIC: &[u8] = b"KLL1";
const INVALID: &str = "Invalid or incompatible sketch in KLL_QUANTILES";
/// Values that are kept, for each one of precision: the rank error of an answer stays below 1 / precision.
const KEPT: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    fn of(cell: &Cell) -> Result<Self, String> {
        match cell {
            Cell::Int(v) => i64::try_from(*v).map(Self::Int).map_err(|_| misused()),
            Cell::Float(v) => Ok(Self::Float(*v)),
            _ => Err(misused()),
        }
    }

    fn cell(self) -> Cell {
        match self {
            Self::Int(v) => Cell::Int(v.into()),
            Self::Float(v) => Cell::Float(v),
        }
    }

    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            // NaN comes before all others.
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())),
            (Self::Int(_), Self::Float(_)) => std::cmp::Ordering::Less,
            (Self::Float(_), Self::Int(_)) => std::cmp::Ordering::Greater,
        }
    }

    fn bytes(self) -> [u8; 8] {
        match self {
            Self::Int(v) => v.to_le_bytes(),
            Self::Float(v) => v.to_le_bytes(),
        }
    }
}

struct Sketch {
    precision: u32,
    /// Sorted by value.
    points: Vec<(Number, u64)>,
}

impl Sketch {
    fn of(precision: u32, mut points: Vec<(Number, u64)>) -> Self {
        points.sort_by(|a, b| a.0.compare(&b.0));
        let most = KEPT * precision as usize;
        if points.len() > 2 * most {
            let total: u64 = points.iter().map(|p| p.1).sum();
            let steps = most as u64;
            let (mut kept, mut before) = (Vec::with_capacity(most), 0);
            let mut source = points.iter();
            let mut reached = 0;
            let mut value = points[0].0;
            for step in 1..=steps {
                let upto = u128::from(total) * u128::from(step) / u128::from(steps);
                let upto = u64::try_from(upto).unwrap_or(total);
                // The value in the middle of the share stands for it.
                let middle = before + (upto - before).div_ceil(2);
                while reached < middle {
                    let Some(point) = source.next() else { break };
                    reached += point.1;
                    value = point.0;
                }
                kept.push((value, upto - before));
                before = upto;
            }
            // The extremes stay what they are.
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                kept[0].0 = first.0;
                kept[most - 1].0 = last.0;
            }
            points = kept;
        }
        Self { precision, points }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let whole = matches!(self.points.first(), Some((Number::Int(_), _)));
        out.push(u8::from(whole));
        out.extend_from_slice(&self.precision.to_le_bytes());
        for (value, weight) in &self.points {
            out.extend_from_slice(&value.bytes());
            out.extend_from_slice(&weight.to_le_bytes());
        }
        out
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let invalid = || INVALID.to_owned();
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(invalid)?;
        let (whole, rest) = rest.split_first().ok_or_else(invalid)?;
        let (precision, rest) = rest.split_first_chunk::<4>().ok_or_else(invalid)?;
        if !rest.len().is_multiple_of(16) {
            return Err(invalid());
        }
        let points = rest.chunks_exact(16).filter_map(|chunk| {
            let (value, weight) = chunk.split_first_chunk::<8>()?;
            let value = if *whole == 1 {
                Number::Int(i64::from_le_bytes(*value))
            } else {
                Number::Float(f64::from_le_bytes(*value))
            };
            Some((value, u64::from_le_bytes(weight.try_into().ok()?)))
        });
        Ok(Self {
            precision: u32::from_le_bytes(*precision),
            points: points.collect(),
        })
    }

    /// The value at a rank that is counted from 1, as `rank` tells it of the number of all.
    fn at(&self, rank: impl FnOnce(u64) -> u64) -> Cell {
        let rank = rank(self.points.iter().map(|p| p.1).sum()).max(1);
        let mut reached = 0;
        for (value, weight) in &self.points {
            reached += weight;
            if reached >= rank {
                return value.cell();
            }
        }
        self.points.last().map_or(Cell::Null, |p| p.0.cell())
    }

    /// The value that `part` of `whole` shares of all are not above.
    fn share(&self, part: u64, whole: u64) -> Cell {
        let rank = |total: u64| (u128::from(total) * u128::from(part)).div_ceil(u128::from(whole));
        self.at(|total| u64::try_from(rank(total)).unwrap_or(u64::MAX))
    }

    fn holds_ints(&self) -> bool {
        matches!(self.points.first(), Some((Number::Int(_), _)))
    }
}

/// The most that a value may weigh.
const HEAVIEST: i128 = 2_147_483_647;

fn init(args: &[Cell]) -> Outcome {
    let [Cell::List(values), Cell::List(weights), Cell::Int(precision)] = args else {
        return Err(misused());
    };
    let precision = u32::try_from(*precision).map_err(|_| misused())?;
    let points: Result<Vec<(Number, u64)>, String> = values
        .iter()
        .zip(weights)
        .map(|(value, weight)| match weight {
            Cell::Int(weight @ 1..=HEAVIEST) => {
                Ok((Number::of(value)?, u64::try_from(*weight).map_err(|_| misused())?))
            }
            Cell::Int(weight) if *weight < 1 => Err(format!(
                "Error adding value to KLL. Values can not be added with a weight < 1. Weight: {weight}"
            )),
            Cell::Int(weight) => Err(format!(
                "Error adding value to KLL. Values can not be added with a weight > {HEAVIEST}. Weight: {weight}"
            )),
            _ => Err(misused()),
        })
        .collect();
    Ok(Cell::Bytes(Sketch::of(precision, points?).write()))
}

fn merge(args: &[Cell]) -> Outcome {
    let [Cell::List(sketches)] = args else {
        return Err(misused());
    };
    let mut precision = u32::MAX;
    let mut points = Vec::new();
    for sketch in sketches {
        let Cell::Bytes(bytes) = sketch else {
            return Err(misused());
        };
        let sketch = Sketch::read(bytes)?;
        if points
            .first()
            .is_some_and(|(value, _)| matches!(value, Number::Int(_)) != sketch.holds_ints())
        {
            return Err(INVALID.into());
        }
        precision = precision.min(sketch.precision);
        points.extend(sketch.points);
    }
    Ok(if points.is_empty() {
        Cell::Null
    } else {
        Cell::Bytes(Sketch::of(precision, points).write())
    })
}

/// Reads a sketch of INT64s, or one of FLOAT64s.
fn typed(bytes: &[u8], ints: bool) -> Result<Sketch, String> {
    let sketch = Sketch::read(bytes)?;
    if sketch.points.is_empty() || sketch.holds_ints() != ints {
        return Err(INVALID.into());
    }
    Ok(sketch)
}

fn quantiles(args: &[Cell], ints: bool) -> Outcome {
    let [Cell::Bytes(bytes), Cell::Int(number)] = args else {
        return Err(misused());
    };
    let number = u64::try_from(*number).ok().filter(|n| (1..=100_000).contains(n));
    let number = number.ok_or("The number of quantiles must be at least 1 and at most 100000")?;
    let sketch = typed(bytes, ints)?;
    Ok(Cell::List((0..=number).map(|i| sketch.share(i, number)).collect()))
}

/// How finely the place of a single quantile is told: finer than any sketch is precise.
const FINEST: f64 = 1e12;

fn point(args: &[Cell], ints: bool) -> Outcome {
    match args {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        [Cell::Bytes(bytes), Cell::Float(at)] if (0.0..=1.0).contains(at) => {
            Ok(typed(bytes, ints)?.share((at * FINEST).round() as u64, FINEST as u64))
        }
        [Cell::Bytes(_), Cell::Float(_)] => Err("phi must be at least 0 and at most 1".into()),
        _ => Err(misused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(range: std::ops::Range<i64>, precision: u32) -> Sketch {
        Sketch::of(precision, range.map(|v| (Number::Int(v), 1)).collect())
    }

    #[test]
    fn quantiles_are_exact_of_few_values_and_near_of_many() {
        let few = sketch(1..6, 1000);
        let five: Vec<Cell> = [0, 5, 8, 10].map(|p| few.share(p, 10)).to_vec();
        assert_eq!(five, [1, 3, 4, 5].map(Cell::Int).to_vec());
        let parts = [sketch(0..60_000, 100), sketch(60_000..100_000, 100)];
        let merged = Sketch::of(100, parts.into_iter().flat_map(|s| s.points).collect());
        let read = Sketch::read(&merged.write()).unwrap();
        for (part, expected) in [(0, 0), (25, 25_000), (90, 90_000), (100, 99_999)] {
            let Cell::Int(found) = read.share(part, 100) else {
                panic!()
            };
            assert!((found - expected).abs() <= 1000, "{part}: {found}");
        }
    }
}
