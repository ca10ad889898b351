//! Messages that were delivered too often: stored in the dead letter topic and acknowledged, in one commit.

use std::sync::Arc;

use super::SECOND;
use super::subscriber::Subscriber;
use crate::log;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::{PubsubMessage, Subscription};

/// How long a dead message waits when its topic is not there.
const PAUSE: i64 = 10 * SECOND;

impl Service {
    /// Moves what is dead by now.
    pub(crate) async fn bury_dead(self: &Arc<Self>, subscriber: &Arc<Subscriber>) -> Result<(), Refusal> {
        let dead = subscriber.lock().take_dead();
        if dead.is_empty() {
            return Ok(());
        }
        let settings = subscriber.settings();
        let policy = settings.subscription.dead_letter_policy.as_ref();
        let topic = policy.and_then(|policy| self.topics.find(&policy.dead_letter_topic));
        let Some(topic) = topic else {
            let until = self.now() + PAUSE;
            let mut backlog = subscriber.lock();
            for (position, _) in dead {
                backlog.revive(position, until);
            }
            return Ok(());
        };
        let snapshot = self.store.snapshot()?;
        let mut messages = Vec::new();
        for (position, attempts) in &dead {
            // One that is not in the log any more is only acknowledged.
            if let Some(stored) = snapshot.message(subscriber.log.id, *position)? {
                let mut message = log::decode(&stored)?;
                mark(&mut message, &settings.subscription, *attempts, log::published(&stored));
                messages.push(log::encode(&mut message));
            }
        }
        let (own, target, now) = (subscriber.clone(), topic.log.clone(), self.now());
        let moved = self.store.write(
            move |txn| {
                target.append(txn, &messages, now)?;
                let mut backlog = own.lock();
                for (position, _) in dead {
                    backlog.bury(position);
                }
                backlog.cursor.save(txn, own.cursor)?;
                Ok(())
            },
            {
                let target = topic.log.clone();
                move |()| target.announce()
            },
        );
        moved.await?;
        subscriber.wake();
        Ok(())
    }
}

/// Says where a dead message comes from.
fn mark(message: &mut PubsubMessage, from: &Subscription, attempts: u32, published: i64) {
    let mut parts = from.name.split('/');
    let (project, subscription) = (parts.nth(1).unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let published = chrono::DateTime::from_timestamp_micros(published).unwrap_or_default();
    for (what, value) in [
        ("DeliveryCount", attempts.to_string()),
        ("Subscription", subscription.to_owned()),
        ("SubscriptionProject", project.to_owned()),
        (
            "TopicPublishTime",
            published.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        ),
    ] {
        let key = format!("CloudPubSubDeadLetterSource{what}");
        message.attributes.insert(key, value);
    }
}
