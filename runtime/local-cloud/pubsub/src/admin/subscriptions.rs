//! Subscriptions: created, changed, listed, deleted, and moved in time.

use std::sync::Arc;

use prost_types::Duration;

use super::{DAY, check_labels, check_retention, seconds, written};
use crate::cursor::Cursor;
use crate::delivery::subscriber::Settings;
use crate::delivery::terms::{Terms, micros};
use crate::delivery::{Micros, SECOND};
use crate::log::micros_of;
use crate::mask::Masked;
use crate::name::Kind;
use crate::record::{SnapshotRecord, SubscriptionRecord, TopicRecord, key, policy_key};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::store::Txn;
use crate::wire::pubsub::seek_request::Target;
use crate::wire::pubsub::subscription::State;
use crate::wire::pubsub::{
    DeleteSubscriptionRequest, ExpirationPolicy, GetSubscriptionRequest, ListSubscriptionsRequest,
    ListSubscriptionsResponse, ModifyPushConfigRequest, PushConfig, SeekRequest, SeekResponse, Subscription,
    UpdateSubscriptionRequest,
};

const MASKED: Masked = Masked {
    message: "google.pubsub.v1.Subscription",
    mutable: &[
        "push_config",
        "bigquery_config",
        "cloud_storage_config",
        "bigtable_config",
        "ack_deadline_seconds",
        "retain_acked_messages",
        "message_retention_duration",
        "labels",
        "expiration_policy",
        "dead_letter_policy",
        "retry_policy",
        "enable_exactly_once_delivery",
        "message_transforms",
    ],
    example: ("push_config", "pushConfig"),
};

const ACK_DEADLINE: i32 = 10;
const ATTEMPTS: i32 = 5;
const MOST_ATTEMPTS: i32 = 100;
const MOST_BACKOFF: Micros = 600 * SECOND;

impl Service {
    pub(crate) async fn create_subscription(
        self: &Arc<Self>,
        mut subscription: Subscription,
    ) -> Result<Subscription, Refusal> {
        Kind::Subscription.check(&subscription.name)?;
        Kind::Topic.check(&subscription.topic)?;
        complete(&mut subscription);
        if subscription.expiration_policy.is_none() {
            subscription.expiration_policy = Some(ExpirationPolicy {
                ttl: Some(seconds(31 * DAY / SECOND)),
            });
        }
        subscription.detached = false;
        check(&subscription)?;
        let name = subscription.name.clone();
        let (service, own) = (self.clone(), self.clone());
        let created = self.store.write(
            move |txn| {
                let at = key(&subscription.name);
                if txn.record::<SubscriptionRecord>(&at)?.is_some() {
                    return Err(Refusal::exists(&subscription.name));
                }
                let topic: Option<TopicRecord> = txn.record(&key(&subscription.topic))?;
                let topic = topic.ok_or_else(|| Refusal::not_found(&subscription.topic))?;
                check_dead_letter(txn, &subscription)?;
                let acked = Cursor::at(own.log(topic.log)?.next());
                let cursor = txn.next_id()?;
                let record = SubscriptionRecord {
                    subscription,
                    log: topic.log,
                    cursor,
                };
                acked.save_new(txn, cursor)?;
                txn.put(&at, &record)?;
                Ok((record, acked))
            },
            move |(record, acked)| {
                if let Err(refusal) = service.add_subscriber(record.clone(), acked.clone()) {
                    tracing::error!(%refusal, "a new subscription is not served");
                }
            },
        );
        created.await?;
        self.get_subscription(&GetSubscriptionRequest { subscription: name })
    }

    pub(crate) async fn update_subscription(
        self: &Arc<Self>,
        request: UpdateSubscriptionRequest,
    ) -> Result<Subscription, Refusal> {
        let new = request.subscription.unwrap_or_default();
        Kind::Subscription.check(&new.name)?;
        let name = new.name.clone();
        self.change_subscription(name, move |old| MASKED.apply(old, &new, request.update_mask.as_ref()))
            .await
    }

    pub(crate) async fn modify_push_config(self: &Arc<Self>, request: ModifyPushConfigRequest) -> Result<(), Refusal> {
        Kind::Subscription.check(&request.subscription)?;
        let config = request.push_config.unwrap_or_default();
        self.change_subscription(request.subscription, move |old| {
            let mut changed = old.clone();
            changed.push_config = Some(config);
            Ok(changed)
        })
        .await
        .map(|_| ())
    }

