//! The server: one port, HTTP/1.1 and HTTP/2 with prior knowledge, JSON and gRPC.
//!
//! A call is handled on a task of its own: a client that goes away does not leave a change half done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use http::{Request, header};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::answer::ApiError;
use super::call::{Call, Query};
use super::fields::Fields;
use super::gunzip::gunzip;
use crate::cloud::Cloud;
use crate::faults::Action;

/// How long open calls may take to finish once the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How long a body pauses before it is cut.
const FLUSH: Duration = Duration::from_millis(20);

/// The connection ends without an answer, because a fault says so.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped by an injected fault")]
pub(crate) struct Dropped;

/// Serves until `stop`; then waits for open calls, but not for long.
pub(crate) async fn serve(listener: TcpListener, cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(None);
    server.http2().timer(TokioTimer::new()).adaptive_window(true);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, _) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others must be given the time to close theirs.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        drop(stream.set_nodelay(true));
        let cloud = cloud.clone();
        let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
            answer(cloud.clone(), request.map(Body::new))
        });
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("calls were still open at the end of the drain");
    }
}

/// Answers one call, with the faults that were asked for.
async fn answer(cloud: Arc<Cloud>, mut request: Request<Body>) -> Result<Response, Dropped> {
    let started = Instant::now();
    let (verb, path) = (request.method().to_string(), request.uri().path().to_owned());
    let fault = cloud.faults.take(&verb, &path);
    if let Some(fault) = &fault {
        tracing::debug!(%verb, %path, ?fault, "fault injected");
    }
    match &fault {
        Some(Action::Status {
            status,
            retry_after,
            message,
        }) => {
            let mut body = std::mem::take(request.body_mut()).into_data_stream();
            // A client that is still sending would see a reset instead of the answer; one that streams never ends.
            let streams = is(request.headers().get(header::CONTENT_TYPE), "application/grpc");
            while !streams && let Some(Ok(_)) = body.next().await {}
            let message = message.as_deref().unwrap_or("injected fault");
            let mut error = ApiError::new(*status, ApiError::status_of(*status), reason(*status), message);
            error.retry_after = *retry_after;
            return Ok(error.into_response());
        }
        Some(Action::DelayMs { delay_ms }) => tokio::time::sleep(Duration::from_millis(*delay_ms)).await,
        Some(Action::DropRequestAfterBytes {
            drop_request_after_bytes,
        }) => {
            *request.body_mut() = cut(std::mem::take(request.body_mut()), *drop_request_after_bytes);
        }
        _ => {}
    }
    let handled = tokio::spawn(handle(cloud, request)).await;
    let mut response = handled.unwrap_or_else(|error| {
        tracing::error!(%error, "a handler panicked");
        ApiError::internal("the local cloud has a bug: a handler panicked, its log says where").into_response()
    });
    tracing::trace!(%verb, %path, status = response.status().as_u16(), micros = started.elapsed().as_micros(), "call");
    match fault {
        Some(Action::ApplyThenDrop | Action::DropRequestAfterBytes { .. }) => Err(Dropped),
        Some(Action::DropAfterBytes { drop_after_bytes: 0 }) => Err(Dropped),
        Some(Action::DelayAnswerMs { delay_answer_ms }) => {
            tokio::time::sleep(Duration::from_millis(delay_answer_ms)).await;
            Ok(response)
        }
        Some(Action::DropAfterBytes { drop_after_bytes }) => {
            *response.body_mut() = cut(std::mem::take(response.body_mut()), drop_after_bytes);
            Ok(response)
        }
        _ => Ok(response),
    }
}

fn reason(code: u16) -> &'static str {
    match code {
        400 => "badRequest",
        401 => "authError",
        403 | 429 => "rateLimitExceeded",
        404 => "notFound",
        _ => "backendError",
    }
}

/// The first `n` bytes of a body, then an error.
fn cut(body: Body, n: u64) -> Body {
    let state = (body.into_data_stream(), n, false);
    Body::from_stream(futures::stream::unfold(state, |(mut body, left, over)| async move {
        if over {
            return None;
        }
        match body.next().await {
            Some(Ok(chunk)) if (chunk.len() as u64) < left => {
                let left = left - chunk.len() as u64;
                Some((Ok::<Bytes, axum::BoxError>(chunk), (body, left, false)))
            }
            Some(Ok(chunk)) if left > 0 => {
                let keep = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
                Some((Ok(chunk.slice(..keep)), (body, 0, false)))
            }
            Some(Err(error)) => Some((Err(error.into()), (body, left, true))),
            None if left > 0 => None,
            _ => {
                // What came before the cut must have left the buffers, or the whole answer is lost with it.
                tokio::time::sleep(FLUSH).await;
                Some((Err(Dropped.into()), (body, 0, true)))
            }
        }
    }))
}

