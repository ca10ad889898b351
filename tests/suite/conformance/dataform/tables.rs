//! Execution over BigQuery: the same tables with the same rows, made anew and incrementally; the same assertions fail.

use std::collections::BTreeSet;

use headwater_tests::bigquery::query;
use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::Ended;
use serde_json::{Value, json};

use super::{Files, OnNode, SETTINGS, headwater, write};

const SMALL: Files = &[
    ("workflow_settings.yaml", SETTINGS),
    (
        ".df-credentials.json",
        "{ \"projectId\": \"test-project\", \"location\": \"EU\" }",
    ),
    (
        "definitions/sources.js",
        "[\"customers\", \"orders\"].forEach(name => declare({ schema: \"raw\", name }));\n",
    ),
    (
        "definitions/stg_orders.sqlx",
        r#"config {
  type: "view",
  description: "Orders, each once",
  columns: { order_id: "The key", amount: "In euros" },
  assertions: { uniqueKey: ["order_id"], nonNull: ["customer_id"], rowConditions: ["amount >= 0"] },
}
SELECT order_id, customer_id, amount, placed_at, DATE(placed_at) AS day FROM ${ref("raw", "orders")}
"#,
    ),
    (
        "definitions/customer_orders.sqlx",
        r#"config {
  type: "table",
  description: "A row for each customer",
  columns: {
    customer_id: "The key",
    orders: { description: "What was ordered", columns: { order_id: "The order's key" } },
  },
  bigquery: { clusterBy: ["customer_id"], labels: { team: "crm" } },
  assertions: { uniqueKey: ["customer_id"] },
  dependOnDependencyAssertions: true,
}
pre_operations {
  DECLARE least NUMERIC DEFAULT 1;
}
SELECT
  c.customer_id,
  c.name,
  COUNT(o.order_id) AS number_of_orders,
  SUM(o.amount) AS amount,
  MIN(o.day) AS first_day,
  ARRAY_AGG(STRUCT(o.order_id, o.amount) ORDER BY o.order_id) AS orders
FROM ${ref("raw", "customers")} AS c
JOIN ${ref("stg_orders")} AS o ON o.customer_id = c.customer_id AND o.amount >= least
GROUP BY 1, 2
"#,
    ),
    (
        "definitions/order_log.sqlx",
        r#"config {
  type: "incremental",
  bigquery: { partitionBy: "day" },
  columns: { order_id: "The key" },
}
SELECT order_id, amount, placed_at, day FROM ${ref("stg_orders")}
${when(incremental(), `WHERE placed_at > (SELECT MAX(placed_at) FROM ${self()})`)}
"#,
    ),
    (
        "definitions/customer_latest.sqlx",
        r#"config { type: "incremental", uniqueKey: ["customer_id"], tags: ["daily"] }
SELECT customer_id, MAX(placed_at) AS latest, COUNT(*) AS seen
FROM ${ref("stg_orders")}
${when(incremental(), `WHERE placed_at > TIMESTAMP "2026-03-02 00:00:00+00"`)}
GROUP BY customer_id
post_operations {
  ${when(incremental(), `UPDATE ${self()} SET seen = seen + 100 WHERE customer_id = "a"`)}
}
"#,
    ),
    (
        "definitions/totals.sqlx",
        r#"config { type: "operations", hasOutput: true, dependencies: ["order_log"] }
CREATE OR REPLACE TABLE ${self()} (day DATE NOT NULL OPTIONS(description="A day"), amount NUMERIC)
---
INSERT INTO ${self()} SELECT day, SUM(amount) FROM ${ref("order_log")} GROUP BY day
"#,
    ),
    (
        "definitions/nothing_is_lost.sqlx",
        r#"config { type: "assertion" }
SELECT order_id FROM ${ref("stg_orders")}
EXCEPT DISTINCT SELECT order_id FROM ${ref("order_log")}
"#,
    ),
    (
        "definitions/derived.js",
        r#"["amount", "number_of_orders"].forEach(column =>
  publish(`by_${column}`, { type: "table", tags: ["derived"] }).query(
    ctx => `SELECT customer_id, ${column} FROM ${ctx.ref("customer_orders")} WHERE ${column} > 1`
  )
);
"#,
    ),
];

