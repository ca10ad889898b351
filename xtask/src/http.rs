//! JSON over HTTP to servers on loopback. Nothing else.

use serde_json::Value;

use crate::shell::{Result, fail};

/// GETs a JSON document.
pub fn get(url: &str) -> Result<Value> {
    Ok(ureq::get(url).call()?.body_mut().read_json()?)
}

/// POSTs a JSON document and returns the answer.
pub fn post(url: &str, body: &Value) -> Result<Value> {
    let mut response = ureq::post(url).send_json(body)?;
    let text = response.body_mut().read_to_string()?;
    if text.is_empty() {
        Ok(Value::Null)
    } else {
        Ok(serde_json::from_str(&text)?)
    }
}

/// Runs a query in BigQuery and returns its only cell.
pub fn query_cell(endpoint: &str, project: &str, sql: &str) -> Result<String> {
    let url = format!("{endpoint}/bigquery/v2/projects/{project}/queries");
    let answer = post(
        &url,
        &serde_json::json!({"query": sql, "useLegacySql": false, "timeoutMs": 60_000}),
    )?;
    match answer.pointer("/rows/0/f/0/v").and_then(Value::as_str) {
        Some(cell) => Ok(cell.to_owned()),
        None => fail(format!("the query {sql:?} gave no cell: {answer}")),
    }
}
