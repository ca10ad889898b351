//! Worker pools: processes that run all the time. <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools>
//!
//! `record` is a pool as it is stored and shown, `methods` are the calls, `supervisor` keeps the processes.

mod methods;
mod record;
mod supervisor;

use serde_json::json;

use self::record::Pool;
use super::logs::{POOL, Speaker};
use crate::http::answer::ApiError;
use crate::store::{View, under};

pub(crate) use methods::methods;
pub(crate) use supervisor::{Pools, resume};

/// The pools as those who speak in logs.
pub(super) fn speakers(view: &impl View) -> Result<Vec<Speaker>, ApiError> {
    let pools: Vec<Pool> = view.all(&under(&["run", "wp"]))?;
    let speakers = pools.into_iter().map(|pool| Speaker {
        resource: json!({ "type": POOL, "labels": {
            "worker_pool_name": pool.name.pool, "revision_name": pool.revision,
            "location": pool.name.location, "project_id": pool.name.project,
        }}),
        project: pool.name.project,
        dir: pool.name.pool,
        since: pool.created,
        execution: None,
    });
    Ok(speakers.collect())
}
