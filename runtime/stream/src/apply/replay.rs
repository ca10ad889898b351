//! Dead letters back into the topic, after whatever was wrong has been mended.

use std::time::Duration;

use headwater_cloud::Cloud;
use headwater_spec::PipelineSpec;
use tokio_util::sync::CancellationToken;

use super::dead_letter::revived;
use crate::errors::{Error, Result};

/// No letter for so long: there are no more.
const SILENCE: Duration = Duration::from_secs(5);

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Replayed {
    /// Letters that are messages of the topic again.
    pub messages: u64,
}

/// Puts dead letters back, at most `limit`. A letter is acknowledged when its message is in the topic; killed between the
/// two, the message is there twice and is applied once.
///
/// # Errors
/// When a topic or the subscription cannot be used.
pub async fn replay_dead_letters(
    spec: &PipelineSpec,
    cloud: &Cloud,
    limit: u64,
    cancel: &CancellationToken,
) -> Result<Replayed> {
    let transport = &spec.stream()?.transport;
    let unusable = |name: &str, error: &dyn std::error::Error| Error::Transport {
        name: name.to_owned(),
        reason: error.to_string(),
    };
    let publisher = cloud.publisher(&transport.topic, 100).await?;
    let subscriber = cloud.subscriber().await?;
    let mut letters = subscriber.subscribe(transport.dead_letter_subscription.clone()).build();
    let mut messages = 0;
    while messages < limit {
        let next = tokio::select! {
            next = tokio::time::timeout(SILENCE, letters.next()) => next,
            () = cancel.cancelled() => break,
        };
        let Ok(Some(next)) = next else { break };
        let (letter, handle) = next.map_err(|error| unusable(&transport.dead_letter_subscription, &error))?;
        let published = publisher.publish(revived(&letter)).await;
        published.map_err(|error| unusable(&transport.topic, &error))?;
        handle.ack();
        messages += 1;
    }
    let token = letters.shutdown_token();
    drop(letters);
    let _ = tokio::time::timeout(Duration::from_secs(5), token.shutdown()).await;
    Ok(Replayed { messages })
}
