//! What changes in the org arrives, and only that.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use headwater_tests::pipeline::{OBJECTS, Pipeline};
use headwater_tests::{bigquery, programs, truth};
use serde_json::{Value, json};

use super::{platform, terraform};

/// A window ends at Salesforce's clock, which its answers tell to the second: what was stamped in the current second is read by
/// a run that begins in the next.
fn clock_moves_on() {
    std::thread::sleep(Duration::from_millis(1100));
}

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

    let churned = org.churn(&json!({"inserts": 25, "updates": 40, "deletes": 15, "ties": true}));
    let changed: u64 = churned["changed"]
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert!(changed >= 60, "{churned}");
    clock_moves_on();
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
    assert_eq!(read, changed, "as many rows are read as were changed: {churned}");
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
    clock_moves_on();
    pipeline.run().ok();
    pipeline.assert_equal(&cloud, &org, &["Account", "Contact"]);
}

#[test]
fn the_org_changes_while_it_is_read() {
    let cloud = Cloud::start();
    let org = Org::start(100);
    let pipeline = Pipeline::deploy(&cloud, &org, "churning", OBJECTS, &json!({"safety_lag_seconds": 10}));
    // The org's clock runs fast, so that changes leave the lag while the runs go on, and a stall of the machine in the
    // midst of a transaction does not outlast the lag: what does is lost, as with a real org.
    let pass = |seconds: u32| org.control("clock", &json!({"advance_seconds": seconds}));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let churn = scope.spawn(|| {
            let mut bursts = 0;
            while !done.load(Ordering::Relaxed) {
                org.churn(&json!({"inserts": 3, "updates": 6, "deletes": 1, "ties": true, "late_ms": 3000}));
                pass(1);
                bursts += 1;
            }
            bursts
        });
        for _ in 0..3 {
            pipeline.run().ok();
        }
        done.store(true, Ordering::Relaxed);
        let bursts: u32 = churn.join().unwrap();
        assert!(bursts > 30, "only {bursts} bursts of changes met the runs");
    });
    // The org has come to rest; what was changed until then arrives.
    pass(15);
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
        &json!({"action": "add_field", "object": "Account", "name": "Tier__c", "type": "string", "length": 40}),
    );
    org.control(
        "schema",
        &json!({"action": "remove_field", "object": "Account", "name": "Score__c"}),
    );
    org.churn(&json!({"updates": 10, "objects": ["Account"]}));
    clock_moves_on();
    pipeline.run().ok();
    let rows = bigquery::query(&cloud, &format!("SELECT * FROM {}.Account", pipeline.dataset()));
    let names: Vec<&str> = rows.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"Tier__c") && names.contains(&"Score__c"), "{names:?}");
    let record = pipeline.runs(&["show"]).ok().json();
    let changes = record[0]["schema_changes"].to_string();
    assert!(changes.contains("Tier__c") && changes.contains("Score__c"), "{changes}");
}
