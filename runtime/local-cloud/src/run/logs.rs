//! What tasks write: one file per attempt, standard output and standard error together. Shown as text under `/_control`
//! and through Cloud Logging's `entries:list`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;

use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Value, json};

use super::record::{Execution, Task};
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::store::{View, under};

const MOST_ENTRIES: usize = 1000;

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
struct Filter {
    job: Option<String>,
    execution: Option<String>,
    task: Option<u32>,
}

impl Filter {
    fn parse(text: &str) -> Result<Filter, ApiError> {
        let mut filter = Filter {
            job: None,
            execution: None,
            task: None,
        };
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
                "resource.type" if value == "cloud_run_job" => {}
                "resource.labels.location" | "resource.labels.project_id" => {}
                _ => return Err(unknown()),
            }
        }
        Ok(filter)
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
    let mut executions: Vec<Execution> = call.cloud.store.snapshot()?.all(&under(&["run", "e"]))?;
    executions.retain(|execution| {
        filter.job.as_ref().is_none_or(|job| *job == execution.name.job.job)
            && filter
                .execution
                .as_ref()
                .is_none_or(|name| *name == execution.name.execution)
    });
    executions.sort_by_key(|execution| execution.created);
    let mut all = Vec::new();
    for execution in &executions {
        for (task, attempt, path) in files(&call.cloud, &execution.name.execution).unwrap_or_default() {
            if filter.task.is_none_or(|wanted| wanted == task) {
                let text = fs::read(path)?;
                let lines = String::from_utf8_lossy(&text)
                    .lines()
                    .map(|l| entry(execution, task, attempt, l))
                    .collect::<Vec<_>>();
                all.extend(lines);
            }
        }
    }
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
fn entry(execution: &Execution, task: u32, attempt: u32, line: &str) -> Value {
    let name = &execution.name;
    let mut entry = json!({
        "logName": format!("projects/{}/logs/run.googleapis.com%2Fstdout", name.job.project),
        "resource": { "type": "cloud_run_job", "labels": {
            "job_name": name.job.job, "location": name.job.location, "project_id": name.job.project,
        }},
        "labels": {
            "run.googleapis.com/execution_name": name.execution,
            "run.googleapis.com/task_index": task.to_string(),
            "run.googleapis.com/task_attempt": attempt.to_string(),
        },
        "timestamp": stamp(execution.created),
    });
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
