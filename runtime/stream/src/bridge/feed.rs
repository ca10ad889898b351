//! One channel: events in, messages out, the position behind what is durable. What events do not tell is read from the org
//! before they are passed on, so that a record's changes stay in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headwater_salesforce::{Batch, Change, ChangeType as Told, Events, Kind, Received, Start, Subscription};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::change::{BEHIND_ALL, Place, committed_at, completed, message, snapshot};
use super::errors::{Error, Result};
use super::ledger::{Ledger, Mark};
use super::org::{Org, Rows};
use super::outbox::{Outbox, Ticket};
use super::publish::{Publisher, PubsubMessage};
use super::records::{Records, Repair};
use super::rows::Row;
use super::{Options, Progress};
use crate::notices::Notices;

/// Batches that are read ahead.
const AHEAD: usize = 4;
/// Salesforce stamps a record before its transaction commits: a query that must miss nothing begins so much earlier.
const MARGIN: TimeDelta = TimeDelta::minutes(15);
/// How long a stop waits for what is under way.
const GRACE: Duration = Duration::from_secs(8);

/// A channel and what its loop needs.
pub(super) struct Feed {
    pub channel: String,
    /// The entities that are wanted of it.
    pub entities: Vec<String>,
    pub pipeline: String,
    pub events: Events,
    pub org: Org,
    pub outbox: Outbox,
    pub dead_letters: Publisher,
    pub ledger: Arc<Ledger>,
    pub records: Records,
    pub options: Options,
    pub notices: Arc<Notices>,
    pub cancel: CancellationToken,
    pub mark: Mark,
}

impl Feed {
    fn progress(&self) -> &Progress {
        &self.options.progress
    }

    /// Runs until it is cancelled or fails. `start` is where the channel is read from.
    pub async fn run(mut self, start: Start) -> Result<()> {
        let mut subscription = self.events.subscribe(&self.channel, start);
        let mut first = None;
        loop {
            match self.read(subscription, first.take()).await {
                Err(Error::Salesforce(error)) if error.kind() == Kind::Position => {
                    tracing::warn!(
                        channel = self.channel,
                        "the position is not kept any more, reading what was missed"
                    );
                    let Some((kept, batch)) = self.recover().await? else {
                        return Ok(());
                    };
                    (subscription, first) = (kept, Some(batch));
                }
                ended => return ended,
            }
        }
    }

    /// Passes on a batch that is here already and then what the subscription tells.
    async fn read(&mut self, mut subscription: Subscription, first: Option<Batch>) -> Result<()> {
        let (give, mut batches) = mpsc::channel(AHEAD);
        let reader = tokio::spawn(async move {
            let mut first = first;
            loop {
                let batch = match first.take() {
                    Some(batch) => Ok(batch),
                    None => subscription.next().await,
                };
                let over = batch.is_err();
                if give.send(batch).await.is_err() || over {
                    return;
                }
            }
        });
        let read = self.pass_on(&mut batches).await;
        reader.abort();
        // What is under way when it ends is worth a moment: less is published twice.
        let drained = tokio::time::timeout(GRACE, self.outbox.drain()).await;
        self.note();
        read?;
        match drained {
            Ok(drained) => drained,
            Err(_) => Ok(()),
        }
    }

