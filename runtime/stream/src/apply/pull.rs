//! Streaming pulls: what comes is decoded and handed to its entity.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use google_cloud_pubsub::client::Subscriber;
use google_cloud_pubsub::subscriber::MessageStream;
use headwater_cloud::Backoff;
use headwater_spec::CdcStreamSpec;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::dead_letter::DeadLetters;
use super::decode::{Decoder, Poison};
use super::delivery::{Delivery, Routed};
use super::metrics::Metrics;
use crate::errors::{Error, Result};

/// What one worker holds in memory of messages that are not durable yet.
const OUTSTANDING_BYTES: i64 = 96 << 20;

/// Letters that are under way at the same time.
const BURIALS: usize = 64;

/// Where messages go.
pub(crate) struct Puller {
    pub subscriber: Subscriber,
    pub subscription: String,
    pub decoder: Decoder,
    pub entities: HashMap<String, mpsc::Sender<Routed>>,
    pub dead_letters: DeadLetters,
    pub metrics: Arc<Metrics>,
    pub outstanding: i64,
    pub streams: u32,
}

impl Puller {
    pub fn outstanding(spec: &CdcStreamSpec) -> i64 {
        // Enough for a batch that is appended, one that is merged and one that is gathered, for each entity.
        let rows = i64::from(spec.batching.rows) * 4;
        (rows / i64::from(spec.parallelism.max(1))).max(1000)
    }

    /// Pulls until it is cancelled, then gives up its places in the entities' queues and keeps the leases of what is
    /// under way until `drained`.
    pub async fn run(self, cancel: CancellationToken, drained: CancellationToken) -> Result<()> {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let mut stream = self.open();
        let mut old: Vec<MessageStream> = Vec::new();
        let mut burials: JoinSet<Result<()>> = JoinSet::new();
        loop {
            let next = tokio::select! {
                Some(buried) = burials.join_next() => {
                    buried.unwrap_or(Err(Error::Worker))?;
                    continue;
                }
                next = stream.next(), if burials.len() < BURIALS => next,
                () = cancel.cancelled() => break,
            };
            match next {
                Some(Ok((message, handle))) => {
                    backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
                    let delivery = Delivery::new(message, handle, &self.metrics);
                    if !self.route(delivery, &mut burials).await {
                        break;
                    }
                }
                Some(Err(error)) => {
                    let refused = error.status().is_some_and(|status| {
                        use google_cloud_gax::error::rpc::Code;
                        matches!(
                            status.code,
                            Code::NotFound | Code::PermissionDenied | Code::InvalidArgument | Code::Unimplemented
                        )
                    });
                    if refused {
                        return Err(Error::Transport {
                            name: self.subscription.clone(),
                            reason: error.to_string(),
                        });
                    }
                    self.metrics.retried();
                    let wait = backoff.next_wait();
                    tracing::warn!(reason = %error, wait_ms = wait.as_millis() as u64, "the pull is opened again");
                    tokio::time::sleep(wait).await;
                    // The old one still acknowledges what it delivered.
                    old.push(std::mem::replace(&mut stream, self.open()));
                }
                None => {
                    old.push(std::mem::replace(&mut stream, self.open()));
                    tokio::time::sleep(backoff.next_wait()).await;
                }
            }
            if old.len() > 4 {
                old.remove(0);
            }
        }
        while let Some(buried) = burials.join_next().await {
            buried.unwrap_or(Err(Error::Worker))?;
        }
        let token = stream.shutdown_token();
        drop(self.entities);
        drained.cancelled().await;
        // Acknowledgements are sent by a task of the client's own: wait until they are.
        drop(stream);
        let _ = tokio::time::timeout(Duration::from_secs(5), token.shutdown()).await;
        Ok(())
    }

    fn open(&self) -> MessageStream {
        self.subscriber
            .subscribe(self.subscription.clone())
            .set_max_outstanding_messages(self.outstanding)
            .set_max_outstanding_bytes(OUTSTANDING_BYTES / i64::from(self.streams.max(1)))
            .set_max_lease_extension(Duration::from_secs(30))
            .build()
    }

    /// `false` when the entities are gone.
    async fn route(&self, delivery: Delivery, burials: &mut JoinSet<Result<()>>) -> bool {
        let poison = match self.decoder.decode(&delivery.message.data, delivery.published) {
            Ok(Some(event)) => match self.entities.get(&event.entity) {
                Some(queue) => return queue.send(Routed { event, delivery }).await.is_ok(),
                None => Poison::new("unknown_entity", format!("the stream has no entity {}", event.entity)),
            },
            // It concerns no table.
            Ok(None) => {
                delivery.acknowledge();
                return true;
            }
            Err(poison) => poison,
        };
        let (letters, metrics) = (self.dead_letters.clone(), Arc::clone(&self.metrics));
        burials.spawn(async move { bury(&letters, &metrics, delivery, &poison).await });
        true
    }
}

/// Puts a message into the dead-letter topic, and acknowledges it when it is there.
pub(crate) async fn bury(letters: &DeadLetters, metrics: &Metrics, delivery: Delivery, poison: &Poison) -> Result<()> {
    letters.bury(&delivery.message, poison).await?;
    metrics.dead(poison.code);
    tracing::warn!(
        code = poison.code,
        message = delivery.message.message_id,
        "a message went to the dead letters"
    );
    delivery.acknowledge();
    Ok(())
}
