//! What an evaluation says: of each expectation and of the suite.

use arrow::buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cell::Cell;
use crate::suite::{Expectation, OnFail, Severity};

/// Why an expectation could not be evaluated. Such a one is never passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// For programs: `missing_column`, `wrong_type`, `wrong_value`, `no_data`, `unsupported`, `too_large`, `unreadable`,
    /// `sql_error`, `no_clock`, `no_history`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Reason {
    /// A reason.
    #[must_use]
    pub const fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }
}

/// How an expectation or a suite stands, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not asked for.
    Skipped,
    /// Satisfied.
    Pass,
    /// Not satisfied, and only recorded.
    Warn,
    /// Not satisfied.
    Fail,
    /// Could not be evaluated.
    Error,
}

/// How many rows a check of rows saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// Rows that the row condition means, all without one.
    pub elements: u64,
    /// Of these, rows without a value, or left out for missing values.
    pub missing: u64,
    /// Of the elements, rows that were judged.
    pub evaluated: u64,
    /// Of the evaluated, rows that do not satisfy the check.
    pub unexpected: u64,
}

/// What was observed.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// Nothing to show.
    None,
    /// A value.
    Cell(Cell),
    /// Several.
    Json(Value),
}

impl Observed {
    /// Whether there is nothing to show.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// As JSON; decimals as numbers where `numbers` says so, else as text.
    #[must_use]
    pub fn to_json(&self, numbers: bool) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Cell(cell) => cell.to_json(numbers),
            Self::Json(value) => value.clone(),
        }
    }
}

impl Serialize for Observed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json(false).serialize(serializer)
    }
}

/// One expectation's outcome.
#[derive(Debug, Clone, Serialize)]
pub struct ExpectationResult {
    /// Which.
    pub id: String,
    /// Its check.
    pub check: &'static str,
    /// The columns that it names.
    pub columns: Vec<String>,
    /// How it stands.
    pub state: State,
    /// How grave that is.
    pub severity: Severity,
    /// What it means for the data.
    pub on_fail: OnFail,
    /// Why it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Of a check of rows: how many.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowCounts>,
    /// Of a check of rows: the part of the evaluated rows that satisfies it; absent when there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_ratio: Option<f64>,
    /// What was observed, of an aggregate or the schema.
    #[serde(skip_serializing_if = "Observed::is_none")]
    pub observed: Observed,
    /// More about it.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
    /// The first values that do not satisfy it, in the order of the data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Cell>,
    /// The rows of the samples, from 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sample_rows: Vec<u64>,
    /// By what the rows of the samples are found again: their values of the columns that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "named")]
    pub sample_keys: Vec<Vec<(String, Cell)>>,
    /// The values that most often do not satisfy it, if asked for.
    #[serde(skip)]
    pub counts: Vec<(Cell, u64)>,
    /// All values that do not satisfy it, if asked for.
    #[serde(skip)]
    pub complete: Option<Vec<Cell>>,
    /// All rows that do not satisfy it, if asked for: what a gate sets apart.
    #[serde(skip)]
    pub failing: Option<BooleanBuffer>,
}

fn named<S: serde::Serializer>(keys: &[Vec<(String, Cell)>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(keys.iter().map(|key| Cell::Row(key.clone())))
}

impl ExpectationResult {
    /// Nothing is known yet.
    pub(crate) fn of(expectation: &Expectation) -> Self {
        Self {
            id: expectation.identity(),
            check: expectation.check.name(),
            columns: expectation.check.columns().into_iter().map(str::to_owned).collect(),
            state: State::Skipped,
            severity: expectation.severity,
            on_fail: expectation.on_fail,
            reason: None,
            rows: None,
            pass_ratio: None,
            observed: Observed::None,
            details: Value::Null,
            samples: Vec::new(),
            sample_rows: Vec::new(),
            sample_keys: Vec::new(),
            counts: Vec::new(),
            complete: None,
            failing: None,
        }
    }

    /// It could not be evaluated.
    #[must_use]
    pub fn without_verdict(expectation: &Expectation, reason: Reason) -> Self {
        Self {
            state: State::Error,
            reason: Some(reason),
            ..Self::of(expectation)
        }
    }
}

/// A suite's outcome.
#[derive(Debug, Clone, Serialize)]
pub struct SuiteResult {
    /// Its name.
    pub suite: String,
    /// How it stands: the worst of its expectations.
    pub state: State,
    /// How many rows there were.
    pub rows: u64,
    /// Each expectation, in the suite's order.
    pub results: Vec<ExpectationResult>,
}

impl SuiteResult {
    /// How many expectations stand so.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.results.iter().filter(|r| r.state == state).count()
    }
}
