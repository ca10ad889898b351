//! Messages of others: Debezium's envelope, and JSON by paths.

use serde_json::{Value, json};

use crate::world::{World, until};

async fn applied(world: &World, source: Value, entity: &str, messages: &[Value]) -> (Vec<String>, u64) {
    let spec = world
        .pipeline(&[entity], |stream| stream["source"]["subscription"]["format"] = source)
        .await;
    let worker = world.worker(&spec);
    world
        .publish(messages.iter().map(|message| (String::new(), message.to_string())))
        .await;
    until("they are applied", async || {
        worker.metrics.snapshot().acknowledged >= messages.len() as u64
    })
    .await;
    let dead = worker.metrics.snapshot().dead_letters;
    worker.drain().await;
    let rows = world.current(entity).await;
    (
        rows.iter().map(|(record, row)| format!("{record}: {row}")).collect(),
        dead,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn debezium() {
    let world = World::new().await;
    let event = |op: &str, lsn: i64, before: Value, after: Value| {
        json!({"schema": {"type": "struct"}, "payload": {
            "op": op, "before": before, "after": after, "ts_ms": 1_770_000_000_500_i64,
            "source": {"connector": "postgresql", "table": "orders", "lsn": lsn, "txId": 5, "ts_ms": 1_770_000_000_000_i64},
        }})
    };
    let row = |name: &str, amount: Value| json!({"region": "eu", "id": 7, "Name": name, "Amount": amount});
    let messages = [
        event("r", 10, Value::Null, row("x", json!(1.5))),
        event("u", 12, row("x", json!(1.5)), row("y", Value::Null)),
        event("u", 14, Value::Null, row("__debezium_unavailable_value", json!("2.25"))),
        event("c", 11, Value::Null, json!({"region": "us", "id": 8, "Name": "gone"})),
        event("d", 13, json!({"region": "us", "id": 8, "Name": "gone"}), Value::Null),
        Value::Null,
        event("x", 15, Value::Null, row("z", Value::Null)),
    ];
    let format = json!({"debezium": {"keys": {"orders": ["region", "id"]}}});
    let (rows, dead) = applied(&world, format, "orders", &messages).await;
    assert_eq!(rows, ["eu|7: Name=y Amount=2.25 id=7 region=eu"]);
    assert_eq!(dead, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping() {
    let world = World::new().await;
    let format = json!({"mapping": {
        "key": "$.meta.id", "operation": "$.meta.op", "operations": {"I": "create", "W": "update", "X": "delete"},
        "order": "$.meta.at", "sequence": "$.meta.n", "payload": "$.row",
    }});
    let event = |id: Value, op: &str, at: &str, n: i64, row: Value| json!({"meta": {"id": id, "op": op, "at": at, "n": n}, "row": row});
    let messages = [
        event(
            json!(1),
            "I",
            "2026-01-01T00:00:00Z",
            0,
            json!({"Name": "x", "Closed": "2026-01-31"}),
        ),
        event(json!(1), "W", "2026-01-01T00:00:01Z", 1, json!({"Name": "late"})),
        event(
            json!(1),
            "W",
            "2026-01-01T00:00:01Z",
            0,
            json!({"Name": "early", "Active": true}),
        ),
        event(json!("two"), "I", "2026-01-01T00:00:00Z", 0, json!({"Name": "z"})),
        event(json!("two"), "X", "2026-01-02T00:00:00Z", 0, Value::Null),
        event(json!("three"), "?", "2026-01-02T00:00:00Z", 0, json!({})),
        event(json!("four"), "I", "yesterday", 0, json!({})),
        event(Value::Null, "I", "2026-01-02T00:00:00Z", 0, json!({})),
    ];
    let (rows, dead) = applied(&world, format, "Hard", &messages).await;
    assert_eq!(rows, ["1: Name=late Closed=2026-01-31 Active=true"]);
    assert_eq!(dead, 3);
    world.end().await;
}
