//! How far a subscription is behind, whatever has become of its messages.

use std::time::Duration;

use headwater_local_pubsub::wire::pubsub::seek_request::Target;
use headwater_local_pubsub::wire::pubsub::{DetachSubscriptionRequest, PubsubMessage, SeekRequest, Subscription};

use crate::harness::{Local, SUBSCRIPTION, message, seconds};

/// Messages that are not acknowledged, and the whole seconds of the oldest one's age.
fn measured(local: &Local) -> (u64, u64) {
    let all = local.pubsub.measure().unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].subscription, SUBSCRIPTION);
    (all[0].undelivered, all[0].oldest_age.as_secs())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_acknowledged_counts_and_ages() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    assert_eq!(local.pubsub.measure().unwrap(), []);
    local
        .prepare(Subscription {
            message_retention_duration: seconds(600),
            ..Subscription::default()
        })
        .await;
    assert_eq!(measured(&local), (0, 0));
    local.publish(&["1", "2"]).await;
    local.clock.advance(Duration::from_secs(300));
    local.publish(&["3"]).await;
    let (undelivered, age) = measured(&local);
    assert!(undelivered == 3 && age >= 300, "{undelivered} {age}");

    let got = local.pull(10).await;
    assert_eq!(measured(&local).0, 3, "what is with somebody is not acknowledged");
    local.ack(&got[1..]).await.unwrap();
    let (undelivered, age) = measured(&local);
    assert!(
        undelivered == 1 && age >= 300,
        "the oldest is left: {undelivered} {age}"
    );
    local.ack(&got[..1]).await.unwrap();
    assert_eq!(measured(&local), (0, 0));

    local.publish(&["4"]).await;
    local.clock.advance(Duration::from_secs(500));
    local.publish(&["5", "6"]).await;
    local.clock.advance(Duration::from_secs(200));
    let (undelivered, age) = measured(&local);
    assert!(
        undelivered == 2 && (200..600).contains(&age),
        "one is past its retention: {undelivered} {age}"
    );

    let detach = DetachSubscriptionRequest {
        subscription: SUBSCRIPTION.into(),
    };
    local.publisher.clone().detach_subscription(detach).await.unwrap();
    assert_eq!(local.pubsub.measure().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_refuses_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local
        .prepare(Subscription {
            filter: "attributes.keep = \"yes\"".to_owned(),
            retain_acked_messages: true,
            ..Subscription::default()
        })
        .await;
    let sent = |keep: &str| PubsubMessage {
        attributes: [("keep".to_owned(), keep.to_owned())].into(),
        ..message("text", "")
    };
    local.publish_all(vec![sent("no"), sent("no")]).await.unwrap();
    local.clock.advance(Duration::from_secs(100));
    assert_eq!(measured(&local), (0, 0));
    local
        .publish_all(vec![sent("yes"), sent("no"), sent("yes"), sent("no")])
        .await
        .unwrap();
    let (undelivered, age) = measured(&local);
    assert!(undelivered == 2 && age < 60, "{undelivered} {age}");

    let got = local.pull(10).await;
    assert_eq!(got.len(), 2, "what was measured is delivered all the same");
    local.ack(&got).await.unwrap();
    assert_eq!(measured(&local), (0, 0));
    let request = SeekRequest {
        subscription: SUBSCRIPTION.into(),
        target: Some(Target::Time(prost_types::Timestamp { seconds: 0, nanos: 0 })),
    };
    local.subscriber.clone().seek(request).await.unwrap();
    let (undelivered, age) = measured(&local);
    assert!(undelivered == 2 && age < 60, "after a seek: {undelivered} {age}");
    assert_eq!(local.pull(10).await.len(), 2);
}
