//! Carrying out workflow invocations: a run of `headwater-dataform` for each, whose events are kept as they come.
//!
//! What was running when the local cloud stopped has failed, and says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use headwater_dataform::run::{ActionEvent, ActionReport, ActionState, Priority, RunReport, RunSettings, RunState};
use headwater_dataform::{Plan, Target, run};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::check::text;
use super::invocations::{Action, Invocation, State};
use super::warehouse::{Warehouse, label};
use crate::bigquery::Api;
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::{Txn, View, under};

const STOPPED: &str = "The local cloud was stopped while the workflow invocation was running; create it again.";

/// What is at work, by its keys: invocations here, and jobs of data scans.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<Vec<u8>, CancellationToken>>);

impl Running {
    /// What cancels it, before anybody can ask for that.
    pub(crate) fn begin(&self, key: Vec<u8>, token: CancellationToken) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token);
    }

    pub(crate) fn end(&self, key: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    pub(crate) fn cancel(&self, key: &[u8]) {
        if let Some(token) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            token.cancel();
        }
    }

    /// Cancels all whose key begins so.
    pub(crate) fn cancel_under(&self, prefix: &[u8]) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let below = running.iter().filter(|(key, _)| key.starts_with(prefix));
        below.for_each(|(_, token)| token.cancel());
    }
}

/// Carries out an invocation in the background.
pub(super) fn start(cloud: &Arc<Cloud>, invocation: Invocation, plan: Plan, token: CancellationToken) {
    let own = cloud.clone();
    cloud.tasks.spawn(async move {
        let kept = carry_out(&own, &invocation, &plan, token).await;
        own.dataform.running.end(&invocation.key());
        if let Err(error) = kept {
            tracing::error!(invocation = %invocation.name(), error = %error.message, "a workflow invocation was not kept");
        }
    });
}

async fn carry_out(
    cloud: &Arc<Cloud>,
    invocation: &Invocation,
    plan: &Plan,
    token: CancellationToken,
) -> Result<(), ApiError> {
    let caller = Some(text(&invocation.config, "serviceAccount")).filter(|email| !email.is_empty());
    let api = Api {
        router: cloud.bigquery.clone(),
        caller: caller.map(str::to_owned),
    };
    let warehouse = Warehouse::new(api, cloud.project_of(&invocation.repository.project));
    let (tell, told) = mpsc::unbounded_channel();
    let observer = |event: &ActionEvent| {
        warehouse.note(event);
        // The writer ends only after the run.
        drop(tell.send(event.clone()));
    };
    let writer = tokio::spawn(keep_events(
        cloud.clone(),
        invocation.clone(),
        Arc::new(numbers(plan)),
        told,
    ));
    // Boxed: a run's state is large, and it is held across many waits.
    let report = Box::pin(run(plan, &warehouse, &observer, token, &settings(invocation))).await;
    drop(tell);
    drop(writer.await);
    finish(cloud, invocation.clone(), report).await
}

fn settings(invocation: &Invocation) -> RunSettings {
    let mut settings = RunSettings {
        labels: [
            ("dataform_repository_id", &invocation.repository.repository),
            ("dataform_workflow_execution_id", &invocation.id),
        ]
        .map(|(name, value)| (name.to_owned(), label(value)))
        .into(),
        job_prefix: "dataform-gcp".to_owned(),
        priority: match text(&invocation.config, "queryPriority") {
            "BATCH" => Priority::Batch,
            _ => Priority::Interactive,
        },
        ..RunSettings::default()
    };
    let limit = invocation.config.get("concurrentActionsLimit").and_then(Value::as_u64);
    if let Some(limit) = limit
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0)
    {
        settings.parallel = limit;
    }
    settings
}

fn numbers(plan: &Plan) -> HashMap<Target, usize> {
    let targets = plan.actions.iter().map(|planned| planned.action.target().clone());
    targets.zip(0..).collect()
}

/// Writes events as they come, many at a time when they come faster.
async fn keep_events(
    cloud: Arc<Cloud>,
    invocation: Invocation,
    numbers: Arc<HashMap<Target, usize>>,
    mut told: mpsc::UnboundedReceiver<ActionEvent>,
) {
    let mut events = Vec::new();
    while told.recv_many(&mut events, 256).await > 0 {
        let (own, places) = (invocation.clone(), numbers.clone());
        let batch = std::mem::take(&mut events);
        let kept = cloud.store.write(move |txn| {
            for event in batch {
                if let Some(number) = places.get(&event.target) {
                    change_action(txn, &own, *number, |action| apply(action, event))?;
                }
            }
            Ok::<_, ApiError>(())
        });
        if let Err(error) = kept.await {
            tracing::error!(error = %error.message, "events of a workflow invocation were not kept");
        }
    }
}

