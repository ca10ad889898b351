//! Bulk API 2.0 query jobs: create, look at, abort, delete, and fetch the results.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use futures::StreamExt;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::{ApiError, App, Call, Fault, blocking, empty, file_body, json_response};
use crate::jobs::{Asked, Job, State, columns};
use crate::soql::{bind, parse};

/// Pages named in one answer of `resultPages`.
const PAGES: u64 = 5;

pub(super) async fn handle(
    app: &Arc<App>,
    base: &str,
    version: &str,
    rest: &[&str],
    call: Call,
    fault: Option<&Fault>,
) -> Result<Response, ApiError> {
    match (call.method.clone(), rest) {
        (Method::POST, []) => create(app, base, version, &call, fault).await,
        (Method::GET, []) => Ok(list(app)),
        (method, [id, rest @ ..]) => {
            let job = app.jobs.get(id).ok_or_else(ApiError::not_found)?;
            match (method, rest) {
                (Method::GET, []) => Ok(json_response(200, &info(&job, true))),
                (Method::PATCH, []) => patch(app, &job, &call),
                (Method::DELETE, []) => {
                    if !job.state.is_over() {
                        return Err(ApiError::new(
                            400,
                            "API_ERROR",
                            "Job must be in a terminal state to be deleted",
                        ));
                    }
                    app.jobs.remove(&job.id);
                    Ok(empty(204))
                }
                (Method::GET, ["results"]) => {
                    let gzip = call.header("accept-encoding").is_some_and(|e| e.contains("gzip"));
                    let (max, locator) = (
                        call.parameter("maxRecords").map(str::to_owned),
                        call.parameter("locator").map(str::to_owned),
                    );
                    let page = app.settings.bulk_page_rows;
                    blocking(app, move |_| {
                        results(&job, page, max.as_deref(), locator.as_deref(), gzip)
                    })
                    .await
                }
                (Method::GET, ["resultPages"]) => {
                    if version.trim_start_matches('v') != job.asked.api_version {
                        let message = "use the API version that the job was created with";
                        return Err(ApiError::new(409, "API_ERROR", message));
                    }
                    result_pages(base, &job, &call, app.settings.bulk_page_rows)
                }
                _ => Err(ApiError::new(
                    405,
                    "METHOD_NOT_ALLOWED",
                    format!("HTTP Method '{}' not allowed", call.method),
                )),
            }
        }
        _ => Err(ApiError::new(
            405,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{}' not allowed", call.method),
        )),
    }
}

