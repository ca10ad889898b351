//! The org's fields change while the pipeline lives.

use headwater_cloud::DatasetRef;
use headwater_extract::RunState;
use serde_json::{Value, json};

use crate::world::{PROJECT, World};

async fn field(world: &World, name: &str) -> Option<Value> {
    let table = DatasetRef::new(PROJECT, "raw").table("Account");
    let document = world.cloud.bigquery().get_table(&table).await.expect("a table");
    let fields = document["schema"]["fields"].as_array().cloned().expect("fields");
    fields.into_iter().find(|field| field["name"] == name)
}

async fn touch(world: &World) {
    world
        .control("churn", json!({"inserts": 5, "updates": 40, "objects": ["Account"]}))
        .await;
    world.control("clock", json!({"advance_seconds": 2})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_come_go_and_grow() {
    let world = World::new("evolution", 80, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    world
        .control(
            "schema",
            json!({"action": "add_field", "object": "Account", "name": "Size__c", "type": "int", "default": "4"}),
        )
        .await;
    world.succeed(&spec).await;
    assert_eq!(field(&world, "Size__c").await.expect("a column")["type"], "INTEGER");

    world
        .control(
            "schema",
            json!({"action": "add_field", "object": "Account", "name": "New__c", "type": "string", "default": "x"}),
        )
        .await;
    touch(&world).await;
    let record = &world.succeed(&spec).await["Account"];
    assert!(
        record
            .schema_changes
            .iter()
            .any(|change| change == "column New__c STRING added"),
        "{:?}",
        record.schema_changes
    );
    assert_eq!(field(&world, "New__c").await.expect("a column")["mode"], "NULLABLE");

    let wider = json!({"action": "alter_field", "object": "Account", "name": "Size__c", "type": "double", "precision": 18, "scale": 2});
    world.control("schema", wider).await;
    touch(&world).await;
    world.succeed(&spec).await;
    assert_eq!(field(&world, "Size__c").await.expect("a column")["type"], "NUMERIC");

    world
        .control(
            "schema",
            json!({"action": "remove_field", "object": "Account", "name": "Size__c"}),
        )
        .await;
    touch(&world).await;
    let record = &world.succeed(&spec).await["Account"];
    assert!(
        record
            .schema_changes
            .iter()
            .any(|change| change.contains("Size__c is gone")),
        "{:?}",
        record.schema_changes
    );
    assert!(field(&world, "Size__c").await.is_some(), "the column stays");
    let table = world.table("Account").await;
    let kept = table.values().filter(|row| row["Size__c"] == "4").count();
    let nulled = table.values().filter(|row| row["Size__c"].is_null()).count();
    assert!(kept > 0 && nulled > 0, "{kept} kept, {nulled} nulled");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_cannot_follow_is_refused_with_advice() {
    let world = World::new("refused", 40, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    world
        .control(
            "schema",
            json!({"action": "add_field", "object": "Account", "name": "Due__c", "type": "date"}),
        )
        .await;
    world.succeed(&spec).await;
    let other = json!({"action": "alter_field", "object": "Account", "name": "Due__c", "type": "string"});
    world.control("schema", other).await;
    let outcome = world.run(&spec).await;
    let record = &outcome.objects["Account"];
    let error = record.error.as_ref().expect("an error");
    assert_eq!(
        (record.state, error.code.as_str()),
        (RunState::Failed, "schema_refused")
    );
    assert!(
        error.message.contains("Due__c") && error.message.contains("exclude the field"),
        "{}",
        error.message
    );
    world.end().await;
}
