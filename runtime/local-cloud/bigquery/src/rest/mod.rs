//! BigQuery's REST API v2 over HTTP: paths, query parameters, bodies, errors. What resources mean is decided in
//! `catalog` and `jobs`.

mod datasets;
mod discovery;
mod insert_all;
mod jobs;
mod page;
mod policies;
mod queries;
mod routines;
mod tabledata;
mod tables;
mod upload;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Read;
use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Query, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::Caller;
use crate::error::Fault;
use crate::service::Service;

/// The largest body of a request that is not an upload; BigQuery allows 10 MB.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

type Shared = axum::extract::State<Arc<Service>>;
type Parameters = Query<HashMap<String, String>>;
type Reply = Result<Json<Value>, Fault>;

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.reason.status().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}

pub(crate) fn router(service: Arc<Service>) -> axum::Router {
    let projects = "/bigquery/v2/projects/{project}";
    let at = |tail: &str| format!("{projects}{tail}");
    axum::Router::new()
        .route("/$discovery/rest", get(discovery::document))
        .route("/discovery/v1/apis/bigquery/v2/rest", get(discovery::document))
        .route("/bigquery/v2/projects", get(datasets::projects))
        .route(&at("/serviceAccount"), get(datasets::service_account))
        .route(&at("/datasets"), get(datasets::list).post(datasets::insert))
        .route(
            &at("/datasets/{dataset}"),
            get(datasets::get)
                .patch(datasets::patch)
                .put(datasets::update)
                .delete(datasets::delete),
        )
        .route(
            &at("/datasets/{dataset}/tables"),
            get(tables::list).post(tables::insert),
        )
        .route(
            &at("/datasets/{dataset}/tables/{table}"),
            get(tables::get)
                .patch(tables::patch)
                .put(tables::update)
                .delete(tables::delete)
                .post(tables::verb),
        )
        .route(
            &at("/datasets/{dataset}/tables/{table}/rowAccessPolicies"),
            get(tables::row_access_policies),
        )
        .route(&at("/datasets/{dataset}/tables/{table}/data"), get(tabledata::list))
        .route(
            &at("/datasets/{dataset}/tables/{table}/insertAll"),
            post(insert_all::insert_all),
        )
        .route(
            &at("/datasets/{dataset}/routines"),
            get(routines::list).post(routines::insert),
        )
        .route(
            &at("/datasets/{dataset}/routines/{routine}"),
            get(routines::get)
                .put(routines::update)
                .delete(routines::delete)
                .post(routines::verb),
        )
        .route(&at("/datasets/{dataset}/models"), get(datasets::no_models))
        .route(&at("/jobs"), get(jobs::list).post(jobs::insert))
        .route(&at("/jobs/{job}"), get(jobs::get))
        .route(&at("/jobs/{job}/cancel"), post(jobs::cancel))
        .route(&at("/jobs/{job}/delete"), axum::routing::delete(jobs::delete))
        .route(&at("/queries"), post(queries::query))
        .route(&at("/queries/{job}"), get(queries::results))
        .route("/bigquery/v2/{*rest}", axum::routing::any(unknown))
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .route(
            "/upload/bigquery/v2/projects/{project}/jobs",
            post(upload::start)
                .put(upload::resume)
                .layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/resumable/upload/bigquery/v2/projects/{project}/jobs",
            post(upload::start)
                .put(upload::resume)
                .layer(DefaultBodyLimit::disable()),
        )
        .with_state(service)
}

async fn unknown(request: Request) -> Fault {
    Fault::not_implemented(&format!("{} {}", request.method(), request.uri().path()))
}

/// A JSON body; empty is `{}`, gzip is unpacked.
fn body(headers: &HeaderMap, bytes: &Bytes) -> Result<Value, Fault> {
    let mut unpacked = Vec::new();
    let gzip = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|v| v.as_bytes() == b"gzip");
    let text: &[u8] = if gzip {
        flate2::read::GzDecoder::new(bytes.as_ref())
            .read_to_end(&mut unpacked)
            .map_err(|_| Fault::invalid("the body is not valid gzip"))?;
        &unpacked
    } else {
        bytes
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(text).map_err(|e| Fault::invalid(format!("Invalid JSON payload received. {e}")))
}

/// A query parameter that is present and not empty.
fn parameter<'q>(query: &'q HashMap<String, String>, name: &str) -> Option<&'q str> {
    query.get(name).map(String::as_str).filter(|v| !v.is_empty())
}

fn number(query: &HashMap<String, String>, name: &str) -> Result<Option<u64>, Fault> {
    parameter(query, name)
        .map(|v| {
            v.parse()
                .map_err(|_| Fault::invalid(format!("Invalid value for {name}: {v}")))
        })
        .transpose()
}

fn if_match(headers: &HeaderMap) -> Option<String> {
    headers
        .get(header::IF_MATCH)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned)
}
