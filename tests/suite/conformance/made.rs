//! Google's clients on what the provider made: Cloud Run's jobs, tables, topics that messages go through, Dataform. (Topics,
//! subscriptions, secrets and schedules are described in `acceptance::messages`, buckets in `acceptance::storage_iam`.)

use std::time::Duration;

use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::terraform::Terraform;
use headwater_tests::wait_for;
use serde_json::{Value, json};

use super::tools::{Tools, contains, lines, run_script, script};

fn made(cloud: &Cloud, configuration: &str) -> Terraform {
    let tf = Terraform::new(cloud, configuration);
    tf.apply();
    tf
}

#[test]
fn gcloud_run_describes_jobs_and_their_executions() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    made(
        &cloud,
        r#"
resource "headwater_runtime" "main" {
  name            = "headwater"
  image           = "europe-docker.pkg.dev/acme-data/headwater/headwater:0.1.0"
  cpu             = "2"
  memory          = "1Gi"
  task_timeout    = "90s"
  max_retries     = 2
  service_account = "runner@acme-data.iam.gserviceaccount.com"
  env             = { COLOUR = "blue" }
  labels          = { team = "crm" }
}

resource "headwater_runtime" "elsewhere" {
  name   = "headwater"
  region = "us-east1"
}
"#,
    );
    let place = format!("--region={REGION}");
    let jobs = |arguments: &[&str]| tools.gcloud(&[&["run", "jobs"], arguments].concat());

    // Never run.
    let job = jobs(&["describe", "headwater", &place, "--format=json"]).ok().json();
    assert_eq!(
        (&job["kind"], &job["metadata"]["name"]),
        (&json!("Job"), &json!("headwater"))
    );
    let labels = &job["metadata"]["labels"];
    assert_eq!(
        (&labels["team"], &labels["cloud.googleapis.com/location"]),
        (&json!("crm"), &json!(REGION))
    );
    let task = &job["spec"]["template"]["spec"]["template"]["spec"];
    assert_eq!(
        (
            &task["timeoutSeconds"],
            &task["maxRetries"],
            &task["serviceAccountName"]
        ),
        (
            &json!("90"),
            &json!(2),
            &json!("runner@acme-data.iam.gserviceaccount.com")
        )
    );
    let container = &task["containers"][0];
    assert_eq!(
        container["image"],
        "europe-docker.pkg.dev/acme-data/headwater/headwater:0.1.0"
    );
    assert_eq!(container["env"], json!([{"name": "COLOUR", "value": "blue"}]));
    assert_eq!(container["resources"]["limits"], json!({"cpu": "2", "memory": "1Gi"}));
    assert!(job["status"]["latestCreatedExecution"].is_null(), "{job}");
    let missing = jobs(&["describe", "none", &place]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["Cannot find job [none]"]);

    // Run once with success, once without.
    for overrides in [
        json!({"taskCount": 2}),
        json!({"containerOverrides": [{"args": ["no-such-command"]}]}),
    ] {
        let (status, begun) = cloud.post(
            &format!("/v2/projects/{PROJECT}/locations/{REGION}/jobs/headwater:run"),
            &json!({"overrides": overrides}),
        );
        assert_eq!(status, 200, "{begun}");
        let execution = begun["metadata"]["name"].as_str().unwrap().to_owned();
        wait_for("the execution is over", Duration::from_secs(60), || {
            let (_, execution) = cloud.get(&format!("/v2/{execution}"));
            execution["completionTime"].is_string().then_some(())
        });
    }
    let shown = jobs(&["describe", "headwater", &place]).ok().stdout;
    let shown = lines(&shown).join("\n");
    contains(
        &shown,
        &[
            &format!("Job headwater in region {REGION}"),
            "Executed 2 times",
            "team:crm",
            "Image: europe-docker.pkg.dev/acme-data/headwater/headwater:0.1.0",
            "Memory: 1Gi",
            "COLOUR blue",
            "Task Timeout: 1m30s",
            "Max Retries: 2",
            "Service account: runner@acme-data.iam.gserviceaccount.com",
        ],
    );

    // Each region has its own; without one, all are listed.
    for (arguments, regions) in [
        (vec!["list", "--format=value(region)"], vec![REGION, "us-east1"]),
        (
            vec!["list", "--region=us-east1", "--format=value(region)"],
            vec!["us-east1"],
        ),
    ] {
        let mut listed = lines(&jobs(&arguments).ok().stdout);
        listed.sort();
        assert_eq!(listed, regions, "{arguments:?}");
    }

    let executions = |arguments: &[&str]| jobs(&[&["executions"], arguments, &[&place]].concat());
    let listed = executions(&["list", "--job=headwater", "--format=json"]).ok().json();
    let [failed, succeeded] = listed.as_array().map(Vec::as_slice).unwrap_or_default() else {
        panic!("the newest first: {listed}")
    };
    assert_eq!(completed(failed)["status"], "False", "{failed}");
    assert_eq!(completed(failed)["reason"], "NonZeroExitCode", "{failed}");
    assert_eq!(completed(succeeded)["status"], "True", "{succeeded}");
    assert_eq!(succeeded["status"]["succeededCount"], 2, "{succeeded}");
    let none = executions(&["list", "--job=other", "--format=json"]).ok().json();
    assert_eq!(none, json!([]));
    let name = |execution: &Value| execution["metadata"]["name"].as_str().unwrap().to_owned();
    let shown = executions(&["describe", &name(succeeded)]).ok().stdout;
    contains(
        &lines(&shown).join("\n"),
        &[
            "Execution headwater-",
            "2 tasks completed successfully",
            "Args: version",
        ],
    );
    let shown = executions(&["describe", &name(failed)]).ok().stdout;
    contains(
        &lines(&shown).join("\n"),
        &["1 task failed to complete", "no-such-command"],
    );

    let of_failed = format!("--execution={}", name(failed));
    let tasks = executions(&["tasks", "list", &of_failed, "--failed", "--format=json"])
        .ok()
        .json();
    assert_eq!(tasks.as_array().map(Vec::len), Some(1), "{tasks}");
    assert_eq!(tasks[0]["status"]["lastAttemptResult"]["exitCode"], 2, "{tasks}");
    assert_eq!(tasks[0]["status"]["retried"], 2, "{tasks}");
    let shown = executions(&["tasks", "describe", &name(&tasks[0])]).ok().stdout;
    contains(&lines(&shown).join("\n"), &["Running state: Failed", "Exit Code: 2"]);
}

