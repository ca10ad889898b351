//! Uploads with a load job: multipart in one request, or resumable in several.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::{Parameters, Shared, parameter};
use crate::Caller;
use crate::error::{Fault, Reason};
use crate::jobs;
use crate::service::blocking;

/// A resumable upload on its way. It does not outlive the process; clients begin again.
struct Session {
    project: String,
    caller: Caller,
    job: Value,
    file: PathBuf,
    received: u64,
}

static SESSIONS: LazyLock<Mutex<HashMap<String, Session>>> = LazyLock::new(Mutex::default);

fn sessions() -> std::sync::MutexGuard<'static, HashMap<String, Session>> {
    SESSIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn io(error: &std::io::Error) -> Fault {
    Fault::new(Reason::BackendError, format!("the upload cannot be stored: {error}"))
}

/// Appends a body to a file as it arrives; how much came.
async fn receive(body: Body, file: &std::path::Path) -> Result<u64, Fault> {
    let mut out = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .map_err(|e| io(&e))?;
    let mut stream = body.into_data_stream();
    let mut received = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| Fault::invalid(format!("the upload broke off: {e}")))?;
        out.write_all(&chunk).map_err(|e| io(&e))?;
        received += chunk.len() as u64;
    }
    Ok(received)
}

async fn whole(body: Body) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        out.extend_from_slice(&chunk.map_err(|e| Fault::invalid(format!("the upload broke off: {e}")))?);
    }
    Ok(out)
}

fn job(bytes: &[u8]) -> Result<Value, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|e| Fault::invalid(format!("Invalid JSON payload received. {e}")))
}

pub(super) async fn start(
    State(service): Shared,
    Path(project): Path<String>,
    Query(query): Parameters,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    match parameter(&query, "uploadType") {
        Some("resumable") => {
            if let Some(id) = parameter(&query, "upload_id") {
                return put(&service, id, &headers, body).await;
            }
            let job = job(&whole(body).await?)?;
            let id = uuid::Uuid::new_v4().simple().to_string();
            let session = Session {
                project: project.clone(),
                caller,
                job,
                file: service.scratch_file(),
                received: 0,
            };
            let location = format!(
                "{}/upload/bigquery/v2/projects/{project}/jobs?uploadType=resumable&upload_id={id}",
                service.base_url
            );
            sessions().insert(id.clone(), session);
            let location = HeaderValue::from_str(&location).map_err(|_| Fault::invalid("Invalid project"))?;
            let mut response = StatusCode::OK.into_response();
            response.headers_mut().insert(header::LOCATION, location);
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().insert("x-guploader-uploadid", id);
            }
            Ok(response)
        }
        Some("multipart") | None => {
            let bytes = whole(body).await?;
            let (metadata, media) = multipart(&headers, &bytes)?;
            let job = job(metadata)?;
            let file = service.scratch_file();
            std::fs::write(&file, media).map_err(|e| io(&e))?;
            let doc = blocking(&service, move |s| jobs::insert(s, &project, &caller, &job, Some(file))).await?;
            Ok(Json(doc).into_response())
        }
        Some(other) => Err(Fault::not_implemented(&format!("uploads of the type {other}"))),
    }
}

pub(super) async fn resume(
    State(service): Shared,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let id = parameter(&query, "upload_id").ok_or_else(|| Fault::invalid("upload_id is missing"))?;
    put(&service, id, &headers, body).await
}

async fn put(
    service: &std::sync::Arc<crate::service::Service>,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let missing = || Fault::not_found("Upload", id);
    let (file, received) = sessions()
        .get(id)
        .map(|s| (s.file.clone(), s.received))
        .ok_or_else(missing)?;
    let range = headers
        .get(header::CONTENT_RANGE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let (span, total) = match range.strip_prefix("bytes ").and_then(|r| r.split_once('/')) {
        Some((span, total)) => (span.to_owned(), total.parse::<u64>().ok()),
        // Without a range the body is all there is.
        None => (String::new(), None),
    };
    let mut now = received;
    let complete = if span == "*" {
        total == Some(received)
    } else {
        let first = span
            .split_once('-')
            .and_then(|(f, _)| f.parse::<u64>().ok())
            .unwrap_or(received);
        if first != received {
            return Err(Fault::invalid(format!(
                "the upload has {received} bytes, this part starts at {first}"
            )));
        }
        now += receive(body, &file).await?;
        span.is_empty() || total == Some(now)
    };
    if !complete {
        if let Some(session) = sessions().get_mut(id) {
            session.received = now;
        }
        let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
        if now > 0
            && let Ok(value) = HeaderValue::from_str(&format!("bytes=0-{}", now - 1))
        {
            response.headers_mut().insert(header::RANGE, value);
        }
        return Ok(response);
    }
    let session = sessions().remove(id).ok_or_else(missing)?;
    if !session.file.exists() {
        std::fs::write(&session.file, []).map_err(|e| io(&e))?;
    }
    let doc = blocking(service, move |s| {
        jobs::insert(s, &session.project, &session.caller, &session.job, Some(session.file))
    })
    .await?;
    Ok(Json(doc).into_response())
}

/// The two parts of `multipart/related`: metadata and media.
fn multipart<'b>(headers: &HeaderMap, bytes: &'b [u8]) -> Result<(&'b [u8], &'b [u8]), Fault> {
    let bad = || Fault::invalid("the body is not multipart/related with a job and its data");
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .ok_or_else(bad)?;
    let boundary = kind
        .split(';')
        .find_map(|p| p.trim().strip_prefix("boundary="))
        .ok_or_else(bad)?;
    let marker = format!("--{}", boundary.trim_matches(['"', '\'']));
    let mut at = find(bytes, marker.as_bytes(), 0).ok_or_else(bad)?;
    let mut parts = Vec::new();
    while parts.len() < 2 {
        let start = at + marker.len();
        let next = find(bytes, marker.as_bytes(), start).ok_or_else(bad)?;
        let part = &bytes[start..next];
        let (head, gap) = match (find(part, b"\r\n\r\n", 0), find(part, b"\n\n", 0)) {
            (Some(head), _) => (head, 4),
            (None, Some(head)) => (head, 2),
            _ => return Err(bad()),
        };
        let content = &part[head + gap..];
        let content = content
            .strip_suffix(b"\r\n")
            .or_else(|| content.strip_suffix(b"\n"))
            .unwrap_or(content);
        parts.push(content);
        at = next;
    }
    Ok((parts[0], parts[1]))
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(what.len())
        .position(|w| w == what)
        .map(|p| p + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multipart_body_has_two_parts() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("multipart/related; boundary=\"xx\""),
        );
        let body =
            b"--xx\r\ncontent-type: application/json\r\n\r\n{}\r\n--xx\r\ncontent-type: */*\r\n\r\na,b\n\r\n--xx--";
        assert_eq!(multipart(&headers, body).unwrap(), (&b"{}"[..], &b"a,b\n"[..]));
        assert!(multipart(&headers, b"--xx\r\n\r\n{}").is_err());
    }
}
