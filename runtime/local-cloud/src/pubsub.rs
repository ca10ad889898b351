//! Where the local Pub/Sub is mounted. Pub/Sub itself is the crate `headwater-local-pubsub`; it gets the time of the local
//! cloud's clock, and BigQuery's tables through BigQuery's own API.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, Utc};
use headwater_local_pubsub::{Column, Later, Options, PubSub, Row, Tables};
use http::StatusCode;
use serde_json::{Value, json};

use crate::bigquery::{Api, message, table_path};
use crate::clock::Clock;
use crate::http::answer::{Answer, json_response};
use crate::http::call::Call;
use crate::http::route::{Method, method};

/// Whether a gRPC path is Pub/Sub's. Policies come here too: only Pub/Sub's are served by gRPC.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/google.pubsub.v1.") || path.starts_with("/google.iam.v1.IAMPolicy/")
}

/// Opens the store in the data directory; blocks.
pub(crate) fn open(
    data_dir: PathBuf,
    clock: Arc<Clock>,
    bigquery: Router,
) -> Result<PubSub, headwater_local_pubsub::Error> {
    PubSub::open(Options {
        data_dir,
        clock,
        tables: Arc::new(Warehouse(Api {
            router: bigquery,
            caller: None,
        })),
    })
}

/// BigQuery's tables as BigQuery subscriptions use them.
struct Warehouse(Api);

impl Tables for Warehouse {
    fn columns<'a>(&'a self, project: &'a str, dataset: &'a str, table: &'a str) -> Later<'a, Option<Vec<Column>>> {
        Box::pin(async move {
            let (status, answer) = self.0.call("GET", &table_path(project, dataset, table), None).await?;
            if status == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            if !status.is_success() {
                return Err(message(&answer));
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let fields = answer["schema"]["fields"].as_array().cloned().unwrap_or_default();
            let columns = fields.iter().map(|field| Column {
                name: text(&field["name"]),
                kind: text(&field["type"]),
            });
            Ok(Some(columns.collect()))
        })
    }

    fn insert<'a>(
        &'a self,
        project: &'a str,
        dataset: &'a str,
        table: &'a str,
        rows: Vec<Row>,
    ) -> Later<'a, Vec<usize>> {
        Box::pin(async move {
            let rows: Vec<Value> = rows
                .into_iter()
                .map(|row| json!({ "insertId": row.id, "json": row.values }))
                .collect();
            let body = json!({ "rows": rows, "skipInvalidRows": true });
            let path = format!("{}/insertAll", table_path(project, dataset, table));
            let (status, answer) = self.0.call("POST", &path, Some(&body)).await?;
            if !status.is_success() {
                return Err(message(&answer));
            }
            let refused = answer["insertErrors"].as_array().cloned().unwrap_or_default();
            let places = refused.iter().filter_map(|one| one["index"].as_u64());
            Ok(places.filter_map(|place| usize::try_from(place).ok()).collect())
        })
    }
}

impl headwater_local_pubsub::Clock for Clock {
    fn now(&self) -> DateTime<Utc> {
        Clock::now(self)
    }

    fn sleep_until(&self, when: DateTime<Utc>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(Clock::sleep_until(self, when))
    }
}

pub(crate) fn methods() -> Vec<Method> {
    let lines = headwater_local_pubsub::methods().into_iter().map(Arc::new);
    lines
        .map(|line| method(line.id, line.verb, line.path, move |call| serve(line.clone(), call)))
        .collect()
}

async fn serve(line: Arc<headwater_local_pubsub::Method>, mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let pubsub = call.cloud.pubsub.clone();
    let (status, value) = pubsub.call(&line, &call.params, call.query.pairs(), &body).await;
    let mut response = json_response(&value);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(response)
}
