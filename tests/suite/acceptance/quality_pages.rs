//! What people look at: pages of runs by hand, with keys and the runs before, and profiles of files and of tables.

use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_tests::bigquery;
use headwater_tests::browser;
use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::{self, Ended};
use serde_json::{Value, json};

fn headwater(cloud: Option<&Cloud>, arguments: &[&str]) -> Ended {
    let mut command = Command::new(programs::headwater());
    if let Some(cloud) = cloud {
        command.envs(cloud.environment());
    }
    programs::run(command.args(arguments))
}

fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn suite() -> String {
    json!({"api_version": "headwater.dev/quality/v1", "name": "orders", "expectations": [
        {"check": {"in_set": {"column": "status", "values": {"strings": ["new", "paid"]}}}},
        {"check": {"between": {"column": "price", "bounds": {"floats": {"min": 0.0}}}}},
        {"check": {"unique": {"columns": ["order_id"]}}},
    ]})
    .to_string()
}

/// Orders, of which two are wrong where that is asked for.
fn orders(wrong: bool) -> String {
    let mut csv = String::from("order_id,status,price,day\n");
    for i in 0..60 {
        let status = match i {
            7 if wrong => "<b>paaid</b>",
            _ if i % 2 == 0 => "new",
            _ => "paid",
        };
        let price = if wrong && i == 9 { -1.5 } else { f64::from(i) + 0.25 };
        csv.push_str(&format!("{i},{status},{price},2026-01-{:02}\n", i % 28 + 1));
    }
    csv
}

#[test]
fn a_run_by_hand_is_a_page_that_knows_the_runs_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let suite = write(dir.path(), "suite.json", &suite());
    let page = browser::page("orders.html");
    let history = dir.path().join("runs.jsonl");
    let run = |csv: &Path| {
        let paths = [suite.to_str(), csv.to_str(), history.to_str(), page.to_str()].map(|path| path.expect("a path"));
        let [suite, csv, history, page] = paths;
        headwater(
            None,
            &[
                "quality",
                "run",
                "--suite",
                suite,
                "--path",
                csv,
                "--key",
                "order_id",
                "--history",
                history,
                "--format",
                "html",
                "--output",
                page,
            ],
        )
        .code
    };
    assert_eq!(run(&write(dir.path(), "orders.csv", &orders(false))), 0);
    assert_eq!(run(&write(dir.path(), "orders.csv", &orders(true))), 3);
    let seen = browser::look(
        &page,
        &[
            "[...document.querySelectorAll('.runs li')].map(run => run.className).join()",
            "[...document.querySelectorAll('details[open] td')].map(cell => cell.innerText).join('|')",
            "document.querySelectorAll('svg.bins rect').length > 5",
            "document.querySelectorAll('svg.spark').length",
        ],
    );
    assert_eq!(seen["title"], "orders: fail");
    assert_eq!(seen["values"], json!(["pass,fail", "7|<b>paaid</b>|9|-1.5", true, 3]));
    assert_eq!(
        (seen["requests"].as_array().map(Vec::len), &seen["console"]),
        (Some(1), &json!([]))
    );

    // The same rows by their keys, for programs; and a key that is none.
    let csv = dir.path().join("orders.csv");
    let ask = |key: &str| {
        let (suite, csv) = (suite.to_str().expect("a path"), csv.to_str().expect("a path"));
        headwater(
            None,
            &[
                "quality", "run", "--suite", suite, "--path", csv, "--key", key, "--json",
            ],
        )
    };
    let result: Value = serde_json::from_str(&ask("order_id").stdout).expect("json");
    assert_eq!(result["results"][0]["sample_keys"], json!([{"order_id": 7}]));
    let refused = ask("oder_id");
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stderr
            .contains("--key oder_id: there is no such column; there are order_id"),
        "{}",
        refused.stderr
    );
}

