//! The org over HTTP: who asks, what faults are scripted, which limits are reached, and then the resource.

mod auth;
mod bulk;
mod error;
mod fault;
mod jwt;
mod limits;
mod query;
mod sobjects;
mod tooling;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, Method};

pub(crate) use auth::{ORG_ID, Sessions};
pub(crate) use error::{ApiError, json_response};
pub use fault::Fault;
pub(crate) use fault::Faults;
pub(crate) use jwt::public_key;

use crate::jobs::Jobs;
use crate::simulate::Settings;
use crate::store::Org;
use error::{bytes_response, empty};
use query::Cursors;

/// The versions that are served.
pub(crate) const VERSIONS: std::ops::RangeInclusive<u32> = 55..=66;
/// Salesforce refuses longer request lines with 414.
const LONGEST_URI: usize = 16_384;
/// And larger bodies.
const LARGEST_BODY: usize = 50 << 20;

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub org: Arc<Org>,
    pub settings: Settings,
    pub base_url: String,
    pub sessions: Sessions,
    pub faults: Faults,
    pub jobs: Jobs,
    pub cursors: Cursors,
    /// API calls used today, and the most that are allowed.
    pub used: AtomicU64,
    pub allowed: AtomicU64,
    pub bulk_jobs: AtomicU64,
    pub streams: crate::pubsub::Streams,
}

/// A request in pieces.
pub(crate) struct Call {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    /// A parameter of the query string.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, ApiError> {
        serde_json::from_slice(&self.body).map_err(|e| ApiError::new(400, "JSON_PARSER_ERROR", format!("{e}")))
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }
}

/// Reads `a=b&c=d`.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let parts = text.split('&').filter(|p| !p.is_empty());
    parts
        .map(|p| p.split_once('=').unwrap_or((p, "")))
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}

