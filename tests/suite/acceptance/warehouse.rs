//! Datasets, tables, views, materialized views and routines: from nothing to nothing, with import, drift and protection.

use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::{bigquery, terraform::Terraform};
use serde_json::json;

const VIEW: &str = "SELECT id, amount FROM ${headwater_bigquery_table.orders.sql_name} WHERE amount > 0";

/// Everything of the warehouse; `table` and `dataset` are further attributes.
fn configuration(view: &str, table: &str, dataset: &str) -> String {
    format!(
        r#"
resource "headwater_bigquery_dataset" "shop" {{
  dataset_id            = "shop"
  location              = "EU"
  max_time_travel_hours = 72
  access = [
    {{ role = "roles/bigquery.dataOwner", special_group = "projectOwners" }},
    {{ role = "READER", user_by_email = "analyst@acme.com" }},
  ]
  {dataset}
}}

resource "headwater_bigquery_table" "orders" {{
  dataset  = headwater_bigquery_dataset.shop.id
  table_id = "orders"
  columns = [
    {{ name = "id", type = "STRING", mode = "REQUIRED" }},
    {{ name = "amount", type = "DECIMAL", precision = 12, scale = 2, description = "net" }},
    {{ name = "day", type = "DATE" }},
    {{ name = "items", type = "RECORD", mode = "REPEATED", fields = [{{ name = "sku", type = "STRING" }}] }},
  ]
  time_partitioning = {{ field = "day" }}
  clustering        = ["id"]
  primary_key       = ["id"]
  {table}
}}

resource "headwater_bigquery_view" "positive" {{
  dataset  = headwater_bigquery_dataset.shop.id
  table_id = "positive"
  query    = <<-SQL
{view}
  SQL
}}

resource "headwater_bigquery_materialized_view" "daily" {{
  dataset  = headwater_bigquery_dataset.shop.id
  table_id = "daily"
  query    = "SELECT day, COUNT(*) AS orders, SUM(amount) AS amount FROM ${{headwater_bigquery_table.orders.sql_name}} GROUP BY day"
}}

resource "headwater_bigquery_routine" "twice" {{
  dataset         = headwater_bigquery_dataset.shop.id
  routine_id      = "twice"
  arguments       = [{{ name = "x", type = "INTEGER" }}]
  return_type     = "INT64"
  definition_body = "x * 2"
}}

data "headwater_bigquery_table" "orders" {{
  table      = headwater_bigquery_table.orders.id
  depends_on = [headwater_bigquery_table.orders]
}}

output "columns" {{
  value = [for column in data.headwater_bigquery_table.orders.columns : "${{column.name}} ${{column.type}}"]
}}
"#
    )
}

const IDS: [(&str, &str); 5] = [
    ("headwater_bigquery_dataset.shop", "datasets/shop"),
    ("headwater_bigquery_table.orders", "datasets/shop/tables/orders"),
    ("headwater_bigquery_view.positive", "datasets/shop/tables/positive"),
    (
        "headwater_bigquery_materialized_view.daily",
        "datasets/shop/tables/daily",
    ),
    ("headwater_bigquery_routine.twice", "datasets/shop/routines/twice"),
];

fn insert(cloud: &Cloud) {
    let path = format!("/bigquery/v2/projects/{PROJECT}/datasets/shop/tables/orders/insertAll");
    let row = json!({"id": "a", "amount": "2.50", "day": "2026-01-02", "items": [{"sku": "x"}]});
    let (status, answer) = cloud.post(&path, &json!({"rows": [{"insertId": "1", "json": row}]}));
    assert!(status == 200 && answer["insertErrors"].is_null(), "{answer}");
}

#[test]
fn a_warehouse_from_nothing_to_nothing() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &configuration(VIEW, "", ""));
    tf.apply();
    tf.assert_no_changes("after apply");
    insert(&cloud);
    assert_eq!(bigquery::cell(&cloud, "SELECT amount FROM shop.positive"), "2.5");
    assert_eq!(bigquery::cell(&cloud, "SELECT orders FROM shop.daily"), "1");
    assert_eq!(bigquery::cell(&cloud, "SELECT shop.twice(21)"), "42");
    tf.assert_no_changes("after a row came in");

    // White space, comments and the case of keywords are no change; another query is one, and its bytes are told.
    let respelled =
        "select id, -- the key\n  amount\nFROM ${headwater_bigquery_table.orders.sql_name} where amount > 0";
    tf.write(&configuration(respelled, "", ""));
    tf.assert_no_changes("after the query was written otherwise");
    tf.write(&configuration(&VIEW.replace("> 0", "> 1"), "", ""));
    assert_eq!(tf.changes(), ["headwater_bigquery_view.positive: update"]);
    let plan = tf.run(&["plan"]).ok();
    assert!(
        plan.text().contains("`test-project.shop.positive` reads"),
        "{}",
        plan.text()
    );

    // What BigQuery refuses is an error of the plan, at the query, with the place in it.
    tf.write(&configuration("SELECT id,\n FROM WHERE", "", ""));
    let plan = tf.run(&["plan"]);
    assert_eq!(plan.code, 1);
    for words in ["BigQuery refuses this SQL", "query", "[2:"] {
        assert!(plan.stderr.contains(words), "{words:?} is not in {}", plan.stderr);
    }
    tf.write(&configuration(
        "SELECT wibble FROM ${headwater_bigquery_table.orders.sql_name}",
        "",
        "",
    ));
    let plan = tf.run(&["plan"]);
    assert!(plan.code == 1 && plan.stderr.contains("wibble"), "{}", plan.text());

    // A view that needs a column which is added in the same apply.
    let added = configuration("SELECT day FROM ${headwater_bigquery_table.orders.sql_name}", "", "")
        .replace(
            "{ name = \"day\"",
            "{ name = \"note\", type = \"STRING\" },\n    { name = \"day\"",
        )
        .replace("SELECT day FROM", "SELECT note FROM");
    tf.write(&added);
    tf.apply();
    tf.assert_no_changes("after a column and the view over it were added together");

    // Everything is imported into an empty state, and the plan is empty.
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    for (address, id) in IDS {
        tf.run(&["import", address, &format!("projects/{PROJECT}/{id}")]).ok();
    }
    tf.assert_no_changes("after import");

    drift_is_mended(&cloud, &tf);
    protection_holds(&tf, &added);
}