const RAW: &str = r#"
CREATE SCHEMA raw OPTIONS (location = "EU");
CREATE TABLE raw.customers (customer_id STRING NOT NULL, name STRING);
INSERT INTO raw.customers VALUES ("a", "Ann"), ("b", "Bob");
CREATE TABLE raw.orders (order_id INT64 NOT NULL, customer_id STRING, amount NUMERIC, placed_at TIMESTAMP);
INSERT INTO raw.orders VALUES
  (1, "a", 10.5, TIMESTAMP "2026-03-01 10:00:00+00"), (2, "b", 0.5, TIMESTAMP "2026-03-01 11:00:00+00"),
  (3, "a", 7, TIMESTAMP "2026-03-02 08:00:00+00"), (4, "b", 3, TIMESTAMP "2026-03-02 09:00:00+00");
"#;

const MORE: &str = r#"
INSERT INTO raw.customers VALUES ("c", "Cyd");
INSERT INTO raw.orders VALUES
  (5, "a", 1, TIMESTAMP "2026-03-03 10:00:00+00"), (6, "c", 2.25, TIMESTAMP "2026-03-04 11:00:00+00");
"#;

/// An order that is there twice, and one below zero.
const BROKEN: &str = r#"
INSERT INTO raw.orders VALUES
  (6, "c", 2, TIMESTAMP "2026-03-05 11:00:00+00"), (7, "a", -1, TIMESTAMP "2026-03-05 12:00:00+00");
"#;

/// The small project, executed by both into datasets of their own.
struct Both {
    cloud: Cloud,
    project: tempfile::TempDir,
    on_node: OnNode,
}

impl Both {
    fn start() -> Self {
        let project = tempfile::tempdir().unwrap();
        write(project.path(), SMALL);
        let on_node = OnNode::of(project.path());
        Self {
            cloud: Cloud::start(),
            project,
            on_node,
        }
    }

    /// Runs both, which end with these statuses; ours first.
    #[track_caller]
    fn run(&self, ours_ends: i32, theirs_ends: i32) -> (Ended, Ended) {
        let ours = headwater(
            "run",
            self.project.path(),
            &["--json".into(), "--schema-suffix=ours".into()],
            &self.cloud.environment(),
        );
        assert_eq!(ours.code, ours_ends, "{}", ours.text());
        let host = ("BIGQUERY_EMULATOR_HOST", format!("{}/bigquery/v2", self.cloud.url()));
        let theirs = self.on_node.dataform("run", &["--schema-suffix=npm".into()], &[host]);
        assert_eq!(theirs.code, theirs_ends, "{}", theirs.text());
        (ours, theirs)
    }

    /// Compares all tables and views; how many there are.
    #[track_caller]
    fn compare(&self, when: &str) -> usize {
        let mut compared = 0;
        for dataset in ["marts", "checks"] {
            let (ours, theirs) = (format!("{dataset}_ours"), format!("{dataset}_npm"));
            let names = self.tables(&theirs);
            assert_eq!(self.tables(&ours), names, "{when}: {dataset}");
            for name in names {
                let what = format!("{when}: {dataset}.{name}");
                assert_eq!(self.shape(&ours, &name), self.shape(&theirs, &name), "{what}");
                assert_eq!(self.rows(&ours, &name), self.rows(&theirs, &name), "{what}");
                compared += 1;
            }
        }
        compared
    }

    fn tables(&self, dataset: &str) -> BTreeSet<String> {
        let path = format!("/bigquery/v2/projects/{PROJECT}/datasets/{dataset}/tables?maxResults=1000");
        let (status, answer) = self.cloud.get(&path);
        assert_eq!(status, 200, "{dataset}: {answer}");
        let list = answer["tables"].as_array().into_iter().flatten();
        list.map(|table| table["tableReference"]["tableId"].as_str().unwrap().to_owned())
            .collect()
    }

