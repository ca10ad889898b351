//! Dataplex v1: data scans. <https://cloud.google.com/dataplex/docs/reference/rest/v1/projects.locations.dataScans>
//!
//! Quality and profile scans of BigQuery tables are checked, kept and shown. Quality scans run, on demand and by their schedules,
//! as queries of the local BigQuery; jobs, results and their export are kept. Not here: running a profile scan, discovery and
//! documentation scans, rules from the catalog and what is shown in it, and mail to those whom a scan notifies.

mod check;
mod data;
mod execution;
mod export;
mod jobs;
mod outcome;
mod rules;
mod scans;
mod schedules;
mod shapes;
mod statements;
mod warehouse;

use tokio::sync::Notify;

use crate::dataform::Running;
use crate::http::route::{Method, method};

pub(crate) use execution::resume;
pub(crate) use schedules::keep_firing;

/// The moving part of the service.
#[derive(Default)]
pub(crate) struct Service {
    /// The jobs at work.
    pub(crate) running: Running,
    /// Rung when schedules change.
    changed: Notify,
}

pub(crate) fn methods() -> Vec<Method> {
    const ALL: &str = "/v1/projects/{project}/locations/{location}/dataScans";
    const ONE: &str = "/v1/projects/{project}/locations/{location}/dataScans/{scan}";
    vec![
        method(
            "dataplex.projects.locations.dataScans.create",
            "POST",
            ALL,
            scans::create,
        ),
        method("dataplex.projects.locations.dataScans.list", "GET", ALL, scans::list),
        method("dataplex.projects.locations.dataScans.get", "GET", ONE, scans::get),
        method(
            "dataplex.projects.locations.dataScans.patch",
            "PATCH",
            ONE,
            scans::patch,
        ),
        method(
            "dataplex.projects.locations.dataScans.delete",
            "DELETE",
            ONE,
            scans::delete,
        ),
        method(
            "dataplex.projects.locations.dataScans.run",
            "POST",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}:run",
            jobs::run,
        ),
        method(
            "dataplex.projects.locations.dataScans.jobs.list",
            "GET",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}/jobs",
            jobs::list,
        ),
        method(
            "dataplex.projects.locations.dataScans.jobs.get",
            "GET",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}/jobs/{job}",
            jobs::get,
        ),
        method(
            "dataplex.projects.locations.dataScans.jobs.cancel",
            "POST",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}/jobs/{job}:cancel",
            jobs::cancel,
        ),
        method(
            "dataplex.projects.locations.dataScans.getIamPolicy",
            "GET",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}:getIamPolicy",
            scans::get_policy,
        ),
        method(
            "dataplex.projects.locations.dataScans.setIamPolicy",
            "POST",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}:setIamPolicy",
            scans::set_policy,
        ),
        method(
            "dataplex.projects.locations.dataScans.testIamPermissions",
            "POST",
            "/v1/projects/{project}/locations/{location}/dataScans/{scan}:testIamPermissions",
            crate::iam::test_call,
        ),
    ]
}
