//! Snapshots: what of a topic a subscription had acknowledged at some time.

use std::sync::Arc;

use super::{DAY, check_labels};
use crate::delivery::{Micros, SECOND};
use crate::log::{micros_of, published, timestamp};
use crate::mask::Masked;
use crate::name::Kind;
use crate::record::{SnapshotRecord, SubscriptionRecord, key, policy_key};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::{
    CreateSnapshotRequest, DeleteSnapshotRequest, GetSnapshotRequest, ListSnapshotsRequest, ListSnapshotsResponse,
    Snapshot, UpdateSnapshotRequest,
};

const MASKED: Masked = Masked {
    message: "google.pubsub.v1.Snapshot",
    mutable: &["labels", "expire_time"],
    example: ("expire_time", "expireTime"),
};

/// A snapshot lives for so long after its oldest message was published, and is not made for less than an hour.
const LIFE: Micros = 7 * DAY;
const SHORTEST: Micros = 3600 * SECOND;

impl Service {
    pub(crate) async fn create_snapshot(self: &Arc<Self>, request: CreateSnapshotRequest) -> Result<Snapshot, Refusal> {
        Kind::Snapshot.check(&request.name)?;
        Kind::Subscription.check(&request.subscription)?;
        check_labels(&request.labels)?;
        let service = self.clone();
        let known = self.clone();
        let created = self.store.write(
            move |txn| {
                let at = key(&request.name);
                let before: Option<SnapshotRecord> = txn.record(&at)?;
                if before.as_ref().is_some_and(|before| !service.expired(before)) {
                    return Err(Refusal::exists(&request.name));
                }
                let of: Option<SubscriptionRecord> = txn.record(&key(&request.subscription))?;
                let of = of.ok_or_else(|| Refusal::not_found(&request.subscription))?;
                if of.subscription.detached {
                    return Err(super::subscriptions::detached());
                }
                let subscriber = service.subscriptions.get(&request.subscription)?;
                let acked = subscriber.lock().cursor.clone();
                let oldest = service.store.snapshot()?.message(of.log, acked.low())?;
                let now = service.now();
                let expires = oldest.map_or(now, |stored| published(&stored)) + LIFE;
                if expires - now < SHORTEST {
                    return Err(Refusal::precondition(
                        "The subscription's oldest message is so old that the snapshot would expire within the hour.",
                    ));
                }
                if let Some(before) = before {
                    txn.remove_cursor(before.cursor)?;
                }
                let cursor = txn.next_id()?;
                acked.save_new(txn, cursor)?;
                let record = SnapshotRecord {
                    snapshot: Snapshot {
                        name: request.name,
                        topic: of.subscription.topic,
                        expire_time: Some(timestamp(expires)),
                        labels: request.labels,
                    },
                    log: of.log,
                    cursor,
                    low: acked.low(),
                };
                txn.put(&at, &record)?;
                Ok(record)
            },
            move |record| known.snapshots.put(&record.snapshot.name, record.clone()),
        );
        Ok(created.await?.snapshot)
    }

    pub(crate) async fn update_snapshot(self: &Arc<Self>, request: UpdateSnapshotRequest) -> Result<Snapshot, Refusal> {
        let new = request.snapshot.unwrap_or_default();
        Kind::Snapshot.check(&new.name)?;
        let (service, known) = (self.clone(), self.clone());
        let updated = self.store.write(
            move |txn| {
                let at = key(&new.name);
                let record: Option<SnapshotRecord> = txn.record(&at)?;
                let record = record.filter(|record| !service.expired(record));
                let mut record = record.ok_or_else(|| Refusal::not_found(&new.name))?;
                record.snapshot = MASKED.apply(&record.snapshot, &new, request.update_mask.as_ref())?;
                check_labels(&record.snapshot.labels)?;
                txn.put(&at, &record)?;
                Ok(record)
            },
            move |record| known.snapshots.put(&record.snapshot.name, record.clone()),
        );
        Ok(updated.await?.snapshot)
    }

    pub(crate) fn get_snapshot(&self, request: &GetSnapshotRequest) -> Result<Snapshot, Refusal> {
        Kind::Snapshot.check(&request.snapshot)?;
        let record = self.snapshots.get(&request.snapshot)?;
        if self.expired(&record) {
            return Err(Refusal::not_found(&request.snapshot));
        }
        Ok(record.snapshot.clone())
    }

    pub(crate) fn list_snapshots(&self, request: &ListSnapshotsRequest) -> Result<ListSnapshotsResponse, Refusal> {
        let prefix = Kind::Snapshot.all_in(&request.project)?;
        let (page, next_page_token) = self.snapshots.page(&prefix, request.page_size, &request.page_token)?;
        let live = page.iter().filter(|record| !self.expired(record));
        Ok(ListSnapshotsResponse {
            snapshots: live.map(|record| record.snapshot.clone()).collect(),
            next_page_token,
        })
    }

    pub(crate) async fn delete_snapshot(self: &Arc<Self>, request: DeleteSnapshotRequest) -> Result<(), Refusal> {
        Kind::Snapshot.check(&request.snapshot)?;
        let (name, service) = (request.snapshot.clone(), self.clone());
        let deleted = self.store.write(
            move |txn| {
                let at = key(&request.snapshot);
                let record: Option<SnapshotRecord> = txn.record(&at)?;
                let record = record.ok_or_else(|| Refusal::not_found(&request.snapshot))?;
                txn.remove(&at)?;
                txn.remove(&policy_key(&request.snapshot))?;
                txn.remove_cursor(record.cursor)?;
                Ok(())
            },
            move |()| service.snapshots.remove(&name),
        );
        deleted.await
    }

    pub(crate) fn expired(&self, record: &SnapshotRecord) -> bool {
        let expires = record.snapshot.expire_time.as_ref();
        expires.is_some_and(|time| micros_of(time) <= self.now())
    }
}
