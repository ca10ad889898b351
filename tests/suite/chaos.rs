//! Crashes: SIGKILL at points spread over a run's life, and of the local cloud beneath it. Afterwards one undisturbed run must
//! leave the tables equal to the org, with no part loaded twice.

use std::time::{Duration, Instant};

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use headwater_tests::pipeline::{OBJECTS, Pipeline};
use serde_json::json;

/// Kills a run after a time unless it has ended before; says whether it was killed.
fn run_and_kill(pipeline: &Pipeline, after: Duration) -> bool {
    let mut run = pipeline.spawn();
    let since = Instant::now();
    while since.elapsed() < after {
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    true
}

#[test]
fn the_runtime_is_killed_at_points_spread_over_its_first_run() {
    let cloud = Cloud::start();
    let org = Org::start(60);
    let undisturbed = Pipeline::deploy(&cloud, &org, "undisturbed", OBJECTS, &json!({}));
    let since = Instant::now();
    undisturbed.run().ok();
    let life = since.elapsed();
    undisturbed.assert_equal(&cloud, &org, OBJECTS);
    let mut killed = 0;
    for point in 1..=10u32 {
        let pipeline = Pipeline::deploy(&cloud, &org, &format!("first-{point}"), OBJECTS, &json!({}));
        killed += u32::from(run_and_kill(&pipeline, life * point / 11));
        pipeline.run().ok();
        pipeline.assert_equal(&cloud, &org, OBJECTS);
        assert!(pipeline.assert_parts_loaded_once(&cloud) >= OBJECTS.len());
    }
    assert!(
        killed >= 8,
        "only {killed} of 10 kills hit a running process; the first run took {life:?}"
    );
}

#[test]
fn the_runtime_is_killed_at_points_spread_over_incremental_runs() {
    let cloud = Cloud::start();
    let org = Org::start(60);
    let pipeline = Pipeline::deploy(&cloud, &org, "incremental", OBJECTS, &json!({}));
    pipeline.run().ok();
    let churn = json!({"inserts": 20, "updates": 30, "deletes": 10, "ties": true});
    org.churn(&churn);
    let since = Instant::now();
    pipeline.run().ok();
    let life = since.elapsed();
    let mut killed = 0;
    for point in 1..=10u32 {
        org.churn(&churn);
        // No undisturbed run in between: each crash meets what the crashes before it left behind.
        killed += u32::from(run_and_kill(&pipeline, life * point / 11));
    }
    pipeline.run().ok();
    pipeline.assert_equal(&cloud, &org, OBJECTS);
    pipeline.assert_parts_loaded_once(&cloud);
    assert!(
        killed >= 8,
        "only {killed} of 10 kills hit a running process; a run took {life:?}"
    );
}

#[test]
fn the_local_cloud_is_killed_beneath_a_run() {
    let mut cloud = Cloud::start();
    let org = Org::start(60);
    let undisturbed = Pipeline::deploy(&cloud, &org, "undisturbed", OBJECTS, &json!({}));
    let since = Instant::now();
    undisturbed.run().ok();
    let life = since.elapsed();
    for point in 1..=5u32 {
        let pipeline = Pipeline::deploy(&cloud, &org, &format!("beneath-{point}"), OBJECTS, &json!({}));
        let mut run = pipeline.spawn();
        let since = Instant::now();
        while since.elapsed() < life * point / 6 {
            std::thread::sleep(Duration::from_millis(1));
        }
        cloud.kill_and_restart();
        // The run may survive by its retries or fail; either way it ends, and the next one mends it.
        headwater_tests::wait_for(
            "the run beneath which the cloud was killed ends",
            Duration::from_secs(150),
            || run.try_wait().unwrap(),
        );
        pipeline.run().ok();
        pipeline.assert_equal(&cloud, &org, OBJECTS);
        pipeline.assert_parts_loaded_once(&cloud);
    }
}
