//! Topics: created, changed, listed, deleted.

use std::sync::Arc;

use super::{check_labels, check_retention};
use crate::log::Log;
use crate::mask::Masked;
use crate::name::{DELETED_TOPIC, Kind};
use crate::record::{LogRecord, SnapshotRecord, SubscriptionRecord, TopicRecord, key, log_key, policy_key};
use crate::refusal::Refusal;
use crate::registry::page_of_names;
use crate::service::{Service, Topic};
use crate::store::Txn;
use crate::wire::pubsub::{
    DeleteTopicRequest, DetachSubscriptionRequest, DetachSubscriptionResponse, Encoding, GetTopicRequest,
    ListTopicSnapshotsRequest, ListTopicSnapshotsResponse, ListTopicSubscriptionsRequest,
    ListTopicSubscriptionsResponse, ListTopicsRequest, ListTopicsResponse, Topic as Resource, UpdateTopicRequest,
};

const MASKED: Masked = Masked {
    message: "google.pubsub.v1.Topic",
    mutable: &[
        "labels",
        "message_storage_policy",
        "schema_settings",
        "message_retention_duration",
        "ingestion_data_source_settings",
        "message_transforms",
    ],
    example: ("schema_settings", "schemaSettings"),
};

impl Service {
    pub(crate) async fn create_topic(self: &Arc<Self>, mut topic: Resource) -> Result<Resource, Refusal> {
        Kind::Topic.check(&topic.name)?;
        check(&topic)?;
        topic.state = 0;
        topic.satisfies_pzs = false;
        let service = self.clone();
        let created = self.store.write(
            move |txn| {
                let at = key(&topic.name);
                if txn.record::<TopicRecord>(&at)?.is_some() {
                    return Err(Refusal::exists(&topic.name));
                }
                check_schema(txn, &topic)?;
                let log = txn.next_id()?;
                txn.put(&log_key(log), &LogRecord::default())?;
                let record = TopicRecord { topic, log };
                txn.put(&at, &record)?;
                Ok(record)
            },
            move |record| {
                let log = service.add_log(Log::new(record.log, &LogRecord::default()));
                let topic = record.topic.clone();
                service.topics.put(&record.topic.name, Topic { topic, log });
            },
        );
        Ok(created.await?.topic)
    }

    pub(crate) async fn update_topic(self: &Arc<Self>, request: UpdateTopicRequest) -> Result<Resource, Refusal> {
        let new = request.topic.unwrap_or_default();
        Kind::Topic.check(&new.name)?;
        let service = self.clone();
        let updated = self.store.write(
            move |txn| {
                let at = key(&new.name);
                let record: Option<TopicRecord> = txn.record(&at)?;
                let mut record = record.ok_or_else(|| Refusal::not_found(&new.name))?;
                let changed = MASKED.apply(&record.topic, &new, request.update_mask.as_ref())?;
                check(&changed)?;
                if changed.schema_settings != record.topic.schema_settings {
                    check_schema(txn, &changed)?;
                }
                record.topic = changed;
                txn.put(&at, &record)?;
                Ok(record)
            },
            move |record| {
                if let Ok(log) = service.log(record.log) {
                    let topic = record.topic.clone();
                    service.topics.put(&record.topic.name, Topic { topic, log });
                }
            },
        );
        Ok(updated.await?.topic)
    }

    pub(crate) fn get_topic(&self, request: &GetTopicRequest) -> Result<Resource, Refusal> {
        Kind::Topic.check(&request.topic)?;
        Ok(self.topics.get(&request.topic)?.topic.clone())
    }

    pub(crate) fn list_topics(&self, request: &ListTopicsRequest) -> Result<ListTopicsResponse, Refusal> {
        let prefix = Kind::Topic.all_in(&request.project)?;
        let (topics, next_page_token) = self.topics.page(&prefix, request.page_size, &request.page_token)?;
        Ok(ListTopicsResponse {
            topics: topics.iter().map(|known| known.topic.clone()).collect(),
            next_page_token,
        })
    }

    pub(crate) fn list_topic_subscriptions(
        &self,
        request: &ListTopicSubscriptionsRequest,
    ) -> Result<ListTopicSubscriptionsResponse, Refusal> {
        Kind::Topic.check(&request.topic)?;
        let followers = self.topics.get(&request.topic)?.log.followers();
        let mut names: Vec<String> = followers
            .iter()
            .map(|subscriber| subscriber.settings())
            .filter(|settings| !settings.subscription.detached)
            .map(|settings| settings.subscription.name.clone())
            .collect();
        names.sort();
        let (subscriptions, next_page_token) = page_of_names(names, request.page_size, &request.page_token)?;
        Ok(ListTopicSubscriptionsResponse {
            subscriptions,
            next_page_token,
        })
    }

