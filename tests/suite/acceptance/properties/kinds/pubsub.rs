//! Pub/Sub: schemas, topics, subscriptions.

use headwater_tests::cloud::PROJECT;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account};

const GROUND: &str = r#"
resource "headwater_pubsub_schema" "ground" {
  name       = "ground"
  type       = "AVRO"
  definition = jsonencode({ type = "record", name = "Row", fields = [{ name = "id", type = "string" }] })
}

resource "headwater_pubsub_topic" "ground" {
  name = "ground"
}

resource "headwater_pubsub_topic" "typed" {
  name            = "typed"
  schema_settings = { schema = headwater_pubsub_schema.ground.id }
}

resource "headwater_bigquery_dataset" "ground" {
  dataset_id = "pubsub_ground"
}

resource "headwater_bigquery_table" "ground" {
  dataset  = headwater_bigquery_dataset.ground.id
  table_id = "rows"
  columns  = [{ name = "id", type = "STRING" }]
}

resource "headwater_storage_bucket" "ground" {
  name = "pubsub-ground"
}
"#;

pub fn group() -> Group {
    Group {
        name: "pubsub",
        ground: GROUND.to_owned(),
        kinds: vec![
            Kind::new("headwater_pubsub_schema", schema),
            Kind::new("headwater_pubsub_topic", topic),
            Kind {
                unset: &[
                    ("cloud_storage_config", "the local cloud answers it with 501"),
                    (
                        "push_config.attributes",
                        "an import cannot tell Pub/Sub's own from the user's",
                    ),
                ],
                ..Kind::new("headwater_pubsub_subscription", subscription)
            },
        ],
        org: false,
        lists: ["schemas", "topics", "subscriptions"]
            .into_iter()
            .map(|collection| (format!("/v1/projects/{PROJECT}/{collection}?pageSize=1000"), collection))
            .collect(),
    }
}

/// A name with every kind of letter that Pub/Sub takes.
fn name(random: &mut Random, index: usize) -> String {
    let odd = random.pick(&["-", "_", ".", "~", "+", "%"]);
    format!("{}{index}{odd}{}", random.pick(&["n", "Name"]), random.word())
}

fn schema(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", name(random, index));
    if random.coin() {
        body.text("project", PROJECT);
    }
    let fields: Vec<String> = (0..random.number(1, 4))
        .map(|n| format!("f{n}_{}", random.word()))
        .collect();
    if random.coin() {
        body.text("type", "AVRO");
        let typed = |field: &String| format!("{{ name = \"{field}\", type = \"string\" }}");
        let fields: Vec<String> = fields.iter().map(typed).collect();
        let definition = format!(
            "jsonencode({{ type = \"record\", name = \"R{index}\", fields = [{}] }})",
            fields.join(", ")
        );
        body.raw("definition", definition);
    } else {
        body.text("type", "PROTOCOL_BUFFER");
        let typed = |(n, field): (usize, &String)| format!("  string {field} = {};\n", n + 1);
        let fields: String = fields.iter().enumerate().map(typed).collect();
        body.text(
            "definition",
            format!("syntax = \"proto3\";\nmessage R{index} {{\n{fields}}}\n"),
        );
    }
    body
}

fn topic(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", name(random, index));
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    if random.coin() {
        body.text(
            "message_retention_duration",
            random.pick(&["10m", "600s", "24h", "1h30m", "744h", "86400s"]),
        );
    }
    if random.coin() {
        let mut settings = Body::new();
        settings.raw("schema", "headwater_pubsub_schema.ground.id");
        if random.coin() {
            settings.text("encoding", random.pick(&["JSON", "BINARY"]));
        }
        body.set("schema_settings", settings.object());
    }
    if random.coin() {
        let mut policy = Body::new();
        policy.set(
            "allowed_persistence_regions",
            Hcl::texts(random.some(&["europe-west4", "europe-west1", "us-central1"])),
        );
        if random.coin() {
            policy.raw("enforce_in_transit", random.coin());
        }
        body.set("message_storage_policy", policy.object());
    }
    if random.once_in(4) {
        let key = random.word();
        body.text(
            "kms_key_name",
            format!("projects/{PROJECT}/locations/global/keyRings/ring/cryptoKeys/{key}"),
        );
    }
    body
}

fn subscription(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", name(random, index));
    if random.coin() {
        body.text("project", PROJECT);
    }
    let delivery = random.number(0, 5);
    let typed = delivery == 2;
    body.raw(
        "topic",
        if typed {
            "headwater_pubsub_topic.typed.id"
        } else {
            "headwater_pubsub_topic.ground.id"
        },
    );
    if random.coin() {
        body.raw("ack_deadline_seconds", random.pick(&[10, 60, 599, 600]));
    }
    if random.coin() {
        body.text(
            "message_retention_duration",
            random.pick(&["10m", "168h", "604800s", "1h1m"]),
        );
    }
    if random.coin() {
        body.text("expiration_ttl", random.pick(&["never", "24h", "2678400s", "87600h"]));
    }
    for flag in ["retain_acked_messages", "enable_message_ordering"] {
        if random.coin() {
            body.raw(flag, random.coin());
        }
    }
    if random.coin() {
        body.text(
            "filter",
            random.pick(&[
                "attributes.object = \"Account\"",
                "attributes:urgent",
                "hasPrefix(attributes.kind, \"a\")",
            ]),
        );
    }
    if random.coin() {
        let mut policy = Body::new();
        policy.raw("dead_letter_topic", "headwater_pubsub_topic.typed.id");
        if random.coin() {
            policy.raw("max_delivery_attempts", random.number(5, 100));
        }
        body.set("dead_letter_policy", policy.object());
    }
    if random.coin() {
        let mut policy = Body::new();
        if random.coin() {
            policy.text("minimum_backoff", random.pick(&["0s", "1s", "10s"]));
        }
        if random.coin() {
            policy.text("maximum_backoff", random.pick(&["10s", "5m", "600s"]));
        }
        body.set("retry_policy", policy.object());
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    match delivery {
        0 => body.set("push_config", push(random)),
        1 | 2 => body.set("bigquery_config", bigquery(random, typed)),
        _ => {
            if random.coin() {
                body.raw("enable_exactly_once_delivery", random.coin());
            }
        }
    }
    body
}

fn push(random: &mut Random) -> Hcl {
    let mut push = Body::new();
    push.text(
        "push_endpoint",
        format!("https://push.example.com/{}?x=1", random.word()),
    );
    if random.coin() {
        let mut token = Body::new();
        token.text("service_account_email", account(random));
        if random.coin() {
            token.text("audience", random.word());
        }
        push.set("oidc_token", token.object());
    }
    if random.coin() {
        let mut wrapper = Body::new();
        if random.coin() {
            wrapper.raw("write_metadata", random.coin());
        }
        push.set("no_wrapper", wrapper.object());
    }
    push.object()
}

fn bigquery(random: &mut Random, typed: bool) -> Hcl {
    let mut config = Body::new();
    config.text("table", format!("{PROJECT}.pubsub_ground.rows"));
    let schema = if typed { "use_topic_schema" } else { "use_table_schema" };
    let follows = random.coin();
    if follows || random.coin() {
        config.raw(schema, follows);
    }
    if follows && random.coin() {
        config.raw("drop_unknown_fields", random.coin());
    }
    if random.coin() {
        config.raw("write_metadata", random.coin());
    }
    if random.coin() {
        config.text("service_account_email", account(random));
    }
    config.object()
}
