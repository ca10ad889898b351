//! All values of a column, kept to find those at certain places in their order.

use super::column::{Cells, Column, Kind};
use super::mask::Mask;
use super::outcome::Reason;
use crate::suite::QuantileMethod;

/// Values, in the narrowest form that keeps them exactly.
pub enum Pool {
    Int(Vec<i64>),
    UInt(Vec<u64>),
    Float(Vec<f64>),
    /// Decimals as long as all fit into 64 bits, unscaled, and their digits behind the point.
    Small(Vec<i64>, i8),
    Exact(Vec<i128>, i8),
}

impl Pool {
    pub fn new(kind: &Kind) -> Result<Self, Reason> {
        Ok(match kind {
            Kind::Int | Kind::Bool => Self::Int(Vec::new()),
            Kind::UInt => Self::UInt(Vec::new()),
            Kind::Float => Self::Float(Vec::new()),
            Kind::Decimal(scale) => Self::Small(Vec::new(), *scale),
            other => {
                return Err(Reason::new(
                    "wrong_type",
                    format!("the column holds {}, and this check is about numbers", other.name()),
                ));
            }
        })
    }

    pub fn add(&mut self, column: &Column, rows: &Mask) {
        if let (Self::Small(pool, scale), Cells::Exact(v)) = (&mut *self, &column.cells) {
            let mut fit = true;
            rows.slices(v, |s| fit &= s.iter().all(|i| i64::try_from(*i).is_ok()));
            if !fit {
                *self = Self::Exact(pool.iter().map(|i| i128::from(*i)).collect(), *scale);
            }
        }
        match (self, &column.cells) {
            #[expect(clippy::cast_possible_truncation, reason = "all of them fit")]
            (Self::Small(pool, _), Cells::Exact(v)) => rows.slices(v, |s| pool.extend(s.iter().map(|i| *i as i64))),
            (Self::Int(pool), Cells::Int(v)) => rows.slices(v, |s| pool.extend_from_slice(s)),
            (Self::Int(pool), Cells::Bool(v)) => rows.for_each(|row| pool.push(i64::from(v.value(row)))),
            (Self::UInt(pool), Cells::UInt(v)) => rows.slices(v, |s| pool.extend_from_slice(s)),
            (Self::Float(pool), Cells::Float(v)) => rows.slices(v, |s| pool.extend_from_slice(s)),
            (Self::Exact(pool, _), Cells::Exact(v)) => rows.slices(v, |s| pool.extend_from_slice(s)),
            _ => {}
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Int(v) => v.len(),
            Self::UInt(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Small(v, _) => v.len(),
            Self::Exact(v, _) => v.len(),
        }
    }

    /// The value at a place in the order; there must be one.
    fn at(&mut self, place: usize) -> f64 {
        match self {
            Self::Int(v) => *v.select_nth_unstable(place).1 as f64,
            Self::UInt(v) => *v.select_nth_unstable(place).1 as f64,
            Self::Float(v) => *v.select_nth_unstable_by(place, f64::total_cmp).1,
            Self::Small(v, scale) => *v.select_nth_unstable(place).1 as f64 / 10f64.powi(i32::from(*scale)),
            Self::Exact(v, scale) => *v.select_nth_unstable(place).1 as f64 / 10f64.powi(i32::from(*scale)),
        }
    }

    /// A quantile, if there are values.
    pub fn quantile(&mut self, p: f64, method: QuantileMethod) -> Option<f64> {
        let n = self.len();
        if n == 0 {
            return None;
        }
        if method == QuantileMethod::Discrete {
            let place = (p * n as f64).ceil().max(1.0) as usize - 1;
            return Some(self.at(place.min(n - 1)));
        }
        let place = p * (n - 1) as f64;
        let (below, part) = (place.floor() as usize, place.fract());
        let above = (below + usize::from(part > 0.0)).min(n - 1);
        Some(match method {
            QuantileMethod::Lower => self.at(below),
            QuantileMethod::Higher => self.at(above),
            QuantileMethod::Nearest | QuantileMethod::Discrete => {
                let up = part > 0.5 || (part == 0.5 && below % 2 == 1);
                self.at(if up { above } else { below })
            }
            QuantileMethod::Midpoint => f64::midpoint(self.at(below), self.at(above)),
            QuantileMethod::Linear => {
                let (low, high) = (self.at(below), self.at(above));
                if part == 0.0 || low == high {
                    low
                } else {
                    low + (high - low) * part
                }
            }
        })
    }

    /// The median: of an even number of values the mean of the two in the middle.
    pub fn median(&mut self) -> Option<f64> {
        self.quantile(0.5, QuantileMethod::Midpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;
    use crate::suite::QuantileMethod::{Discrete, Higher, Linear, Lower, Midpoint, Nearest};

    #[test]
    fn quantiles_are_those_of_numpy_and_of_sql() {
        for (values, p, method, expected) in [
            (vec![1, 2, 3, 10, 10, 20], 0.9, Nearest, 10.0),
            (vec![1, 2, 3, 10, 10, 20], 0.9, Discrete, 20.0),
            (vec![1, 2, 3, 4], 0.5, Linear, 2.5),
            (vec![1, 2, 3, 4], 0.5, Nearest, 3.0),
            (vec![1, 2, 3, 4], 0.5, Lower, 2.0),
            (vec![1, 2, 3, 4], 0.5, Higher, 3.0),
            (vec![1, 2, 3, 4], 0.5, Midpoint, 2.5),
            (vec![1, 2, 3, 4], 0.5, Discrete, 2.0),
            (vec![4, 3, 2, 1], 0.25, Linear, 1.75),
            (vec![7], 0.99, Nearest, 7.0),
            (vec![1, 2], 0.0, Discrete, 1.0),
            (vec![1, 2], 1.0, Discrete, 2.0),
        ] {
            let mut pool = Pool::Int(values.clone());
            assert_eq!(pool.quantile(p, method), Some(expected), "{values:?} {p} {method:?}");
        }
        assert_eq!(Pool::Float(vec![]).median(), None);
    }
}
