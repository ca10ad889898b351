//! Streams on Dataflow: their life against the local cloud, which keeps jobs and executes none; and the pipelines that they are
//! rendered as, executed by Apache Beam.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;
use serde_json::{Value, json};

use crate::conformance::tools::{run_script, script_with};

const PLATFORM: &str = r#"
resource "headwater_storage_bucket" "lake" {
  name          = "stream-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "raw" {
  dataset_id                 = "raw"
  location                   = "EU"
  delete_contents_on_destroy = true
}
"#;

/// A column of each type.
const COLUMNS: &str = r#"id = "INT64", region = "STRING", text = "STRING", flag = "BOOL", count = "INT64", ratio = "FLOAT64", amount = "NUMERIC", exact = "BIGNUMERIC",
      day = "DATE", clock = "TIME", at = "TIMESTAMP", raw = "BYTES""#;

/// A topic of messages in a format, which a stream of each engine reads.
fn twins(format: &str, settings: &str, drift: &str) -> String {
    let mut text = format!("resource \"headwater_pubsub_topic\" \"{format}\" {{ name = \"{format}\" }}\n");
    for (prefix, engine) in [("rt", "runtime"), ("df", "dataflow")] {
        let _ = writeln!(
            text,
            r#"
resource "headwater_pubsub_subscription" "{prefix}_{format}" {{
  name                 = "{prefix}-{format}"
  topic                = headwater_pubsub_topic.{format}.id
  ack_deadline_seconds = 60
}}

resource "headwater_cdc_stream" "{prefix}_{format}" {{
  name         = "{prefix}-{format}"
  lake         = headwater_storage_bucket.lake.url
  dataset      = headwater_bigquery_dataset.raw.id
  subscription = {{
    id     = headwater_pubsub_subscription.{prefix}_{format}.id
    format = "{format}"
    {settings}
  }}
  engine   = "{engine}"
  drift    = "{drift}"
  entities = {{
    orders = {{ changelog = "{prefix}_{format}_orders_changes", current = "{prefix}_{format}_orders", columns = {{ {COLUMNS} }} }}
    items = {{ changelog = "{prefix}_{format}_items_changes", current = "{prefix}_{format}_items", deletes = "soft", columns = {{ {COLUMNS} }} }}
  }}
}}
"#
        );
    }
    text
}

#[test]
fn a_rendered_pipeline_does_what_the_applier_does() {
    let cloud = Cloud::start();
    let mapping = r#"mapping = {
      key = "$.meta.id", operation = "$.meta.op", operations = { I = "create", U = "update", X = "delete" }, order = "$.meta.at",
      sequence = "$.meta.n", payload = "$.list[1]['row']", entity = "$.what"
    }"#;
    let keys = r#"keys = { orders = ["region", "id"], items = ["id"] }"#;
    let configuration = [
        PLATFORM.to_owned(),
        twins("mapping", mapping, "quarantine"),
        twins("debezium", keys, "freeze"),
        twins("salesforce", "", "freeze"),
    ];
    let tf = Terraform::new(&cloud, &configuration.concat());
    tf.apply();
    tf.assert_no_changes("after apply");
    let mut script = script_with(&programs::beam_python(), "dataflow_pipeline.py", &cloud.url());
    run_script(script.arg("stream-lake"));
}

/// A stream on Dataflow, with more settings and columns.
fn orders(columns: &str, settings: &str) -> String {
    format!(
        r#"{PLATFORM}
resource "headwater_pubsub_topic" "orders" {{ name = "orders" }}

resource "headwater_pubsub_subscription" "orders" {{
  name  = "orders"
  topic = headwater_pubsub_topic.orders.id
}}

resource "headwater_cdc_stream" "orders" {{
  name         = "orders"
  lake         = headwater_storage_bucket.lake.url
  dataset      = headwater_bigquery_dataset.raw.id
  engine       = "dataflow"
  subscription = {{
    id      = headwater_pubsub_subscription.orders.id
    format  = "mapping"
    mapping = {{ key = "$.id", order = "$.v" }}
  }}
  entities = {{ orders = {{ columns = {{ {columns} }} }} }}
  {settings}
}}
"#
    )
}

/// The jobs by name, newest first: id and state.
fn jobs(cloud: &Cloud) -> Vec<(String, String)> {
    let (status, answer) = cloud.get(&format!("/v1b3/projects/{PROJECT}/locations/{REGION}/jobs"));
    assert_eq!(status, 200, "{answer}");
    let jobs = answer["jobs"].as_array().cloned().unwrap_or_default();
    let text = |job: &Value, name: &str| job[name].as_str().expect("a text").to_owned();
    jobs.iter()
        .map(|job| {
            assert_eq!(job["name"], "headwater-orders");
            (text(job, "id"), text(job, "currentState"))
        })
        .collect()
}

fn states(cloud: &Cloud) -> Vec<String> {
    jobs(cloud).into_iter().map(|(_, state)| state).collect()
}

/// What stands between Terraform and the cloud, and holds what is asked of Dataflow against Google's description of it.
struct Wire {
    process: Child,
    url: String,
}

