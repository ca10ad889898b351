//! Jobs: <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs>.

use chrono::Utc;
use rand::RngExt;
use serde_json::{Map, Value, json};

use super::executions::remove_executions;
use super::image;
use super::record::{Execution, ExecutionName, Job, JobName, Task, TaskState};
use super::template::{complete, integer, overridden};
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::patch::masked;
use crate::http::route::{Method, method};
use crate::iam;
use crate::ids;
use crate::operations::{self, Outcome};
use crate::page::page;
use crate::store::{Txn, View, under};

/// What only the service sets.
const OUTPUT_ONLY: [&str; 20] = [
    "name",
    "uid",
    "generation",
    "createTime",
    "updateTime",
    "deleteTime",
    "expireTime",
    "creator",
    "lastModifier",
    "observedGeneration",
    "terminalCondition",
    "conditions",
    "executionCount",
    "latestCreatedExecution",
    "reconciling",
    "satisfiesPzs",
    "etag",
    "startExecutionToken",
    "runExecutionToken",
    "urls",
];

const TYPE: &str = "type.googleapis.com/google.cloud.run.v2.Job";

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/v2/projects/{project}/locations/{location}/jobs";
    const ONE: &str = "/v2/projects/{project}/locations/{location}/jobs/{job}";
    vec![
        method("run.projects.locations.jobs.create", "POST", ALL, create),
        method("run.projects.locations.jobs.list", "GET", ALL, list),
        method("run.projects.locations.jobs.get", "GET", ONE, get),
        method("run.projects.locations.jobs.patch", "PATCH", ONE, patch),
        method("run.projects.locations.jobs.delete", "DELETE", ONE, delete),
        method(
            "run.projects.locations.jobs.run",
            "POST",
            "/v2/projects/{project}/locations/{location}/jobs/{job}:run",
            run,
        ),
        method(
            "run.projects.locations.jobs.getIamPolicy",
            "GET",
            "/v2/projects/{project}/locations/{location}/jobs/{job}:getIamPolicy",
            get_policy,
        ),
        method(
            "run.projects.locations.jobs.setIamPolicy",
            "POST",
            "/v2/projects/{project}/locations/{location}/jobs/{job}:setIamPolicy",
            set_policy,
        ),
        method(
            "run.projects.locations.jobs.testIamPermissions",
            "POST",
            "/v2/projects/{project}/locations/{location}/jobs/{job}:testIamPermissions",
            iam::test_call,
        ),
    ]
}

fn typed(mut resource: Value, kind: &str) -> Value {
    resource["@type"] = json!(kind);
    resource
}

fn check_id(id: &str) -> Result<(), ApiError> {
    if ids::is_hyphenated(id, 63) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Violation in CreateJobRequest.job_id: '{id}' must use only lowercase letters, digits and hyphens, begin with a \
         letter, not end with a hyphen, and have less than 64 characters."
    )))
}

fn settable(mut body: Map<String, Value>, project: &str) -> Result<Map<String, Value>, ApiError> {
    body.retain(|name, value| !OUTPUT_ONLY.contains(&name.as_str()) && !value.is_null());
    complete(&mut body, project)?;
    Ok(body)
}

fn new_job(txn: &mut Txn<'_>, name: JobName, settings: Map<String, Value>) -> Result<Job, ApiError> {
    let now = Utc::now();
    let job = Job {
        uid: uuid::Uuid::new_v4().to_string(),
        generation: 1,
        version: txn.next_generation()?,
        created: now,
        updated: now,
        execution_count: 0,
        latest_execution: None,
        settings,
        name,
    };
    txn.put(job.name.key(), &job)?;
    Ok(job)
}

/// Begins the operation that a change of a job is answered with.
fn operation(txn: &mut Txn<'_>, job: &Job) -> Result<Value, ApiError> {
    let resource = typed(job.resource(txn)?, TYPE);
    let outcome = Outcome::Resource(resource.clone());
    let name = operations::begin(txn, &job.name.project, &job.name.location, outcome)?;
    Ok(operations::begun(&name, &resource))
}

