//! Deadlines, order, backoff, dead letters, flow control.

use std::time::Duration;

use headwater_local_pubsub::wire::pubsub::{
    DeadLetterPolicy, RetryPolicy, StreamingPullRequest, StreamingPullResponse, Subscription, Topic,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::harness::{Local, SUBSCRIPTION, seconds, texts};

#[tokio::test]
async fn a_deadline_passes() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local.prepare(Subscription::default()).await;
    local.publish(&["a", "b"]).await;
    let first = local.pull(10).await;
    assert_eq!(texts(&first), ["a", "b"]);
    local.clock.advance(Duration::from_secs(9));
    assert!(local.pull(10).await.is_empty());
    local.clock.advance(Duration::from_secs(2));
    // Late, and nobody else has it: it counts.
    local.ack(&first[..1]).await.unwrap();
    let second = local.pull(10).await;
    assert_eq!(texts(&second), ["b"]);
    // Of an earlier delivery: it is passed over.
    local.ack(&first).await.unwrap();
    local.nack(&second).await;
    assert_eq!(texts(&local.pull(10).await), ["b"]);
}

#[tokio::test]
async fn keys_are_kept_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local
        .prepare(Subscription {
            enable_message_ordering: true,
            ..Subscription::default()
        })
        .await;
    local.publish(&["k:1", "k:2", "j:1", "free", "k:3"]).await;
    let got = local.pull(10).await;
    assert_eq!(texts(&got), ["1", "2", "1", "free", "3"]);
    local.publish(&["k:4", "j:2"]).await;
    assert!(local.pull(10).await.is_empty(), "both keys are with somebody");
    // The second before the first: it is held, and comes again when the first does.
    local
        .ack(&[got[1].clone(), got[2].clone(), got[3].clone()])
        .await
        .unwrap();
    assert_eq!(texts(&local.pull(10).await), ["2"], "j is free again");
    local.nack(&got[..1]).await;
    let again = local.pull(2).await;
    assert_eq!(texts(&again), ["1", "2"]);
    assert!(local.pull(10).await.is_empty(), "k is with somebody");
    local.ack(&again).await.unwrap();
    let rest = local.pull(10).await;
    assert_eq!(texts(&rest), ["3", "4"]);
    local.ack(&rest).await.unwrap();
    local.clock.advance(Duration::from_secs(11));
    assert_eq!(
        texts(&local.pull(10).await),
        ["2"],
        "what was never acknowledged, and nothing else"
    );
}

#[tokio::test]
async fn exactly_once_refuses_disorder() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local
        .prepare(Subscription {
            enable_message_ordering: true,
            enable_exactly_once_delivery: true,
            ..Subscription::default()
        })
        .await;
    local.publish(&["k:1", "k:2"]).await;
    let got = local.pull(10).await;
    let refused = local.ack(&got[1..]).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    let details = String::from_utf8_lossy(refused.details()).into_owned();
    assert!(details.contains("TRANSIENT_FAILURE_UNORDERED_ACK_ID"), "{details}");
    local.ack(&got).await.unwrap();
    // The answer was lost, the client asks again.
    local.ack(&got).await.unwrap();
}

#[tokio::test]
async fn backoff_doubles() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local
        .prepare(Subscription {
            retry_policy: Some(RetryPolicy {
                minimum_backoff: seconds(10),
                maximum_backoff: seconds(30),
            }),
            ..Subscription::default()
        })
        .await;
    local.publish(&["x"]).await;
    for pause in [10, 20, 30, 30] {
        let got = local.pull(1).await;
        assert_eq!(texts(&got), ["x"]);
        local.nack(&got).await;
        local.clock.advance(Duration::from_secs(pause - 1));
        assert!(local.pull(1).await.is_empty(), "after {} s", pause - 1);
        local.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn the_dead_are_moved() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    let morgue = Topic {
        name: "projects/p/topics/morgue".into(),
        ..Topic::default()
    };
    local.publisher.clone().create_topic(morgue).await.unwrap();
    local
        .prepare(Subscription {
            dead_letter_policy: Some(DeadLetterPolicy {
                dead_letter_topic: "projects/p/topics/morgue".into(),
                max_delivery_attempts: 5,
            }),
            enable_message_ordering: true,
            ..Subscription::default()
        })
        .await;
    let dead = Subscription {
        name: "projects/p/subscriptions/morgue".into(),
        topic: "projects/p/topics/morgue".into(),
        ..Subscription::default()
    };
    local.subscriber.clone().create_subscription(dead).await.unwrap();
    local.publish(&["k:bad", "k:good"]).await;
    for attempt in 1..=5 {
        let got = local.pull(1).await;
        assert_eq!(
            (texts(&got), got[0].delivery_attempt),
            (vec!["bad".to_owned()], attempt)
        );
        // Nacked and expired deliveries count alike.
        if attempt % 2 == 0 {
            local.nack(&got).await;
        } else {
            local.clock.advance(Duration::from_secs(11));
        }
    }
    assert_eq!(texts(&local.pull(1).await), ["good"], "the next of the key goes on");
    let pull = headwater_local_pubsub::wire::pubsub::PullRequest {
        subscription: "projects/p/subscriptions/morgue".into(),
        max_messages: 1,
        ..Default::default()
    };
    let moved = local
        .subscriber
        .clone()
        .pull(pull)
        .await
        .unwrap()
        .into_inner()
        .received_messages;
    assert_eq!(texts(&moved), ["bad"]);
    let attributes = &moved[0].message.as_ref().unwrap().attributes;
    assert_eq!(attributes["CloudPubSubDeadLetterSourceDeliveryCount"], "5");
    assert_eq!(attributes["CloudPubSubDeadLetterSourceSubscription"], "subscription");
}

