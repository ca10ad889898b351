//! What is stored of each resource, and under which key.

use prost::Message;

use crate::wire::iam::Policy;
use crate::wire::pubsub::{Schema, Snapshot, Subscription, Topic};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TopicRecord {
    #[prost(message, required, tag = "1")]
    pub(crate) topic: Topic,
    #[prost(uint64, tag = "2")]
    pub(crate) log: u64,
}

/// A log outlives its topic as long as a subscription or snapshot needs it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct LogRecord {
    #[prost(uint64, tag = "1")]
    pub(crate) next: u64,
    /// When the last message was published, in micros.
    #[prost(int64, tag = "2")]
    pub(crate) last: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SubscriptionRecord {
    #[prost(message, required, tag = "1")]
    pub(crate) subscription: Subscription,
    #[prost(uint64, tag = "2")]
    pub(crate) log: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) cursor: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SnapshotRecord {
    #[prost(message, required, tag = "1")]
    pub(crate) snapshot: Snapshot,
    #[prost(uint64, tag = "2")]
    pub(crate) log: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) cursor: u64,
    #[prost(uint64, tag = "4")]
    pub(crate) low: u64,
}

/// A schema with its revisions, the oldest first.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SchemaRecord {
    #[prost(message, repeated, tag = "1")]
    pub(crate) revisions: Vec<Schema>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PolicyRecord {
    #[prost(message, required, tag = "1")]
    pub(crate) policy: Policy,
}

/// Records of resources lie under their names, which say what they are.
pub(crate) fn key(name: &str) -> String {
    format!("resource/{name}")
}

/// Where the policy of a resource lies.
pub(crate) fn policy_key(name: &str) -> String {
    format!("policy/{name}")
}

pub(crate) const LOGS: &str = "log/";

pub(crate) fn log_key(log: u64) -> String {
    format!("{LOGS}{log:020}")
}