    async fn pass_on(
        &mut self,
        batches: &mut mpsc::Receiver<Result<Batch, headwater_salesforce::Error>>,
    ) -> Result<()> {
        let (cancel, ledger) = (self.cancel.clone(), Arc::clone(&self.ledger));
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                () = ledger.lost() => return Err(Error::Fenced),
                done = self.outbox.complete(), if self.outbox.is_busy() => {
                    done?;
                    self.note();
                }
                batch = batches.recv(), if self.outbox.has_room() => match batch {
                    Some(batch) => {
                        self.take(batch?).await?;
                        self.note();
                    }
                    None => return Ok(()),
                },
            }
        }
    }

    /// Moves the position to where everything is durable.
    fn note(&mut self) {
        if let Some(mark) = self.outbox.settled() {
            self.ledger.mark(&self.channel, mark);
        }
    }

    async fn take(&mut self, batch: Batch) -> Result<()> {
        let missing = self.missing(&batch).await?;
        if batch.events.is_empty() {
            self.mark.replay_id = Some(batch.latest);
            let ticket = self.outbox.begin(self.mark.clone());
            self.outbox.end(ticket);
            return Ok(());
        }
        for received in batch.events {
            self.progress().events.fetch_add(1, Ordering::Relaxed);
            self.mark.replay_id = Some(received.replay_id.clone());
            if let Ok(change) = &received.change {
                self.mark.commit_number = change.commit_number;
                self.mark.committed_at = Some(committed_at(change));
            }
            let ticket = self.outbox.begin(self.mark.clone());
            match &received.change {
                Ok(change) if !self.entities.contains(&change.entity) => {}
                Ok(change) => self.publish(ticket, change, &missing).await?,
                Err(error) => self.bury(&received, error).await?,
            }
            self.outbox.end(ticket);
        }
        Ok(())
    }

    /// The records of a batch that its events do not tell, read together.
    async fn missing(&mut self, batch: &Batch) -> Result<HashMap<String, Row>> {
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut gaps: BTreeMap<String, u64> = BTreeMap::new();
        for change in batch.events.iter().filter_map(|e| e.change.as_ref().ok()) {
            let is_gap = change.change_type.is_gap();
            let is_whole = match change.change_type {
                Told::GapDelete | Told::GapOverflow => true,
                _ => !is_gap && change.diff_fields.is_empty(),
            };
            if is_whole || !self.entities.contains(&change.entity) {
                continue;
            }
            ids.entry(change.entity.clone())
                .or_default()
                .extend(change.record_ids.iter().cloned());
            if is_gap {
                *gaps.entry(change.entity.clone()).or_default() += change.record_ids.len() as u64;
            }
        }
        let mut found = HashMap::new();
        for (entity, ids) in &ids {
            found.extend(self.org.by_ids(entity, ids).await?);
        }
        if !gaps.is_empty() {
            let repair = Repair::new("gap", &self.channel, self.mark.commit_number, None, gaps);
            self.repaired(&repair).await?;
        }
        Ok(found)
    }

    async fn publish(&mut self, ticket: Ticket, change: &Change, missing: &HashMap<String, Row>) -> Result<()> {
        if change.change_type == Told::GapOverflow {
            return self.overflow(ticket, change).await;
        }
        let is_told =
            change.change_type == Told::GapDelete || (!change.change_type.is_gap() && change.diff_fields.is_empty());
        for id in &change.record_ids {
            let message = match is_told {
                true => Some(message(change, id)),
                false => completed(change, id, missing.get(id)),
            };
            if let Some(message) = message {
                self.outbox.push(ticket, &message).await?;
            }
        }
        Ok(())
    }

    /// Reads what an entity's overflow did not tell: all that changed since, at the overflow's own place in the order.
    async fn overflow(&mut self, ticket: Ticket, change: &Change) -> Result<()> {
        let at = committed_at(change);
        let place = Place {
            commit_number: change.commit_number,
            sequence_number: change.sequence_number.into(),
            at,
        };
        let count = self.read_since(ticket, &change.entity, at - MARGIN, place).await?;
        let read = BTreeMap::from([(change.entity.clone(), count)]);
        let repair = Repair::new("overflow", &self.channel, change.commit_number, Some(at - MARGIN), read);
        self.repaired(&repair).await
    }

    /// The position is lost: reads what changed since its last event. Where in the order that belongs, the oldest event that is
    /// still kept says: before it and behind all that is lost, and behind what a bridge published without noting it. Returns
    /// where to go on; `None` when the bridge is stopped meanwhile.
    async fn recover(&mut self) -> Result<Option<(Subscription, Batch)>> {
        let (cancel, ledger) = (self.cancel.clone(), Arc::clone(&self.ledger));
        let mut subscription = self.events.subscribe(&self.channel, Start::Earliest);
        let mut hurried = false;
        loop {
            let batch = tokio::select! {
                batch = subscription.next() => batch?,
                () = cancel.cancelled() => return Ok(None),
                () = ledger.lost() => return Err(Error::Fenced),
            };
            let oldest = batch.events.iter().find_map(|event| event.change.as_ref().ok());
            if let Some(change) = oldest {
                let (before, at) = (change.commit_number - 1, committed_at(change));
                self.reread(before, at).await?;
                return Ok(Some((subscription, batch)));
            }
            // No event is kept: who knows when one comes. Until then the records are as good as can be told, and the position
            // stays where it was, so that they are read once more.
            if !hurried {
                let at = self.mark.committed_at.unwrap_or_else(Utc::now);
                self.reread(self.mark.commit_number, at).await?;
                hurried = true;
            }
        }
    }

    /// Publishes what changed since the last event that is known, behind a commit.
    async fn reread(&mut self, commit_number: i64, at: DateTime<Utc>) -> Result<()> {
        let since = self.mark.committed_at.unwrap_or(self.mark.since) - MARGIN;
        let place = Place {
            commit_number,
            sequence_number: BEHIND_ALL,
            at,
        };
        // The position moves with the next event only: until that is passed on, all this is done again by whoever begins.
        let ticket = self.outbox.begin(self.mark.clone());
        let mut read = BTreeMap::new();
        for entity in self.entities.clone() {
            let count = self.read_since(ticket, &entity, since, place).await?;
            read.insert(entity, count);
        }
        self.outbox.end(ticket);
        self.outbox.drain().await?;
        self.note();
        let repair = Repair::new("expired", &self.channel, commit_number, Some(since), read);
        self.repaired(&repair).await
    }

    async fn read_since(&mut self, ticket: Ticket, entity: &str, since: DateTime<Utc>, place: Place) -> Result<u64> {
        let rows = self.org.since(entity, since).await?;
        self.snapshots(ticket, entity, rows, place).await
    }

    /// Publishes rows as snapshots at a place in the order.
    pub async fn snapshots(&mut self, ticket: Ticket, entity: &str, mut rows: Rows, place: Place) -> Result<u64> {
        let mut count = 0;
        while let Some(more) = self.next_rows(&mut rows).await? {
            for row in more {
                count += 1;
                self.outbox.push(ticket, &snapshot(entity, row, place)).await?;
            }
            if self.cancel.is_cancelled() {
                return Err(Error::Stopped);
            }
        }
        Ok(count)
    }

    /// The next rows; what is on its way to the topic goes on meanwhile.
    async fn next_rows(&mut self, rows: &mut Rows) -> Result<Option<Vec<Row>>> {
        let next = rows.next();
        tokio::pin!(next);
        loop {
            tokio::select! {
                more = &mut next => return more,
                done = self.outbox.complete(), if self.outbox.is_busy() => done?,
            }
        }
    }

    async fn repaired(&mut self, repair: &Repair) -> Result<()> {
        self.progress().repairs.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            kind = repair.kind,
            channel = self.channel,
            records = repair.records(),
            "events were repaired"
        );
        self.records.write(repair).await?;
        self.notices.status("repaired", serde_json::json!(repair)).await;
        Ok(())
    }

    /// An event that cannot be read goes to the dead-letter topic as it came.
    async fn bury(&mut self, received: &Received, error: &headwater_salesforce::EventError) -> Result<()> {
        let attributes = [
            ("headwater-reason-code", "event_unreadable".to_owned()),
            ("headwater-reason", error.reason.clone()),
            ("headwater-channel", self.channel.clone()),
            ("headwater-schema-id", received.schema_id.clone()),
            ("headwater-replay-id", received.replay_id.clone().into()),
            ("pipeline", self.pipeline.clone()),
        ];
        let letter = PubsubMessage {
            data: received.payload.clone().into(),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            ordering_key: String::new(),
        };
        self.dead_letters.publish(vec![letter]).await
    }
}
