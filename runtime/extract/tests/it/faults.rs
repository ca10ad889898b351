//! What goes wrong at Salesforce and in the cloud, and how a run ends then.

use headwater_extract::{RunState, execute};
use serde_json::{Value, json};

use crate::world::World;

fn all(_: &Value) -> bool {
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_stops_a_run_that_can_be_gone_on_with() {
    let world = World::new("budget", 60, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |spec| {
        spec["salesforce_extract"]["api_budget"] = json!({"max_daily_percent": 40});
    });
    world.control("limits", json!({"used": 450, "allowed": 1000})).await;
    let error = execute(&spec, &world.context())
        .await
        .expect_err("the budget is used up");
    assert_eq!(error.code(), "api_budget");
    assert!(error.hint().contains("max_daily_percent"));
    world.control("limits", json!({"used": 0, "allowed": 1000})).await;
    world.succeed(&spec).await;
    world.assert_equal("Account", all).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_bulk_cannot_read_is_read_by_rest() {
    let world = World::new("unsupported", 300, &["Account"]).await;
    world
        .control("faults", json!({"kind": "bulk_unsupported", "times": 9}))
        .await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    let record = &world.succeed(&spec).await["Account"];
    assert_eq!(format!("{:?}", record.api), "Some(Rest)");
    world.assert_equal("Account", all).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_job_that_fails_is_replaced_a_few_times() {
    let world = World::new("jobfailed", 300, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    // A run makes four jobs before it gives up; the fifth mishap is the next run's, which mends it by itself.
    world
        .control("faults", json!({"kind": "bulk_job_failed", "times": 5}))
        .await;
    let failed = world.run(&spec).await;
    assert_eq!(failed.state(), RunState::Failed);
    let error = failed.objects["Account"].error.clone().unwrap();
    assert!(error.hint.unwrap().contains("Bulk Data Load Jobs"), "{}", error.message);
    world.succeed(&spec).await;
    world.assert_equal("Account", all).await;
    world.assert_clean().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passing_faults_are_not_noticed() {
    let world = World::new("passing", 300, &["Account"]).await;
    let results = "/services/data/*/jobs/query/*/results";
    world
        .control(
            "faults",
            json!([
                {"kind": "503", "times": 2},
                {"kind": "expired_session", "after": 6},
                {"kind": "cut_connection", "match": results, "after_bytes": 9000, "times": 2},
            ]),
        )
        .await;
    let spec = world.spec(&json!({"Account": {}, "User": {}}), |_| {});
    world.succeed(&spec).await;
    world.assert_equal("Account", all).await;
    world.assert_equal("User", all).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_the_cloud_may_be_lost() {
    let world = World::new("answers", 240, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |spec| {
        spec["salesforce_extract"]["part_target_bytes"] = 40_000.into();
    });
    for _ in 0..2 {
        let lost = json!([
            {"method": "POST", "path_prefix": "/bigquery/v2", "nth": 1, "times": 1, "action": "apply_then_drop"},
            {"method": "POST", "path_prefix": "/bigquery/v2", "nth": 3, "times": 2, "action": "apply_then_drop"},
            {"method": "POST", "path_prefix": "/upload/storage", "nth": 2, "times": 1, "action": "apply_then_drop"},
            {"method": "POST", "path_prefix": "/upload/storage", "nth": 5, "times": 1, "action": "apply_then_drop"},
            {"method": "GET", "path_prefix": "/bigquery/v2", "nth": 2, "times": 2, "action": {"status": 503}},
        ]);
        world.cloud_faults(lost).await;
        world.succeed(&spec).await;
        world.assert_equal("Account", all).await;
        world.assert_clean().await;
        world
            .control(
                "churn",
                json!({"inserts": 20, "updates": 220, "deletes": 5, "objects": ["Account"]}),
            )
            .await;
        world.control("clock", json!({"advance_seconds": 2})).await;
    }
    world.end().await;
}
