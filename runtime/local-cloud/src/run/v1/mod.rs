//! Version 1 of the API, which `gcloud run` speaks: jobs, executions and tasks as Knative-like objects.
//! <https://cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs>
//!
//! A view of the resources of version 2, to be read only: whatever makes or changes one speaks version 2.

mod objects;
mod selector;
mod spec;

use serde_json::{Value, json};

use self::selector::Selector;
use super::record::{Execution, Job};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::page::slice;
use crate::store::{Snapshot, View as _, under};

const API: &str = "run.googleapis.com/v1";

pub(super) fn methods() -> Vec<Method> {
    const JOBS: &str = "/apis/run.googleapis.com/v1/namespaces/{project}/jobs";
    const JOB: &str = "/apis/run.googleapis.com/v1/namespaces/{project}/jobs/{name}";
    const EXECUTIONS: &str = "/apis/run.googleapis.com/v1/namespaces/{project}/executions";
    const EXECUTION: &str = "/apis/run.googleapis.com/v1/namespaces/{project}/executions/{name}";
    const TASKS: &str = "/apis/run.googleapis.com/v1/namespaces/{project}/tasks";
    const TASK: &str = "/apis/run.googleapis.com/v1/namespaces/{project}/tasks/{name}";
    vec![
        method("run.namespaces.jobs.list", "GET", JOBS, list_jobs),
        method("run.namespaces.jobs.get", "GET", JOB, get_job),
        method("run.namespaces.executions.list", "GET", EXECUTIONS, list_executions),
        method("run.namespaces.executions.get", "GET", EXECUTION, get_execution),
        method("run.namespaces.tasks.list", "GET", TASKS, list_tasks),
        method("run.namespaces.tasks.get", "GET", TASK, get_task),
    ]
}

/// What a call sees: the resources of a project, in the region of the host that it is sent to, or in all.
struct Place<'a> {
    call: &'a Call,
    snapshot: Snapshot,
    project: &'a str,
    region: Option<String>,
}

impl<'a> Place<'a> {
    fn of(call: &'a Call) -> Result<Self, ApiError> {
        Ok(Place {
            call,
            snapshot: call.cloud.store.snapshot()?,
            project: call.cloud.project_of(call.param("project")),
            region: region(call),
        })
    }

    fn under(&self, space: &str) -> Vec<u8> {
        match &self.region {
            Some(region) => under(&["run", space, self.project, region]),
            None => under(&["run", space, self.project]),
        }
    }

    fn jobs(&self) -> Result<Vec<Job>, ApiError> {
        Ok(self.snapshot.all(&self.under("j"))?)
    }

    /// The newest first, as version 2 lists them.
    fn executions(&self) -> Result<Vec<Execution>, ApiError> {
        let mut executions: Vec<Execution> = self.snapshot.all(&self.under("e"))?;
        executions.sort_by_key(|execution| std::cmp::Reverse(execution.created));
        Ok(executions)
    }

    /// The one that the call names; a name is unique in its region only.
    fn named<T>(&self, all: Vec<T>, name: impl Fn(&T) -> &str) -> Result<T, ApiError> {
        let wanted = self.call.param("name");
        let mut found = all.into_iter().filter(|one| name(one) == wanted);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(ApiError::not_found(format!("Resource '{wanted}' was not found"))),
            (Some(_), Some(_)) => Err(ApiError::invalid(format!(
                "'{wanted}' is in several regions: call the endpoint of one of them"
            ))),
        }
    }
}

/// The region whose endpoint is called, `REGION-run.googleapis.com`: a call that does not name its region comes to us by that
/// host when we are its client's proxy.
fn region(call: &Call) -> Option<String> {
    let host = call.header("host")?.split(':').next()?;
    Some(host.strip_suffix("-run.googleapis.com")?.to_owned())
}

/// A page of objects: those that the call's selector wants.
fn listed(call: &Call, kind: &str, mut items: Vec<Value>) -> Answer {
    for option in ["fieldSelector", "resourceVersion", "watch", "includeUninitialized"] {
        if call.query.get(option).is_some_and(|value| value != "false") {
            return Err(ApiError::unimplemented(format_args!(
                "{option} of a list in Cloud Run's version 1"
            )));
        }
    }
    let selector = Selector::parse(call.query.get("labelSelector").unwrap_or_default())?;
    items.retain(|item| selector.picks(&item["metadata"]["labels"]));
    let (items, next) = slice(&call.query, ("limit", "continue"), items, 100)?;
    let mut metadata = json!({});
    if let Some(next) = next {
        metadata["continue"] = json!(next);
    }
    ok(&json!({ "apiVersion": API, "kind": kind, "metadata": metadata, "items": items }))
}

async fn list_jobs(call: Call) -> Answer {
    let place = Place::of(&call)?;
    let jobs = place.jobs()?;
    let items: Result<Vec<Value>, ApiError> = jobs.iter().map(|job| objects::job(job, &place.snapshot)).collect();
    listed(&call, "JobsList", items?)
}

async fn get_job(call: Call) -> Answer {
    let place = Place::of(&call)?;
    let job = place.named(place.jobs()?, |job| &job.name.job)?;
    ok(&objects::job(&job, &place.snapshot)?)
}

async fn list_executions(call: Call) -> Answer {
    let place = Place::of(&call)?;
    let mut items = Vec::new();
    for execution in place.executions()? {
        let tasks = execution.tasks(&place.snapshot)?;
        items.push(objects::execution(&execution, &tasks, &call.cloud)?);
    }
    listed(&call, "ExecutionsList", items)
}

async fn get_execution(call: Call) -> Answer {
    let place = Place::of(&call)?;
    let execution = place.named(place.executions()?, |execution| &execution.name.execution)?;
    let tasks = execution.tasks(&place.snapshot)?;
    ok(&objects::execution(&execution, &tasks, &call.cloud)?)
}

async fn list_tasks(call: Call) -> Answer {
    let place = Place::of(&call)?;
    let mut items = Vec::new();
    for execution in place.executions()? {
        for task in execution.tasks(&place.snapshot)? {
            items.push(objects::task(&task, &execution, &call.cloud)?);
        }
    }
    listed(&call, "TasksList", items)
}

async fn get_task(call: Call) -> Answer {
    let place = Place::of(&call)?;
    let mut all = Vec::new();
    for execution in place.executions()? {
        for task in execution.tasks(&place.snapshot)? {
            all.push((task.id(&execution.name), task, execution.clone()));
        }
    }
    let (_, task, execution) = place.named(all, |(id, ..)| id)?;
    ok(&objects::task(&task, &execution, &call.cloud)?)
}
