//! Publishing to a topic: `Publish` of Google's Pub/Sub over gRPC, repeated until it is answered.
//!
//! Google's own client is not used: it says when a message is durable one by one, and what it does with a key after an error is
//! its own. Here a request is repeated as it is until Pub/Sub has it, and whoever sends decides what comes next.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_cloud::{Cloud, Service};
use http::uri::PathAndQuery;
use rand::RngExt as _;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::Progress;
use super::errors::{Error, Result};

/// `google.pubsub.v1.PubsubMessage`, as far as a publisher fills it.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PubsubMessage {
    #[prost(bytes = "bytes", tag = "1")]
    pub data: bytes::Bytes,
    #[prost(map = "string, string", tag = "2")]
    pub attributes: HashMap<String, String>,
    #[prost(string, tag = "5")]
    pub ordering_key: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PublishRequest {
    #[prost(string, tag = "1")]
    topic: String,
    #[prost(message, repeated, tag = "2")]
    messages: Vec<PubsubMessage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PublishResponse {
    #[prost(string, repeated, tag = "1")]
    message_ids: Vec<String>,
}

/// Repeats of one request: the pauses double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// After so long the bridge gives up; what is not published is read again by the next one.
const PATIENCE: Duration = Duration::from_secs(600);
/// A request that is not answered is sent again.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A topic. Cheap to clone.
#[derive(Clone)]
pub(super) struct Publisher {
    cloud: Cloud,
    channel: Channel,
    topic: String,
    progress: Arc<Progress>,
}

impl Publisher {
    pub fn new(cloud: &Cloud, topic: &str, progress: &Arc<Progress>) -> Result<Self> {
        Ok(Self {
            cloud: cloud.clone(),
            channel: cloud.channel(Service::PubSub)?,
            topic: topic.to_owned(),
            progress: Arc::clone(progress),
        })
    }

    /// Publishes messages of one ordering key. Returns when they are durable.
    pub async fn publish(&self, messages: Vec<PubsubMessage>) -> Result<()> {
        let count = messages.len() as u64;
        let message = PublishRequest {
            topic: self.topic.clone(),
            messages,
        };
        let begun = tokio::time::Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let status = match self.once(message.clone()).await {
                Ok(()) => {
                    self.progress.messages.fetch_add(count, Ordering::Relaxed);
                    return Ok(());
                }
                Err(status) => status,
            };
            if !is_transient(status.code()) || begun.elapsed() > PATIENCE {
                return Err(Error::Publish {
                    topic: self.topic.clone(),
                    reason: format!("{:?}: {}", status.code(), status.message()),
                });
            }
            self.progress.retries.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(code = ?status.code(), "publishing failed, repeating");
            let jitter = rand::rng().random_range(0.5..=1.0);
            tokio::time::sleep(pause.mul_f64(jitter)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self, message: PublishRequest) -> Result<(), Status> {
        let headers = self
            .cloud
            .authorization()
            .await
            .map_err(|e| Status::unavailable(e.to_string()))?;
        let mut request = Request::new(message);
        *request.metadata_mut() = MetadataMap::from_headers(headers);
        let routing = format!("topic={}", self.topic.replace('/', "%2F"));
        if let Ok(routing) = routing.parse() {
            request.metadata_mut().insert("x-goog-request-params", routing);
        }
        request.set_timeout(ANSWER_WITHIN);
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.map_err(|e| Status::unavailable(e.to_string()))?;
        let path = PathAndQuery::from_static("/google.pubsub.v1.Publisher/Publish");
        let codec = ProstCodec::<PublishRequest, PublishResponse>::default();
        client.unary(request, path, codec).await.map(drop)
    }
}

/// A message may be published twice by a repeat: who reads it is prepared.
fn is_transient(code: Code) -> bool {
    match code {
        Code::Unavailable
        | Code::Aborted
        | Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Internal
        | Code::ResourceExhausted
        | Code::DataLoss
        | Code::Unknown => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => false,
    }
}
