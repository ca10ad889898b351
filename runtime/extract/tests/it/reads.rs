//! What arrives: first reads, second reads, conditions, deletes, tables that vanish.

use headwater_cloud::DatasetRef;
use headwater_extract::{RunState, execute};
use serde_json::{Value, json};

use crate::world::{PROJECT, World};

fn all(_: &Value) -> bool {
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_equal_the_org_and_a_second_run_moves_only_changes() {
    let world = World::new("reads", 250, &["Account", "Opportunity"]).await;
    // By REST and by Bulk: the threshold lies between their sizes.
    let spec = world.spec(&json!({"Account": {}, "User": {}, "Opportunity": {}}), |_| {});
    let first = world.succeed(&spec).await;
    let apis: Vec<String> = first.values().map(|record| format!("{:?}", record.api)).collect();
    assert!(
        apis.contains(&"Some(Bulk)".into()) && apis.contains(&"Some(Rest)".into()),
        "{apis:?}"
    );
    for object in ["Account", "User", "Opportunity"] {
        world.assert_equal(object, all).await;
    }
    world.assert_clean().await;

    let churn =
        json!({"inserts": 7, "updates": 11, "deletes": 5, "undeletes": 1, "objects": ["Account"], "ties": true});
    let changed = world.control("churn", churn).await["changed"]["Account"]
        .as_u64()
        .expect("a count");
    world.control("clock", json!({"advance_seconds": 2})).await;
    let second = world.succeed(&spec).await;
    world.assert_equal("Account", all).await;
    world.assert_equal("Opportunity", all).await;
    let moved = second["Account"].totals.rows_read;
    assert!(
        moved >= 1 && moved <= changed + 2,
        "{moved} rows moved, {changed} changed"
    );
    world.assert_clean().await;

    world.control("clock", json!({"advance_seconds": 2})).await;
    let third = world.succeed(&spec).await;
    for record in third.values() {
        assert_eq!(record.totals.rows_read, 0, "{}", record.object);
        assert!(record.totals.parts == 0 && record.finished_at.is_some());
    }
    world.assert_equal("Account", all).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_leave_a_condition_leave_the_table() {
    let world = World::new("where", 120, &["Account", "Opportunity"]).await;
    let spec = world.spec(
        &json!({"Opportunity": {"where": "Amount > 0 AND IsWon = false"}}),
        |_| {},
    );
    let chosen = |row: &Value| {
        let amount = row["Amount"]
            .as_str()
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or_default();
        amount > 0.0 && row["IsWon"] == false
    };
    world.succeed(&spec).await;
    world.assert_equal("Opportunity", chosen).await;
    for _ in 0..3 {
        let churn = json!({"inserts": 20, "updates": 80, "deletes": 5, "objects": ["Opportunity"]});
        world.control("churn", churn).await;
        world.control("clock", json!({"advance_seconds": 2})).await;
        world.succeed(&spec).await;
        world.assert_equal("Opportunity", chosen).await;
    }
    // Another condition: the table is read anew and what no longer belongs is removed.
    let other = world.spec(&json!({"Opportunity": {"where": "IsWon = true"}}), |_| {});
    let record = &world.succeed(&other).await["Opportunity"];
    assert!(record.window.as_ref().is_some_and(|window| window.from.is_none()));
    world.assert_equal("Opportunity", |row| row["IsWon"] == true).await;
    world.assert_clean().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_rows_can_stay_flagged() {
    let world = World::new("flags", 60, &["Account"]).await;
    let flag = |spec: &mut Value| spec["salesforce_extract"]["deletes"] = "flag".into();
    let spec = world.spec(&json!({"Account": {}}), flag);
    world.succeed(&spec).await;
    let before = world.table("Account").await.len();
    world
        .control("churn", json!({"deletes": 9, "objects": ["Account"]}))
        .await;
    world.control("clock", json!({"advance_seconds": 2})).await;
    world.succeed(&spec).await;
    let table = world.table("Account").await;
    assert_eq!(table.len(), before);
    let truth = world.truth("Account").await;
    for (id, row) in &table {
        assert_eq!(row["IsDeleted"], Value::Bool(!truth.contains_key(id)), "{id}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_was_dropped_is_read_anew() {
    let world = World::new("dropped", 60, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    world.succeed(&spec).await;
    let table = DatasetRef::new(PROJECT, "raw").table("Account");
    assert!(world.cloud.bigquery().delete_table(&table).await.expect("dropped"));
    let record = &world.succeed(&spec).await["Account"];
    assert!(
        record.window.as_ref().is_some_and(|window| window.from.is_none()),
        "{:?}",
        record.window
    );
    world.assert_equal("Account", all).await;
    let made = world.cloud.bigquery().get_table(&table).await.expect("the table");
    assert_eq!(
        made["labels"]["headwater_pipeline"], "crm",
        "the provider knows it for the pipeline's"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_share_the_objects_out() {
    let world = World::new("tasks", 40, &["Account", "Campaign", "Lead"]).await;
    let spec = world.spec(&json!({"Account": {}, "Campaign": {}, "Lead": {}}), |_| {});
    let mut done = Vec::new();
    for index in 0..2 {
        let mut context = world.context();
        (context.task_index, context.task_count) = (index, 2);
        let outcome = execute(&spec, &context).await.expect("an execution");
        assert_eq!(outcome.state(), RunState::Succeeded, "{outcome:?}");
        done.extend(outcome.objects.into_keys().map(|object| (object, index)));
    }
    done.sort();
    let expected = [("Account", 0), ("Campaign", 1), ("Lead", 0)].map(|(object, index)| (object.to_owned(), index));
    assert_eq!(done, expected);
    world.end().await;
}
