//! Cloud Run Admin v2: jobs, their executions and tasks; worker pools. <https://cloud.google.com/run/docs/reference/rest/v2>
//! They can be read by v1, too.
//!
//! A task is a process with the container's arguments and environment: of the program of its image, if that is in the local
//! Artifact Registry, and otherwise of the local cloud's own runtime. Not here: services, revisions, and everything of a job that
//! has no meaning on one machine (it is kept).

mod env;
mod executions;
mod executor;
mod image;
mod jobs;
mod logs;
mod pools;
mod process;
mod record;
mod template;
mod v1;

use crate::http::route::Method;

pub(crate) use executions::{End, execution_end};
pub(crate) use executor::{Executor, resume};
pub(crate) use pools::{Pools, resume as resume_pools};
pub(crate) use process::Spawner;
pub(crate) use record::ExecutionName;

/// The methods of the service.
pub(crate) fn methods() -> Vec<Method> {
    let mut all = jobs::methods();
    all.extend(executions::methods());
    all.extend(pools::methods());
    all.extend(logs::methods());
    all.extend(v1::methods());
    all
}