struct Stream {
    requests: mpsc::Sender<StreamingPullRequest>,
    answers: Streaming<StreamingPullResponse>,
}

impl Stream {
    async fn open(local: &Local, most: i64) -> Stream {
        let (requests, out) = mpsc::channel(8);
        let first = StreamingPullRequest {
            subscription: SUBSCRIPTION.into(),
            stream_ack_deadline_seconds: 60,
            max_outstanding_messages: most,
            ..StreamingPullRequest::default()
        };
        requests.send(first).await.unwrap();
        let answers = local.subscriber.clone().streaming_pull(ReceiverStream::new(out)).await;
        Stream {
            requests,
            answers: answers.unwrap().into_inner(),
        }
    }

    /// Messages until there are so many.
    async fn take(&mut self, count: usize) -> Vec<headwater_local_pubsub::wire::pubsub::ReceivedMessage> {
        let mut got = Vec::new();
        while got.len() < count {
            got.extend(self.answers.message().await.unwrap().unwrap().received_messages);
        }
        got
    }

    /// That nothing comes for a while.
    async fn is_silent(&mut self) {
        let silence = tokio::time::timeout(Duration::from_millis(300), self.answers.message()).await;
        assert!(silence.is_err(), "{silence:?}");
    }

    async fn ack(&self, ids: impl IntoIterator<Item = String>) {
        let request = StreamingPullRequest {
            ack_ids: ids.into_iter().collect(),
            ..StreamingPullRequest::default()
        };
        self.requests.send(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_client_gets_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local.prepare(Subscription::default()).await;
    let names: Vec<String> = (0..25).map(|i| i.to_string()).collect();
    local
        .publish(&names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    let mut stream = Stream::open(&local, 10).await;
    let first = stream.take(10).await;
    assert_eq!(first.len(), 10);
    stream.is_silent().await;
    // By the unary call or on the stream: room is room.
    local.ack(&first[..2]).await.unwrap();
    assert_eq!(stream.take(2).await.len(), 2);
    stream.ack(first[2..5].iter().map(|one| one.ack_id.clone())).await;
    assert_eq!(stream.take(3).await.len(), 3);
    stream.is_silent().await;
    // What passes its deadline makes room too, and comes again.
    local.clock.advance(Duration::from_secs(61));
    assert_eq!(stream.take(10).await.len(), 10);
}

#[tokio::test]
async fn streams_share_and_end() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local.prepare(Subscription::default()).await;
    let (mut one, mut two) = (Stream::open(&local, 3).await, Stream::open(&local, 3).await);
    local.publish(&["1", "2", "3", "4", "5", "6"]).await;
    let mut all = texts(&one.take(3).await);
    all.extend(texts(&two.take(3).await));
    all.sort();
    assert_eq!(all, ["1", "2", "3", "4", "5", "6"]);
    let request = headwater_local_pubsub::wire::pubsub::DeleteSubscriptionRequest {
        subscription: SUBSCRIPTION.into(),
    };
    local.subscriber.clone().delete_subscription(request).await.unwrap();
    assert_eq!(one.answers.message().await.unwrap_err().code(), tonic::Code::NotFound);
    local.subscribe(Subscription::default()).await.unwrap();
    let mut three = Stream::open(&local, 3).await;
    local.publish(&["new"]).await;
    assert_eq!(
        texts(&three.take(1).await),
        ["new"],
        "a new subscription of the name has nothing of the old one"
    );
    local.pubsub.shutdown().await;
    assert_eq!(
        three.answers.message().await.unwrap_err().code(),
        tonic::Code::Unavailable
    );
}
