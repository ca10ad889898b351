//! Unary delivery: Pull, Acknowledge, ModifyAckDeadline.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::admin::subscriptions::detached;
use crate::delivery::subscriber::{Outcomes, Room, Subscriber};
use crate::delivery::{Micros, SECOND};
use crate::name::Kind;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::{AcknowledgeRequest, ModifyAckDeadlineRequest, PullRequest, PullResponse};
use crate::wire::rpc::ErrorInfo;

/// How long a pull waits for a first message.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_MESSAGES: usize = 1000;
/// Clients do not take larger answers by default.
pub(crate) const MOST_BYTES: usize = 3 << 20;
const MOST_DEADLINE: i32 = 600;

impl Service {
    /// The subscription of a call, unless nothing can be delivered by it.
    pub(crate) fn serving(&self, name: &str) -> Result<Arc<Subscriber>, Refusal> {
        Kind::Subscription.check(name)?;
        let subscriber = self.subscriptions.get(name)?;
        if subscriber.settings().subscription.detached {
            return Err(detached());
        }
        Ok(subscriber)
    }

    pub(crate) async fn pull(self: &Arc<Self>, request: PullRequest) -> Result<PullResponse, Refusal> {
        let subscriber = self.serving(&request.subscription)?;
        let most = usize::try_from(request.max_messages).ok().filter(|most| *most > 0);
        let most = most.ok_or_else(|| {
            Refusal::invalid("You have passed an invalid argument to the service (argument=max_messages).")
        })?;
        #[allow(deprecated)]
        let patience = if request.return_immediately {
            Duration::ZERO
        } else {
            PATIENCE
        };
        let room = Room {
            messages: most.min(MOST_MESSAGES),
            bytes: MOST_BYTES,
        };
        let owner = self.new_owner();
        let end = tokio::time::Instant::now() + patience;
        let mut changes = subscriber.changes();
        loop {
            changes.borrow_and_update();
            let taken = subscriber.take(&self.store, owner, room, None, self.now())?;
            if !taken.messages.is_empty() {
                return Ok(PullResponse {
                    received_messages: taken.messages,
                });
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.sleep_until(taken.next_timer) => {}
                () = tokio::time::sleep_until(end) => return Ok(PullResponse::default()),
                () = subscriber.gone.cancelled() => return Err(Refusal::not_found(&request.subscription)),
                () = self.stop.cancelled() => return Err(Refusal::stopping()),
            }
        }
    }

    /// Sleeps until a time, or for ever.
    pub(crate) async fn sleep_until(&self, time: Option<Micros>) {
        match time.and_then(chrono::DateTime::from_timestamp_micros) {
            Some(time) => self.clock.sleep_until(time).await,
            None => std::future::pending().await,
        }
    }

    pub(crate) async fn acknowledge(self: &Arc<Self>, request: AcknowledgeRequest) -> Result<(), Refusal> {
        let subscriber = self.serving(&request.subscription)?;
        some(&request.ack_ids)?;
        let outcomes = subscriber.ack(request.ack_ids, self.now())?;
        subscriber.save(&self.store).await?;
        confirm(&subscriber, outcomes)
    }

    pub(crate) async fn modify_ack_deadline(
        self: &Arc<Self>,
        request: ModifyAckDeadlineRequest,
    ) -> Result<(), Refusal> {
        let subscriber = self.serving(&request.subscription)?;
        some(&request.ack_ids)?;
        let by = deadline(request.ack_deadline_seconds)?;
        let ids = request.ack_ids.into_iter().map(|id| (id, by)).collect();
        let outcomes = subscriber.extend(ids, self.now())?;
        confirm(&subscriber, outcomes)
    }
}

fn some(ids: &[String]) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Err(Refusal::invalid(
            "You have passed an invalid argument to the service (argument=ack_ids).",
        ));
    }
    Ok(())
}

/// Seconds of a deadline as micros.
pub(crate) fn deadline(seconds: i32) -> Result<Micros, Refusal> {
    if !(0..=MOST_DEADLINE).contains(&seconds) {
        return Err(Refusal::invalid(format!(
            "Invalid ack deadline given (ack_deadline_seconds={seconds}). It must be between 0 and {MOST_DEADLINE}."
        )));
    }
    Ok(Micros::from(seconds) * SECOND)
}

/// With exactly-once delivery the caller learns which of its ids were not good; otherwise nobody does.
fn confirm(subscriber: &Subscriber, outcomes: Outcomes) -> Result<(), Refusal> {
    if !subscriber.settings().terms.exactly_once || (outcomes.stale.is_empty() && outcomes.unordered.is_empty()) {
        return Ok(());
    }
    let stale = outcomes
        .stale
        .into_iter()
        .map(|id| (id, "PERMANENT_FAILURE_INVALID_ACK_ID"));
    let unordered = outcomes
        .unordered
        .into_iter()
        .map(|id| (id, "TRANSIENT_FAILURE_UNORDERED_ACK_ID"));
    let metadata: HashMap<String, String> = stale.chain(unordered).map(|(id, why)| (id, why.to_owned())).collect();
    let mut refusal = Refusal::invalid(
        "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have \
         expired or the acknowledgement ids were malformed.",
    );
    refusal.info = Some(Box::new(ErrorInfo {
        reason: "EXACTLY_ONCE_ACKID_FAILURE".to_owned(),
        domain: "pubsub.googleapis.com".to_owned(),
        metadata,
    }));
    Err(refusal)
}
