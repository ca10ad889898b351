//! Batches: many calls in one `multipart/mixed` request. <https://cloud.google.com/storage/docs/batch>

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::BodyExt;

use super::multipart::boundary;
use crate::http::answer::{Answer, ApiError};
use crate::http::call::Call;

const MOST_CALLS: usize = 100;

pub(super) async fn batch(mut call: Call) -> Answer {
    let boundary = boundary(call.header("content-type").unwrap_or_default())
        .ok_or_else(|| ApiError::invalid("a batch needs a Content-Type with a boundary"))?;
    let body = call.bytes().await?;
    let text = String::from_utf8_lossy(&body);
    let parts: Vec<&str> = text
        .split(&format!("--{boundary}"))
        .skip(1)
        .take_while(|p| !p.starts_with("--"))
        .collect();
    if parts.len() > MOST_CALLS {
        return Err(ApiError::invalid("a batch holds at most 100 calls"));
    }
    let answers = format!("batch_{}", crate::blobs::new_id());
    let mut out = Vec::new();
    for part in parts {
        let (id, request) = parse(part)?;
        // Boxed: a batch is a call, and calls are what it consists of.
        let response = Box::pin(crate::http::server::handle(call.cloud.clone(), request)).await;
        out.extend(format!("--{answers}\r\nContent-Type: application/http\r\n").bytes());
        if let Some(id) = id {
            out.extend(format!("Content-ID: {}\r\n", answer_id(&id)).bytes());
        }
        out.extend(b"\r\n");
        write(&mut out, response).await;
        out.extend(b"\r\n");
    }
    out.extend(format!("--{answers}--\r\n").bytes());
    let mut response = Response::new(Body::from(out));
    if let Ok(kind) = HeaderValue::from_str(&format!("multipart/mixed; boundary={answers}")) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// `<x+1>` is answered as `<response-x+1>`.
fn answer_id(id: &str) -> String {
    match id.strip_prefix('<') {
        Some(inner) => format!("<response-{inner}"),
        None => format!("response-{id}"),
    }
}

fn parse(part: &str) -> Result<(Option<String>, Request<Body>), ApiError> {
    let bad = || ApiError::invalid("a part of the batch is not an HTTP request");
    let part = part.trim_start_matches("\r\n").trim_start_matches('\n');
    let (outer, inner) = split_head(part).ok_or_else(bad)?;
    let id = outer
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| {
            name.trim()
                .eq_ignore_ascii_case("content-id")
                .then(|| value.trim().to_owned())
        });
    let (head, body) = split_head(inner).unwrap_or((inner, ""));
    let mut lines = head.lines();
    let mut start = lines.next().unwrap_or_default().split_whitespace();
    let (verb, target) = (start.next().ok_or_else(bad)?, start.next().ok_or_else(bad)?);
    let mut request = Request::builder().method(verb).uri(target);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if !name.eq_ignore_ascii_case("content-length") {
            request = request.header(name.trim(), value.trim());
        }
    }
    let body = body.trim_end_matches("\r\n").to_owned();
    Ok((id, request.body(Body::from(body)).map_err(|_| bad())?))
}

fn split_head(text: &str) -> Option<(&str, &str)> {
    text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))
}

async fn write(out: &mut Vec<u8>, response: Response) {
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    let reason = parts.status.canonical_reason().unwrap_or_default();
    out.extend(format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()).bytes());
    for (name, value) in &parts.headers {
        out.extend(name.as_str().bytes().chain(*b": "));
        out.extend(value.as_bytes());
        out.extend(b"\r\n");
    }
    out.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    out.extend(body);
}
