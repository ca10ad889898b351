//! Where the local BigQuery is mounted: REST, and the Storage APIs by gRPC. BigQuery itself is the crate `headwater-local-bigquery`; it gets the objects of
//! Cloud Storage as files and uses the keys of Cloud KMS, and that is all the two know of each other.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use headwater_local_bigquery::{BigQuery, Caller, ObjectStore, Options, StoredObject};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::http::answer::ApiError;
use crate::http::call::percent_encode;
use crate::kms;
use crate::memory;
use crate::storage::Shelf;
use crate::store::Store;

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

/// Whether a gRPC path is that of a Storage API.
pub(crate) fn owns_grpc(path: &str) -> bool {
    path.starts_with("/google.cloud.bigquery.storage.v1.")
}

/// The methods of the Storage APIs, for the table of all methods; only they are served by gRPC alone.
pub(crate) fn grpc_methods() -> impl Iterator<Item = Value> {
    headwater_local_bigquery::STORAGE_METHODS.iter().map(|(service, name)| {
        json!({
            "id": format!("bigquerystorage.{service}.{name}"),
            "method": "gRPC",
            "path": format!("/google.cloud.bigquery.storage.v1.{service}/{name}"),
        })
    })
}

/// Opens the warehouse in the data directory; blocks.
pub(crate) fn open(
    data_dir: &Path,
    base_url: &str,
    store: Arc<Store>,
    blobs: Blobs,
    clock: Arc<Clock>,
) -> Result<BigQuery, headwater_local_bigquery::Error> {
    BigQuery::open(Options {
        data_dir: data_dir.to_owned(),
        base_url: base_url.to_owned(),
        keys: Arc::new(kms::Keys {
            store: Arc::clone(&store),
            clock,
        }),
        objects: Arc::new(Shelf { store, blobs }),
        memory_limit_mb: memory::share_mb(),
        spill_limit_mb: None,
    })
}

/// BigQuery's API as other services of the local cloud call it: within the process.
pub(crate) struct Api {
    pub(crate) router: Router,
    /// The service account that calls, if it is a certain one.
    pub(crate) caller: Option<String>,
}

impl Api {
    /// A call: the status and the answer.
    ///
    /// # Errors
    /// When there is no JSON to give back.
    pub(crate) async fn call(
        &self,
        verb: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let mut request = Request::builder()
            .method(verb)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .map_err(|e| e.to_string())?;
        if let Some(email) = &self.caller {
            request.extensions_mut().insert(Caller(email.clone()));
        }
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|e| e.to_string())?;
        let answer = serde_json::from_slice(&body.to_bytes()).map_err(|e| e.to_string())?;
        Ok((status, answer))
    }
}

/// The path of a table.
pub(crate) fn table_path(project: &str, dataset: &str, table: &str) -> String {
    let [project, dataset, table] = [project, dataset, table].map(percent_encode);
    format!("/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}")
}

/// What an answer that is an error says.
pub(crate) fn message(answer: &Value) -> String {
    answer["error"]["message"]
        .as_str()
        .unwrap_or("BigQuery refused")
        .to_owned()
}

impl ObjectStore for Shelf {
    fn list(&self, bucket: &str, prefix: &str) -> io::Result<Vec<StoredObject>> {
        let objects = Shelf::list(self, bucket, prefix).map_err(io_error)?;
        Ok(objects
            .into_iter()
            .map(|object| StoredObject {
                name: object.name,
                size: object.size,
                path: object.path,
            })
            .collect())
    }

    fn put(&self, bucket: &str, name: &str, path: &Path) -> io::Result<()> {
        Shelf::put(self, bucket, name, path).map_err(io_error)
    }
}

fn io_error(error: ApiError) -> io::Error {
    let kind = if error.code == 404 {
        io::ErrorKind::NotFound
    } else {
        io::ErrorKind::Other
    };
    io::Error::new(kind, error.message)
}
