//! Where the local BigQuery is mounted. BigQuery itself is the crate `headwater-local-bigquery`.

use axum::Router;

use crate::http::answer::ApiError;

/// Whether a path is BigQuery's.
pub(crate) fn owns(path: &str) -> bool {
    [
        "/bigquery/",
        "/upload/bigquery/",
        "/resumable/upload/bigquery/",
        "/$discovery/",
        "/discovery/",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}

/// What answers while there is no BigQuery.
pub(crate) fn absent() -> Router {
    Router::new().fallback(|request: axum::extract::Request| async move {
        ApiError::unimplemented(format_args!("{} {}", request.method(), request.uri().path())).into_response()
    })
}
