//! What a suite reads of its target, and what it shows: increments, samples of a table, files of a lake, and no value of a column
//! with policy tags.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use headwater_tests::bigquery;
use headwater_tests::cloud::{Cloud, PROJECT, request};
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use headwater_tests::wait_for;
use serde_json::{Value, json};

const PLATFORM: &str = r#"
resource "headwater_storage_bucket" "lake" {
  name          = "reads-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "shop" {
  dataset_id                 = "shop"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_bigquery_dataset" "dq" {
  dataset_id                 = "dq"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_bigquery_table" "orders" {
  dataset             = headwater_bigquery_dataset.shop.id
  table_id            = "orders"
  deletion_protection = false
  time_partitioning        = { type = "DAY", field = "ordered" }
  require_partition_filter = true
  columns = [
    { name = "id", type = "INT64" },
    { name = "email", type = "STRING", policy_tags = ["projects/test-project/locations/eu/taxonomies/1/policyTags/2"] },
    { name = "quantity", type = "INT64" },
    { name = "ordered", type = "TIMESTAMP" },
  ]
}

resource "headwater_bigquery_view" "positive" {
  dataset    = headwater_bigquery_dataset.shop.id
  table_id   = "positive"
  query      = "SELECT id, quantity FROM shop.orders WHERE ordered IS NOT NULL AND quantity > 0"
  depends_on = [headwater_bigquery_table.orders]
}

resource "headwater_runtime" "main" {
  name = "headwater"
}
"#;

fn suite(name: &str, target: &str, expectations: &str, samples: &str) -> String {
    format!(
        r#"
resource "headwater_dq_suite" "{name}" {{
  name    = "{name}"
  lake    = headwater_storage_bucket.lake.url
  runtime = headwater_runtime.main.id
  {target}
  expectations = {{
    {expectations}
  }}
  results = {{
    dataset = headwater_bigquery_dataset.dq.id
    {samples}
  }}
  delete_results_on_destroy = true
}}
"#
    )
}

const ORDERS: &str = "table = headwater_bigquery_table.orders.id";
const POSITIVE: &str = r#"between = [{ column = "quantity", ints = { min = 1 } }]"#;

fn increments(overlap: &str) -> String {
    format!(
        "{ORDERS}\n  incremental = {{ column = \"ordered\", overlap = \"{overlap}\", start = \"2026-01-01T00:00:00Z\" }}"
    )
}

fn command(cloud: &Cloud, suite: &str, id: &str) -> Command {
    let mut command = Command::new(programs::headwater());
    let spec = format!("gs://reads-lake/headwater/pipelines/{suite}/spec.json");
    command
        .envs(cloud.environment())
        .args(["run", "--json", "--log-format", "json", "--spec", &spec, "--run-id", id]);
    command
}

fn run(cloud: &Cloud, suite: &str, id: &str) -> Ended {
    programs::run_within(&mut command(cloud, suite, id), Duration::from_secs(120))
}

fn insert(cloud: &Cloud, rows: &str) {
    bigquery::query(
        cloud,
        &format!("INSERT INTO shop.orders (id, email, quantity, ordered) VALUES {rows}"),
    );
}

/// Of a run: state, rows, where it began and how far it went, and what it said.
fn recorded(cloud: &Cloud, id: &str) -> Vec<String> {
    let sql = format!(
        "SELECT state, CAST(rows_evaluated AS STRING), FORMAT_TIMESTAMP('%FT%TZ', watermark_from), FORMAT_TIMESTAMP('%FT%TZ', watermark_to), reason \
         FROM dq.dq_run WHERE run_id = '{id}'"
    );
    let rows = bigquery::query(cloud, &sql).rows;
    assert_eq!(rows.len(), 1, "{id}: {rows:?}");
    rows[0].iter().map(|cell| cell.clone().unwrap_or_default()).collect()
}

