//! jobs.query and jobs.getQueryResults: a query's rows, page by page.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::page::{self, Rows};
use super::{Parameters, Reply, Shared, body, number};
use crate::Caller;
use crate::catalog::names::TableName;
use crate::catalog::{int, size, tables};
use crate::encode::{Format, row};
use crate::error::{Fault, Reason};
use crate::jobs::{self, query as run};
use crate::service::{Service, blocking, text};
use crate::types::{columns, rest_schema};

const DEFAULT_TIMEOUT_MS: u64 = 10_000;
const LONGEST_TIMEOUT_MS: u64 = 200_000;
/// The most rows that a query without a job answers.
const IMMEDIATE_ROWS: usize = 5_000;
const QUERY_RESPONSE: &str = "bigquery#queryResponse";
/// What a request shares with a job's `configuration.query`.
const SHARED: &[&str] = &[
    "query",
    "defaultDataset",
    "useQueryCache",
    "useLegacySql",
    "parameterMode",
    "queryParameters",
    "maximumBytesBilled",
    "connectionProperties",
    "createSession",
];

fn timeout(ms: Option<u64>) -> Duration {
    Duration::from_millis(ms.unwrap_or(DEFAULT_TIMEOUT_MS).min(LONGEST_TIMEOUT_MS))
}

