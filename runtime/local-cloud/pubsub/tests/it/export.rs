//! BigQuery subscriptions.

use headwater_local_pubsub::wire::pubsub::big_query_config::State;
use headwater_local_pubsub::wire::pubsub::schema::Type;
use headwater_local_pubsub::wire::pubsub::{
    BigQueryConfig, CreateSchemaRequest, Encoding, GetSubscriptionRequest, PubsubMessage, Schema, SchemaSettings,
    Subscription, Topic,
};
use serde_json::json;

use crate::harness::{Local, SUBSCRIPTION, TOPIC, message, until};

const TABLE: &str = "p.d.t";

fn config() -> BigQueryConfig {
    BigQueryConfig {
        table: TABLE.into(),
        ..BigQueryConfig::default()
    }
}

fn with(config: BigQueryConfig) -> Subscription {
    Subscription {
        bigquery_config: Some(config),
        ..Subscription::default()
    }
}

async fn state(local: &Local) -> State {
    let request = GetSubscriptionRequest {
        subscription: SUBSCRIPTION.into(),
    };
    let shown = local
        .subscriber
        .clone()
        .get_subscription(request)
        .await
        .unwrap()
        .into_inner();
    shown.bigquery_config.unwrap().state()
}

#[tokio::test]
async fn data_and_metadata_become_a_row_when_the_table_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local
        .prepare(with(BigQueryConfig {
            write_metadata: true,
            ..config()
        }))
        .await;
    let sent = PubsubMessage {
        attributes: [("k".to_owned(), "v".to_owned())].into(),
        ..message("hello", "")
    };
    let ids = local.publish_all(vec![sent]).await.unwrap();
    while state(&local).await != State::NotFound {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    local.tables.create(
        TABLE,
        &[
            ("data", "STRING"),
            ("subscription_name", "STRING"),
            ("message_id", "STRING"),
            ("publish_time", "TIMESTAMP"),
            ("attributes", "STRING"),
        ],
    );
    until("a row is there", || !local.tables.rows(TABLE).is_empty()).await;
    let row = local.tables.rows(TABLE).remove(0);
    assert_eq!(row["data"], "hello");
    assert_eq!(
        (&row["message_id"], &row["subscription_name"]),
        (&json!(ids[0]), &json!(SUBSCRIPTION))
    );
    assert_eq!(row["attributes"], r#"{"k":"v"}"#);
    while state(&local).await != State::Active {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn fields_become_columns() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local.tables.create(TABLE, &[("a", "STRING")]);
    let schema = Schema {
        r#type: Type::Avro as i32,
        definition: r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"},
            {"name": "b", "type": ["null", "int"]}]}"#
            .into(),
        ..Schema::default()
    };
    let request = CreateSchemaRequest {
        parent: "projects/p".into(),
        schema_id: "schema".into(),
        schema: Some(schema),
    };
    local.schemas.clone().create_schema(request).await.unwrap();
    let topic = Topic {
        name: TOPIC.into(),
        schema_settings: Some(SchemaSettings {
            schema: "projects/p/schemas/schema".into(),
            encoding: Encoding::Json as i32,
            ..SchemaSettings::default()
        }),
        ..Topic::default()
    };
    local.publisher.clone().create_topic(topic).await.unwrap();
    local
        .subscribe(with(BigQueryConfig {
            use_topic_schema: true,
            drop_unknown_fields: true,
            ..config()
        }))
        .await
        .unwrap();
    let refused = local.publish_all(vec![message("{}", "")]).await.unwrap_err();
    assert!(refused.message().ends_with("a is missing."), "{refused}");
    local
        .publish_all(vec![message(r#"{"a": "x", "b": {"int": 3}}"#, "")])
        .await
        .unwrap();
    until("a row is there", || local.tables.rows(TABLE) == [json!({"a": "x"})]).await;
}

#[tokio::test]
async fn what_does_not_fit_waits() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path()).await;
    local.tables.create(TABLE, &[("a", "STRING")]);
    local
        .prepare(with(BigQueryConfig {
            use_table_schema: true,
            ..config()
        }))
        .await;
    let sent = [r#"{"a": "good"}"#, r#"{"z": "unknown"}"#, "no json"];
    local
        .publish_all(sent.iter().map(|data| message(data, "")).collect())
        .await
        .unwrap();
    until("the good row is there", || {
        local.tables.rows(TABLE) == [json!({"a": "good"})]
    })
    .await;
    while state(&local).await != State::SchemaMismatch {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    local.tables.create(TABLE, &[("z", "STRING")]);
    until("the other row is there", || {
        local.tables.rows(TABLE) == [json!({"z": "unknown"})]
    })
    .await;
}
