//! A pool's processes: as many as are asked for, each started again when it ends, after a wait that grows while it ends at
//! once. What a pool was replaced by begins when the processes before have ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTracker;

use super::record::{Pool, PoolName};
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::run::env::contained;
use crate::run::logs;
use crate::run::process::{group, terminate};
use crate::store::{View, under};

const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// A process that lived so long has not failed to start.
const WELL: Duration = Duration::from_secs(10);

/// The pools that run.
#[derive(Default)]
pub(crate) struct Pools {
    running: Mutex<HashMap<String, Running>>,
}

#[derive(Clone)]
struct Running {
    stop: CancellationToken,
    processes: TaskTracker,
}

impl Running {
    fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
            processes: TaskTracker::new(),
        }
    }

    async fn end(&self) {
        self.stop.cancel();
        self.processes.close();
        self.processes.wait().await;
    }
}

impl Pools {
    fn replace(&self, name: &PoolName, by: Option<Running>) -> Option<Running> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match by {
            Some(new) => running.insert(name.full(), new),
            None => running.remove(&name.full()),
        }
    }

    /// Ends a pool's processes, and waits until they have ended.
    pub(super) async fn stop(&self, name: &PoolName) {
        if let Some(running) = self.replace(name, None) {
            running.end().await;
        }
    }

    /// Ends all processes.
    pub(crate) fn stop_all(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.drain().for_each(|(_, running)| running.stop.cancel());
    }
}

/// Keeps a pool as it is now.
pub(super) fn keep(cloud: &Arc<Cloud>, pool: Pool) {
    let new = Running::new();
    let before = cloud.pools.replace(&pool.name, Some(new.clone()));
    let own = cloud.clone();
    let work = new.processes.track_future({
        let stop = new.stop.clone();
        async move {
            if let Some(before) = before {
                before.end().await;
            }
            let mut instances = JoinSet::new();
            for index in 0..pool.instances() {
                instances.spawn(instance(own.clone(), pool.clone(), index, stop.clone()));
            }
            while instances.join_next().await.is_some() {}
        }
    });
    // The local cloud waits for its tasks when it ends.
    cloud.tasks.spawn(work);
}

/// Begins the pools that an earlier process left.
pub(crate) fn resume(cloud: &Arc<Cloud>) -> Result<(), ApiError> {
    let left: Vec<Pool> = cloud.store.snapshot()?.all(&under(&["run", "wp"]))?;
    for pool in left {
        tracing::info!(
            pool = pool.name.pool,
            instances = pool.instances(),
            "worker pool resumed"
        );
        keep(cloud, pool);
    }
    Ok(())
}

async fn instance(cloud: Arc<Cloud>, pool: Pool, index: u32, stop: CancellationToken) {
    let mut backoff = FIRST_BACKOFF;
    for attempt in 0.. {
        let began = Instant::now();
        match once(&cloud, &pool, index, attempt, &stop).await {
            Ok(End::Asked) => return,
            Ok(End::Itself(code)) => {
                tracing::info!(
                    pool = pool.name.pool,
                    index,
                    code,
                    "a worker ended and is started again"
                );
            }
            Err(error) => {
                tracing::error!(pool = pool.name.pool, index, error = %error.message, "a worker was not started");
            }
        }
        if began.elapsed() >= WELL {
            backoff = FIRST_BACKOFF;
        }
        tokio::select! {
            () = tokio::time::sleep(backoff) => {}
            () = stop.cancelled() => return,
            () = cloud.stop.cancelled() => return,
        }
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}

/// How a process ended.
enum End {
    Asked,
    Itself(Option<i32>),
}

async fn once(cloud: &Cloud, pool: &Pool, index: u32, attempt: u32, stop: &CancellationToken) -> Result<End, ApiError> {
    let name = &pool.name;
    let container = &pool.settings["template"]["containers"][0];
    let own = [
        ("CLOUD_RUN_WORKER_POOL", name.pool.clone()),
        ("CLOUD_RUN_WORKER_POOL_REVISION", pool.revision.clone()),
    ];
    let invocation = contained(cloud, &name.project, &name.location, container, own).await?;
    let log = logs::open_of(cloud, &name.pool, index, attempt)?;
    let mut child = cloud.executor.spawner.spawn(invocation.command(log)?).await?;
    let group = group(&child);
    tracing::debug!(pool = name.pool, index, attempt, pid = child.id(), "worker started");
    tokio::select! {
        status = child.wait() => {
            // A container's other processes end with its first one.
            if let Some(group) = group {
                _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            }
            Ok(End::Itself(status?.code()))
        }
        () = stop.cancelled() => terminate(&mut child).await.map(|_| End::Asked).map_err(Into::into),
        () = cloud.stop.cancelled() => terminate(&mut child).await.map(|_| End::Asked).map_err(Into::into),
    }
}
