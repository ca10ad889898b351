//! The work of a suite: expectations of one table, judged where the table lies, and where the verdict goes.

use headwater_suite::{Severity, Suite, SuiteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DatasetRef, GcsUrl, SpecError};

/// Expectations of a table → a verdict in two tables and on a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqSuiteSpec {
    /// Where the pipeline's documents lie.
    pub lake: GcsUrl,
    /// What is judged.
    pub target: DqTarget,
    /// What is expected of it.
    pub suite: Suite,
    /// Where verdicts are written.
    pub results: DqResults,
    /// A run that would be billed more bytes than this is not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes_billed: Option<u64>,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<DqAlert>,
    /// What evaluates it.
    #[serde(default, skip_serializing_if = "DqExecution::is_bigquery")]
    pub execution: DqExecution,
}

/// What evaluates a suite.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DqExecution {
    /// BigQuery, by one query.
    #[default]
    Bigquery,
    /// Dataplex, as a data quality scan that has the suite's rules.
    Dataplex {
        /// The scan: `projects/P/locations/L/dataScans/S`.
        scan: String,
    },
}

impl DqExecution {
    const fn is_bigquery(&self) -> bool {
        matches!(self, Self::Bigquery)
    }
}

/// A table or view of BigQuery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqTarget {
    /// Its project.
    pub project: String,
    /// Its dataset.
    pub dataset: String,
    /// Its id.
    pub table: String,
    /// Its location, such as `EU`: jobs must name it.
    pub location: String,
    /// A condition in GoogleSQL, without the word WHERE, on all that is read: the partitions that are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_filter: Option<String>,
}

impl DqTarget {
    /// Its full name, as results and alerts say it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.project, self.dataset, self.table)
    }
}

/// The tables that verdicts are written to; suites may share them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqResults {
    /// Where they lie.
    pub dataset: DatasetRef,
    /// A row for each run; see [`crate::DQ_RUN_COLUMNS`].
    pub run_table: String,
    /// A row for each run and expectation; see [`crate::DQ_RESULT_COLUMNS`].
    pub result_table: String,
}

/// Who is told of verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqAlert {
    /// The topic: `projects/P/topics/T`.
    pub topic: String,
    /// Of which verdicts.
    pub on: Vec<AlertOn>,
    /// A failure of expectations that are all less grave is not told.
    #[serde(default = "gravest_but_two")]
    pub min_severity: Severity,
}

const fn gravest_but_two() -> Severity {
    Severity::Info
}

/// A verdict that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertOn {
    /// Every run that passed.
    Pass,
    /// Expectations failed that are only recorded.
    Warn,
    /// The suite failed.
    Fail,
    /// The suite could not be evaluated.
    Error,
    /// The suite passed, and had not the time before.
    Recovered,
}

impl DqSuiteSpec {
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let field = |field: &str, reason: String| SpecError::field(format!("dq_suite.{field}"), reason);
        self.suite.check().map_err(|error| match &error {
            SuiteError::Expectation { id, attribute, reason } => {
                field(&format!("suite.{id}.{attribute}"), reason.clone())
            }
            other => field("suite", other.to_string()),
        })?;
        if self.suite.expectations.is_empty() {
            let reason = "it is empty: expect at least one thing".to_owned();
            return Err(field("suite.expectations", reason));
        }
        if let Some(alert) = &self.alert
            && !matches!(alert.topic.split('/').collect::<Vec<_>>().as_slice(), ["projects", p, "topics", t] if !p.is_empty() && !t.is_empty())
        {
            let reason = format!("{} is not of the form projects/PROJECT/topics/TOPIC", alert.topic);
            return Err(field("alert.topic", reason));
        }
        if let DqExecution::Dataplex { scan } = &self.execution
            && !matches!(scan.split('/').collect::<Vec<_>>().as_slice(), ["projects", p, "locations", l, "dataScans", s] if ![p, l, s].iter().any(|part| part.is_empty()))
        {
            let reason = format!("{scan} is not of the form projects/PROJECT/locations/LOCATION/dataScans/SCAN");
            return Err(field("execution.dataplex.scan", reason));
        }
        if self.results.run_table == self.results.result_table {
            let reason = "it is the same as run_table: runs and results have different columns".to_owned();
            return Err(field("results.result_table", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) fn sample() -> serde_json::Value {
    serde_json::json!({
        "lake": "gs://lake",
        "target": {"project": "p", "dataset": "raw", "table": "orders", "location": "EU"},
        "suite": {"api_version": headwater_suite::API_VERSION, "name": "orders",
            "expectations": [{"check": {"between": {"column": "quantity", "bounds": {"ints": {"min": 1, "max": 9}}}}}]},
        "results": {"dataset": {"project": "p", "dataset": "dq", "location": "EU"},
            "run_table": "dq_run", "result_table": "dq_result"},
        "alert": {"topic": "projects/p/topics/alerts", "on": ["fail", "recovered"]}
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let cases: [(&str, serde_json::Value, &str); 4] = [
            (
                "/suite/expectations/0/check/between/bounds/ints/min",
                10.into(),
                "dq_suite.suite.between.quantity.min",
            ),
            ("/suite/expectations", serde_json::json!([]), "at least one thing"),
            ("/alert/topic", "alerts".into(), "dq_suite.alert.topic"),
            (
                "/results/result_table",
                "dq_run".into(),
                "dq_suite.results.result_table",
            ),
        ];
        for (path, value, expected) in cases {
            let mut document = sample();
            *document.pointer_mut(path).unwrap() = value;
            let spec: DqSuiteSpec = serde_json::from_value(document).unwrap();
            let error = spec.check().expect_err(path).to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
        let mut document = sample();
        document["execution"] = serde_json::json!({"dataplex": {"scan": "orders"}});
        let spec: DqSuiteSpec = serde_json::from_value(document).unwrap();
        let error = spec.check().expect_err("no name of a scan").to_string();
        assert!(error.contains("dq_suite.execution.dataplex.scan"), "{error}");
        let whole: DqSuiteSpec = serde_json::from_value(sample()).unwrap();
        assert!(whole.check().is_ok());
        assert_eq!(whole.target.name(), "p.raw.orders");
    }
}
