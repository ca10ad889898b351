//! One execution of a pipeline by one task: its share of the objects, each with its own lease, record and outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures::{StreamExt as _, stream};
use headwater_cloud::Cloud;
use headwater_salesforce::{Client, ClientOptions, Secret};
use headwater_spec::{
    ErrorRecord, ObjectRun, ObjectSpec, Phase, PipelineSpec, RunState, RunTotals, SalesforceExtractSpec,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::errors::{Ending, Error, Result};
use crate::gate::{self, Verdicts};
use crate::lake::Lake;
use crate::lease::Holder;
use crate::object::ObjectTask;
use crate::progress::{Progress, Recorder};
use crate::warehouse::Warehouse;

/// What an execution is told by the platform and the command line.
#[derive(Clone)]
pub struct Context {
    /// Google Cloud.
    pub cloud: Cloud,
    /// The run: the Cloud Run execution's name, or a generated one.
    pub run: String,
    /// This task's index.
    pub task_index: u32,
    /// Tasks of the run.
    pub task_count: u32,
    /// This task's attempt, from 0.
    pub attempt: u32,
    /// The image, when the platform says.
    pub image: Option<String>,
    /// Ends the run at its next safe point.
    pub cancel: CancellationToken,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
    /// Who keeps what a gate says.
    pub verdicts: Arc<dyn Verdicts>,
    /// Settings.
    pub options: Options,
}

/// Settings of an execution. The defaults suit production.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a lease lives without renewal: how long a run that was killed keeps others out.
    pub lease_ttl: Duration,
    /// Objects worked on at the same time by this task.
    pub parallel_objects: usize,
    /// Only these objects; all when empty.
    pub only: Vec<String>,
    /// Rows of a page of a Bulk result, after any of which a killed run can go on: small enough for many such places,
    /// large enough that the requests do not count.
    pub bulk_page_rows: u32,
    /// How Salesforce is called.
    pub salesforce: ClientOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease_ttl: Duration::from_secs(30),
            parallel_objects: 2,
            only: Vec::new(),
            bulk_page_rows: 50_000,
            salesforce: ClientOptions::default(),
        }
    }
}

impl Context {
    pub(crate) fn holder(&self) -> Holder {
        Holder {
            run: self.run.clone(),
            task: self.task_index,
            attempt: self.attempt,
            nonce: format!("{:016x}", rand::random::<u64>()),
        }
    }
}

/// How this task's share of a run went.
#[derive(Debug, Clone)]
pub struct RunOutcome {
    /// The run.
    pub run: String,
    /// The record of each object, by name.
    pub objects: BTreeMap<String, ObjectRun>,
}

impl RunOutcome {
    /// The state of the whole: the worst of its objects', where failed is worse than stopped, and stopped than skipped.
    #[must_use]
    pub fn state(&self) -> RunState {
        let states: Vec<RunState> = self.objects.values().map(|record| record.state).collect();
        let worst = [
            RunState::Failed,
            RunState::Running,
            RunState::Stopped,
            RunState::Skipped,
        ];
        worst
            .into_iter()
            .find(|state| states.contains(state))
            .unwrap_or(RunState::Succeeded)
    }
}

/// The objects that a task works on: every `count`-th of the sorted names.
#[must_use]
pub fn share<'s>(
    extract: &'s SalesforceExtractSpec,
    options: &Options,
    index: u32,
    count: u32,
) -> Vec<(&'s str, &'s ObjectSpec)> {
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let all = extract.objects.iter().filter(|(name, _)| wanted(name)).enumerate();
    let count = usize::try_from(count.max(1)).unwrap_or(1);
    let mine = all.filter(|(place, _)| place % count == usize::try_from(index).unwrap_or(0));
    mine.map(|(_, (name, object))| (name.as_str(), object)).collect()
}