    async fn change_subscription(
        self: &Arc<Self>,
        name: String,
        change: impl FnOnce(&Subscription) -> Result<Subscription, Refusal> + Send + 'static,
    ) -> Result<Subscription, Refusal> {
        let service = self.clone();
        let changed = self.store.write(
            {
                let name = name.clone();
                move |txn| {
                    let at = key(&name);
                    let record: Option<SubscriptionRecord> = txn.record(&at)?;
                    let mut record = record.ok_or_else(|| Refusal::not_found(&name))?;
                    let mut changed = change(&record.subscription)?;
                    complete(&mut changed);
                    check(&changed)?;
                    if changed.dead_letter_policy != record.subscription.dead_letter_policy {
                        check_dead_letter(txn, &changed)?;
                    }
                    record.subscription = changed;
                    txn.put(&at, &record)?;
                    Ok(record)
                }
            },
            move |record| service.apply_settings(&record.subscription),
        );
        changed.await?;
        self.get_subscription(&GetSubscriptionRequest { subscription: name })
    }

    /// Makes delivery follow what is stored.
    pub(crate) fn apply_settings(self: &Arc<Self>, subscription: &Subscription) {
        let Some(subscriber) = self.subscriptions.find(&subscription.name) else {
            return;
        };
        match Settings::new(subscription.clone()) {
            Ok(settings) => {
                subscriber.set(settings);
                self.restart_background(&subscriber);
            }
            Err(refusal) => tracing::error!(%refusal, "a stored subscription has terms that are not understood"),
        }
    }

    pub(crate) fn get_subscription(&self, request: &GetSubscriptionRequest) -> Result<Subscription, Refusal> {
        Kind::Subscription.check(&request.subscription)?;
        let subscriber = self.subscriptions.get(&request.subscription)?;
        Ok(self.shown(&subscriber.settings().subscription))
    }

    /// With the fields that Google computes.
    fn shown(&self, stored: &Subscription) -> Subscription {
        let mut shown = stored.clone();
        shown.state = State::Active as i32;
        if let Some(topic) = self.topics.find(&shown.topic) {
            shown.topic_message_retention_duration = topic.topic.message_retention_duration;
        }
        self.show_export_state(&mut shown);
        shown
    }

    pub(crate) fn list_subscriptions(
        &self,
        request: &ListSubscriptionsRequest,
    ) -> Result<ListSubscriptionsResponse, Refusal> {
        let prefix = Kind::Subscription.all_in(&request.project)?;
        let (page, next_page_token) = self
            .subscriptions
            .page(&prefix, request.page_size, &request.page_token)?;
        Ok(ListSubscriptionsResponse {
            subscriptions: page
                .iter()
                .map(|subscriber| self.shown(&subscriber.settings().subscription))
                .collect(),
            next_page_token,
        })
    }

    pub(crate) async fn delete_subscription(
        self: &Arc<Self>,
        request: DeleteSubscriptionRequest,
    ) -> Result<(), Refusal> {
        Kind::Subscription.check(&request.subscription)?;
        let (own, service) = (self.clone(), self.clone());
        let name = request.subscription.clone();
        let deleted = self.store.write(
            move |txn| {
                let at = key(&request.subscription);
                let record: Option<SubscriptionRecord> = txn.record(&at)?;
                let record = record.ok_or_else(|| Refusal::not_found(&request.subscription))?;
                txn.remove(&at)?;
                txn.remove(&policy_key(&request.subscription))?;
                txn.remove_cursor(record.cursor)?;
                if let Some(subscriber) = own.subscriptions.find(&request.subscription) {
                    // At once: what is acknowledged later in this commit must not be written any more.
                    subscriber.retire();
                }
                Ok(record.log)
            },
            move |log| {
                service.subscriptions.remove(&name);
                if let Ok(log) = service.log(*log) {
                    log.unfollow(&name);
                }
            },
        );
        deleted.await.map(|_| ())
    }

