//! A suite that Dataplex executes: made, run, told and kept as any other, seen when it is changed by hand, and gone when destroyed.

use std::time::Duration;

use headwater_tests::bigquery;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use headwater_tests::wait_for;
use serde_json::{Value, json};

const SPEC: &str = "gs://scan-lake/headwater/pipelines/orders/spec.json";

const PLATFORM: &str = r#"
resource "headwater_storage_bucket" "lake" {
  name          = "scan-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "shop" {
  dataset_id                 = "shop"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_bigquery_dataset" "dq" {
  dataset_id = "dq"
  location   = "EU"
}

resource "headwater_bigquery_table" "orders" {
  dataset             = headwater_bigquery_dataset.shop.id
  table_id            = "orders"
  deletion_protection = false
  columns = [
    { name = "id", type = "INT64" },
    { name = "status", type = "STRING" },
    { name = "email", type = "STRING" },
    { name = "price", type = "NUMERIC" },
    { name = "score", type = "FLOAT64" },
  ]
}

resource "headwater_pubsub_topic" "alerts" {
  name = "alerts"
}

resource "headwater_pubsub_subscription" "alerts" {
  name  = "alerts"
  topic = headwater_pubsub_topic.alerts.id
}

resource "headwater_runtime" "main" {
  name = "headwater"
}
"#;

const EXPECTATIONS: &str = r#"
    not_null  = [{ column = "id" }, { column = "email", mostly = 0.5, on_fail = "record" }]
    unique    = [{ columns = ["id"] }, { columns = ["id", "status"] }]
    in_set    = [{ column = "status", strings = ["new", "paid"], on_fail = "quarantine" }]
    between   = [{ id = "dear", column = "price", decimals = { min = "0.01" }, where = "status = 'paid'" }]
    matches   = [{ column = "email", patterns = ["@"] }]
    statistic = [{ column = "score", statistic = "mean", floats = { min = 0, max = 1 } }]
    row_count = [{ min = 1, max = 1000 }]
    sql_rows  = [{ query = "SELECT id FROM {batch} WHERE id < 0" }]
"#;

fn suite(name: &str, expectations: &str, more: &str) -> String {
    format!(
        r#"
resource "headwater_dq_suite" "{name}" {{
  name                      = "{}"
  lake                      = headwater_storage_bucket.lake.url
  runtime                   = headwater_runtime.main.id
  table                     = headwater_bigquery_table.orders.id
  delete_results_on_destroy = true
  expectations = {{
    {expectations}
  }}
  results = {{ dataset = headwater_bigquery_dataset.dq.id }}
  {more}
}}
"#,
        name.replace('_', "-")
    )
}

const REST: &str = r#"
  dataplex = {}
  schedule = { cron = "0 3 1 1 *", time_zone = "UTC" }
  alert    = { topic = headwater_pubsub_topic.alerts.id }
"#;

fn scans() -> String {
    format!("/v1/projects/{PROJECT}/locations/{REGION}/dataScans")
}

fn run(cloud: &Cloud, id: &str) -> Ended {
    let mut command = std::process::Command::new(programs::headwater());
    command
        .envs(cloud.environment())
        .args(["run", "--json", "--spec", SPEC, "--run-id", id]);
    programs::run_within(&mut command, Duration::from_secs(120))
}

fn insert(cloud: &Cloud, rows: &str) {
    bigquery::query(cloud, &format!("INSERT INTO shop.orders VALUES {rows}"));
}

fn results(cloud: &Cloud, run: &str) -> Vec<String> {
    let sql = format!(
        "SELECT STRING_AGG(CONCAT(expectation_id, ' ', state, IFNULL(CONCAT(' ', CAST(evaluated AS STRING), ' ', \
         CAST(unexpected AS STRING)), '')), ',' ORDER BY expectation_id) FROM dq.dq_result WHERE run_id = '{run}'"
    );
    bigquery::cell(cloud, &sql).split(',').map(str::to_owned).collect()
}

