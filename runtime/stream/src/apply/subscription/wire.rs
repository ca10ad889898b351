//! The messages of Pub/Sub that the applier uses, by the field numbers of
//! <https://github.com/googleapis/googleapis/blob/master/google/pubsub/v1/pubsub.proto>. What is only passed on is bytes: slices
//! of what came, not copies.

use std::collections::HashMap;

use bytes::Bytes;
use prost::Message;
use prost_types::Timestamp;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingPullRequest {
    #[prost(string, tag = "1")]
    pub subscription: String,
    #[prost(int32, tag = "5")]
    pub stream_ack_deadline_seconds: i32,
    #[prost(string, tag = "6")]
    pub client_id: String,
    #[prost(int64, tag = "7")]
    pub max_outstanding_messages: i64,
    #[prost(int64, tag = "8")]
    pub max_outstanding_bytes: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingPullResponse {
    #[prost(message, repeated, tag = "1")]
    pub received_messages: Vec<ReceivedMessage>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReceivedMessage {
    /// Text in the protocol.
    #[prost(bytes = "bytes", tag = "1")]
    pub ack_id: Bytes,
    /// A [`PubsubMessage`].
    #[prost(bytes = "bytes", tag = "2")]
    pub message: Bytes,
}

/// What a message says, without what goes with it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Content {
    #[prost(bytes = "bytes", tag = "1")]
    pub data: Bytes,
    #[prost(message, optional, tag = "4")]
    pub publish_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PubsubMessage {
    #[prost(bytes = "bytes", tag = "1")]
    pub data: Bytes,
    #[prost(map = "string, string", tag = "2")]
    pub attributes: HashMap<String, String>,
    #[prost(string, tag = "3")]
    pub message_id: String,
    #[prost(message, optional, tag = "4")]
    pub publish_time: Option<Timestamp>,
    #[prost(string, tag = "5")]
    pub ordering_key: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AcknowledgeRequest {
    #[prost(string, tag = "1")]
    pub subscription: String,
    /// Texts in the protocol.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub ack_ids: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ModifyAckDeadlineRequest {
    #[prost(string, tag = "1")]
    pub subscription: String,
    #[prost(int32, tag = "3")]
    pub ack_deadline_seconds: i32,
    /// Texts in the protocol.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub ack_ids: Vec<Bytes>,
}
