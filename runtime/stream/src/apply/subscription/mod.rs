//! A subscription over gRPC: streaming pulls, acknowledgements, deadlines.
//!
//! Google's own client is not used here: it makes maps and texts of everything that goes with a message, which costs more than
//! all that the applier does with one.

pub(crate) mod leases;
pub(crate) mod wire;

use std::time::Duration;

use bytes::Bytes;
use headwater_cloud::{Cloud, Service};
use http::uri::PathAndQuery;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use self::wire::{AcknowledgeRequest, ModifyAckDeadlineRequest, StreamingPullRequest, StreamingPullResponse};
use crate::errors::Result;

/// Pub/Sub ends a stream on which the client is silent for longer than about 90 seconds.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// How long a unary call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers are at most about 10 MB.
const ANSWER_BYTES: usize = 32 << 20;

/// How much of a subscription may be with somebody at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub messages: i64,
    pub bytes: i64,
}

/// A subscription, on a connection of its own.
#[derive(Clone)]
pub(crate) struct Subscription {
    cloud: Cloud,
    channel: Channel,
    name: String,
    /// The same whenever a stream is opened again, so that Pub/Sub knows it.
    client: String,
}

/// A streaming pull; it is closed when this is dropped.
pub(crate) struct Pull {
    answers: Streaming<StreamingPullResponse>,
    requests: Requests,
}

/// The client's side of a stream: the task that gives signs of life.
struct Requests(JoinHandle<()>);

impl Drop for Requests {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Pull {
    pub async fn next(&mut self) -> Result<Option<StreamingPullResponse>, Status> {
        self.answers.message().await
    }

    /// Asks for no more; what is on its way can still be read.
    pub fn close(&mut self) {
        self.requests.0.abort();
    }
}

impl Subscription {
    pub fn open(cloud: &Cloud, name: &str) -> Result<Self> {
        Ok(Self {
            cloud: cloud.clone(),
            channel: cloud.channel(Service::PubSub)?,
            name: name.to_owned(),
            client: format!("headwater-{:016x}", rand::random::<u64>()),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a streaming pull whose messages stay with us for `deadline` unless it is extended.
    pub async fn pull(&self, limits: Limits, deadline: Duration) -> Result<Pull, Status> {
        let first = StreamingPullRequest {
            subscription: self.name.clone(),
            stream_ack_deadline_seconds: i32::try_from(deadline.as_secs()).unwrap_or(i32::MAX),
            client_id: self.client.clone(),
            max_outstanding_messages: limits.messages,
            max_outstanding_bytes: limits.bytes,
        };
        let (requests, queue) = mpsc::channel(1);
        // Signs of life from the beginning: the first answer may come only with the first message.
        let requests = Requests(tokio::spawn(async move {
            let mut next = first;
            while requests.send(std::mem::take(&mut next)).await.is_ok() {
                tokio::time::sleep(SIGN_OF_LIFE).await;
            }
        }));
        let mut client = self.client().await?.max_decoding_message_size(ANSWER_BYTES);
        let request = self.signed(ReceiverStream::new(queue)).await?;
        let codec = ProstCodec::<StreamingPullRequest, StreamingPullResponse>::default();
        let path = PathAndQuery::from_static("/google.pubsub.v1.Subscriber/StreamingPull");
        let answers = client.streaming(request, path, codec).await?.into_inner();
        Ok(Pull { answers, requests })
    }

    pub async fn acknowledge(&self, ack_ids: Vec<Bytes>) -> Result<(), Status> {
        let request = AcknowledgeRequest {
            subscription: self.name.clone(),
            ack_ids,
        };
        let path = PathAndQuery::from_static("/google.pubsub.v1.Subscriber/Acknowledge");
        self.call(path, request).await
    }

    /// Keeps messages for so long from now on; zero gives them back.
    pub async fn extend(&self, ack_ids: Vec<Bytes>, by: Duration) -> Result<(), Status> {
        let request = ModifyAckDeadlineRequest {
            subscription: self.name.clone(),
            ack_deadline_seconds: i32::try_from(by.as_secs()).unwrap_or(i32::MAX),
            ack_ids,
        };
        let path = PathAndQuery::from_static("/google.pubsub.v1.Subscriber/ModifyAckDeadline");
        self.call(path, request).await
    }

    /// A call whose answer is empty.
    async fn call<R: prost::Message + 'static>(&self, path: PathAndQuery, message: R) -> Result<(), Status> {
        let mut request = self.signed(message).await?;
        request.set_timeout(PATIENCE);
        let codec = ProstCodec::<R, ()>::default();
        self.client().await?.unary(request, path, codec).await.map(drop)
    }

    async fn client(&self) -> Result<Grpc<Channel>, Status> {
        let mut client = Grpc::new(self.channel.clone());
        client
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(client)
    }

    async fn signed<T>(&self, message: T) -> Result<Request<T>, Status> {
        let headers = self.cloud.authorization().await.map_err(|error| {
            if error.kind().is_transient() {
                Status::unavailable(error.to_string())
            } else {
                Status::permission_denied(error.to_string())
            }
        })?;
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        *metadata = MetadataMap::from_headers(headers);
        let routing = format!("subscription={}", self.name.replace('/', "%2F"));
        if let Ok(routing) = routing.parse() {
            metadata.insert("x-goog-request-params", routing);
        }
        Ok(request)
    }
}

/// Whether nothing but a person's work will mend it.
pub(crate) fn is_refusal(code: Code) -> bool {
    match code {
        Code::NotFound | Code::PermissionDenied | Code::InvalidArgument | Code::Unimplemented => true,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        // A token that ran out; the next request brings another.
        | Code::Unauthenticated => false,
    }
}
