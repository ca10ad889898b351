//! Aggregates: a few numbers that batches are added to, and what they say at the end.

use serde_json::{Value, json};

use super::bind::{Limits, Point, limits};
use super::cell::Cell;
use super::column::{Cells, Kind};
use super::condition::points;
use super::keys::{self, Distinct};
use super::moments::Moments;
use super::outcome::{Observed, Reason};
use super::pool::Pool;
use super::rows::Slots;
use super::values::ValueCounts;
use super::view::View;
use crate::suite::{
    Check, DistinctSet, MostCommon, NoData, Quantile, Range, SetMode, Statistic, StatisticKind, float_to_json,
};

/// What an aggregate says.
#[derive(Debug, Clone)]
pub struct Said {
    /// Whether it is as expected.
    pub success: bool,
    /// What was observed.
    pub observed: Observed,
    /// More about it.
    pub details: Value,
}

impl Said {
    pub const fn new(success: bool, observed: Observed) -> Self {
        Self {
            success,
            observed,
            details: Value::Null,
        }
    }
}

/// Takes in batches, and then says something.
pub trait Aggregate {
    /// Adds a batch.
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason>;
    /// What the data says.
    fn finish(self: Box<Self>) -> Result<Said, Reason>;
}

/// An aggregate, bound to columns; `None`: the check is of another sort.
pub fn bind(check: &Check, slots: &Slots<'_>) -> Result<Option<Box<dyn Aggregate>>, Reason> {
    Ok(Some(match check {
        Check::RowCount(range) => Box::new(RowCount {
            range: range.clone(),
            rows: 0,
        }),
        Check::Statistic(c) => statistic(c, slots)?,
        Check::Quantile(c) => {
            let (slot, kind) = slots(&c.column)?;
            Box::new(Quantiles {
                check: c.clone(),
                slot,
                pool: Pool::new(&kind)?,
            })
        }
        Check::DistinctSet(c) => {
            let (slot, kind) = slots(&c.column)?;
            keys::comparable(&kind)?;
            Box::new(Distincts {
                points: points(&c.values, &kind)?,
                values: ValueCounts::new(&kind),
                check: c.clone(),
                slot,
            })
        }
        Check::MostCommon(c) => {
            let (slot, kind) = slots(&c.column)?;
            keys::comparable(&kind)?;
            Box::new(Modes {
                points: points(&c.values, &kind)?,
                values: ValueCounts::new(&kind),
                check: c.clone(),
                slot,
            })
        }
        Check::Distribution(c) => super::distribution::bind(c, slots)?,
        _ => return Ok(None),
    }))
}

struct RowCount {
    range: Range<u64>,
    rows: u64,
}

impl Aggregate for RowCount {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        self.rows += view.meant.count() as u64;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Said, Reason> {
        let success = self.range.holds(&self.rows);
        Ok(Said::new(success, Observed::Cell(Cell::Int(self.rows.into()))))
    }
}

fn statistic(check: &Statistic, slots: &Slots<'_>) -> Result<Box<dyn Aggregate>, Reason> {
    let (slot, kind) = slots(&check.column)?;
    let numbers = || {
        if kind.is_number() {
            Ok(())
        } else {
            Err(Reason::new(
                "wrong_type",
                format!("the column holds {}, and this check is about numbers", kind.name()),
            ))
        }
    };
    let (limits, work) = match check.statistic {
        StatisticKind::Min | StatisticKind::Max => (limits(&check.bounds, &kind)?, Work::Extremes(Extremes::default())),
        StatisticKind::Sum => {
            numbers()?;
            let of = match kind {
                Kind::Float | Kind::Decimal(_) => kind.clone(),
                _ => Kind::Int,
            };
            (limits(&check.bounds, &of)?, Work::Sum(0, Moments::default()))
        }
        StatisticKind::Mean => {
            numbers()?;
            (limits(&check.bounds, &Kind::Float)?, Work::Sum(0, Moments::default()))
        }
        StatisticKind::Stdev => {
            numbers()?;
            (limits(&check.bounds, &Kind::Float)?, Work::Moments(Moments::default()))
        }
        StatisticKind::Median => (limits(&check.bounds, &Kind::Float)?, Work::Pool(Pool::new(&kind)?)),
        StatisticKind::DistinctCount => {
            keys::comparable(&kind)?;
            (limits(&check.bounds, &Kind::Int)?, Work::Distinct(Distinct::new(slot)))
        }
        StatisticKind::DistinctRatio => {
            keys::comparable(&kind)?;
            (
                limits(&check.bounds, &Kind::Float)?,
                Work::Distinct(Distinct::new(slot)),
            )
        }
        StatisticKind::NonNullRatio => (limits(&check.bounds, &Kind::Float)?, Work::Presence),
    };
    Ok(Box::new(Number {
        statistic: check.statistic,
        no_data: check.no_data,
        slot,
        kind,
        limits,
        work,
        rows: 0,
        values: 0,
    }))
}

