//! Log-based metrics. <https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics>

use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read};
use crate::page::page;
use crate::store::{View, key, under};

const METRIC: &Fields = &[
    ("name", Shape::Text),
    ("description", Shape::Text),
    ("filter", Shape::Text),
    ("bucketName", Shape::Unserved),
    ("disabled", Shape::Bool),
    (
        "metricDescriptor",
        Shape::Message(&[
            ("name", Shape::Output),
            ("type", Shape::Output),
            ("description", Shape::Output),
            ("displayName", Shape::Text),
            (
                "labels",
                Shape::List(&Shape::Message(&[
                    ("key", Shape::Text),
                    ("valueType", Shape::Enum(&["STRING", "BOOL", "INT64"])),
                    ("description", Shape::Text),
                ])),
            ),
            (
                "metricKind",
                Shape::Enum(&["METRIC_KIND_UNSPECIFIED", "GAUGE", "DELTA", "CUMULATIVE"]),
            ),
            (
                "valueType",
                Shape::Enum(&[
                    "VALUE_TYPE_UNSPECIFIED",
                    "BOOL",
                    "INT64",
                    "DOUBLE",
                    "STRING",
                    "DISTRIBUTION",
                    "MONEY",
                ]),
            ),
            ("unit", Shape::Text),
            ("launchStage", Shape::Output),
            ("metadata", Shape::Unserved),
            ("monitoredResourceTypes", Shape::Output),
        ]),
    ),
    ("valueExtractor", Shape::Text),
    ("labelExtractors", Shape::Texts),
    (
        "bucketOptions",
        Shape::Message(&[
            (
                "linearBuckets",
                Shape::Message(&[
                    ("numFiniteBuckets", Shape::Int),
                    ("width", Shape::Float),
                    ("offset", Shape::Float),
                ]),
            ),
            (
                "exponentialBuckets",
                Shape::Message(&[
                    ("numFiniteBuckets", Shape::Int),
                    ("growthFactor", Shape::Float),
                    ("scale", Shape::Float),
                ]),
            ),
            (
                "explicitBuckets",
                Shape::Message(&[("bounds", Shape::List(&Shape::Float))]),
            ),
        ]),
    ),
    ("version", Shape::Output),
    ("createTime", Shape::Output),
    ("updateTime", Shape::Output),
    ("resourceName", Shape::Output),
];

fn key_of(project: &str, id: &str) -> Vec<u8> {
    key(&["logging", "metrics", project, id])
}

fn project_of(call: &Call) -> String {
    call.cloud.project_of(call.param("project")).to_owned()
}

fn missing(id: &str) -> ApiError {
    ApiError::not_found(format!("Metric {id} does not exist"))
}

fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,+!*',()%/".contains(c);
    (1..=100).contains(&id.len()) && !id.starts_with('/') && id.chars().all(plain)
}

/// What a caller says, checked and completed.
fn settings(body: Map<String, Value>, project: &str, id: &str) -> Result<Map<String, Value>, ApiError> {
    let mut metric = read(body, METRIC, "metric")?;
    let text = |name: &str| metric.get(name).and_then(Value::as_str).unwrap_or_default();
    if !is_id(id) {
        return Err(ApiError::invalid(format!("Metric name \"{id}\" is not valid.")));
    }
    let filter = text("filter");
    if filter.trim().is_empty() || filter.chars().count() > 20_000 {
        return Err(ApiError::invalid(
            "Field metric.filter must have 1 to 20000 characters.",
        ));
    }
    if text("description").chars().count() > 8000 {
        return Err(ApiError::invalid(
            "Field metric.description has more than 8000 characters.",
        ));
    }
    let extracts = !text("valueExtractor").is_empty();
    let mut descriptor = metric.get("metricDescriptor").cloned().unwrap_or_else(|| json!({}));
    let or = |value: &Value, default: &str| value.as_str().unwrap_or(default).to_owned();
    let kind = or(&descriptor["metricKind"], "DELTA");
    let value = or(&descriptor["valueType"], "INT64");
    if kind != "DELTA" || !matches!(value.as_str(), "INT64" | "DISTRIBUTION") {
        return Err(ApiError::invalid(format!(
            "Log-based metrics are DELTA with INT64 or DISTRIBUTION values, not {kind} with {value}."
        )));
    }
    if (value == "DISTRIBUTION") != extracts {
        return Err(ApiError::invalid(
            "A value_extractor is required for a DISTRIBUTION metric, and only for one.",
        ));
    }
    check_labels(&metric, &descriptor)?;
    descriptor["unit"] = json!(or(&descriptor["unit"], "1"));
    descriptor["metricKind"] = json!(kind);
    descriptor["valueType"] = json!(value);
    descriptor["type"] = json!(format!("logging.googleapis.com/user/{id}"));
    descriptor["name"] = json!(format!(
        "projects/{project}/metricDescriptors/logging.googleapis.com/user/{id}"
    ));
    if let Some(description) = metric.get("description") {
        descriptor["description"] = description.clone();
    }
    metric.insert("metricDescriptor".into(), descriptor);
    metric.insert("name".into(), json!(id));
    metric.insert("resourceName".into(), json!(format!("projects/{project}/metrics/{id}")));
    Ok(metric)
}

