//! One entity's work: gather a batch, make it durable in the changelog, bring it into the current table, acknowledge. The
//! next batch is gathered and appended while the one before is merged.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use headwater_spec::{Batching, DriftPolicy};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::change::{Bound, Change, Columns, bind};
use super::dead_letter::DeadLetters;
use super::decode::{Decoder, Poison};
use super::delivery::{self, Delivery};
use super::merger::Merger;
use super::metrics::Metrics;
use super::parcel::{Parcel, SharedColumns};
use super::pull::bury;
use super::rows;
use super::tables::Tables;
use super::writer::Writer;
use crate::errors::Result;
use crate::notices::Notices;

/// Changes that one merge takes at most: those of some batches that waited for the one before.
const MERGED_AT_ONCE: usize = 20_000;

/// Changes that are durable in the changelog.
pub(crate) struct Appended {
    changes: Vec<Change<'static>>,
    deliveries: Vec<Delivery>,
    columns: Arc<Columns>,
}

/// What gathers and appends.
pub(crate) struct Appender {
    pub name: String,
    pub columns: SharedColumns,
    pub decoder: Arc<Decoder>,
    pub tables: Tables,
    pub writer: Writer,
    pub dead_letters: DeadLetters,
    pub drift: DriftPolicy,
    pub batching: Batching,
    pub metrics: Arc<Metrics>,
    pub notices: Arc<Notices>,
    /// Where the current table is kept; `None`: there is none.
    pub merges: Option<mpsc::Sender<Appended>>,
}

/// Parcels that are appended together.
#[derive(Default)]
struct Batch {
    rows: Vec<Bytes>,
    changes: Vec<Change<'static>>,
    deliveries: Vec<Delivery>,
    unknown: Vec<Delivery>,
    dropped: u64,
    bytes: u64,
}

impl Batch {
    fn add(&mut self, mut parcel: Parcel) {
        self.rows.extend(parcel.take_rows());
        self.changes.append(&mut parcel.changes);
        self.deliveries.append(&mut parcel.deliveries);
        self.unknown.append(&mut parcel.unknown);
        self.dropped += parcel.dropped;
        self.bytes += parcel.bytes;
    }

    fn is_full(&self, batching: Batching) -> bool {
        self.rows.len() + self.unknown.len() >= batching.rows as usize || self.bytes >= batching.bytes
    }
}

impl Appender {
    /// Works until the queue ends.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Parcel>) -> Result<()> {
        while let Some(batch) = gather(&mut queue, self.batching).await {
            self.append(batch).await?;
        }
        Ok(())
    }

    fn columns(&self) -> Arc<Columns> {
        self.columns.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn append(&mut self, mut batch: Batch) -> Result<()> {
        for delivery in std::mem::take(&mut batch.unknown) {
            self.bind_late(delivery, &mut batch).await?;
        }
        self.metrics.dropped(batch.dropped);
        let mut rejected = self.writer.append(&batch.rows, &self.metrics).await?;
        rejected.sort_by_key(|one| std::cmp::Reverse(one.row));
        for one in rejected {
            if self.merges.is_some() {
                batch.changes.remove(one.row);
            }
            let delivery = batch.deliveries.remove(one.row);
            let poison = Poison::new(
                "row_refused",
                format!("BigQuery does not take the row: {}", one.message),
            );
            bury(&self.dead_letters, &self.metrics, delivery, &poison).await?;
        }
        self.metrics.appended(batch.deliveries.len() as u64);
        match &self.merges {
            Some(merges) => {
                let appended = Appended {
                    changes: batch.changes,
                    deliveries: batch.deliveries,
                    columns: self.columns(),
                };
                // When the merging task has failed, its error ends the worker; what is dropped here comes again.
                let _ = merges.send(appended).await;
            }
            None => delivery::acknowledge(batch.deliveries),
        }
        tracing::debug!(entity = self.name, "a batch is durable");
        Ok(())
    }

    /// Makes the columns that a message asks for, and a row of it.
    async fn bind_late(&mut self, mut delivery: Delivery, batch: &mut Batch) -> Result<()> {
        let (data, published) = delivery.open();
        loop {
            let columns = self.columns();
            let bound = match self.decoder.decode(&data, published) {
                Ok(Some(event)) => bind(event, &columns, self.drift, &mut batch.dropped),
                Ok(None) => {
                    delivery.acknowledge();
                    return Ok(());
                }
                Err(poison) => Bound::Poison(poison),
            };
            match bound {
                Bound::Change(change) => {
                    let mut parcel = Parcel::new(columns, 1);
                    parcel.push(change, data.len(), self.merges.is_some());
                    parcel.deliveries.push(delivery);
                    batch.add(parcel);
                    return Ok(());
                }
                Bound::Poison(poison) => {
                    return bury(&self.dead_letters, &self.metrics, delivery, &poison).await;
                }
                Bound::Unknown(fields) => {
                    let columns = self.tables.add(&columns, &fields).await?;
                    self.writer.reshape(rows::descriptor(&columns));
                    *self.columns.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(columns);
                    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
                    let details = json!({"entity": self.name, "columns": names});
                    self.notices.status("columns_added", details).await;
                }
            }
        }
    }
}

/// A batch by the first of its limits; `None`: the queue has ended.
async fn gather(queue: &mut mpsc::Receiver<Parcel>, batching: Batching) -> Option<Batch> {
    let first = queue.recv().await?;
    let end = Instant::now() + Duration::from_millis(u64::from(batching.milliseconds));
    let mut batch = Batch::default();
    batch.add(first);
    while !batch.is_full(batching) {
        match timeout_at(end, queue.recv()).await {
            Ok(Some(next)) => batch.add(next),
            Ok(None) | Err(_) => break,
        }
    }
    Some(batch)
}

/// Brings what is appended into the current table, and acknowledges it.
pub(crate) async fn merge(
    mut merger: Merger,
    mut queue: mpsc::Receiver<Appended>,
    metrics: Arc<Metrics>,
) -> Result<()> {
    while let Some(mut appended) = queue.recv().await {
        while appended.changes.len() < MERGED_AT_ONCE {
            let Ok(more) = queue.try_recv() else { break };
            appended.changes.extend(more.changes);
            appended.deliveries.extend(more.deliveries);
            // Columns are only ever added.
            appended.columns = more.columns;
        }
        merger.apply(&appended.changes, &appended.columns, &metrics).await?;
        delivery::acknowledge(appended.deliveries);
    }
    Ok(())
}
