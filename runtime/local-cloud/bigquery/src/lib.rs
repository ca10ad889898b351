//! The local BigQuery: GoogleSQL, REST v2 and the Storage APIs in front of an embedded DuckDB.
//!
//! It refuses to know: HTTP servers and ports (it answers `axum::Router`s), where objects come from (an
//! [`ObjectStore`] gives it files), keys (a [`KeyService`] uses them), credentials (whoever can connect may do everything), and the rest of the local
//! cloud. Only `headwater-local-cloud` depends on it. DuckDB is known to the module `engine` alone.
//!
//! The API follows <https://cloud.google.com/bigquery/docs/reference/rest>.

mod catalog;
mod encode;
mod engine;
mod error;
mod grpc;
mod jobs;
mod native;
mod rest;
mod schema;
mod service;
mod sql;
mod standard_type;
mod storage_read;
mod storage_write;
mod types;
pub mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::Error;
pub use grpc::STORAGE_METHODS;

/// A stored object: its name in the bucket and the file that holds its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// The object's name, without the bucket.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// A plain file with the object's bytes.
    pub path: PathBuf,
}

/// Where `gs://` objects are found. Blobs are plain files that DuckDB reads directly.
pub trait ObjectStore: Send + Sync + 'static {
    /// The objects of a bucket whose names start with `prefix`, in the order of their names.
    ///
    /// # Errors
    /// When the bucket cannot be read. A bucket that does not exist is an empty list or `NotFound`.
    fn list(&self, bucket: &str, prefix: &str) -> std::io::Result<Vec<StoredObject>>;

    /// Stores the bytes of the file `path` as an object; the file may be moved.
    ///
    /// # Errors
    /// When the object cannot be written.
    fn put(&self, bucket: &str, name: &str, path: &Path) -> std::io::Result<()>;
}

/// Where the keys are that wrap keysets: Cloud KMS. A key is named `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
pub trait KeyService: Send + Sync + 'static {
    /// Encrypts by the key's primary version, without additional data.
    ///
    /// # Errors
    /// The service's own words, of an unknown key or one that is not enabled.
    fn encrypt(&self, key: &str, plaintext: &[u8]) -> Result<Vec<u8>, String>;

    /// Decrypts what the key has encrypted.
    ///
    /// # Errors
    /// The service's own words, of an unknown key, one that is not enabled, or what it has not encrypted.
    fn decrypt(&self, key: &str, ciphertext: &[u8]) -> Result<Vec<u8>, String>;
}

/// A key service without keys.
#[cfg(test)]
struct NoKeys;

#[cfg(test)]
impl KeyService for NoKeys {
    fn encrypt(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("there are no keys".into())
    }

    fn decrypt(&self, key: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        self.encrypt(key, &[])
    }
}

/// Who asks: an extension of a request, from whoever reads its token. `SESSION_USER` answers the address, and a job keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(pub String);

impl Default for Caller {
    /// Of whom a request's token says nothing.
    fn default() -> Self {
        Self("local@headwater".to_owned())
    }
}

/// How to open the local BigQuery.
pub struct Options {
    /// The local cloud's data directory; the warehouse lives in its subdirectory `bigquery`.
    pub data_dir: PathBuf,
    /// The base URL that clients use, for links in answers; without a slash at its end.
    pub base_url: String,
    /// Where loads read and extracts write.
    pub objects: Arc<dyn ObjectStore>,
    /// What wraps keysets.
    pub keys: Arc<dyn KeyService>,
    /// DuckDB's memory, in megabytes; what exceeds it spills to disk.
    pub memory_limit_mb: u64,
    /// What may be spilled, in megabytes; `None`: most of what the disk has left.
    pub spill_limit_mb: Option<u64>,
}

/// An open warehouse. Its routers share it; it closes when the last of them and this are gone.
pub struct BigQuery {
    service: Arc<service::Service>,
}

impl BigQuery {
    /// Opens (or makes) the warehouse, and ends as failed the jobs that were running when the last process died.
    ///
    /// # Errors
    /// When the directory cannot be written or another process holds the database.
    pub fn open(options: Options) -> Result<Self, Error> {
        Ok(Self {
            service: Arc::new(service::Service::open(options)?),
        })
    }

    /// Serves `/bigquery/v2/…`, `/upload/bigquery/v2/…`, `/$discovery/rest` and
    /// `/discovery/v1/apis/bigquery/v2/rest`.
    pub fn router(&self) -> axum::Router {
        rest::router(Arc::clone(&self.service))
    }

    /// Serves `/google.cloud.bigquery.storage.v1.…` over gRPC.
    pub fn grpc(&self) -> axum::Router {
        grpc::router(&self.service)
    }

    /// Ends the streams of the Storage APIs, which clients may hold open for ever.
    pub fn end_streams(&self) {
        self.service.stop.cancel();
    }

    /// Stops what is running and writes the log into the database file. Without it nothing is lost either: the next
    /// start replays the log.
    pub fn shutdown(&self) {
        self.service.shutdown();
    }
}
