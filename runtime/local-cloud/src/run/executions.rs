//! Executions and tasks: <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs.executions>.

use chrono::Utc;
use serde_json::{Value, json};

use super::record::{Execution, ExecutionName, JobName, Task, Verdict};
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::operations::{self, Outcome};
use crate::page::page;
use crate::store::{Next, StoreError, Txn, View};

const TYPE: &str = "type.googleapis.com/google.cloud.run.v2.Execution";

pub(super) fn methods() -> Vec<Method> {
    const ALL: &str = "/v2/projects/{project}/locations/{location}/jobs/{job}/executions";
    const ONE: &str = "/v2/projects/{project}/locations/{location}/jobs/{job}/executions/{execution}";
    vec![
        method("run.projects.locations.jobs.executions.list", "GET", ALL, list),
        method("run.projects.locations.jobs.executions.get", "GET", ONE, get),
        method("run.projects.locations.jobs.executions.delete", "DELETE", ONE, delete),
        method(
            "run.projects.locations.jobs.executions.cancel",
            "POST",
            "/v2/projects/{project}/locations/{location}/jobs/{job}/executions/{execution}:cancel",
            cancel,
        ),
        method(
            "run.projects.locations.jobs.executions.tasks.list",
            "GET",
            "/v2/projects/{project}/locations/{location}/jobs/{job}/executions/{execution}/tasks",
            tasks,
        ),
        method(
            "run.projects.locations.jobs.executions.tasks.get",
            "GET",
            "/v2/projects/{project}/locations/{location}/jobs/{job}/executions/{execution}/tasks/{task}",
            task,
        ),
    ]
}

/// What an operation that waits for an execution has to say.
pub(crate) enum End {
    Running(Value),
    Over {
        resource: Value,
        /// A google.rpc.Status, if it did not succeed.
        error: Option<Value>,
    },
}

/// Where an execution is, for the operation that began it.
pub(crate) fn execution_end(cloud: &Cloud, name: &ExecutionName) -> Result<End, ApiError> {
    let snapshot = cloud.store.snapshot()?;
    let Some(execution) = snapshot.get::<Execution>(&name.key())? else {
        let error = ApiError::new(499, "CANCELLED", "cancelled", "The execution was deleted.");
        return Ok(End::Over {
            resource: json!({ "@type": TYPE, "name": name.full() }),
            error: Some(error.rpc_status()),
        });
    };
    let mut resource = execution.resource(cloud, &execution.tasks(&snapshot)?);
    resource["@type"] = json!(TYPE);
    Ok(match &execution.verdict {
        None => End::Running(resource),
        Some(Verdict::Succeeded) => End::Over { resource, error: None },
        Some(Verdict::Cancelled) => End::Over {
            resource,
            error: Some(json!({ "code": 1, "message": execution.end_message() })),
        },
        Some(Verdict::Failed { message }) => End::Over {
            resource,
            error: Some(json!({ "code": 2, "message": message })),
        },
    })
}

async fn list(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let mut executions: Vec<Execution> = snapshot.all(&JobName::of(&call).executions())?;
    executions.sort_by_key(|execution| std::cmp::Reverse(execution.created));
    let resources: Result<Vec<Value>, StoreError> = executions
        .iter()
        .map(|execution| Ok(execution.resource(&call.cloud, &execution.tasks(&snapshot)?)))
        .collect();
    ok(&page(&call.query, "executions", resources?, 100)?)
}

async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let execution = Execution::read(&snapshot, &ExecutionName::of(&call))?;
    ok(&execution.resource(&call.cloud, &execution.tasks(&snapshot)?))
}

/// Removes the executions under a prefix with their tasks; gives the names of those that were not over.
pub(super) fn remove_executions(txn: &mut Txn<'_>, prefix: &[u8]) -> Result<Vec<ExecutionName>, StoreError> {
    let mut running = Vec::new();
    for execution in txn.all::<Execution>(prefix)? {
        let tasks = execution.name.tasks();
        let mut keys = vec![execution.name.key()];
        txn.scan(&tasks, &tasks, &mut |key, _| {
            keys.push(key.to_vec());
            Ok(Next::Continue)
        })?;
        for key in keys {
            txn.remove(key);
        }
        if execution.completed.is_none() {
            running.push(execution.name);
        }
    }
    Ok(running)
}

async fn delete(call: Call) -> Answer {
    let name = ExecutionName::of(&call);
    let cloud = call.cloud.clone();
    let written = call.cloud.store.write(move |txn| {
        let execution = Execution::read(txn, &name)?;
        let mut resource = execution.resource(&cloud, &execution.tasks(txn)?);
        resource["@type"] = json!(TYPE);
        resource["deleteTime"] = json!(crate::clock::stamp(Utc::now()));
        let running = remove_executions(txn, &name.key())?;
        let outcome = Outcome::Resource(resource.clone());
        let operation = operations::begin(txn, &name.job.project, &name.job.location, outcome)?;
        Ok::<_, ApiError>((operations::begun(&operation, &resource), running))
    });
    let (operation, running) = written.await?;
    for execution in running {
        call.cloud.executor.cancel(&execution);
    }
    ok(&operation)
}

async fn cancel(call: Call) -> Answer {
    let name = ExecutionName::of(&call);
    let cloud = call.cloud.clone();
    let at = name.clone();
    let written = call.cloud.store.write(move |txn| {
        let mut execution = Execution::read(txn, &at)?;
        if execution.completed.is_some() {
            let message = format!(
                "Execution '{}' is already completed and cannot be cancelled.",
                at.execution
            );
            return Err(ApiError::failed_precondition(message));
        }
        execution.cancelling = true;
        execution.updated = Utc::now();
        execution.version = txn.next_generation()?;
        txn.put(at.key(), &execution)?;
        let mut resource = execution.resource(&cloud, &execution.tasks(txn)?);
        resource["@type"] = json!(TYPE);
        let outcome = Outcome::Resource(resource.clone());
        let operation = operations::begin(txn, &at.job.project, &at.job.location, outcome)?;
        Ok::<_, ApiError>(operations::begun(&operation, &resource))
    });
    let operation = written.await?;
    call.cloud.executor.cancel(&name);
    ok(&operation)
}

async fn tasks(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let execution = Execution::read(&snapshot, &ExecutionName::of(&call))?;
    let tasks: Vec<Value> = execution
        .tasks(&snapshot)?
        .iter()
        .map(|task| task.resource(&call.cloud, &execution))
        .collect();
    ok(&page(&call.query, "tasks", tasks, 100)?)
}

async fn task(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let name = ExecutionName::of(&call);
    let execution = Execution::read(&snapshot, &name)?;
    let wanted = call.param("task");
    let tasks: Vec<Task> = execution.tasks(&snapshot)?;
    let task = tasks.iter().find(|task| task.id(&name) == wanted);
    let task = task.ok_or_else(|| ApiError::not_found(format!("Resource '{wanted}' was not found")))?;
    ok(&task.resource(&call.cloud, &execution))
}
