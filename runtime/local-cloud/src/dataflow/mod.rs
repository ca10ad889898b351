//! Dataflow v1b3: jobs that are launched from Google's flex template for Beam YAML.
//! <https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.flexTemplates/launch>
//!
//! Launches are checked, and jobs are kept and go through their states. None is executed, because there is no Apache Beam here:
//! each says so by a warning among its messages. Not here: other templates, jobs that are submitted without one, metrics.

mod check;
mod jobs;
mod record;
mod shapes;

use crate::http::route::{Method, method};

pub(crate) fn methods() -> Vec<Method> {
    const ONE: &str = "/v1b3/projects/{project}/locations/{location}/jobs/{job}";
    vec![
        method(
            "dataflow.projects.locations.flexTemplates.launch",
            "POST",
            "/v1b3/projects/{project}/locations/{location}/flexTemplates:launch",
            jobs::launch,
        ),
        method(
            "dataflow.projects.locations.jobs.list",
            "GET",
            "/v1b3/projects/{project}/locations/{location}/jobs",
            jobs::list,
        ),
        method("dataflow.projects.locations.jobs.get", "GET", ONE, jobs::get),
        method("dataflow.projects.locations.jobs.update", "PUT", ONE, jobs::update),
        method(
            "dataflow.projects.locations.jobs.messages.list",
            "GET",
            "/v1b3/projects/{project}/locations/{location}/jobs/{job}/messages",
            jobs::messages,
        ),
    ]
}
