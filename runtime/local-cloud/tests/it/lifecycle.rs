//! Lifecycle rules are acted on, and retention is in their way.

use serde_json::{Value, json};

use crate::harness::Local;

const DAY: u64 = 86_400;

async fn bucket(local: &Local, name: &str, settings: Value) {
    let mut body = settings;
    body["name"] = json!(name);
    local.json("POST", "/storage/v1/b?project=p", body).await.expect(200);
}

async fn days_pass(local: &Local, days: u64) {
    let body = json!({"advance_seconds": days * DAY + 60});
    local.json("POST", "/_control/clock", body).await.expect(200);
}

#[tokio::test]
async fn objects_grow_old_and_go() {
    let local = Local::start().await;
    let delete = |condition: Value| json!({"action": {"type": "Delete"}, "condition": condition});
    let rules = json!({"rule": [
        delete(json!({"age": 10, "matchesPrefix": ["tmp/"]})),
        {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 5}},
    ]});
    bucket(&local, "ageing", json!({ "lifecycle": rules })).await;
    let versions =
        json!({"rule": [delete(json!({"numNewerVersions": 1})), delete(json!({"age": 20, "isLive": true}))]});
    bucket(
        &local,
        "versions",
        json!({"lifecycle": versions, "versioning": {"enabled": true}}),
    )
    .await;
    let retained =
        json!({"lifecycle": {"rule": [delete(json!({"age": 1}))]}, "retentionPolicy": {"retentionPeriod": 3600}});
    bucket(&local, "retained", retained).await;
    for (bucket, object) in [
        ("ageing", "tmp%2Fa"),
        ("ageing", "kept"),
        ("versions", "x"),
        ("versions", "x"),
        ("versions", "x"),
        ("retained", "y"),
    ] {
        local.put(bucket, object, "", "1").await.expect(200);
    }
    days_pass(&local, 6).await;
    let near = |reply: &crate::harness::Reply| reply.json()["storageClass"] == "NEARLINE";
    local.until("/storage/v1/b/ageing/o/kept", near).await;
    local.until("/storage/v1/b/ageing/o/tmp%2Fa", near).await;
    let count = |reply: &crate::harness::Reply| reply.json()["items"].as_array().map_or(0, Vec::len);
    let all = "/storage/v1/b/versions/o?versions=true";
    local.until(all, |reply| count(reply) == 1).await;
    days_pass(&local, 5).await;
    local
        .until("/storage/v1/b/ageing/o/tmp%2Fa", |reply| reply.status == 404)
        .await;
    local.get("/storage/v1/b/ageing/o/kept").await.expect(200);
    local.get("/storage/v1/b/retained/o/y").await.expect(200);
    // A live object of a bucket with versions becomes a noncurrent one.
    days_pass(&local, 10).await;
    local
        .until("/storage/v1/b/versions/o/x", |reply| reply.status == 404)
        .await;
    assert_eq!(count(&local.get(all).await), 1);
}

#[tokio::test]
async fn what_is_retained_is_neither_deleted_nor_overwritten() {
    let local = Local::start().await;
    bucket(&local, "safe", json!({"retentionPolicy": {"retentionPeriod": "3600"}})).await;
    local.put("safe", "x", "", "1").await.expect(200);
    for reply in [
        local.delete("/storage/v1/b/safe/o/x").await,
        local.put("safe", "x", "", "2").await,
    ] {
        assert_eq!(
            reply.expect(403).json()["error"]["errors"][0]["reason"],
            "retentionPolicyNotMet"
        );
    }
    local
        .json("POST", "/storage/v1/b/safe/lockRetentionPolicy", json!({}))
        .await
        .expect(400);
    let lock = "/storage/v1/b/safe/lockRetentionPolicy?ifMetagenerationMatch=1";
    let locked = local.json("POST", lock, json!({})).await.expect(200).json();
    assert_eq!(locked["retentionPolicy"]["isLocked"], true);
    for (policy, status) in [
        (Value::Null, 403),
        (json!({"retentionPeriod": 60}), 403),
        (json!({"retentionPeriod": 7200}), 200),
    ] {
        let reply = local.json("PATCH", "/storage/v1/b/safe", json!({"retentionPolicy": policy}));
        reply.await.expect(status);
    }
}
