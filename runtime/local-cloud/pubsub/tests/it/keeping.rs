//! What is kept: over restarts, for as long as it is asked for, and no longer.

use std::path::Path;
use std::time::Duration;

use headwater_local_pubsub::wire::pubsub::seek_request::Target;
use headwater_local_pubsub::wire::pubsub::{
    CreateSnapshotRequest, GetSnapshotRequest, GetSubscriptionRequest, SeekRequest, Subscription, UpdateTopicRequest,
};
use headwater_local_pubsub::wire::pubsub::{PubsubMessage, Topic};

use crate::harness::{Local, SUBSCRIPTION, TOPIC, message, seconds, texts};

const SNAPSHOT: &str = "projects/p/snapshots/snapshot";

async fn seek(local: &Local, target: Target) {
    let request = SeekRequest {
        subscription: SUBSCRIPTION.into(),
        target: Some(target),
    };
    local.subscriber.clone().seek(request).await.unwrap();
}

fn time_ago(local: &Local, seconds: i64) -> Target {
    use headwater_local_pubsub::Clock;
    let now = local.clock.now().timestamp();
    Target::Time(prost_types::Timestamp {
        seconds: now - seconds,
        nanos: 0,
    })
}

async fn restarted(local: Local, dir: &Path) -> Local {
    local.pubsub.shutdown().await;
    drop(local);
    Local::start(dir).await
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    let filter = "attributes.keep = \"yes\"".to_owned();
    local
        .prepare(Subscription {
            filter,
            retain_acked_messages: true,
            ..Subscription::default()
        })
        .await;
    let sent = |name: &str, keep: &str| PubsubMessage {
        attributes: [("keep".to_owned(), keep.to_owned())].into(),
        ..message(name, "")
    };
    let messages = vec![sent("1", "yes"), sent("2", "no"), sent("3", "yes"), sent("4", "yes")];
    local.publish_all(messages).await.unwrap();
    let got = local.pull(10).await;
    assert_eq!(texts(&got), ["1", "3", "4"]);
    local.ack(&got[1..2]).await.unwrap();
    let request = CreateSnapshotRequest {
        name: SNAPSHOT.into(),
        subscription: SUBSCRIPTION.into(),
        ..CreateSnapshotRequest::default()
    };
    local.subscriber.clone().create_snapshot(request).await.unwrap();
    local.ack(&got[..1]).await.unwrap();

    let local = restarted(local, dir.path()).await;
    // An ack id of the earlier life is no good, and no error.
    local.ack(&got[2..]).await.unwrap();
    let got = local.pull(10).await;
    assert_eq!(texts(&got), ["4"]);
    local.ack(&got).await.unwrap();
    let ids = local.publish_all(vec![sent("5", "yes")]).await.unwrap();
    assert!(ids[0].ends_with('5'), "ids go on rising: {ids:?}");

    let local = restarted(local, dir.path()).await;
    assert_eq!(texts(&local.pull(10).await), ["5"]);
    seek(&local, Target::Snapshot(SNAPSHOT.into())).await;
    assert_eq!(texts(&local.pull(10).await), ["1", "4", "5"]);
    let shown = GetSubscriptionRequest {
        subscription: SUBSCRIPTION.into(),
    };
    let shown = local
        .subscriber
        .clone()
        .get_subscription(shown)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((shown.topic.as_str(), shown.retain_acked_messages), (TOPIC, true));
    local.pubsub.reset().await.unwrap();
    let request = GetSnapshotRequest {
        snapshot: SNAPSHOT.into(),
    };
    let gone = local.subscriber.clone().get_snapshot(request).await.unwrap_err();
    assert_eq!(gone.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn time_comes_back_as_far_as_it_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local.prepare(Subscription::default()).await;
    for name in ["1", "2"] {
        local.publish(&[name]).await;
        local.clock.advance(Duration::from_secs(3600));
    }
    let got = local.pull(10).await;
    local.ack(&got[..1]).await.unwrap();
    // Nobody keeps what is acknowledged: only what is not comes back.
    seek(&local, time_ago(&local, 86_400)).await;
    let got = local.pull(10).await;
    assert_eq!(texts(&got), ["2"]);
    local.ack(&got).await.unwrap();

    let topic = Topic {
        name: TOPIC.into(),
        message_retention_duration: seconds(86_400),
        ..Topic::default()
    };
    let request = UpdateTopicRequest {
        topic: Some(topic),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["message_retention_duration".into()],
        }),
    };
    local.publisher.clone().update_topic(request).await.unwrap();
    seek(&local, time_ago(&local, 2 * 86_400)).await;
    let got = local.pull(10).await;
    assert_eq!(texts(&got), ["1", "2"], "the topic keeps them now");
    local.ack(&got).await.unwrap();
    seek(&local, time_ago(&local, 2 * 3600 - 60)).await;
    assert_eq!(texts(&local.pull(10).await), ["2"]);
    seek(&local, time_ago(&local, -60)).await;
    assert!(
        local.pull(10).await.is_empty(),
        "what was published before a time to come is done with"
    );
}

#[tokio::test]
async fn what_is_too_old_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local
        .prepare(Subscription {
            message_retention_duration: seconds(600),
            ..Subscription::default()
        })
        .await;
    local.publish(&["old"]).await;
    local.clock.advance(Duration::from_secs(590));
    local.publish(&["new"]).await;
    local.clock.advance(Duration::from_secs(20));
    assert_eq!(texts(&local.pull(10).await), ["new"]);
}
