//! The applier: Pub/Sub → changelog → current table.
//!
//! # How nothing is lost and nothing doubled
//! - A message is acknowledged when its row is durable in the changelog and its record in the current table. A worker that
//!   is killed before has acknowledged nothing; another is given the message.
//! - A row of the changelog is an upsert of (record, commit number, sequence number): written twice, it is there once
//!   (`rows`, `writer`).
//! - A row of the current table says at which change it stands. A MERGE touches it only when all of the changes that it
//!   brings are later; when any is not, the record is put together from all of its changes (`merger`). MERGE statements of a
//!   table are numbered by their job ids, so that workers take turns without knowing of each other.
//! - What cannot be applied goes to the dead-letter topic, and is acknowledged when it is there and that is noted in the
//!   lake, so that it goes there once (`dead_letter`).
//!
//! Rows go from JSON to Protobuf without a columnar form between: BigQuery takes changes as Protobuf only.

mod cell;
mod change;
mod control;
mod dead_letter;
mod decode;
mod delivery;
mod entity;
mod event;
mod fold;
mod measures;
mod merger;
mod metrics;
mod parcel;
mod pull;
mod replay;
mod rows;
mod serve;
mod sql;
mod subscription;
mod tables;
mod wire;
mod writer;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use headwater_cloud::{Cloud, DatasetRef};
use headwater_spec::PipelineSpec;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::dead_letter::DeadLetters;
use self::decode::Decoder;
use self::entity::Appender;
use self::merger::Merger;
use self::parcel::Lane;
use self::pull::Puller;
use self::subscription::Subscription;
use self::tables::Tables;
use self::writer::Writer;
use crate::errors::{Error, Result};
use crate::notices::Notices;

pub use self::control::{Control, pause, paused, resume};
pub use self::measures::{MEASURES, Measure, Read, prometheus};
pub use self::metrics::{Metrics, Snapshot};
pub use self::replay::{Replayed, replay_dead_letters};
pub use self::serve::{Serving, Watched, serve};

/// Parcels of messages that wait for an entity's batch: enough to keep it busy, few enough to be forgotten.
const QUEUE: usize = 4;
/// Messages of a parcel at most.
const PARCEL: usize = 1_000;
/// Batches that wait for a merge.
const MERGES: usize = 2;

/// Applies a stream until it is cancelled; then finishes what it has been given. Pauses while the stream is paused.
///
/// # Errors
/// What somebody has to mend: a table, a subscription, a permission.
pub async fn run(spec: &PipelineSpec, cloud: &Cloud, metrics: &Arc<Metrics>, cancel: &CancellationToken) -> Result<()> {
    loop {
        control::wait_until_resumed(spec, cloud, cancel).await?;
        if cancel.is_cancelled() {
            return Ok(());
        }
        let turn = cancel.child_token();
        let watch = tokio::spawn(control::cancel_when_paused(spec.clone(), cloud.clone(), turn.clone()));
        let notices = Arc::new(Notices::open(&spec.name, spec.stream()?, cloud).await?);
        let result = work(spec, cloud, metrics, &notices, &turn).await;
        watch.abort();
        if let Err(error) = &result {
            notices
                .failed("applier", error.code(), &error.to_string(), &error.hint())
                .await;
        }
        notices.status("stopped", json!(metrics.snapshot())).await;
        result?;
        if cancel.is_cancelled() {
            return Ok(());
        }
    }
}

async fn work(
    spec: &PipelineSpec,
    cloud: &Cloud,
    metrics: &Arc<Metrics>,
    notices: &Arc<Notices>,
    cancel: &CancellationToken,
) -> Result<()> {
    let stream = spec.stream()?;
    let transport = &stream.transport;
    let dead_letters = DeadLetters::open(cloud, spec, notices).await?;
    let decoder = Arc::new(Decoder::new(stream));
    let dataset = DatasetRef::new(&stream.dataset.project, &stream.dataset.dataset);

    let mut entities = HashMap::new();
    let mut tables_work: JoinSet<Result<()>> = JoinSet::new();
    for (name, settings) in &stream.entities {
        let tables = Tables {
            bigquery: cloud.bigquery(),
            changelog: dataset.table(&settings.changelog),
            current: settings.current.as_ref().map(|table| dataset.table(table)),
        };
        let columns = tables.open(settings).await?;
        let merges = match &tables.current {
            Some(current) => {
                let merger = Merger::open(cloud, spec, name, settings, &tables, current).await?;
                let (merges, queue) = mpsc::channel(MERGES);
                tables_work.spawn(entity::merge(merger, queue, metrics.clone()));
                Some(merges)
            }
            None => None,
        };
        let (queue, parcels) = mpsc::channel(QUEUE);
        let writer = Writer::new(cloud, tables.changelog.clone(), rows::descriptor(&columns));
        let columns = Arc::new(RwLock::new(Arc::new(columns)));
        let lane = Lane {
            columns: columns.clone(),
            drift: stream.drift,
            current: merges.is_some(),
            rows: PARCEL.min(stream.batching.rows as usize),
            queue,
        };
        let appender = Appender {
            name: name.clone(),
            writer,
            columns,
            decoder: decoder.clone(),
            tables,
            dead_letters: dead_letters.clone(),
            drift: stream.drift,
            batching: stream.batching,
            metrics: metrics.clone(),
            notices: notices.clone(),
            merges,
        };
        tables_work.spawn(appender.run(parcels));
        entities.insert(name.clone(), lane);
    }

    let (stop, drained) = (cancel.child_token(), CancellationToken::new());
    let mut pulls: JoinSet<Result<()>> = JoinSet::new();
    for _ in 0..stream.parallelism {
        let puller = Puller {
            subscription: Subscription::open(cloud, &transport.subscription)?,
            decoder: decoder.clone(),
            entities: entities.clone(),
            dead_letters: dead_letters.clone(),
            metrics: metrics.clone(),
            limits: Puller::limits(stream),
        };
        pulls.spawn(puller.run(stop.clone(), drained.clone()));
    }
    drop(entities);
    notices
        .status("started", json!({"entities": stream.entities.len()}))
        .await;
    tracing::info!(step = "applying", entities = stream.entities.len(), "step");

    // The first that fails ends the others: what they have not acknowledged comes again.
    let mut outcome = Ok(());
    let mut note = |joined: Result<Result<()>, tokio::task::JoinError>| {
        let result = joined.unwrap_or(Err(Error::Worker));
        if outcome.is_ok() && result.is_err() {
            outcome = result;
            stop.cancel();
        }
    };
    while !tables_work.is_empty() {
        tokio::select! {
            Some(joined) = tables_work.join_next() => note(joined),
            Some(joined) = pulls.join_next() => note(joined),
        }
    }
    drained.cancel();
    while let Some(joined) = pulls.join_next().await {
        note(joined);
    }
    tracing::info!(step = "drained", "step");
    outcome
}
