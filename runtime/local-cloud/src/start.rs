//! Putting a local cloud together, starting it and stopping it.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater_local_bigquery::BigQuery;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::error::Error;
use crate::faults::Faults;
use crate::http::record::Recorder;
use crate::http::route::Routes;
use crate::http::server;
use crate::store::{Snapshot, Store, StoreError, View, under};
use crate::{
    artifacts, bigquery, control, dataflow, dataform, dataplex, iam, iam_credentials, kms, logging, monitoring,
    operations, platform, projects, pubsub, run, scheduler, secrets, storage,
};

/// What a local cloud needs to be told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything that is stored is here. Created when missing; one process at a time.
    pub data_dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The project that tasks are told they run in, and the metadata server names.
    pub project: String,
    /// The region that tasks are told they run in.
    pub region: String,
    /// Calls are written down here, for checks against Google's descriptions of its APIs.
    pub record: Option<PathBuf>,
    /// What a Cloud Run task starts whose image is in no repository here.
    pub runtime_binary: PathBuf,
}

/// A local cloud that serves. Dropped without [`LocalCloud::shutdown`] it ends at once and waits for nothing.
pub struct LocalCloud {
    base_url: String,
    cloud: Arc<Cloud>,
    warehouse: Option<BigQuery>,
    accept: CancellationToken,
    served: Option<tokio::task::JoinHandle<()>>,
    /// Held as long as the directory is in use.
    _lock: File,
}

