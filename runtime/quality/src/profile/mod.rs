//! What columns hold: how many values are there and are different, their range, how they are distributed, what texts look like;
//! and the expectations that this suggests.
//!
//! A profile is made in one pass over batches with memory that does not grow with the rows, or by two queries of BigQuery
//! ([`sql`]). Counts, ranges and the bins of a distribution are exact. The number of different values is exact up to
//! [`sketch::EXACT`], beyond that an estimate that says so; in BigQuery it is `APPROX_COUNT_DISTINCT`.

mod bins;
mod collect;
mod pattern;
mod propose;
mod sketch;
pub mod sql;

#[cfg(test)]
mod tests;

use arrow::error::ArrowError;
use serde::Serialize;

pub use propose::{holding, propose};

use crate::engine::{Cell, Reason, Source};

/// So many of the most frequent values are shown.
const SHOWN: usize = 20;
/// So many bins at most show a distribution.
const BINS: usize = 24;

/// What a table holds.
#[derive(Debug, Clone, Serialize)]
pub struct Profile {
    /// How many rows there are.
    pub rows: u64,
    /// Its columns, in their order.
    pub columns: Vec<ColumnProfile>,
}

/// What a column holds.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type, as Arrow or GoogleSQL writes it.
    pub data_type: String,
    /// Rows without a value.
    pub nulls: u64,
    /// How many different values there are; absent of what cannot be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// Whether that number is exact.
    pub distinct_exact: bool,
    /// The least value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Cell>,
    /// The greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Cell>,
    /// The mean, of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Of texts: the length of the shortest and of the longest, in code points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lengths: Option<(u64, u64)>,
    /// The most frequent values, the most frequent first; none where there are too many different ones to count each.
    pub values: Vec<(Cell, u64)>,
    /// Whether these are all values.
    pub values_complete: bool,
    /// How numbers, days and times are distributed.
    pub bins: Vec<Bin>,
    /// What texts look like, the most frequent first; none where they look too different.
    pub patterns: Vec<Pattern>,
}

/// The values from one on, up to another that is not in it any more, except in the last bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// From.
    pub from: Cell,
    /// To.
    pub to: Cell,
    /// How many values.
    pub count: u64,
}

/// What some texts have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pattern {
    /// A regular expression, from end to end, in RE2's syntax.
    pub expression: String,
    /// How many texts are like that.
    pub count: u64,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The data could not be read to its end.
    #[error("the data cannot be read")]
    Read(#[from] ArrowError),
    /// A column that is not there.
    #[error("there is no column {0:?}; there are {1}")]
    NoColumn(String, String),
    /// Values that cannot be read.
    #[error("column {column:?}: {}", .reason.message)]
    Values {
        /// Whose.
        column: String,
        /// Why.
        reason: Reason,
    },
}

/// Profiles some columns, all where none is named.
///
/// # Errors
/// A column is not there, or the data cannot be read.
pub fn profile(source: &mut dyn Source, columns: &[String]) -> Result<Profile, ProfileError> {
    let schema = source.schema();
    let mut wanted = Vec::new();
    for name in columns {
        let at = schema.index_of(name).map_err(|_| {
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            ProfileError::NoColumn(name.clone(), names.join(", "))
        })?;
        wanted.push(at);
    }
    if columns.is_empty() {
        wanted = (0..schema.fields().len()).collect();
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut collectors: Vec<collect::Collector> = wanted
        .iter()
        .map(|at| collect::Collector::of(schema.field(*at)))
        .collect();
    let mut rows = 0;
    for batch in source.scan(&wanted)? {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        for (collector, array) in collectors.iter_mut().zip(batch.columns()) {
            collector.add(array).map_err(|reason| ProfileError::Values {
                column: collector.name().to_owned(),
                reason,
            })?;
        }
    }
    Ok(Profile {
        rows,
        columns: collectors.into_iter().map(collect::Collector::finish).collect(),
    })
}
