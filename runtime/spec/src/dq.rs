//! The work of a suite: expectations of one table, judged where the table lies, and where the verdict goes.

use chrono::{DateTime, Utc};
use headwater_suite::{Severity, Suite, SuiteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DatasetRef, GcsUrl, Glob, SpecError};

/// Expectations of a table or of files → a verdict in two tables and on a topic.
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

/// What is judged: a table or view of BigQuery, or files of a lake.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqTarget {
    /// The table's project; this, `dataset`, `table` and `location` are absent when files are judged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Its dataset.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dataset: String,
    /// Its id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub table: String,
    /// Its location, such as `EU`: jobs must name it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// A condition in GoogleSQL, without the word WHERE, on all that is read: the partitions that are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_filter: Option<String>,
    /// Only what has come since the last verdict is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<DqIncremental>,
    /// Only so many percent of a table's blocks are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_percent: Option<f64>,
    /// Files, in the place of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<DqFiles>,
}

/// The rows that have come since the last run that had a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqIncremental {
    /// The column that says when a row came: of type TIMESTAMP, DATETIME (a time of UTC) or DATE.
    pub column: String,
    /// Rows that are so much older than the newest that was judged are judged again.
    pub overlap_seconds: u64,
    /// Where the first run begins; absent: with all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub start: Option<DateTime<Utc>>,
}

/// Files of a lake, judged in process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqFiles {
    /// `gs://BUCKET/NAME.parquet`, in which `*` stands for any characters but `/`, and `**` for any.
    pub uri: String,
}

impl DqTarget {
    /// Its full name, as results and alerts say it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.files {
            Some(files) => files.uri.clone(),
            None => format!("{}.{}.{}", self.project, self.dataset, self.table),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let named = [&self.project, &self.dataset, &self.table, &self.location];
        let Some(files) = &self.files else {
            if named.iter().any(|part| part.is_empty()) {
                return Err((
                    "table",
                    "it names no table: project, dataset, table and location".into(),
                ));
            }
            return match self.sample_percent {
                Some(percent) if !(percent > 0.0 && percent <= 100.0) => {
                    Err(("sample_percent", format!("{percent} is not above 0 and at most 100")))
                }
                _ => Ok(()),
            };
        };
        if named.iter().any(|part| !part.is_empty()) {
            return Err(("files", "there is a table, too: a suite judges one of them".into()));
        }
        let of_tables = [
            ("partition_filter", self.partition_filter.is_some()),
            ("incremental", self.incremental.is_some()),
            ("sample_percent", self.sample_percent.is_some()),
        ];
        if let Some((name, _)) = of_tables.into_iter().find(|(_, set)| *set) {
            return Err((name, "it is about tables, and files are judged".into()));
        }
        Glob::parse(&files.uri)
            .map(drop)
            .map_err(|error| ("files.uri", error.to_string()))
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
    /// Which values of the data results show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<DqSamples>,
}

/// Which values of the data results show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqSamples {
    /// How many wrong values of an expectation; absent: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
    /// Columns with policy tags whose values are shown all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmasked_columns: Vec<String>,
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
        self.target
            .check()
            .map_err(|(attribute, reason)| field(&format!("target.{attribute}"), reason))?;
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
        let cases: [(&str, serde_json::Value, &str); 7] = [
            ("/target/location", "".into(), "dq_suite.target.table"),
            (
                "/target",
                serde_json::json!({"files": {"uri": "lake/*.parquet"}}),
                "dq_suite.target.files.uri",
            ),
            (
                "/target",
                serde_json::json!({"files": {"uri": "gs://lake/*.parquet"}, "sample_percent": 1.0}),
                "dq_suite.target.sample_percent",
            ),
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
