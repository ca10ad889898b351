//! What cannot be applied: published to the dead-letter topic with its bytes, where it came from and why; and put back.

use std::collections::HashMap;
use std::sync::Arc;

use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::model::Message;
use headwater_cloud::{Cloud, ObjectPath, OptionalExt as _, Precondition, Storage};
use headwater_spec::PipelineSpec;

use super::decode::Poison;
use super::subscription::wire::PubsubMessage;
use crate::errors::{Error, Result};
use crate::notices::Notices;

/// Attributes of ours begin with this; a replay takes them off again.
const PREFIX: &str = "headwater-";
/// Pub/Sub's own limit on an attribute's value.
const VALUE_BYTES: usize = 1024;

/// The dead-letter topic.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    publisher: Publisher,
    topic: String,
    subscription: String,
    notices: Arc<Notices>,
    /// Where it is noted which messages are letters.
    storage: Storage,
    bucket: String,
    prefix: String,
}

impl DeadLetters {
    pub async fn open(cloud: &Cloud, spec: &PipelineSpec, notices: &Arc<Notices>) -> Result<Self> {
        let transport = &spec.stream()?.transport;
        let layout = spec.layout();
        Ok(Self {
            publisher: cloud.publisher(&transport.dead_letter_topic, 100).await?,
            topic: transport.dead_letter_topic.clone(),
            subscription: transport.subscription.clone(),
            notices: notices.clone(),
            storage: cloud.storage(),
            bucket: layout.bucket().to_owned(),
            prefix: format!("{}dead-letters/", layout.root()),
        })
    }

    fn note(&self, message: &PubsubMessage) -> ObjectPath {
        ObjectPath {
            bucket: self.bucket.clone(),
            name: format!("{}{}", self.prefix, message.message_id),
        }
    }

    /// Returns when the letter is durable. A message that is delivered again, to whatever worker, is not published again: its
    /// letter is noted in the lake. Only of a worker that ended between the two there are two letters, with one
    /// `headwater-message-id`.
    pub async fn bury(&self, message: &PubsubMessage, poison: &Poison) -> Result<()> {
        let note = self.note(message);
        if self.storage.stat(&note).await.optional()?.is_some() {
            return Ok(());
        }
        self.publish(message, poison).await?;
        let code = poison.code.as_bytes().into();
        self.storage.put(&note, "text/plain", code, Precondition::None).await?;
        self.notices.dead_letter(poison.code, &poison.reason).await;
        Ok(())
    }

    async fn publish(&self, message: &PubsubMessage, poison: &Poison) -> Result<()> {
        let mut attributes: HashMap<String, String> = message.attributes.clone();
        let mut reason = poison.reason.clone();
        while reason.len() > VALUE_BYTES {
            reason.pop();
        }
        let published = message
            .publish_time
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        for (name, value) in [
            ("reason-code", poison.code.to_owned()),
            ("reason", reason),
            ("message-id", message.message_id.clone()),
            ("subscription", self.subscription.clone()),
            ("publish-time", published),
            ("ordering-key", message.ordering_key.clone()),
        ] {
            if !value.is_empty() {
                attributes.insert(format!("{PREFIX}{name}"), value);
            }
        }
        let letter = Message::new().set_data(message.data.clone()).set_attributes(attributes);
        let published = self.publisher.publish(letter).await;
        published.map(drop).map_err(|error| Error::Transport {
            name: self.topic.clone(),
            reason: error.to_string(),
        })
    }
}

/// A letter as the message that it was.
pub(crate) fn revived(letter: &Message) -> Message {
    let key = letter.attributes.get(&format!("{PREFIX}ordering-key")).cloned();
    let attributes = letter.attributes.iter().filter(|(name, _)| !name.starts_with(PREFIX));
    Message::new()
        .set_data(letter.data.clone())
        .set_attributes(attributes.map(|(name, value)| (name.clone(), value.clone())))
        .set_ordering_key(key.unwrap_or_default())
}
