//! Unit tests of a project: a query over given inputs, and the rows that it is to have.

use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{RunSettings, Warehouse};
use crate::graph::{Graph, Test};

/// What a test has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub file: String,
    /// Its verdict.
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
        /// What differs, one difference a line.
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

/// Carries out the unit tests of a graph; none are chosen by name: filter `graph.tests` and hand over what is wanted.
pub async fn test(
    _graph: &Graph,
    _tests: &[Test],
    _warehouse: &dyn Warehouse,
    _cancel: &CancellationToken,
    _settings: &RunSettings,
) -> Vec<TestReport> {
    let _: Option<Value> = None;
    Vec::new()
}
