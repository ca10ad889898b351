//! The metrics that there are time series of, as Google describes them.
//! <https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub>

use serde_json::{Value, json};

use super::super::expression::Unanswered;
use super::super::{filter, invalid};
use super::history::{PERIOD, Sample};
use super::refused;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::page::page;

/// What all of them are of.
pub(super) const RESOURCE: &str = "pubsub_subscription";

/// One kind of measurement. All are gauges of whole numbers.
pub(super) struct Metric {
    pub(super) kind: &'static str,
    name: &'static str,
    description: &'static str,
    pub(super) unit: &'static str,
    pub(super) value: fn(&Sample) -> u64,
}

const METRICS: [Metric; 2] = [
    Metric {
        kind: "pubsub.googleapis.com/subscription/num_undelivered_messages",
        name: "Unacknowledged messages",
        description: "Number of unacknowledged messages (a.k.a. backlog messages) in a subscription.",
        unit: "1",
        value: |sample| sample.undelivered,
    },
    Metric {
        kind: "pubsub.googleapis.com/subscription/oldest_unacked_message_age",
        name: "Oldest unacked message age",
        description: "Age (in seconds) of the oldest unacknowledged message (a.k.a. backlog message) in a subscription.",
        unit: "s",
        value: |sample| sample.oldest_age.as_secs(),
    },
];

/// The metric of a type. Google has many more, and users may have their own: those are told apart.
pub(super) fn named(kind: &str) -> Result<&'static Metric, ApiError> {
    if let Some(metric) = METRICS.iter().find(|metric| metric.kind == kind) {
        return Ok(metric);
    }
    let domain = kind.split('/').next().unwrap_or_default();
    const OF_USERS: [&str; 2] = ["custom.googleapis.com", "external.googleapis.com"];
    if domain.ends_with(".googleapis.com") && !OF_USERS.contains(&domain) {
        let served: Vec<&str> = METRICS.iter().map(|metric| metric.kind).collect();
        return Err(ApiError::unimplemented(format_args!(
            "the metric {kind} (the metrics of the local cloud are {})",
            served.join(", ")
        )));
    }
    Err(ApiError::not_found(format!(
        "Cannot find metric(s) that match type = \"{kind}\". If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon."
    )))
}

impl Metric {
    fn shown(&self, project: &str) -> Value {
        json!({
            "name": format!("projects/{project}/metricDescriptors/{}", self.kind),
            "type": self.kind,
            "metricKind": "GAUGE",
            "valueType": "INT64",
            "unit": self.unit,
            "description": self.description,
            "displayName": self.name,
            "metadata": {
                "launchStage": "GA",
                "samplePeriod": format!("{}s", PERIOD.as_secs()),
                "ingestDelay": "0s",
                "timeSeriesResourceHierarchyLevel": ["PROJECT"],
            },
            "launchStage": "GA",
            "monitoredResourceTypes": [RESOURCE],
        })
    }
}

/// A filter selects by `metric.type`, `resource.type` and `project`.
pub(in super::super) async fn list(call: Call) -> Answer {
    if let Some(name) = ["activeOnly"].into_iter().find(|name| call.query.get(name).is_some()) {
        return Err(ApiError::unimplemented(format_args!(
            "the parameter {name} of a list of metric descriptors"
        )));
    }
    let project = call.cloud.project_of(call.param("project"));
    let given = call.query.get("filter");
    let filter = given.map(filter::parse).transpose();
    let filter = filter.map_err(|why| invalid("filter", given.unwrap_or_default(), &why))?;
    let mut selected = Vec::new();
    for metric in &METRICS {
        let value = |field: &str| match field {
            "metric.type" => Ok(metric.kind.to_owned()),
            "resource.type" => Ok(RESOURCE.to_owned()),
            "project" => Ok(project.to_owned()),
            other => Err(Unanswered::Wrong(format!(
                "metric descriptors are not selected by \"{other}\"."
            ))),
        };
        let holds = filter.as_ref().map_or(Ok(true), |filter| filter.holds(&value));
        if holds.map_err(|why| refused(why, given.unwrap_or_default()))? {
            selected.push(metric.shown(project));
        }
    }
    ok(&page(&call.query, "metricDescriptors", selected, 1000)?)
}

pub(in super::super) async fn get(call: Call) -> Answer {
    let metric = named(call.param("type"))?;
    ok(&metric.shown(call.cloud.project_of(call.param("project"))))
}
