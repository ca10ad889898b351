//! Jobs, executions and tasks of version 2 as the objects of version 1: kind, metadata, spec and status.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::super::record::{Execution, Job, JobName, Task, TaskState};
use super::API;
use super::spec::TaskSpec;
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::View;

/// What the metadata of all three say.
struct Metadata<'a> {
    place: &'a JobName,
    /// `jobs`.
    plural: &'a str,
    name: &'a str,
    uid: &'a str,
    version: i64,
    generation: u64,
    created: DateTime<Utc>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    /// The kind, name and uid of what it belongs to.
    owner: Option<(&'a str, &'a str, Value)>,
}

impl Metadata<'_> {
    fn shown(mut self) -> Value {
        let namespace = Cloud::project_number(&self.place.project).to_string();
        let location = json!(self.place.location);
        self.labels.insert("cloud.googleapis.com/location".into(), location);
        let mut out = json!({
            "name": self.name,
            "namespace": namespace,
            "selfLink": format!("/apis/{API}/namespaces/{namespace}/{}/{}", self.plural, self.name),
            "uid": self.uid,
            "resourceVersion": format!("{:x}", self.version),
            "generation": self.generation,
            "creationTimestamp": stamp(self.created),
            "labels": self.labels,
            "annotations": self.annotations,
        });
        if let Some((kind, name, uid)) = self.owner {
            out["ownerReferences"] = json!([{
                "apiVersion": API, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true,
            }]);
        }
        out
    }
}

fn object(kind: &str, metadata: Metadata<'_>, spec: &Value, status: &Value) -> Value {
    json!({ "apiVersion": API, "kind": kind, "metadata": metadata.shown(), "spec": spec, "status": status })
}

fn map(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The annotations of a job or an execution that version 2 has fields for.
fn annotations(of: &Map<String, Value>) -> Map<String, Value> {
    let mut all = map(of.get("annotations"));
    let launch = of.get("launchStage").filter(|stage| !stage.is_null() && *stage != "GA");
    let binary = of.get("binaryAuthorization");
    let policy = match binary {
        Some(binary) if binary["useDefault"] == true => Some(&Value::Null),
        Some(binary) => binary.get("policy"),
        None => None,
    };
    let policy = policy.map(|policy| policy.as_str().map_or(json!("default"), |policy| json!(policy)));
    for (name, value) in [
        ("launch-stage", launch.cloned()),
        ("client-name", of.get("client").cloned()),
        ("client-version", of.get("clientVersion").cloned()),
        ("binary-authorization", policy),
        (
            "binary-authorization-breakglass",
            binary.and_then(|binary| binary.get("breakglassJustification").cloned()),
        ),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            all.insert(format!("run.googleapis.com/{name}"), value);
        }
    }
    all
}

/// A condition: `True`, `False`, or `Unknown` as long as it is neither.
fn condition(of: &Value) -> Value {
    let status = match of["state"].as_str() {
        Some("CONDITION_SUCCEEDED") => "True",
        Some("CONDITION_FAILED") => "False",
        _ => "Unknown",
    };
    let mut out = json!({ "type": of["type"], "status": status, "lastTransitionTime": of["lastTransitionTime"] });
    let reason = of["executionReason"].as_str().or_else(|| of["reason"].as_str());
    if let Some(reason) = reason {
        out["reason"] = json!(camel(reason));
    }
    if let Some(message) = of["message"].as_str() {
        out["message"] = json!(message);
    }
    out
}

/// `NON_ZERO_EXIT_CODE` → `NonZeroExitCode`.
fn camel(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_uppercase() + &rest.to_lowercase()
    };
    name.split('_').map(word).collect()
}

fn conditions<'a>(of: impl IntoIterator<Item = &'a Value>) -> Value {
    of.into_iter().map(condition).collect()
}

/// Copies these fields if they are there, and say anything: version 1 leaves zeros out.
fn copy(from: &Value, to: &mut Value, names: &[&str]) {
    for name in names {
        let value = &from[*name];
        if !value.is_null() && *value != json!(0) {
            to[*name] = value.clone();
        }
    }
}

