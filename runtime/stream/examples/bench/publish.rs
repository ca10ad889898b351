//! Publishing the bench's events: `Publish` over gRPC, one ordering key a request.

use std::collections::HashMap;

use headwater_cloud::{Cloud, Service};
use http::uri::PathAndQuery;
use tokio::task::JoinSet;
use tonic::Request;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use crate::Failure;
use crate::events;

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Events that are sent before the next are made.
const CHUNK: u64 = 16_000;

#[derive(Clone, PartialEq, prost::Message)]
struct PubsubMessage {
    #[prost(bytes = "bytes", tag = "1")]
    data: bytes::Bytes,
    #[prost(map = "string, string", tag = "2")]
    attributes: HashMap<String, String>,
    #[prost(string, tag = "5")]
    ordering_key: String,
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

#[derive(Clone)]
pub struct Publisher {
    channel: Channel,
    topic: String,
}

impl Publisher {
    pub fn new(cloud: &Cloud, topic: &str) -> Result<Self, Failure> {
        Ok(Self {
            channel: cloud.channel(Service::PubSub)?,
            topic: topic.to_owned(),
        })
    }

    /// Publishes events of one ordering key; returns when they are durable.
    pub async fn send(&self, key: &str, numbers: &[u64]) -> Result<(), Failure> {
        let messages = numbers.iter().map(|number| {
            let message = events::message(*number);
            PubsubMessage {
                data: message.to_json().into(),
                attributes: message.attributes("bench"),
                ordering_key: key.to_owned(),
            }
        });
        let request = PublishRequest {
            topic: self.topic.clone(),
            messages: messages.collect(),
        };
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await?;
        let path = PathAndQuery::from_static("/google.pubsub.v1.Publisher/Publish");
        let codec = ProstCodec::<PublishRequest, PublishResponse>::default();
        client.unary(Request::new(request), path, codec).await?;
        Ok(())
    }

    /// Publishes events as fast as it goes.
    pub async fn fill(&self, count: u64) -> Result<(), Failure> {
        let mut first = 0;
        while first < count {
            let end = count.min(first + CHUNK);
            let mut under_way: JoinSet<Result<(), String>> = JoinSet::new();
            for (key, numbers) in events::by_key(first..end) {
                while under_way.len() >= AT_ONCE {
                    under_way.join_next().await.transpose()?.transpose()?;
                }
                let own = self.clone();
                under_way.spawn(async move { own.send(&key, &numbers).await.map_err(|error| error.to_string()) });
            }
            // The requests of one key are sent one after the other.
            while let Some(sent) = under_way.join_next().await {
                sent??;
            }
            first = end;
        }
        Ok(())
    }
}
