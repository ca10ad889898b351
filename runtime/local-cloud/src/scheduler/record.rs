//! Scheduled jobs as they are stored, and as resources.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cron::Schedule;
use crate::clock::{parse_duration, stamp};
use crate::http::answer::ApiError;
use crate::http::patch::merge;
use crate::store::{View, key};

const SETTABLE: [&str; 7] = [
    "description",
    "schedule",
    "timeZone",
    "httpTarget",
    "pubsubTarget",
    "retryConfig",
    "attemptDeadline",
];
const METHODS: [&str; 8] = [
    "HTTP_METHOD_UNSPECIFIED",
    "POST",
    "GET",
    "HEAD",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
];

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Enabled,
    Paused,
}

/// A scheduled job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) user_updated: DateTime<Utc>,
    /// When it fires next; none while it is paused.
    pub(super) next: Option<DateTime<Utc>>,
    /// The time that it is being fired for. Still there after a kill, it is fired for again.
    pub(super) firing: Option<DateTime<Utc>>,
    pub(super) last_attempt: Option<DateTime<Utc>>,
    pub(super) status: Option<Value>,
    pub(super) settings: Map<String, Value>,
}

pub(super) fn key_of(name: &str) -> Vec<u8> {
    key(&["scheduler", name])
}

impl Job {
    pub(super) fn new(name: String, settings: Map<String, Value>, now: DateTime<Utc>) -> Result<Job, ApiError> {
        let mut job = Job {
            name,
            state: State::Enabled,
            user_updated: now,
            next: None,
            firing: None,
            last_attempt: None,
            status: None,
            settings,
        };
        job.schedule_next(now)?;
        Ok(job)
    }

    pub(super) fn read(view: &impl View, name: &str) -> Result<Job, ApiError> {
        view.get(&key_of(name))?
            .ok_or_else(|| ApiError::not_found("Job not found."))
    }

    pub(super) fn schedule(&self) -> Result<Schedule, ApiError> {
        schedule(&self.settings)
    }

    /// Sets when it fires next.
    pub(super) fn schedule_next(&mut self, now: DateTime<Utc>) -> Result<(), ApiError> {
        self.next = match self.state {
            State::Enabled => self.schedule()?.next(now),
            State::Paused => None,
        };
        Ok(())
    }

    pub(super) fn resource(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name));
        out.extend(self.settings.clone());
        out.insert("userUpdateTime".into(), json!(stamp(self.user_updated)));
        out.insert("state".into(), json!(self.state));
        if let Some(status) = &self.status {
            out.insert("status".into(), status.clone());
        }
        if let Some(next) = self.next {
            out.insert("scheduleTime".into(), json!(stamp(next)));
        }
        if let Some(last) = self.last_attempt {
            out.insert("lastAttemptTime".into(), json!(stamp(last)));
        }
        Value::Object(out)
    }
}

fn schedule(settings: &Map<String, Value>) -> Result<Schedule, ApiError> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let schedule =
        text("schedule").ok_or_else(|| ApiError::invalid("Schedule or time zone is invalid: there is no schedule"))?;
    Schedule::parse(schedule, text("timeZone").unwrap_or("UTC")).map_err(ApiError::invalid)
}

/// The settings after a change, checked, with what Cloud Scheduler fills in.
pub(super) fn settable(
    mut settings: Map<String, Value>,
    change: Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    if change.contains_key("appEngineHttpTarget") || settings.contains_key("appEngineHttpTarget") {
        return Err(ApiError::unimplemented("a scheduled job with an appEngineHttpTarget"));
    }
    merge(&mut settings, change);
    settings.retain(|name, _| SETTABLE.contains(&name.as_str()));
    settings.entry("timeZone").or_insert(json!("UTC"));
    if settings.get("timeZone") == Some(&json!("")) {
        settings.insert("timeZone".into(), json!("UTC"));
    }
    schedule(&settings)?;
    let has = |name: &str| settings.get(name).is_some_and(Value::is_object);
    match (has("httpTarget"), has("pubsubTarget")) {
        (true, true) => return Err(ApiError::invalid("The job must have exactly one target")),
        (false, false) => {
            return Err(ApiError::invalid(
                "The job must have a target: httpTarget or pubsubTarget",
            ));
        }
        _ => {}
    }
    if let Some(Value::Object(target)) = settings.get_mut("httpTarget") {
        complete_target(target)?;
    }
    if let Some(Value::Object(target)) = settings.get_mut("pubsubTarget") {
        complete_message(target)?;
    }
    let retry = settings.entry("retryConfig").or_insert_with(|| json!({}));
    let defaults = [
        ("maxRetryDuration", json!("0s")),
        ("minBackoffDuration", json!("5s")),
        ("maxBackoffDuration", json!("3600s")),
        ("maxDoublings", json!(5)),
    ];
    for (name, default) in defaults {
        if retry[name].is_null() {
            retry[name] = default;
        }
    }
    let count = retry["retryCount"]
        .as_u64()
        .or_else(|| retry["retryCount"].as_str()?.parse().ok())
        .unwrap_or(0);
    if count > 5 {
        return Err(ApiError::invalid("RetryConfig.retry_count must be between 0 and 5"));
    }
    let deadline = settings.entry("attemptDeadline").or_insert(json!("180s"));
    let valid = deadline
        .as_str()
        .and_then(parse_duration)
        .is_some_and(|d| (15..=1800).contains(&d.as_secs()));
    if !valid {
        return Err(ApiError::invalid(
            "attempt_deadline must be between 15 seconds and 30 minutes",
        ));
    }
    Ok(settings)
}