/// The operation that fails because a job's image is not there; none when it is, or is not for us to know.
fn without_image(txn: &mut Txn<'_>, job: &Job) -> Result<Option<Value>, ApiError> {
    let resource = typed(job.resource(txn)?, TYPE);
    let place = (job.name.project.as_str(), job.name.location.as_str());
    let template = job
        .settings
        .get("template")
        .map_or(&Value::Null, |task| &task["template"]);
    Ok(image::refused(txn, template, place, &resource)?)
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = call
        .query
        .get("jobId")
        .ok_or_else(|| ApiError::required("jobId"))?
        .to_owned();
    check_id(&id)?;
    let name = JobName {
        job: id,
        ..JobName::of(&call)
    };
    let settings = settable(body, &name.project)?;
    let validate_only = call.query.flag("validateOnly");
    let operation = call.cloud.store.write(move |txn| {
        if txn.bytes(&name.key())?.is_some() {
            return Err(ApiError::exists(format!("Resource '{}' already exists.", name.job)));
        }
        let job = new_job(txn, name, settings)?;
        if let Some(operation) = without_image(txn, &job)? {
            txn.remove(job.name.key());
            return Ok(operation);
        }
        if validate_only {
            let resource = typed(job.resource(txn)?, TYPE);
            txn.remove(job.name.key());
            return Ok(operations::validated(&job.name.project, &job.name.location, &resource));
        }
        operation(txn, &job)
    });
    ok(&operation.await?)
}

async fn list(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let name = JobName::of(&call);
    let jobs: Vec<Job> = snapshot.all(&under(&["run", "j", &name.project, &name.location]))?;
    let resources: Result<Vec<Value>, ApiError> = jobs.iter().map(|job| job.resource(&snapshot)).collect();
    ok(&page(&call.query, "jobs", resources?, 100)?)
}

async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&Job::read(&snapshot, &JobName::of(&call))?.resource(&snapshot)?)
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let name = JobName::of(&call);
    let given = body.get("etag").and_then(Value::as_str).map(str::to_owned);
    let mask = call
        .query
        .get("updateMask")
        .filter(|mask| *mask != "*")
        .map(str::to_owned);
    let (allow_missing, validate_only) = (call.query.flag("allowMissing"), call.query.flag("validateOnly"));
    let operation = call.cloud.store.write(move |txn| {
        let Some(mut job) = txn.get::<Job>(&name.key())? else {
            if !allow_missing {
                return Err(ApiError::not_found(format!("Resource '{}' was not found", name.job)));
            }
            check_id(&name.job)?;
            let settings = settable(body, &name.project)?;
            let job = new_job(txn, name, settings)?;
            if let Some(operation) = without_image(txn, &job)? {
                txn.remove(job.name.key());
                return Ok(operation);
            }
            return operation(txn, &job);
        };
        job.check_etag(given.as_deref())?;
        let before = job.settings.clone();
        let wanted = match &mask {
            None => body,
            Some(mask) => {
                let mut wanted = before.clone();
                masked(&mut wanted, &body, mask);
                wanted
            }
        };
        job.settings = settable(wanted, &job.name.project)?;
        if job.settings != before {
            job.generation += 1;
            job.updated = Utc::now();
            job.version = txn.next_generation()?;
        }
        if let Some(operation) = without_image(txn, &job)? {
            return Ok(operation);
        }
        if validate_only {
            let resource = typed(job.resource(txn)?, TYPE);
            return Ok(operations::validated(&job.name.project, &job.name.location, &resource));
        }
        txn.put(job.name.key(), &job)?;
        operation(txn, &job)
    });
    ok(&operation.await?)
}

async fn delete(call: Call) -> Answer {
    let name = JobName::of(&call);
    let given = call.query.get("etag").map(str::to_owned);
    let validate_only = call.query.flag("validateOnly");
    let written = call.cloud.store.write(move |txn| {
        let job = Job::read(txn, &name)?;
        job.check_etag(given.as_deref())?;
        let mut resource = typed(job.resource(txn)?, TYPE);
        resource["deleteTime"] = json!(crate::clock::stamp(Utc::now()));
        if validate_only {
            return Ok((
                operations::validated(&name.project, &name.location, &resource),
                Vec::new(),
            ));
        }
        let running = remove_executions(txn, &name.executions())?;
        txn.remove(name.key());
        txn.remove(name.policy_key());
        let outcome = Outcome::Resource(resource.clone());
        let operation = operations::begin(txn, &name.project, &name.location, outcome)?;
        Ok::<_, ApiError>((operations::begun(&operation, &resource), running))
    });
    let (operation, running) = written.await?;
    for execution in running {
        call.cloud.executor.cancel(&execution);
    }
    ok(&operation)
}

