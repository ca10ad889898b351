//! Push: each message is POSTed to the subscription's endpoint; the status of the answer acknowledges it or gives it
//! back. <https://cloud.google.com/pubsub/docs/push>

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::delivery::subscriber::{Room, Subscriber};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::pubsub::push_config::{NoWrapper, Wrapper};
use crate::wire::pubsub::{PubsubMessage, PushConfig, ReceivedMessage};

/// How many messages are on their way to an endpoint at once; fewer at first and after failures.
const MOST_WINDOW: usize = 64;
/// The pause after failures where no retry policy sets another.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The statuses that acknowledge.
const GOOD: [u16; 5] = [102, 200, 201, 202, 204];

/// The client that pushes.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .user_agent("CloudPubSub-Google")
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// How fast an endpoint is pushed to: more at once while it answers, and after failures one at a time with pauses that
/// double.
struct Pace {
    window: usize,
    pause: Duration,
    resumes: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            window: 1,
            pause: Duration::ZERO,
            resumes: None,
        }
    }
}

impl Pace {
    fn succeeded(&mut self) {
        *self = Pace {
            window: (self.window * 2).min(MOST_WINDOW),
            ..Pace::default()
        };
    }

    fn failed(&mut self) {
        let pause = (self.pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        *self = Pace {
            window: 1,
            pause,
            resumes: Some(Instant::now() + pause),
        };
    }

    fn pauses(&self) -> bool {
        self.resumes.is_some_and(|at| at > Instant::now())
    }

    fn resumes(&self) -> Instant {
        self.resumes.unwrap_or_else(Instant::now)
    }

    fn room(&self, under_way: usize) -> usize {
        if self.pauses() {
            0
        } else {
            self.window.saturating_sub(under_way)
        }
    }
}

/// Somebody who holds messages, as long as it lives.
pub(crate) struct Holder {
    subscriber: Arc<Subscriber>,
    pub(crate) owner: u64,
}

impl Holder {
    pub(crate) fn new(service: &Service, subscriber: Arc<Subscriber>) -> Holder {
        let owner = service.new_owner();
        subscriber.lock().join(owner);
        Holder { subscriber, owner }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.subscriber.lock().leave(self.owner);
    }
}

impl Service {
    pub(crate) async fn keep_pushing(self: Arc<Self>, subscriber: Arc<Subscriber>) {
        let holder = Holder::new(&self, subscriber.clone());
        let mut changes = subscriber.changes();
        let mut pushing = FuturesUnordered::new();
        let mut pace = Pace::default();
        loop {
            changes.borrow_and_update();
            let room = Room {
                messages: pace.room(pushing.len()),
                bytes: usize::MAX,
            };
            let next_timer = match subscriber.take(&self.store, holder.owner, room, None, self.now()) {
                Ok(taken) => {
                    for message in taken.messages {
                        pushing.push(self.push_one(&subscriber, message));
                    }
                    taken.next_timer
                }
                Err(refusal) => {
                    tracing::warn!(%refusal, "messages to push cannot be read");
                    pace.failed();
                    None
                }
            };
            tokio::select! {
                Some(done) = pushing.next(), if !pushing.is_empty() => match done {
                    Ok(true) => pace.succeeded(),
                    // A retry policy says for each message when it comes again.
                    _ if subscriber.settings().terms.backoff.is_some() => pace = Pace::default(),
                    _ => pace.failed(),
                },
                () = tokio::time::sleep_until(pace.resumes()), if pace.pauses() => {}
                _ = changes.changed() => {}
                () = self.sleep_until(next_timer) => {}
            }
        }
    }

    /// Pushes a message and acknowledges it or gives it back. Says whether it was taken.
    async fn push_one(&self, subscriber: &Arc<Subscriber>, received: ReceivedMessage) -> Result<bool, Refusal> {
        let settings = subscriber.settings();
        let config = settings.subscription.push_config.clone().unwrap_or_default();
        let deadline = Duration::from_secs(u64::try_from(settings.subscription.ack_deadline_seconds).unwrap_or(10));
        let ack_id = received.ack_id.clone();
        let request = self
            .request(&config, &settings.subscription.name, received)
            .timeout(deadline);
        let good = match request.send().await {
            Ok(response) => GOOD.contains(&response.status().as_u16()),
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "push failed");
                false
            }
        };
        if good {
            subscriber.ack(vec![ack_id], self.now())?;
            subscriber.save(&self.store).await?;
        } else {
            subscriber.extend(vec![(ack_id, 0)], self.now())?;
        }
        Ok(good)
    }

    fn request(&self, config: &PushConfig, subscription: &str, received: ReceivedMessage) -> reqwest::RequestBuilder {
        let request = self.http.post(&config.push_endpoint);
        let message = received.message.unwrap_or_default();
        match &config.wrapper {
            Some(Wrapper::NoWrapper(NoWrapper { write_metadata })) => {
                let data = message.data.clone();
                let request = request.body(data);
                if *write_metadata {
                    with_metadata(request, subscription, &message)
                } else {
                    request
                }
            }
            _ => {
                let mut body = json!({ "message": wrapped(&message), "subscription": subscription });
                if received.delivery_attempt > 0 {
                    body["deliveryAttempt"] = json!(received.delivery_attempt);
                }
                request.json(&body)
            }
        }
    }
}

/// When a message was published, as JSON has it.
pub(crate) fn publish_time(message: &PubsubMessage) -> String {
    let time = message.publish_time.as_ref().map_or(0, crate::log::micros_of);
    let time = chrono::DateTime::from_timestamp_micros(time).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// The message in a body's `message`, with the names of both styles, as Google sends it.
fn wrapped(message: &PubsubMessage) -> Value {
    let mut out = Map::new();
    if !message.attributes.is_empty() {
        out.insert("attributes".into(), json!(message.attributes));
    }
    if !message.data.is_empty() {
        out.insert("data".into(), json!(STANDARD.encode(&message.data)));
    }
    if !message.ordering_key.is_empty() {
        out.insert("orderingKey".into(), json!(message.ordering_key));
    }
    let time = publish_time(message);
    for (name, value) in [
        ("messageId", &message.message_id),
        ("message_id", &message.message_id),
        ("publishTime", &time),
        ("publish_time", &time),
    ] {
        out.insert(name.into(), json!(value));
    }
    Value::Object(out)
}

fn with_metadata(
    mut request: reqwest::RequestBuilder,
    subscription: &str,
    message: &PubsubMessage,
) -> reqwest::RequestBuilder {
    let time = publish_time(message);
    let own = [
        ("x-goog-pubsub-subscription-name", subscription),
        ("x-goog-pubsub-message-id", &message.message_id),
        ("x-goog-pubsub-publish-time", &time),
        ("x-goog-pubsub-ordering-key", &message.ordering_key),
    ];
    let attributes = message
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in own.into_iter().filter(|(_, value)| !value.is_empty()).chain(attributes) {
        // An attribute that cannot be a header is left out.
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
            request = request.header(name, value);
        }
    }
    request
}
