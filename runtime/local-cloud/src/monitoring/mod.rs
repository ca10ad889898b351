//! Cloud Monitoring: alert policies, notification channels and time series (v3), dashboards (v1).
//! <https://cloud.google.com/monitoring/api/ref_v3/rest>
//!
//! Policies, channels and dashboards are checked by the rules that Google documents, kept and shown. Time series there are of
//! what Pub/Sub's subscriptions have before them, for those who ask; nobody writes any. Not here: what follows from them. No
//! policy is evaluated, no incident is opened and no channel is told anything.

mod channels;
mod check;
mod dashboards;
mod expression;
mod filter;
mod policies;
mod series;
mod shapes;

pub(crate) use series::history::{History, keep_sampling};

use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::http::answer::ApiError;
use crate::http::call::Call;
use crate::http::route::{Method, method};

/// The methods of both versions.
pub(crate) fn methods() -> Vec<Method> {
    const POLICIES: &str = "/v3/projects/{project}/alertPolicies";
    const POLICY: &str = "/v3/projects/{project}/alertPolicies/{policy}";
    const CHANNELS: &str = "/v3/projects/{project}/notificationChannels";
    const CHANNEL: &str = "/v3/projects/{project}/notificationChannels/{channel}";
    const DASHBOARDS: &str = "/v1/projects/{project}/dashboards";
    const DASHBOARD: &str = "/v1/projects/{project}/dashboards/{dashboard}";
    vec![
        method(
            "monitoring.projects.alertPolicies.create",
            "POST",
            POLICIES,
            policies::create,
        ),
        method(
            "monitoring.projects.alertPolicies.list",
            "GET",
            POLICIES,
            policies::list,
        ),
        method("monitoring.projects.alertPolicies.get", "GET", POLICY, policies::get),
        method(
            "monitoring.projects.alertPolicies.patch",
            "PATCH",
            POLICY,
            policies::patch,
        ),
        method(
            "monitoring.projects.alertPolicies.delete",
            "DELETE",
            POLICY,
            policies::delete,
        ),
        method(
            "monitoring.projects.notificationChannels.create",
            "POST",
            CHANNELS,
            channels::create,
        ),
        method(
            "monitoring.projects.notificationChannels.list",
            "GET",
            CHANNELS,
            channels::list,
        ),
        method(
            "monitoring.projects.notificationChannels.get",
            "GET",
            CHANNEL,
            channels::get,
        ),
        method(
            "monitoring.projects.notificationChannels.patch",
            "PATCH",
            CHANNEL,
            channels::patch,
        ),
        method(
            "monitoring.projects.notificationChannels.delete",
            "DELETE",
            CHANNEL,
            channels::delete,
        ),
        method(
            "monitoring.projects.timeSeries.list",
            "GET",
            "/v3/projects/{project}/timeSeries",
            series::list,
        ),
        method(
            "monitoring.projects.metricDescriptors.list",
            "GET",
            "/v3/projects/{project}/metricDescriptors",
            series::metrics::list,
        ),
        method(
            "monitoring.projects.metricDescriptors.get",
            "GET",
            "/v3/projects/{project}/metricDescriptors/{type=**}",
            series::metrics::get,
        ),
        method(
            "monitoring.projects.dashboards.create",
            "POST",
            DASHBOARDS,
            dashboards::create,
        ),
        method(
            "monitoring.projects.dashboards.list",
            "GET",
            DASHBOARDS,
            dashboards::list,
        ),
        method("monitoring.projects.dashboards.get", "GET", DASHBOARD, dashboards::get),
        method(
            "monitoring.projects.dashboards.patch",
            "PATCH",
            DASHBOARD,
            dashboards::patch,
        ),
        method(
            "monitoring.projects.dashboards.delete",
            "DELETE",
            DASHBOARD,
            dashboards::delete,
        ),
    ]
}

/// `projects/P/KIND/`, behind which an id stands.
fn collection(call: &Call, kind: &str) -> String {
    format!("projects/{}/{kind}/", call.cloud.project_of(call.param("project")))
}

/// Who changed something, and when.
fn record(call: &Call) -> Value {
    let mut record = json!({ "mutateTime": stamp(call.cloud.clock.now()) });
    if let Some(email) = crate::tokens::caller(&call.headers) {
        record["mutatedBy"] = json!(email);
    }
    record
}

/// Lists are whole: what would narrow or sort one is not served.
fn unfiltered(call: &Call) -> Result<(), ApiError> {
    match ["filter", "orderBy"]
        .into_iter()
        .find(|name| call.query.get(name).is_some())
    {
        Some(name) => Err(ApiError::unimplemented(format_args!(
            "the parameter {name} of a list of Cloud Monitoring"
        ))),
        None => Ok(()),
    }
}

/// Whether it is on, which an absent flag says too: so it cannot be read as other flags are.
fn enabled(body: &mut Map<String, Value>, at: &str) -> Result<Value, ApiError> {
    match body.shift_remove("enabled") {
        None | Some(Value::Null) => Ok(json!(true)),
        Some(Value::Bool(flag)) => Ok(json!(flag)),
        Some(other) => Err(ApiError::invalid(format!(
            "Invalid value at '{at}.enabled' (TYPE_BOOL), {other}"
        ))),
    }
}

/// A field that is not as it must be, as Cloud Monitoring says it.
fn invalid(field: &str, value: impl std::fmt::Display, why: &str) -> ApiError {
    ApiError::invalid(format!("Field {field} had an invalid value of \"{value}\": {why}"))
}

/// <https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#AlertPolicy.FIELDS.user_labels>
fn check_labels(message: &Map<String, Value>, field: &str, at: &str) -> Result<(), ApiError> {
    let Some(Value::Object(labels)) = message.get(field) else {
        return Ok(());
    };
    if labels.len() > 64 {
        return Err(ApiError::invalid(format!("Field {at} has more than 64 entries.")));
    }
    let plain = |c: char| c.is_numeric() || matches!(c, '-' | '_') || (c.is_alphabetic() && !c.is_uppercase());
    let fits = |text: &str| text.chars().count() <= 63 && text.len() <= 128 && text.chars().all(plain);
    for (key, value) in labels {
        let value = value.as_str().unwrap_or_default();
        if !fits(key) || !fits(value) || !key.chars().next().is_some_and(char::is_alphabetic) {
            return Err(invalid(
                at,
                format_args!("{key}: {value}"),
                "keys and values have at most 63 lowercase letters, numerals, underscores and dashes, and keys begin with a letter.",
            ));
        }
    }
    Ok(())
}
