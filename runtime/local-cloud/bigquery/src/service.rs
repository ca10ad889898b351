//! What the REST layer works on: the engine, the jobs that run, where objects are, and a few memories.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::catalog;
use crate::engine::Engine;
use crate::error::{Error, Fault, Reason};
use crate::jobs::journal::Journal;
use crate::jobs::{self, Registry};
use crate::storage_read::Sessions;
use crate::{ObjectStore, Options};

/// Stack of the threads that parse and translate: deep expressions are refused long before it is used up.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// How long an insertId is remembered; BigQuery promises about a minute.
const INSERT_ID_MEMORY: Duration = Duration::from_secs(60);
/// How often what has expired is looked for.
const SWEEP: Duration = Duration::from_secs(300);

/// The sessions in which a query runs.
#[derive(Default)]
pub(crate) struct BusySessions {
    ids: Mutex<HashSet<String>>,
    freed: Condvar,
}

impl BusySessions {
    pub(crate) fn take(&self, id: &str) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        while !ids.insert(id.to_owned()) {
            ids = self.freed.wait(ids).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn give(&self, id: &str) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.freed.notify_all();
    }
}

pub(crate) struct Service {
    pub(crate) engine: Engine,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) base_url: String,
    /// Uploads on their way, and files that are made for one load.
    pub(crate) scratch: PathBuf,
    pub(crate) registry: Registry,
    pub(crate) journal: Journal,
    pub(crate) sessions: Sessions,
    /// Ends streams.
    pub(crate) stop: CancellationToken,
    pub(crate) busy_sessions: BusySessions,
    insert_ids: Mutex<HashMap<String, Instant>>,
    /// `requestId` of queries → the answer's job.
    pub(crate) requests: Mutex<HashMap<String, String>>,
    swept: Mutex<Instant>,
}

impl Service {
    pub(crate) fn open(options: Options) -> Result<Self, Error> {
        let dir = options.data_dir.join("bigquery");
        let engine = Engine::open(&dir, options.memory_limit_mb, options.spill_limit_mb, &options.keys)?;
        let scratch = dir.join("scratch");
        std::fs::remove_dir_all(&scratch).ok();
        std::fs::create_dir_all(&scratch).map_err(|source| Error::Directory {
            path: scratch.clone(),
            source,
        })?;
        let sessions = dir.join("read_sessions");
        let sessions =
            Sessions::open(sessions.clone()).map_err(|source| Error::Directory { path: sessions, source })?;
        let failed = |fault: Fault| Error::Warehouse {
            path: dir.clone(),
            message: fault.message,
        };
        catalog::prepare(&engine).map_err(failed)?;
        let (journal, accepted) = Journal::open(&dir).map_err(|source| Error::Directory {
            path: dir.clone(),
            source,
        })?;
        jobs::recover(&engine, &journal, &accepted).map_err(failed)?;
        Ok(Self {
            engine,
            objects: options.objects,
            base_url: options.base_url.trim_end_matches('/').to_owned(),
            scratch,
            registry: Registry::default(),
            journal,
            sessions,
            stop: CancellationToken::new(),
            busy_sessions: BusySessions::default(),
            insert_ids: Mutex::default(),
            requests: Mutex::default(),
            swept: Mutex::new(Instant::now()),
        })
    }

    pub(crate) fn shutdown(&self) {
        self.stop.cancel();
        self.registry.cancel_all();
        self.engine.checkpoint();
    }

    /// A name for a file in the scratch directory.
    pub(crate) fn scratch_file(&self) -> PathBuf {
        self.scratch.join(uuid::Uuid::new_v4().to_string())
    }

    /// Deletes now and then what has expired.
    pub(crate) fn sweep(&self) {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            if swept.elapsed() < SWEEP {
                return;
            }
            *swept = Instant::now();
        }
        if let Err(error) = catalog::sweep(&self.engine) {
            tracing::warn!(%error, "what has expired was not deleted");
        }
    }

    /// Whether this row was not inserted in the last minute; remembers it.
    pub(crate) fn first_time(&self, table: &str, insert_id: &str) -> bool {
        let mut ids = self.insert_ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.retain(|_, at| at.elapsed() < INSERT_ID_MEMORY);
        ids.insert(format!("{table}\n{insert_id}"), Instant::now()).is_none()
    }

    pub(crate) fn forget(&self, table: &str, insert_id: &str) {
        let mut ids = self.insert_ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.remove(&format!("{table}\n{insert_id}"));
    }
}

/// Runs `work` on a thread of its own with room for deep expressions.
pub(crate) async fn blocking<T: Send + 'static>(
    service: &Arc<Service>,
    work: impl FnOnce(&Arc<Service>) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let service = Arc::clone(service);
    spawn(move || {
        send.send(work(&service)).ok();
    })?;
    receive.await.unwrap_or_else(|_| {
        Err(Fault::new(
            Reason::BackendError,
            "the request failed inside; see the log",
        ))
    })
}

/// A thread with a deep stack.
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let builder = std::thread::Builder::new()
        .name("bigquery".into())
        .stack_size(STACK_BYTES);
    let spawned = builder.spawn(work);
    spawned
        .map(drop)
        .map_err(|e| Fault::new(Reason::BackendError, format!("no thread could be started: {e}")))
}

/// A value's text, where it has one that is not empty.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|t| !t.is_empty())
}