/// Executes this task's share of the pipeline. Each object ends by itself: one that fails does not stop the others.
///
/// # Errors
/// Only what keeps every object from being tried at all: the secret, the login, a budget used up before the start. It is
/// recorded for every object of the share.
pub async fn execute(spec: &PipelineSpec, context: &Context) -> Result<RunOutcome> {
    let extract = spec.extract()?;
    let layout = spec.layout();
    let lake = Lake::new(context.cloud.storage(), layout.bucket());
    let objects = share(extract, &context.options, context.task_index, context.task_count);
    let recorder = |name: &str| {
        let path = layout.run_record(&context.run, name);
        Recorder::new(lake.clone(), path, &*context.progress, new_record(spec, context, name))
    };

    let fail = async |error: Error| {
        for (name, _) in &objects {
            recorder(name).end(state_of(&error), Some(error.record())).await;
        }
        Err(error)
    };
    let gates = match gate::gates(&context.cloud, extract).await {
        Ok(gates) => gates,
        Err(error) => return fail(error).await,
    };
    let workers = context.options.parallel_objects.clamp(1, objects.len().max(1));
    let clients = match connect(&spec.name, extract, context, workers).await {
        Ok(clients) => clients,
        Err(error) => return fail(error).await,
    };
    let queue = Arc::new(std::sync::Mutex::new(objects.into_iter()));
    let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    let (next, recorder, gates) = (&next, &recorder, &gates);
    let (lake, layout) = (&lake, &layout);

    let done: Vec<Vec<(String, ObjectRun)>> = stream::iter(clients)
        .map(|client| async move {
            let mut records = Vec::new();
            while let Some((name, object)) = next() {
                let recorder = recorder(name);
                let task = ObjectTask {
                    context,
                    extract,
                    name,
                    object,
                    client: &client,
                    lake,
                    paths: layout.object(name),
                    warehouse: Warehouse::new(context.cloud.bigquery(), spec, &extract.dataset, name, &object.table),
                    gate: gates.get(name).cloned().unwrap_or_default(),
                    recorder: &recorder,
                    calls_before: client.calls(),
                };
                let span = tracing::info_span!("object", object = name, run = %context.run);
                records.push((name.to_owned(), finish(&task, &recorder).instrument(span).await));
            }
            note_usage(&spec.name, context, &client);
            records
        })
        .buffer_unordered(workers)
        .collect()
        .await;
    Ok(RunOutcome {
        run: context.run.clone(),
        objects: done.into_iter().flatten().collect(),
    })
}

async fn finish(task: &ObjectTask<'_>, recorder: &Recorder<'_>) -> ObjectRun {
    let result = if task.context.cancel.is_cancelled() {
        Err(Error::Cancelled)
    } else {
        task.run().await
    };
    match result {
        Ok(()) => recorder.end(RunState::Succeeded, None).await,
        Err(error) => {
            let record: ErrorRecord = error.record();
            let state = state_of(&error);
            tracing::warn!(state = ?state, code = %record.code, error = %record.message, "the object was not finished");
            recorder.end(state, Some(record)).await;
        }
    }
    recorder.record()
}

fn state_of(error: &Error) -> RunState {
    match error.ending() {
        Ending::Failed => RunState::Failed,
        Ending::Stopped => RunState::Stopped,
        Ending::Skipped => RunState::Skipped,
    }
}

/// One session per worker, so that each object's requests can be told apart.
async fn connect(
    pipeline: &str,
    extract: &SalesforceExtractSpec,
    context: &Context,
    workers: usize,
) -> Result<Vec<Client>> {
    let connection = &extract.connection;
    let payload = context.cloud.secrets().access(&connection.auth.secret().0).await?;
    let secret = Secret::new(payload.expose_text()?.to_owned());
    let mut clients = Vec::new();
    for _ in 0..workers {
        clients.push(Client::connect(connection, secret.clone(), context.options.salesforce.clone()).await?);
    }
    // The first answer of the org's tells its usage; `/limits` asks for it without doing anything else.
    if extract.api_budget.is_some()
        && let Some(client) = clients.first()
    {
        client.limits().await?;
        note_usage(pipeline, context, client);
        crate::fetch::check_budget(client, extract)?;
    }
    Ok(clients)
}

/// How much of the org's daily requests is used, as log-based metrics read it.
fn note_usage(pipeline: &str, context: &Context, client: &Client) {
    if let Some(usage) = client.api_usage() {
        tracing::info!(pipeline, run = %context.run, used = usage.used, max = usage.max, percent = usage.percent(), "api usage");
    }
}

fn new_record(spec: &PipelineSpec, context: &Context, object: &str) -> ObjectRun {
    let now = Utc::now();
    ObjectRun {
        run: context.run.clone(),
        pipeline: spec.name.clone(),
        object: object.to_owned(),
        batch: None,
        spec_hash: spec.hash(),
        deployed_by: spec.deployed_by.clone(),
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        image: context.image.clone(),
        task: context.task_index,
        attempt: context.attempt,
        state: RunState::Running,
        phase: Phase::Prepare,
        api: None,
        window: None,
        totals: RunTotals::default(),
        gate: Vec::new(),
        schema_changes: Vec::new(),
        started_at: now,
        updated_at: now,
        finished_at: None,
        error: None,
    }
}
