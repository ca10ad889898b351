//! StreamingPull: messages flow as long as the client's limits allow, acknowledgements come back on the same stream or
//! by unary calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::delivery::Micros;
use crate::delivery::subscriber::{Outcomes, Room, Subscriber};
use crate::pull::{MOST_BYTES, deadline};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::streaming_pull_response::{
    AcknowledgeConfirmation, ModifyAckDeadlineConfirmation, SubscriptionProperties,
};
use crate::wire::pubsub::{StreamingPullRequest, StreamingPullResponse};

/// Answers that may wait for the client to read them. Few: what waits here is leased already.
const QUEUE: usize = 2;
const MOST_MESSAGES: usize = 1000;
/// How long a stream's last answer waits for the client.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The bounds of a stream's own ack deadline, in seconds.
const DEADLINES: std::ops::RangeInclusive<i32> = 10..=600;

type Answers = mpsc::Sender<Result<StreamingPullResponse, Status>>;

impl Service {
    pub(crate) async fn streaming_pull(
        self: &Arc<Self>,
        mut requests: Streaming<StreamingPullRequest>,
    ) -> Result<ReceiverStream<Result<StreamingPullResponse, Status>>, Status> {
        let first = requests.message().await?;
        let first = first.ok_or_else(|| Refusal::invalid("The stream ended before its first request."))?;
        let subscriber = self.serving(&first.subscription)?;
        let (answers, out) = mpsc::channel(QUEUE);
        let stream = Stream {
            limits: Limits::of(&first)?,
            owner: self.new_owner(),
            service: self.clone(),
            subscriber,
            answers,
        };
        self.tasks.spawn(stream.run(first, requests));
        Ok(ReceiverStream::new(out))
    }
}

/// What the client asked for when it opened the stream.
struct Limits {
    messages: usize,
    bytes: usize,
    ack_deadline: Micros,
}

impl Limits {
    fn of(first: &StreamingPullRequest) -> Result<Limits, Refusal> {
        if !DEADLINES.contains(&first.stream_ack_deadline_seconds) {
            return Err(Refusal::invalid(format!(
                "Invalid ack deadline given (stream_ack_deadline_seconds={}). It must be between {} and {}.",
                first.stream_ack_deadline_seconds,
                DEADLINES.start(),
                DEADLINES.end()
            )));
        }
        // Zero and less mean: no limit.
        let limit = |given: i64| usize::try_from(given).ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
        Ok(Limits {
            messages: limit(first.max_outstanding_messages),
            bytes: limit(first.max_outstanding_bytes),
            ack_deadline: deadline(first.stream_ack_deadline_seconds)?,
        })
    }
}

struct Stream {
    service: Arc<Service>,
    subscriber: Arc<Subscriber>,
    owner: u64,
    limits: Limits,
    answers: Answers,
}

impl Stream {
    async fn run(mut self, first: StreamingPullRequest, requests: Streaming<StreamingPullRequest>) {
        self.subscriber.lock().join(self.owner);
        let ended = self.serve(first, requests).await;
        self.subscriber.lock().leave(self.owner);
        if let Err(status) = ended {
            // A client that does not read must not keep the server from its end.
            drop(tokio::time::timeout(LAST_WORDS, self.answers.send(Err(status))).await);
        }
    }