#[test]
fn an_incremental_suite_reads_what_has_come() {
    let cloud = Cloud::start();
    let all = [
        suite("hours", &increments("2h"), POSITIVE, ""),
        suite("none", &increments("0s"), POSITIVE, ""),
    ];
    let tf = Terraform::new(&cloud, &format!("{PLATFORM}{}", all.concat()));
    tf.apply();
    tf.assert_no_changes("after apply");
    // Made by an older release.
    bigquery::query(
        &cloud,
        "ALTER TABLE dq.dq_run DROP COLUMN watermark_from, DROP COLUMN watermark_to",
    );

    // Nothing yet.
    let ended = run(&cloud, "none", "first").ok();
    assert!(ended.stdout.contains("nothing was judged"), "{}", ended.stdout);
    assert_eq!(recorded(&cloud, "first")[..2], ["pass", "0"]);

    insert(
        &cloud,
        "(0, 'old@b.c', -9, TIMESTAMP '2025-12-31 23:59:59'), (1, 'a@b.c', 1, TIMESTAMP '2026-02-01 10:00:00'), \
         (2, 'b@b.c', -1, TIMESTAMP '2026-02-01 12:00:00'), (9, 'n@b.c', -1, NULL)",
    );
    for suite in ["hours", "none"] {
        let id = format!("{suite}-1");
        assert_eq!(run(&cloud, suite, &id).code, 3);
        let row = recorded(&cloud, &id);
        assert_eq!(row[..4], ["fail", "2", "2026-01-01T00:00:00Z", "2026-02-01T12:00:00Z"]);
    }
    // Nothing has come: the overlap is judged again, and without one there is nothing.
    assert_eq!(run(&cloud, "hours", "hours-2").code, 3);
    assert_eq!(
        recorded(&cloud, "hours-2")[..4],
        ["fail", "1", "2026-02-01T10:00:00Z", "2026-02-01T12:00:00Z"]
    );
    run(&cloud, "none", "none-2").ok();
    let row = recorded(&cloud, "none-2");
    assert_eq!(row[..4], ["pass", "0", "2026-02-01T12:00:00Z", "2026-02-01T12:00:00Z"]);
    assert!(row[4].contains("no rows above 2026-02-01T12:00:00"), "{row:?}");

    // A run that is killed once it knows how far it goes, and tried again, leaves to the next what has come since.
    insert(&cloud, "(3, 'c@b.c', 5, TIMESTAMP '2026-02-02 00:00:00')");
    let mut killed = command(&cloud, "none", "none-3");
    let mut killed = killed
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a run");
    let lines = BufReader::new(killed.stderr.take().expect("stderr")).lines();
    let found = lines.map_while(Result::ok).any(|line| line.contains("target_found"));
    killed.kill().expect("a kill");
    killed.wait().expect("an end");
    assert!(found);
    insert(&cloud, "(4, 'd@b.c', -4, TIMESTAMP '2026-02-03 00:00:00')");
    run(&cloud, "none", "none-3").ok();
    assert_eq!(
        recorded(&cloud, "none-3")[..4],
        ["pass", "1", "2026-02-01T12:00:00Z", "2026-02-02T00:00:00Z"]
    );
    assert_eq!(run(&cloud, "none", "none-4").code, 3);
    assert_eq!(
        recorded(&cloud, "none-4")[..4],
        ["fail", "1", "2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"]
    );

    // A row of the future is judged, and hides none that comes after it.
    insert(&cloud, "(5, 'e@b.c', -5, TIMESTAMP '2126-01-01 00:00:00')");
    assert_eq!(run(&cloud, "none", "none-5").code, 3);
    let row = recorded(&cloud, "none-5");
    assert!(row[3].starts_with("20") && !row[3].starts_with("2126"), "{row:?}");
    assert_eq!(run(&cloud, "none", "none-6").code, 3, "it is judged again");

    // A run without a verdict moves nothing.
    bigquery::query(&cloud, "ALTER TABLE shop.orders RENAME COLUMN quantity TO amount");
    assert_eq!(run(&cloud, "hours", "hours-3").code, 5);
    bigquery::query(&cloud, "ALTER TABLE shop.orders RENAME COLUMN amount TO quantity");
    assert_eq!(run(&cloud, "hours", "hours-4").code, 3);
    assert_eq!(recorded(&cloud, "hours-4")[2], "2026-02-01T10:00:00Z");

    for (target, says) in [
        (
            format!("{ORDERS}\n  incremental = {{ column = \"order\" }}"),
            "Attribute: incremental.column",
        ),
        (
            format!("{ORDERS}\n  incremental = {{ column = \"quantity\" }}"),
            "Attribute: incremental.column",
        ),
        (
            format!("{ORDERS}\n  incremental = {{ column = \"ordered\" }}"),
            "is not read without a filter of its partitions",
        ),
        (
            "table = headwater_bigquery_view.positive.id\n  sample_percent = 10".to_owned(),
            "samples are taken of tables",
        ),
    ] {
        refused(&tf, &suite("wrong", &target, POSITIVE, ""), says);
    }
    tf.write(PLATFORM);
    tf.destroy();
}

