//! What goes wrong at Salesforce, and how a run ends then.

use headwater_extract::{RunState, execute};
use serde_json::{Value, json};

use crate::world::World;

fn all(_: &Value) -> bool {
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_stops_a_run_that_can_be_gone_on_with() {
    let world = World::new("budget", 60).await;
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
    let world = World::new("unsupported", 300).await;
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
async fn a_bulk_job_that_fails_is_replaced_by_the_next_run() {
    let world = World::new("jobfailed", 300).await;
    world.control("faults", json!({"kind": "bulk_job_failed"})).await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    let failed = world.run(&spec).await;
    assert_eq!(failed.state(), RunState::Failed);
    world.succeed(&spec).await;
    world.assert_equal("Account", all).await;
    world.assert_clean().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passing_faults_are_not_noticed() {
    let world = World::new("passing", 300).await;
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