/// The least and the greatest value.
#[derive(Default)]
struct Extremes {
    exact: Option<(i128, i128)>,
    float: Option<(f64, f64)>,
    text: Option<(String, String)>,
}

enum Work {
    Extremes(Extremes),
    Sum(i128, Moments),
    Moments(Moments),
    Pool(Pool),
    Distinct(Distinct),
    Presence,
}

struct Number {
    statistic: StatisticKind,
    no_data: NoData,
    slot: usize,
    kind: Kind,
    limits: Limits,
    work: Work,
    rows: u64,
    values: u64,
}

impl Aggregate for Number {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        let present = view.present(self.slot)?;
        let column = view.column(self.slot)?;
        self.rows += view.meant.count() as u64;
        self.values += present.count() as u64;
        match &mut self.work {
            Work::Presence => {}
            Work::Distinct(distinct) => {
                distinct.add(view)?;
            }
            Work::Pool(pool) => pool.add(column, &present),
            Work::Moments(moments) => {
                let floats = column.floats().unwrap_or_default();
                present.slices(&floats, |s| moments.add(s, true));
            }
            Work::Sum(exact, moments) => match &column.cells {
                Cells::Float(v) => present.slices(v, |s| moments.add(s, false)),
                Cells::Int(v) => present.slices(v, |s| {
                    *exact = exact.saturating_add(s.iter().map(|i| i128::from(*i)).sum());
                }),
                Cells::UInt(v) => present.slices(v, |s| {
                    *exact = exact.saturating_add(s.iter().map(|i| i128::from(*i)).sum());
                }),
                Cells::Exact(v) => present.for_each(|row| *exact = exact.saturating_add(v[row])),
                Cells::Bool(v) => present.for_each(|row| *exact += i128::from(v.value(row))),
                Cells::Text(_) | Cells::Bytes(_) | Cells::Opaque => {}
            },
            Work::Extremes(extremes) => extremes.add(&column.cells, &present),
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Said, Reason> {
        let n = self.values as f64;
        let zero = if self.no_data == NoData::Zero { Some(0.0) } else { None };
        let ratio = |part: u64, whole: u64| {
            if whole > 0 {
                Some(part as f64 / whole as f64)
            } else {
                zero
            }
        };
        let observed = match &mut self.work {
            Work::Presence => ratio(self.values, self.rows).map(Cell::Float),
            Work::Distinct(distinct) => match self.statistic {
                StatisticKind::DistinctRatio => ratio(distinct.count(), self.values).map(Cell::Float),
                // How many values there are is known also when there are none.
                _ => Some(Cell::Int(distinct.count().into())),
            },
            Work::Pool(pool) => pool.median().map(Cell::Float),
            Work::Moments(moments) => moments.deviation().map(Cell::Float),
            Work::Sum(exact, moments) => {
                let some = self.values > 0;
                match (self.statistic, &self.kind) {
                    (StatisticKind::Mean, Kind::Float) => moments.mean().map(Cell::Float),
                    (StatisticKind::Mean, Kind::Decimal(scale)) => {
                        some.then(|| Cell::Float(*exact as f64 / 10f64.powi(i32::from(*scale)) / n))
                    }
                    (StatisticKind::Mean, _) => some.then(|| Cell::Float(*exact as f64 / n)),
                    (_, kind) if some || zero.is_some() => Some(match kind {
                        Kind::Float => Cell::Float(moments.sum()),
                        Kind::Decimal(scale) => Cell::Decimal(*exact, *scale),
                        _ => Cell::Int(*exact),
                    }),
                    _ => None,
                }
            }
            Work::Extremes(extremes) => extremes.cell(self.statistic == StatisticKind::Min, &self.kind),
        };
        let Some(cell) = observed else {
            return match self.no_data {
                NoData::Error => Err(Reason::new(
                    "no_data",
                    format!(
                        "there are {} values, of which this number does not exist; say by no_data what that is to mean",
                        self.values
                    ),
                )),
                NoData::Fail | NoData::Zero => Ok(Said::new(false, Observed::Cell(Cell::Null))),
            };
        };
        if let Cell::Float(f) = cell
            && f.is_nan()
        {
            return Ok(Said::new(false, Observed::Cell(Cell::Null)));
        }
        let success = holds(&self.limits, &cell);
        let shown = match (cell, &self.work) {
            // Times are compared as numbers and shown as times.
            (Cell::Int(i), Work::Extremes(_)) => i64::try_from(i).map_or(Cell::Int(i), |i| Cell::int(&self.kind, i)),
            (cell, _) => cell,
        };
        Ok(Said::new(success, Observed::Cell(shown)))
    }
}

/// Whether an observed value lies in an interval.
pub fn holds(limits: &Limits, cell: &Cell) -> bool {
    match (limits, cell) {
        (Limits::Float(range), Cell::Float(f)) => range.holds(f),
        (Limits::Exact(lo, hi), Cell::Int(i) | Cell::Decimal(i, _)) => i >= lo && i <= hi,
        (Limits::Exact(lo, hi), Cell::Bool(b)) => (*lo..=*hi).contains(&i128::from(*b)),
        (Limits::Text(range), Cell::Text(text)) => range.holds(text),
        // Limits are bound to what is observed; anything else would be no pass.
        _ => false,
    }
}

impl Extremes {
    fn add(&mut self, cells: &Cells, rows: &super::mask::Mask) {
        let exact = |known: &mut Option<(i128, i128)>, least: i128, most: i128| {
            *known = Some(known.map_or((least, most), |(a, b)| (a.min(least), b.max(most))));
        };
        match cells {
            Cells::Int(v) => rows.slices(v, |s| {
                if let (Some(a), Some(b)) = (s.iter().min(), s.iter().max()) {
                    exact(&mut self.exact, (*a).into(), (*b).into());
                }
            }),
            Cells::UInt(v) => rows.slices(v, |s| {
                if let (Some(a), Some(b)) = (s.iter().min(), s.iter().max()) {
                    exact(&mut self.exact, (*a).into(), (*b).into());
                }
            }),
            Cells::Exact(v) => rows.slices(v, |s| {
                if let (Some(a), Some(b)) = (s.iter().min(), s.iter().max()) {
                    exact(&mut self.exact, *a, *b);
                }
            }),
            Cells::Bool(v) => rows.for_each(|row| {
                let b = i128::from(v.value(row));
                exact(&mut self.exact, b, b);
            }),
            Cells::Float(v) => rows.slices(v, |s| {
                // A NaN makes the extreme one: it lies in no interval.
                let (a, b) = s.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| {
                    (
                        if *x < a || x.is_nan() { *x } else { a },
                        if *x > b || x.is_nan() { *x } else { b },
                    )
                });
                if !s.is_empty() {
                    let least = |a: f64, b: f64| if a.is_nan() || a < b { a } else { b };
                    let most = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
                    self.float = Some(self.float.map_or((a, b), |(c, d)| (least(c, a), most(d, b))));
                }
            }),
            Cells::Text(v) => rows.for_each(|row| {
                let text = v.get(row);
                match &mut self.text {
                    None => self.text = Some((text.to_owned(), text.to_owned())),
                    Some((a, b)) => {
                        if text < a.as_str() {
                            text.clone_into(a);
                        }
                        if text > b.as_str() {
                            text.clone_into(b);
                        }
                    }
                }
            }),
            Cells::Bytes(_) | Cells::Opaque => {}
        }
    }

