//! Streams of change events, with the simulated org. No worker runs: what workers do is other tests' matter.

use headwater_tests::cloud::{PROJECT, REGION};

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account, regional};

const GROUND: &str = r#"
resource "headwater_storage_bucket" "ground" {
  name          = "streams-ground"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "ground" {
  dataset_id                 = "streams_ground"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_pubsub_topic" "ground" {
  name = "streams-ground"
}

resource "headwater_pubsub_subscription" "ground" {
  name                    = "streams-ground"
  topic                   = headwater_pubsub_topic.ground.id
  enable_message_ordering = true
}
"#;

pub fn group() -> Group {
    Group {
        name: "streams",
        ground: format!("{GROUND}{}", super::org_connection()),
        kinds: vec![Kind {
            count: 12,
            fewer: Some(
                "each asks the org for its entities, and creates their tables, a topic, subscriptions and a worker pool",
            ),
            ..Kind::new("headwater_cdc_stream", stream)
        }],
        org: true,
        lists: vec![
            (regional("v2", "workerPools"), "workerPools"),
            (format!("/v1/projects/{PROJECT}/topics?pageSize=1000"), "topics"),
            (
                format!("/v1/projects/{PROJECT}/subscriptions?pageSize=1000"),
                "subscriptions",
            ),
        ],
    }
}

/// The one stream that is on Dataflow.
const ON_DATAFLOW: usize = 10;
/// The streams whose workers scale themselves.
const SCALED: [usize; 2] = [2, 7];

fn stream(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("stream{index}"));
    let prefix = random.pick(&["", "/a", "/a/b/"]);
    body.raw("lake", format!("\"${{headwater_storage_bucket.ground.url}}{prefix}\""));
    body.raw("dataset", "headwater_bigquery_dataset.ground.id");
    match index % 4 {
        0 | 1 => salesforce(random, index, &mut body),
        2 => debezium(random, index, &mut body),
        _ => mapped(random, index, &mut body),
    }
    if index == ON_DATAFLOW {
        dataflow(random, &mut body);
    } else {
        runtime(random, index, &mut body);
    }
    if SCALED.contains(&index) {
        scaled(random, &mut body);
    } else {
        body.raw("workers", 0);
    }
    body.raw("delete_tables_on_destroy", true);
    body
}

/// Workers that scale themselves. There is always one, so few streams have them.
fn scaled(random: &mut Random, body: &mut Body) {
    let mut settings = vec![("max_workers".to_owned(), Hcl::raw(random.number(3, 100)))];
    for (name, least, most) in [
        ("min_workers", 1, 2),
        ("target_backlog", 1, 1_000_000_000),
        ("scale_down_seconds", 0, 86_400),
    ] {
        if random.coin() {
            settings.push((name.into(), Hcl::raw(random.number(least, most))));
        }
    }
    body.set("autoscaling", Hcl::Object(settings));
}

/// What a stream of the runtime may say.
fn runtime(random: &mut Random, index: usize, body: &mut Body) {
    if index < 4 || random.coin() {
        body.text("drift", random.pick(&["evolve", "freeze", "quarantine"]));
        body.set(
            "batching",
            Hcl::Object(vec![
                ("rows".into(), Hcl::raw(random.number(1, 50_000))),
                ("bytes".into(), Hcl::raw(random.number(1024, 8_388_608))),
                ("milliseconds".into(), Hcl::raw(random.number(1, 60_000))),
            ]),
        );
        body.raw("parallelism", random.number(1, 64));
        body.raw("status_topic", "headwater_pubsub_topic.ground.id");
        body.raw("alert_topic", "headwater_pubsub_topic.ground.id");
        body.set("labels", random.labels());
    }
    if index < 4 || random.coin() {
        body.text("region", REGION);
        body.text(
            "image",
            format!("europe-docker.pkg.dev/acme/headwater/headwater:{}", random.word()),
        );
        body.text("cpu", random.pick(&["1", "2", "4"]));
        body.text("memory", random.pick(&["512Mi", "2Gi", "4Gi"]));
        body.text("service_account", account(random));
        super::salesforce::place(random, body);
        body.set("env", random.environment());
    }
}

