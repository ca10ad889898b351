//! Expectations that look beyond the rows of one table: applied by Terraform, judged run after run where the table lies. What is
//! broken, and nothing else, does not hold; what the runs before found is remembered in the table of results.

use std::time::Duration;

use headwater_tests::bigquery;
use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::programs::{self, Ended};
use headwater_tests::terraform::Terraform;
use serde_json::Value;

const SPEC: &str = "gs://kinds-lake/headwater/pipelines/orders/spec.json";

const PLATFORM: &str = r#"
resource "headwater_storage_bucket" "lake" {
  name          = "kinds-lake"
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
    { name = "customer", type = "INT64" },
    { name = "region", type = "STRING" },
    { name = "status", type = "STRING" },
    { name = "quantity", type = "INT64" },
    { name = "price", type = "FLOAT64" },
    { name = "discount", type = "NUMERIC" },
    { name = "ordered", type = "TIMESTAMP" },
    { name = "day", type = "DATE" },
  ]
}

resource "headwater_bigquery_table" "customers" {
  dataset             = headwater_bigquery_dataset.shop.id
  table_id            = "customers"
  deletion_protection = false
  columns = [
    { name = "id", type = "NUMERIC" },
    { name = "region", type = "STRING" },
  ]
}

resource "headwater_bigquery_table" "mirror" {
  dataset             = headwater_bigquery_dataset.shop.id
  table_id            = "mirror"
  deletion_protection = false
  columns = [
    { name = "id", type = "INT64" },
    { name = "quantity", type = "INT64" },
    { name = "discount", type = "FLOAT64" },
    { name = "day", type = "DATE" },
  ]
}

resource "headwater_runtime" "main" {
  name = "headwater"
}
"#;

fn suite(name: &str, expectations: &str) -> String {
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
}}
"#,
        name.replace('_', "-")
    )
}

const KINDS: &str = r#"
    foreign_key = [
      { columns = ["customer"], references = { table = headwater_bigquery_table.customers.sql_name, columns = ["id"] } },
      {
        columns     = ["customer", "region"]
        references  = { table = headwater_bigquery_table.customers.sql_name, columns = ["id", "region"] }
        ignore_rows = "all_missing"
        mostly      = 0.9
      },
    ]
    freshness = [
      { column = "ordered", max_age = "6h", max_ahead = "5m" },
      { column = "day", max_age = "1d" },
    ]
    sql_condition = [{ condition = "status != 'lost' -- of all\n OR id > 1000", where = "id <= 20" }]
    sql_aggregate = [{ expression = "MAX(discount)", max = 0.5, where = "quantity > 0" }]
    schema_change = [{ allow = ["remove"] }]
    anomaly = [
      { metric = "row_count", method = "relative_change", threshold = 0.5, min_points = 3 },
      { metric = "mean", column = "price", threshold = 4, min_points = 3, group_by = "day_of_week" },
    ]
    reconcile = [
      {
        with    = { table = headwater_bigquery_table.mirror.sql_name, filter = "id <= 20" }
        columns = ["quantity"]
        keys    = ["id"]
        where   = "id <= 20"
      },
      {
        id      = "same-rows"
        with    = { table = headwater_bigquery_table.mirror.sql_name }
        columns = ["id", "quantity"]
        where   = "id <= 20"
      },
    ]
"#;

const ALL: [&str; 11] = [
    "anomaly.mean.price",
    "anomaly.row_count",
    "foreign_key.customer",
    "foreign_key.customer.region",
    "freshness.day",
    "freshness.ordered",
    "reconcile.mirror",
    "same-rows",
    "schema_change",
    "sql_aggregate",
    "sql_condition",
];

/// What does not fit the tables, and where that is said.
const UNFIT: &[(&str, &str)] = &[
    (
        r#"foreign_key = [{ columns = ["customer"], references = { table = headwater_bigquery_table.customers.sql_name, columns = ["ids"] } }]"#,
        "foreign_key[0].references.columns",
    ),
    (
        r#"foreign_key = [{ columns = ["status"], references = { table = headwater_bigquery_table.customers.sql_name, columns = ["id"] } }]"#,
        "foreign_key[0].references.columns",
    ),
    (
        r#"foreign_key = [{ columns = ["customers"], references = { table = headwater_bigquery_table.customers.sql_name, columns = ["id"] } }]"#,
        "foreign_key[0].columns[0]",
    ),
    (
        r#"foreign_key = [{ columns = ["id"], references = { table = "test-project.shop.nobody", columns = ["id"] } }]"#,
        "foreign_key[0].references.table",
    ),
    (
        r#"foreign_key = [{ columns = ["id"], references = { table = headwater_bigquery_table.orders.sql_name, columns = ["id"] } }]"#,
        "foreign_key[0].references.columns",
    ),
    (
        r#"reconcile = [{ with = { table = headwater_bigquery_table.mirror.sql_name }, columns = ["discount"] }]"#,
        "reconcile[0].columns",
    ),
    (
        r#"reconcile = [{ with = { table = headwater_bigquery_table.mirror.sql_name, filter = "wibble > 1" } }]"#,
        "reconcile[0].with.filter",
    ),
    (
        r#"freshness = [{ column = "status", max_age = "1h" }]"#,
        "freshness[0].column",
    ),
    (
        r#"anomaly = [{ metric = "max", column = "ordered", threshold = 3 }]"#,
        "anomaly[0].column",
    ),
    (
        r#"sql_condition = [{ condition = "wibble = 1" }]"#,
        "sql_condition[0].condition",
    ),
    (
        r#"sql_condition = [{ condition = "quantity" }]"#,
        "sql_condition[0].condition",
    ),
    (
        r#"sql_aggregate = [{ expression = "quantity", min = 1 }]"#,
        "sql_aggregate[0].expression",
    ),
];

