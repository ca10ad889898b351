//! A stream's life: applied, filled, changed, broken behind Terraform's back, imported, destroyed.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use headwater_tests::cloud::{Cloud, PROJECT, REGION, request};
use headwater_tests::inventory::inventory;
use headwater_tests::org::Org;
use headwater_tests::server::Server;
use headwater_tests::terraform::Terraform;
use headwater_tests::wait_for;
use serde_json::{Value, json};

use crate::conformance::tools::script;

const PATIENCE: Duration = Duration::from_secs(120);

/// The whole, with the settings of the entity and of the stream.
fn configuration(columns: &str, settings: &str) -> String {
    format!(
        r#"
resource "headwater_storage_bucket" "lake" {{
  name          = "stream-lake"
  location      = "EU"
  force_destroy = true
}}

resource "headwater_bigquery_dataset" "raw" {{
  dataset_id                 = "raw"
  location                   = "EU"
  delete_contents_on_destroy = true
}}

resource "headwater_pubsub_topic" "orders" {{
  name = "orders"
}}

resource "headwater_pubsub_subscription" "orders" {{
  name                    = "orders"
  topic                   = headwater_pubsub_topic.orders.id
  ack_deadline_seconds    = 10
  enable_message_ordering = true
}}

resource "headwater_cdc_stream" "orders" {{
  name    = "orders"
  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.raw.id
  subscription = {{
    id      = headwater_pubsub_subscription.orders.id
    format  = "mapping"
    mapping = {{ key = "$.id", operation = "$.op", order = "$.v", payload = "$.row" }}
  }}
  entities = {{
    orders = {{ columns = {{ {columns} }} }}
  }}
  batching = {{ milliseconds = 50 }}
  {settings}
}}
"#
    )
}

fn publish(cloud: &Cloud, messages: &[Value]) {
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| json!({"data": BASE64.encode(message.to_string())}))
        .collect();
    let (status, answer) = cloud.post(
        &format!("/v1/projects/{PROJECT}/topics/orders:publish"),
        &json!({"messages": messages}),
    );
    assert_eq!(status, 200, "{answer}");
}

