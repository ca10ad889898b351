//! The kinds of expectations that look at the clock and at the runs before, over a file and pushed down to BigQuery: the same
//! verdicts, and the same is observed, run after run.

use std::path::Path;
use std::process::Command;

use headwater_tests::bigquery::{cell, query};
use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs;
use serde_json::{Map, Value, json};

fn suite() -> Value {
    let numbers = [
        "min",
        "max",
        "mean",
        "sum",
        "stdev",
        "median",
        "distinct_count",
        "distinct_ratio",
        "non_null_ratio",
    ];
    let mut checks = vec![
        json!({"check": {"freshness": {"column": "at", "max_age": "6h"}}}),
        json!({"id": "old", "check": {"freshness": {"column": "at", "max_age": "90m"}}}),
        json!({"check": {"freshness": {"column": "day", "max_age": "1d", "max_ahead": "0s"}}}),
        json!({"id": "none", "check": {"freshness": {"column": "day", "max_age": "1d", "no_data": "fail"}},
            "where": {"compare": {"column": "id", "op": "<", "value": {"ints": [0]}}}}),
        json!({"id": "nothing", "check": {"freshness": {"column": "day", "max_age": "1d"}},
            "where": {"compare": {"column": "id", "op": "<", "value": {"ints": [0]}}}}),
        json!({"id": "text", "check": {"freshness": {"column": "name", "max_age": "1d"}}}),
        json!({"check": {"anomaly": {"metric": "row_count", "threshold": 3.5, "min_points": 3}}}),
        json!({"check": {"anomaly": {"metric": "distinct_count", "column": "name", "threshold": 0.1, "min_points": 3,
            "method": "relative_change"}}}),
        json!({"id": "of text", "check": {"anomaly": {"metric": "max", "column": "name", "threshold": 3.5}}}),
        json!({"check": {"schema_change": {}}}),
        json!({"id": "baseline", "check": {"schema_change": {"allow": ["add"], "baseline": [
            {"name": "id", "type": "INTEGER"}, {"name": "price", "type": "FLOAT64"}, {"name": "name", "type": "STRING"},
            {"name": "day", "type": "DATE"}, {"name": "at", "type": "DATETIME"}]}}}),
    ];
    for metric in numbers {
        for (column, method, threshold) in [("price", "relative_change", 0.2), ("id", "robust_z", 3.5)] {
            checks.push(
                json!({"check": {"anomaly": {"metric": metric, "column": column, "method": method,
                "threshold": threshold, "min_points": 3}}}),
            );
        }
    }
    json!({"api_version": "headwater.dev/quality/v1", "name": "orders", "expectations": checks})
}

/// A run over a file or a table: each expectation's state, reason and what was observed.
fn judged(cloud: &Cloud, dir: &Path, data: [&str; 2], history: bool) -> Map<String, Value> {
    let at = |name: &str| dir.join(name).to_str().expect("a path").to_owned();
    let mut command = Command::new(programs::headwater());
    command
        .args(["quality", "run", "--format", "json", "--suite", &at("suite.json")])
        .args(data)
        .envs(cloud.environment());
    if history {
        command.args(["--history", &at("runs.jsonl")]);
    }
    let ended = programs::run(&mut command);
    assert_eq!(ended.code, 5, "{}", ended.text());
    let results = ended.json()["results"].as_array().expect("results").clone();
    results
        .into_iter()
        .map(|result| {
            let mut observed = result["observed"].clone();
            if let Value::Object(observed) = &mut observed {
                // These say when the run was.
                for clock in ["age_seconds", "compared_with"] {
                    observed.remove(clock);
                }
                // Floating-point numbers are added in another order there.
                for (_, value) in observed.iter_mut() {
                    if let Some(number) = value.as_f64() {
                        *value = json!(format!("{number:.9}"));
                    }
                }
            }
            let id = result["id"].as_str().expect("an id").to_owned();
            (
                id,
                json!({"state": result["state"], "reason": result["reason"]["code"], "observed": observed}),
            )
        })
        .collect()
}

