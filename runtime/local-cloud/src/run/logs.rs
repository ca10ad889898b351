//! What tasks and the instances of worker pools write: one file per attempt, standard output and standard error together. Shown as text under `/_control`
//! and through Cloud Logging's `entries:list`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;

use axum::response::Response;
use chrono::{DateTime, Utc};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::pools;
use super::record::{Execution, Task};
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::store::{View, under};

const MOST_ENTRIES: usize = 1000;
/// Who speaks, by its kind of monitored resource.
const JOB: &str = "cloud_run_job";
pub(super) const POOL: &str = "cloud_run_worker_pool";

pub(super) fn methods() -> Vec<Method> {
    vec![
        method("control.logs.list", "GET", "/_control/logs/{execution}", list),
        method("control.logs.get", "GET", "/_control/logs/{execution}/{task}", text),
        method("logging.entries.list", "POST", "/v2/entries:list", entries),
    ]
}

/// Opens the log of a task's current attempt.
pub(super) fn open(cloud: &Cloud, execution: &Execution, task: &Task) -> io::Result<File> {
    open_of(cloud, &execution.name.execution, task.index, task.attempt)
}

/// Opens the log of an attempt by the name of its execution or revision.
pub(super) fn open_of(cloud: &Cloud, owner: &str, index: u32, attempt: u32) -> io::Result<File> {
    let dir = cloud.log_dir(owner);
    fs::create_dir_all(&dir)?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join(format!("{index}-{attempt}.log")))
}

/// The logs of an execution: task, attempt, file, in order.
fn files(cloud: &Cloud, execution: &str) -> Result<Vec<(u32, u32, PathBuf)>, ApiError> {
    // The name comes from outside and becomes a part of a path.
    if execution.contains(['/', '\\']) || execution.starts_with('.') {
        return Err(ApiError::invalid("not the name of an execution"));
    }
    let Ok(dir) = fs::read_dir(cloud.log_dir(execution)) else {
        return Err(ApiError::not_found(format!(
            "the execution {execution} has written no logs"
        )));
    };
    let mut files: Vec<_> = dir
        .flatten()
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            let (task, attempt) = name.strip_suffix(".log")?.split_once('-')?;
            Some((task.parse().ok()?, attempt.parse().ok()?, file.path()))
        })
        .collect();
    files.sort();
    Ok(files)
}

async fn list(call: Call) -> Answer {
    let files = files(&call.cloud, call.param("execution"))?;
    let shown: Vec<Value> = files
        .iter()
        .map(|(task, attempt, path)| {
            let bytes = fs::metadata(path).map_or(0, |meta| meta.len());
            json!({ "task": task, "attempt": attempt, "bytes": bytes })
        })
        .collect();
    ok(&json!({ "logs": shown }))
}