fn drift_is_mended(cloud: &Cloud, tf: &Terraform) {
    let dataset = format!("/bigquery/v2/projects/{PROJECT}/datasets/shop");
    let patches = [
        (
            "headwater_bigquery_dataset.shop",
            "",
            json!({"maxTimeTravelHours": "48"}),
        ),
        (
            "headwater_bigquery_table.orders",
            "/tables/orders",
            json!({"description": "changed by hand"}),
        ),
        (
            "headwater_bigquery_view.positive",
            "/tables/positive",
            json!({"view": {"query": "SELECT 1 AS x"}}),
        ),
        (
            "headwater_bigquery_materialized_view.daily",
            "/tables/daily",
            json!({"materializedView": {"enableRefresh": false}}),
        ),
    ];
    for (address, path, body) in patches {
        let url = format!("{}{dataset}{path}", cloud.url());
        let (status, answer) = headwater_tests::cloud::request("PATCH", &url, Some(&body));
        assert_eq!(status, 200, "{path}: {answer}");
        assert_eq!(tf.changes(), [format!("{address}: update")]);
        tf.apply();
        tf.assert_no_changes("after the drift was mended");
    }
    for (address, id) in &IDS[2..] {
        let status = cloud.delete(&format!("/bigquery/v2/projects/{PROJECT}/{id}"));
        assert!((200..300).contains(&status), "DELETE {id}: {status}");
        assert_eq!(tf.changes(), [format!("{address}: create")]);
        tf.apply();
        tf.assert_no_changes("after what was gone was made again");
    }
}

fn protection_holds(tf: &Terraform, configuration: &str) {
    let protected = |plan: &headwater_tests::programs::Ended, what: &str| {
        assert_eq!(plan.code, 1, "{}", plan.text());
        assert!(plan.stderr.contains(what), "{what:?} is not in {}", plan.stderr);
        assert!(plan.stderr.contains("1 row ("), "no number in {}", plan.stderr);
    };
    let plan = tf.run(&["plan", "-destroy"]);
    protected(&plan, "would be destroyed");
    let plan = tf.run(&["plan", "-replace=headwater_bigquery_table.orders"]);
    protected(&plan, "would be replaced");
    tf.write(&configuration.replace(
        "primary_key       = [\"id\"]",
        "primary_key       = [\"id\"]\n  deletion_protection = false",
    ));
    tf.apply();
    tf.assert_no_changes("after the protection was taken off");
    let plan = tf.run(&["plan", "-destroy"]).ok();
    assert!(plan.text().contains("is destroyed, and its 1 row ("), "{}", plan.text());
    tf.destroy();
}

#[test]
fn what_a_killed_apply_left_is_taken_over_and_what_others_made_is_not() {
    let cloud = Cloud::start();
    let tf = Terraform::new(&cloud, &configuration(VIEW, "", ""));
    tf.apply();
    // The apply was killed before terraform wrote down what it had made.
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    // A dataset that holds tables is not taken over without a word: it comes back by import.
    let dataset = format!("projects/{PROJECT}/datasets/shop");
    tf.run(&["import", "headwater_bigquery_dataset.shop", &dataset]).ok();
    tf.apply();
    tf.assert_no_changes("after the leftovers were taken over");

    // A table that holds rows is somebody's.
    insert(&cloud);
    tf.run(&["state", "rm", "headwater_bigquery_table.orders"]).ok();
    let applied = tf.run(&["apply", "-auto-approve"]);
    assert_eq!(applied.code, 1, "{}", applied.text());
    for words in ["exists already, with 1 row", "terraform import"] {
        assert!(applied.stderr.contains(words), "{words:?} is not in {}", applied.stderr);
    }
}

#[test]
fn a_dataset_that_says_its_contents_may_go_is_protected_when_it_says_so() {
    let cloud = Cloud::start();
    let configuration = |protection: &str| {
        configuration(
            VIEW,
            "deletion_protection = false",
            &format!("delete_contents_on_destroy = true\n  {protection}"),
        )
    };
    let tf = Terraform::new(&cloud, &configuration("deletion_protection = true"));
    tf.apply();
    insert(&cloud);
    let plan = tf.run(&["plan", "-destroy"]);
    assert_eq!(plan.code, 1, "{}", plan.text());
    assert!(
        plan.stderr
            .contains("the dataset `test-project.shop` would be destroyed, and its 3 tables with"),
        "{}",
        plan.stderr
    );
    tf.write(&configuration(""));
    tf.apply();
    tf.assert_no_changes("after the protection was taken off");
    let plan = tf.run(&["plan", "-destroy"]).ok();
    assert!(
        plan.text().contains("the dataset `test-project.shop` is destroyed"),
        "{}",
        plan.text()
    );
    tf.destroy();
}
