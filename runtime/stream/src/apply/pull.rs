//! Streaming pulls: what comes is read, bound to its entity's columns, made rows, and handed to its entity many at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use headwater_cloud::Backoff;
use headwater_spec::CdcStreamSpec;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::dead_letter::DeadLetters;
use super::decode::{Decoder, Poison};
use super::delivery::{self, Delivery};
use super::metrics::Metrics;
use super::parcel::{Lane, Parcel, Placed};
use super::subscription::leases::{DEADLINE, Leases};
use super::subscription::wire::ReceivedMessage;
use super::subscription::{Limits, Pull, Subscription, is_refusal};
use crate::errors::{Error, Result};

/// What one worker holds in memory of messages that are not durable yet.
const OUTSTANDING_BYTES: i64 = 96 << 20;
/// Letters that are under way at the same time.
const BURIALS: usize = 64;
/// How long a stream that ends may take to bring what was on its way.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long the last acknowledgements may take.
const FAREWELL: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where messages go.
pub(crate) struct Puller {
    pub subscription: Subscription,
    pub decoder: Arc<Decoder>,
    pub entities: HashMap<String, Lane>,
    pub dead_letters: DeadLetters,
    pub metrics: Arc<Metrics>,
    pub limits: Limits,
}

/// Why a stream is read no further.
enum End {
    /// It was asked for, or the entities are gone.
    Stopped,
    /// The service ended it.
    Broken(tonic::Status),
}

impl Puller {
    pub fn limits(spec: &CdcStreamSpec) -> Limits {
        let pullers = i64::from(spec.parallelism.max(1));
        // Enough for a batch that is appended, one that is merged and one that is gathered, for each entity.
        let rows = i64::from(spec.batching.rows) * 4;
        Limits {
            messages: (rows / pullers).max(1000),
            bytes: OUTSTANDING_BYTES / pullers,
        }
    }

