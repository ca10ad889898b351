//! Crashes: SIGKILL at points spread over a run's life, and of the local cloud beneath it. Afterwards one undisturbed run must
//! leave the tables equal to the org, with no part loaded twice.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use headwater_tests::pipeline::{OBJECTS, Pipeline};
use serde_json::json;

/// Runs a pipeline and counts the lines that it logs: the steps of its life, whatever the machine's speed.
fn count_steps(pipeline: &Pipeline) -> usize {
    let ended = pipeline.run().ok();
    let steps = ended.stderr.lines().count();
    assert!(steps >= 20, "a run logs its steps: {}", ended.stderr);
    steps
}

/// Kills a run as soon as it has logged so many lines; says whether it was still running.
fn run_and_kill(pipeline: &Pipeline, steps: usize) -> bool {
    let mut run = pipeline.command();
    let mut run = run
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let seen = lines.by_ref().take(steps).count();
    let alive = seen == steps && run.try_wait().unwrap().is_none();
    run.kill().ok();
    run.wait().unwrap();
    alive
}

#[test]
fn the_runtime_is_killed_at_points_spread_over_its_first_run() {
    let cloud = Cloud::start();
    let org = Org::start(60);
    let undisturbed = Pipeline::deploy(&cloud, &org, "undisturbed", OBJECTS, &json!({}));
    let steps = count_steps(&undisturbed);
    undisturbed.assert_equal(&cloud, &org, OBJECTS);
    let mut killed = 0;
    for point in 1..=10 {
        let pipeline = Pipeline::deploy(&cloud, &org, &format!("first-{point}"), OBJECTS, &json!({}));
        killed += u32::from(run_and_kill(&pipeline, steps * point / 11));
        pipeline.run().ok();
        pipeline.assert_equal(&cloud, &org, OBJECTS);
        assert!(pipeline.assert_parts_loaded_once(&cloud) >= OBJECTS.len());
    }
    assert!(
        killed >= 9,
        "only {killed} of 10 kills hit a running process; a run has {steps} steps"
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
    let steps = count_steps(&pipeline);
    let mut killed = 0;
    for point in 1..=10 {
        org.churn(&churn);
        // No undisturbed run in between: each crash meets what the crashes before it left behind.
        killed += u32::from(run_and_kill(&pipeline, steps * point / 11));
    }
    pipeline.run().ok();
    pipeline.assert_equal(&cloud, &org, OBJECTS);
    pipeline.assert_parts_loaded_once(&cloud);
    assert!(
        killed >= 7,
        "only {killed} of 10 kills hit a running process; a run has {steps} steps"
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