fn jobs(cloud: &Cloud) -> usize {
    let (_, jobs) = cloud.get(&format!("{}/orders/jobs", scans()));
    jobs["dataScanJobs"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_suite_is_executed_by_dataplex() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let tf = Terraform::new(&cloud, PLATFORM);
    tf.apply();
    tf.write(&format!("{PLATFORM}{}", suite("orders", EXPECTATIONS, REST)));
    tf.apply();
    tf.assert_no_changes("after apply");
    let spec = cloud.object("scan-lake", "headwater/pipelines/orders/spec.json");
    let name = format!("projects/{PROJECT}/locations/{REGION}/dataScans/orders");
    assert_eq!(spec["dq_suite"]["execution"]["dataplex"]["scan"], name.as_str());

    // Started by the schedule, as in production.
    insert(
        &cloud,
        "(1, 'new', 'a@b.c', 2.5, 0.5), (2, 'paid', 'b@b.c', 0, 0.25), (2, 'lost', NULL, 1, 9.0), (NULL, NULL, 'nobody', NULL, NULL)",
    );
    let job = format!("/v1/projects/{PROJECT}/locations/{REGION}/jobs/headwater-orders:run");
    assert_eq!(cloud.post(&job, &json!({})).0, 200);
    let id = wait_for("the scheduled run's verdict", Duration::from_secs(120), || {
        let rows = bigquery::query(&cloud, "SELECT run_id FROM dq.dq_run WHERE suite = 'orders'");
        rows.rows.into_iter().next().and_then(|mut row| row.swap_remove(0))
    });
    let row = bigquery::query(
        &cloud,
        "SELECT mode, state, transition, CAST(rows_evaluated AS STRING), CAST(failed AS STRING), CAST(errors AS STRING), reason FROM dq.dq_run",
    );
    let row: Vec<&str> = row.rows[0]
        .iter()
        .map(|cell| cell.as_deref().unwrap_or("NULL"))
        .collect();
    assert_eq!(row, ["dataplex", "fail", "new", "4", "6", "0", "NULL"]);
    let expected = [
        "dear fail 1 1",
        "in_set.status fail 3 1",
        "matches.email fail 3 1",
        "not_null.email pass 4 1",
        "not_null.id fail 4 1",
        "row_count pass",
        "sql_rows pass",
        "statistic.mean.score fail",
        "unique.id fail 3 2",
        "unique.id.status pass 3 0",
    ];
    assert_eq!(results(&cloud, &id), expected);
    let path = format!("/v1/projects/{PROJECT}/subscriptions/alerts:pull");
    let told = wait_for("the alert", Duration::from_secs(30), || {
        let (_, answer) = cloud.post(&path, &json!({"maxMessages": 1, "returnImmediately": true}));
        answer["receivedMessages"][0]["message"]["attributes"]
            .as_object()
            .cloned()
    });
    assert_eq!(told["state"], "fail", "{told:?}");
    assert_eq!(jobs(&cloud), 1);
    // The scan keeps its result, too, and a verdict that is there is not made again.
    let (_, scan) = cloud.get(&format!("{}/orders?view=FULL", scans()));
    assert_eq!(scan["dataQualityResult"]["rowCount"], "4", "{scan}");
    assert_eq!(run(&cloud, &id).code, 3);
    assert_eq!(jobs(&cloud), 1);

    attaches_to_the_job_of_an_earlier_attempt(&cloud);

    // Mended.
    bigquery::query(&cloud, "DELETE FROM shop.orders WHERE TRUE");
    insert(&cloud, "(1, 'new', 'a@b.c', 2.5, 0.5)");
    let mended = run(&cloud, "mended");
    assert_eq!(mended.code, 0, "{}", mended.text());
    assert_eq!(
        bigquery::cell(&cloud, "SELECT transition FROM dq.dq_run WHERE run_id = 'mended'"),
        "recovered"
    );
    assert!(
        cloud
            .objects("scan-lake", "headwater/pipelines/orders/scans/")
            .is_empty()
    );

    drift(&cloud, &tf);
    refused(&tf);
    moved(&cloud, &tf);
    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

/// A task that was killed behind the start of its job is tried again: it waits for that job and begins no other.
fn attaches_to_the_job_of_an_earlier_attempt(cloud: &Cloud) {
    let begun = jobs(cloud);
    let note = |job: Value| {
        let path = "/upload/storage/v1/b/scan-lake/o?uploadType=media&name=headwater%2Fpipelines%2Forders%2Fscans%2Fagain.json";
        assert_eq!(
            cloud
                .post(path, &json!({"since": "2026-01-01T00:00:00Z", "job": job}))
                .0,
            200
        );
    };
    // It knew the name.
    let (_, started) = cloud.post(&format!("{}/orders:run", scans()), &json!({}));
    note(started["job"]["name"].clone());
    let again = run(cloud, "again");
    assert_eq!(again.code, 3, "{}", again.text());
    assert_eq!(jobs(cloud), begun + 1);
    // It had not heard of it: the first that was begun since then.
    bigquery::query(cloud, "DELETE FROM dq.dq_run WHERE run_id = 'again'");
    note(Value::Null);
    assert_eq!(run(cloud, "again").code, 3);
    assert_eq!(jobs(cloud), begun + 1);
}

/// What is changed behind Terraform's back is planned, and mended; a run does not judge by it meanwhile.
fn drift(cloud: &Cloud, tf: &Terraform) {
    let scan = format!("{}/orders", scans());
    let weak = json!({"dataQualitySpec": {"rules": [{"name": "row-count", "dimension": "VOLUME",
        "tableConditionExpectation": {"sqlExpression": "TRUE"}}]}});
    assert_eq!(cloud.patch(&format!("{scan}?updateMask=dataQualitySpec"), &weak).0, 200);
    let changed = run(cloud, "changed");
    assert_eq!(changed.code, 5, "{}", changed.text());
    let reason = bigquery::cell(cloud, "SELECT reason FROM dq.dq_run WHERE run_id = 'changed'");
    assert!(reason.contains("does not judge by the suite"), "{reason}");
    assert_eq!(tf.changes(), ["headwater_dq_suite.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after the rules are the suite's again");
    let sampled = json!({"dataQualitySpec": {"samplingPercent": 10.0}});
    assert_eq!(
        cloud
            .patch(&format!("{scan}?updateMask=dataQualitySpec.samplingPercent"), &sampled)
            .0,
        200
    );
    assert_eq!(tf.changes(), ["headwater_dq_suite.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after all of the table is read again");
    assert_eq!(cloud.delete(&scan), 200);
    let gone = run(cloud, "gone");
    assert_eq!(gone.code, 5, "{}", gone.text());
    assert_eq!(tf.changes(), ["headwater_dq_suite.orders: update"]);
    tf.apply();
    tf.assert_no_changes("after the scan is there again");
    assert_eq!(run(cloud, "there").code, 0);
    tf.run(&["state", "rm", "headwater_dq_suite.orders"]).ok();
    tf.run(&["import", "headwater_dq_suite.orders", SPEC]).ok();
    tf.assert_no_changes("after import");
}

/// What Dataplex has no rule for is refused where it stands, with what to do.
fn refused(tf: &Terraform) {
    let wrong = [
        (
            r#"column_exists = [{ column = "id" }]"#,
            "column_exists[0]",
            "about the table's columns",
        ),
        (
            r#"sql_rows = [{ query = "SELECT ';' FROM {batch}" }]"#,
            "sql_rows[0]",
            "semicolon",
        ),
        (
            r#"not_null = [{ id = "a.b", column = "id" }, { id = "a_b", column = "email" }]"#,
            "not_null[1]",
            "the same name of a rule",
        ),
    ];
    let suites: String = wrong
        .iter()
        .enumerate()
        .map(|(at, (expectations, ..))| suite(&format!("wrong_{at}"), expectations, "dataplex = {}"))
        .collect();
    let whole = format!("{PLATFORM}{}", suite("orders", EXPECTATIONS, REST));
    tf.write(&format!("{whole}{suites}"));
    let plan = tf.run(&["plan", "-json"]);
    assert_eq!(plan.code, 1, "{}", plan.text());
    let details: Vec<String> = plan
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["diagnostic"]["severity"] == "error")
        .map(|line| line["diagnostic"]["detail"].as_str().unwrap_or_default().to_owned())
        .collect();
    for (_, path, why) in wrong {
        let attribute = format!("Attribute: expectations.{path}");
        let named = details
            .iter()
            .any(|detail| detail.contains(&attribute) && detail.contains(why) && detail.contains("without `dataplex`"));
        assert!(named, "{path}: {details:#?}");
    }
    tf.write(&whole);
}

/// Another scan takes the place of the one before, and BigQuery takes over from it.
fn moved(cloud: &Cloud, tf: &Terraform) {
    let names = |cloud: &Cloud| -> Vec<String> {
        let (_, listed) = cloud.get(&scans());
        let listed = listed["dataScans"].as_array().cloned().unwrap_or_default();
        let name = |scan: &Value| {
            scan["name"]
                .as_str()
                .unwrap_or_default()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        listed.iter().map(name).collect()
    };
    let other = REST.replace(
        "{}",
        r#"{ scan_id = "orders-quality", sampling_percent = 99.5, publish_to_catalog = true }"#,
    );
    tf.write(&format!("{PLATFORM}{}", suite("orders", EXPECTATIONS, &other)));
    tf.apply();
    tf.assert_no_changes("after the scan has another name");
    assert_eq!(names(cloud), ["orders-quality"]);
    let none = REST.replace("dataplex = {}", "");
    tf.write(&format!("{PLATFORM}{}", suite("orders", EXPECTATIONS, &none)));
    tf.apply();
    tf.assert_no_changes("after Dataplex is left out");
    assert_eq!(names(cloud), Vec::<String>::new());
    assert_eq!(run(cloud, "pushed").code, 0);
    assert_eq!(
        bigquery::cell(cloud, "SELECT mode FROM dq.dq_run WHERE run_id = 'pushed'"),
        "pushdown"
    );
    // A scan of somebody else's is not taken.
    let foreign = json!({"data": {"resource": format!("//bigquery.googleapis.com/projects/{PROJECT}/datasets/shop/tables/orders")},
        "dataQualitySpec": {"rules": [{"column": "id", "dimension": "COMPLETENESS", "nonNullExpectation": {}}]}});
    assert_eq!(cloud.post(&format!("{}?dataScanId=orders", scans()), &foreign).0, 200);
    tf.write(&format!("{PLATFORM}{}", suite("orders", EXPECTATIONS, REST)));
    let taken = tf.run(&["apply", "-auto-approve", "-no-color"]);
    assert_eq!(taken.code, 1, "{}", taken.text());
    assert!(
        taken.text().contains("exists already") && taken.text().contains("scan_id"),
        "{}",
        taken.text()
    );
    assert_eq!(cloud.delete(&format!("{}/orders", scans())), 200);
    tf.apply();
    tf.assert_no_changes("after the name is free");
}
