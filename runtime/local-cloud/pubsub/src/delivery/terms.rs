//! The terms of a subscription, as delivery needs them.

use prost_types::Duration;

use super::{Micros, SECOND};
use crate::filter::Filter;
use crate::refusal::Refusal;
use crate::wire::pubsub::Subscription;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) ack_deadline: Micros,
    pub(crate) ordered: bool,
    pub(crate) exactly_once: bool,
    pub(crate) filter: Option<Filter>,
    /// How long a message waits before it comes again: at first, and at most.
    pub(crate) backoff: Option<(Micros, Micros)>,
    /// After how many deliveries a message is dead.
    pub(crate) most_attempts: Option<u32>,
    pub(crate) retention: Micros,
    pub(crate) retain_acked: bool,
}

impl Terms {
    pub(crate) fn of(subscription: &Subscription) -> Result<Terms, Refusal> {
        let filter = match subscription.filter.trim() {
            "" => None,
            text => Some(Filter::parse(text)?),
        };
        let retry = subscription.retry_policy.as_ref();
        let dead_letter = subscription.dead_letter_policy.as_ref();
        Ok(Terms {
            ack_deadline: Micros::from(subscription.ack_deadline_seconds) * SECOND,
            ordered: subscription.enable_message_ordering,
            exactly_once: subscription.enable_exactly_once_delivery,
            filter,
            backoff: retry.map(|retry| {
                (
                    micros(retry.minimum_backoff.as_ref()),
                    micros(retry.maximum_backoff.as_ref()),
                )
            }),
            most_attempts: dead_letter.map(|policy| u32::try_from(policy.max_delivery_attempts).unwrap_or(0)),
            retention: micros(subscription.message_retention_duration.as_ref()),
            retain_acked: subscription.retain_acked_messages,
        })
    }

    /// How long a message waits after so many deliveries.
    pub(crate) fn backoff_after(&self, attempts: u32) -> Micros {
        let Some((first, most)) = self.backoff else { return 0 };
        let doubled = attempts.saturating_sub(1).min(30);
        first.saturating_mul(1 << doubled).min(most)
    }
}

/// A duration of the protocol.
pub(crate) fn micros(duration: Option<&Duration>) -> Micros {
    duration.map_or(0, |d| d.seconds.saturating_mul(SECOND) + Micros::from(d.nanos) / 1000)
}