/// Waits until a query answers with these rows, cells joined by blanks.
fn until(cloud: &Cloud, sql: &str, expected: &[&str]) {
    let began = Instant::now();
    loop {
        let body = json!({"query": sql, "useLegacySql": false, "location": "EU"});
        let (status, answer) = cloud.post(&format!("/bigquery/v2/projects/{PROJECT}/queries"), &body);
        let rows = answer["rows"].as_array().cloned().unwrap_or_default();
        let rows: Vec<String> = rows
            .iter()
            .map(|row| {
                let cells = row["f"].as_array().expect("cells").iter();
                cells
                    .map(|cell| cell["v"].as_str().unwrap_or("-").to_owned())
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        if status == 200 && rows == expected {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{sql}: {status} {rows:?} instead of {expected:?}\n{}",
            log(cloud)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn log(cloud: &Cloud) -> String {
    let (_, logs) = cloud.get("/_control/logs/headwater-orders");
    format!("{logs}")
}

#[test]
fn a_stream_lives_and_dies() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let columns = r#"status = "STRING", total = "NUMERIC""#;
    let tf = Terraform::new(&cloud, &configuration(columns, ""));
    tf.apply();
    tf.assert_no_changes("after apply");

    let event = |id: u32, op: &str, v: u32, row: Value| json!({"id": id, "op": op, "v": v, "row": row});
    publish(
        &cloud,
        &[
            event(1, "create", 1, json!({"status": "open", "total": 10.5})),
            event(1, "update", 2, json!({"status": "paid"})),
            event(2, "create", 1, json!({"status": "open", "total": 1})),
            event(2, "delete", 2, Value::Null),
            event(3, "vanish", 1, json!({})),
        ],
    );
    until(
        &cloud,
        "SELECT _record_id, status, total FROM raw.orders ORDER BY 1",
        &["1 paid 10.5"],
    );
    until(&cloud, "SELECT COUNT(*) FROM raw.orders_changes", &["4"]);
    tf.assert_no_changes("after the first events");

    // Another column, another number of workers; what was unknown before is a field with a column now.
    let more = r#"status = "STRING", total = "NUMERIC", note = "STRING""#;
    tf.write(&configuration(more, "workers = 2\n  labels = { team = \"crm\" }"));
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after a change");
    publish(
        &cloud,
        &[
            event(1, "update", 3, json!({"note": "late"})),
            event(4, "create", 1, json!({"total": 2, "size": 7})),
        ],
    );
    until(
        &cloud,
        "SELECT _record_id, status, total, note FROM raw.orders ORDER BY 1",
        &["1 paid 10.5 late", "4 - 2 -"],
    );
    // A column that a worker added is no drift.
    until(&cloud, "SELECT size FROM raw.orders WHERE _record_id = '4'", &["7"]);
    tf.assert_no_changes("after a new field");

    // What is deleted behind Terraform's back is made again.
    let pool = format!("/v2/projects/{PROJECT}/locations/{REGION}/workerPools/headwater-orders");
    assert_eq!(cloud.delete(&pool), 200);
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after the pool was made again");
    assert_eq!(
        cloud.delete(&format!("/bigquery/v2/projects/{PROJECT}/datasets/raw/tables/orders")),
        204
    );
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after the table was made again");

    // Forgotten and imported, it is the same.
    tf.run(&["state", "rm", "headwater_cdc_stream.orders"]).ok();
    tf.run(&["import", "headwater_cdc_stream.orders", "gs://stream-lake#orders"])
        .ok();
    tf.assert_no_changes("after import");

    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

/// How many workers the pool is to have.
fn workers(cloud: &Cloud) -> u64 {
    let (status, pool) = cloud.get(&format!(
        "/v2/projects/{PROJECT}/locations/{REGION}/workerPools/headwater-orders"
    ));
    assert_eq!(status, 200, "{pool}");
    pool["scaling"]["manualInstanceCount"].as_u64().expect("a number")
}

/// The events that were told to the subscription `told` until now.
fn told(cloud: &Cloud) -> Vec<Value> {
    let subscription = format!("/v1/projects/{PROJECT}/subscriptions/told");
    let (status, answer) = cloud.post(&format!("{subscription}:pull"), &json!({"maxMessages": 100}));
    assert_eq!(status, 200, "{answer}");
    let messages = answer["receivedMessages"].as_array().cloned().unwrap_or_default();
    let data = messages.iter().map(|message| {
        let text = message["message"]["data"].as_str().expect("data");
        serde_json::from_slice(&BASE64.decode(text).expect("base64")).expect("JSON")
    });
    data.collect()
}

#[test]
fn workers_come_with_the_backlog_and_go_with_it() {
    let cloud = Cloud::start();
    let of = |settings: &str| {
        format!(
            r#"{}
resource "headwater_pubsub_topic" "status" {{
  name = "status"
}}

resource "headwater_pubsub_subscription" "told" {{
  name  = "told"
  topic = headwater_pubsub_topic.status.id
}}
"#,
            configuration(
                "total = \"NUMERIC\"",
                &format!("status_topic = headwater_pubsub_topic.status.id\n  {settings}")
            )
        )
    };
    let scaling = |bounds: &str| {
        of(&format!(
            "autoscaling = {{ {bounds}, target_backlog = 300, scale_down_seconds = 5 }}"
        ))
    };
    let tf = Terraform::new(&cloud, &scaling("max_workers = 3"));
    tf.apply();
    tf.assert_no_changes("after apply");
    assert_eq!(workers(&cloud), 1);

    // BigQuery becomes slow, and more comes than goes.
    cloud.faults(&json!([{
        "method": "POST", "path_prefix": format!("/bigquery/v2/projects/{PROJECT}/jobs"), "times": 1_000_000, "action": {"delay_ms": 2000},
    }]));
    let mut published = 0;
    wait_for("more workers come", PATIENCE, || {
        let event = |id: u32| json!({"id": id, "op": "create", "v": 1, "row": {"total": id}});
        publish(&cloud, &(published..published + 500).map(event).collect::<Vec<_>>());
        published += 500;
        (workers(&cloud) == 3).then_some(())
    });
    tf.assert_no_changes("while there are three");

    // Narrower bounds hold at once.
    tf.write(&scaling("max_workers = 2"));
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    // On a slow machine nothing waits any more by now, and one of them is enough.
    assert!((1..=2).contains(&workers(&cloud)));
    tf.assert_no_changes("after other bounds");
    cloud.clear_faults();
    until(&cloud, "SELECT COUNT(*) FROM raw.orders", &[&published.to_string()]);
    until(
        &cloud,
        "SELECT COUNT(*) FROM raw.orders_changes",
        &[&published.to_string()],
    );
    wait_for("they go again", PATIENCE, || (workers(&cloud) == 1).then_some(()));
    tf.assert_no_changes("when there is one again");
    let scaled: Vec<Value> = told(&cloud)
        .into_iter()
        .filter(|notice| notice["event"] == "scaled")
        .collect();
    let steps: Vec<_> = scaled
        .iter()
        .map(|notice| (&notice["details"]["from"], &notice["details"]["to"]))
        .collect();
    assert!(
        steps.iter().any(|(from, _)| **from == 1)
            && steps.iter().any(|(_, to)| **to == 3)
            && steps.iter().any(|(_, to)| **to == 1),
        "{scaled:?}"
    );

    // What is outside of the bounds is nobody's who may scale; a number in their place is what it says.
    let pool = format!("/v2/projects/{PROJECT}/locations/{REGION}/workerPools/headwater-orders");
    let (status, answer) = request(
        "PATCH",
        &format!("{}{pool}?updateMask=scaling", cloud.url()),
        Some(&json!({"scaling": {"manualInstanceCount": 0}})),
    );
    assert_eq!(status, 200, "{answer}");
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    assert_eq!(workers(&cloud), 1);
    tf.write(&of("workers = 2"));
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    assert_eq!(workers(&cloud), 2);
    tf.assert_no_changes("with a number of workers");

    for (settings, expected) in [
        (
            "workers = 1\n  autoscaling = { max_workers = 3 }",
            "`workers` has no meaning with `autoscaling`",
        ),
        (
            "autoscaling = { min_workers = 4, max_workers = 3 }",
            "less than `min_workers`, 4",
        ),
        ("autoscaling = { min_workers = 2 }", "max_workers"),
    ] {
        tf.write(&of(settings));
        let refused = tf.run(&["validate"]).text().replace('\n', " ");
        assert!(refused.contains(expected), "{expected} is not in {refused}");
    }
}

/// What a collector has last heard: the sum over the workers of a series.
fn heard(collector: &Server, name: &str, attribute: (&str, &str)) -> f64 {
    let seen = request("GET", &format!("{}/seen", collector.base_url()), None).1;
    assert_eq!(seen["refusals"], json!([]));
    let series = seen["series"].as_array().expect("series").iter();
    series
        .filter(|one| one["name"] == name && one["attributes"][attribute.0] == attribute.1)
        .map(|one| {
            assert_eq!(one["service"], "headwater");
            one["value"].as_f64().expect("a number")
        })
        .sum()
}

#[test]
fn workers_tell_an_opentelemetry_collector() {
    let cloud = Cloud::start();
    let dir = tempfile::tempdir().expect("a directory");
    let collector = Server::start(&mut script("collector.py", ""), dir.path().join("collector.log"));
    let env = format!(
        "env = {{ OTEL_EXPORTER_OTLP_ENDPOINT = \"{}\", OTEL_METRIC_EXPORT_INTERVAL = \"MILLIS\" }}",
        collector.base_url()
    );
    let every = |milliseconds: &str| configuration("status = \"STRING\"", &env.replace("MILLIS", milliseconds));
    let tf = Terraform::new(&cloud, &every("200"));
    tf.apply();
    tf.assert_no_changes("after apply");
    let event = |id: u32, op: &str| json!({"id": id, "op": op, "v": 1, "row": {"status": "open"}});
    publish(&cloud, &[event(1, "create"), event(2, "create"), event(3, "vanish")]);
    wait_for("the collector hears of all messages", PATIENCE, || {
        let acknowledged = heard(
            &collector,
            "headwater.stream.messages_acknowledged",
            ("pipeline", "orders"),
        );
        (acknowledged >= 3.0).then_some(())
    });
    assert_eq!(
        heard(&collector, "headwater.stream.changes_durable", ("pipeline", "orders")),
        2.0
    );
    assert_eq!(
        heard(
            &collector,
            "headwater.stream.dead_letters",
            ("reason", "unknown_operation")
        ),
        1.0
    );

    // Workers that tell once an hour tell what they have done when they end.
    tf.write(&every("3600000"));
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after a change");
    publish(&cloud, &[event(4, "create"), event(5, "create")]);
    until(&cloud, "SELECT COUNT(*) FROM raw.orders_changes", &["4"]);
    assert_eq!(
        heard(&collector, "headwater.stream.changes_durable", ("pipeline", "orders")),
        2.0
    );
    tf.destroy();
    wait_for("the collector hears of the last changes", PATIENCE, || {
        let durable = heard(&collector, "headwater.stream.changes_durable", ("pipeline", "orders"));
        (durable >= 4.0).then_some(())
    });
    let reserved = every("200").replace("OTEL_METRIC_EXPORT_INTERVAL", "HEADWATER_REGION");
    tf.write(&reserved);
    let refused = tf.run(&["validate"]).text();
    assert!(
        refused.contains("HEADWATER_REGION") && refused.contains("set by this resource itself"),
        "{refused}"
    );
}

#[test]
fn entities_that_cannot_be_streamed_are_refused_by_path() {
    let cloud = Cloud::start();
    let org = Org::start(5);
    let configuration = format!(
        r#"{}
resource "headwater_cdc_stream" "crm" {{
  name       = "changes"
  lake       = headwater_storage_bucket.lake.url
  dataset    = headwater_bigquery_dataset.raw.id
  salesforce = {{ connection = headwater_salesforce_connection.crm.id }}
  entities = {{
    Acount  = {{}}
    Account = {{}}
    Contact = {{ exclude = ["Nonsense__c"] }}
  }}
}}
"#,
        super::platform("Account = {}", "")
    );
    let tf = super::terraform(&cloud, &org, &configuration);
    let ended = tf.run(&["plan"]);
    assert_ne!(ended.code, 0);
    // Terraform breaks lines where it likes.
    let text = ended.text().replace('\n', " ");
    for expected in [
        "entities[\"Acount\"]",
        "Did you mean `Account`?",
        "`Account` is not chosen for Change Data Capture",
        "`Nonsense__c` in `exclude` of `Contact` is not usable",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}
