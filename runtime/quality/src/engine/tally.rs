//! What is kept of a check of rows: counts, and as many of the rows against it as were asked for.

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use hashbrown::HashMap;

use super::cell::Cell;
use super::context::Context;
use super::outcome::{Reason, RowCounts};
use super::view::{Verdict, View};

/// How much is kept of the values that do not satisfy a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The first few.
    Samples,
    /// Also how often the most frequent ones occur.
    Counts,
    /// All of them: memory grows with them.
    Complete,
}

/// What is to be kept, and what is known beside the data.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How many samples.
    pub samples: usize,
    /// How much else.
    pub detail: Detail,
    /// Whether each check of rows whose `on_fail` is `quarantine` keeps one bit for each row, for a gate that sets rows apart.
    pub rows: bool,
    /// What time it is, and what the runs before have found.
    pub context: &'a Context,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            samples: 20,
            detail: Detail::Counts,
            rows: false,
            context: Context::none(),
        }
    }
}

/// Different values that are counted at most; beyond, values that come for the first time are not counted any more.
const MOST_COUNTED: usize = 100_000;

/// How samples look.
#[derive(Debug, Clone)]
pub enum Shape {
    /// The value of one column.
    One(usize),
    /// The values of two columns.
    Pair(usize, usize),
    /// The values of columns with their names.
    Many(Vec<(String, usize)>),
}

/// What is kept.
pub struct Tally {
    most: usize,
    detail: Detail,
    shape: Shape,
    /// How many rows.
    pub counts: RowCounts,
    /// The first values.
    pub samples: Vec<Cell>,
    /// Their rows.
    pub sample_rows: Vec<u64>,
    /// How often values occur, in the order of their first occurrence.
    pub frequencies: HashMap<Cell, (u64, usize)>,
    /// All values and rows.
    pub complete: Option<Vec<Cell>>,
    /// A bit for each row of the data.
    pub failing: Option<BooleanBufferBuilder>,
}

impl Tally {
    pub fn new(options: Options<'_>, shape: Shape) -> Self {
        Self {
            most: options.samples,
            detail: options.detail,
            shape,
            counts: RowCounts::default(),
            samples: Vec::new(),
            sample_rows: Vec::new(),
            frequencies: HashMap::new(),
            complete: (options.detail == Detail::Complete).then(Vec::new),
            failing: (options.rows || options.detail == Detail::Complete).then(|| BooleanBufferBuilder::new(0)),
        }
    }

    /// Adds a batch.
    pub fn add(&mut self, view: &View<'_>, verdict: &Verdict) -> Result<(), Reason> {
        self.count(view, verdict);
        if let Some(failing) = &mut self.failing {
            failing.append_buffer(&verdict.unexpected);
        }
        self.collect(view, &verdict.unexpected)
    }

    /// Counts a batch's rows.
    pub fn count(&mut self, view: &View<'_>, verdict: &Verdict) {
        let meant = view.meant.count() as u64;
        let judged = verdict.judged.count() as u64;
        self.counts.elements += meant;
        self.counts.missing += meant - judged;
        self.counts.evaluated += judged;
        self.counts.unexpected += verdict.unexpected.count_set_bits() as u64;
    }

    /// Whether it wants to see any more values.
    pub fn is_curious(&self) -> bool {
        self.samples.len() < self.most || self.detail > Detail::Samples
    }

    /// Of all rows that do not satisfy the check, those whose values it wants to see.
    pub fn wanted(&self, unexpected: &BooleanBuffer) -> BooleanBuffer {
        let more = self.most.saturating_sub(self.samples.len());
        let after = match self.detail {
            Detail::Samples => unexpected.set_indices().nth(more),
            Detail::Counts | Detail::Complete => None,
        };
        after.map_or_else(
            || unexpected.clone(),
            |after| {
                let mut wanted = BooleanBufferBuilder::new(unexpected.len());
                wanted.append_buffer(&unexpected.slice(0, after));
                wanted.append_n(unexpected.len() - after, false);
                wanted.finish()
            },
        )
    }

    /// Keeps values of the rows that do not satisfy the check.
    pub fn collect(&mut self, view: &View<'_>, unexpected: &BooleanBuffer) -> Result<(), Reason> {
        if !self.is_curious() {
            return Ok(());
        }
        for row in unexpected.set_indices() {
            let cell = self.cell(view, row)?;
            if self.samples.len() < self.most {
                self.samples.push(cell.clone());
                self.sample_rows.push(view.batch.offset + row as u64);
            }
            if self.detail == Detail::Samples {
                if !self.is_curious() {
                    break;
                }
                continue;
            }
            if let Some(complete) = &mut self.complete {
                complete.push(cell.clone());
            }
            let known = self.frequencies.len();
            match self.frequencies.get_mut(&cell) {
                Some((times, _)) => *times += 1,
                None if known < MOST_COUNTED => {
                    self.frequencies.insert(cell, (1, known));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn cell(&self, view: &View<'_>, row: usize) -> Result<Cell, Reason> {
        let at = |slot: usize| Ok::<_, Reason>(Cell::at(view.column(slot)?, row, view.nan));
        Ok(match &self.shape {
            Shape::One(slot) => at(*slot)?,
            Shape::Pair(left, right) => Cell::Pair(vec![at(*left)?, at(*right)?]),
            Shape::Many(slots) => Cell::Row(
                slots
                    .iter()
                    .map(|(name, slot)| Ok((name.clone(), at(*slot)?)))
                    .collect::<Result<_, Reason>>()?,
            ),
        })
    }

    /// The most frequent values: as many as there are samples, the most frequent first, equals in their order.
    pub fn most_frequent(&self) -> Vec<(Cell, u64)> {
        let mut all: Vec<(&Cell, u64, usize)> = self.frequencies.iter().map(|(c, (n, at))| (c, *n, *at)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.2.cmp(&b.2)));
        all.truncate(self.most);
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all.into_iter().map(|(cell, n, _)| (cell.clone(), n)).collect()
    }
}
