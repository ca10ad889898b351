//! One entity's work: gather a batch, make it durable in the changelog, bring it into the current table, acknowledge. The
//! next batch is gathered and appended while the one before is merged.

use std::sync::Arc;
use std::time::Duration;

use headwater_spec::{Batching, DriftPolicy};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::change::{Bound, Change, Columns, bind};
use super::dead_letter::DeadLetters;
use super::decode::Poison;
use super::delivery::{Delivery, Routed};
use super::merger::Merger;
use super::metrics::Metrics;
use super::notices::Notices;
use super::pull::bury;
use super::rows;
use super::tables::Tables;
use super::writer::Writer;
use crate::errors::Result;

/// Changes that one merge takes at most: those of some batches that waited for the one before.
const MERGED_AT_ONCE: usize = 20_000;

/// Changes that are durable in the changelog.
pub(crate) struct Appended {
    changes: Vec<Change>,
    deliveries: Vec<Delivery>,
    columns: Arc<Columns>,
}

/// What gathers and appends.
pub(crate) struct Appender {
    pub name: String,
    pub columns: Arc<Columns>,
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

impl Appender {
    /// Works until the queue ends.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Routed>) -> Result<()> {
        while let Some(batch) = gather(&mut queue, self.batching).await {
            self.append(batch).await?;
        }
        Ok(())
    }

    async fn append(&mut self, batch: Vec<Routed>) -> Result<()> {
        let (mut changes, mut deliveries) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        let mut dropped = 0;
        for routed in batch {
            loop {
                match bind(&routed.event, &self.columns, self.drift, &mut dropped) {
                    Bound::Change(change) => {
                        changes.push(change);
                        deliveries.push(routed.delivery);
                        break;
                    }
                    Bound::Poison(poison) => {
                        bury(&self.dead_letters, &self.metrics, routed.delivery, &poison).await?;
                        break;
                    }
                    Bound::Unknown(fields) => {
                        let columns = self.tables.add(&self.columns, &fields).await?;
                        self.writer.reshape(rows::descriptor(&columns));
                        self.columns = Arc::new(columns);
                        let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
                        let details = json!({"entity": self.name, "columns": names});
                        self.notices.status("columns_added", details).await;
                    }
                }
            }
        }
        self.metrics.dropped(dropped);
        let encoded = rows::encode(&changes, self.columns.list());
        let mut rejected = self.writer.append(&encoded, &self.metrics).await?;
        rejected.sort_by_key(|one| std::cmp::Reverse(one.row));
        for one in rejected {
            changes.remove(one.row);
            let delivery = deliveries.remove(one.row);
            let poison = Poison::new(
                "row_refused",
                format!("BigQuery does not take the row: {}", one.message),
            );
            bury(&self.dead_letters, &self.metrics, delivery, &poison).await?;
        }
        self.metrics.appended(changes.len() as u64);
        let appended = Appended {
            changes,
            deliveries,
            columns: self.columns.clone(),
        };
        match &self.merges {
            Some(merges) => {
                // When the merging task has failed, its error ends the worker; what is dropped here comes again.
                let _ = merges.send(appended).await;
            }
            None => appended.deliveries.into_iter().for_each(Delivery::acknowledge),
        }
        tracing::debug!(entity = self.name, "a batch is durable");
        Ok(())
    }
}

/// A batch by the first of its limits; `None`: the queue has ended.
async fn gather(queue: &mut mpsc::Receiver<Routed>, batching: Batching) -> Option<Vec<Routed>> {
    let first = queue.recv().await?;
    let end = Instant::now() + Duration::from_millis(u64::from(batching.milliseconds));
    let mut bytes = first.delivery.message.data.len() as u64;
    let mut batch = vec![first];
    while batch.len() < batching.rows as usize && bytes < batching.bytes {
        match timeout_at(end, queue.recv()).await {
            Ok(Some(next)) => {
                bytes += next.delivery.message.data.len() as u64;
                batch.push(next);
            }
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
        appended.deliveries.into_iter().for_each(Delivery::acknowledge);
    }
    Ok(())
}