/// A segment of a path, percent-decoded.
pub(crate) fn decode_path(segment: &str) -> String {
    decode(&segment.replace('+', "%2B"))
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |c: u8| char::from(c).to_digit(16);
        match bytes[at] {
            b'+' => out.push(b' '),
            b'%' if at + 2 < bytes.len() => match (hex(bytes[at + 1]), hex(bytes[at + 2])) {
                (Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    at += 2;
                }
                _ => out.push(b'%'),
            },
            c => out.push(c),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Answers any request.
pub(crate) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    if request.uri().path().starts_with(crate::pubsub::PATH) {
        return crate::pubsub::serve(app, request).await;
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if parts.uri.path_and_query().map_or(0, |p| p.as_str().len()) > LONGEST_URI {
        return finish(
            &app,
            bytes_response(414, "text/html", b"<html><body>URI Too Long</body></html>".to_vec()),
        );
    }
    let body = match axum::body::to_bytes(body, LARGEST_BODY).await {
        Ok(bytes) => bytes.to_vec(),
        Err(_) => {
            return finish(
                &app,
                ApiError::new(413, "REQUEST_TOO_LARGE", "The request is too large").response(),
            );
        }
    };
    let call = Call {
        method: parts.method,
        path,
        query: pairs(parts.uri.query().unwrap_or("")),
        headers: parts.headers,
        body,
    };
    if call.path.starts_with("/_control/") {
        return crate::control::handle(&app, call).await;
    }
    let fault = app.faults.next(&call.method, &call.path);
    if let Some(fault) = &fault {
        fault.delay().await;
        if let Some(response) = fault.instead(&app, &call) {
            return finish(&app, response);
        }
    }
    let response = match route(&app, call, fault.as_ref()).await {
        Ok(response) => response,
        Err(error) => error.response(),
    };
    let response = finish(&app, response);
    match fault {
        Some(fault) => fault.spoil(response),
        None => response,
    }
}

/// What every answer carries: the org's clock, and how much of the day's calls is used.
fn finish(app: &App, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let date = crate::time::http_date(app.org.clock.now());
    let usage = format!(
        "api-usage={}/{}",
        app.used.load(Ordering::Relaxed),
        app.allowed.load(Ordering::Relaxed)
    );
    for (name, value) in [("date", date), ("sforce-limit-info", usage)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers
        .entry(http::header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(
            "no-cache,must-revalidate,max-age=0,no-store,private",
        ));
    response
}

async fn route(app: &Arc<App>, call: Call, fault: Option<&Fault>) -> Result<Response, ApiError> {
    let path = call.path.clone();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    match segments[..] {
        ["services", "oauth2", endpoint] => return auth::oauth(app, endpoint, &call),
        ["services", "Soap", "u", ..] | ["services", "Soap", "c", ..] => return Ok(auth::soap(app, &call)),
        ["services", "data"] => return Ok(versions()),
        ["id", ..] => return auth::oauth(app, "userinfo", &call),
        _ => {}
    }
    let ["services", "data", version, resource @ ..] = &segments[..] else {
        return Err(ApiError::not_found());
    };
    let known = version
        .strip_prefix('v')
        .and_then(|v| v.strip_suffix(".0"))
        .and_then(|v| v.parse::<u32>().ok());
    if !known.is_some_and(|v| VERSIONS.contains(&v)) {
        return Err(ApiError::not_found());
    }
    app.sessions.check(app.org.clock.now(), &call)?;
    limits::count(app)?;
    let base = format!("/services/data/{version}");
    match resource {
        [] => Ok(resources(&base)),
        ["limits"] => Ok(limits::limits(app)),
        ["sobjects", rest @ ..] => sobjects::handle(app, &base, rest, call).await,
        ["query" | "queryAll", rest @ ..] => query::handle(app, &base, resource[0] == "queryAll", rest, call).await,
        ["jobs", "query", rest @ ..] => bulk::handle(app, &base, version, rest, call, fault).await,
        ["tooling", rest @ ..] => tooling::handle(app, &base, rest, &call),
        ["recent" | "search" | "tabs" | "theme" | "composite" | "jobs", ..] => Err(ApiError::new(
            501,
            "FEATURE_NOT_ENABLED",
            format!("the simulator does not serve {} {path}", call.method),
        )),
        _ => Err(ApiError::not_found()),
    }
}

/// Runs what reads or writes files beside the threads that serve sockets.
pub(crate) async fn blocking<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&App) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let app = Arc::clone(app);
    match tokio::task::spawn_blocking(move || work(&app)).await {
        Ok(result) => result,
        Err(_) => Err(ApiError::new(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred")),
    }
}

fn versions() -> Response {
    const SEASONS: [&str; 3] = ["Spring", "Summer", "Winter"];
    // v55 was Summer '22; three releases a year.
    let all: Vec<serde_json::Value> = VERSIONS
        .map(|v| {
            let n = v - 54;
            let season = SEASONS[(n % 3) as usize];
            let year = 22 + n / 3 + u32::from(n % 3 == 2);
            serde_json::json!({ "label": format!("{season} '{year}"), "url": format!("/services/data/v{v}.0"), "version": format!("{v}.0") })
        })
        .collect();
    json_response(200, &all.into())
}

fn resources(base: &str) -> Response {
    let mut all = serde_json::Map::new();
    for name in ["sobjects", "query", "queryAll", "limits"] {
        all.insert(name.into(), format!("{base}/{name}").into());
    }
    all.insert("jobs".into(), format!("{base}/jobs").into());
    all.insert(
        "identity".into(),
        format!("{}/id/{}/{}", "", ORG_ID, auth::USER_ID).into(),
    );
    json_response(200, &all.into())
}

/// A body read from a file in large pieces.
pub(crate) fn file_body(header: Vec<u8>, file: std::fs::File, from: u64, to: u64) -> Body {
    use std::os::unix::fs::FileExt;
    const PIECE: u64 = 512 * 1024;
    let file = Arc::new(file);
    let first = futures::stream::once(async move { Ok::<_, std::io::Error>(bytes::Bytes::from(header)) });
    let rest = futures::stream::try_unfold(from, move |at| {
        let file = Arc::clone(&file);
        async move {
            if at >= to {
                return Ok(None);
            }
            let piece = tokio::task::spawn_blocking(move || {
                let mut buffer = vec![0; (to - at).min(PIECE) as usize];
                file.read_exact_at(&mut buffer, at).map(|()| buffer)
            })
            .await
            .map_err(std::io::Error::other)??;
            let next = at + piece.len() as u64;
            Ok(Some((bytes::Bytes::from(piece), next)))
        }
    });
    Body::from_stream(futures::StreamExt::chain(first, rest))
}