/// Plans one more suite, and holds what is said against where it should be.
fn refused(tf: &Terraform, suite: &str, says: &str) {
    tf.write(&format!("{PLATFORM}{suite}"));
    let plan = tf.run(&["plan", "-no-color"]);
    assert!(plan.code == 1 && plan.text().contains(says), "{says}: {}", plan.text());
}

#[test]
fn a_sample_is_judged_and_tagged_values_are_not_shown() {
    let cloud = Cloud::start();
    let expectations = r#"
    matches = [{ column = "email", patterns = ["^[^@]+@[^@]+$"] }]
    between = [{ column = "quantity", ints = { min = 1 } }]
    statistic = [{ column = "email", statistic = "min", strings = { min = "a" } }]
    "#;
    let filter = format!("{ORDERS}\n  partition_filter = \"ordered IS NOT NULL\"");
    let all = [
        suite("masked", &filter, expectations, ""),
        suite(
            "shown",
            &filter,
            expectations,
            "samples = { rows = 1, unmasked_columns = [\"email\"] }",
        ),
        suite("silent", &filter, expectations, "samples = { rows = 0 }"),
        suite("sampled", &format!("{filter}\n  sample_percent = 50"), POSITIVE, ""),
    ];
    let tf = Terraform::new(&cloud, &format!("{PLATFORM}{}", all.concat()));
    tf.apply();
    tf.assert_no_changes("after apply");
    bigquery::query(
        &cloud,
        "INSERT INTO shop.orders (id, email, quantity, ordered) SELECT i, IF(MOD(i, 1000) = 7, CONCAT('Nobody-', i), CONCAT('m', i, '@b.c')), \
         IF(MOD(i, 500) = 3, -i, i + 1), TIMESTAMP '2026-02-01' FROM UNNEST(GENERATE_ARRAY(0, 3999)) AS i",
    );
    let of = |said: &Value, id: &str| -> Value {
        let results = said["results"].as_array().expect("results");
        results
            .iter()
            .find(|result| result["id"] == id)
            .expect("a result")
            .clone()
    };
    let masked = run(&cloud, "masked", "masked-1");
    assert_eq!(masked.code, 3, "{}", masked.text());
    assert!(!masked.stdout.contains("Nobody"), "{}", masked.stdout);
    let said: Value = serde_json::from_str(&masked.stdout).expect("json");
    assert_eq!(of(&said, "matches.email")["samples"], json!(["***"]));
    assert_eq!(of(&said, "statistic.min.email")["observed"], "***");
    assert_eq!(
        of(&said, "between.quantity")["samples"].as_array().map(Vec::len),
        Some(8)
    );
    let kept = bigquery::cell(
        &cloud,
        "SELECT COUNTIF(TO_JSON_STRING(r) LIKE '%Nobody%') FROM dq.dq_result AS r WHERE suite = 'masked'",
    );
    assert_eq!(kept, "0");
    // Nor are they asked for.
    let job = format!("/bigquery/v2/projects/{PROJECT}/jobs/headwater_masked_suite_masked-1_verdict?location=EU");
    let (status, job) = cloud.get(&job);
    assert_eq!(status, 200, "{job}");
    let query = job["configuration"]["query"]["query"].as_str().expect("a query");
    assert_eq!(query.matches("AS sample").count(), 1, "{query}");

    let shown = run(&cloud, "shown", "shown-1");
    let said: Value = serde_json::from_str(&shown.stdout).expect("json");
    let samples = of(&said, "matches.email")["samples"].clone();
    assert_eq!(samples.as_array().map(Vec::len), Some(1));
    assert!(
        samples[0].as_str().is_some_and(|text| text.starts_with("Nobody-")),
        "{samples}"
    );
    assert_eq!(of(&said, "statistic.min.email")["observed"], "Nobody-1007");
    let silent = run(&cloud, "silent", "silent-1");
    let said: Value = serde_json::from_str(&silent.stdout).expect("json");
    assert!(of(&said, "between.quantity")["samples"].is_null(), "{said}");

    run(&cloud, "sampled", "sampled-1");
    let rows: u64 = recorded(&cloud, "sampled-1")[1].parse().expect("a number");
    assert!((1..4000).contains(&rows), "{rows} rows of 4000");
    tf.destroy();
}

