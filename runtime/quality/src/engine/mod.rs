//! The engine: all expectations of a suite in one pass over record batches, and a second pass over few columns where rows can
//! only be judged when all have been seen.
//!
//! Each batch's columns are brought into one of a few forms once, whoever needs them; each row condition and each mask of values
//! that are there is computed once. What an expectation keeps does not grow with the rows, but for uniqueness (8 or 16 bytes a
//! row), exact quantiles (8 bytes a value) and sets of different values.

pub(crate) mod aggregate;
mod anomaly;
mod automaton;
mod bind;
mod cell;
mod column;
pub(crate) mod condition;
mod context;
pub(crate) mod derived;
mod distribution;
mod freshness;
mod kernel;
pub(crate) mod keys;
mod late;
mod locate;
mod mask;
mod moments;
mod outcome;
mod plan;
mod pool;
pub(crate) mod rows;
mod run;
pub(crate) mod schema_change;
pub(crate) mod shape;
mod tally;
mod values;
pub(crate) mod verdict;
mod view;

#[cfg(test)]
mod tests;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

pub(crate) use aggregate::Said;
pub(crate) use bind::{Limits, Point, limits, point};
pub use cell::Cell;
pub(crate) use column::{Cells, Column, Kind};
pub use context::{Context, Earlier, History};
pub use locate::locate;
pub use outcome::{ExpectationResult, Observed, Reason, RowCounts, State, SuiteResult};
pub use run::evaluate;
pub use tally::{Detail, Options};
pub use verdict::suite as conclude;

/// Batches of a table, one after another.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + 'a>;

/// Batches of some of a table's rows, each with the position of its first row.
pub type Located<'a> = Box<dyn Iterator<Item = Result<(usize, RecordBatch), ArrowError>> + 'a>;

/// Where batches come from. It can be read again, and the same rows come in the same order.
pub trait Source {
    /// The table's columns.
    fn schema(&self) -> SchemaRef;

    /// Reads some columns, in the order in which their positions are given (rising); of none, batches that know how many rows
    /// they have.
    ///
    /// # Errors
    /// The table cannot be read.
    fn scan(&mut self, columns: &[usize]) -> Result<Batches<'_>, ArrowError>;

    /// As [`Source::scan`], of some rows: the function says whether any of so many rows from a position on is wanted. Of others, as
    /// many may be left out as the source is able to.
    ///
    /// # Errors
    /// The table cannot be read.
    fn scan_some(
        &mut self,
        columns: &[usize],
        _wanted: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Located<'_>, ArrowError> {
        let mut at = 0;
        Ok(Box::new(self.scan(columns)?.map(move |batch| {
            let batch = batch?;
            let from = at;
            at += batch.num_rows();
            Ok((from, batch))
        })))
    }
}

/// Why an evaluation ended without results.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The data could not be read to its end.
    #[error("the data cannot be read")]
    Read(#[from] ArrowError),
    /// A column that is not there.
    #[error("there is no column {0:?}; there are {1}")]
    NoColumn(String, String),
    /// The data was not the same in the second pass.
    #[error("the data changed while it was read: {before} rows, then {after}")]
    Changed {
        /// In the first pass.
        before: u64,
        /// In the second.
        after: u64,
    },
}

/// Batches that are in memory.
#[derive(Debug, Clone)]
pub struct InMemory {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

impl Source for InMemory {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn scan(&mut self, columns: &[usize]) -> Result<Batches<'_>, ArrowError> {
        let columns = columns.to_vec();
        Ok(Box::new(self.batches.iter().map(move |batch| batch.project(&columns))))
    }
}
