//! Unit tests of a project: a query over given inputs, and the rows that it is to have.
//!
//! Rows are compared as a bag, because a query without an order has none; columns by name, in any case.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::warehouse::{Done, Failure, FailureKind};
use super::{RunSettings, Warehouse, action, execute};
use crate::graph::{Graph, Test};

/// How many differences are told.
const MOST_DIFFERENCES: usize = 10;

/// What a test has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub file: String,
    /// Its verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The verdict of a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "verdict")]
pub enum Verdict {
    /// The rows are as expected.
    Passed,
    /// They are not.
    Failed {
        /// What differs, one difference a line, the first ten.
        differences: Vec<String>,
    },
    /// It could not be tried.
    Broken {
        /// What the warehouse said, and of which of the two queries.
        reason: String,
    },
    /// Disabled in the project.
    Disabled,
}

/// Carries out unit tests, in parallel; the reports are in the tests' order. Hand over `&graph.tests`, or those that are wanted.
pub async fn test(
    graph: &Graph,
    tests: &[Test],
    warehouse: &dyn Warehouse,
    cancel: &CancellationToken,
    settings: &RunSettings,
) -> Vec<TestReport> {
    let plan = Plan {
        actions: Vec::new(),
        project: graph.project.clone(),
        full_refresh: false,
    };
    let context = execute::Context {
        plan: &plan,
        warehouse,
        observer: &|_| {},
        cancel: cancel.child_token(),
        settings,
    };
    let context = &context;
    stream::iter(tests.to_vec())
        .map(|test| async move {
            let verdict = verdict(context, &test).await;
            TestReport {
                name: test.name,
                file: test.file_name,
                verdict,
            }
        })
        .buffered(settings.parallel.max(1))
        .collect()
        .await
}

async fn verdict(context: &execute::Context<'_>, test: &Test) -> Verdict {
    if test.disabled {
        return Verdict::Disabled;
    }
    if !test.jit_code.is_empty() {
        return Verdict::Broken {
            reason: "it is compiled just in time, which is not done here".into(),
        };
    }
    let (found, expected) = tokio::join!(
        rows(context, "test", &test.test_query),
        rows(context, "expected", &test.expected_output_query)
    );
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            let differences = compare(&found, &expected);
            if differences.is_empty() {
                Verdict::Passed
            } else {
                Verdict::Failed { differences }
            }
        }
        (Err(reason), _) | (_, Err(reason)) => Verdict::Broken { reason },
    }
}

async fn rows(context: &execute::Context<'_>, which: &str, query: &str) -> Result<Done, String> {
    let failed = |failure: Failure| format!("the {which} query failed: {failure}");
    if context.cancel.is_cancelled() {
        return Err(failed(Failure::new(FailureKind::Cancelled, "the run was cancelled")));
    }
    let done = action::attempt(context, query, &BTreeMap::new(), None, true, &mut |_, _| {})
        .await
        .map_err(failed)?;
    if done.complete {
        return Ok(done);
    }
    Err(format!(
        "the {which} query has more rows than one page ({}); a unit test compares a few rows: narrow its inputs",
        done.rows.len()
    ))
}

/// What is different, in words; nothing when the rows are the same.
fn compare(found: &Done, expected: &Done) -> Vec<String> {
    let names = |done: &Done| done.columns.iter().map(|c| c.to_lowercase()).collect::<Vec<_>>();
    let (found_names, expected_names) = (names(found), names(expected));
    let mut differences = Vec::new();
    for (has, lacks, what) in [
        (&expected_names, &found_names, "is expected and not in the result"),
        (&found_names, &expected_names, "is in the result and not expected"),
    ] {
        let missing = has.iter().filter(|name| !lacks.contains(name));
        differences.extend(missing.map(|name| format!("the column {name} {what}")));
    }
    if !differences.is_empty() {
        return differences;
    }
    // Each row as text in the order of the expected columns: how often it is expected, less how often it is found.
    let mut balance: BTreeMap<String, i64> = BTreeMap::new();
    for (done, names, weight) in [(expected, &expected_names, 1), (found, &found_names, -1)] {
        for row in &done.rows {
            *balance.entry(line(row, names, &expected_names)).or_default() += weight;
        }
    }
    if found.rows.len() != expected.rows.len() {
        differences.push(format!(
            "{} rows are expected, the result has {}",
            expected.rows.len(),
            found.rows.len()
        ));
    }
    for (row, balance) in balance {
        if balance > 0 {
            differences.push(format!("missing: {row}{}", times(balance)));
        }
        if balance < 0 {
            differences.push(format!("unexpected: {row}{}", times(-balance)));
        }
    }
    let more = differences.len().saturating_sub(MOST_DIFFERENCES);
    if more > 0 {
        differences.truncate(MOST_DIFFERENCES);
        differences.push(format!("and {more} more"));
    }
    differences
}

fn times(count: i64) -> String {
    if count == 1 {
        String::new()
    } else {
        format!(" ({count} times)")
    }
}

fn line(row: &[Value], names: &[String], order: &[String]) -> String {
    let cell = |name: &String| {
        let value = names.iter().position(|n| n == name).and_then(|place| row.get(place));
        format!("{name}: {}", value.unwrap_or(&Value::Null))
    };
    format!("{{{}}}", order.iter().map(cell).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn done(columns: &[&str], rows: &[&[Value]]) -> Done {
        Done {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
            complete: true,
            ..Done::default()
        }
    }

    #[test]
    fn rows_are_a_bag_and_columns_have_names() {
        let expected = done(&["id", "n"], &[&[json!("1"), json!("a")], &[json!("2"), Value::Null]]);
        let same = done(&["N", "id"], &[&[Value::Null, json!("2")], &[json!("a"), json!("1")]]);
        assert_eq!(compare(&same, &expected), Vec::<String>::new());

        let other = done(
            &["id", "n"],
            &[
                &[json!("1"), json!("a")],
                &[json!("1"), json!("a")],
                &[json!("2"), json!("")],
            ],
        );
        assert_eq!(
            compare(&other, &expected),
            [
                "2 rows are expected, the result has 3",
                r#"unexpected: {id: "1", n: "a"}"#,
                r#"unexpected: {id: "2", n: ""}"#,
                r#"missing: {id: "2", n: null}"#,
            ]
        );
        assert_eq!(
            compare(&done(&["id", "m"], &[]), &expected),
            [
                "the column n is expected and not in the result",
                "the column m is in the result and not expected"
            ]
        );
    }
}
