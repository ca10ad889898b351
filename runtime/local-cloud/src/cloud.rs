//! What all services of one local cloud share.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use headwater_local_pubsub::PubSub;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::http::route::Routes;
use crate::store::Store;

/// The state behind every call.
pub(crate) struct Cloud {
    pub(crate) data_dir: PathBuf,
    /// Where clients reach this server; links in answers start with it, whatever a request's `Host` says.
    pub(crate) base_url: String,
    pub(crate) project: String,
    pub(crate) region: String,
    pub(crate) store: Arc<Store>,
    pub(crate) blobs: Blobs,
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Faults,
    pub(crate) routes: Routes,
    /// Where calls are written down, if they are.
    pub(crate) recorder: Option<Arc<crate::http::record::Recorder>>,
    pub(crate) bigquery: Router,
    pub(crate) bigquery_grpc: Router,
    pub(crate) pubsub: PubSub,
    pub(crate) pubsub_grpc: Router,
    /// What Cloud Monitoring's time series show.
    pub(crate) history: crate::monitoring::History,
    pub(crate) uploads: crate::storage::Uploads,
    /// What a task starts.
    pub(crate) runtime_binary: PathBuf,
    pub(crate) executor: crate::run::Executor,
    pub(crate) pools: crate::run::Pools,
    pub(crate) scheduler: crate::scheduler::Scheduler,
    pub(crate) dataform: crate::dataform::Service,
    pub(crate) dataplex: crate::dataplex::Service,
    /// Ends what runs in the background.
    pub(crate) stop: CancellationToken,
    /// What runs in the background.
    pub(crate) tasks: TaskTracker,
}

impl Cloud {
    /// The project that an id means; the number of the local cloud's own project is that project.
    pub(crate) fn project_of<'a>(&'a self, id: &'a str) -> &'a str {
        if id == Cloud::project_number(&self.project).to_string() {
            &self.project
        } else {
            id
        }
    }

    /// A number for a project as Google would give one: the same for the same name, always.
    pub(crate) fn project_number(project: &str) -> u64 {
        100_000_000_000 + u64::from(crc32c::crc32c(project.as_bytes()))
    }
}
