//! Undisturbed: every change of the chosen entities arrives once, in order for each record, with what the event told.

use std::collections::{HashMap, HashSet};

use headwater_stream::bridge::Error;
use serde_json::json;

use crate::world::{LEASE, World, differences, fold, key, keys};

const ENTITIES: &[&str] = &["Account", "Contact", "Case"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_org_tells_is_in_the_topic() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |_| {});
    let mut rows = world.rows(&spec).await;
    let bridge = world.started(&spec).await;
    world
        .churn(json!({ "inserts": 60, "updates": 400, "deletes": 30, "undeletes": 12, "alike": 25, "seed": 1 }))
        .await;
    world
        .churn(json!({ "updates": 40, "deletes": 5, "ties": true, "seed": 2 }))
        .await;
    let events = world.events(&spec).await;
    let expected = keys(&events, ENTITIES);
    let changes = world.changes(|all| all.len() >= expected.len()).await;
    assert_eq!(changes.iter().map(key).collect::<HashSet<_>>(), expected);
    assert_eq!(changes.len(), expected.len(), "each came once");
    let mut last: HashMap<&str, (i64, i64)> = HashMap::new();
    for change in &changes {
        let at = (change.commit_number, change.sequence_number);
        let before = last.insert(&change.record_id, at);
        assert!(
            before.is_none_or(|before| before < at),
            "a record's changes are in order"
        );
    }
    fold(&mut rows, &changes);
    assert_eq!(differences(&rows, &world.rows(&spec).await), Vec::<String>::new());
    assert!(bridge.progress.durable_age().is_some());
    bridge.stop().await.expect("a clean end");
    let position = world.position().await.expect("a position");
    assert_eq!(position["holder"], json!(null), "it is given back");
    // The next one goes on behind it.
    world
        .churn(json!({ "updates": 20, "objects": ["Account"], "seed": 3 }))
        .await;
    let bridge = world.started(&spec).await;
    let more = world.changes(|all| all.len() >= 20).await;
    assert_eq!(more.len(), 20);
    assert!(more.iter().all(|change| !expected.contains(&key(change))));
    bridge.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_entity_may_have_its_own_channel() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |spec| {
        spec["cdc_stream"]["source"]["salesforce"]["channel"] = json!(null);
    });
    let bridge = world.started(&spec).await;
    while world
        .position()
        .await
        .is_none_or(|p| p["feeds"].as_object().is_none_or(|f| f.len() < 3))
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    world.churn(json!({ "updates": 300, "seed": 1 })).await;
    let expected = keys(&world.events(&spec).await, ENTITIES);
    let changes = world.changes(|all| all.len() >= expected.len()).await;
    assert_eq!(changes.iter().map(key).collect::<HashSet<_>>(), expected);
    bridge.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_bridge_stands_by_and_takes_over() {
    let world = World::new(40).await;
    let spec = world.spec(&["Account"], |_| {});
    let first = world.started(&spec).await;
    let second = world.start(&spec);
    while !second.progress.is_standing_by() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let churn = |seed: u64| world.churn(json!({ "updates": 60, "objects": ["Account"], "seed": seed }));
    // Longer than a lease.
    for seed in 1..=4 {
        churn(seed).await;
        tokio::time::sleep(LEASE / 3).await;
    }
    let told = keys(&world.events(&spec).await, &["Account"]).len();
    let mut changes = world.changes(|all| all.len() >= told).await;
    assert!(second.progress.is_standing_by() && !second.task.is_finished());
    assert_eq!(second.progress.counts().events, 0);
    first.stop().await.expect("a clean end");
    churn(5).await;
    let expected = keys(&world.events(&spec).await, &["Account"]);
    changes.extend(world.changes(|all| told + all.len() >= expected.len()).await);
    assert_eq!(changes.iter().map(key).collect::<HashSet<_>>(), expected);
    assert!(!second.progress.is_standing_by());
    assert!(second.progress.counts().events > 0);
    second.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_spec_and_a_missing_topic_end_a_bridge() {
    let world = World::new(5).await;
    let foreign = world.spec(&["Account"], |spec| {
        spec["cdc_stream"]["source"] = json!({"subscription": {"format": "salesforce"}});
    });
    assert!(matches!(
        world.start(&foreign).task.await.expect("no panic"),
        Err(Error::Spec)
    ));
    let alert = world.topic("alert").await;
    let nowhere = world.spec(&["Account"], |spec| {
        spec["cdc_stream"]["transport"]["topic"] = "projects/test-project/topics/gone".into();
        spec["cdc_stream"]["alert_topic"] = alert.into();
    });
    let bridge = world.started(&nowhere).await;
    world
        .churn(json!({ "updates": 3, "objects": ["Account"], "seed": 1 }))
        .await;
    let ended = bridge.task.await.expect("no panic");
    assert!(
        matches!(&ended, Err(Error::Publish { topic, .. }) if topic.ends_with("/gone")),
        "{ended:?}"
    );
    let told = world.notices("alert").await;
    let told: Vec<_> = told
        .iter()
        .map(|alert| (&alert["event"], &alert["details"]["part"]))
        .collect();
    assert_eq!(told, [(&json!("failed"), &json!("bridge"))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_goes_before_the_stream_without_gap_or_overlap() {
    let world = World::new(80).await;
    world.control("churn", json!({ "updates": 30, "seed": 1 })).await;
    let spec = world.spec(ENTITIES, |spec| {
        spec["cdc_stream"]["source"]["salesforce"]["initial_snapshot"] = true.into();
    });
    let bridge = world.start(&spec);
    let mut seed = 10;
    let done = async || {
        world
            .position()
            .await
            .is_some_and(|p| p["snapshot"]["done"].as_object().is_some_and(|d| d.len() == 3))
    };
    while !done().await {
        assert!(!bridge.task.is_finished(), "the bridge ended");
        seed += 1;
        world
            .churn(json!({ "inserts": 2, "updates": 9, "deletes": 1, "undeletes": 1, "seed": seed }))
            .await;
    }
    world.churn(json!({ "updates": 50, "seed": 2 })).await;
    let truth = world.rows(&spec).await;
    let events = world.events(&spec).await;
    let last = events
        .iter()
        .rev()
        .find(|e| ENTITIES.contains(&e.entity.as_str()))
        .expect("an event")
        .commit_number;
    let changes = world.changes(|all| all.iter().any(|c| c.commit_number == last)).await;
    let mut rows = Default::default();
    fold(&mut rows, &changes);
    assert_eq!(differences(&rows, &truth), Vec::<String>::new());
    bridge.stop().await.expect("a clean end");
}
