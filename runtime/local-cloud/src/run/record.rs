//! Jobs, executions and tasks as they are stored, and as resources.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::http::call::Call;
use crate::store::{StoreError, View, key, under};

/// The name of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobName {
    pub(crate) project: String,
    pub(crate) location: String,
    pub(crate) job: String,
}

impl JobName {
    pub(crate) fn of(call: &Call) -> JobName {
        JobName {
            project: call.param("project").to_owned(),
            location: call.param("location").to_owned(),
            job: call.param("job").to_owned(),
        }
    }

    pub(crate) fn full(&self) -> String {
        format!(
            "projects/{}/locations/{}/jobs/{}",
            self.project, self.location, self.job
        )
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        key(&["run", "j", &self.project, &self.location, &self.job])
    }

    pub(crate) fn policy_key(&self) -> Vec<u8> {
        key(&["run", "iam", &self.project, &self.location, &self.job])
    }

    /// The prefix of its executions; of those of all jobs at the place if the job is `-`.
    pub(crate) fn executions(&self) -> Vec<u8> {
        match self.job.as_str() {
            "-" => under(&["run", "e", &self.project, &self.location]),
            job => under(&["run", "e", &self.project, &self.location, job]),
        }
    }
}

/// The name of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExecutionName {
    #[serde(flatten)]
    pub(crate) job: JobName,
    pub(crate) execution: String,
}

impl ExecutionName {
    pub(crate) fn of(call: &Call) -> ExecutionName {
        ExecutionName {
            job: JobName::of(call),
            execution: call.param("execution").to_owned(),
        }
    }

    pub(crate) fn full(&self) -> String {
        format!("{}/executions/{}", self.job.full(), self.execution)
    }

    fn parts<'a>(&'a self, space: &'a str) -> [&'a str; 6] {
        [
            "run",
            space,
            &self.job.project,
            &self.job.location,
            &self.job.job,
            &self.execution,
        ]
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        key(&self.parts("e"))
    }

    /// The prefix of its tasks.
    pub(crate) fn tasks(&self) -> Vec<u8> {
        under(&self.parts("t"))
    }

    pub(crate) fn task_key(&self, index: u32) -> Vec<u8> {
        let mut at = self.tasks();
        at.extend(format!("{index:06}").bytes());
        at
    }
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) name: JobName,
    pub(crate) uid: String,
    pub(crate) generation: u64,
    /// Changes with every change; the etag is made of it.
    pub(crate) version: i64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) execution_count: u64,
    pub(crate) latest_execution: Option<ExecutionName>,
    /// What the caller may set, as it is shown.
    pub(crate) settings: Map<String, Value>,
}

impl Job {
    pub(crate) fn read(view: &impl View, name: &JobName) -> Result<Job, ApiError> {
        let job = view.get(&name.key())?;
        job.ok_or_else(|| ApiError::not_found(format!("Resource '{}' was not found", name.job)))
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{:x}\"", self.version)
    }

    /// Refuses a change that is based on an older state.
    pub(crate) fn check_etag(&self, given: Option<&str>) -> Result<(), ApiError> {
        match given.filter(|given| !given.is_empty()) {
            Some(given) if given.trim_matches('"') != self.etag().trim_matches('"') => Err(ApiError::aborted(format!(
                "Conflict for resource '{}': the etag '{given}' is not the current one.",
                self.name.job
            ))),
            _ => Ok(()),
        }
    }

    /// The resource of the API.
    pub(crate) fn resource(&self, view: &impl View) -> Result<Value, ApiError> {
        let mut out = Map::new();
        let changed = stamp(self.updated);
        let ready = |kind: &str| json!({ "type": kind, "state": "CONDITION_SUCCEEDED", "lastTransitionTime": changed });
        out.insert("name".into(), json!(self.name.full()));
        out.insert("uid".into(), json!(self.uid));
        out.insert("generation".into(), json!(self.generation.to_string()));
        out.extend(self.settings.clone());
        out.insert("createTime".into(), json!(stamp(self.created)));
        out.insert("updateTime".into(), json!(changed));
        out.insert("observedGeneration".into(), json!(self.generation.to_string()));
        out.insert("terminalCondition".into(), ready("Ready"));
        out.insert("conditions".into(), json!([ready("ResourcesAvailable")]));
        out.insert("executionCount".into(), json!(self.execution_count));
        if let Some(name) = &self.latest_execution {
            out.insert("latestCreatedExecution".into(), self.latest(view, name)?);
        }
        out.insert("reconciling".into(), json!(false));
        out.insert("etag".into(), json!(self.etag()));
        Ok(Value::Object(out))
    }

    fn latest(&self, view: &impl View, name: &ExecutionName) -> Result<Value, ApiError> {
        let mut out = json!({ "name": name.execution });
        if let Some(execution) = view.get::<Execution>(&name.key())? {
            out["createTime"] = json!(stamp(execution.created));
            if let Some(end) = execution.completed {
                out["completionTime"] = json!(stamp(end));
            }
            out["completionStatus"] = json!(match (execution.completed, &execution.verdict) {
                (Some(_), Some(Verdict::Succeeded)) => "EXECUTION_SUCCEEDED",
                (Some(_), Some(Verdict::Cancelled)) => "EXECUTION_CANCELLED",
                (Some(_), _) => "EXECUTION_FAILED",
                (None, _) => "EXECUTION_RUNNING",
            });
        }
        Ok(out)
    }
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Succeeded,
    Cancelled,
    Failed { message: String },
}