fn apply(action: &mut Action, event: ActionEvent) {
    action.state = event.state;
    action.failure = event.failure;
    action.job = event.job_id.or(action.job.take());
    action.sql = event.sql.or(action.sql.take());
    action.started = event.started;
    action.ended = event.ended;
}

/// Changes an action that is still there: its invocation may have been deleted with its repository.
fn change_action(
    txn: &mut Txn<'_>,
    invocation: &Invocation,
    number: usize,
    change: impl FnOnce(&mut Action),
) -> Result<(), ApiError> {
    let at = invocation.action_key(number);
    if let Some(mut action) = txn.get::<Action>(&at)? {
        change(&mut action);
        txn.put(at, &action)?;
    }
    Ok(())
}

/// Keeps what a run has come to.
async fn finish(cloud: &Arc<Cloud>, invocation: Invocation, report: RunReport) -> Result<(), ApiError> {
    // Nobody cancelled it: it was stopped with all the rest.
    let stopped = cloud.stop.is_cancelled() && report.state == RunState::Cancelled;
    let kept = cloud.store.write(move |txn| {
        let Some(mut current) = txn.get::<Invocation>(&invocation.key())? else {
            return Ok(());
        };
        if stopped && current.state == State::Running {
            return end_unfinished(txn, current);
        }
        for (number, done) in report.actions.iter().enumerate() {
            change_action(txn, &current, number, |action| {
                settle(action, done, report.failure.as_deref());
            })?;
        }
        current.state = match report.state {
            RunState::Succeeded => State::Succeeded,
            RunState::Cancelled => State::Cancelled,
            RunState::Failed => State::Failed,
        };
        current.ended = Some(report.ended);
        Ok::<_, ApiError>(txn.put(current.key(), &current)?)
    });
    kept.await
}

/// Brings an action to its end. A run that could not begin has its reason in each of its actions: an invocation has no
/// place for one.
fn settle(action: &mut Action, done: &ActionReport, run_failed: Option<&str>) {
    action.state = done.state;
    action.failure.clone_from(&done.failure);
    action.started = done.started;
    action.ended = done.ended;
    if let Some(reason) = run_failed.filter(|_| !matches!(done.state, ActionState::Disabled | ActionState::Succeeded)) {
        action.state = ActionState::Failed;
        action.failure.get_or_insert_with(|| reason.to_owned());
    }
    let scripts: Vec<&str> = done.tasks.iter().map(|task| task.sql.as_str()).collect();
    if !scripts.is_empty() {
        action.sql = Some(scripts.join(";\n"));
    }
    if let Some(job) = done.tasks.iter().rev().find_map(|task| task.job_id.clone()) {
        action.job = Some(job);
    }
}

/// Ends an invocation that nobody carries out any more.
fn end_unfinished(txn: &mut Txn<'_>, mut invocation: Invocation) -> Result<(), ApiError> {
    let now = Utc::now();
    let cancelled = invocation.state == State::Canceling;
    for (number, action) in invocation.actions(txn)?.iter().enumerate() {
        if action.state.is_final() && action.state != ActionState::Cancelled {
            continue;
        }
        change_action(txn, &invocation, number, |action| {
            let fails = action.started.is_some() && !cancelled;
            action.state = if fails {
                ActionState::Failed
            } else {
                ActionState::Cancelled
            };
            action.failure = fails.then(|| STOPPED.to_owned());
            if action.started.is_some() {
                action.ended.get_or_insert(now);
            }
        })?;
    }
    invocation.state = if cancelled { State::Cancelled } else { State::Failed };
    invocation.ended = Some(now);
    Ok(txn.put(invocation.key(), &invocation)?)
}

/// Ends what was running when the last process died. To be called before the first call is served.
pub(crate) async fn resume(cloud: &Arc<Cloud>) -> Result<(), ApiError> {
    let prefix = under(&["dataform", super::names::Collection::Invocations.segment()]);
    let all: Vec<Invocation> = cloud.store.snapshot()?.all(&prefix)?;
    let left: Vec<Invocation> = all.into_iter().filter(|one| !one.state.is_final()).collect();
    if left.is_empty() {
        return Ok(());
    }
    let ended = cloud.store.write(move |txn| {
        left.into_iter()
            .try_for_each(|invocation| end_unfinished(txn, invocation))
    });
    ended.await
}
