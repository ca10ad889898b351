//! Cloud Logging v2: log-based metrics. <https://cloud.google.com/logging/docs/reference/v2/rest>
//!
//! They are checked, kept and shown, and count nothing. Not here: log entries, which are what tasks write (`run/logs`).

mod metrics;

use crate::http::route::{Method, method};

pub(crate) fn methods() -> Vec<Method> {
    const ALL: &str = "/v2/projects/{project}/metrics";
    const ONE: &str = "/v2/projects/{project}/metrics/{metric}";
    vec![
        method("logging.projects.metrics.create", "POST", ALL, metrics::create),
        method("logging.projects.metrics.list", "GET", ALL, metrics::list),
        method("logging.projects.metrics.get", "GET", ONE, metrics::get),
        method("logging.projects.metrics.update", "PUT", ONE, metrics::update),
        method("logging.projects.metrics.delete", "DELETE", ONE, metrics::delete),
    ]
}