/// An execution of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Execution {
    pub(crate) name: ExecutionName,
    pub(crate) uid: String,
    pub(crate) version: i64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) completed: Option<DateTime<Utc>>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) cancelling: bool,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) task_count: u32,
    /// 0: as many at once as there are.
    pub(crate) parallelism: u32,
    /// The task template, overrides applied.
    pub(crate) template: Map<String, Value>,
    pub(crate) labels: Value,
    pub(crate) annotations: Value,
    pub(crate) launch_stage: Value,
}

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum TaskState {
    Pending,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl TaskState {
    pub(crate) fn over(self) -> bool {
        matches!(self, TaskState::Succeeded | TaskState::Failed | TaskState::Cancelled)
    }
}

/// A task of an execution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) index: u32,
    pub(crate) uid: String,
    pub(crate) state: TaskState,
    /// How many attempts came before this one.
    pub(crate) attempt: u32,
    pub(crate) created: DateTime<Utc>,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) completed: Option<DateTime<Utc>>,
    pub(crate) updated: DateTime<Utc>,
    /// The process of the current attempt, which leads a group of its own.
    pub(crate) pid: Option<u32>,
    pub(crate) last_exit: Option<i32>,
    pub(crate) last_message: Option<String>,
}

impl Execution {
    pub(crate) fn read(view: &impl View, name: &ExecutionName) -> Result<Execution, ApiError> {
        let execution = view.get(&name.key())?;
        execution.ok_or_else(|| ApiError::not_found(format!("Resource '{}' was not found", name.execution)))
    }

    pub(crate) fn tasks(&self, view: &impl View) -> Result<Vec<Task>, StoreError> {
        view.all(&self.name.tasks())
    }

    fn etag(&self) -> String {
        format!("\"{:x}\"", self.version)
    }

    fn log_uri(&self, cloud: &Cloud) -> String {
        format!("{}/_control/logs/{}", cloud.base_url, self.name.execution)
    }

    /// The resource of the API.
    pub(crate) fn resource(&self, cloud: &Cloud, tasks: &[Task]) -> Value {
        let count = |state: TaskState| tasks.iter().filter(|task| task.state == state).count();
        let retried = tasks.iter().filter(|task| task.attempt > 0).count();
        let mut out = json!({
            "name": self.name.full(),
            "uid": self.uid,
            "generation": "1",
            "labels": self.labels,
            "annotations": self.annotations,
            "createTime": stamp(self.created),
            "updateTime": stamp(self.updated),
            "launchStage": self.launch_stage,
            "job": self.name.job.job,
            "parallelism": if self.parallelism == 0 { self.task_count } else { self.parallelism },
            "taskCount": self.task_count,
            "template": self.template,
            "reconciling": self.completed.is_none(),
            "conditions": [self.condition(), {
                "type": "Started",
                "state": if self.started.is_some() { "CONDITION_SUCCEEDED" } else { "CONDITION_PENDING" },
                "lastTransitionTime": stamp(self.started.unwrap_or(self.created)),
            }],
            "observedGeneration": "1",
            "logUri": self.log_uri(cloud),
            "etag": self.etag(),
        });
        for (name, n) in [
            ("runningCount", count(TaskState::Running)),
            ("succeededCount", count(TaskState::Succeeded)),
            ("failedCount", count(TaskState::Failed)),
            ("cancelledCount", count(TaskState::Cancelled)),
            ("retriedCount", retried),
        ] {
            out[name] = json!(n);
        }
        for (name, time) in [("startTime", self.started), ("completionTime", self.completed)] {
            if let Some(time) = time {
                out[name] = json!(stamp(time));
            }
        }
        out
    }

