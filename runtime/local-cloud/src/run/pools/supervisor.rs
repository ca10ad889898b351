//! A pool's processes: as many as are asked for, each started again when it ends, after a wait that grows while it ends at
//! once. A new revision begins when the processes of the one before have ended; another number ends or begins some.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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

/// One revision of a pool.
struct Running {
    revision: String,
    /// The version of the pool that its number of processes is of.
    version: i64,
    stop: CancellationToken,
    /// Cancelled when the processes of the revision before have ended.
    free: CancellationToken,
    /// Each ends one process.
    instances: Vec<CancellationToken>,
    processes: TaskTracker,
}

impl Running {
    fn new(pool: &Pool) -> Self {
        Self {
            revision: pool.revision.clone(),
            version: pool.version,
            stop: CancellationToken::new(),
            free: CancellationToken::new(),
            instances: Vec::new(),
            processes: TaskTracker::new(),
        }
    }

    /// Has as many processes as the pool asks for: those that go on are not touched.
    fn resize(&mut self, cloud: &Arc<Cloud>, pool: &Pool) {
        self.version = pool.version;
        let wanted = usize::try_from(pool.instances()).unwrap_or(usize::MAX);
        for gone in self.instances.drain(wanted.min(self.instances.len())..) {
            gone.cancel();
        }
        for index in self.instances.len()..wanted {
            let stop = self.stop.child_token();
            let (own, pool, free) = (cloud.clone(), pool.clone(), self.free.clone());
            self.instances.push(stop.clone());
            let work = self.processes.track_future(async move {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = own.stop.cancelled() => return,
                    () = free.cancelled() => {}
                }
                instance(own, pool, u32::try_from(index).unwrap_or(u32::MAX), stop).await;
            });
            // The local cloud waits for its tasks when it ends.
            cloud.tasks.spawn(work);
        }
    }

    /// Ends all of its processes: to be awaited until they have ended.
    fn end(&self) -> impl Future<Output = ()> + Send + use<> {
        self.stop.cancel();
        self.processes.close();
        let processes = self.processes.clone();
        async move { processes.wait().await }
    }
}

impl Pools {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a pool's processes, and waits until they have ended.
    pub(super) async fn stop(&self, name: &PoolName) {
        let gone = self.running().remove(&name.full());
        if let Some(gone) = gone {
            gone.end().await;
        }
    }

    /// Ends all processes.
    pub(crate) fn stop_all(&self) {
        self.running().drain().for_each(|(_, running)| running.stop.cancel());
    }
}

/// Keeps a pool as it is now: another revision follows the one before when that has ended; of the same one there are more
/// processes or fewer.
pub(super) fn keep(cloud: &Arc<Cloud>, pool: &Pool) {
    let mut pools = cloud.pools.running();
    let name = pool.name.full();
    // Of two changes at the same time, the earlier may come here second.
    if pools.get(&name).is_some_and(|running| running.version > pool.version) {
        return;
    }
    if pools.get(&name).is_none_or(|running| running.revision != pool.revision) {
        let new = Running::new(pool);
        let free = new.free.clone();
        match pools.insert(name.clone(), new) {
            None => free.cancel(),
            Some(before) => {
                let ended = before.end();
                cloud.tasks.spawn(async move {
                    ended.await;
                    free.cancel();
                });
            }
        }
    }
    if let Some(running) = pools.get_mut(&name) {
        running.resize(cloud, pool);
    }
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
        keep(cloud, &pool);
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