async fn text(call: Call) -> Answer {
    let wanted: Option<u32> = call.param("task").parse().ok();
    let attempt = call.query.number("attempt")?;
    let mut out = Vec::new();
    for (task, number, path) in files(&call.cloud, call.param("execution"))? {
        if Some(task) == wanted && attempt.is_none_or(|attempt| attempt == i64::from(number)) {
            out.extend(fs::read(path)?);
        }
    }
    let mut response = Response::new(out.into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    Ok(response)
}

/// The terms of a filter that is understood: `FIELD = "VALUE"`, joined by AND or line ends.
#[derive(Default)]
struct Filter {
    kind: Option<String>,
    job: Option<String>,
    execution: Option<String>,
    task: Option<u32>,
    pool: Option<String>,
}

impl Filter {
    fn parse(text: &str) -> Result<Filter, ApiError> {
        let mut filter = Filter::default();
        for term in text
            .split('\n')
            .flat_map(|line| line.split(" AND "))
            .map(str::trim)
            .filter(|term| !term.is_empty())
        {
            let unknown = || ApiError::unimplemented(format_args!("the log filter '{term}'"));
            let (field, value) = term.split_once('=').ok_or_else(unknown)?;
            let value = value.trim().trim_matches('"').to_owned();
            match field.trim().replace('"', "").as_str() {
                "resource.labels.job_name" | "labels.run.googleapis.com/job" => filter.job = Some(value),
                "labels.run.googleapis.com/execution_name" => filter.execution = Some(value),
                "labels.run.googleapis.com/task_index" => filter.task = value.parse().ok(),
                "resource.type" if [JOB, POOL].contains(&value.as_str()) => filter.kind = Some(value),
                "resource.labels.worker_pool_name" => filter.pool = Some(value),
                "resource.labels.location" | "resource.labels.project_id" => {}
                _ => return Err(unknown()),
            }
        }
        Ok(filter)
    }

    /// Whether nothing that it says is of the other kind alone.
    fn may_be(&self, kind: &str) -> bool {
        let other = match kind {
            JOB => self.pool.is_some(),
            _ => self.job.is_some() || self.execution.is_some() || self.task.is_some(),
        };
        !other && self.kind.as_ref().is_none_or(|wanted| wanted == kind)
    }

    fn takes(&self, execution: &Execution) -> bool {
        let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
        is(&self.job, &execution.name.job.job) && is(&self.execution, &execution.name.execution)
    }
}

/// Whose lines lie in one directory.
pub(super) struct Speaker {
    pub(super) project: String,
    /// The directory's name.
    pub(super) dir: String,
    pub(super) since: DateTime<Utc>,
    /// The monitored resource. <https://cloud.google.com/monitoring/api/resources>
    pub(super) resource: Value,
    /// The execution, when it is one's.
    pub(super) execution: Option<String>,
}

impl Speaker {
    fn execution(execution: &Execution) -> Self {
        let name = &execution.name;
        Self {
            project: name.job.project.clone(),
            dir: name.execution.clone(),
            since: execution.created,
            resource: json!({ "type": JOB, "labels": {
                "job_name": name.job.job, "location": name.job.location, "project_id": name.job.project,
            }}),
            execution: Some(name.execution.clone()),
        }
    }

    fn labels(&self, index: u32, attempt: u32) -> Value {
        match &self.execution {
            Some(execution) => json!({
                "run.googleapis.com/execution_name": execution,
                "run.googleapis.com/task_index": index.to_string(),
                "run.googleapis.com/task_attempt": attempt.to_string(),
            }),
            None => json!({ "instanceId": index.to_string() }),
        }
    }

    /// The entries of one file. A line that says no time was said when the one before it was.
    fn entries(&self, index: u32, attempt: u32, text: &str) -> Vec<(DateTime<Utc>, Value)> {
        let mut last = self.since;
        let lines = text.lines().map(|line| {
            let mut entry = entry(line);
            match entry["timestamp"].as_str().map(DateTime::parse_from_rfc3339) {
                Some(Ok(at)) => last = at.to_utc(),
                _ => entry["timestamp"] = stamp(last).into(),
            }
            entry["logName"] = format!("projects/{}/logs/run.googleapis.com%2Fstdout", self.project).into();
            entry["resource"] = self.resource.clone();
            entry["labels"] = self.labels(index, attempt);
            (last, entry)
        });
        lines.collect()
    }
}

async fn entries(mut call: Call) -> Answer {
    let body = call.json().await?;
    let filter = Filter::parse(body.get("filter").and_then(Value::as_str).unwrap_or_default())?;
    let size = body
        .get("pageSize")
        .and_then(Value::as_u64)
        .and_then(|n| usize::try_from(n).ok());
    let size = size.filter(|size| *size > 0).unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES);
    let start: usize = body
        .get("pageToken")
        .and_then(Value::as_str)
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let newest_first = body
        .get("orderBy")
        .and_then(Value::as_str)
        .is_some_and(|order| order.ends_with("desc"));
    let snapshot = call.cloud.store.snapshot()?;
    let mut speakers = Vec::new();
    if filter.may_be(JOB) {
        let executions: Vec<Execution> = snapshot.all(&under(&["run", "e"]))?;
        speakers.extend(
            executions
                .iter()
                .filter(|one| filter.takes(one))
                .map(Speaker::execution),
        );
    }
    if filter.may_be(POOL) {
        let pools = pools::speakers(&snapshot)?.into_iter();
        speakers.extend(pools.filter(|pool| filter.pool.as_ref().is_none_or(|wanted| *wanted == pool.dir)));
    }
    speakers.sort_by_key(|speaker| speaker.since);
    let mut all = Vec::new();
    for speaker in &speakers {
        for (index, attempt, path) in files(&call.cloud, &speaker.dir).unwrap_or_default() {
            if filter.task.is_none_or(|wanted| wanted == index) {
                let text = fs::read(path)?;
                all.extend(speaker.entries(index, attempt, &String::from_utf8_lossy(&text)));
            }
        }
    }
    // What was said at the same time stays in its order.
    all.sort_by_key(|(at, _)| *at);
    let mut all: Vec<Value> = all.into_iter().map(|(_, entry)| entry).collect();
    if newest_first {
        all.reverse();
    }
    let more = all.len() > start + size;
    let mut page = json!({ "entries": all.into_iter().skip(start).take(size).collect::<Vec<_>>() });
    if more {
        page["nextPageToken"] = json!((start + size).to_string());
    }
    ok(&page)
}

/// A level by Cloud Logging's name of it.
/// <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity>
fn severity_of(level: &str) -> &str {
    match level {
        "WARN" => "WARNING",
        "TRACE" => "DEBUG",
        "DEBUG" | "INFO" | "NOTICE" | "WARNING" | "ERROR" | "CRITICAL" | "ALERT" | "EMERGENCY" => level,
        _ => "DEFAULT",
    }
}

/// A line of JSON becomes a structured entry, as in Cloud Logging.
fn entry(line: &str) -> Value {
    let mut entry = json!({});
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(mut fields)) => {
            let taken = ["timestamp", "time"]
                .iter()
                .find_map(|field| fields.shift_remove(*field));
            if let Some(time) = taken.filter(Value::is_string) {
                entry["timestamp"] = time;
            }
            let severity = ["severity", "level"]
                .iter()
                .find_map(|field| fields.shift_remove(*field));
            if let Some(severity) = severity.as_ref().and_then(Value::as_str) {
                entry["severity"] = json!(severity_of(&severity.to_ascii_uppercase()));
            }
            entry["jsonPayload"] = Value::Object(fields);
        }
        _ => entry["textPayload"] = json!(line),
    }
    entry
}