    /// The extreme as a number, where it is one; as text, where it is text.
    fn cell(&mut self, least: bool, kind: &Kind) -> Option<Cell> {
        let pick = |pair: (i128, i128)| if least { pair.0 } else { pair.1 };
        if let Some(pair) = self.exact {
            let i = pick(pair);
            return Some(match kind {
                Kind::Decimal(scale) => Cell::Decimal(i, *scale),
                Kind::Bool => Cell::Bool(i == 1),
                _ => Cell::Int(i),
            });
        }
        if let Some((a, b)) = self.float {
            return Some(Cell::Float(if least { a } else { b }));
        }
        self.text.take().map(|(a, b)| Cell::Text(if least { a } else { b }))
    }
}

struct Quantiles {
    check: Quantile,
    slot: usize,
    pool: Pool,
}

impl Aggregate for Quantiles {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        let present = view.present(self.slot)?;
        self.pool.add(view.column(self.slot)?, &present);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Said, Reason> {
        if self.pool.len() == 0 && self.check.no_data == NoData::Error {
            return Err(Reason::new(
                "no_data",
                "there are no values, and so no quantiles".into(),
            ));
        }
        let mut values = Vec::new();
        let mut inside = Vec::new();
        for wanted in &self.check.quantiles {
            let value = self.pool.quantile(wanted.p, self.check.method);
            values.push(value.map_or(Value::Null, float_to_json));
            inside.push(value.is_some_and(|v| {
                let near =
                    |end: Option<f64>| end.is_some_and(|e| (v - e).abs() <= self.check.relative_tolerance * e.abs());
                let range = Range {
                    min: wanted.min,
                    max: wanted.max,
                    strict_min: false,
                    strict_max: false,
                };
                range.holds(&v) || near(wanted.min) || near(wanted.max)
            }));
        }
        let points: Vec<f64> = self.check.quantiles.iter().map(|q| q.p).collect();
        Ok(Said {
            success: inside.iter().all(|i| *i),
            observed: Observed::Json(json!({"quantiles": points, "values": values})),
            details: json!({"success_details": inside}),
        })
    }
}

