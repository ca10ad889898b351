//! Cloud Run Admin v2: jobs and their executions. <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::Document;
use crate::endpoints::Service::Run;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};
use crate::operations::{Wait, wait_operation};

/// Cloud Run.
#[derive(Clone)]
pub struct CloudRun {
    transport: Arc<Transport>,
}

/// What one execution does otherwise than its job says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Arguments of the container.
    pub args: Option<Vec<String>>,
    /// Additional environment.
    pub env: Vec<(String, String)>,
    /// Parallel tasks.
    pub task_count: Option<u32>,
    /// Time allowed to a task, in seconds.
    pub timeout_seconds: Option<u64>,
}

impl Overrides {
    /// The body of `jobs:run`.
    #[must_use]
    pub fn to_body(&self) -> Document {
        let mut container = json!({});
        if let Some(args) = &self.args {
            container["args"] = json!(args);
        }
        if !self.env.is_empty() {
            let pairs = self
                .env
                .iter()
                .map(|(name, value)| json!({"name": name, "value": value}));
            container["env"] = pairs.collect();
        }
        let mut overrides = json!({ "containerOverrides": [container] });
        if let Some(count) = self.task_count {
            overrides["taskCount"] = count.into();
        }
        if let Some(seconds) = self.timeout_seconds {
            overrides["timeout"] = format!("{seconds}s").into();
        }
        json!({ "overrides": overrides })
    }
}

/// An execution as far as anybody waits for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// `projects/P/locations/L/jobs/J/executions/E`.
    pub name: String,
    /// Whether it has ended.
    pub completed: bool,
    /// Tasks in all.
    pub tasks: u64,
    /// Tasks that succeeded.
    pub succeeded: u64,
    /// Tasks that failed.
    pub failed: u64,
    /// Tasks that were cancelled.
    pub cancelled: u64,
    /// Where its logs are, as the service says.
    pub log_uri: Option<String>,
    /// The document whole.
    pub document: Document,
}

impl Execution {
    fn from_json(document: Value) -> Self {
        let count = |name: &str| {
            let value = &document[name];
            value
                .as_u64()
                .or_else(|| value.as_str()?.parse().ok())
                .unwrap_or_default()
        };
        Self {
            name: document["name"].as_str().unwrap_or_default().to_owned(),
            completed: document["completionTime"].as_str().is_some_and(|time| !time.is_empty()),
            tasks: count("taskCount"),
            succeeded: count("succeededCount"),
            failed: count("failedCount"),
            cancelled: count("cancelledCount"),
            log_uri: document["logUri"].as_str().map(str::to_owned),
            document,
        }
    }

    /// Whether every task succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.completed && self.failed == 0 && self.cancelled == 0 && self.succeeded >= self.tasks.max(1)
    }
}

impl CloudRun {
    pub(crate) fn new(transport: Arc<Transport>) -> Self {
        Self { transport }
    }

    /// `projects/P/locations/L/jobs/J`.
    #[must_use]
    pub fn job_name(project: &str, region: &str, job: &str) -> String {
        format!("projects/{project}/locations/{region}/jobs/{job}")
    }

