//! What changes in the org arrives, and only that.

use std::process::Command;
use std::time::Duration;

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use headwater_tests::pipeline::{OBJECTS, Pipeline};
use headwater_tests::{bigquery, programs, truth};
use serde_json::{Value, json};

use super::{platform, terraform};

fn total(objects: &Value, field: &str) -> u64 {
    objects
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["totals"][field].as_u64().unwrap())
        .sum()
}

#[test]
fn a_second_run_moves_only_what_changed() {
    let cloud = Cloud::start();
    let org = Org::start(200);
    let objects: Vec<String> = OBJECTS.iter().map(|o| format!("{o} = {{}}")).collect();
    let tf = terraform(&cloud, &org, &platform(&objects.join("\n    "), "run_on_apply = true"));
    tf.apply();

    org.churn(&json!({"inserts": 25, "updates": 40, "deletes": 15, "ties": true}));
    let mut start = Command::new(programs::headwater());
    start
        .args([
            "runs",
            "start",
            "--json",
            "--wait",
            "--runtime",
            "headwater",
            "--lake",
            "gs://acceptance-lake",
            "--pipeline",
            "crm",
            "--tasks",
            "2",
        ])
        .envs(cloud.environment());
    let run = programs::run_within(&mut start, Duration::from_secs(120)).ok().json();
    assert_eq!(run["succeeded"], true, "{run}");
    let read = total(&run["objects"], "rows_read");
    // Changes cascade (a deleted account's children, an updated parent), so there is no exact figure; all rows would be thousands.
    let all: u64 = org.counts().iter().map(|(_, n)| n).sum();
    assert!(read >= 60 && read < all / 4, "{read} rows were read of {all}");
    let tasks: Vec<u64> = run["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["task"].as_u64().unwrap())
        .collect();
    assert!(
        tasks.contains(&0) && tasks.contains(&1),
        "both tasks did a share: {tasks:?}"
    );
    for object in OBJECTS {
        truth::assert_equal(&cloud, &org, "salesforce_raw", object);
    }
    tf.assert_no_changes("after a run");

    // A third run finds nothing new: no row moves.
    let run = programs::run_within(&mut start, Duration::from_secs(120)).ok().json();
    assert_eq!(total(&run["objects"], "rows_read"), 0, "{run}");
}

#[test]
fn rows_on_the_very_edge_of_a_window_are_neither_lost_nor_doubled() {
    let cloud = Cloud::start();
    let org = Org::start(30);
    let pipeline = Pipeline::deploy(&cloud, &org, "edges", &["Account", "Contact"], &json!({}));
    pipeline.run().ok();
    for _ in 0..5 {
        org.churn(&json!({"inserts": 10, "updates": 10, "deletes": 2, "ties": true}));
        pipeline.run().ok();
    }
    // Without a lag, rows stamped in the moment of the last window's end are read by the next run.
    std::thread::sleep(Duration::from_millis(1100));
    pipeline.run().ok();
    pipeline.assert_equal(&cloud, &org, &["Account", "Contact"]);
}

#[test]
fn the_org_changes_while_it_is_read() {
    let cloud = Cloud::start();
    let org = Org::start_with(100, &["--churn", "200"]);
    let pipeline = Pipeline::deploy(&cloud, &org, "churning", OBJECTS, &json!({"safety_lag_seconds": 1}));
    for _ in 0..3 {
        pipeline.run().ok();
    }
    // The org comes to rest; what was changed until then arrives.
    org.control("churn", &json!({"per_second": 0}));
    std::thread::sleep(Duration::from_millis(2100));
    pipeline.run().ok();
    pipeline.assert_equal(&cloud, &org, OBJECTS);
}

#[test]
fn a_field_that_appears_is_read_and_one_that_goes_keeps_its_column() {
    let cloud = Cloud::start();
    let org = Org::start(20);
    let pipeline = Pipeline::deploy(&cloud, &org, "evolving", &["Account"], &json!({}));
    pipeline.run().ok();
    org.control(
        "schema",
        &json!({"object": "Account", "add_field": {"name": "Tier__c", "type": "string", "length": 40}}),
    );
    org.control("schema", &json!({"object": "Account", "remove_field": "Score__c"}));
    org.churn(&json!({"updates": 10}));
    pipeline.run().ok();
    let rows = bigquery::query(&cloud, &format!("SELECT * FROM {}.Account", pipeline.dataset()));
    let names: Vec<&str> = rows.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"Tier__c") && names.contains(&"Score__c"), "{names:?}");
    let record = pipeline.runs(&["show"]).ok().json();
    let changes = record[0]["schema_changes"].to_string();
    assert!(changes.contains("Tier__c") && changes.contains("Score__c"), "{changes}");
}