pub(super) async fn query(
    State(service): Shared,
    Path(project): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Fault> {
    let request = body(&headers, &bytes)?;
    if request["dryRun"] == true {
        return dry_run(&service, project, caller, request).await;
    }
    run_query(&service, project, caller, request)
        .await
        .map(IntoResponse::into_response)
}

/// Beside the answer, how long the translation took of the whole, in milliseconds, as
/// <https://www.w3.org/TR/server-timing/> has it.
async fn dry_run(service: &Arc<Service>, project: String, caller: Caller, request: Value) -> Result<Response, Fault> {
    let began = Instant::now();
    let owner = project.clone();
    let checked = blocking(service, move |s| run::check(s, &owner, &caller, &request)).await?;
    let stats = checked.statistics;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let timing = format!(
        "translate;dur={:.2}, total;dur={:.2}",
        ms(checked.translated),
        ms(began.elapsed())
    );
    let answer = Json(json!({
        "kind": QUERY_RESPONSE, "schema": stats["schema"], "jobComplete": true, "cacheHit": false,
        "totalBytesProcessed": stats["totalBytesProcessed"], "jobReference": {"projectId": project},
    }));
    Ok(([("server-timing", timing)], answer).into_response())
}

async fn run_query(service: &Arc<Service>, project: String, caller: Caller, request: Value) -> Reply {
    let options = &request["formatOptions"];
    let int64_timestamps = options["useInt64Timestamp"] == true || options["timestampOutputFormat"] == "INT64";
    let rows = Rows {
        start: 0,
        most: int(&request["maxResults"]).map(i64::unsigned_abs),
        format: Format { int64_timestamps },
    };
    let optional = request["jobCreationMode"] == "JOB_CREATION_OPTIONAL" || request["jobCreationMode"] == 2;
    if optional {
        let (owner, asker, settings) = (project.clone(), caller.clone(), request.clone());
        let most = rows.most.map_or(IMMEDIATE_ROWS, |m| {
            usize::try_from(m).unwrap_or(IMMEDIATE_ROWS).min(IMMEDIATE_ROWS)
        });
        let found = blocking(service, move |s| run::immediate(s, &owner, &asker, &settings, most)).await?;
        if let Some(run::Immediate {
            columns,
            rows: cells,
            bytes: read,
        }) = found
        {
            let encoded: Vec<Value> = cells.iter().map(|c| row(c, &columns, rows.format)).collect();
            let mut answer = json!({
                "kind": QUERY_RESPONSE, "schema": rest_schema(&columns),
                "totalRows": encoded.len().to_string(), "totalBytesProcessed": read.to_string(), "jobComplete": true,
                "cacheHit": false, "queryId": format!("query_{}", uuid::Uuid::new_v4().simple()),
                "location": text(&request["location"]).unwrap_or("US"),
            });
            page::fill(&mut answer, "rows", encoded, None);
            return Ok(Json(answer));
        }
    }
    let id = start(service, &project, caller, &request).await?;
    let wait = timeout(int(&request["timeoutMs"]).map(i64::unsigned_abs));
    answer(service, &project, &id, wait, rows, QUERY_RESPONSE).await
}

/// The job of a query; the same `requestId` gives the same job.
async fn start(service: &Arc<Service>, project: &str, caller: Caller, request: &Value) -> Result<String, Fault> {
    let key = text(&request["requestId"]).map(|r| format!("{project}\n{r}"));
    let known = key.as_ref().and_then(|k| {
        let requests = service
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        requests.get(k).cloned()
    });
    if let Some(id) = known {
        return Ok(id);
    }
    let mut settings = Map::new();
    for key in SHARED {
        if !request[key].is_null() {
            settings.insert((*key).to_owned(), request[*key].clone());
        }
    }
    settings.insert("useLegacySql".into(), json!(request["useLegacySql"] == true));
    let mut configuration = json!({"query": settings});
    for key in ["labels", "jobTimeoutMs"] {
        if !request[key].is_null() {
            configuration[key] = request[key].clone();
        }
    }
    let job = json!({"configuration": configuration, "jobReference": {"location": request["location"]}});
    let owner = project.to_owned();
    let doc = blocking(service, move |s| jobs::insert(s, &owner, &caller, &job, None)).await?;
    let id = doc["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned();
    if let Some(key) = key {
        let mut requests = service
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if requests.len() > 10_000 {
            requests.clear();
        }
        requests.insert(key, id.clone());
    }
    Ok(id)
}

pub(super) async fn results(
    State(service): Shared,
    Path((project, job)): Path<(String, String)>,
    Query(query): Parameters,
) -> Reply {
    let rows = Rows::from_query(&query)?;
    let wait = timeout(number(&query, "timeoutMs")?);
    answer(&service, &project, &job, wait, rows, "bigquery#getQueryResultsResponse").await
}

/// What a job's query answers, if it is done in time.
async fn answer(
    service: &Arc<Service>,
    project: &str,
    id: &str,
    timeout: Duration,
    rows: Rows,
    kind: &'static str,
) -> Reply {
    let doc = jobs::wait(service, project, id, timeout).await?;
    let mut answer = json!({"kind": kind, "jobReference": doc["jobReference"]});
    // The two answers do not have quite the same fields.
    if kind == QUERY_RESPONSE {
        answer["queryId"] = id.into();
        answer["location"] = doc["jobReference"]["location"].clone();
    } else {
        answer["etag"] = id.into();
    }
    if doc["status"]["state"] != "DONE" {
        answer["jobComplete"] = json!(false);
        return Ok(Json(answer));
    }
    if let Some(error) = doc["status"]["errorResult"].as_object() {
        return Err(refused(&Value::Object(error.clone())));
    }
    let stats = &doc["statistics"]["query"];
    if stats.is_null() {
        return Err(Fault::invalid(format!("Job {project}:{id} is not a query job")));
    }
    if !doc["statistics"]["sessionInfo"].is_null() {
        answer["sessionInfo"] = doc["statistics"]["sessionInfo"].clone();
    }
    answer["jobComplete"] = json!(true);
    answer["cacheHit"] = json!(false);
    answer["totalBytesProcessed"] = stats["totalBytesProcessed"].clone();
    for key in ["numDmlAffectedRows", "dmlStats"] {
        if !stats[key].is_null() && (key != "dmlStats" || kind == QUERY_RESPONSE) {
            answer[key] = stats[key].clone();
        }
    }
    let dml_or_ddl = !stats["dmlStats"].is_null() || !stats["ddlOperationPerformed"].is_null();
    if dml_or_ddl || doc["configuration"]["query"]["destinationTable"].is_null() {
        answer["totalRows"] = json!("0");
        return Ok(Json(answer));
    }
    let reference = doc["configuration"]["query"]["destinationTable"].clone();
    let owner = project.to_owned();
    let (schema, total, found, next) = blocking(service, move |s| {
        s.engine.read(|tx| {
            let name = TableName::from_reference(&reference, &owner)?;
            let table = tables::load(tx, &name)?;
            let fields = columns(&table["schema"]["fields"])?;
            let total = size::rows(tx, &name, &table)?;
            let (found, next) = rows.read(tx, &name.duck(), &fields, total)?;
            Ok((table["schema"].clone(), total, found, next))
        })
    })
    .await?;
    answer["schema"] = schema;
    answer["totalRows"] = json!(total.to_string());
    // With maxResults=0 there is still a first page to fetch.
    page::fill(&mut answer, "rows", found, next);
    Ok(Json(answer))
}

/// A failed job's error as an HTTP error.
fn refused(error: &Value) -> Fault {
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    let reason = match error["reason"].as_str().unwrap_or_default() {
        "notFound" => Reason::NotFound,
        "duplicate" => Reason::Duplicate,
        "invalidQuery" => Reason::InvalidQuery,
        "required" => Reason::Required,
        "conditionNotMet" => Reason::ConditionNotMet,
        "resourceInUse" => Reason::ResourceInUse,
        "resourcesExceeded" => Reason::ResourcesExceeded,
        "bytesBilledLimitExceeded" => Reason::BytesBilledLimitExceeded,
        "stopped" => Reason::Stopped,
        "backendError" => Reason::BackendError,
        "notImplemented" => Reason::NotImplemented,
        _ => Reason::Invalid,
    };
    let fault = Fault::new(reason, text("message"));
    if error["location"].is_string() {
        fault.at(&text("location"))
    } else {
        fault
    }
}