    pub(crate) async fn seek(self: &Arc<Self>, request: SeekRequest) -> Result<SeekResponse, Refusal> {
        Kind::Subscription.check(&request.subscription)?;
        let target = request.target.ok_or_else(|| {
            Refusal::invalid("No target was specified in the SeekRequest. Must specify either a time or a snapshot")
        })?;
        let subscriber = self.subscriptions.get(&request.subscription)?;
        if subscriber.settings().subscription.detached {
            return Err(detached());
        }
        let service = self.clone();
        let sought = self.store.write(
            move |txn| {
                let to = match target {
                    Target::Snapshot(name) => {
                        Kind::Snapshot.check(&name)?;
                        let record: Option<SnapshotRecord> = txn.record(&key(&name))?;
                        let record = record.filter(|record| !service.expired(record));
                        let record = record.ok_or_else(|| Refusal::not_found(&name))?;
                        if record.log != subscriber.log.id {
                            return Err(Refusal::precondition(
                                "The snapshot's topic is not the topic of the subscription.",
                            ));
                        }
                        Cursor::load(txn.acks(record.cursor)?)
                    }
                    Target::Time(time) => service.position_in_time(&subscriber, micros_of(&time))?,
                };
                txn.remove_cursor(subscriber.cursor)?;
                to.save_new(txn, subscriber.cursor)?;
                // In the order of the store's changes: an acknowledgement that comes after belongs to the new state.
                subscriber.lock().restart(to);
                subscriber.wake();
                Ok(())
            },
            |()| {},
        );
        sought.await?;
        Ok(SeekResponse {})
    }

    /// Everything before a time counts as acknowledged. What comes after is to be delivered again if it was kept; of what
    /// was not kept for that, what is acknowledged stays so.
    fn position_in_time(
        &self,
        subscriber: &crate::delivery::subscriber::Subscriber,
        time: Micros,
    ) -> Result<Cursor, Refusal> {
        let (settings, now) = (subscriber.settings(), self.now());
        let own = settings.terms.retain_acked.then_some(settings.terms.retention);
        let topic = self.topics.find(&settings.subscription.topic);
        let topics = topic.and_then(|topic| topic.topic.message_retention_duration);
        let kept = own.max(topics.map(|duration| micros(Some(&duration))));
        let snapshot = self.store.snapshot()?;
        let at = subscriber.log.position_at(&snapshot, time)?;
        let Some(kept) = kept else {
            let mut cursor = subscriber.lock().cursor.clone();
            cursor.ack_before(at);
            return Ok(cursor);
        };
        let oldest = subscriber.log.position_at(&snapshot, now - kept)?;
        Ok(Cursor::at(at.max(oldest)))
    }
}

pub(crate) fn detached() -> Refusal {
    Refusal::precondition("The subscription is detached from its topic.")
}

/// What Google fills in.
fn complete(subscription: &mut Subscription) {
    if subscription.ack_deadline_seconds == 0 {
        subscription.ack_deadline_seconds = ACK_DEADLINE;
    }
    subscription
        .message_retention_duration
        .get_or_insert(seconds(7 * DAY / SECOND));
    subscription.push_config.get_or_insert_with(PushConfig::default);
    if let Some(policy) = &mut subscription.dead_letter_policy
        && policy.max_delivery_attempts == 0
    {
        policy.max_delivery_attempts = ATTEMPTS;
    }
    if let Some(policy) = &mut subscription.retry_policy {
        policy.minimum_backoff.get_or_insert(seconds(10));
        policy.maximum_backoff.get_or_insert(seconds(600));
    }
    subscription.state = 0;
    subscription.topic_message_retention_duration = None;
    if let Some(config) = &mut subscription.bigquery_config {
        config.state = 0;
    }
}

fn check(subscription: &Subscription) -> Result<(), Refusal> {
    check_labels(&subscription.labels)?;
    if !(10..=600).contains(&subscription.ack_deadline_seconds) {
        return Err(Refusal::invalid(format!(
            "Invalid ack deadline given (ack_deadline_seconds={}). It must be between 10 and 600.",
            subscription.ack_deadline_seconds
        )));
    }
    check_retention(subscription.message_retention_duration.as_ref())?;
    check_expiration(subscription)?;
    check_retry(subscription)?;
    check_attempts(subscription)?;
    check_endpoints(subscription)?;
    Terms::of(subscription).map(|_| ())
}

fn check_expiration(subscription: &Subscription) -> Result<(), Refusal> {
    let ttl = subscription
        .expiration_policy
        .as_ref()
        .and_then(|policy| policy.ttl.as_ref());
    match ttl {
        Some(ttl) if micros(Some(ttl)) < DAY => Err(Refusal::invalid(format!(
            "The value for expiration_policy.ttl is too small. You passed {} in the request, but the minimum value is \
             86400s.",
            written(ttl)
        ))),
        _ => Ok(()),
    }
}