/// Labels of the descriptor and their extractors are the same ones.
fn check_labels(metric: &Map<String, Value>, descriptor: &Value) -> Result<(), ApiError> {
    let labels: Vec<&str> = descriptor["labels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|label| label["key"].as_str())
        .collect();
    let none = Map::new();
    let extractors = metric
        .get("labelExtractors")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    if let Some(label) = labels.iter().find(|label| !extractors.contains_key(**label)) {
        return Err(ApiError::invalid(format!(
            "The label \"{label}\" has no extractor expression."
        )));
    }
    if let Some(label) = extractors.keys().find(|label| !labels.contains(&label.as_str())) {
        return Err(ApiError::invalid(format!(
            "The extractor expression of \"{label}\" is of no label of the metric descriptor."
        )));
    }
    Ok(())
}

pub(super) async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let project = project_of(&call);
    let id = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut metric = settings(body, &project, &id)?;
    let now = json!(stamp(call.cloud.clock.now()));
    metric.insert("createTime".into(), now.clone());
    metric.insert("updateTime".into(), now);
    let made = call.cloud.store.write(move |txn| {
        let key = key_of(&project, &id);
        if txn.bytes(&key)?.is_some() {
            return Err(ApiError::exists(format!("Metric {id} already exists")));
        }
        txn.put(key, &metric)?;
        Ok(metric)
    });
    ok(&Value::Object(made.await?))
}

pub(super) async fn list(call: Call) -> Answer {
    let all: Vec<Value> = call
        .cloud
        .store
        .snapshot()?
        .all(&under(&["logging", "metrics", &project_of(&call)]))?;
    ok(&page(&call.query, "metrics", all, 1000)?)
}

pub(super) async fn get(call: Call) -> Answer {
    let id = call.param("metric");
    let found: Option<Value> = call.cloud.store.get(&key_of(&project_of(&call), id))?;
    ok(&found.ok_or_else(|| missing(id))?)
}

/// Replaces a metric, or makes it.
pub(super) async fn update(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (project, id) = (project_of(&call), call.param("metric").to_owned());
    if body.get("name").and_then(Value::as_str).is_some_and(|name| name != id) {
        return Err(ApiError::invalid("The name of a metric cannot be changed."));
    }
    let mut metric = settings(body, &project, &id)?;
    let now = json!(stamp(call.cloud.clock.now()));
    metric.insert("updateTime".into(), now.clone());
    let changed = call.cloud.store.write(move |txn| {
        let key = key_of(&project, &id);
        let present: Option<Map<String, Value>> = txn.get(&key)?;
        let created = present
            .and_then(|present| present.get("createTime").cloned())
            .unwrap_or(now);
        metric.insert("createTime".into(), created);
        txn.put(key, &metric)?;
        Ok::<_, ApiError>(metric)
    });
    ok(&Value::Object(changed.await?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (project, id) = (project_of(&call), call.param("metric").to_owned());
    let deleted = call.cloud.store.write(move |txn| {
        let key = key_of(&project, &id);
        if txn.bytes(&key)?.is_none() {
            return Err(missing(&id));
        }
        txn.remove(key);
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    ok(&json!({}))
}