/// What a stream on Dataflow may say. Without workers no job is launched: what jobs do is other tests' matter.
fn dataflow(random: &mut Random, body: &mut Body) {
    body.text("engine", "dataflow");
    body.text("drift", random.pick(&["freeze", "quarantine"]));
    let mut job = Body::new();
    job.text(
        "template",
        format!("gs://acme-templates/{}/Yaml_Template", random.word()),
    );
    job.text("machine_type", random.pick(&["n2-standard-2", "e2-standard-4"]));
    job.text("network", random.word());
    job.text("subnetwork", format!("regions/{REGION}/subnetworks/{}", random.word()));
    job.raw("private_addresses", random.coin());
    body.set("dataflow", job.object());
}

/// What an entity of any source may say.
fn entity(random: &mut Random, name: &str, index: usize) -> Body {
    let mut entity = Body::new();
    entity.text("changelog", format!("{name}_{index}_log"));
    let current = random.coin();
    if current {
        entity.text("current", format!("{name}_{index}"));
    } else {
        entity.raw("keep_current", false);
    }
    entity.text("deletes", random.pick(&["hard", "soft"]));
    // On Dataflow the current table is a view of all changes.
    let all_are_needed = current && index == ON_DATAFLOW;
    if random.coin() && !all_are_needed {
        entity.raw("retention_days", random.number(1, 36_500));
    }
    entity
}

fn salesforce(random: &mut Random, index: usize, body: &mut Body) {
    let mut source = Body::new();
    source.raw("connection", "headwater_salesforce_connection.ground.id");
    if index % 4 == 1 {
        source.text("channel", "/data/ChangeEvents");
    }
    source.raw("initial_snapshot", random.coin());
    body.set("salesforce", source.object());
    let mut entities = Vec::new();
    for (place, name) in random
        .some(&["Account", "Contact", "Opportunity"])
        .into_iter()
        .enumerate()
    {
        let mut entity = entity(random, name, index);
        if place == 0 {
            entity.set("exclude", Hcl::texts(["CreatedById", "LastModifiedById"]));
        }
        entities.push((name.to_owned(), entity.object()));
    }
    body.set("entities", Hcl::Object(entities));
}

fn columns(random: &mut Random, entity: &mut Body) {
    let columns = random
        .some(&["id", "name", "total", "placed_at", "paid"])
        .into_iter()
        .map(|name| {
            let kind = random.pick(&["STRING", "INT64", "NUMERIC", "BOOL", "TIMESTAMP", "DATE"]);
            (name.to_owned(), Hcl::text(kind))
        });
    entity.set("columns", Hcl::Object(columns.collect()));
}

fn debezium(random: &mut Random, index: usize, body: &mut Body) {
    let mut source = Body::new();
    source.raw("id", "headwater_pubsub_subscription.ground.id");
    source.text("format", "debezium");
    let (mut keys, mut entities) = (Vec::new(), Vec::new());
    for name in random.some(&["orders", "lines", "customers"]) {
        let mut entity = entity(random, name, index);
        entity.set(
            "columns",
            Hcl::Object(vec![
                ("id".into(), Hcl::text("INT64")),
                ("note".into(), Hcl::text("STRING")),
            ]),
        );
        keys.push((name.to_owned(), Hcl::texts(["id"])));
        entities.push((name.to_owned(), entity.object()));
    }
    source.set("keys", Hcl::Object(keys));
    body.set("subscription", source.object());
    body.set("entities", Hcl::Object(entities));
}

fn mapped(random: &mut Random, index: usize, body: &mut Body) {
    let mut mapping = Body::new();
    mapping.text("key", random.pick(&["$.id", "$.payload.id", "$['a b'][0]"]));
    mapping.text("operation", "$.op");
    mapping.set(
        "operations",
        Hcl::Object(vec![
            ("I".into(), Hcl::text("create")),
            ("D".into(), Hcl::text("delete")),
        ]),
    );
    mapping.text("order", "$.version");
    mapping.text("sequence", "$.sequence");
    mapping.text("payload", "$.payload");
    mapping.text("entity", "$.table");
    mapping.text("timestamp", "$.at");
    let mut source = Body::new();
    source.raw("id", "headwater_pubsub_subscription.ground.id");
    source.text("format", "mapping");
    source.set("mapping", mapping.object());
    body.set("subscription", source.object());
    let mut orders = entity(random, "orders", index);
    columns(random, &mut orders);
    body.set("entities", Hcl::Object(vec![("orders".into(), orders.object())]));
}