struct Distincts {
    check: DistinctSet,
    slot: usize,
    points: Vec<Point>,
    values: ValueCounts,
}

/// So many values are shown of a set.
const SHOWN: usize = 20;

impl Aggregate for Distincts {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        self.values.add(view, self.slot)
    }

    fn finish(self: Box<Self>) -> Result<Said, Reason> {
        // A value that no value of the column equals is expected all the same, and is missing. So is NULL, which is no value.
        let literals = self.check.values.literals();
        let mut missing: Vec<Value> = Vec::new();
        let mut expected = Vec::new();
        for (point, literal) in self.points.iter().zip(&literals) {
            if expected.contains(&point) && *point != Point::Never {
                continue;
            }
            expected.push(point);
            if !self.values.contains(point) {
                missing.push(literal.value.to_json());
            }
        }
        let unexpected = self.values.cells_except(&self.points);
        let (wants_all, allows_others) = match self.check.mode {
            SetMode::In => (false, false),
            SetMode::Contain => (true, true),
            SetMode::Equal => (true, false),
        };
        let success = (!wants_all || missing.is_empty()) && (allows_others || unexpected.is_empty());
        let mut details = serde_json::Map::new();
        if !allows_others {
            details.insert("unexpected_count".into(), unexpected.len().into());
            let shown: Vec<Value> = unexpected.iter().take(SHOWN).map(|c| c.to_json(true)).collect();
            details.insert("partial_unexpected_list".into(), shown.into());
        }
        if wants_all {
            details.insert("missing_count".into(), missing.len().into());
            missing.truncate(SHOWN);
            details.insert("partial_missing_list".into(), missing.into());
        }
        Ok(Said {
            success,
            observed: Observed::None,
            details: Value::Object(details),
        })
    }
}

struct Modes {
    check: MostCommon,
    slot: usize,
    points: Vec<Point>,
    values: ValueCounts,
}

impl Aggregate for Modes {
    fn add(&mut self, view: &View<'_>) -> Result<(), Reason> {
        self.values.add(view, self.slot)
    }

    fn finish(self: Box<Self>) -> Result<Said, Reason> {
        let (cells, known) = self.values.modes(&self.points);
        let success = if self.check.ties_ok {
            known > 0
        } else {
            cells.len() == 1 && known == 1
        };
        let shown: Vec<Value> = cells.iter().map(|c| c.to_json(true)).collect();
        Ok(Said::new(success, Observed::Json(shown.into())))
    }
}
