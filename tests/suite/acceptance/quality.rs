//! A suite of expectations: wrong ones are refused where they stand, right ones become verdicts, and nothing is left of them.

use std::time::Duration;

use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use headwater_tests::{bigquery, wait_for};
use serde_json::{Value, json};

const SPEC: &str = "gs://quality-lake/headwater/pipelines/orders/spec.json";

/// The table that is judged, and what a suite needs.
const PLATFORM: &str = r#"
resource "headwater_storage_bucket" "lake" {
  name          = "quality-lake"
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
    { name = "quantity", type = "INT64" },
    { name = "price", type = "NUMERIC" },
    { name = "score", type = "FLOAT64" },
    { name = "ordered", type = "TIMESTAMP" },
    { name = "shipped", type = "TIMESTAMP" },
    { name = "tags", type = "STRING", mode = "REPEATED" },
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

/// A suite of this name over the table.
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

/// Fifteen kinds.
const KINDS: &str = r#"
    not_null   = [{ column = "id" }, { column = "email", mostly = 0.5, severity = "warn", on_fail = "record" }]
    unique     = [{ columns = ["id"] }]
    in_set     = [{ column = "status", strings = ["new", "paid", "shipped"] }]
    not_in_set = [{ column = "quantity", ints = [13] }]
    between = [
      { column = "quantity", ints = { min = 1, max = 100 } },
      { id = "dear", column = "price", decimals = { min = "0.01" }, where = "status = 'paid'" },
    ]
    length    = [{ column = "status", min = 3, max = 10 }]
    matches   = [{ column = "email", patterns = ["^[^@]+@[^@]+$"] }]
    compare   = [{ left = "shipped", op = ">=", right = "ordered" }]
    statistic = [{ column = "score", statistic = "mean", floats = { min = 0, max = 1 } }]
    row_count = [{ min = 1, max = 1000 }]
    columns   = [{ names = ["id", "status"], mode = "contain" }]
    type      = [{ column = "price", types = ["NUMERIC"] }]
    sql_rows  = [{ query = "SELECT id FROM {batch} WHERE 10 / (quantity + 7) > 100" }]
    row_count_equals = [{ table = headwater_bigquery_table.orders.sql_name }]
    sql_equals = [{ query = "SELECT COUNT(id) AS ids, COUNT(DISTINCT id) AS different FROM {batch}", other_query = "SELECT 2 AS ids, 2 AS different" }]
"#;

const REST: &str = r#"
  schedule         = { cron = "0 3 1 1 *", time_zone = "UTC" }
  alert            = { topic = headwater_pubsub_topic.alerts.id }
  max_bytes_billed = 1000000000
"#;

/// Expectations that do not fit the table, and where they are refused.
const UNFIT: &[(&str, &str)] = &[
    (r#"not_null = [{ column = "ids" }]"#, "not_null[0].column"),
    (r#"unique = [{ columns = ["id", "line"] }]"#, "unique[0].columns[1]"),
    (
        r#"matches = [{ column = "quantity", patterns = ["a"] }]"#,
        "matches[0].column",
    ),
    (
        r#"statistic = [{ column = "status", statistic = "mean", floats = { min = 0 } }]"#,
        "statistic[0].column",
    ),
    (
        r#"in_set = [{ column = "quantity", strings = ["1"] }]"#,
        "in_set[0].strings",
    ),
    (
        r#"between = [{ column = "ordered", ints = { min = 1 } }]"#,
        "between[0].ints",
    ),
    (
        r#"compare = [{ left = "shipped", op = ">", right = "order" }]"#,
        "compare[0].right",
    ),
    (
        r#"sql_rows = [{ query = "SELECT wibble FROM {batch}" }]"#,
        "sql_rows[0].query",
    ),
    (
        r#"not_null = [{ column = "id", where = "state IS NULL" }]"#,
        "not_null[0].where",
    ),
    (
        r#"not_null = [{ column = "id", where = "status = 1" }]"#,
        "not_null[0].where",
    ),
];

/// Plans a suite of each, and holds what is said against where it should be.
fn assert_refused(tf: &Terraform, wrong: &[(&str, &str)]) {
    let suites = wrong.iter().enumerate();
    let suites: String = suites
        .map(|(at, (expectations, _))| suite(&format!("wrong_{at}"), expectations, ""))
        .collect();
    tf.write(&format!("{PLATFORM}{suites}"));
    let plan = tf.run(&["plan", "-json"]);
    assert_eq!(plan.code, 1, "{}", plan.text());
    let said: Vec<Value> = plan
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| line["diagnostic"].clone())
        .filter(|diagnostic| diagnostic["severity"] == "error")
        .collect();
    for (at, (expectations, path)) in wrong.iter().enumerate() {
        let address = format!("headwater_dq_suite.wrong_{at}");
        let mine: Vec<&Value> = said
            .iter()
            .filter(|diagnostic| diagnostic["address"] == address)
            .collect();
        let attribute = format!("Attribute: expectations.{path}");
        let named = mine.iter().any(|diagnostic| {
            let detail = diagnostic["detail"].as_str().unwrap_or_default();
            detail.lines().any(|line| line == attribute)
        });
        assert!(named, "{expectations}: no {attribute} in {mine:?}");
    }
}

fn insert(cloud: &Cloud, rows: &str) {
    bigquery::query(
        cloud,
        &format!("INSERT INTO shop.orders (id, status, email, quantity, price, score, ordered, shipped) VALUES {rows}"),
    );
}

const GOOD: &str = "(1, 'new', 'a@b.c', 1, NUMERIC '2.50', 0.5, TIMESTAMP '2026-01-01', NULL), \
     (2, 'paid', 'b@b.c', 100, NUMERIC '1', 0.25, TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-02')";
const BAD: &str = "(2, 'lost', 'nobody', 13, NUMERIC '1', 0.5, TIMESTAMP '2026-01-02', TIMESTAMP '2026-01-01'), \
     (NULL, 'paid', NULL, 0, NUMERIC '0', 9.0, TIMESTAMP '2026-01-01', NULL)";

fn run(cloud: &Cloud, id: &str) -> Ended {
    let mut command = std::process::Command::new(programs::headwater());
    command
        .envs(cloud.environment())
        .args(["run", "--json", "--spec", SPEC, "--run-id", id]);
    programs::run_within(&mut command, Duration::from_secs(120))
}

/// The messages that wait.
fn alerts(cloud: &Cloud) -> Vec<Value> {
    let path = format!("/v1/projects/{PROJECT}/subscriptions/alerts:pull");
    let (status, answer) = cloud.post(&path, &json!({"maxMessages": 10, "returnImmediately": true}));
    assert_eq!(status, 200, "{answer}");
    let received = answer["receivedMessages"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&Value> = received.iter().map(|one| &one["ackId"]).collect();
    if !ids.is_empty() {
        let path = format!("/v1/projects/{PROJECT}/subscriptions/alerts:acknowledge");
        assert_eq!(cloud.post(&path, &json!({ "ackIds": ids })).0, 200);
    }
    received.iter().map(|one| one["message"].clone()).collect()
}

fn states(cloud: &Cloud, run: &str) -> Vec<String> {
    let sql = format!(
        "SELECT STRING_AGG(CONCAT(expectation_id, ' ', state), ',' ORDER BY expectation_id) FROM dq.dq_result WHERE run_id = '{run}'"
    );
    bigquery::cell(cloud, &sql).split(',').map(str::to_owned).collect()
}

#[test]
fn a_suite_from_nothing_to_verdicts_and_back() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let tf = Terraform::new(&cloud, PLATFORM);
    tf.apply();
    assert_refused(&tf, UNFIT);

    let whole = format!("{PLATFORM}{}", suite("orders", KINDS, REST));
    tf.write(&whole);
    tf.apply();
    tf.assert_no_changes("after apply");
    let spec = cloud.object("quality-lake", "headwater/pipelines/orders/spec.json");
    assert_eq!(
        spec["dq_suite"]["suite"]["expectations"].as_array().map(Vec::len),
        Some(17)
    );

    // Bad rows: started by the schedule, as in production.
    insert(&cloud, GOOD);
    insert(&cloud, BAD);
    let job = format!("/v1/projects/{PROJECT}/locations/{REGION}/jobs/headwater-orders:run");
    assert_eq!(cloud.post(&job, &json!({})).0, 200);
    let id = wait_for("the scheduled run's verdict", Duration::from_secs(120), || {
        let rows = bigquery::query(&cloud, "SELECT run_id FROM dq.dq_run WHERE suite = 'orders'");
        rows.rows.into_iter().next().and_then(|mut row| row.swap_remove(0))
    });
    let run_row = bigquery::query(
        &cloud,
        "SELECT state, transition, severity, CAST(rows_evaluated AS STRING), CAST(failed AS STRING), CAST(errors AS STRING) FROM dq.dq_run",
    );
    let run_row: Vec<Vec<&str>> = run_row
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect())
        .collect();
    assert_eq!(run_row, [["fail", "new", "error", "4", "10", "0"]]);
    assert_eq!(
        states(&cloud, &id),
        [
            "between.quantity fail",
            "columns pass",
            "compare.shipped.ordered fail",
            "dear fail",
            "in_set.status fail",
            "length.status pass",
            "matches.email fail",
            "not_in_set.quantity fail",
            "not_null.email pass",
            "not_null.id fail",
            "row_count pass",
            "row_count_equals pass",
            "sql_equals fail",
            "sql_rows pass",
            "statistic.mean.score fail",
            "type.price pass",
            "unique.id fail",
        ]
    );
    let told = wait_for("the alert", Duration::from_secs(30), || {
        alerts(&cloud).into_iter().next()
    });
    let attributes = &told["attributes"];
    for (name, value) in [
        ("suite", "orders"),
        ("target", "test-project.shop.orders"),
        ("state", "fail"),
        ("severity", "error"),
        ("transition", "new"),
        ("run_id", id.as_str()),
    ] {
        assert_eq!(attributes[name], value, "{name} in {attributes}");
    }

    // The same run again changes nothing and tells nothing.
    let again = run(&cloud, &id);
    assert_eq!(again.code, 3, "{}", again.text());
    assert_eq!(bigquery::cell(&cloud, "SELECT COUNT(*) FROM dq.dq_run"), "1");
    assert_eq!(bigquery::cell(&cloud, "SELECT COUNT(*) FROM dq.dq_result"), "17");
    assert_eq!(alerts(&cloud), Vec::<Value>::new());

    // Mended.
    bigquery::query(&cloud, "DELETE FROM shop.orders WHERE TRUE");
    insert(&cloud, GOOD);
    let mended = run(&cloud, "mended");
    assert_eq!(mended.code, 0, "{}", mended.text());
    let told = wait_for("the all-clear", Duration::from_secs(30), || {
        alerts(&cloud).into_iter().next()
    });
    assert_eq!(told["attributes"]["transition"], "recovered", "{told}");
    assert_eq!(told["attributes"]["state"], "pass", "{told}");

    // A query that fails over some row takes no other verdict with it.
    insert(
        &cloud,
        "(3, 'new', 'c@b.c', -7, NUMERIC '1', 0.5, TIMESTAMP '2026-01-02', NULL)",
    );
    let divided = run(&cloud, "divided");
    assert_eq!(divided.code, 5, "{}", divided.text());
    let states = states(&cloud, "divided");
    for state in ["sql_rows error", "between.quantity fail", "unique.id pass"] {
        assert!(states.contains(&state.to_owned()), "{state} is not among {states:?}");
    }
    bigquery::query(&cloud, "DELETE FROM shop.orders WHERE quantity = -7");

    // A column that the suite needs is gone: an error, not a pass.
    bigquery::query(&cloud, "ALTER TABLE shop.orders DROP COLUMN score");
    let broken = run(&cloud, "broken");
    assert_eq!(broken.code, 5, "{}", broken.text());
    assert!(self::states(&cloud, "broken").contains(&"statistic.mean.score error".to_owned()));
    tf.run(&["apply", "-auto-approve"]);
    tf.assert_no_changes("after the column is there again");

    drift(&cloud, &tf);
    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}

/// What is changed behind Terraform's back is planned, and mended by the next apply; an import finds everything.
fn drift(cloud: &Cloud, tf: &Terraform) {
    let spec = "/storage/v1/b/quality-lake/o/headwater%2Fpipelines%2Forders%2Fspec.json";
    for (path, change) in [
        (spec.to_owned(), "headwater_dq_suite.orders: create"),
        (
            format!("/bigquery/v2/projects/{PROJECT}/datasets/dq/tables/dq_result"),
            "headwater_dq_suite.orders: update",
        ),
        (
            format!("/v1/projects/{PROJECT}/locations/{REGION}/jobs/headwater-orders"),
            "headwater_dq_suite.orders: update",
        ),
    ] {
        let status = cloud.delete(&path);
        assert!((200..300).contains(&status), "DELETE {path}: {status}");
        assert_eq!(tf.changes(), [change], "{path}");
        tf.apply();
        tf.assert_no_changes(&format!("after {path} was made again"));
    }
    tf.run(&["state", "rm", "headwater_dq_suite.orders"]).ok();
    tf.run(&["import", "headwater_dq_suite.orders", SPEC]).ok();
    tf.assert_no_changes("after import");
}