fn assert_refused(tf: &Terraform) {
    let suites = UNFIT.iter().enumerate();
    let suites: String = suites
        .map(|(at, (expectations, _))| suite(&format!("wrong_{at}"), expectations))
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
    for (at, (expectations, path)) in UNFIT.iter().enumerate() {
        let address = format!("headwater_dq_suite.wrong_{at}");
        let mine: Vec<&Value> = said.iter().filter(|one| one["address"] == address).collect();
        let attribute = format!("Attribute: expectations.{path}");
        let named = mine.iter().any(|one| {
            let detail = one["detail"].as_str().unwrap_or_default();
            detail.lines().any(|line| line == attribute)
        });
        assert!(named, "{expectations}: no {attribute} in {mine:?}");
    }
}

struct Runs<'a> {
    cloud: &'a Cloud,
    made: u32,
}

impl Runs<'_> {
    fn sql(&self, sql: &str) {
        bigquery::query(self.cloud, sql);
    }

    /// Runs the suite. Exactly these do not hold.
    #[track_caller]
    fn judged(&mut self, failed: &[&str]) -> String {
        self.made += 1;
        let id = format!("run-{}", self.made);
        let ended = self.run(&id);
        let expected: Vec<String> = ALL
            .iter()
            .map(|name| format!("{name} {}", if failed.contains(name) { "fail" } else { "pass" }))
            .collect();
        assert_eq!(self.states(&id), expected, "{}", ended.text());
        assert_eq!(ended.code, if failed.is_empty() { 0 } else { 3 }, "{}", ended.text());
        id
    }

    fn run(&self, id: &str) -> Ended {
        let mut command = std::process::Command::new(programs::headwater());
        command
            .envs(self.cloud.environment())
            .args(["run", "--json", "--spec", SPEC, "--run-id", id]);
        programs::run_within(&mut command, Duration::from_secs(120))
    }

    fn states(&self, run: &str) -> Vec<String> {
        let sql = format!(
            "SELECT STRING_AGG(CONCAT(expectation_id, ' ', state, IFNULL(CONCAT(' ', reason), '')), '|' ORDER BY expectation_id) \
             FROM dq.dq_result WHERE run_id = '{run}'"
        );
        bigquery::cell(self.cloud, &sql).split('|').map(str::to_owned).collect()
    }

    fn observed(&self, run: &str, expectation: &str) -> Value {
        let sql =
            format!("SELECT observed FROM dq.dq_result WHERE run_id = '{run}' AND expectation_id = '{expectation}'");
        serde_json::from_str(&bigquery::cell(self.cloud, &sql)).expect("JSON")
    }
}