    /// All that a project decides about a table but its rows. Dataform's command line writes empty descriptions where it has none.
    fn shape(&self, dataset: &str, table: &str) -> Value {
        let path = format!("/bigquery/v2/projects/{PROJECT}/datasets/{dataset}/tables/{table}");
        let (status, document) = self.cloud.get(&path);
        assert_eq!(status, 200, "{dataset}.{table}: {document}");
        let view = document["view"]["query"].as_str().unwrap_or_default();
        let (_, suffix) = dataset.rsplit_once('_').unwrap();
        json!({
            "type": document["type"],
            "view": view.trim().replace(&format!("_{suffix}."), "."),
            "fields": fields(&document["schema"]["fields"]),
            "description": document["description"].as_str().unwrap_or_default(),
            "labels": document["labels"].as_object().cloned().unwrap_or_default(),
            "partitioning": document["timePartitioning"],
            "clustering": document["clustering"],
        })
    }

    fn rows(&self, dataset: &str, table: &str) -> Vec<Option<String>> {
        let sql = format!("SELECT TO_JSON_STRING(t) FROM `{PROJECT}.{dataset}.{table}` AS t");
        let mut rows: Vec<Option<String>> = query(&self.cloud, &sql).rows.into_iter().flatten().collect();
        rows.sort();
        rows
    }
}

/// Names, types, modes and descriptions of columns, at every depth.
fn fields(list: &Value) -> Vec<Value> {
    let list = list.as_array().into_iter().flatten();
    list.map(|field| {
        json!({
            "name": field["name"],
            "type": field["type"],
            "mode": field["mode"],
            "description": field["description"].as_str().unwrap_or_default(),
            "fields": fields(&field["fields"]),
        })
    })
    .collect()
}

/// The names of the assertions that a run of Dataform's command line found broken: it prints a line for each, with colours.
fn assertions_failed(ended: &Ended) -> BTreeSet<String> {
    let text = ended.text();
    let failed = text.lines().filter(|line| line.contains("Assertion failed: "));
    failed
        .filter_map(|line| line.split_once("checks_npm."))
        .map(|(_, name)| name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

/// The names of the actions of our report that ended in a state.
fn in_state(report: &Value, state: &str) -> BTreeSet<String> {
    let actions = report["actions"].as_array().unwrap().iter();
    actions
        .filter(|action| action["state"] == state)
        .map(|action| action["target"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn dataforms_own_command_line_makes_the_same_tables() {
    let both = Both::start();
    query(&both.cloud, RAW);
    both.run(0, 0);
    // Seven in one dataset, and four assertions, which are views.
    assert_eq!(both.compare("made anew"), 11);

    query(&both.cloud, MORE);
    both.run(0, 0);
    assert_eq!(both.compare("with what came later"), 11);
    let seen = both.rows("marts_ours", "customer_latest");
    assert!(
        seen.iter().flatten().any(|row| row.contains("\"seen\":102")),
        "the second run was not incremental: {seen:?}"
    );

    // A source that is not as it should be: the same assertions fail, and what waits for them is left as it was.
    query(&both.cloud, BROKEN);
    let (ours, theirs) = both.run(3, 1);
    let failed = assertions_failed(&theirs);
    let expected = [
        "marts_stg_orders_assertions_rowConditions",
        "marts_stg_orders_assertions_uniqueKey_0",
    ];
    assert_eq!(failed, BTreeSet::from(expected.map(str::to_owned)), "{}", theirs.text());
    let report = ours.json();
    assert_eq!(in_state(&report, "FAILED"), failed);
    assert!(in_state(&report, "SKIPPED").contains("customer_orders"), "{report}");
    assert_eq!(both.compare("after assertions failed"), 11);
}
