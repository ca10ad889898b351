//! Fields without a column, values that do not fit, messages that are none; and dead letters that are put back.

use std::time::{Duration, Instant};

use headwater_stream::apply::{Watched, prometheus, replay_dead_letters};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::{World, change, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_field_gets_a_column() {
    let world = World::new().await;
    let spec = world.pipeline(&["Hard"], |_| {}).await;
    let worker = world.worker(&spec);
    let events = [
        "C a 1 Name=x",
        "U a 2 Size=12 Kind=big Gone=null",
        "C b 1 Name=y Open=true",
    ];
    world
        .publish(events.iter().map(|event| change("Hard", event, "")))
        .await;
    until("they are applied", async || worker.metrics.snapshot().acknowledged >= 3).await;
    worker.drain().await;
    let rows = world.current("Hard").await;
    // Which of the columns came first depends on which of the messages did.
    let sorted = |row: &str| {
        let mut words: Vec<String> = row.split(' ').map(str::to_owned).collect();
        words.sort();
        words.join(" ")
    };
    assert_eq!(sorted(&rows["a"]), "Kind=big Name=x Size=12");
    assert_eq!(sorted(&rows["b"]), "Name=y Open=true");
    // A worker that begins later knows the columns, though its spec does not.
    let worker = world.worker(&spec);
    world.publish([change("Hard", "U b 2 Kind=small Size=1.5", "")]).await;
    until("it is applied", async || worker.metrics.snapshot().acknowledged >= 1).await;
    worker.drain().await;
    assert_eq!(
        sorted(&world.current("Hard").await["b"]),
        "Kind=small Name=y Open=true Size=1.5"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_stream_leaves_fields_out() {
    let world = World::new().await;
    let spec = world
        .pipeline(&["Hard"], |stream| stream["drift"] = "freeze".into())
        .await;
    let worker = world.worker(&spec);
    world
        .publish([change("Hard", "C a 1 Name=x Size=12 Kind=big", "")])
        .await;
    until("it is applied", async || worker.metrics.snapshot().acknowledged >= 1).await;
    assert_eq!(worker.metrics.snapshot().dropped_fields, 2);
    worker.drain().await;
    assert_eq!(world.current("Hard").await["a"], "Name=x");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_go_and_come_back() {
    let world = World::new().await;
    let strict = |stream: &mut serde_json::Value| stream["drift"] = "quarantine".into();
    let spec = world.pipeline(&["Hard"], strict).await;
    let worker = world.worker(&spec);
    let unknown_field = change("Hard", "C f 1 Name=x Size=12", "");
    let unknown_entity = change("Other", "C e 1 Name=x", "");
    let misfit = change("Hard", "C v 1 Amount=lots", "");
    let garbage = (String::new(), "{\"entity\": ".to_owned());
    let good = change("Hard", "C g 1 Name=good", "");
    let all = [
        unknown_field.clone(),
        unknown_entity.clone(),
        misfit.clone(),
        garbage.clone(),
        good,
    ];
    world.publish(all).await;
    until("all are dealt with", async || {
        worker.metrics.snapshot().acknowledged >= 5
    })
    .await;
    assert_eq!(worker.metrics.snapshot().dead_letters, 4);
    let prometheus = prometheus(&Watched {
        pipeline: "crm".to_owned(),
        metrics: worker.metrics.clone(),
        bridge: None,
        patience: Duration::from_secs(60),
        since: Instant::now(),
    });
    assert!(
        prometheus.contains("headwater_stream_dead_letters_total{pipeline=\"crm\",reason=\"value\"} 1"),
        "{prometheus}"
    );
    worker.drain().await;
    let mut expected = vec![
        ("unknown_field".to_owned(), unknown_field.1),
        ("unknown_entity".to_owned(), unknown_entity.1),
        ("value".to_owned(), misfit.1),
        ("malformed".to_owned(), garbage.1),
    ];
    expected.sort();
    assert_eq!(world.dead_letters(4).await, expected);

    // With the column there, the letter can be applied; the others come back.
    let mended = {
        let mut mended = spec.clone();
        let stream = mended.cdc_stream.as_mut().expect("a stream");
        let entity = stream.entities.get_mut("Hard").expect("the entity");
        let mut column = entity.columns[0].clone();
        (column.name, column.field) = ("Size".into(), "Size".into());
        entity.columns.push(column);
        mended
    };
    let replayed = replay_dead_letters(&mended, &world.cloud, 100, &CancellationToken::new())
        .await
        .expect("replayed");
    assert_eq!(json!(replayed), json!({"messages": 4}));
    let worker = world.worker(&mended);
    until("all are dealt with again", async || {
        worker.metrics.snapshot().acknowledged >= 4
    })
    .await;
    assert_eq!(worker.metrics.snapshot().dead_letters, 3);
    worker.drain().await;
    let rows = world.current("Hard").await;
    assert_eq!(rows["f"], "Name=x Size=12");
    assert_eq!(rows["g"], "Name=good");
    assert_eq!(rows.len(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_told() {
    let world = World::new().await;
    let (status, alert) = (world.topic("status").await, world.topic("alert").await);
    let topics = |stream: &mut serde_json::Value| {
        stream["status_topic"] = status.into();
        stream["alert_topic"] = alert.into();
    };
    let spec = world.pipeline(&["Hard"], topics).await;
    let worker = world.worker(&spec);
    let bad = |record: &str| change("Hard", &format!("C {record} 1 Amount=lots"), "");
    world
        .publish([change("Hard", "C a 1 Size=12", ""), bad("b"), bad("c")])
        .await;
    until("all are dealt with", async || {
        worker.metrics.snapshot().acknowledged >= 3
    })
    .await;
    worker.drain().await;
    let events = |notices: Vec<serde_json::Value>| {
        let mut events: Vec<String> = notices
            .iter()
            .map(|notice| notice["event"].as_str().expect("an event").to_owned())
            .collect();
        events.sort();
        events
    };
    assert_eq!(
        events(world.messages("status", 3).await),
        ["columns_added", "started", "stopped"]
    );
    // Of two of a kind, one is told.
    let alerts = world.messages("alert", 1).await;
    assert_eq!(alerts[0]["details"]["code"], "value");
    let mut lacking = spec;
    let stream = lacking.cdc_stream.as_mut().expect("a stream");
    stream.entities.get_mut("Hard").expect("the entity").changelog = "nowhere".into();
    world.worker(&lacking).failure().await;
    let alerts = world.messages("alert", 1).await;
    assert_eq!(
        (&alerts[0]["event"], &alerts[0]["details"]["code"]),
        (&"failed".into(), &"table_unusable".into())
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let world = World::new().await;
    let spec = world.pipeline(&["Hard"], |_| {}).await;
    let mut lacking = spec.clone();
    let stream = lacking.cdc_stream.as_mut().expect("a stream");
    stream.entities.get_mut("Hard").expect("the entity").changelog = "nowhere".into();
    let error = world.worker(&lacking).failure().await;
    assert_eq!(error.code(), "table_unusable");
    let mut lacking = spec;
    let stream = lacking.cdc_stream.as_mut().expect("a stream");
    stream.transport.subscription = format!("projects/{}/subscriptions/nowhere", crate::world::PROJECT);
    let error = world.worker(&lacking).failure().await;
    assert_eq!(error.code(), "transport_unusable");
    assert!(error.to_string().contains("subscriptions/nowhere"), "{error}");
    world.end().await;
}
