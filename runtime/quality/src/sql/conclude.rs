//! Results out of the query's answers.

use serde_json::Value;

use super::aggregates::Answer;
use super::schema::{Field, cell, whole};
use super::{Asked, SAMPLES};
use crate::engine::{Cell, ExpectationResult, Kind, Observed, Reason, RowCounts, Said, SuiteResult, verdict};
use crate::suite::{Check, Expectation, Suite};

/// How samples are shown.
pub(super) enum Shown {
    /// The value of one column.
    One(Kind),
    /// The values of two columns.
    Pair(Kind, Kind),
    /// The values of several, with their names.
    Many(Vec<(String, Kind)>),
}

impl Shown {
    fn cell(&self, sample: &Value) -> Cell {
        let at = |i: usize, kind: &Kind| cell(kind, &sample[format!("v{i}")]);
        match self {
            Self::One(kind) => at(0, kind),
            Self::Pair(left, right) => Cell::Pair(vec![at(0, left), at(1, right)]),
            Self::Many(columns) => Cell::Row(
                columns
                    .iter()
                    .enumerate()
                    .map(|(i, (name, kind))| (name.clone(), at(i, kind)))
                    .collect(),
            ),
        }
    }

    /// The keys of the samples' rows.
    fn keys(answer: &Answer, keys: &[Field]) -> Vec<Vec<(String, Cell)>> {
        let list = answer.get("sample").and_then(Value::as_array);
        if keys.is_empty() {
            return Vec::new();
        }
        let key = |sample: &Value| {
            let named = keys.iter().enumerate();
            named
                .map(|(i, key)| (key.name.clone(), cell(&key.kind, &sample[format!("k{i}")])))
                .collect()
        };
        list.into_iter().flatten().map(key).take(SAMPLES).collect()
    }

    /// Samples of rows, or of groups of equal rows that count as often as they occur.
    fn samples(&self, answer: &Answer) -> Vec<Cell> {
        let list = answer.get("sample").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .flat_map(|sample| {
                let times = whole(&sample["n"]).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
                std::iter::repeat_n(self.cell(sample), times.min(SAMPLES))
            })
            .take(SAMPLES)
            .collect()
    }
}

fn count(answer: &Answer, name: &str) -> u64 {
    answer
        .get(name)
        .and_then(whole)
        .and_then(|i| u64::try_from(i).ok())
        .unwrap_or_default()
}

/// Whether another table has as many rows.
pub(super) fn same_count(answer: &Answer) -> Result<Said, Reason> {
    let (here, there) = (count(answer, "n"), count(answer, "other"));
    let observed = serde_json::json!({"self": here, "other": there});
    Ok(Said::new(here == there, Observed::Json(observed)))
}

/// Whether a query returned nothing.
pub(super) fn no_rows(answer: &Answer) -> Result<Said, Reason> {
    let n = count(answer, "n");
    Ok(Said::new(n == 0, Observed::Cell(Cell::Int(n.into()))))
}

/// A suite's results.
pub(super) fn suite(
    suite: &Suite,
    asked: &[Asked],
    answers: &(u64, Vec<Option<Answer>>),
    keys: &[Field],
) -> SuiteResult {
    let (rows, answers) = answers;
    let results: Vec<ExpectationResult> = suite
        .expectations
        .iter()
        .zip(asked)
        .zip(answers)
        .map(|((expectation, asked), answer)| one(expectation, asked, answer.as_ref(), keys))
        .collect();
    verdict::suite(suite, *rows, results)
}

fn one(expectation: &Expectation, asked: &Asked, answer: Option<&Answer>, keys: &[Field]) -> ExpectationResult {
    // An answer that is not there is no verdict, and never a pass.
    let unread = || {
        let message = "BigQuery's answer has nothing that can be read for this expectation";
        ExpectationResult::without_verdict(expectation, Reason::new("unreadable", message.into()))
    };
    match (asked, answer) {
        (Asked::Skipped, _) => ExpectationResult::of(expectation),
        (Asked::Failed(reason), _) => ExpectationResult::without_verdict(expectation, reason.clone()),
        (Asked::Decided(said), _) => verdict::said(expectation, said.clone()),
        (Asked::Aggregate(_) | Asked::Rows(_), None) => unread(),
        (Asked::Aggregate(reader), Some(answer)) => match reader(answer) {
            Ok(said) => verdict::said(expectation, said),
            Err(reason) => ExpectationResult::without_verdict(expectation, reason),
        },
        (Asked::Rows(shown), Some(answer)) => {
            let (elements, evaluated) = (count(answer, "elements"), count(answer, "evaluated"));
            let counts = RowCounts {
                elements,
                evaluated,
                missing: elements.saturating_sub(evaluated),
                unexpected: count(answer, "unexpected"),
            };
            let mut result = verdict::rows(expectation, counts, shown.samples(answer));
            // Of groups of equal rows the values are what they are found by.
            if !matches!(expectation.check, Check::Unique(_) | Check::ForeignKey(_)) {
                result.sample_keys = Shown::keys(answer, keys);
            }
            result
        }
    }
}
