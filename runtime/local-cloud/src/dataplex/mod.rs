//! Dataplex v1: data scans. <https://cloud.google.com/dataplex/docs/reference/rest/v1/projects.locations.dataScans>
//!
//! Quality and profile scans of BigQuery tables are checked, kept and shown. Not here: running one, its jobs and results,
//! discovery and documentation scans, rules from the catalog; schedules fire nothing.

mod check;
mod rules;
mod scans;
mod shapes;

use crate::http::route::{Method, method};

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
