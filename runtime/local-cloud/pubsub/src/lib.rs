//! The local Pub/Sub: gRPC (`google.pubsub.v1`, and `google.iam.v1` for its resources) and REST v1 over a durable log.
//!
//! It refuses to know: HTTP servers and ports (it answers an `axum::Router` for gRPC and a table of [`Method`]s for
//! REST), credentials (whoever can connect may do everything), and the rest of the local cloud: time and BigQuery's
//! tables are traits that it is given. Only `headwater-local-cloud` depends on it.
//!
//! What a publisher was told is on disk: a `kill -9` loses nothing of it. Message bodies are in memory only while they
//! are on their way.
//!
//! The API follows <https://cloud.google.com/pubsub/docs/reference/rest>.

mod admin;
mod background;
mod cursor;
mod delivery;
mod export;
mod filter;
mod grpc;
mod log;
mod mask;
mod measure;
mod name;
mod publish;
mod pull;
mod push;
mod record;
mod refusal;
mod registry;
mod rest;
mod schema;
mod service;
mod store;
mod stream;
mod sweep;
pub mod wire;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use measure::Measure;
pub use rest::{Method, methods};

/// The time by which messages are published, leased and kept.
pub trait Clock: Send + Sync + 'static {
    /// Now. It may be put forward, never back.
    fn now(&self) -> DateTime<Utc>;

    /// Sleeps until a time, or until the clock was put forward.
    fn sleep_until(&self, when: DateTime<Utc>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What a call of [`Tables`] gives, later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// BigQuery's type, as in `STRING`.
    pub kind: String,
}

/// A row to be stored.
#[derive(Debug, Clone)]
pub struct Row {
    /// The same for the same message, so that a row that is stored twice can be told.
    pub id: String,
    /// A JSON value for each column.
    pub values: serde_json::Map<String, serde_json::Value>,
}

/// Where BigQuery subscriptions write.
pub trait Tables: Send + Sync + 'static {
    /// The top-level columns of a table; none if there is no such table.
    fn columns<'a>(&'a self, project: &'a str, dataset: &'a str, table: &'a str) -> Later<'a, Option<Vec<Column>>>;

    /// Stores rows, each or not; gives the places of those that were refused.
    fn insert<'a>(
        &'a self,
        project: &'a str,
        dataset: &'a str,
        table: &'a str,
        rows: Vec<Row>,
    ) -> Later<'a, Vec<usize>>;
}

/// How to open the local Pub/Sub.
pub struct Options {
    /// The local cloud's data directory; Pub/Sub lives in its subdirectory `pubsub`.
    pub data_dir: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// BigQuery's tables.
    pub tables: Arc<dyn Tables>,
}

/// Why the local Pub/Sub could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory could not be prepared.
    #[error("the directory {} cannot be prepared", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store's file cannot be opened or read.
    #[error("the store {} cannot be opened", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client that pushes cannot be made.
    #[error("the client for push subscriptions cannot be made")]
    Client(#[source] reqwest::Error),
}

/// An open Pub/Sub; cheap to share.
#[derive(Clone)]
pub struct PubSub {
    service: Arc<service::Service>,
}

impl PubSub {
    /// Opens (or makes) the store and goes on where the last process ended. Blocks; needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the directory cannot be written or another process holds the file.
    pub fn open(options: Options) -> Result<Self, Error> {
        Ok(Self {
            service: service::Service::open(options)?,
        })
    }

    /// Serves `/google.pubsub.v1.…` and `/google.iam.v1.IAMPolicy/…` over gRPC.
    pub fn grpc(&self) -> axum::Router {
        grpc::router(&self.service)
    }

    /// How far each subscription is behind, in the order of their names; not those that are detached. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn measure(&self) -> Result<Vec<Measure>, String> {
        self.service.measure().map_err(|refusal| refusal.message)
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the store fails; then some of it is left.
    pub async fn reset(&self) -> Result<(), String> {
        self.service.clear().await.map_err(|refusal| refusal.message)
    }

    /// Ends streams and background work, and closes the store. What is served after that is refused as unavailable.
    pub async fn shutdown(&self) {
        self.service.shutdown().await;
    }
}