/// The condition that says how an execution ended.
fn completed(execution: &Value) -> &Value {
    let conditions = execution["status"]["conditions"].as_array().unwrap();
    conditions.iter().find(|one| one["type"] == "Completed").unwrap()
}

#[test]
fn bq_shows_datasets_tables_and_views() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    made(
        &cloud,
        r#"
resource "headwater_bigquery_dataset" "raw" {
  dataset_id  = "raw"
  location    = "EU"
  description = "As it is."
}

resource "headwater_bigquery_table" "orders" {
  dataset     = headwater_bigquery_dataset.raw.id
  table_id    = "orders"
  description = "One row each."
  columns = [
    { name = "order_id", type = "STRING", mode = "REQUIRED", description = "The key" },
    { name = "ordered_at", type = "TIMESTAMP", mode = "REQUIRED" },
    { name = "items", type = "STRUCT", mode = "REPEATED", fields = [{ name = "sku", type = "STRING" }] },
  ]
  time_partitioning   = { type = "DAY", field = "ordered_at" }
  clustering          = ["order_id"]
  deletion_protection = false
}

resource "headwater_bigquery_view" "ids" {
  dataset  = headwater_bigquery_dataset.raw.id
  table_id = "ids"
  query    = "SELECT order_id FROM ${headwater_bigquery_table.orders.sql_name}"
}
"#,
    );
    let show = |name: &str| tools.bq(&["show", "--format=json", name]).ok().json();
    let dataset = show("raw");
    assert_eq!(
        (&dataset["location"], &dataset["description"]),
        (&json!("EU"), &json!("As it is."))
    );
    let table = show("raw.orders");
    assert_eq!(
        table["schema"]["fields"],
        json!([
            {"name": "order_id", "type": "STRING", "mode": "REQUIRED", "description": "The key"},
            {"name": "ordered_at", "type": "TIMESTAMP", "mode": "REQUIRED"},
            {"name": "items", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "sku", "type": "STRING", "mode": "NULLABLE"}]},
        ])
    );
    assert_eq!(
        (&table["timePartitioning"]["field"], &table["clustering"]["fields"]),
        (&json!("ordered_at"), &json!(["order_id"]))
    );
    let view = show("raw.ids");
    assert_eq!(view["type"], "VIEW", "{view}");
    contains(
        view["view"]["query"].as_str().unwrap(),
        &["SELECT order_id FROM", "orders"],
    );
    let people = tools.bq(&["show", "raw.orders"]).ok().stdout;
    contains(
        &people,
        &["order_id: string (required)", "ordered_at: timestamp (required)"],
    );
}

#[test]
fn python_clients_publish_pull_and_list() {
    let cloud = Cloud::start();
    made(
        &cloud,
        r#"
resource "headwater_pubsub_topic" "changes" {
  name = "changes"
}

resource "headwater_pubsub_subscription" "workers" {
  name                         = "workers"
  topic                        = headwater_pubsub_topic.changes.id
  enable_exactly_once_delivery = true
  enable_message_ordering      = true
  filter                       = "attributes.object = \"Account\""
}

resource "headwater_dataform_repository" "marts" {
  name         = "marts"
  display_name = "Marts"
}

resource "headwater_dataform_release_config" "production" {
  repository    = headwater_dataform_repository.marts.id
  name          = "production"
  git_commitish = "main"
}

resource "headwater_dataform_workflow_config" "daily" {
  repository     = headwater_dataform_repository.marts.id
  name           = "daily"
  release_config = headwater_dataform_release_config.production.id
}
"#,
    );
    run_script(script("made.py", &cloud.url()).arg("local"));
}
