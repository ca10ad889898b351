//! A message on its way: it is acknowledged when what it says is durable, and given back when it is dropped before.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;

use super::subscription::leases::Leases;
use super::subscription::wire::{Content, PubsubMessage};

/// A delivered message.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The whole of it, as it came.
    raw: Bytes,
    /// Microseconds since 1970.
    published: i64,
    /// Its number among those of the puller.
    number: u64,
    leases: Arc<Leases>,
    settled: bool,
}

impl Delivery {
    pub fn new(raw: Bytes, number: u64, leases: &Arc<Leases>) -> Self {
        Self {
            raw,
            published: 0,
            number,
            leases: leases.clone(),
            settled: false,
        }
    }

    /// What the message says, and when it was published, in microseconds since 1970.
    pub fn open(&mut self) -> (Bytes, i64) {
        // Pub/Sub does not send what is no message; an empty one is poison.
        let content = Content::decode(self.raw.clone()).unwrap_or_default();
        self.published = content.publish_time.map_or(0, |at| {
            at.seconds
                .saturating_mul(1_000_000)
                .saturating_add(i64::from(at.nanos / 1000))
        });
        (content.data, self.published)
    }

    /// The message with all that goes with it.
    pub fn message(&self) -> PubsubMessage {
        PubsubMessage::decode(self.raw.clone()).unwrap_or_default()
    }

    /// Nothing of it can be lost any more.
    pub fn acknowledge(self) {
        acknowledge(vec![self]);
    }
}

/// Nothing of these can be lost any more.
pub(crate) fn acknowledge(mut deliveries: Vec<Delivery>) {
    // Those of one puller mostly follow each other.
    for part in deliveries.chunk_by_mut(|a, b| Arc::ptr_eq(&a.leases, &b.leases)) {
        let Some(leases) = part.first().map(|delivery| delivery.leases.clone()) else {
            continue;
        };
        leases.settle(part.iter().map(|delivery| delivery.number), true);
        let newest = part.iter().map(|delivery| delivery.published).max();
        leases
            .metrics
            .acknowledged(part.len() as u64, newest.unwrap_or_default());
        part.iter_mut().for_each(|delivery| delivery.settled = true);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.settled {
            self.leases.settle([self.number].into_iter(), false);
            self.leases.metrics.released(1);
        }
    }
}