fn check_retry(subscription: &Subscription) -> Result<(), Refusal> {
    let Some(policy) = &subscription.retry_policy else {
        return Ok(());
    };
    let (least, most) = (policy.minimum_backoff.as_ref(), policy.maximum_backoff.as_ref());
    for (field, given) in [("minimum_backoff", least), ("maximum_backoff", most)] {
        if !(0..=MOST_BACKOFF).contains(&micros(given)) {
            return Err(Refusal::invalid(format!(
                "The value for {field} is out of bounds. You passed {} in the request, but the value must be between 0s \
                 and 600s.",
                given.map(written).unwrap_or_default()
            )));
        }
    }
    if micros(most) < micros(least) {
        let text = |duration: Option<&Duration>| duration.map(written).unwrap_or_default();
        return Err(Refusal::invalid(format!(
            "The value for maximum_backoff is too small. You passed {} in the request, but the minimum value is {}.",
            text(most),
            text(least)
        )));
    }
    Ok(())
}

fn check_attempts(subscription: &Subscription) -> Result<(), Refusal> {
    let Some(policy) = &subscription.dead_letter_policy else {
        return Ok(());
    };
    let attempts = policy.max_delivery_attempts;
    let (is, bound, limit) = match attempts {
        ..ATTEMPTS => ("small", "minimum", ATTEMPTS),
        ATTEMPTS..=MOST_ATTEMPTS => return Ok(()),
        _ => ("large", "maximum", MOST_ATTEMPTS),
    };
    Err(Refusal::new(
        tonic::Code::OutOfRange,
        format!(
            "The value for max_delivery_attempts is too {is}. You passed {attempts} in the request, but the {bound} \
             value is {limit}."
        ),
    ))
}

/// Where messages go: to whoever asks, or to one place.
fn check_endpoints(subscription: &Subscription) -> Result<(), Refusal> {
    if subscription.cloud_storage_config.is_some() {
        return Err(Refusal::unimplemented("cloud_storage_config of a subscription"));
    }
    if subscription.bigtable_config.is_some() {
        return Err(Refusal::unimplemented("bigtable_config of a subscription"));
    }
    if !subscription.message_transforms.is_empty() {
        return Err(Refusal::unimplemented("message_transforms of a subscription"));
    }
    let endpoint = subscription
        .push_config
        .as_ref()
        .map_or("", |push| push.push_endpoint.as_str());
    let pushes = !endpoint.is_empty();
    if pushes && !(endpoint.starts_with("https://") || endpoint.starts_with("http://")) {
        return Err(Refusal::invalid(format!(
            "Invalid push endpoint given (endpoint={endpoint}). It must be an HTTPS or HTTP URL."
        )));
    }
    let exports = subscription.bigquery_config.is_some();
    if pushes && exports {
        return Err(Refusal::invalid(
            "At most one of push_config and bigquery_config can be set.",
        ));
    }
    if (pushes || exports) && subscription.enable_exactly_once_delivery {
        return Err(Refusal::invalid(
            "Exactly-once delivery is only supported for pull subscriptions.",
        ));
    }
    match &subscription.bigquery_config {
        Some(config) if table(&config.table).is_none() => Err(Refusal::invalid(format!(
            "Invalid BigQuery table given (table={}). It must have the form {{projectId}}.{{datasetId}}.{{tableId}}.",
            config.table
        ))),
        Some(config) if config.use_topic_schema && config.use_table_schema => Err(Refusal::invalid(
            "use_topic_schema and use_table_schema cannot be set together.",
        )),
        _ => Ok(()),
    }
}

/// Project, dataset and table of `P.D.T` or `P:D.T`.
pub(crate) fn table(text: &str) -> Option<(&str, &str, &str)> {
    let (rest, table) = text.rsplit_once('.')?;
    let (project, dataset) = rest.rsplit_once(['.', ':'])?;
    let whole = !project.is_empty() && !dataset.is_empty() && !table.is_empty();
    whole.then_some((project, dataset, table))
}

fn check_dead_letter(txn: &Txn<'_>, subscription: &Subscription) -> Result<(), Refusal> {
    let Some(policy) = &subscription.dead_letter_policy else {
        return Ok(());
    };
    let found: Option<TopicRecord> = txn.record(&key(&policy.dead_letter_topic))?;
    found
        .map(|_| ())
        .ok_or_else(|| Refusal::not_found(&policy.dead_letter_topic))
}
