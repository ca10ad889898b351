//! The warehouse that the corpus asks: its router is called in the process, without a socket.

use std::sync::Arc;

use axum::body::Body;
use headwater_local_bigquery::{BigQuery, Options};
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::api::{Buckets, Keys};

pub struct Warehouse {
    bigquery: BigQuery,
    _dir: tempfile::TempDir,
}

/// What a statement answered.
#[derive(Debug)]
pub enum Answer {
    Rows { columns: Vec<Value>, rows: Vec<Value> },
    Error { reason: String, message: String },
}

impl Warehouse {
    pub fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bigquery = BigQuery::open(Options {
            data_dir: dir.path().to_owned(),
            base_url: "http://localhost".into(),
            objects: Arc::new(Buckets(dir.path().join("buckets"))),
            keys: Arc::new(Keys),
            memory_limit_mb: 512,
            spill_limit_mb: None,
        })
        .unwrap();
        Self { bigquery, _dir: dir }
    }

    async fn call(&self, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/bigquery/v2/projects/p/{path}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.bigquery.router().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    pub async fn dataset(&self, name: &str) {
        let answer = self
            .call("datasets", &json!({"datasetReference": {"datasetId": name}}))
            .await;
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// The answer to a statement, or to the last one of a script.
    pub async fn ask(&self, dataset: &str, sql: &str) -> Answer {
        let request = json!({
            "query": sql, "useLegacySql": false, "jobCreationMode": "JOB_CREATION_OPTIONAL", "timeoutMs": 100_000,
            "defaultDataset": {"datasetId": dataset}, "formatOptions": {"useInt64Timestamp": true},
        });
        let mut answer = self.call("queries", &request).await;
        let error = answer["error"].take();
        if !error.is_null() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            return Answer::Error {
                reason: text(&error["errors"][0]["reason"]),
                message: text(&error["message"]),
            };
        }
        let list = |value: Value| match value {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        Answer::Rows {
            columns: list(answer["schema"]["fields"].take()),
            rows: list(answer["rows"].take()),
        }
    }
}