/// One of the allowed words, in any case; the first when nothing is said.
fn word(body: &Value, name: &str, allowed: &[&'static str]) -> Result<&'static str, ApiError> {
    match &body[name] {
        Value::Null => Ok(allowed[0]),
        Value::String(given) => allowed
            .iter()
            .find(|a| a.eq_ignore_ascii_case(given))
            .copied()
            .ok_or_else(|| {
                ApiError::new(
                    400,
                    "API_ERROR",
                    format!("Invalid value {given:?} for {name}; allowed are {}", allowed.join(", ")),
                )
            }),
        _ => Err(ApiError::new(400, "JSON_PARSER_ERROR", format!("{name} must be text"))),
    }
}

async fn create(
    app: &Arc<App>,
    base: &str,
    version: &str,
    call: &Call,
    fault: Option<&Fault>,
) -> Result<Response, ApiError> {
    let body = call.json()?;
    let operation = word(&body, "operation", &["query", "queryAll"])?;
    word(&body, "contentType", &["CSV"])?;
    let delimiter = word(
        &body,
        "columnDelimiter",
        &["COMMA", "BACKQUOTE", "CARET", "PIPE", "SEMICOLON", "TAB"],
    )?;
    let line_ending = word(&body, "lineEnding", &["LF", "CRLF"])?;
    let Some(soql) = body["query"].as_str().map(str::to_owned) else {
        return Err(ApiError::new(400, "API_ERROR", "query is required"));
    };
    let api_version = version.trim_start_matches('v').to_owned();
    let bound = blocking(app, move |app| {
        let query = parse(&soql)?;
        let plan = bind(&app.org, &soql, &query)?;
        columns(&plan).map_err(|message| ApiError::new(400, "API_ERROR", message))?;
        // ORDER BY and LIMIT turn chunking by primary key off.
        let pk_chunking = query.order_by.is_empty() && query.limit.is_none();
        let object = app.org.schema().objects[plan.object].name.clone();
        let asked = Asked {
            operation,
            object,
            delimiter,
            line_ending,
            api_version,
            pk_chunking,
        };
        Ok((app.jobs.create(&app.org, asked), plan))
    });
    let (job, plan) = bound.await?;
    app.bulk_jobs.fetch_add(1, Ordering::Relaxed);
    let failure = fault.and_then(Fault::job_failure);
    let (worker, running) = (Arc::clone(app), job.clone());
    tokio::task::spawn_blocking(move || {
        worker.jobs.run(
            &worker.org,
            &running,
            &plan,
            failure.as_deref(),
            worker.settings.bulk_job_delay,
        );
    });
    let mut body = info(&job, false);
    if let Value::Object(fields) = &mut body {
        fields.remove("isPkChunkingSupported");
    }
    let mut response = json_response(200, &body);
    if let Ok(location) = HeaderValue::from_str(&format!("{base}/jobs/query/{}", job.id)) {
        response.headers_mut().insert(http::header::LOCATION, location);
    }
    Ok(response)
}

fn info(job: &Job, full: bool) -> Value {
    let mut body = json!({
        "id": job.id,
        "operation": job.asked.operation,
        "object": job.asked.object,
        "createdById": super::auth::USER_ID,
        "createdDate": crate::time::datetime_rest(job.created_ms),
        "systemModstamp": crate::time::datetime_rest(job.touched_ms),
        "state": job.state.name(),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": job.asked.api_version.parse::<f64>().unwrap_or(0.0),
        "lineEnding": job.asked.line_ending,
        "columnDelimiter": job.asked.delimiter,
    });
    if full {
        body["jobType"] = "V2Query".into();
        body["numberRecordsProcessed"] = job.result.as_ref().map_or(0, |r| r.rows).into();
        body["retries"] = 0.into();
        body["totalProcessingTime"] = job.processing_ms.into();
        body["isPkChunkingSupported"] = job.asked.pk_chunking.into();
        if let Some(message) = &job.error {
            body["errorMessage"] = message.clone().into();
        }
    }
    body
}

fn list(app: &App) -> Response {
    let records: Vec<Value> = app
        .jobs
        .list()
        .iter()
        .map(|job| {
            let mut body = info(job, false);
            body["jobType"] = "V2Query".into();
            body
        })
        .collect();
    json_response(
        200,
        &json!({ "done": true, "records": records, "nextRecordsUrl": null }),
    )
}

fn patch(app: &App, job: &Job, call: &Call) -> Result<Response, ApiError> {
    if call.json()?["state"] != "Aborted" {
        return Err(ApiError::new(
            400,
            "API_ERROR",
            "the state of a query job can only be set to Aborted",
        ));
    }
    if job.state.is_over() {
        return Err(ApiError::new(
            400,
            "INVALIDJOBSTATE",
            format!("Aborting already {} Job not allowed", job.state.name()),
        ));
    }
    let job = app.jobs.abort(&app.org, &job.id).ok_or_else(ApiError::not_found)?;
    Ok(json_response(200, &info(&job, false)))
}

/// A locator is opaque to clients: the number of its first row and how many, in base 64.
fn locator(row: u64, max: u64) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{row}:{max}"))
}

fn read_locator(text: &str) -> Option<(u64, u64)> {
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (row, max) = text.split_once(':')?;
    Some((row.parse().ok()?, max.parse().ok()?))
}

fn finished(job: &Job) -> Result<&crate::results::Rendered, ApiError> {
    match (&job.result, job.state) {
        (Some(result), State::JobComplete) => Ok(result),
        (_, state) => {
            let message = format!(
                "The job must be in state JobComplete to fetch results; it is in state {}",
                state.name()
            );
            Err(ApiError::new(400, "INVALIDJOBSTATE", message))
        }
    }
}

fn results(job: &Job, page: u64, max: Option<&str>, from: Option<&str>, gzip: bool) -> Result<Response, ApiError> {
    let result = finished(job)?;
    let invalid = || ApiError::new(400, "INVALID_QUERY_LOCATOR", "Invalid locator");
    let (first, of_locator) = match from.filter(|l| !l.is_empty() && *l != "null") {
        Some(text) => read_locator(text)
            .filter(|(row, _)| *row <= result.rows)
            .ok_or_else(invalid)?,
        None => (0, page),
    };
    let size = match max {
        Some(text) => text
            .parse::<u64>()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| ApiError::new(400, "API_ERROR", "maxRecords must be a positive number"))?,
        None => of_locator,
    };
    let last = first.saturating_add(size).min(result.rows);
    let (file, start, end) = result.slice(first, last).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => ApiError::new(404, "NOT_FOUND", "The results of this job have expired"),
        _ => ApiError::io(&e),
    })?;
    let length = result.header.len() as u64 + end - start;
    let mut body = file_body(result.header.clone(), file, start, end);
    if gzip {
        body = compressed(body);
    }
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    if gzip {
        headers.insert(http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    } else {
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers.insert("sforce-numberofrecords", HeaderValue::from(last - first));
    let next = if last < result.rows {
        locator(last, size)
    } else {
        "null".to_owned()
    };
    if let Ok(next) = HeaderValue::from_str(&next) {
        headers.insert("sforce-locator", next);
    }
    Ok(response)
}

fn compressed(body: Body) -> Body {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let stream = futures::stream::try_unfold(
        (body.into_data_stream(), Some(encoder)),
        |(mut pieces, encoder)| async move {
            let Some(mut encoder) = encoder else {
                return Ok::<_, std::io::Error>(None);
            };
            match pieces.next().await {
                Some(piece) => {
                    let piece = piece.map_err(std::io::Error::other)?;
                    encoder.write_all(&piece)?;
                    let out = std::mem::take(encoder.get_mut());
                    Ok(Some((bytes::Bytes::from(out), (pieces, Some(encoder)))))
                }
                None => Ok(Some((bytes::Bytes::from(encoder.finish()?), (pieces, None)))),
            }
        },
    );
    Body::from_stream(stream)
}

fn result_pages(base: &str, job: &Job, call: &Call, page: u64) -> Result<Response, ApiError> {
    let result = finished(job)?;
    let first = match call.parameter("locator") {
        Some(text) => read_locator(text)
            .map(|(row, _)| row)
            .ok_or_else(|| ApiError::new(400, "INVALID_QUERY_LOCATOR", "Invalid locator"))?,
        None => 0,
    };
    let path = format!("{base}/jobs/query/{}", job.id);
    let starts: Vec<u64> = (0..PAGES)
        .map(|n| first + n * page)
        .take_while(|s| *s < result.rows || *s == 0)
        .collect();
    let pages: Vec<Value> = starts
        .iter()
        .map(|s| json!({ "resultUrl": format!("{path}/results?locator={}", locator(*s, page)) }))
        .collect();
    let next = first + PAGES * page;
    let done = next >= result.rows;
    let mut body = json!({ "resultPages": pages, "done": done });
    if !done {
        let url = format!("{path}/resultPages?locator={}", locator(next, page));
        // The reference's table and its examples spell it differently: a client may look for either.
        body["nextRecordsUrl"] = url.clone().into();
        body["nextRecordUrl"] = url.into();
    }
    Ok(json_response(200, &body))
}