    async fn serve(
        &mut self,
        first: StreamingPullRequest,
        mut requests: Streaming<StreamingPullRequest>,
    ) -> Result<(), Status> {
        self.receive(first, true).await?;
        let mut changes = self.subscriber.changes();
        // Nothing to deliver until something changes or this time comes.
        let mut idle: Option<Option<Micros>> = None;
        let answers = self.answers.clone();
        loop {
            let wakes = idle.flatten();
            tokio::select! {
                request = requests.next() => match request {
                    Some(request) => self.receive(request?, false).await?,
                    None => return Ok(()),
                },
                permit = answers.reserve(), if idle.is_none() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    changes.borrow_and_update();
                    match self.take()? {
                        Ok(answer) => permit.send(Ok(answer)),
                        Err(next_timer) => idle = Some(next_timer),
                    }
                }
                _ = changes.changed(), if idle.is_some() => idle = None,
                () = self.service.sleep_until(wakes), if wakes.is_some() => idle = None,
                () = answers.closed() => return Ok(()),
                () = self.subscriber.gone.cancelled() => {
                    return Err(Refusal::not_found(&self.subscriber.name()).into());
                }
                () = self.service.stop.cancelled() => return Err(Refusal::stopping().into()),
            }
        }
    }

    /// An answer with as many messages as the client has room for, or when to look again.
    fn take(&self) -> Result<Result<StreamingPullResponse, Option<Micros>>, Status> {
        if self.subscriber.settings().subscription.detached {
            return Err(crate::admin::subscriptions::detached().into());
        }
        let load = self.subscriber.load(self.owner, self.service.now());
        let free = self.limits.bytes.saturating_sub(load.bytes);
        // A message that is larger than the limit is delivered when nothing else is outstanding.
        let bytes = if load.messages == 0 { free.max(1) } else { free };
        let room = Room {
            messages: self.limits.messages.saturating_sub(load.messages).min(MOST_MESSAGES),
            bytes: bytes.min(MOST_BYTES),
        };
        let taken = self.subscriber.take(
            &self.service.store,
            self.owner,
            room,
            Some(self.limits.ack_deadline),
            self.service.now(),
        )?;
        if taken.messages.is_empty() {
            return Ok(Err(taken.next_timer));
        }
        Ok(Ok(StreamingPullResponse {
            received_messages: taken.messages,
            subscription_properties: Some(self.properties()),
            ..StreamingPullResponse::default()
        }))
    }

    fn properties(&self) -> SubscriptionProperties {
        let settings = self.subscriber.settings();
        SubscriptionProperties {
            exactly_once_delivery_enabled: settings.terms.exactly_once,
            message_ordering_enabled: settings.terms.ordered,
        }
    }

    /// Acknowledgements and deadlines that came on the stream.
    async fn receive(&mut self, request: StreamingPullRequest, first: bool) -> Result<(), Status> {
        if !first && !request.subscription.is_empty() {
            return Err(Refusal::invalid(
                "You have passed an invalid argument to the service (argument=subscription): it is set once.",
            )
            .into());
        }
        if !first && request.stream_ack_deadline_seconds != 0 {
            self.limits.ack_deadline = Limits::of(&request)?.ack_deadline;
        }
        if request.modify_deadline_seconds.len() != request.modify_deadline_ack_ids.len() {
            return Err(
                Refusal::invalid("modify_deadline_seconds and modify_deadline_ack_ids differ in length.").into(),
            );
        }
        let mut extensions = Vec::new();
        for (id, seconds) in request
            .modify_deadline_ack_ids
            .into_iter()
            .zip(request.modify_deadline_seconds)
        {
            extensions.push((id, deadline(seconds)?));
        }
        let now = self.service.now();
        let extended = match extensions.is_empty() {
            true => None,
            false => Some(self.subscriber.extend(extensions, now)?),
        };
        let acked = match request.ack_ids.is_empty() {
            true => None,
            false => Some(self.subscriber.ack(request.ack_ids, now)?),
        };
        if acked.is_some() {
            self.save().await?;
        }
        if self.properties().exactly_once_delivery_enabled && (acked.is_some() || extended.is_some()) {
            let answer = confirmation(acked, extended, self.properties());
            tokio::select! {
                _ = self.answers.send(Ok(answer)) => {}
                () = self.service.stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Makes acknowledgements durable; waits for it only where the client is told.
    async fn save(&self) -> Result<(), Status> {
        let (subscriber, service) = (self.subscriber.clone(), self.service.clone());
        if self.properties().exactly_once_delivery_enabled {
            return Ok(subscriber.save(&service.store).await?);
        }
        self.service.tasks.spawn(async move {
            if let Err(refusal) = subscriber.save(&service.store).await {
                tracing::debug!(%refusal, "acknowledgements are not stored");
            }
        });
        Ok(())
    }
}

fn confirmation(
    acked: Option<Outcomes>,
    extended: Option<Outcomes>,
    properties: SubscriptionProperties,
) -> StreamingPullResponse {
    StreamingPullResponse {
        acknowledge_confirmation: acked.map(|outcomes| AcknowledgeConfirmation {
            ack_ids: outcomes.done,
            invalid_ack_ids: outcomes.stale,
            unordered_ack_ids: outcomes.unordered,
            temporary_failed_ack_ids: Vec::new(),
        }),
        modify_ack_deadline_confirmation: extended.map(|outcomes| ModifyAckDeadlineConfirmation {
            ack_ids: outcomes.done,
            invalid_ack_ids: outcomes.stale,
            temporary_failed_ack_ids: Vec::new(),
        }),
        subscription_properties: Some(properties),
        ..StreamingPullResponse::default()
    }
}