    /// A job's document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_job(&self, name: &str) -> Result<Document, Error> {
        Call::get(Run, path(name), format!("read job `{name}`"))
            .send_json(&self.transport)
            .await
    }

    /// Creates a job and waits until it exists.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists.
    pub async fn create_job(&self, name: &str, document: &Document, wait: Wait) -> Result<Document, Error> {
        let (parent, id) = split(name, "/jobs/")?;
        let action = format!("create job `{name}`");
        let operation = Call::post(Run, format!("{}/jobs", path(parent)), &*action)
            .query("jobId", id)
            .json(document)
            .create(&self.transport, || async {
                // An earlier attempt of ours made it; its operation's name is lost, its result is not.
                Ok(json!({"name": "lost", "done": true, "response": self.get_job(name).await?}))
            })
            .await?;
        wait_operation(&self.transport, Run, "v2", operation, &action, wait).await?;
        self.get_job(name).await
    }

    /// Replaces a job with the document and waits. A document that carries `etag` fails with `Conflict` when the job
    /// has changed since.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn update_job(&self, name: &str, document: &Document, wait: Wait) -> Result<Document, Error> {
        let action = format!("change job `{name}`");
        let operation = Call::patch(Run, path(name), &*action)
            .json(document)
            .send_json(&self.transport)
            .await?;
        wait_operation(&self.transport, Run, "v2", operation, &action, wait).await?;
        self.get_job(name).await
    }

    /// Deletes a job with its executions and waits; `false` when there was none.
    ///
    /// # Errors
    /// When Cloud Run refuses.
    pub async fn delete_job(&self, name: &str, wait: Wait) -> Result<bool, Error> {
        let action = format!("delete job `{name}`");
        match Call::delete(Run, path(name), &*action).send_json(&self.transport).await {
            Ok(operation) => match wait_operation(&self.transport, Run, "v2", operation, &action, wait).await {
                Err(error) if !error.is_not_found() => Err(error),
                _ => Ok(true),
            },
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Starts an execution and returns its full name at once. Not repeated when an answer is lost: an execution may
    /// then run that nobody waits for, which an extract's lease makes harmless.
    ///
    /// # Errors
    /// `NotFound` when there is no such job.
    pub async fn start(&self, job: &str, overrides: &Overrides) -> Result<String, Error> {
        let action = format!("run job `{job}`");
        let operation = Call::post(Run, format!("{}:run", path(job)), &*action)
            .json(&overrides.to_body())
            .send_json(&self.transport)
            .await?;
        let name = [&operation["metadata"]["name"], &operation["response"]["name"]]
            .into_iter()
            .find_map(|name| name.as_str().filter(|name| name.contains("/executions/")));
        name.map(str::to_owned)
            .ok_or_else(|| Error::new(Kind::Unexpected, action, "the operation names no execution"))
    }

    /// An execution.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_execution(&self, name: &str) -> Result<Execution, Error> {
        let json = Call::get(Run, path(name), format!("look at execution `{name}`"))
            .send_json(&self.transport)
            .await?;
        Ok(Execution::from_json(json))
    }

    /// A job's executions, the newest first as the service sorts them.
    ///
    /// # Errors
    /// `NotFound` when there is no such job.
    pub async fn list_executions(&self, job: &str) -> Result<Vec<Execution>, Error> {
        let mut executions = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let json = Call::get(
                Run,
                format!("{}/executions", path(job)),
                format!("list executions of `{job}`"),
            )
            .query_opt("pageToken", page.as_deref())
            .send_json(&self.transport)
            .await?;
            let found = json["executions"].as_array().cloned().unwrap_or_default();
            executions.extend(found.into_iter().map(Execution::from_json));
            page = json["nextPageToken"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
            if page.is_none() {
                return Ok(executions);
            }
        }
    }

    /// The newest of a job's executions: one page of at most so many.
    ///
    /// # Errors
    /// `NotFound` when there is no such job.
    pub async fn newest_executions(&self, job: &str, most: u32) -> Result<Vec<Execution>, Error> {
        let path = format!("{}/executions", path(job));
        let mut json = Call::get(Run, path, format!("list executions of `{job}`"))
            .query("pageSize", i64::from(most))
            .send_json(&self.transport)
            .await?;
        let found = match json["executions"].take() {
            Value::Array(found) => found,
            _ => Vec::new(),
        };
        Ok(found.into_iter().map(Execution::from_json).collect())
    }

    /// Waits until an execution has ended, well or badly.
    ///
    /// # Errors
    /// When looking at it fails, and `DeadlineExceeded`.
    pub async fn wait_execution(&self, name: &str, wait: Wait) -> Result<Execution, Error> {
        wait.until(&format!("wait for execution `{name}`"), || async move {
            let execution = self.get_execution(name).await?;
            Ok(execution.completed.then_some(execution))
        })
        .await
    }

    /// Asks Cloud Run to stop an execution.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn cancel_execution(&self, name: &str) -> Result<(), Error> {
        Call::post(
            Run,
            format!("{}:cancel", path(name)),
            format!("cancel execution `{name}`"),
        )
        .repeatable()
        .json(&json!({}))
        .send(&self.transport)
        .await
        .map(drop)
    }
}

fn path(name: &str) -> String {
    let segments: Vec<String> = name.split('/').map(segment).collect();
    format!("/v2/{}", segments.join("/"))
}

fn split<'a>(name: &'a str, collection: &str) -> Result<(&'a str, &'a str), Error> {
    name.split_once(collection).ok_or_else(|| {
        Error::new(Kind::Invalid, format!("read `{name}`"), "it is no full resource name")
            .with_hint("write it as projects/PROJECT/locations/REGION/jobs/JOB")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        let overrides = Overrides {
            args: Some(vec!["run".into()]),
            env: vec![("A".into(), "b".into())],
            task_count: Some(3),
            timeout_seconds: Some(60),
        };
        let expected = json!({"overrides": {
            "containerOverrides": [{"args": ["run"], "env": [{"name": "A", "value": "b"}]}],
            "taskCount": 3,
            "timeout": "60s",
        }});
        assert_eq!(overrides.to_body(), expected);
    }

    #[test]
    fn success_needs_every_task() {
        let execution = |succeeded: u64, failed: u64, done: bool| {
            let mut json = json!({"name": "e", "taskCount": 2, "succeededCount": succeeded, "failedCount": failed});
            if done {
                json["completionTime"] = "2026-01-01T00:00:00Z".into();
            }
            Execution::from_json(json).is_success()
        };
        assert!(execution(2, 0, true));
        assert!(!execution(1, 1, true));
        assert!(!execution(1, 0, true));
        assert!(!execution(2, 0, false));
    }
}