async fn run(mut call: Call) -> Answer {
    let body = call.json().await?;
    let name = JobName::of(&call);
    let given = body.get("etag").and_then(Value::as_str).map(str::to_owned);
    let validate_only = body.get("validateOnly") == Some(&json!(true));
    let overrides = body.get("overrides").cloned().unwrap_or(Value::Null);
    let cloud = call.cloud.clone();
    let written = call.cloud.store.write(move |txn| {
        let mut job = Job::read(txn, &name)?;
        job.check_etag(given.as_deref())?;
        let (execution, tasks) = new_execution(txn, &job, &overrides)?;
        let resource = typed(
            execution.resource(&cloud, &tasks),
            "type.googleapis.com/google.cloud.run.v2.Execution",
        );
        if validate_only {
            return Ok((operations::validated(&name.project, &name.location, &resource), None));
        }
        job.execution_count += 1;
        job.latest_execution = Some(execution.name.clone());
        txn.put(name.key(), &job)?;
        txn.put(execution.name.key(), &execution)?;
        for task in &tasks {
            txn.put(execution.name.task_key(task.index), task)?;
        }
        let outcome = Outcome::Execution(execution.name.clone());
        let operation = operations::begin(txn, &name.project, &name.location, outcome)?;
        Ok::<_, ApiError>((operations::begun(&operation, &resource), Some(execution.name)))
    });
    let (operation, started) = written.await?;
    if let Some(execution) = started {
        super::executor::start(&call.cloud, execution);
    }
    ok(&operation)
}

fn new_execution(txn: &mut Txn<'_>, job: &Job, overrides: &Value) -> Result<(Execution, Vec<Task>), ApiError> {
    let settings = job
        .settings
        .get("template")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let (task_count, template) = overridden(&settings, overrides)?;
    let mut labels = settings.get("labels").cloned().unwrap_or_else(|| json!({}));
    labels["run.googleapis.com/job"] = json!(job.name.job);
    labels["run.googleapis.com/jobUid"] = json!(job.uid);
    labels["run.googleapis.com/jobGeneration"] = json!(job.generation.to_string());
    let now = Utc::now();
    let execution = loop {
        let name = ExecutionName {
            job: job.name.clone(),
            execution: format!("{}-{}", job.name.job, suffix()),
        };
        if txn.bytes(&name.key())?.is_none() {
            break name;
        }
    };
    let execution = Execution {
        name: execution,
        uid: uuid::Uuid::new_v4().to_string(),
        version: txn.next_generation()?,
        created: now,
        started: None,
        completed: None,
        updated: now,
        cancelling: false,
        verdict: None,
        task_count,
        parallelism: settings
            .get("parallelism")
            .and_then(integer)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
        template,
        labels,
        annotations: settings.get("annotations").cloned().unwrap_or_else(|| json!({})),
        launch_stage: job.settings.get("launchStage").cloned().unwrap_or(Value::Null),
    };
    let tasks = (0..task_count).map(|index| Task {
        index,
        uid: uuid::Uuid::new_v4().to_string(),
        state: TaskState::Pending,
        attempt: 0,
        created: now,
        started: None,
        completed: None,
        updated: now,
        pid: None,
        last_exit: None,
        last_message: None,
    });
    Ok((execution, tasks.collect()))
}

/// Five random letters and digits, as Cloud Run appends them.
fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut random = rand::rng();
    (0..5)
        .map(|_| LETTERS[random.random_range(0..LETTERS.len())] as char)
        .collect()
}

async fn get_policy(call: Call) -> Answer {
    let name = JobName::of(&call);
    Job::read(&call.cloud.store.snapshot()?, &name)?;
    ok(&iam::get(&call.cloud, &name.policy_key())?)
}

async fn set_policy(call: Call) -> Answer {
    let name = JobName::of(&call);
    Job::read(&call.cloud.store.snapshot()?, &name)?;
    iam::set_call(call, name.policy_key()).await
}

impl Cloud {
    /// Where the logs of an execution's attempts are.
    pub(super) fn log_dir(&self, execution: &str) -> std::path::PathBuf {
        self.data_dir.join("logs").join(execution)
    }
}
