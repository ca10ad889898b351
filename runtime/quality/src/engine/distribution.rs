//! How far a column's distribution is from an expected one: the Kullback-Leibler divergence.

use serde_json::{Value, json};

use super::aggregate::{Aggregate, Said};
use super::bind::{Point, point};
use super::cell::Cell;
use super::column::Kind;
use super::outcome::{Observed, Reason};
use super::rows::Slots;
use super::values::ValueCounts;
use super::view::View;
use crate::suite::{Bins, Categories, Distribution, Family, Literal, Partition};

/// A distribution, bound to its column.
pub fn bind(check: &Distribution, slots: &Slots<'_>) -> Result<Box<dyn Aggregate>, Reason> {
    let (slot, kind) = slots(&check.column)?;
    Ok(match &check.expected {
        Partition::Categories(categories) => {
            super::keys::comparable(&kind)?;
            let points = categories.values.iter().map(|value| {
                let literal = Literal {
                    family: Family::Any,
                    value: value.clone(),
                };
                point(&literal, &kind)
            });
            Box::new(OfValues {
                points: points.collect::<Result<_, _>>()?,
                values: ValueCounts::new(&kind),
                categories: categories.clone(),
                check: check.clone(),
                slot,
            })
        }
        Partition::Bins(bins) => {
            if !kind.is_number() || kind == Kind::Bool {
                return Err(Reason::new(
                    "wrong_type",
                    format!("the column holds {}, and bins are of numbers", kind.name()),
                ));
            }
            Box::new(OfBins {
                counts: vec![0; bins.weights.len()],
                outside: [0; 2],
                values: 0,
                bins: bins.clone(),
                check: check.clone(),
                slot,
            })
        }
    })
}

/// The divergence of `observed` from `expected`, both brought to a sum of 1, in nats.
fn divergence(observed: &[f64], expected: &[f64]) -> f64 {
    let (p, q): (f64, f64) = (observed.iter().sum(), expected.iter().sum());
    observed
        .iter()
        .zip(expected)
        .map(|(o, e)| {
            let (o, e) = (o / p, e / q);
            if o > 0.0 { o * (o / e).ln() } else { 0.0 }
        })
        .sum()
}

fn said(check: &Distribution, divergence: f64, details: Value) -> Said {
    let cell = if divergence.is_finite() {
        Cell::Float(divergence)
    } else {
        Cell::Null
    };
    Said {
        success: check.threshold.is_none_or(|t| divergence <= t),
        observed: Observed::Cell(cell),
        details,
    }
}

fn no_values() -> Reason {
    Reason::new("no_data", "there are no values, and so no distribution".into())
}

struct OfValues {
    check: Distribution,
    categories: Categories,
    slot: usize,
    points: Vec<Point>,
    values: ValueCounts,
}

impl Aggregate for OfValues {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        self.values.add(view, self.slot)
    }

    fn finish(self: Box<Self>) -> Result<Said, Reason> {
        let total = self.values.total as f64;
        if total == 0.0 {
            return Err(no_values());
        }
        let holdout = self.check.tail_weight_holdout;
        let others = self.values.cells_except(&self.points);
        let kept = if others.is_empty() { 1.0 } else { 1.0 - holdout };
        let mut shown: Vec<Value> = self
            .categories
            .values
            .iter()
            .map(crate::suite::Scalar::to_json)
            .collect();
        let mut observed: Vec<f64> = self
            .points
            .iter()
            .map(|p| self.values.times(p) as f64 / total)
            .collect();
        let mut expected: Vec<f64> = self.categories.weights.iter().map(|w| w * kept).collect();
        let times: hashbrown::HashMap<Cell, u64> = self.values.all().collect();
        for cell in &others {
            shown.push(cell.to_json(true));
            observed.push(times.get(cell).copied().unwrap_or_default() as f64 / total);
            expected.push(holdout / others.len() as f64);
        }
        let details = json!({
            "observed_partition": {"values": shown, "weights": observed},
            "expected_partition": {"values": shown, "weights": expected},
        });
        Ok(said(&self.check, divergence(&observed, &expected), details))
    }
}

struct OfBins {
    check: Distribution,
    bins: Bins,
    slot: usize,
    counts: Vec<u64>,
    /// Below the first edge, and above the last.
    outside: [u64; 2],
    values: u64,
}

impl Aggregate for OfBins {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        let present = view.present(self.slot)?;
        let floats = view.column(self.slot)?.floats().unwrap_or_default();
        let edges = &self.bins.edges;
        let last = edges.len() - 1;
        present.for_each(|row| {
            let x = floats[row];
            self.values += 1;
            if x < edges[0] {
                self.outside[0] += 1;
            } else if x > edges[last] {
                self.outside[1] += 1;
            } else if !x.is_nan() {
                // A bin has its lower edge; the last has its upper edge as well.
                let bin = edges.partition_point(|e| *e <= x).saturating_sub(1).min(last - 1);
                self.counts[bin] += 1;
            }
        });
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Said, Reason> {
        if self.values == 0 {
            return Err(no_values());
        }
        let n = self.values as f64;
        let (tail, internal) = (self.check.tail_weight_holdout, self.check.internal_weight_holdout);
        let observed: Vec<f64> = self.counts.iter().map(|c| *c as f64 / n).collect();
        let mut expected: Vec<f64> = self.bins.weights.iter().map(|w| w * (1.0 - tail - internal)).collect();
        let empty = expected.iter().filter(|w| **w == 0.0).count();
        if internal > 0.0 && empty > 0 {
            for weight in expected.iter_mut().filter(|w| **w == 0.0) {
                *weight = internal / empty as f64;
            }
        }
        let expected_tails = self.bins.tail_weights.map_or([tail / 2.0; 2], |(a, b)| [a, b]);
        let observed_tails = self.outside.map(|c| c as f64 / n);
        let around = |tails: [f64; 2], middle: &[f64]| [&tails[..1], middle, &tails[1..]].concat();
        let divergence = divergence(&around(observed_tails, &observed), &around(expected_tails, &expected));
        let details = json!({
            "observed_partition": {"bins": self.bins.edges, "weights": observed, "tail_weights": observed_tails},
            "expected_partition": {"bins": self.bins.edges, "weights": expected, "tail_weights": expected_tails},
        });
        Ok(said(&self.check, divergence, details))
    }
}