    fn condition(&self) -> Value {
        let at = stamp(self.completed.unwrap_or(self.updated));
        let mut out = json!({ "type": "Completed", "lastTransitionTime": at });
        let (state, reason, message) = match &self.verdict {
            None if self.cancelling => ("CONDITION_RECONCILING", Some("CANCELLING"), None),
            None => ("CONDITION_RECONCILING", None, None),
            Some(Verdict::Succeeded) => (
                "CONDITION_SUCCEEDED",
                None,
                Some("Execution completed successfully.".to_owned()),
            ),
            Some(Verdict::Cancelled) => ("CONDITION_FAILED", Some("CANCELLED"), Some(self.end_message())),
            Some(Verdict::Failed { .. }) => ("CONDITION_FAILED", Some("NON_ZERO_EXIT_CODE"), Some(self.end_message())),
        };
        out["state"] = json!(state);
        if let Some(reason) = reason {
            out["executionReason"] = json!(reason);
        }
        if let Some(message) = message {
            out["message"] = json!(message);
        }
        out
    }

    /// Why it did not succeed.
    pub(crate) fn end_message(&self) -> String {
        match &self.verdict {
            Some(Verdict::Cancelled) => "Execution was cancelled.".to_owned(),
            Some(Verdict::Failed { message }) => message.clone(),
            _ => String::new(),
        }
    }
}

impl Task {
    pub(crate) fn name(&self, execution: &ExecutionName) -> String {
        format!("{}/tasks/{}", execution.full(), self.id(execution))
    }

    pub(crate) fn id(&self, execution: &ExecutionName) -> String {
        format!("{}-task{}", execution.execution, self.index)
    }

    /// The resource of the API.
    pub(crate) fn resource(&self, cloud: &Cloud, execution: &Execution) -> Value {
        let name = &execution.name;
        let (state, message) = match self.state {
            TaskState::Pending => ("CONDITION_PENDING", None),
            TaskState::Running => ("CONDITION_RECONCILING", None),
            TaskState::Succeeded => ("CONDITION_SUCCEEDED", None),
            TaskState::Failed => ("CONDITION_FAILED", self.last_message.clone()),
            TaskState::Cancelled => ("CONDITION_FAILED", Some("The task was cancelled.".to_owned())),
        };
        let mut condition = json!({ "type": "Completed", "state": state, "lastTransitionTime": stamp(self.updated) });
        if let Some(message) = message {
            condition["message"] = json!(message);
        }
        let mut out = json!({
            "name": self.name(name),
            "uid": self.uid,
            "generation": "1",
            "labels": execution.labels,
            "createTime": stamp(self.created),
            "scheduledTime": stamp(self.created),
            "updateTime": stamp(self.updated),
            "job": name.job.job,
            "execution": name.execution,
            "maxRetries": execution.template.get("maxRetries"),
            "timeout": execution.template.get("timeout"),
            "containers": execution.template.get("containers"),
            "volumes": execution.template.get("volumes").cloned().unwrap_or_else(|| json!([])),
            "serviceAccount": execution.template.get("serviceAccount"),
            "executionEnvironment": execution.template.get("executionEnvironment"),
            "reconciling": !self.state.over(),
            "conditions": [condition],
            "observedGeneration": "1",
            "index": self.index,
            "retried": self.attempt,
            "logUri": format!("{}/_control/logs/{}/{}", cloud.base_url, name.execution, self.index),
            "etag": execution.etag(),
        });
        for (name, time) in [("startTime", self.started), ("completionTime", self.completed)] {
            if let Some(time) = time {
                out[name] = json!(stamp(time));
            }
        }
        if self.last_exit.is_some() || self.last_message.is_some() {
            let mut result = json!({ "exitCode": self.last_exit.unwrap_or(0), "status": {} });
            if let Some(message) = &self.last_message {
                result["status"] = json!({ "code": 2, "message": message });
            }
            out["lastAttemptResult"] = result;
        }
        out
    }
}
