//! What events do not tell is read from the org, at its place in the order, and recorded.

use std::time::Duration;

use headwater_stream::{ChangeMessage, ChangeType};
use serde_json::{Value, json};

use crate::world::{Rows, World, differences, fold};

const ENTITIES: &[&str] = &["Account", "Contact", "Lead"];

/// Pulls until the changes put together are the org's state.
async fn until_equal(world: &World, spec: &headwater_spec::PipelineSpec, before: &Rows) -> Vec<ChangeMessage> {
    let truth = world.rows(spec).await;
    let equal = |all: &[ChangeMessage]| {
        let mut rows = before.clone();
        fold(&mut rows, all);
        differences(&rows, &truth).is_empty()
    };
    let mut changes = vec![];
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(40) {
        changes.extend(world.changes(|all| !all.is_empty()).await);
        if equal(&changes) {
            break;
        }
    }
    let mut rows = before.clone();
    fold(&mut rows, &changes);
    assert_eq!(differences(&rows, &truth), Vec::<String>::new());
    changes
}

fn kinds(repairs: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = repairs.iter().filter_map(|r| r["kind"].as_str()).collect();
    kinds.dedup();
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_are_read_again() {
    let world = World::new(60).await;
    let status = world.topic("status").await;
    let spec = world.spec(ENTITIES, |spec| spec["cdc_stream"]["status_topic"] = status.into());
    let before = world.rows(&spec).await;
    let bridge = world.started(&spec).await;
    world.control("events", json!({ "gaps": 60 })).await;
    world
        .churn(json!({ "inserts": 20, "updates": 60, "deletes": 8, "undeletes": 4, "objects": ENTITIES, "seed": 1 }))
        .await;
    world
        .churn(json!({ "updates": 30, "objects": ENTITIES, "seed": 2 }))
        .await;
    let changes = until_equal(&world, &spec, &before).await;
    assert!(changes.iter().any(|c| c.change_type == ChangeType::Snapshot));
    assert!(changes.iter().all(|c| !c.change_type.is_gap()));
    let repairs = world.repairs().await;
    assert_eq!(kinds(&repairs), ["gap"]);
    assert!(repairs[0]["read"].as_object().is_some_and(|r| !r.is_empty()));
    bridge.stop().await.expect("a clean end");
    let told: Vec<Value> = world.notices("status").await;
    assert_eq!(told.len(), repairs.len());
    for notice in &told {
        assert_eq!(
            (&notice["event"], &notice["pipeline"]),
            (&json!("repaired"), &json!("crm"))
        );
        assert!(repairs.contains(&notice["details"]), "{notice}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overflow_reads_what_changed_since() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |_| {});
    let before = world.rows(&spec).await;
    let bridge = world.started(&spec).await;
    // What the overflow did not tell.
    world.control("cdc", json!({ "disable": ["Account"] })).await;
    world
        .churn(json!({ "inserts": 15, "updates": 80, "deletes": 6, "objects": ["Account"], "seed": 1 }))
        .await;
    world.control("cdc", json!({ "enable": ["Account"] })).await;
    world.control("events", json!({ "overflow": "Account" })).await;
    world
        .churn(json!({ "updates": 40, "objects": ["Account"], "seed": 2 }))
        .await;
    until_equal(&world, &spec, &before).await;
    let repairs = world.repairs().await;
    assert_eq!(kinds(&repairs), ["overflow"]);
    assert!(repairs[0]["since"].is_string() && repairs[0]["read"]["Account"].as_u64().is_some_and(|n| n > 40));
    bridge.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_that_is_not_kept_any_more_is_repaired() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |_| {});
    let before = world.rows(&spec).await;
    let bridge = world.started(&spec).await;
    world
        .churn(json!({ "updates": 30, "objects": ENTITIES, "seed": 1 }))
        .await;
    let mut changes = until_equal(&world, &spec, &before).await;
    bridge.stop().await.expect("a clean end");
    world
        .churn(json!({ "inserts": 20, "updates": 90, "deletes": 9, "undeletes": 2, "objects": ENTITIES, "seed": 2 }))
        .await;
    world.control("events", json!({ "expire": true })).await;
    world
        .churn(json!({ "inserts": 5, "updates": 60, "deletes": 3, "objects": ENTITIES, "seed": 3 }))
        .await;
    let bridge = world.start(&spec);
    let mut rows = before.clone();
    fold(&mut rows, &changes);
    let durable = changes.iter().map(|c| c.commit_number).max();
    changes = until_equal(&world, &spec, &rows).await;
    let repairs = world.repairs().await;
    assert_eq!(kinds(&repairs), ["expired"]);
    let mut again = changes
        .iter()
        .filter(|c| c.change_type == ChangeType::Snapshot)
        .peekable();
    assert!(again.peek().is_some(), "nothing was read again");
    // What is read again stands behind all that is lost and before every event that was kept.
    let oldest = world.events(&spec).await.iter().map(|e| e.commit_number).min();
    assert!(again.all(|c| Some(c.commit_number) < oldest && Some(c.commit_number) > durable));
    // It is repaired once, and the stream goes on.
    bridge.stop().await.expect("a clean end");
    let bridge = world.start(&spec);
    world
        .churn(json!({ "updates": 10, "objects": ["Account"], "seed": 4 }))
        .await;
    fold(&mut rows, &changes);
    let more = until_equal(&world, &spec, &rows).await;
    assert!(more.iter().all(|c| c.change_type != ChangeType::Snapshot));
    assert_eq!(world.repairs().await.len(), repairs.len());
    bridge.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_on_both_sides_costs_nothing() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |_| {});
    let before = world.rows(&spec).await;
    let bridge = world.started(&spec).await;
    let subscribe = "/eventbus.v1.PubSub/Subscribe";
    for (seed, kind) in ["503", "expired_session", "resource_exhausted", "500"]
        .into_iter()
        .enumerate()
    {
        world
            .control("faults", json!({ "kind": kind, "match": subscribe }))
            .await;
        world.control("events", json!({ "disconnect": true })).await;
        let publish = "/google.pubsub.v1.Publisher/Publish";
        let script = json!([
            { "path_prefix": publish, "times": 3, "action": { "status": 503 } },
            { "path_prefix": publish, "nth": 9, "times": 3, "action": "apply_then_drop" },
        ]);
        let sent = world
            .http
            .post(format!("{}/_control/faults", world.base_url))
            .json(&script)
            .send()
            .await;
        assert_eq!(sent.expect("an answer").status(), 200);
        world
            .churn(json!({ "inserts": 5, "updates": 60, "deletes": 2, "objects": ENTITIES, "seed": seed }))
            .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until_equal(&world, &spec, &before).await;
    let report = world.control("faults", json!([])).await;
    assert_eq!(report["all_consumed"], true, "{report}");
    bridge.stop().await.expect("a clean end");
}
