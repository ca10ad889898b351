//! One action: its jobs one after another, its repetitions, what an assertion's count means, and its documentation.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::describe;
use super::event::{ActionEvent, ActionReport, ActionState, Task};
use super::execute::Context;
use super::prepare::Prepared;
use super::warehouse::{Done, Failure, FailureKind, Job};
use crate::graph::Action;
use crate::statements::{Meaning, Step, statements};

/// An action's report while it grows, told to the observer at every change.
pub(super) struct Progress<'a> {
    context: &'a Context<'a>,
    action: &'a Action,
    started: Option<DateTime<Utc>>,
    tasks: Vec<Task>,
}

impl<'a> Progress<'a> {
    pub fn new(context: &'a Context<'a>, action: &'a Action) -> Self {
        Self {
            context,
            action,
            started: None,
            tasks: Vec::new(),
        }
    }

    fn tell(&self, state: ActionState, failure: Option<String>, ended: Option<DateTime<Utc>>) {
        let last = self.tasks.last();
        let billed: Vec<u64> = self.tasks.iter().filter_map(|task| task.bytes_billed).collect();
        (self.context.observer)(&ActionEvent {
            target: self.action.target().clone(),
            state,
            failure,
            job_id: last.and_then(|task| task.job_id.clone()),
            sql: last.map(|task| task.sql.clone()),
            started: self.started,
            ended,
            bytes: (!billed.is_empty()).then(|| billed.iter().sum()),
        });
    }

    pub fn end(self, state: ActionState, failure: Option<String>) -> ActionReport {
        let ended = self.started.map(|_| Utc::now());
        self.tell(state, failure.clone(), ended);
        ActionReport {
            target: self.action.target().clone(),
            canonical_target: self.action.canonical_target().clone(),
            kind: self.action.kind(),
            file: self.action.file_name().to_owned(),
            state,
            failure,
            started: self.started,
            ended,
            tasks: self.tasks,
        }
    }
}

pub(super) async fn execute(mut progress: Progress<'_>, prepared: &Prepared) -> ActionReport {
    progress.started = Some(Utc::now());
    progress.tell(ActionState::Running, None, None);
    match work(&mut progress, prepared).await {
        Ok(()) => progress.end(ActionState::Succeeded, None),
        Err(failure) if failure.kind == FailureKind::Cancelled => {
            progress.end(ActionState::Cancelled, Some(failure.message))
        }
        Err(failure) => progress.end(ActionState::Failed, Some(failure.message)),
    }
}

async fn work(progress: &mut Progress<'_>, prepared: &Prepared) -> Result<(), Failure> {
    let (context, action) = (progress.context, progress.action);
    let permanent = |message: String| Failure::new(FailureKind::Permanent, message);
    let existing = prepared.existing(action.target()).map_err(permanent)?;
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let unique = unique.get(..12).unwrap_or(&unique);
    let steps =
        statements(action, existing, context.plan.full_refresh, unique).map_err(|e| permanent(e.to_string()))?;
    for step in steps {
        if context.cancel.is_cancelled() {
            return Err(Failure::new(FailureKind::Cancelled, "the run was cancelled"));
        }
        let done = carry_out(progress, &step).await?;
        if step.meaning == Meaning::Violations {
            let violations = count(&done).map_err(permanent)?;
            if violations > 0 {
                return Err(permanent(format!(
                    "Assertion failed: query returned {violations} row(s)."
                )));
            }
        }
    }
    if matches!(action, Action::Table(_)) && action.descriptor().is_some_and(describe::is_documented) {
        describe::describe(context, action).await?;
    }
    Ok(())
}

async fn carry_out(progress: &mut Progress<'_>, step: &Step) -> Result<Done, Failure> {
    let (context, action) = (progress.context, progress.action);
    progress.tasks.push(Task {
        job_id: None,
        sql: step.sql.clone(),
        attempts: 0,
        bytes_billed: None,
        bytes_processed: None,
    });
    let labels = action
        .descriptor()
        .map(|d| d.bigquery_labels.clone())
        .unwrap_or_default();
    let reservation = action
        .descriptor()
        .map(|d| &d.reservation)
        .filter(|r| !r.is_empty())
        .cloned();
    let result = attempt(
        context,
        &step.sql,
        &labels,
        reservation,
        step.repeatable,
        &mut |job, number| {
            if let Some(task) = progress.tasks.last_mut() {
                task.job_id = Some(job.id.clone());
                task.attempts = number;
            }
            progress.tell(ActionState::Running, None, None);
        },
    )
    .await;
    if let Some(task) = progress.tasks.last_mut() {
        match &result {
            Ok(done) => {
                task.bytes_billed = done.bytes_billed;
                task.bytes_processed = done.bytes_processed;
                if !done.job_id.is_empty() {
                    task.job_id = Some(done.job_id.clone());
                }
            }
            Err(failure) => {
                if let Some(id) = &failure.job_id {
                    task.job_id = Some(id.clone());
                }
            }
        }
    }
    result
}

/// Where jobs are made.
pub(super) fn location(context: &Context<'_>) -> Option<String> {
    let of_project = Some(context.plan.project.default_location.clone()).filter(|l| !l.is_empty());
    context.settings.location.clone().or(of_project)
}

/// Carries out a statement, and once more after a transient failure if it may be repeated. `begins` is told each attempt.
pub(super) async fn attempt(
    context: &Context<'_>,
    sql: &str,
    labels: &BTreeMap<String, String>,
    reservation: Option<String>,
    repeatable: bool,
    begins: &mut (dyn FnMut(&Job, u32) + Send),
) -> Result<Done, Failure> {
    let settings = context.settings;
    let mut labels = labels.clone();
    labels.extend(settings.labels.clone());
    let mut number = 0;
    loop {
        number += 1;
        let job = Job {
            id: format!("{}-{}", settings.job_prefix, uuid::Uuid::new_v4()),
            sql: sql.to_owned(),
            location: location(context),
            labels: labels.clone(),
            priority: settings.priority,
            reservation: reservation.clone(),
        };
        begins(&job, number);
        let failure = match context.warehouse.query(&job, &context.cancel).await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        if !repeatable || !failure.kind.is_transient() || number > settings.retries {
            return Err(failure);
        }
        let doubled = settings.backoff.saturating_mul(1 << (number - 1).min(10));
        let pause = doubled.mul_f64(1.0 + rand::random::<f64>() / 2.0);
        tracing::info!(
            job = job.id,
            attempt = number,
            error = failure.message,
            "statement is tried again"
        );
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = context.cancel.cancelled() => {
                return Err(Failure::new(FailureKind::Cancelled, "the run was cancelled").of_job(job.id));
            }
        }
    }
}

/// The one number of an assertion's second job. The sum over no rows is NULL.
fn count(done: &Done) -> Result<u64, String> {
    let cell = done.rows.first().and_then(|row| row.first());
    let number = match cell {
        None => None,
        Some(serde_json::Value::Null) => Some(0),
        Some(serde_json::Value::Number(number)) => number.as_u64(),
        Some(serde_json::Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    number.ok_or_else(|| format!("the assertion's count is not one number: {:?}", done.rows))
}