    /// Pulls until it is cancelled, then gives up its places in the entities' queues and keeps what is under way until
    /// `drained`.
    pub async fn run(mut self, cancel: CancellationToken, drained: CancellationToken) -> Result<()> {
        let leases = Leases::new(&self.metrics);
        let done = CancellationToken::new();
        let keeper = tokio::spawn(leases.clone().keep(self.subscription.clone(), done.clone()));
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut burials: JoinSet<Result<()>> = JoinSet::new();
        let mut pulled = loop {
            let pull = tokio::select! {
                pull = self.subscription.pull(self.limits, DEADLINE) => pull,
                () = cancel.cancelled() => break Ok(()),
            };
            let received = self.metrics.snapshot().received;
            let end = match pull {
                Ok(pull) => match self.read(pull, &leases, &mut burials, &cancel).await {
                    Ok(end) => end,
                    Err(error) => break Err(error),
                },
                Err(status) => End::Broken(status),
            };
            let End::Broken(status) = end else { break Ok(()) };
            if is_refusal(status.code()) {
                break Err(Error::Transport {
                    name: self.subscription.name().to_owned(),
                    reason: format!("{:?}: {}", status.code(), status.message()),
                });
            }
            if self.metrics.snapshot().received > received {
                backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
            }
            self.metrics.retried();
            let wait = backoff.next_wait();
            tracing::info!(code = ?status.code(), wait_ms = wait.as_millis() as u64, "the pull is opened again");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = cancel.cancelled() => break Ok(()),
            }
        };
        while let (Ok(()), Some(buried)) = (&pulled, burials.join_next().await) {
            pulled = buried.unwrap_or(Err(Error::Worker));
        }
        drop(std::mem::take(&mut self.entities));
        if pulled.is_ok() {
            drained.cancelled().await;
        }
        done.cancel();
        let _ = tokio::time::timeout(FAREWELL, keeper).await;
        pulled
    }

    /// Reads and routes side by side. What comes is read at once, however long the entities' queues are full: a message's
    /// deadline begins when Pub/Sub sends it, and is moved only by who has read it. Pub/Sub sends no more than the limits allow.
    async fn read(
        &self,
        mut pull: Pull,
        leases: &Arc<Leases>,
        burials: &mut JoinSet<Result<()>>,
        cancel: &CancellationToken,
    ) -> Result<End> {
        let (queue, waiting) = mpsc::unbounded_channel();
        let end = {
            let mut reading = std::pin::pin!(self.take_in(&mut pull, leases, queue, cancel));
            let mut routing = std::pin::pin!(self.route_all(waiting, burials, cancel));
            tokio::select! {
                end = &mut reading => match routing.await? {
                    true => end,
                    false => End::Stopped,
                },
                routed = &mut routing => {
                    routed?;
                    End::Stopped
                }
            }
        };
        if matches!(end, End::Stopped) {
            // What is on its way to us is given back, so that another worker need not wait for it.
            pull.close();
            let rest = async {
                while let Ok(Some(answer)) = pull.next().await {
                    drop(self.receive(answer.received_messages, leases));
                }
            };
            let _ = tokio::time::timeout(LAST_WORDS, rest).await;
        }
        Ok(end)
    }

    /// Reads what comes until the stream ends, or it is cancelled, or nobody takes it.
    async fn take_in(
        &self,
        pull: &mut Pull,
        leases: &Arc<Leases>,
        queue: mpsc::UnboundedSender<Vec<Delivery>>,
        cancel: &CancellationToken,
    ) -> End {
        loop {
            let answer = tokio::select! {
                answer = pull.next() => answer,
                () = cancel.cancelled() => return End::Stopped,
            };
            match answer {
                Ok(Some(answer)) => {
                    if queue.send(self.receive(answer.received_messages, leases)).is_err() {
                        return End::Stopped;
                    }
                }
                Ok(None) => return End::Broken(tonic::Status::unavailable("the stream has ended")),
                Err(status) => return End::Broken(status),
            }
        }
    }

    /// Routes what was read until there is no more; when it is cancelled, gives back what waits. `false` when the entities are
    /// gone.
    async fn route_all(
        &self,
        mut waiting: mpsc::UnboundedReceiver<Vec<Delivery>>,
        burials: &mut JoinSet<Result<()>>,
        cancel: &CancellationToken,
    ) -> Result<bool> {
        loop {
            let deliveries = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(true),
                Some(buried) = burials.join_next() => {
                    buried.unwrap_or(Err(Error::Worker))?;
                    continue;
                }
                deliveries = waiting.recv() => deliveries,
            };
            let Some(deliveries) = deliveries else { return Ok(true) };
            if !self.route(deliveries, burials).await? {
                return Ok(false);
            }
        }
    }

    fn receive(&self, messages: Vec<ReceivedMessage>, leases: &Arc<Leases>) -> Vec<Delivery> {
        self.metrics
            .received(messages.len(), messages.iter().map(|one| one.message.len()).sum());
        let ids = messages.iter().map(|one| one.ack_id.clone());
        let first = leases.take(ids, Instant::now());
        let numbered = messages.into_iter().zip(first..);
        numbered
            .map(|(one, number)| Delivery::new(one.message, number, leases))
            .collect()
    }

    /// `false` when the entities are gone.
    async fn route(&self, deliveries: Vec<Delivery>, burials: &mut JoinSet<Result<()>>) -> Result<bool> {
        let mut parcels: HashMap<&str, Parcel> = HashMap::new();
        let mut silent = Vec::new();
        for mut delivery in deliveries {
            let (data, published) = delivery.open();
            let poison = match self.decoder.decode(&data, published) {
                Ok(Some(event)) => match self.entities.get_key_value(&*event.entity) {
                    Some((name, lane)) => {
                        let parcel = parcels.entry(name).or_insert_with(|| lane.parcel());
                        match lane.place(parcel, event, data.len()) {
                            Placed::Row => parcel.deliveries.push(delivery),
                            Placed::Unknown => parcel.unknown.push(delivery),
                            Placed::Poison(poison) => self.bury(delivery, poison, burials).await?,
                        }
                        if parcel.is_full() {
                            let full = std::mem::replace(parcel, lane.parcel());
                            if !lane.send(full).await {
                                return Ok(false);
                            }
                        }
                        continue;
                    }
                    None => Poison::new("unknown_entity", format!("the stream has no entity {}", event.entity)),
                },
                // It concerns no table.
                Ok(None) => {
                    silent.push(delivery);
                    continue;
                }
                Err(poison) => poison,
            };
            self.bury(delivery, poison, burials).await?;
        }
        delivery::acknowledge(silent);
        for (name, parcel) in parcels {
            let sent = match self.entities.get(name) {
                Some(lane) if !parcel.is_empty() => lane.send(parcel).await,
                _ => true,
            };
            if !sent {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Buries beside whatever else is done.
    async fn bury(&self, delivery: Delivery, poison: Poison, burials: &mut JoinSet<Result<()>>) -> Result<()> {
        while burials.len() >= BURIALS
            && let Some(buried) = burials.join_next().await
        {
            buried.unwrap_or(Err(Error::Worker))?;
        }
        let (letters, metrics) = (self.dead_letters.clone(), Arc::clone(&self.metrics));
        burials.spawn(async move { bury(&letters, &metrics, delivery, &poison).await });
        Ok(())
    }
}

/// Puts a message into the dead-letter topic, and acknowledges it when it is there.
pub(crate) async fn bury(letters: &DeadLetters, metrics: &Metrics, delivery: Delivery, poison: &Poison) -> Result<()> {
    let message = delivery.message();
    letters.bury(&message, poison).await?;
    metrics.dead(poison.code);
    tracing::warn!(
        code = poison.code,
        message = message.message_id,
        "a message went to the dead letters"
    );
    delivery.acknowledge();
    Ok(())
}
