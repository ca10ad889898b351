//! The calls: launching a job, looking at it, draining or cancelling it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::record::{Job, State};
use super::{check, shapes};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::read;
use crate::page::page;
use crate::storage::Object;
use crate::store::{Txn, View};

/// Google's ids begin with the time.
fn new_id(now: DateTime<Utc>) -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 10_u128.pow(19);
    format!("{}-{number:019}", now.format("%Y-%m-%d_%H_%M_%S"))
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn active(view: &impl View, project: &str, location: &str, name: &str) -> Result<Option<Job>, ApiError> {
    let now = Utc::now();
    let all: Vec<Job> = view.all(&Job::under(project, location))?;
    Ok(all
        .into_iter()
        .find(|job| job.name == name && !job.state(now).0.is_terminal()))
}

/// Why the launcher would end with an error: what it finds out after the launch was answered.
fn failure(
    txn: &Txn<'_>,
    parameter: &Map<String, Value>,
    predecessor: Option<&Job>,
) -> Result<Option<String>, ApiError> {
    let name = text(parameter, "jobName");
    if parameter.get("update") == Some(&json!(true)) {
        match predecessor.map(|job| job.state(Utc::now()).0) {
            Some(State::Running) => {}
            Some(state) => {
                return Ok(Some(format!(
                    "The job {name} cannot be updated: it is in {}.",
                    state.name()
                )));
            }
            None => return Ok(Some(format!("There is no active job named {name} to update."))),
        }
    }
    let file = text(
        parameter
            .get("parameters")
            .and_then(Value::as_object)
            .unwrap_or(&Map::new()),
        "yaml_pipeline_file",
    )
    .to_owned();
    let path = file.strip_prefix("gs://").and_then(|path| path.split_once('/'));
    let there = match path {
        Some((bucket, object)) => txn.bytes(&Object::live_key(bucket, object))?.is_some(),
        None => file.is_empty(),
    };
    Ok((!there).then(|| format!("The pipeline file {file} cannot be read: no such object.")))
}

pub(super) async fn launch(mut call: Call) -> Answer {
    let body = read(call.json().await?, shapes::LAUNCH, "launch")?;
    let parameter = body.get("launchParameter").and_then(Value::as_object).cloned();
    let parameter = parameter.ok_or_else(|| ApiError::required("launchParameter"))?;
    check::launch(&parameter)?;
    let validate_only = body.get("validateOnly") == Some(&json!(true));
    let (project, location) = (call.param("project").to_owned(), call.param("location").to_owned());
    let launched = call.cloud.store.write(move |txn| {
        let name = text(&parameter, "jobName").to_owned();
        let predecessor = active(txn, &project, &location, &name)?;
        let update = parameter.get("update") == Some(&json!(true));
        if predecessor.is_some() && !update {
            return Err(ApiError::exists(format!(
                "There is already an active job named {name}. If you want to submit a second job, try again by setting a \
                 different name."
            )));
        }
        if validate_only {
            return Ok(json!({}));
        }
        let now = Utc::now();
        let job = Job {
            id: new_id(now),
            name,
            created: now,
            requested: None,
            replaced_by: None,
            replaces: None,
            failure: failure(txn, &parameter, predecessor.as_ref())?,
            parameter,
            project,
            location,
        };
        let job = match predecessor.filter(|_| update && job.failure.is_none()) {
            Some(mut before) => {
                before.replaced_by = Some((job.id.clone(), now));
                txn.put(Job::key(&before.project, &before.location, &before.id), &before)?;
                Job {
                    replaces: Some(before.id),
                    ..job
                }
            }
            None => job,
        };
        txn.put(Job::key(&job.project, &job.location, &job.id), &job)?;
        // The answer does not say yet what became of it.
        let mut shown = job.summary(now);
        if let Some(shown) = shown.as_object_mut() {
            shown.retain(|member, _| !matches!(member.as_str(), "currentState" | "type"));
        }
        shown["currentStateTime"] = "1970-01-01T00:00:00Z".into();
        Ok(json!({ "job": shown }))
    });
    ok(&launched.await?)
}