#[test]
fn what_is_broken_and_nothing_else_does_not_hold() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let tf = Terraform::new(&cloud, PLATFORM);
    tf.apply();
    assert_refused(&tf);
    tf.write(&format!("{PLATFORM}{}", suite("orders", KINDS)));
    tf.apply();
    tf.assert_no_changes("after apply");

    let mut runs = Runs { cloud: &cloud, made: 0 };
    runs.sql("INSERT INTO shop.customers SELECT x, 'EU' FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x");
    let orders = |from: u32, to: u32| {
        format!(
            "INSERT INTO shop.orders SELECT x, MOD(x, 3) + 1, 'EU', 'new', 2, 10.0, NUMERIC '0.1', \
             TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_DATE() FROM UNNEST(GENERATE_ARRAY({from}, {to})) AS x"
        )
    };
    runs.sql(&orders(1, 20));
    // A key that is not there is judged by neither; one that is there in part exists nowhere, and is one of twenty.
    runs.sql("UPDATE shop.orders SET customer = NULL WHERE id = 20");
    runs.sql("INSERT INTO shop.mirror SELECT id, quantity, 0.5, day FROM shop.orders");

    // Three runs are recorded, and nothing is compared with fewer.
    let first = runs.judged(&[]);
    assert_eq!(runs.observed(&first, "anomaly.row_count")["compared"], false);
    assert_eq!(runs.observed(&first, "schema_change")["columns"]["discount"], "NUMERIC");
    assert!(runs.observed(&first, "schema_change")["compared_with"].is_null());
    runs.judged(&[]);
    runs.judged(&[]);

    runs.sql("UPDATE shop.orders SET customer = 99 WHERE id = 1");
    runs.judged(&["foreign_key.customer"]);
    runs.sql("UPDATE shop.orders SET customer = 1 WHERE id = 1");
    runs.sql("UPDATE shop.orders SET region = 'US' WHERE id <= 3");
    runs.judged(&["foreign_key.customer.region"]);
    runs.sql("UPDATE shop.orders SET region = 'EU' WHERE id <= 3");

    // Too old, and from the future.
    runs.sql("UPDATE shop.orders SET ordered = TIMESTAMP_SUB(ordered, INTERVAL 7 HOUR) WHERE TRUE");
    runs.judged(&["freshness.ordered"]);
    runs.sql("UPDATE shop.orders SET ordered = TIMESTAMP_ADD(ordered, INTERVAL 15 HOUR) WHERE id = 7");
    runs.judged(&["freshness.ordered"]);
    runs.sql("UPDATE shop.orders SET ordered = TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE TRUE");
    runs.sql("UPDATE shop.orders SET day = DATE_SUB(CURRENT_DATE(), INTERVAL 3 DAY) WHERE TRUE");
    runs.judged(&["freshness.day"]);
    runs.sql("UPDATE shop.orders SET day = CURRENT_DATE() WHERE TRUE");

    // What is NULL is not true.
    for status in ["'lost'", "NULL"] {
        runs.sql(&format!("UPDATE shop.orders SET status = {status} WHERE id = 2"));
        runs.judged(&["sql_condition"]);
    }
    runs.sql("UPDATE shop.orders SET status = 'new' WHERE TRUE");
    runs.sql("UPDATE shop.orders SET discount = NUMERIC '0.9' WHERE id = 3");
    let dear = runs.judged(&["sql_aggregate"]);
    assert_eq!(runs.observed(&dear, "sql_aggregate"), 0.9);
    runs.sql("UPDATE shop.orders SET discount = NUMERIC '0.1' WHERE TRUE");

    // Other values, rows that one side lacks, and rows of which there are as many.
    runs.sql("UPDATE shop.mirror SET quantity = 3 WHERE id = 4");
    let other = runs.judged(&["reconcile.mirror", "same-rows"]);
    assert_eq!(runs.observed(&other, "reconcile.mirror")["keys_different"], 1);
    assert_eq!(runs.observed(&other, "same-rows")["same_values"], false);
    runs.sql("UPDATE shop.mirror SET id = 40, quantity = 2 WHERE id = 4");
    let other = runs.judged(&["reconcile.mirror", "same-rows"]);
    let observed = runs.observed(&other, "reconcile.mirror");
    assert_eq!(
        [
            &observed["rows"],
            &observed["other_rows"],
            &observed["keys_missing_there"],
            &observed["keys_missing_here"]
        ],
        [20, 19, 1, 0],
        "{observed}"
    );
    runs.sql("UPDATE shop.mirror SET id = 4 WHERE id = 40");
    runs.judged(&[]);

    // A change is told once, and then is what the next run is compared with; one that is allowed is no failure.
    runs.sql("ALTER TABLE shop.orders ADD COLUMN extra STRING");
    let changed = runs.judged(&["schema_change"]);
    assert_eq!(
        runs.observed(&changed, "schema_change")["changes"]["add"][0],
        "extra STRING"
    );
    runs.judged(&[]);
    runs.sql("ALTER TABLE shop.orders DROP COLUMN extra");
    let changed = runs.judged(&[]);
    assert_eq!(
        runs.observed(&changed, "schema_change")["changes"]["remove"][0],
        "extra STRING"
    );

    // An anomaly is none for the next run to go by.
    runs.sql("UPDATE shop.orders SET price = 11.0 WHERE id = 1");
    runs.judged(&["anomaly.mean.price"]);
    runs.judged(&["anomaly.mean.price"]);
    runs.sql("UPDATE shop.orders SET price = 10.0 WHERE TRUE");
    runs.sql(&orders(21, 60));
    let many = runs.judged(&["anomaly.row_count"]);
    let observed = runs.observed(&many, "anomaly.row_count");
    assert_eq!([&observed["value"], &observed["distance"]], [60.0, 2.0], "{observed}");
    runs.judged(&["anomaly.row_count"]);
    runs.sql("DELETE FROM shop.orders WHERE id > 20");
    runs.judged(&[]);

    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
}