fn complete_target(target: &mut Map<String, Value>) -> Result<(), ApiError> {
    let uri = target.get("uri").and_then(Value::as_str).unwrap_or_default();
    if !(uri.starts_with("http://") || uri.starts_with("https://")) || uri.parse::<http::Uri>().is_err() {
        return Err(ApiError::invalid(format!(
            "HttpTarget.uri '{uri}' must be an http or https URL"
        )));
    }
    let method = match target.get("httpMethod") {
        None | Some(Value::Null) => METHODS[1],
        Some(Value::Number(n)) => n
            .as_u64()
            .and_then(|n| METHODS.get(usize::try_from(n).ok()?))
            .copied()
            .unwrap_or_default(),
        Some(other) => other.as_str().unwrap_or_default(),
    };
    let method = if method == METHODS[0] { METHODS[1] } else { method };
    if !METHODS.contains(&method) {
        return Err(ApiError::invalid(format!(
            "HttpTarget.http_method '{method}' is unknown"
        )));
    }
    let method = method.to_owned();
    let body = target
        .get("body")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if !body.is_empty() {
        let bytes = STANDARD.decode(body.replace('-', "+").replace('_', "/"));
        let bytes = bytes.map_err(|_| ApiError::invalid("HttpTarget.body is not base64"))?;
        if !matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
            return Err(ApiError::invalid(format!(
                "HttpTarget.body is not allowed with {method}"
            )));
        }
        target.insert("body".into(), json!(STANDARD.encode(bytes)));
    } else {
        target.shift_remove("body");
    }
    target.insert("httpMethod".into(), json!(method));
    let headers = target.entry("headers").or_insert_with(|| json!({}));
    headers["User-Agent"] = json!("Google-Cloud-Scheduler");
    let typed = headers
        .as_object()
        .is_some_and(|all| all.keys().any(|name| name.eq_ignore_ascii_case("content-type")));
    if !body.is_empty() && !typed {
        headers["Content-Type"] = json!("application/octet-stream");
    }
    Ok(())
}

/// <https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#PubsubTarget>
fn complete_message(target: &mut Map<String, Value>) -> Result<(), ApiError> {
    let topic = target.get("topicName").and_then(Value::as_str).unwrap_or_default();
    let parts: Vec<&str> = topic.split('/').collect();
    if !matches!(parts.as_slice(), ["projects", project, "topics", name] if !project.is_empty() && !name.is_empty()) {
        return Err(ApiError::invalid(format!(
            "PubsubTarget.topic_name '{topic}' must be of the form projects/PROJECT_ID/topics/TOPIC_ID"
        )));
    }
    let data = target
        .get("data")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if data.is_empty() {
        target.shift_remove("data");
        let attributes = target.get("attributes").and_then(Value::as_object);
        if attributes.is_none_or(Map::is_empty) {
            return Err(ApiError::invalid(
                "Pubsub message must contain either non-empty data, or at least one attribute",
            ));
        }
        return Ok(());
    }
    let bytes = STANDARD.decode(data.replace('-', "+").replace('_', "/"));
    let bytes = bytes.map_err(|_| ApiError::invalid("PubsubTarget.data is not base64"))?;
    target.insert("data".into(), json!(STANDARD.encode(bytes)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_completed_or_refused() {
        let job = |change: Value| {
            let mut settings =
                json!({ "schedule": "0 * * * *", "httpTarget": { "uri": "https://run.googleapis.com/v2/x:run" } })
                    .as_object()
                    .cloned()
                    .unwrap();
            merge(&mut settings, change.as_object().cloned().unwrap());
            settable(Map::new(), settings)
        };
        let done = job(json!({ "httpTarget": { "httpMethod": 1, "body": "e30" } })).unwrap_err();
        assert!(done.message.contains("base64"), "padding is required");
        let done = job(json!({ "httpTarget": { "httpMethod": 1, "body": "e30=" } })).unwrap();
        assert_eq!(done["httpTarget"]["httpMethod"], "POST");
        assert_eq!(done["attemptDeadline"], "180s");
        assert_eq!(done["timeZone"], "UTC");
        let message = json!({ "topicName": "projects/p/topics/t", "data": "Z28=" });
        let done = job(json!({ "httpTarget": null, "pubsubTarget": message })).unwrap();
        assert_eq!(done["pubsubTarget"]["data"], "Z28=");
        for (change, says) in [
            (json!({ "schedule": "nonsense" }), "Schedule or time zone is invalid"),
            (json!({ "timeZone": "Nowhere" }), "time zone"),
            (json!({ "httpTarget": { "uri": "ftp://x" } }), "http or https"),
            (json!({ "httpTarget": { "httpMethod": "BREW" } }), "http_method"),
            (
                json!({ "httpTarget": { "httpMethod": "GET", "body": "e30=" } }),
                "not allowed",
            ),
            (json!({ "attemptDeadline": "5s" }), "attempt_deadline"),
            (json!({ "retryConfig": { "retryCount": 9 } }), "retry_count"),
            (json!({ "pubsubTarget": {} }), "exactly one target"),
            (json!({ "httpTarget": null }), "must have a target"),
            (json!({ "appEngineHttpTarget": {} }), "not served"),
            (
                json!({ "httpTarget": null, "pubsubTarget": { "topicName": "t" } }),
                "topic_name",
            ),
            (
                json!({ "httpTarget": null, "pubsubTarget": { "topicName": "projects/p/topics/t" } }),
                "non-empty data",
            ),
        ] {
            let error = job(change.clone()).unwrap_err();
            assert!(error.message.contains(says), "{change}: {}", error.message);
        }
    }
}