pub(super) async fn list(call: Call) -> Answer {
    let now = Utc::now();
    let prefix = Job::under(call.param("project"), call.param("location"));
    let mut all: Vec<Job> = call.cloud.store.snapshot()?.all(&prefix)?;
    if let Some(name) = call.query.get("name") {
        all.retain(|job| job.name == name);
    }
    match call.query.get("filter") {
        None | Some("UNKNOWN" | "ALL") => {}
        Some("ACTIVE") => all.retain(|job| !job.state(now).0.is_terminal()),
        Some("TERMINATED") => all.retain(|job| job.state(now).0.is_terminal()),
        Some(other) => {
            return Err(ApiError::invalid(format!(
                "Invalid value at 'filter' (TYPE_ENUM), \"{other}\""
            )));
        }
    }
    all.sort_by_key(|job| (job.state(now).0.is_terminal(), std::cmp::Reverse(job.created)));
    ok(&page(
        &call.query,
        "jobs",
        all.iter().map(|job| job.summary(now)).collect(),
        100,
    )?)
}

fn of(call: &Call) -> (String, String, String) {
    let param = |name: &str| call.param(name).to_owned();
    (param("project"), param("location"), param("job"))
}

pub(super) async fn get(call: Call) -> Answer {
    let (project, location, id) = of(&call);
    let job = Job::read(&call.cloud.store.snapshot()?, &project, &location, &id)?;
    match call.query.get("view") {
        None | Some("JOB_VIEW_UNKNOWN" | "JOB_VIEW_SUMMARY") => ok(&job.summary(Utc::now())),
        Some("JOB_VIEW_DESCRIPTION" | "JOB_VIEW_ALL") => ok(&job.description(Utc::now())),
        Some(other) => Err(ApiError::invalid(format!(
            "Invalid value at 'view' (TYPE_ENUM), \"{other}\""
        ))),
    }
}

pub(super) async fn update(mut call: Call) -> Answer {
    let body = call.json().await?;
    if let Some(mask) = call.query.get("updateMask") {
        return Err(ApiError::unimplemented(format_args!("dataflow.jobs.update of {mask}")));
    }
    let wanted = match text(&body, "requestedState") {
        "JOB_STATE_DRAINED" | "JOB_STATE_DRAINING" => State::Drained,
        "JOB_STATE_CANCELLED" => State::Cancelled,
        "" => return Err(ApiError::invalid("The job must have a requested_state.")),
        other => return Err(ApiError::unimplemented(format_args!("dataflow.jobs.update to {other}"))),
    };
    let (project, location, id) = of(&call);
    let updated = call.cloud.store.write(move |txn| {
        let mut job = Job::read(txn, &project, &location, &id)?;
        let now = Utc::now();
        let (state, _) = job.state(now);
        let refused = match (state, wanted) {
            (state, _) if state.is_terminal() => Some("it has ended"),
            (State::Queued, State::Drained) => Some("it has not begun"),
            (State::Cancelling, State::Drained) => Some("it is being cancelled"),
            _ => None,
        };
        if let Some(why) = refused {
            let verb = if wanted == State::Drained {
                "drained"
            } else {
                "cancelled"
            };
            return Err(ApiError::failed_precondition(format!(
                "Job {id} cannot be {verb}: {why} ({}).",
                state.name()
            )));
        }
        if job.requested.is_none_or(|(before, _)| before != wanted) {
            job.requested = Some((wanted, now));
        }
        txn.put(Job::key(&project, &location, &id), &job)?;
        Ok(job.summary(now))
    });
    ok(&updated.await?)
}

pub(super) async fn messages(call: Call) -> Answer {
    let (project, location, id) = of(&call);
    let job = Job::read(&call.cloud.store.snapshot()?, &project, &location, &id)?;
    let least = call
        .query
        .get("minimumImportance")
        .unwrap_or("JOB_MESSAGE_IMPORTANCE_UNKNOWN");
    let ranks = [
        "JOB_MESSAGE_IMPORTANCE_UNKNOWN",
        "JOB_MESSAGE_DEBUG",
        "JOB_MESSAGE_DETAILED",
        "JOB_MESSAGE_BASIC",
        "JOB_MESSAGE_WARNING",
        "JOB_MESSAGE_ERROR",
    ];
    let rank = |name: &str| ranks.iter().position(|rank| *rank == name);
    let Some(least) = rank(least) else {
        return Err(ApiError::invalid(format!(
            "Invalid value at 'minimum_importance' (TYPE_ENUM), \"{least}\""
        )));
    };
    let shown = job
        .messages()
        .into_iter()
        .filter(|(importance, _)| rank(importance) >= Some(least));
    let shown = shown.enumerate().map(|(number, (importance, text))| {
        json!({"id": format!("{id}-{number}"), "time": stamp(job.created), "messageImportance": importance, "messageText": text})
    });
    ok(&page(&call.query, "jobMessages", shown.collect(), 100)?)
}
