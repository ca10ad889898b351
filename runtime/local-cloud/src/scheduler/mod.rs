//! Cloud Scheduler v1: <https://cloud.google.com/scheduler/docs/reference/rest>. HTTP and Pub/Sub targets; what
//! they name under `googleapis.com` is this local cloud, and topics are this local cloud's.

mod cron;
mod fire;
mod record;

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::patch::{masked, merge};
use crate::http::route::{Method, method};
use crate::page::page;
use crate::store::{View, under};

pub(crate) use cron::Schedule;
pub(crate) use fire::keep_firing;
use record::{Job, State, key_of, settable};

/// The moving part of the service.
pub(crate) struct Scheduler {
    /// Rung when jobs change.
    pub(crate) changed: Notify,
    /// Jobs whose target is being called; one call at a time each.
    busy: Mutex<HashSet<String>>,
    client: reqwest::Client,
}

impl Scheduler {
    pub(crate) fn new() -> Result<Scheduler, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .user_agent("Google-Cloud-Scheduler")
            .build()?;
        Ok(Scheduler {
            changed: Notify::new(),
            busy: Mutex::default(),
            client,
        })
    }
}

/// The methods of the service.
pub(crate) fn methods() -> Vec<Method> {
    const ALL: &str = "/v1/projects/{project}/locations/{location}/jobs";
    const ONE: &str = "/v1/projects/{project}/locations/{location}/jobs/{job}";
    vec![
        method("cloudscheduler.projects.locations.jobs.create", "POST", ALL, create),
        method("cloudscheduler.projects.locations.jobs.list", "GET", ALL, list),
        method("cloudscheduler.projects.locations.jobs.get", "GET", ONE, get),
        method("cloudscheduler.projects.locations.jobs.patch", "PATCH", ONE, patch),
        method("cloudscheduler.projects.locations.jobs.delete", "DELETE", ONE, delete),
        method(
            "cloudscheduler.projects.locations.jobs.pause",
            "POST",
            "/v1/projects/{project}/locations/{location}/jobs/{job}:pause",
            |call| set_state(call, State::Paused),
        ),
        method(
            "cloudscheduler.projects.locations.jobs.resume",
            "POST",
            "/v1/projects/{project}/locations/{location}/jobs/{job}:resume",
            |call| set_state(call, State::Enabled),
        ),
        method(
            "cloudscheduler.projects.locations.jobs.run",
            "POST",
            "/v1/projects/{project}/locations/{location}/jobs/{job}:run",
            run,
        ),
    ]
}

fn name_of(call: &Call) -> String {
    full_name(call, call.param("job"))
}

fn full_name(call: &Call, job: &str) -> String {
    format!(
        "projects/{}/locations/{}/jobs/{job}",
        call.param("project"),
        call.param("location")
    )
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let prefix = full_name(&call, "");
    let name = match body.get("name").and_then(Value::as_str) {
        None | Some("") => format!("{prefix}{}", crate::blobs::new_id()),
        Some(name) => name.to_owned(),
    };
    let id = name.strip_prefix(&prefix).unwrap_or_default();
    if id.is_empty() || id.len() > 500 || !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(ApiError::invalid(format!(
            "Job name must be formatted: \"{prefix}<JOB_ID>\": {name}"
        )));
    }
    let settings = settable(Map::new(), body)?;
    let now = call.cloud.clock.now();
    let job = call.cloud.store.write(move |txn| {
        if txn.bytes(&key_of(&name))?.is_some() {
            return Err(ApiError::exists(format!("Job {name} already exists.")));
        }
        let job = Job::new(name, settings, now)?;
        txn.put(key_of(&job.name), &job)?;
        Ok(job)
    });
    let job = job.await?;
    call.cloud.scheduler.changed.notify_one();
    ok(&job.resource())
}

async fn list(call: Call) -> Answer {
    let jobs: Vec<Job> = call.cloud.store.snapshot()?.all(&under(&["scheduler"]))?;
    let prefix = full_name(&call, "");
    let resources = jobs
        .iter()
        .filter(|job| job.name.starts_with(&prefix))
        .map(Job::resource)
        .collect();
    ok(&page(&call.query, "jobs", resources, 500)?)
}

async fn get(call: Call) -> Answer {
    ok(&Job::read(&call.cloud.store.snapshot()?, &name_of(&call))?.resource())
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let mask = call.query.get("updateMask").map(str::to_owned);
    change(call, move |job, now| {
        let mut settings = job.settings.clone();
        let given = match mask.filter(|mask| mask != "*") {
            Some(mask) => {
                masked(&mut settings, &body, &mask);
                Map::new()
            }
            None => {
                let mut given = Map::new();
                merge(&mut given, body);
                given
            }
        };
        job.settings = settable(settings, given)?;
        job.schedule_next(now)?;
        job.user_updated = now;
        Ok(())
    })
    .await
}

async fn set_state(call: Call, state: State) -> Answer {
    change(call, move |job, now| {
        job.state = state;
        job.user_updated = now;
        job.schedule_next(now)
    })
    .await
}

async fn change(
    call: Call,
    edit: impl FnOnce(&mut Job, chrono::DateTime<chrono::Utc>) -> Result<(), ApiError> + Send + 'static,
) -> Answer {
    let name = name_of(&call);
    let now = call.cloud.clock.now();
    let job = call.cloud.store.write(move |txn| {
        let mut job = Job::read(txn, &name)?;
        edit(&mut job, now)?;
        txn.put(key_of(&name), &job)?;
        Ok::<_, ApiError>(job)
    });
    let job = job.await?;
    call.cloud.scheduler.changed.notify_one();
    ok(&job.resource())
}

async fn delete(call: Call) -> Answer {
    let name = name_of(&call);
    let deleted = call.cloud.store.write(move |txn| {
        Job::read(txn, &name)?;
        txn.remove(key_of(&name));
        Ok::<_, ApiError>(())
    });
    deleted.await?;
    call.cloud.scheduler.changed.notify_one();
    ok(&json!({}))
}

/// Runs the job now, also when it is paused.
async fn run(call: Call) -> Answer {
    let name = name_of(&call);
    let now = call.cloud.clock.now();
    let job = call.cloud.store.write(move |txn| {
        let mut job = Job::read(txn, &name)?;
        job.firing = Some(now);
        txn.put(key_of(&name), &job)?;
        Ok::<_, ApiError>(job)
    });
    let job = job.await?;
    fire::fire(&call.cloud, &job);
    ok(&job.resource())
}
