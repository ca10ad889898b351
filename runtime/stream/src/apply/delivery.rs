//! A message on its way: it is acknowledged when what it says is durable, and given back when it is dropped before.

use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use std::sync::Arc;

use super::event::Event;
use super::metrics::Metrics;

/// A delivered message.
pub(crate) struct Delivery {
    pub message: Message,
    /// Microseconds since 1970.
    pub published: i64,
    handle: Option<Handler>,
    metrics: Arc<Metrics>,
}

impl Delivery {
    pub fn new(message: Message, handle: Handler, metrics: &Arc<Metrics>) -> Self {
        metrics.received(message.data.len());
        let published = message.publish_time.as_ref().map_or(0, |at| {
            at.seconds()
                .saturating_mul(1_000_000)
                .saturating_add(i64::from(at.nanos() / 1000))
        });
        Self {
            message,
            published,
            handle: Some(handle),
            metrics: metrics.clone(),
        }
    }

    /// Nothing of it can be lost any more.
    pub fn acknowledge(mut self) {
        if let Some(handle) = self.handle.take() {
            handle.ack();
            self.metrics.acknowledged(1, self.published);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // The handle goes with it, which gives the message back.
        if self.handle.is_some() {
            self.metrics.released(1);
        }
    }
}

/// A message with the event that it holds.
pub(crate) struct Routed {
    pub event: Event,
    pub delivery: Delivery,
}
