//! Publish: messages are checked, stored, and only then given ids.

use std::sync::Arc;

use crate::log;
use crate::name::Kind;
use crate::refusal::Refusal;
use crate::service::{Service, Topic};
use crate::wire::pubsub::{Encoding, PublishRequest, PublishResponse, PubsubMessage};

// https://cloud.google.com/pubsub/quotas#resource_limits
const MOST_MESSAGES: usize = 1000;
const MOST_BYTES: usize = 10_000_000;
const MOST_ATTRIBUTES: usize = 100;
const MOST_KEY: usize = 256;
const MOST_VALUE: usize = 1024;
const MOST_ORDERING_KEY: usize = 1024;

impl Service {
    pub(crate) async fn publish(self: &Arc<Self>, request: PublishRequest) -> Result<PublishResponse, Refusal> {
        Kind::Topic.check(&request.topic)?;
        let topic = self.topics.get(&request.topic)?;
        let mut messages = request.messages;
        check(&messages)?;
        self.follow_schema(&topic, &mut messages)?;
        let encoded: Vec<Vec<u8>> = messages.iter_mut().map(log::encode).collect();
        let (count, now) = (encoded.len() as u64, self.now());
        let first = self.store.write(
            {
                let log = topic.log.clone();
                move |txn| Ok(log.append(txn, &encoded, now)?)
            },
            {
                let log = topic.log.clone();
                move |_| log.announce()
            },
        );
        let first = first.await?;
        Ok(PublishResponse {
            message_ids: (first..first + count).map(|at| topic.log.message_id(at)).collect(),
        })
    }

    /// Refuses messages that do not follow the topic's schema, and marks those that do with what they follow.
    fn follow_schema(&self, topic: &Topic, messages: &mut [PubsubMessage]) -> Result<(), Refusal> {
        let (Some(known), Some(settings)) = (self.schema_of(&topic.topic)?, &topic.topic.schema_settings) else {
            return Ok(());
        };
        let encoding = match settings.encoding() {
            Encoding::Binary => "BINARY",
            _ => "JSON",
        };
        for message in messages {
            let (revision, _) = known.accept(settings, &message.data)?;
            for (key, value) in [
                ("googclient_schemaencoding", encoding),
                ("googclient_schemaname", revision.name.as_str()),
                ("googclient_schemarevisionid", revision.revision_id.as_str()),
            ] {
                message.attributes.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }
}

fn check(messages: &[PubsubMessage]) -> Result<(), Refusal> {
    if messages.is_empty() {
        return Err(Refusal::invalid(
            "The value for message_count is too small. You passed 0 in the request, but the minimum value is 1.",
        ));
    }
    at_most("message_count", messages.len(), MOST_MESSAGES)?;
    let mut bytes = 0;
    for message in messages {
        if message.data.is_empty() && message.attributes.is_empty() {
            return Err(Refusal::invalid(
                "One or more messages in the publish request is empty. Each message must contain either non-empty \
                 data, or at least one attribute.",
            ));
        }
        at_most("attribute_count", message.attributes.len(), MOST_ATTRIBUTES)?;
        at_most("ordering_key length", message.ordering_key.len(), MOST_ORDERING_KEY)?;
        bytes += message.data.len() + message.ordering_key.len();
        for (key, value) in &message.attributes {
            at_most("attribute key length", key.len(), MOST_KEY)?;
            at_most("attribute value length", value.len(), MOST_VALUE)?;
            if key.is_empty() || key.starts_with("goog") {
                return Err(Refusal::invalid(format!(
                    "The attribute key {key:?} is not valid: it must not be empty and must not start with \"goog\"."
                )));
            }
            bytes += key.len() + value.len();
        }
    }
    at_most("request size", bytes, MOST_BYTES)
}

fn at_most(what: &str, given: usize, most: usize) -> Result<(), Refusal> {
    if given <= most {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "The value for {what} is too large. You passed {given} in the request, but the maximum value is {most}."
    )))
}