    pub(crate) fn list_topic_snapshots(
        &self,
        request: &ListTopicSnapshotsRequest,
    ) -> Result<ListTopicSnapshotsResponse, Refusal> {
        Kind::Topic.check(&request.topic)?;
        let log = self.topics.get(&request.topic)?.log.id;
        let names = self
            .snapshots
            .all()
            .into_iter()
            .filter(|record| record.log == log && !self.expired(record))
            .map(|record| record.snapshot.name.clone())
            .collect();
        let (snapshots, next_page_token) = page_of_names(names, request.page_size, &request.page_token)?;
        Ok(ListTopicSnapshotsResponse {
            snapshots,
            next_page_token,
        })
    }

    pub(crate) async fn delete_topic(self: &Arc<Self>, request: DeleteTopicRequest) -> Result<(), Refusal> {
        Kind::Topic.check(&request.topic)?;
        let service = self.clone();
        let name = request.topic.clone();
        let deleted = self.store.write(
            move |txn| {
                let at = key(&request.topic);
                let record: Option<TopicRecord> = txn.record(&at)?;
                let record = record.ok_or_else(|| Refusal::not_found(&request.topic))?;
                txn.remove(&at)?;
                txn.remove(&policy_key(&request.topic))?;
                service.orphan(txn, record.log)
            },
            {
                let service = self.clone();
                move |orphans: &Orphans| {
                    service.topics.remove(&name);
                    service.adopt_orphans(orphans);
                }
            },
        );
        deleted.await.map(|_| ())
    }

    /// Subscriptions and snapshots of a deleted topic stay, and say so.
    fn orphan(&self, txn: &mut Txn<'_>, log: u64) -> Result<Orphans, Refusal> {
        let mut orphans = Orphans::default();
        for follower in self.log(log)?.followers() {
            let at = key(&follower.name());
            if let Some(mut record) = txn.record::<SubscriptionRecord>(&at)? {
                DELETED_TOPIC.clone_into(&mut record.subscription.topic);
                txn.put(&at, &record)?;
                orphans.subscriptions.push(record);
            }
        }
        for known in self.snapshots.all().iter().filter(|known| known.log == log) {
            let at = key(&known.snapshot.name);
            if let Some(mut record) = txn.record::<SnapshotRecord>(&at)? {
                DELETED_TOPIC.clone_into(&mut record.snapshot.topic);
                txn.put(&at, &record)?;
                orphans.snapshots.push(record);
            }
        }
        Ok(orphans)
    }

    fn adopt_orphans(self: &Arc<Self>, orphans: &Orphans) {
        for record in &orphans.subscriptions {
            self.apply_settings(&record.subscription);
        }
        for record in &orphans.snapshots {
            self.snapshots.put(&record.snapshot.name, record.clone());
        }
    }

    /// Nothing comes to a detached subscription any more, and what it has is dropped.
    pub(crate) async fn detach_subscription(
        self: &Arc<Self>,
        request: DetachSubscriptionRequest,
    ) -> Result<DetachSubscriptionResponse, Refusal> {
        Kind::Subscription.check(&request.subscription)?;
        let service = self.clone();
        let subscriber = self.subscriptions.get(&request.subscription)?;
        let detached = self.store.write(
            move |txn| {
                let at = key(&request.subscription);
                let record: Option<SubscriptionRecord> = txn.record(&at)?;
                let mut record = record.ok_or_else(|| Refusal::not_found(&request.subscription))?;
                record.subscription.detached = true;
                txn.put(&at, &record)?;
                subscriber.drop_backlog(txn)?;
                Ok(record)
            },
            move |record| service.apply_settings(&record.subscription),
        );
        detached.await?;
        Ok(DetachSubscriptionResponse {})
    }
}

/// What a deleted topic leaves.
#[derive(Default)]
struct Orphans {
    subscriptions: Vec<SubscriptionRecord>,
    snapshots: Vec<SnapshotRecord>,
}

fn check(topic: &Resource) -> Result<(), Refusal> {
    check_labels(&topic.labels)?;
    check_retention(topic.message_retention_duration.as_ref())?;
    if topic.ingestion_data_source_settings.is_some() {
        return Err(Refusal::unimplemented("ingestion_data_source_settings of a topic"));
    }
    if !topic.message_transforms.is_empty() {
        return Err(Refusal::unimplemented("message_transforms of a topic"));
    }
    match &topic.schema_settings {
        Some(settings) if settings.encoding == Encoding::Unspecified as i32 => {
            Err(Refusal::invalid("Invalid schema encoding provided"))
        }
        Some(settings) => Kind::Schema.check(&settings.schema),
        None => Ok(()),
    }
}

/// The schema, and the revisions that messages may be of, must exist.
fn check_schema(txn: &Txn<'_>, topic: &Resource) -> Result<(), Refusal> {
    let Some(settings) = &topic.schema_settings else {
        return Ok(());
    };
    let schema: Option<crate::record::SchemaRecord> = txn.record(&key(&settings.schema))?;
    let schema = schema.ok_or_else(|| Refusal::not_found(&settings.schema))?;
    for revision in [&settings.first_revision_id, &settings.last_revision_id] {
        let known = schema.revisions.iter().any(|known| known.revision_id == *revision);
        if !revision.is_empty() && !known {
            return Err(Refusal::not_found(&format!("{}@{revision}", settings.schema)));
        }
    }
    Ok(())
}
