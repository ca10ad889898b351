//! Queries of a scan's job: the local cloud's BigQuery, called within the process as its clients call it.

use http::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::bigquery::{Api, message, table_path};
use crate::http::call::percent_encode;

/// Why there is no answer.
pub(super) enum Failure {
    /// The job is cancelled.
    Cancelled,
    /// BigQuery says why.
    Refused(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Refused(message)
    }
}

/// What a query returned, as BigQuery's REST API writes it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Names and types.
    pub(super) columns: Vec<(String, String)>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl Rows {
    /// A value of the first row.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        self.rows.first()?.get(column)?.as_str()
    }

    /// A number of the first row.
    pub(super) fn count(&self, column: usize) -> u64 {
        self.text(column).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// A truth value of the first row; what is unknown is not true.
    pub(super) fn holds(&self, column: usize) -> bool {
        self.text(column) == Some("true")
    }
}

/// BigQuery, for one job.
pub(super) struct Warehouse {
    pub(super) api: Api,
    /// Whose queries they are.
    pub(super) project: String,
    /// Where the table lies.
    pub(super) location: String,
    pub(super) cancel: CancellationToken,
}

impl Warehouse {
    /// A table's document.
    pub(super) async fn table(&self, [project, dataset, table]: [&str; 3]) -> Result<Option<Value>, Failure> {
        let path = table_path(project, dataset, table);
        match self.api.call("GET", &path, None).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, document) if status.is_success() => Ok(Some(document)),
            (_, answer) => Err(Failure::Refused(message(&answer))),
        }
    }

    /// Asks, and waits for the answer's first page.
    pub(super) async fn ask(&self, sql: &str) -> Result<Rows, Failure> {
        if self.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let mut body = json!({ "query": sql, "useLegacySql": false, "timeoutMs": 1_000, "maxResults": 1_000 });
        if !self.location.is_empty() {
            body["location"] = json!(self.location);
        }
        let project = percent_encode(&self.project);
        let path = format!("/bigquery/v2/projects/{project}/queries");
        let mut answer = self.checked("POST", &path, Some(&body)).await?;
        let id = answer["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned();
        let job = percent_encode(&id);
        while answer["jobComplete"] != true {
            let again = format!("{path}/{job}?timeoutMs=10000&maxResults=1000");
            tokio::select! {
                () = self.cancel.cancelled() => {
                    let path = format!("/bigquery/v2/projects/{project}/jobs/{job}/cancel");
                    self.checked("POST", &path, Some(&json!({}))).await?;
                    return Err(Failure::Cancelled);
                }
                looked = self.checked("GET", &again, None) => answer = looked?,
            }
        }
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let fields = list(&answer["schema"]["fields"]);
        let cells = |row: &Value| list(&row["f"]).into_iter().map(|cell| cell["v"].clone()).collect();
        Ok(Rows {
            columns: fields
                .iter()
                .map(|field| (text(&field["name"]), text(&field["type"])))
                .collect(),
            rows: list(&answer["rows"]).iter().map(cells).collect(),
        })
    }

    /// A call that has to succeed.
    pub(super) async fn checked(&self, verb: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        match self.api.call(verb, path, body).await? {
            (status, answer) if status.is_success() => Ok(answer),
            (_, answer) => Err(Failure::Refused(message(&answer))),
        }
    }
}
