//! A column's profile, batch by batch.

use std::hash::Hash;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Field;
use hashbrown::HashMap;

use super::bins::Bins;
use super::pattern::Patterns;
use super::sketch::{Sketch, hash};
use super::{Bin, ColumnProfile, SHOWN};
use crate::engine::{Cell, Cells, Column, Kind, Reason};
use crate::suite::Nan;

/// Of so many different values each is counted; where there are more, none is.
const COUNTED: usize = 1_024;

/// What is known of a column so far.
pub(super) struct Collector {
    name: String,
    data_type: String,
    kind: Kind,
    nulls: u64,
    present: u64,
    sum: f64,
    sketch: Sketch,
    extremes: Option<(Cell, Cell)>,
    lengths: Option<(u64, u64)>,
    /// By hash: a value and how often it is there; none: there are too many.
    values: Option<HashMap<u64, (Cell, u64)>>,
    bins: Bins,
    patterns: Patterns,
}

impl Collector {
    pub fn of(field: &Field) -> Self {
        let kind = Kind::of(field.data_type());
        Self {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            nulls: 0,
            present: 0,
            sum: 0.0,
            sketch: Sketch::default(),
            extremes: None,
            lengths: None,
            values: Some(HashMap::new()),
            bins: Bins::new(!matches!(kind, Kind::Float | Kind::Decimal(_))),
            patterns: Patterns::default(),
            kind,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn add(&mut self, array: &ArrayRef) -> Result<(), Reason> {
        let column = Column::of(array)?;
        // A NaN has no place in an order; it is counted as what is not there.
        let present = column.valid(Nan::Null).clone();
        let rows: Vec<usize> = {
            let mut rows = Vec::with_capacity(present.count());
            present.for_each(|row| rows.push(row));
            rows
        };
        self.present += rows.len() as u64;
        self.nulls += (array.len() - rows.len()) as u64;
        let at = |row: usize| Cell::at(&column, row, Nan::Null);
        if let Some(floats) = column.floats() {
            self.sum += rows.iter().map(|row| floats[*row]).sum::<f64>();
            if self.kind != Kind::Bool {
                rows.iter().for_each(|row| self.bins.add(floats[*row]));
            }
        } else if let Cells::Int(values) = &column.cells {
            rows.iter().for_each(|row| self.bins.add(values[*row] as f64));
        }
        match &column.cells {
            Cells::Int(v) => self.ordered(&rows, |row| v[row], at),
            Cells::UInt(v) => self.ordered(&rows, |row| v[row], at),
            Cells::Exact(v) => self.ordered(&rows, |row| v[row], at),
            Cells::Bool(v) => self.ordered(&rows, |row| v.value(row), at),
            Cells::Bytes(v) => self.ordered(&rows, |row| v.value(row), at),
            // Ordered as numbers are, now that no NaN is among them; both zeros are one.
            Cells::Float(v) => self.ordered(&rows, |row| order_of(v[row]), at),
            Cells::Text(v) => {
                self.ordered(&rows, |row| v.get(row), at);
                for row in &rows {
                    let text = v.get(*row);
                    let length = text.chars().count() as u64;
                    let (least, most) = self.lengths.unwrap_or((length, length));
                    self.lengths = Some((least.min(length), most.max(length)));
                    self.patterns.add(text);
                }
            }
            Cells::Opaque => self.values = None,
        }
        Ok(())
    }

    /// Values that have an order: their extremes, and how many different ones there are.
    fn ordered<T: Ord + Hash + Copy>(
        &mut self,
        rows: &[usize],
        value: impl Fn(usize) -> T,
        cell: impl Fn(usize) -> Cell,
    ) {
        let (Some(least), Some(most)) = (
            rows.iter().min_by_key(|row| value(**row)),
            rows.iter().max_by_key(|row| value(**row)),
        ) else {
            return;
        };
        let (least, most) = (cell(*least), cell(*most));
        self.extremes = Some(match self.extremes.take() {
            None => (least, most),
            Some((low, high)) => (low.min(least), high.max(most)),
        });
        for row in rows {
            let hash = hash(&value(*row));
            self.sketch.add(hash);
            let Some(values) = &mut self.values else { continue };
            if let Some((_, n)) = values.get_mut(&hash) {
                *n += 1;
            } else if values.len() == COUNTED {
                self.values = None;
            } else {
                values.insert(hash, (cell(*row), 1));
            }
        }
    }

    pub fn finish(self) -> ColumnProfile {
        let opaque = self.kind == Kind::Opaque;
        let (distinct, distinct_exact) = self.sketch.count();
        let mut values: Vec<(Cell, u64)> = self.values.unwrap_or_default().into_values().collect();
        values.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        let values_complete = distinct_exact && values.len() as u64 == distinct && values.len() <= SHOWN && !opaque;
        values.truncate(SHOWN);
        let (min, max) = self.extremes.unzip();
        let kind = &self.kind;
        let shown = |value: f64| match kind {
            Kind::Date | Kind::Time | Kind::Timestamp(..) => Cell::int(kind, value as i64),
            _ => Cell::Float(value),
        };
        let bins = self.bins.finish().into_iter().map(|(from, to, count)| Bin {
            from: shown(from),
            to: shown(to),
            count,
        });
        ColumnProfile {
            name: self.name,
            data_type: self.data_type,
            nulls: self.nulls,
            distinct: (!opaque).then_some(distinct),
            distinct_exact,
            min,
            max,
            mean: (kind.is_number() && self.present > 0).then(|| self.sum / self.present as f64),
            lengths: self.lengths,
            values,
            values_complete,
            bins: bins.collect(),
            patterns: self.patterns.finish(),
        }
    }
}

/// A number's place in the order of numbers that are no NaN.
fn order_of(value: f64) -> i64 {
    let bits = if value == 0.0 { 0 } else { value.to_bits().cast_signed() };
    bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed())
}
