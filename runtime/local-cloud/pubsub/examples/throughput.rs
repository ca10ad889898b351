//! Measures a Pub/Sub over the wire: messages published in batches and consumed by one StreamingPull.
//!
//! `cargo run --release -p headwater-local-pubsub --example throughput [MESSAGES] [BATCH] [BYTES]`

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use headwater_local_pubsub::wire::pubsub::publisher_client::PublisherClient;
use headwater_local_pubsub::wire::pubsub::subscriber_client::SubscriberClient;
use headwater_local_pubsub::wire::pubsub::{
    AcknowledgeRequest, PublishRequest, PubsubMessage, StreamingPullRequest, Subscription, Topic,
};
use headwater_local_pubsub::{Clock, Column, Later, Options, PubSub, Row, Tables};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

const TOPIC: &str = "projects/p/topics/topic";
const SUBSCRIPTION: &str = "projects/p/subscriptions/subscription";
const PUBLISHERS: usize = 4;

struct Now;

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep_until(&self, when: DateTime<Utc>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep((when - Utc::now()).to_std().unwrap_or_default()))
    }
}

struct NoTables;

impl Tables for NoTables {
    fn columns<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Later<'a, Option<Vec<Column>>> {
        Box::pin(async { Ok(None) })
    }

    fn insert<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: Vec<Row>) -> Later<'a, Vec<usize>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut args = std::env::args().skip(1);
    let mut next = |default: usize| args.next().map_or(Ok(default), |text| text.parse());
    let (messages, batch, bytes) = (next(200_000)?, next(1000)?, next(500)?);
    let dir = tempfile::tempdir()?;
    let pubsub = PubSub::open(Options {
        data_dir: dir.path().to_owned(),
        clock: Arc::new(Now),
        tables: Arc::new(NoTables),
    })?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = pubsub.grpc();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let channel = Channel::from_shared(url)?.connect().await?;
    let topic = Topic {
        name: TOPIC.into(),
        ..Topic::default()
    };
    PublisherClient::new(channel.clone()).create_topic(topic).await?;
    let subscription = Subscription {
        name: SUBSCRIPTION.into(),
        topic: TOPIC.into(),
        ..Subscription::default()
    };
    SubscriberClient::new(channel.clone())
        .create_subscription(subscription)
        .await?;

    let since = Instant::now();
    let consumer = tokio::spawn(consume(channel.clone(), messages));
    let per_publisher = messages / PUBLISHERS;
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|_| tokio::spawn(publish(channel.clone(), per_publisher, batch, bytes)))
        .collect();
    for publisher in publishers {
        publisher.await??;
    }
    let published = since.elapsed();
    consumer.await??;
    let consumed = since.elapsed();
    let rate = |elapsed: std::time::Duration| messages as f64 / elapsed.as_secs_f64();
    println!(
        "published {messages} in {published:.2?}: {:.0} messages/s",
        rate(published)
    );
    println!(
        "consumed and acknowledged in {consumed:.2?}: {:.0} messages/s",
        rate(consumed)
    );
    println!("{}", memory());
    pubsub.shutdown().await;
    Ok(())
}

async fn publish(channel: Channel, messages: usize, batch: usize, bytes: usize) -> Result<(), Failed> {
    let mut client = PublisherClient::new(channel);
    for _ in 0..messages / batch {
        let one = PubsubMessage {
            data: vec![b'x'; bytes].into(),
            ..PubsubMessage::default()
        };
        let request = PublishRequest {
            topic: TOPIC.into(),
            messages: vec![one; batch],
        };
        client.publish(request).await?;
    }
    Ok(())
}

async fn consume(channel: Channel, messages: usize) -> Result<(), Failed> {
    let mut client = SubscriberClient::new(channel).max_decoding_message_size(32 << 20);
    let (requests, out) = tokio::sync::mpsc::channel(8);
    let first = StreamingPullRequest {
        subscription: SUBSCRIPTION.into(),
        stream_ack_deadline_seconds: 60,
        max_outstanding_messages: 10_000,
        ..StreamingPullRequest::default()
    };
    requests.send(first).await?;
    let mut answers = client.streaming_pull(ReceiverStream::new(out)).await?.into_inner();
    let mut got = 0;
    while got < messages {
        let Some(answer) = answers.message().await? else {
            return Err("the stream ended".into());
        };
        got += answer.received_messages.len();
        let request = AcknowledgeRequest {
            subscription: SUBSCRIPTION.into(),
            ack_ids: answer.received_messages.into_iter().map(|one| one.ack_id).collect(),
        };
        client.acknowledge(request).await?;
    }
    Ok(())
}

/// The process's peak of memory, where the system says.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    peak.unwrap_or("VmHWM is not known here").to_owned()
}
