//! Debug queries: what a rule asks besides, so that its result has a suite's counts.

use arrow::datatypes::SchemaRef;
use serde_json::Value;

use super::{DATA, sql};
use crate::sql::Pushdown;
use crate::sql::parts::{RowParts, counted};
use crate::suite::{API_VERSION, Check, Expectation, Suite};

/// <https://cloud.google.com/dataplex/docs/auto-data-quality-overview#debug-queries>
const LONGEST: usize = 1024;

/// How a rule's result is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// The rule counts what the suite does; values that are missing are counted apart, if so.
    Rows { missing_apart: bool },
    /// The rule counts rows that are wrong; the debug query, the rows that are meant and those that are judged.
    Judged,
    /// The debug query answers as push-down's query for the expectation.
    Answer,
    /// The rule counts rows that a query returns.
    Returned,
}

/// How many rows are meant, and how many of them are judged. The names of columns are those of the table.
pub(super) fn judged(parts: &RowParts) -> Option<String> {
    let judged = match (parts.meant.as_str(), parts.judged.as_str()) {
        (meant, "TRUE") => meant.to_owned(),
        ("TRUE", judged) => judged.to_owned(),
        (meant, judged) => format!("{meant} AND {judged}"),
    };
    short(format!(
        "SELECT {} AS elements, {} AS evaluated FROM {DATA}",
        counted(&parts.meant),
        counted(&judged)
    ))
}

/// Push-down's query for an expectation alone.
pub(super) fn answer(expectation: &Expectation, columns: &SchemaRef) -> Option<String> {
    let suite = alone(expectation);
    let asked = Pushdown::counts(&suite, columns, DATA).sql();
    short(match expectation.check {
        // The user's own SQL stays as it is.
        Check::SqlEquals(_) => asked,
        _ => sql::statement(&asked),
    })
}

/// A suite of one expectation.
pub(super) fn alone(expectation: &Expectation) -> Suite {
    Suite {
        api_version: API_VERSION.to_owned(),
        name: String::new(),
        description: None,
        expectations: vec![expectation.clone()],
    }
}

fn short(sql: String) -> Option<String> {
    (sql.chars().count() <= LONGEST).then_some(sql)
}

/// What a rule's debug query answered, value by value; none when it was not asked or not answered.
pub(super) fn answered(result: &Value) -> Option<Vec<Value>> {
    let values = result["debugQueriesResultSets"][0]["results"].as_array()?;
    let value = |value: &Value| value.get("value").cloned().unwrap_or(Value::Null);
    Some(values.iter().map(value).collect())
}
