//! A page to read: one HTML file that needs nothing else, no network and no script. Verdicts, what was demanded and observed,
//! rows that are against it with their keys, how columns are distributed, and what the runs before said.
//!
//! [`Page`] is what there is to show, from whichever place it comes: an evaluation, or a row of the verdicts' table. What it is
//! given it shows; who leaves values out, for a page that more people read than may read the data, leaves them out of it.

mod charts;
mod html;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use charts::spark;
pub use html::{STYLE, escaped, html, number};

use crate::engine::{Cell, ExpectationResult, Observed, State, SuiteResult};
use crate::profile::ColumnProfile;
use crate::suite::{Expectation, Suite};

/// What a page shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// The suite's name.
    pub suite: String,
    /// What it is for.
    pub description: Option<String>,
    /// What was judged.
    pub target: String,
    /// The run's id, where it has one.
    pub run: Option<String>,
    /// What judged: `arrow`, `pushdown`, `gate`.
    pub mode: String,
    /// When, as RFC 3339 writes it.
    pub at: String,
    /// How the suite stands.
    pub state: State,
    /// Why it could not be judged as a whole.
    pub reason: Option<String>,
    /// How many rows there were.
    pub rows: Option<u64>,
    /// Its expectations, in the suite's order.
    pub entries: Vec<Entry>,
    /// What columns hold.
    pub columns: Vec<ColumnProfile>,
    /// Of how many rows; absent: of those that were judged.
    pub column_rows: Option<u64>,
    /// The runs before and this one, the oldest first.
    pub history: Vec<Past>,
    /// A suite as HCL that what the columns hold suggests.
    pub proposed: Option<String>,
}

/// An expectation.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Which.
    pub id: String,
    /// What is demanded, such as `not_null`.
    pub check: String,
    /// Its arguments, as they are in the suite.
    pub expected: Value,
    /// The columns that it names.
    pub columns: Vec<String>,
    /// The aspect of quality.
    pub dimension: String,
    /// How grave a failure is.
    pub severity: String,
    /// What it means for the data.
    pub on_fail: String,
    /// How it stands.
    pub state: State,
    /// Of a check of rows: how many were judged.
    pub evaluated: Option<u64>,
    /// And how many were not, for want of a value.
    pub missing: Option<u64>,
    /// And how many are against it.
    pub unexpected: Option<u64>,
    /// The part that holds, from 0 to 1.
    pub pass_ratio: Option<f64>,
    /// The part that must hold.
    pub mostly: Option<f64>,
    /// What was seen.
    pub observed: Option<String>,
    /// Which rows are meant.
    pub row_condition: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// Whom to ask.
    pub owner: Option<String>,
    /// Why it has no verdict.
    pub reason: Option<String>,
    /// Rows that are against it.
    pub examples: Examples,
    /// What the runs before and this one said of it, the oldest first.
    pub history: Vec<Point>,
}

/// Some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    /// The columns, keys first.
    pub header: Vec<String>,
    /// Their values.
    pub rows: Vec<Vec<String>>,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Past {
    /// When.
    pub at: String,
    /// How the suite stood.
    pub state: State,
    /// How many rows there were.
    pub rows: Option<u64>,
    /// How many expectations were not satisfied, or could not be judged.
    pub failed: u64,
}

/// What a run said of an expectation.
#[derive(Debug, Clone)]
pub struct Point {
    /// When.
    pub at: String,
    /// How it stood.
    pub state: State,
    /// The part that held.
    pub pass_ratio: Option<f64>,
}

impl Page {
    /// Of an evaluation. What a suite and its outcome do not know is left empty.
    #[must_use]
    pub fn of(suite: &Suite, outcome: &SuiteResult) -> Self {
        let entries = suite.expectations.iter().zip(&outcome.results);
        Self {
            suite: suite.name.clone(),
            description: suite.description.clone(),
            target: String::new(),
            run: None,
            mode: String::new(),
            at: String::new(),
            state: outcome.state,
            reason: None,
            rows: Some(outcome.rows),
            entries: entries
                .map(|(expectation, result)| Entry::of(expectation, result))
                .collect(),
            columns: Vec::new(),
            column_rows: None,
            history: Vec::new(),
            proposed: None,
        }
    }

    /// How many expectations stand so.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.entries.iter().filter(|entry| entry.state == state).count()
    }
}

/// A word of the model as its JSON form has it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

impl Entry {
    fn of(expectation: &Expectation, result: &ExpectationResult) -> Self {
        let rows = result.rows;
        let details = (!result.details.is_null()).then(|| result.details.to_string());
        Self {
            id: result.id.clone(),
            check: result.check.to_owned(),
            expected: serde_json::to_value(&expectation.check).unwrap_or_default(),
            columns: result.columns.clone(),
            dimension: word(&expectation.judged_dimension()),
            severity: word(&result.severity),
            on_fail: word(&result.on_fail),
            state: result.state,
            evaluated: rows.map(|rows| rows.evaluated),
            missing: rows.map(|rows| rows.missing),
            unexpected: rows.map(|rows| rows.unexpected),
            pass_ratio: result.pass_ratio,
            mostly: rows.map(|_| expectation.mostly),
            observed: match &result.observed {
                Observed::None => details,
                observed => Some(match observed.to_json(false) {
                    Value::String(text) => text,
                    other => other.to_string(),
                }),
            },
            row_condition: expectation
                .row_condition
                .as_ref()
                .map(|c| serde_json::to_value(c).unwrap_or_default()),
            description: expectation.description.clone(),
            owner: expectation.owner.clone(),
            reason: result
                .reason
                .as_ref()
                .map(|reason| format!("{}: {}", reason.code, reason.message)),
            examples: Examples::of(result),
            history: Vec::new(),
        }
    }
}

impl Examples {
    /// The samples of a result, each with its keys; without keys, with its row's number where that is known.
    fn of(result: &ExpectationResult) -> Self {
        let mut examples = Self::default();
        for (i, sample) in result.samples.iter().enumerate() {
            let mut row: Vec<(String, String)> = Vec::new();
            if let Some(keys) = result.sample_keys.get(i) {
                row.extend(keys.iter().map(|(name, cell)| (name.clone(), shown(cell))));
            } else if let Some(number) = result.sample_rows.get(i) {
                row.push(("row".into(), number.to_string()));
            }
            let name = |i: usize| result.columns.get(i).cloned().unwrap_or_else(|| "value".into());
            match sample {
                Cell::Pair(cells) => row.extend(cells.iter().enumerate().map(|(i, cell)| (name(i), shown(cell)))),
                Cell::Row(cells) => row.extend(cells.iter().map(|(name, cell)| (name.clone(), shown(cell)))),
                cell => row.push((name(0), shown(cell))),
            }
            if examples.header.is_empty() {
                examples.header = row.iter().map(|(name, _)| name.clone()).collect();
            }
            examples.rows.push(row.into_iter().map(|(_, value)| value).collect());
        }
        examples
    }
}

/// A value for people: what is not there is told from the empty text.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".into(),
        Cell::Text(text) if text.is_empty() => "''".into(),
        cell => cell.to_string(),
    }
}
