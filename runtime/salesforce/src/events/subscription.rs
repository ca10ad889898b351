//! A subscription: events in order, from a position on, over as many connections as it takes. A caller that asks slowly
//! slows the org down: no more than 100 events are ever under way.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater_salesforce_eventbus::{FetchRequest, FetchResponse, ReplayPreset};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::change::Change;
use super::status::error_of;
use super::{EventError, Events, sign};
use crate::retry::{Attempts, RetryPolicy};
use crate::{Result, Retry};

/// Salesforce allows no more.
const MOST_PENDING: i32 = 100;
/// More are asked for when so many are left, so that asking costs no pause.
const LOW: i32 = 60;
/// Salesforce gives a sign of life within 270 seconds.
const SILENCE: Duration = Duration::from_secs(300);

/// The position behind an event. Salesforce's to understand: it can only be kept and given back.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReplayId(Vec<u8>);

impl fmt::Debug for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayId({})", String::from(self.clone()))
    }
}

impl From<ReplayId> for String {
    fn from(id: ReplayId) -> Self {
        STANDARD.encode(id.0)
    }
}

impl TryFrom<String> for ReplayId {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        STANDARD.decode(text).map(Self)
    }
}

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Latest,
    /// With the oldest event that is kept.
    Earliest,
    /// After a position.
    After(ReplayId),
}

/// An event that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// The position behind it.
    pub replay_id: ReplayId,
    /// The schema that it was written by.
    pub schema_id: String,
    /// What it tells, if it can be read.
    pub change: Result<Change, EventError>,
    /// Its bytes, kept of one that cannot be read.
    pub payload: Vec<u8>,
}

/// Events that arrived together; none in a sign of life.
#[derive(Debug, Clone)]
pub struct Batch {
    /// In the order of the bus.
    pub events: Vec<Received>,
    /// The position behind all of them, also behind what was passed over because it was not for this topic.
    pub latest: ReplayId,
}

/// See the module.
#[derive(Debug)]
pub struct Subscription {
    events: Events,
    topic: String,
    start: Start,
    policy: RetryPolicy,
    stream: Option<Stream>,
    /// What has come and is not given out yet.
    arrived: Option<FetchResponse>,
}

#[derive(Debug)]
struct Stream {
    ask: mpsc::Sender<FetchRequest>,
    answers: Streaming<FetchResponse>,
    pending: i32,
}

impl Subscription {
    pub(super) fn new(events: Events, topic: String, start: Start) -> Self {
        let policy = events.inner.client.retry_policy().clone();
        Self {
            events,
            topic,
            start,
            policy,
            stream: None,
            arrived: None,
        }
    }

    /// The next events, or a sign of life. Connects, reconnects and renews the session as needed, from the position behind
    /// what was given out. Safe to drop while it waits: nothing is lost.
    ///
    /// # Errors
    /// [`crate::Kind::Position`] when the position is not kept any more; what retries did not help against.
    pub async fn next(&mut self) -> Result<Batch> {
        let policy = self.policy.clone();
        let mut attempts = Attempts::new(&policy);
        let mut renewed = false;
        loop {
            if self.arrived.is_some() {
                return self.batch().await;
            }
            let status = match self.receive().await {
                Ok(response) => {
                    self.arrived = Some(response);
                    continue;
                }
                Err(Broken::Status(status)) => status,
                Err(Broken::Error(error)) => return Err(error),
            };
            self.stream = None;
            let error = error_of(&format!("Subscribe {}", self.topic), &status);
            match error.retry() {
                Retry::Session if !renewed => {
                    renewed = true;
                    let client = &self.events.inner.client;
                    client.renew(&client.session().await?).await?;
                }
                Retry::Transient => attempts.pause(error, None).await?,
                _ => return Err(error),
            }
        }
    }

    async fn receive(&mut self) -> Result<FetchResponse, Broken> {
        if self.stream.is_none() {
            self.stream = Some(self.connect().await?);
        }
        let Some(stream) = &mut self.stream else {
            return Err(Broken::Status(Status::unavailable("no connection")));
        };
        let answer = tokio::time::timeout(SILENCE, stream.answers.message());
        match answer.await {
            Ok(Ok(Some(response))) => Ok(response),
            Ok(Ok(None)) => Err(Broken::Status(Status::unavailable("the stream ended"))),
            Ok(Err(status)) => Err(Broken::Status(status)),
            Err(_) => Err(Broken::Status(Status::unavailable("no sign of life"))),
        }
    }

    async fn connect(&self) -> Result<Stream, Broken> {
        let session = self.events.inner.client.session().await.map_err(Broken::Error)?;
        let (ask, asked) = mpsc::channel(4);
        let (preset, replay_id) = match &self.start {
            Start::Latest => (ReplayPreset::Latest, vec![]),
            Start::Earliest => (ReplayPreset::Earliest, vec![]),
            Start::After(id) => (ReplayPreset::Custom, id.0.clone()),
        };
        let first = FetchRequest {
            topic_name: self.topic.clone(),
            replay_preset: preset.into(),
            replay_id,
            num_requested: MOST_PENDING,
            auth_refresh: String::new(),
        };
        let unsent = |_| Broken::Status(Status::unavailable("the stream ended"));
        ask.send(first).await.map_err(unsent)?;
        let request = sign(ReceiverStream::new(asked), &session);
        let answers = self.events.grpc().subscribe(request).await.map_err(Broken::Status)?;
        Ok(Stream {
            ask,
            answers: answers.into_inner(),
            pending: MOST_PENDING,
        })
    }

    /// Decodes what came, and asks for as many more. What came is kept until the schemas are there, so that a caller who
    /// stops waiting loses nothing.
    async fn batch(&mut self) -> Result<Batch> {
        let mut schemas = HashMap::new();
        let ids = self.arrived.iter().flat_map(|response| &response.events);
        for id in ids.filter_map(|e| e.event.as_ref()).map(|e| &e.schema_id) {
            if !schemas.contains_key(id) {
                schemas.insert(id.clone(), self.events.schema(id).await?);
            }
        }
        let response = self.arrived.take().unwrap_or_default();
        let mut events = Vec::with_capacity(response.events.len());
        for consumed in response.events {
            let (Some(event), replay_id) = (consumed.event, ReplayId(consumed.replay_id)) else {
                continue;
            };
            let Some(schema) = schemas.get(&event.schema_id) else {
                continue;
            };
            let change = schema.decode(&event.payload).map_err(|e| EventError {
                schema_id: event.schema_id.clone(),
                reason: e.to_string(),
            });
            let payload = if change.is_err() { event.payload } else { vec![] };
            events.push(Received {
                replay_id,
                schema_id: event.schema_id,
                change,
                payload,
            });
        }
        let latest = match events.last() {
            Some(event) => event.replay_id.clone(),
            None => ReplayId(response.latest_replay_id),
        };
        self.start = Start::After(latest.clone());
        self.ask_for_more(i32::try_from(events.len()).unwrap_or(MOST_PENDING));
        Ok(Batch { events, latest })
    }

    fn ask_for_more(&mut self, got: i32) {
        let Some(stream) = &mut self.stream else { return };
        stream.pending -= got;
        if stream.pending > LOW {
            return;
        }
        let request = FetchRequest {
            num_requested: MOST_PENDING - stream.pending,
            ..FetchRequest::default()
        };
        // A stream that is gone says so when the next answer is waited for; one that is slow is asked next time.
        if stream.ask.try_send(request).is_ok() {
            stream.pending = MOST_PENDING;
        }
    }
}

enum Broken {
    Status(Status),
    Error(crate::Error),
}