/// Writes a table into the lake as Parquet.
fn export(cloud: &Cloud, table: &str, uri: &str) {
    let job = json!({"configuration": {"extract": {
        "sourceTable": {"projectId": PROJECT, "datasetId": "shop", "tableId": table},
        "destinationUris": [uri],
        "destinationFormat": "PARQUET",
    }}, "jobReference": {"projectId": PROJECT, "location": "EU"}});
    let url = format!("{}/bigquery/v2/projects/{PROJECT}/jobs", cloud.url());
    let (status, job) = request("POST", &url, Some(&job));
    assert_eq!(status, 200, "{job}");
    let id = job["jobReference"]["jobId"].as_str().expect("an id").to_owned();
    let done = wait_for("the export", Duration::from_secs(60), || {
        let (_, job) = cloud.get(&format!("/bigquery/v2/projects/{PROJECT}/jobs/{id}?location=EU"));
        (job["status"]["state"] == "DONE").then_some(job)
    });
    assert!(done["status"]["errorResult"].is_null(), "{done}");
}

#[test]
fn files_of_a_lake_are_judged_as_they_stream_in() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, PLATFORM);
    tf.apply();
    for (table, from) in [("a", 0), ("b", 100_000)] {
        bigquery::query(
            &cloud,
            &format!(
                "CREATE TABLE shop.{table} AS SELECT i AS id, IF(MOD(i, 50000) = 7, 'nobody', CONCAT('m', i, '@b.c')) AS email, \
                 MOD(i, 100) AS quantity, DATE '2026-02-01' AS day FROM UNNEST(GENERATE_ARRAY({from}, {from} + 99999)) AS i"
            ),
        );
        export(&cloud, table, &format!("gs://reads-lake/orders/{table}.parquet"));
    }
    let files = "files = { uri = \"gs://reads-lake/orders/*.parquet\" }";
    for (expectations, says) in [
        (
            r#"not_null = [{ column = "ids" }]"#,
            "Attribute: expectations.not_null[0].column",
        ),
        (
            r#"matches = [{ column = "quantity", patterns = ["a"] }]"#,
            "Attribute: expectations.matches[0].column",
        ),
        (
            r#"row_count_equals = [{ table = "shop.a" }]"#,
            "Attribute: expectations.row_count_equals[0]",
        ),
    ] {
        refused(&tf, &suite("wrong", files, expectations, ""), says);
    }
    let expectations = r#"
    unique    = [{ columns = ["id"] }]
    matches   = [{ column = "email", patterns = ["^[^@]+@[^@]+$"] }]
    between   = [{ column = "quantity", ints = { min = 0, max = 99 } }, { column = "day", dates = { min = "2026-01-01" } }]
    row_count = [{ min = 200000, max = 200000 }]
    "#;
    let configuration = format!("{PLATFORM}{}", suite("files", files, expectations, ""));
    tf.write(&configuration);
    tf.apply();
    tf.assert_no_changes("after apply");
    let ended = run(&cloud, "files", "files-1");
    assert_eq!(ended.code, 3, "{}", ended.text());
    let row = bigquery::query(
        &cloud,
        "SELECT state, mode, target, CAST(rows_evaluated AS STRING), CAST(failed AS STRING) FROM dq.dq_run WHERE run_id = 'files-1'",
    );
    let row: Vec<String> = row.rows[0]
        .iter()
        .map(|cell| cell.clone().unwrap_or_default())
        .collect();
    assert_eq!(
        row,
        ["fail", "files", "gs://reads-lake/orders/*.parquet", "200000", "1"]
    );
    let wrong = bigquery::cell(
        &cloud,
        "SELECT CAST(unexpected AS STRING) FROM dq.dq_result WHERE expectation_id = 'matches.email'",
    );
    assert_eq!(wrong, "4");
    tf.run(&["state", "rm", "headwater_dq_suite.files"]).ok();
    let spec = "gs://reads-lake/headwater/pipelines/files/spec.json";
    tf.run(&["import", "headwater_dq_suite.files", spec]).ok();
    tf.assert_no_changes("after import");

    // The same on the command line, and the rows that are set apart.
    let dir = tempfile::tempdir().expect("a directory");
    let of_files = dir.path().join("suite.json");
    let document = json!({"api_version": "headwater.dev/quality/v1", "name": "files", "expectations": [
        {"check": {"unique": {"columns": ["id"]}}},
        {"check": {"matches": {"column": "email", "patterns": ["^[^@]+@[^@]+$"]}}, "on_fail": "quarantine"},
    ]});
    std::fs::write(&of_files, document.to_string()).expect("a file");
    let apart = dir.path().join("apart.parquet");
    let judge = |path: &str, more: &[&str]| {
        let mut command = Command::new(programs::headwater());
        let given = [
            "quality",
            "run",
            "--json",
            "--suite",
            of_files.to_str().expect("a path"),
            "--path",
            path,
        ];
        command.envs(cloud.environment()).args(given).args(more);
        programs::run(&mut command)
    };
    let ended = judge(
        "gs://reads-lake/orders/*.parquet",
        &["--key", "id", "--quarantine", apart.to_str().expect("a path")],
    );
    assert_eq!(ended.code, 3, "{}", ended.text());
    let said: Value = serde_json::from_str(&ended.stdout).expect("json");
    assert_eq!(said["rows"], 200_000);
    assert_eq!(
        said["results"][1]["sample_keys"],
        json!([{"id": 7}, {"id": 50_007}, {"id": 100_007}, {"id": 150_007}])
    );
    let again = judge(apart.to_str().expect("a path"), &[]);
    assert!(again.stdout.contains("\"unexpected\": 4"), "{}", again.stdout);
    assert_eq!(judge("gs://reads-lake/orders/none-*.parquet", &[]).code, 1);
    assert_eq!(judge("gs://reads-lake/orders/a.csv", &[]).code, 1);

    // Another schema among the files has no verdict, and says which.
    bigquery::query(&cloud, "CREATE TABLE shop.c AS SELECT 'x' AS id, 'a@b.c' AS email");
    export(&cloud, "c", "gs://reads-lake/orders/c.parquet");
    let ended = run(&cloud, "files", "files-2");
    assert!(
        ended.code == 5 && ended.text().contains("orders/c.parquet"),
        "{}",
        ended.text()
    );
    tf.write(PLATFORM);
    tf.apply();
    tf.destroy();
}
