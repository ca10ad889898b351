//! Queries through BigQuery's REST API, for assertions.

use serde_json::{Value, json};

use crate::cloud::{Cloud, PROJECT, request};

/// A table's rows, each cell as text (`None`: NULL), with the columns' names and types.
#[derive(Debug)]
pub struct Rows {
    /// Name and type, such as `("Amount", "NUMERIC")`.
    pub columns: Vec<(String, String)>,
    /// The cells, in the columns' order.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Runs a query to its end, all pages.
#[track_caller]
pub fn query(cloud: &Cloud, sql: &str) -> Rows {
    let url = format!("{}/bigquery/v2/projects/{PROJECT}/queries", cloud.url());
    let options = json!({"query": sql, "useLegacySql": false, "timeoutMs": 60_000, "maxResults": 5000, "formatOptions": {"useInt64Timestamp": true}});
    let (status, mut answer) = request("POST", &url, Some(&options));
    assert_eq!(status, 200, "{sql}: {answer}");
    assert_eq!(answer["jobComplete"], true, "{sql}: {answer}");
    let fields = answer
        .pointer("/schema/fields")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let columns = fields
        .iter()
        .map(|f| {
            (
                f["name"].as_str().unwrap().to_owned(),
                f["type"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let mut rows = Vec::new();
    loop {
        for row in answer["rows"].as_array().into_iter().flatten() {
            let cells = row["f"].as_array().unwrap().iter();
            rows.push(cells.map(|c| c["v"].as_str().map(str::to_owned)).collect());
        }
        let Some(token) = answer["pageToken"].as_str() else {
            break;
        };
        let job = answer["jobReference"]["jobId"].as_str().unwrap();
        let location = answer["jobReference"]["location"].as_str().unwrap_or("EU");
        let page = format!(
            "{url}/{job}?location={location}&pageToken={token}&maxResults=5000&formatOptions.useInt64Timestamp=true"
        );
        let (status, next) = request("GET", &page, None);
        assert_eq!(status, 200, "{sql}: {next}");
        answer = next;
    }
    Rows { columns, rows }
}

/// The only cell of a query's result.
#[track_caller]
pub fn cell(cloud: &Cloud, sql: &str) -> String {
    let rows = query(cloud, sql);
    rows.rows[0][0].clone().unwrap_or_default()
}