impl LocalCloud {
    /// Opens the data directory and begins to serve. Ready when it returns.
    ///
    /// # Errors
    /// The directory is in use or cannot be used, or the port is taken.
    pub async fn start(options: Options) -> Result<LocalCloud, Error> {
        // Outgoing calls of the scheduler may need TLS; a provider that is already chosen stays.
        drop(rustls::crypto::ring::default_provider().install_default());
        let dir = options.data_dir.clone();
        let in_dir = |source| Error::DataDir {
            dir: dir.clone(),
            source,
        };
        fs::create_dir_all(&dir).map_err(in_dir)?;
        let data_dir = dir.canonicalize().map_err(in_dir)?;
        private(&data_dir).map_err(in_dir)?;
        let lock = lock(&data_dir)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listen = |source| Error::Listen {
            port: options.port,
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(listen)?);
        let path = data_dir.join("metadata.redb");
        let in_store = |source: StoreError| Error::Store {
            path: path.clone(),
            source: source.into(),
        };
        let store = Arc::new(Store::open(&path).map_err(in_store)?);
        let blobs = Blobs::open(&data_dir).map_err(in_dir)?;
        collect_garbage(&store, &blobs, in_dir, in_store)?;
        let unpacked = store
            .snapshot()
            .and_then(|view| artifacts::image::tidy(&data_dir, &view));
        unpacked.map_err(in_store)?;

        let clock = Arc::new(Clock::default());
        let cloud_dir = data_dir.clone();
        let (dir_of, url, own_store, own_blobs) = (data_dir.clone(), base_url.clone(), store.clone(), blobs.clone());
        let time = clock.clone();
        let warehouse =
            tokio::task::spawn_blocking(move || bigquery::open(&dir_of, &url, own_store, own_blobs, time)).await;
        let warehouse = match warehouse {
            Ok(opened) => opened.map_err(|e| Error::Store {
                path: cloud_dir.join("bigquery"),
                source: e.into(),
            })?,
            Err(panicked) => return Err(Error::Setup(panicked.into())),
        };

        let (dir_of, time, tables) = (data_dir.clone(), clock.clone(), warehouse.router());
        let opened = tokio::task::spawn_blocking(move || pubsub::open(dir_of, time, tables)).await;
        let pubsub = match opened {
            Ok(opened) => opened.map_err(|e| Error::Store {
                path: data_dir.join("pubsub"),
                source: e.into(),
            })?,
            Err(panicked) => return Err(Error::Setup(panicked.into())),
        };

        let recorder = match &options.record {
            Some(path) => {
                let opened = Recorder::open(path).map_err(|source| Error::Record {
                    path: path.clone(),
                    source,
                })?;
                Some(Arc::new(opened))
            }
            None => None,
        };
        let cloud = Arc::new(Cloud {
            data_dir,
            base_url: base_url.clone(),
            project: options.project,
            region: options.region,
            store,
            blobs,
            clock,
            faults: Faults::default(),
            routes: routes(),
            recorder,
            bigquery: warehouse.router(),
            bigquery_grpc: warehouse.grpc(),
            pubsub_grpc: pubsub.grpc(),
            pubsub,
            history: monitoring::History::default(),
            uploads: storage::Uploads::default(),
            runtime_binary: located(options.runtime_binary),
            executor: run::Executor::new(run::Spawner::new().map_err(|e| Error::Setup(e.into()))?),
            pools: run::Pools::default(),
            scheduler: scheduler::Scheduler::new().map_err(|e| Error::Setup(e.into()))?,
            dataform: dataform::Service::new(),
            dataplex: dataplex::Service::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        // Before the first call is served: an execution that a call begins must not be taken for one that was left.
        run::resume(&cloud).await.map_err(|e| Error::Setup(e.message.into()))?;
        run::resume_pools(&cloud).map_err(|e| Error::Setup(e.message.into()))?;
        dataform::resume(&cloud)
            .await
            .map_err(|e| Error::Setup(e.message.into()))?;
        dataplex::resume(&cloud)
            .await
            .map_err(|e| Error::Setup(e.message.into()))?;
        let accept = CancellationToken::new();
        let served = tokio::spawn(server::serve(listener, cloud.clone(), accept.clone()));
        cloud.tasks.spawn(scheduler::keep_firing(cloud.clone()));
        cloud.tasks.spawn(dataform::keep_firing(cloud.clone()));
        cloud.tasks.spawn(dataplex::keep_firing(cloud.clone()));
        cloud.tasks.spawn(storage::keep_tidying(cloud.clone()));
        cloud.tasks.spawn(monitoring::keep_sampling(cloud.clone()));
        tracing::info!(%base_url, "local cloud ready");
        Ok(LocalCloud {
            base_url,
            cloud,
            warehouse: Some(warehouse),
            accept,
            served: Some(served),
            _lock: lock,
        })
    }

    /// Where it is reached: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Stops: running tasks are asked to end and will be tried again by the next start, open calls are answered, the store
    /// is closed.
    pub async fn shutdown(mut self) {
        self.cloud.stop.cancel();
        self.cloud.tasks.close();
        self.cloud.tasks.wait().await;
        self.cloud.pubsub.shutdown().await;
        if let Some(warehouse) = &self.warehouse {
            warehouse.end_streams();
        }
        self.accept.cancel();
        if let Some(served) = self.served.take() {
            drop(served.await);
        }
        let (store, warehouse) = (self.cloud.store.clone(), self.warehouse.take());
        let closed = tokio::task::spawn_blocking(move || {
            if let Some(warehouse) = warehouse {
                warehouse.shutdown();
            }
            store.close();
        });
        drop(closed.await);
        tracing::info!("local cloud stopped");
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        self.cloud.stop.cancel();
        self.accept.cancel();
        if let Some(served) = &self.served {
            served.abort();
        }
    }
}

fn routes() -> Routes {
    let mut methods = storage::methods();
    methods.extend(secrets::methods());
    methods.extend(kms::methods());
    methods.extend(run::methods());
    methods.extend(operations::methods());
    methods.extend(artifacts::methods());
    methods.extend(scheduler::methods());
    methods.extend(dataflow::methods());
    methods.extend(dataform::methods());
    methods.extend(dataplex::methods());
    methods.extend(monitoring::methods());
    methods.extend(logging::methods());
    methods.extend(iam::methods());
    methods.extend(projects::methods());
    methods.extend(platform::methods());
    methods.extend(iam_credentials::methods());
    methods.extend(pubsub::methods());
    methods.extend(control::methods());
    Routes::new(methods)
}

/// A relative path means one from here, not from where tasks run; a bare name is looked for on PATH.
fn located(binary: PathBuf) -> PathBuf {
    match binary.parent() {
        Some(parent) if parent != Path::new("") => std::path::absolute(&binary).unwrap_or(binary),
        _ => binary,
    }
}

#[cfg(unix)]
fn private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Secrets are stored in it.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn lock(dir: &Path) -> Result<File, Error> {
    let failed = |source| Error::DataDir {
        dir: dir.to_owned(),
        source,
    };
    let path = dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            drop(file.read_to_string(&mut holder));
            let holder = Some(holder.trim().to_owned()).filter(|pid| !pid.is_empty());
            return Err(Error::Locked {
                dir: dir.to_owned(),
                holder,
            });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(failed)?;
    Ok(file)
}

/// Removes bodies that a kill left without a document. The list is made before the first call is served, so that no body
/// of a later call is on it; the comparing and removing may take its time.
fn collect_garbage(
    store: &Store,
    blobs: &Blobs,
    in_dir: impl Fn(std::io::Error) -> Error,
    in_store: impl Fn(StoreError) -> Error,
) -> Result<(), Error> {
    let mut named = storage::forget_old_sessions(store).map_err(&in_store)?;
    let ids = blobs.ids().map_err(in_dir)?;
    let snapshot = store.snapshot().map_err(in_store)?;
    let blobs = blobs.clone();
    tokio::task::spawn_blocking(move || match named_blobs(&snapshot, &mut named) {
        Ok(()) => {
            let removed = blobs.collect(&ids, &named);
            if removed > 0 {
                tracing::debug!(removed, "unnamed blobs removed");
            }
        }
        Err(error) => tracing::warn!(%error, "unnamed blobs not collected"),
    });
    Ok(())
}

fn named_blobs(snapshot: &Snapshot, named: &mut HashSet<String>) -> Result<(), StoreError> {
    artifacts::name_blobs(snapshot, named)?;
    for space in ["o", "v"] {
        named.extend(
            snapshot
                .all::<storage::Object>(&under(&["storage", space]))?
                .into_iter()
                .map(|o| o.blob),
        );
    }
    Ok(())
}
