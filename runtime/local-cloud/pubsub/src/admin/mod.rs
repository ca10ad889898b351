//! Resources: topics, subscriptions, snapshots, schemas, and the policies of all of them.

pub(crate) mod policies;
pub(crate) mod schemas;
pub(crate) mod snapshots;
pub(crate) mod subscriptions;
pub(crate) mod topics;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use prost_types::Duration;

use crate::delivery::terms::micros;
use crate::delivery::{Micros, SECOND};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::{DeleteSchemaRequest, DeleteSnapshotRequest, DeleteSubscriptionRequest, DeleteTopicRequest};

const DAY: Micros = 24 * 60 * 60 * SECOND;
/// How long messages may be kept.
const RETENTION: RangeInclusive<Micros> = 600 * SECOND..=31 * DAY;
const MOST_LABELS: usize = 64;
const MOST_LABEL: usize = 63;

impl Service {
    /// Deletes all resources. Messages go with the next sweep.
    pub(crate) async fn clear(self: &Arc<Self>) -> Result<(), Refusal> {
        for subscriber in self.subscriptions.all() {
            let subscription = subscriber.name();
            self.delete_subscription(DeleteSubscriptionRequest { subscription })
                .await?;
        }
        for record in self.snapshots.all() {
            let snapshot = record.snapshot.name.clone();
            self.delete_snapshot(DeleteSnapshotRequest { snapshot }).await?;
        }
        for topic in self.topics.all() {
            let topic = topic.topic.name.clone();
            self.delete_topic(DeleteTopicRequest { topic }).await?;
        }
        for known in self.schemas.all() {
            let name = known.name().to_owned();
            self.delete_schema(DeleteSchemaRequest { name }).await?;
        }
        self.sweep().await
    }
}

/// A duration of whole seconds.
fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

fn check_retention(duration: Option<&Duration>) -> Result<(), Refusal> {
    match duration {
        Some(duration) if !RETENTION.contains(&micros(Some(duration))) => Err(Refusal::invalid(format!(
            "The value for message_retention_duration is out of bounds. You passed {} in the request, but the value \
             must be between 600s and 2678400s.",
            written(duration)
        ))),
        _ => Ok(()),
    }
}

/// A duration as JSON has it.
fn written(duration: &Duration) -> String {
    format!("{}s", micros(Some(duration)) as f64 / SECOND as f64)
}

/// Refuses labels that Google refuses: <https://cloud.google.com/pubsub/docs/labels#requirements>.
fn check_labels(labels: &HashMap<String, String>) -> Result<(), Refusal> {
    if labels.len() > MOST_LABELS {
        return Err(Refusal::invalid(format!(
            "{} labels were given; at most {MOST_LABELS} are allowed.",
            labels.len()
        )));
    }
    let plain = |text: &str| {
        text.chars().count() <= MOST_LABEL
            && text
                .chars()
                .all(|c| matches!(c, '-' | '_') || c.is_numeric() || (c.is_alphabetic() && !c.is_uppercase()))
    };
    for (key, value) in labels {
        if !plain(key) || !key.starts_with(char::is_alphabetic) || !plain(value) {
            return Err(Refusal::invalid(format!(
                "The label {key:?} is not valid: keys and values consist of at most {MOST_LABEL} lowercase letters, \
                 digits, underscores and hyphens, and keys begin with a letter."
            )));
        }
    }
    Ok(())
}