impl Wire {
    fn start(cloud: &Cloud) -> Self {
        let mut process = script_with(&programs::beam_python(), "dataflow_wire.py", &cloud.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python");
        let mut line = String::new();
        let out = process.stdout.as_mut().expect("its output");
        BufReader::with_capacity(1, out).read_line(&mut line).expect("a line");
        let up: Value = serde_json::from_str(&line).expect("JSON");
        Self {
            process,
            url: up["url"].as_str().expect("a URL").to_owned(),
        }
    }

    #[track_caller]
    fn judge(mut self) {
        drop(self.process.stdin.take());
        let ended = self.process.wait_with_output().expect("its end");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        print!("{}", String::from_utf8_lossy(&ended.stdout));
    }
}

#[test]
fn a_stream_on_dataflow_lives_and_dies() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let wire = Wire::start(&cloud);
    let tf = Terraform::new(&cloud, &orders(r#"status = "STRING""#, "drift = \"freeze\""))
        .env("HEADWATER_ENDPOINT", &wire.url);
    let said = tf.apply().text();
    assert!(said.contains("does not execute it"), "{said}");
    tf.assert_no_changes("after apply");
    assert_eq!(states(&cloud), ["JOB_STATE_RUNNING"]);
    let lake = cloud.objects("stream-lake", "headwater/pipelines/orders/");
    assert!(lake.iter().any(|name| name.ends_with("/pipeline.yaml")), "{lake:?}");
    // There is no worker pool: nothing is left for it to do.
    let pool = format!("/v2/projects/{PROJECT}/locations/{REGION}/workerPools/headwater-orders");
    assert_eq!(cloud.get(&pool).0, 404);

    // Another column is an update of the job that is there; so are other machines.
    let more = r#"status = "STRING", total = "NUMERIC""#;
    tf.write(&orders(more, "drift = \"quarantine\"\n  labels = { team = \"crm\" }"));
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after an update");
    assert_eq!(states(&cloud), ["JOB_STATE_RUNNING", "JOB_STATE_UPDATED"]);
    let settings = r#"drift = "quarantine"
  workers = 4
  dataflow = { machine_type = "n2-standard-2", subnetwork = "regions/europe-west1/subnetworks/data", private_addresses = true }"#;
    tf.write(&orders(more, settings));
    tf.apply();
    tf.assert_no_changes("after other machines");

    // What ends behind Terraform's back is launched anew.
    let (id, _) = jobs(&cloud).remove(0);
    let job = format!("{}/v1b3/projects/{PROJECT}/locations/{REGION}/jobs/{id}", cloud.url());
    let (status, answer) =
        headwater_tests::cloud::request("PUT", &job, Some(&json!({"requestedState": "JOB_STATE_CANCELLED"})));
    assert_eq!(status, 200, "{answer}");
    headwater_tests::wait_for("the job is cancelled", std::time::Duration::from_secs(10), || {
        states(&cloud).contains(&"JOB_STATE_CANCELLED".to_owned()).then_some(())
    });
    assert_eq!(tf.changes(), ["headwater_cdc_stream.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after the job was launched anew");
    assert_eq!(states(&cloud)[0], "JOB_STATE_RUNNING");
    assert_eq!(jobs(&cloud).len(), 4);

    tf.run(&["state", "rm", "headwater_cdc_stream.orders"]).ok();
    tf.run(&["import", "headwater_cdc_stream.orders", "gs://stream-lake#orders"])
        .ok();
    tf.assert_no_changes("after import");

    // Without workers it stands still: what it holds is finished first.
    tf.write(&orders(more, "drift = \"quarantine\"\n  workers = 0"));
    tf.apply();
    tf.assert_no_changes("while it stands still");
    assert!(!states(&cloud).contains(&"JOB_STATE_RUNNING".to_owned()));
    tf.write(&orders(more, "drift = \"quarantine\""));
    tf.apply();

    tf.destroy();
    assert!(states(&cloud).iter().all(|state| state != "JOB_STATE_RUNNING"));
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
    wire.judge();
}

#[test]
fn what_dataflow_cannot_do_is_refused_by_path() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &orders(r#"status = "STRING""#, ""));
    let cases = [
        ("", "`drift` is `evolve` by default"),
        ("drift = \"evolve\"", "`drift` is not usable"),
        (
            "drift = \"freeze\"\n  batching = { rows = 7 }",
            "`batching` has no meaning here",
        ),
        (
            "drift = \"freeze\"\n  parallelism = 2",
            "`parallelism` has no meaning here",
        ),
        ("drift = \"freeze\"\n  memory = \"1Gi\"", "`memory` has no meaning here"),
        (
            "drift = \"freeze\"\n  alert_topic = headwater_pubsub_topic.orders.id",
            "`alert_topic` is not usable",
        ),
        (
            "drift = \"freeze\"\n  dataflow = { template = \"x\" }",
            "dataflow.template",
        ),
    ];
    for (settings, expected) in cases {
        tf.write(&orders(r#"status = "STRING""#, settings));
        let ended = tf.run(&["apply", "-auto-approve"]);
        assert_ne!(ended.code, 0, "{settings}");
        let text = ended
            .text()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace("│ ", "");
        assert!(text.contains(expected), "{settings}: {expected} is not in {text}");
    }
    // What it destroys is the ground; the last configuration cannot be planned.
    tf.write(&orders(r#"status = "STRING""#, "drift = \"freeze\""));
    tf.destroy();
}