fn profile(cloud: Option<&Cloud>, data: [&str; 2]) -> Value {
    headwater(cloud, &[&["quality", "profile", "--json"][..], &data].concat())
        .ok()
        .json()
}

#[test]
fn a_table_has_the_profile_of_the_file_that_it_was_loaded_from() {
    let cloud = Cloud::start();
    let dir = tempfile::tempdir().expect("a directory");
    let csv = write(dir.path(), "orders.csv", &orders(false));
    let csv = csv.to_str().expect("a path");
    bigquery::query(&cloud, "CREATE SCHEMA shop OPTIONS (location = 'EU')");
    bigquery::query(
        &cloud,
        "CREATE TABLE shop.orders AS SELECT i AS order_id, IF(MOD(i, 2) = 0, 'new', 'paid') AS status, i + 0.25 AS price, \
         DATE_ADD(DATE '2026-01-01', INTERVAL MOD(i, 28) DAY) AS day FROM UNNEST(GENERATE_ARRAY(0, 59)) AS i",
    );
    let table = format!("{PROJECT}.shop.orders");
    let (file, table_profile) = (
        profile(None, ["--path", csv]),
        profile(Some(&cloud), ["--table", &table]),
    );
    assert_eq!((&file["rows"], &table_profile["rows"]), (&json!(60), &json!(60)));
    for (of_file, of_table) in file["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .zip(table_profile["columns"].as_array().expect("columns"))
    {
        for same in ["name", "nulls", "distinct", "min", "max", "mean", "lengths"] {
            assert_eq!(of_file[same], of_table[same], "{same} of {}", of_file["name"]);
        }
        let counted = |column: &Value| -> u64 {
            let bins = column["bins"].as_array().expect("bins").iter();
            bins.map(|bin| bin["count"].as_u64().expect("a count")).sum()
        };
        assert_eq!(counted(of_file), counted(of_table), "{}", of_file["name"]);
    }
    assert_eq!(file["columns"][1]["values"], table_profile["columns"][1]["values"]);
    // What they suggest is the same, and is a suite.
    let checks = |profile: &Value| -> Vec<Value> {
        let expectations = profile["suite"]["expectations"]
            .as_array()
            .expect("expectations")
            .iter();
        expectations.map(|one| one["check"].clone()).collect()
    };
    assert_eq!(checks(&file), checks(&table_profile));
    assert!(checks(&file).len() >= 8, "{file}");
    let suite = write(dir.path(), "proposed.json", &file["suite"].to_string());
    let suite = suite.to_str().expect("a path");
    assert_eq!(
        headwater(None, &["quality", "run", "--suite", suite, "--path", csv]).code,
        0
    );
    assert_eq!(
        headwater(Some(&cloud), &["quality", "run", "--suite", suite, "--table", &table]).code,
        0
    );
    let hcl = headwater(
        Some(&cloud),
        &[
            "quality",
            "profile",
            "--table",
            &table,
            "--format",
            "hcl",
            "--columns",
            "status",
        ],
    )
    .ok()
    .stdout;
    assert!(
        hcl.contains("resource \"headwater_dq_suite\" \"orders\"") && !hcl.contains("price"),
        "{hcl}"
    );

    // Wrong rows of a table are found again by their keys, too.
    bigquery::query(&cloud, "UPDATE shop.orders SET status = 'lost' WHERE order_id = 31");
    let judged = headwater(
        Some(&cloud),
        &[
            "quality", "run", "--suite", suite, "--table", &table, "--key", "order_id", "--json",
        ],
    );
    let judged: Value = serde_json::from_str(&judged.stdout).expect("json");
    let result = judged["results"]
        .as_array()
        .expect("results")
        .iter()
        .find(|one| one["id"] == "in_set.status")
        .expect("a result");
    assert_eq!(
        (&result["sample_keys"], &result["samples"]),
        (&json!([{"order_id": 31}]), &json!(["lost"]))
    );
}