/// Finds the method and runs it.
pub(crate) async fn handle(cloud: Arc<Cloud>, mut request: Request<Body>) -> Response {
    if is(request.headers().get(header::CONTENT_TYPE), "application/grpc") {
        if let Some(recorder) = &cloud.recorder {
            recorder.grpc(request.uri().path());
        }
        if crate::pubsub::owns(request.uri().path()) {
            let Ok(response) = cloud.pubsub_grpc.clone().oneshot(request).await;
            return response;
        }
        if crate::bigquery::owns_grpc(request.uri().path()) {
            let Ok(response) = cloud.bigquery_grpc.clone().oneshot(request).await;
            return response;
        }
        let method = request.uri().path().trim_start_matches('/');
        let message = format!("{method} is not served by the local cloud");
        return tonic::Status::unimplemented(message).into_http();
    }
    if is(request.headers().get(header::CONTENT_ENCODING), "gzip") {
        let packed = std::mem::take(request.body_mut()).into_data_stream();
        *request.body_mut() = gunzip(packed);
        request.headers_mut().remove(header::CONTENT_ENCODING);
        request.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let Some(recorder) = cloud.recorder.clone() else {
        let response = dispatch(cloud, request, query.clone()).await;
        return shape(response, &query).await;
    };
    let method = called(&cloud, &request);
    let recorded = recorder.request(method, &mut request).await;
    let response = dispatch(cloud, request, query.clone()).await;
    recorder.answer(recorded, shape(response, &query).await).await
}

/// What tells a call's method from others: its id, or its path without names.
fn called(cloud: &Cloud, request: &Request<Body>) -> String {
    let (verb, path) = (request.method().as_str(), request.uri().path());
    if let Some((method, _)) = cloud.routes.find(verb, path) {
        return method.id.to_owned();
    }
    // BigQuery's: `bigquery/v2/projects/P/datasets/D`, where every other part is a name.
    let words = path.trim_matches('/').split('/').enumerate();
    let words = words.filter(|(at, _)| *at < 2 || at % 2 == 0).map(|(_, word)| word);
    format!("{verb} {}", words.collect::<Vec<_>>().join("/"))
}

fn is(header: Option<&http::HeaderValue>, prefix: &str) -> bool {
    header.is_some_and(|value| value.as_bytes().starts_with(prefix.as_bytes()))
}

async fn dispatch(cloud: Arc<Cloud>, request: Request<Body>, query: Query) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let owner = cloud.clone();
    if let Some((method, params)) = owner.routes.find(parts.method.as_str(), path) {
        return method.run(Call::new(cloud, params, query, parts.headers, body)).await;
    }
    if crate::bigquery::owns(path) {
        let mut request = Request::from_parts(parts, body);
        if let Some(email) = crate::tokens::caller(request.headers()) {
            request.extensions_mut().insert(headwater_local_bigquery::Caller(email));
        }
        let Ok(response) = owner.bigquery.clone().oneshot(request).await;
        return response;
    }
    if let Some(names) = crate::storage::xml::named(&owner, &parts.method, path) {
        return crate::storage::xml::read(Call::new(cloud, names, query, parts.headers, body)).await;
    }
    ApiError::unimplemented(format_args!("{} {path}", parts.method)).into_response()
}

/// Applies `fields` and `prettyPrint` to a JSON answer.
async fn shape(response: Response, query: &Query) -> Response {
    let fields = query.get("fields").or_else(|| query.get("$fields"));
    let pretty = query.flag("prettyPrint") || query.flag("$prettyPrint");
    let json = is(response.headers().get(header::CONTENT_TYPE), "application/json");
    if !json || !response.status().is_success() || (fields.is_none() && !pretty) {
        return response;
    }
    let fields = match fields.map(Fields::parse).transpose() {
        Ok(fields) => fields.unwrap_or_default(),
        Err(error) => return error.into_response(),
    };
    let (mut parts, body) = response.into_parts();
    let value = match body
        .collect()
        .await
        .map(|body| serde_json::from_slice(&body.to_bytes()))
    {
        Ok(Ok(value)) => fields.apply(value),
        _ => return ApiError::internal("an answer could not be filtered by fields").into_response(),
    };
    let text = if pretty {
        serde_json::to_string_pretty(&value)
    } else {
        serde_json::to_string(&value)
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(text.unwrap_or_default()))
}
