//! Worker pools: processes that run all the time. <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools>
//!
//! `record` is a pool as it is stored and shown, `methods` are the calls, `supervisor` keeps the processes.

mod methods;
mod record;
mod supervisor;

pub(crate) use methods::methods;
pub(crate) use supervisor::{Pools, resume};
