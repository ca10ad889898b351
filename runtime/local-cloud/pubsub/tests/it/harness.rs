//! A Pub/Sub on a port of its own, with a clock that a test moves and tables in memory.

use std::collections::HashMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headwater_local_pubsub::wire::pubsub::publisher_client::PublisherClient;
use headwater_local_pubsub::wire::pubsub::schema_service_client::SchemaServiceClient;
use headwater_local_pubsub::wire::pubsub::subscriber_client::SubscriberClient;
use headwater_local_pubsub::wire::pubsub::{
    AcknowledgeRequest, ModifyAckDeadlineRequest, PublishRequest, PubsubMessage, PullRequest, ReceivedMessage,
    Subscription, Topic,
};
use headwater_local_pubsub::{Clock, Column, Later, Options, PubSub, Row, Tables};
use tokio::sync::Notify;
use tonic::Status;
use tonic::transport::Channel;

pub const TOPIC: &str = "projects/p/topics/topic";
pub const SUBSCRIPTION: &str = "projects/p/subscriptions/subscription";

/// Time, plus what a test adds to it.
#[derive(Default)]
pub struct Hand {
    ahead: AtomicI64,
    moved: Notify,
}

impl Hand {
    pub fn advance(&self, by: Duration) {
        self.ahead
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
        self.moved.notify_waiters();
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::microseconds(self.ahead.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, when: DateTime<Utc>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let moved = self.moved.notified();
            let left = (when - self.now()).to_std().unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = moved => {}
            }
        })
    }
}

/// A table: its columns, the rows that it took. A row with a field that is no column is refused.
#[derive(Default)]
pub struct Memory(pub Mutex<HashMap<String, Table>>);

/// A table's columns and rows.
pub type Table = (Vec<Column>, Vec<Row>);

impl Memory {
    pub fn create(&self, name: &str, columns: &[(&str, &str)]) {
        let columns = columns.iter().map(|(name, kind)| Column {
            name: (*name).to_owned(),
            kind: (*kind).to_owned(),
        });
        self.0
            .lock()
            .unwrap()
            .insert(name.to_owned(), (columns.collect(), Vec::new()));
    }

    pub fn rows(&self, name: &str) -> Vec<serde_json::Value> {
        let tables = self.0.lock().unwrap();
        let rows = tables.get(name).map(|(_, rows)| rows.clone()).unwrap_or_default();
        rows.into_iter()
            .map(|row| serde_json::Value::Object(row.values))
            .collect()
    }
}

impl Tables for Memory {
    fn columns<'a>(&'a self, project: &'a str, dataset: &'a str, table: &'a str) -> Later<'a, Option<Vec<Column>>> {
        let name = format!("{project}.{dataset}.{table}");
        Box::pin(async move { Ok(self.0.lock().unwrap().get(&name).map(|(columns, _)| columns.clone())) })
    }

    fn insert<'a>(
        &'a self,
        project: &'a str,
        dataset: &'a str,
        table: &'a str,
        rows: Vec<Row>,
    ) -> Later<'a, Vec<usize>> {
        let name = format!("{project}.{dataset}.{table}");
        Box::pin(async move {
            let mut tables = self.0.lock().unwrap();
            let (columns, stored) = tables.get_mut(&name).ok_or("no such table")?;
            let mut refused = Vec::new();
            for (at, row) in rows.into_iter().enumerate() {
                if row
                    .values
                    .keys()
                    .all(|name| columns.iter().any(|column| column.name == *name))
                {
                    stored.push(row);
                } else {
                    refused.push(at);
                }
            }
            Ok(refused)
        })
    }
}