pub(super) fn job(job: &Job, view: &impl View) -> Result<Value, ApiError> {
    let resource = job.resource(view)?;
    let template = map(job.settings.get("template"));
    let task = TaskSpec::of(&map(template.get("template")), &job.name.project)?;
    let mut execution = json!({ "template": { "spec": task.spec } });
    copy(
        &resource["template"],
        &mut execution,
        &["taskCount", "parallelism", "delayExecution"],
    );
    let mut of_execution = annotations(&template);
    of_execution.extend(task.annotations);
    let mut metadata = json!({ "annotations": of_execution });
    if let Some(labels) = template.get("labels") {
        metadata["labels"] = labels.clone();
    }

    let all = resource["conditions"].as_array().into_iter().flatten();
    let mut status = json!({
        "observedGeneration": job.generation,
        "conditions": conditions([&resource["terminalCondition"]].into_iter().chain(all)),
    });
    copy(&resource, &mut status, &["executionCount"]);
    let latest = &resource["latestCreatedExecution"];
    if !latest.is_null() {
        let mut reference = json!({});
        for (ours, theirs) in [
            ("name", "name"),
            ("creationTimestamp", "createTime"),
            ("completionTimestamp", "completionTime"),
            ("completionStatus", "completionStatus"),
        ] {
            if !latest[theirs].is_null() {
                reference[ours] = latest[theirs].clone();
            }
        }
        status["latestCreatedExecution"] = reference;
    }

    let mut labels = map(job.settings.get("labels"));
    labels.insert("run.googleapis.com/lastUpdatedTime".into(), json!(stamp(job.updated)));
    let spec = json!({ "template": { "metadata": metadata, "spec": execution } });
    let metadata = Metadata {
        place: &job.name,
        plural: "jobs",
        name: &job.name.job,
        uid: &job.uid,
        version: job.version,
        generation: job.generation,
        created: job.created,
        labels,
        annotations: annotations(&job.settings),
        owner: None,
    };
    Ok(object("Job", metadata, &spec, &status))
}

pub(super) fn execution(execution: &Execution, tasks: &[Task], cloud: &Cloud) -> Result<Value, ApiError> {
    let resource = execution.resource(cloud, tasks);
    let name = &execution.name;
    let task = TaskSpec::of(&execution.template, &name.job.project)?;
    let mut spec = json!({ "template": { "spec": task.spec } });
    copy(&resource, &mut spec, &["taskCount", "parallelism"]);
    let mut status = json!({
        "observedGeneration": 1,
        "conditions": conditions(resource["conditions"].as_array().into_iter().flatten()),
    });
    let counts = [
        "runningCount",
        "succeededCount",
        "failedCount",
        "cancelledCount",
        "retriedCount",
    ];
    copy(&resource, &mut status, &counts);
    copy(&resource, &mut status, &["startTime", "completionTime", "logUri"]);
    let mut of_execution = Map::new();
    for field in ["annotations", "launchStage"] {
        of_execution.insert(field.into(), resource[field].clone());
    }
    let mut annotations = annotations(&of_execution);
    annotations.extend(task.annotations);
    let metadata = Metadata {
        place: &name.job,
        plural: "executions",
        name: &name.execution,
        uid: &execution.uid,
        version: execution.version,
        generation: 1,
        created: execution.created,
        labels: map(Some(&execution.labels)),
        annotations,
        owner: Some((
            "Job",
            &name.job.job,
            execution.labels["run.googleapis.com/jobUid"].clone(),
        )),
    };
    Ok(object("Execution", metadata, &spec, &status))
}

pub(super) fn task(task: &Task, execution: &Execution, cloud: &Cloud) -> Result<Value, ApiError> {
    let resource = task.resource(cloud, execution);
    let name = &execution.name;
    let made = TaskSpec::of(&execution.template, &name.job.project)?;
    let mut status = json!({
        "observedGeneration": 1,
        "index": task.index,
        "conditions": conditions(resource["conditions"].as_array().into_iter().flatten()),
    });
    let fields = ["startTime", "completionTime", "retried", "lastAttemptResult", "logUri"];
    copy(&resource, &mut status, &fields);
    let state = match task.state {
        TaskState::Pending => "Pending",
        TaskState::Running => "Running",
        TaskState::Succeeded => "Succeeded",
        TaskState::Failed => "Failed",
        TaskState::Cancelled => "Cancelled",
    };
    let mut labels = map(Some(&execution.labels));
    for (label, value) in [
        ("execution", name.execution.as_str()),
        ("executionUid", &execution.uid),
        ("runningState", state),
    ] {
        labels.insert(format!("run.googleapis.com/{label}"), json!(value));
    }
    let metadata = Metadata {
        place: &name.job,
        plural: "tasks",
        name: &task.id(name),
        uid: &task.uid,
        version: execution.version,
        generation: 1,
        created: task.created,
        labels,
        annotations: made.annotations,
        owner: Some(("Execution", &name.execution, json!(execution.uid))),
    };
    Ok(object("Task", metadata, &made.spec, &status))
}