/// So many orders, as a CSV and as a table.
fn orders(cloud: &Cloud, dir: &Path, rows: u32, extra: bool) {
    let now = "SELECT FORMAT_DATETIME('%FT%T', DATETIME_SUB(CURRENT_DATETIME(), INTERVAL 2 HOUR))";
    let (at, day) = (cell(cloud, now), cell(cloud, "SELECT CAST(CURRENT_DATE() AS STRING)"));
    let mut csv = String::from("id,price,name,day,at");
    csv.push_str(if extra { ",extra\n" } else { "\n" });
    let mut values = Vec::new();
    for id in 1..=rows {
        let price = f64::from(id * id % 17) + 0.25;
        let name = format!("n{}", id % 5);
        let (more, more_sql) = if extra { (",1", ", 1") } else { ("", "") };
        csv.push_str(&format!("{id},{price},{name},{day},{at}{more}\n"));
        values.push(format!(
            "({id}, {price}, '{name}', DATE '{day}', DATETIME '{at}'{more_sql})"
        ));
    }
    std::fs::write(dir.join("orders.csv"), csv).expect("a file");
    let more = if extra { ", extra INT64" } else { "" };
    query(
        cloud,
        &format!(
            "CREATE OR REPLACE TABLE shop.orders (id INT64, price FLOAT64, name STRING, day DATE, at DATETIME{more})"
        ),
    );
    query(cloud, &format!("INSERT INTO shop.orders VALUES {}", values.join(", ")));
}

#[test]
fn over_time_a_file_and_a_table_are_judged_alike() {
    let cloud = Cloud::start();
    query(&cloud, "CREATE SCHEMA shop OPTIONS (location = 'EU')");
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("suite.json"), suite().to_string()).expect("a file");
    let (path, table) = (dir.path().join("orders.csv"), format!("{PROJECT}.shop.orders"));
    let path = path.to_str().expect("a path");
    let both = |history: bool| {
        let file = judged(&cloud, dir.path(), ["--path", path], history);
        let pushed = judged(&cloud, dir.path(), ["--table", &table], history);
        for (id, said) in &file {
            assert_eq!(Some(said), pushed.get(id), "{id}");
        }
        assert_eq!(file.len(), pushed.len());
        file
    };
    let state = |found: &Map<String, Value>, id: &str| found[id]["state"].as_str().expect("a state").to_owned();

    orders(&cloud, dir.path(), 40, false);
    let alone = both(false);
    for id in ["anomaly.row_count", "schema_change"] {
        assert_eq!(alone[id]["reason"], "no_history", "{id}");
    }
    for _ in 0..3 {
        let found = both(true);
        for (id, expected) in [
            ("freshness.at", "pass"),
            ("old", "fail"),
            ("freshness.day", "pass"),
            ("none", "fail"),
            ("nothing", "error"),
            ("text", "error"),
            ("of text", "error"),
            ("schema_change", "pass"),
            ("baseline", "pass"),
            ("anomaly.mean.price", "pass"),
        ] {
            assert_eq!(state(&found, id), expected, "{id}: {}", found[id]);
        }
        assert_eq!(found["anomaly.row_count"]["observed"]["compared"], false);
    }
    let found = both(true);
    assert_eq!(found["anomaly.sum.price"]["observed"]["runs"], "3.000000000");
    assert_eq!(state(&found, "anomaly.sum.price"), "pass");

    // More rows, dearer ones, and a column more.
    orders(&cloud, dir.path(), 90, true);
    let found = both(true);
    for (id, expected) in [
        ("anomaly.row_count", "fail"),
        ("anomaly.sum.price", "fail"),
        ("anomaly.max.id", "fail"),
        ("anomaly.min.id", "pass"),
        ("anomaly.distinct_count.name", "pass"),
        ("schema_change", "fail"),
        ("baseline", "pass"),
    ] {
        assert_eq!(state(&found, id), expected, "{id}: {}", found[id]);
    }
    assert_eq!(
        found["schema_change"]["observed"]["changes"],
        json!({"add": ["extra INT64"]})
    );
    // What was an anomaly is none to go by; the columns are.
    let found = both(true);
    assert_eq!(found["anomaly.row_count"]["observed"]["runs"], "4.000000000");
    assert_eq!(state(&found, "anomaly.row_count"), "fail");
    assert_eq!(state(&found, "schema_change"), "pass");
}