/// See the module.
pub struct Local {
    pub pubsub: PubSub,
    pub publisher: PublisherClient<Channel>,
    pub subscriber: SubscriberClient<Channel>,
    pub schemas: SchemaServiceClient<Channel>,
    pub clock: Arc<Hand>,
    pub tables: Arc<Memory>,
    server: tokio::task::AbortHandle,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Local {
    pub async fn start(dir: &Path) -> Local {
        drop(rustls::crypto::ring::default_provider().install_default());
        let (clock, tables) = (Arc::new(Hand::default()), Arc::new(Memory::default()));
        // The connections of one that was shut down may still hold the file for a moment.
        let begun = std::time::Instant::now();
        let pubsub = loop {
            let options = Options {
                data_dir: dir.to_owned(),
                clock: clock.clone(),
                tables: tables.clone(),
            };
            match PubSub::open(options) {
                Ok(pubsub) => break pubsub,
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = pubsub.grpc();
        let server = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        Local {
            pubsub,
            publisher: PublisherClient::new(channel.clone()),
            subscriber: SubscriberClient::new(channel.clone()),
            schemas: SchemaServiceClient::new(channel),
            clock,
            tables,
            server,
        }
    }

    /// [`TOPIC`] and [`SUBSCRIPTION`], the latter with settings.
    pub async fn prepare(&self, settings: Subscription) {
        let topic = Topic {
            name: TOPIC.into(),
            ..Topic::default()
        };
        self.publisher.clone().create_topic(topic).await.unwrap();
        self.subscribe(settings).await.unwrap();
    }

    pub async fn subscribe(&self, settings: Subscription) -> Result<Subscription, Status> {
        let subscription = Subscription {
            name: SUBSCRIPTION.into(),
            topic: TOPIC.into(),
            ..settings
        };
        let made = self.subscriber.clone().create_subscription(subscription).await;
        made.map(tonic::Response::into_inner)
    }

    /// Publishes to [`TOPIC`]: `key:text` with an ordering key, `text` without.
    pub async fn publish(&self, texts: &[&str]) -> Vec<String> {
        let messages = texts.iter().map(|text| {
            let (key, data) = text.split_once(':').unwrap_or(("", text));
            message(data, key)
        });
        self.publish_all(messages.collect()).await.unwrap()
    }

    pub async fn publish_all(&self, messages: Vec<PubsubMessage>) -> Result<Vec<String>, Status> {
        let request = PublishRequest {
            topic: TOPIC.into(),
            messages,
        };
        let answer = self.publisher.clone().publish(request).await?;
        Ok(answer.into_inner().message_ids)
    }

    /// What can be pulled at once from [`SUBSCRIPTION`].
    pub async fn pull(&self, most: i32) -> Vec<ReceivedMessage> {
        #[allow(deprecated)]
        let request = PullRequest {
            subscription: SUBSCRIPTION.into(),
            return_immediately: true,
            max_messages: most,
        };
        let answer = self.subscriber.clone().pull(request).await.unwrap();
        answer.into_inner().received_messages
    }

    pub async fn ack(&self, messages: &[ReceivedMessage]) -> Result<(), Status> {
        let request = AcknowledgeRequest {
            subscription: SUBSCRIPTION.into(),
            ack_ids: messages.iter().map(|message| message.ack_id.clone()).collect(),
        };
        self.subscriber.clone().acknowledge(request).await.map(|_| ())
    }

    pub async fn nack(&self, messages: &[ReceivedMessage]) {
        let request = ModifyAckDeadlineRequest {
            subscription: SUBSCRIPTION.into(),
            ack_ids: messages.iter().map(|message| message.ack_id.clone()).collect(),
            ack_deadline_seconds: 0,
        };
        self.subscriber.clone().modify_ack_deadline(request).await.unwrap();
    }
}

pub fn message(data: &str, ordering_key: &str) -> PubsubMessage {
    PubsubMessage {
        data: data.to_owned().into(),
        ordering_key: ordering_key.to_owned(),
        ..PubsubMessage::default()
    }
}

pub fn texts(messages: &[ReceivedMessage]) -> Vec<String> {
    let data = messages.iter().map(|one| one.message.clone().unwrap_or_default().data);
    data.map(|data| String::from_utf8(data.to_vec()).unwrap()).collect()
}

pub fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// Waits until something is so.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
