//! Runs that are killed or stalled at each of their steps, and runs that meet. Whatever happens, the table equals the
//! org afterwards and nothing is loaded twice.

use std::sync::Arc;
use std::time::Duration;

use headwater_extract::{Context, RunOutcome, RunState, execute};
use headwater_spec::PipelineSpec;
use serde_json::{Value, json};

use crate::steps::Gate;
use crate::world::World;

/// A run on a thread of its own that freezes at a step.
pub struct Frozen {
    gate: Arc<Gate>,
    thread: std::thread::JoinHandle<Option<RunOutcome>>,
}

impl Frozen {
    /// Starts the run and waits until it is frozen, or has ended before that step.
    pub async fn start(spec: &PipelineSpec, context: Context, at: usize) -> Self {
        let gate = Gate::new(&context.run, Some(at));
        let spec = spec.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async { execute(&spec, &context).await.ok() })
        });
        while !gate.is_frozen() && !thread.is_finished() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { gate, thread }
    }

    /// The outcome of a run that was let go on.
    async fn wake(self) -> Option<RunOutcome> {
        self.gate.release();
        tokio::task::spawn_blocking(|| self.thread.join().expect("a thread"))
            .await
            .expect("joined")
    }
}

fn all(_: &Value) -> bool {
    true
}

/// Bulk jobs and small parts even for few rows, so that a run has many steps.
pub fn small(spec: &mut Value) {
    spec["salesforce_extract"]["bulk_threshold_rows"] = 20.into();
    spec["salesforce_extract"]["part_target_bytes"] = 40_000.into();
}

pub async fn steps_of(world: &World, spec: &PipelineSpec) -> Vec<String> {
    let context = world.context();
    let gate = Gate::new(&context.run, None);
    let outcome = execute(spec, &context).await.expect("an execution");
    assert_eq!(outcome.state(), RunState::Succeeded, "{outcome:?}");
    gate.seen()
}

/// Each kind of step at its first and at its last time: the parts in between are alike.
fn places(steps: &[String]) -> Vec<usize> {
    let first = |at: &usize| steps.iter().position(|step| *step == steps[*at]) == Some(*at);
    let last = |at: &usize| steps.iter().rposition(|step| *step == steps[*at]) == Some(*at);
    (0..steps.len()).filter(|at| first(at) || last(at)).collect()
}

pub async fn churn(world: &World, seed: u64) {
    let burst = json!({"inserts": 30, "updates": 210, "deletes": 9, "undeletes": 2, "objects": ["Account"], "ties": true, "seed": seed});
    world.control("churn", burst).await;
    world.control("clock", json!({"advance_seconds": 2})).await;
}

/// Every step of the first, full read and of an incremental one, killed once each; then a run that has to put it right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_is_gone_on_with() {
    let world = World::new("killed", 240, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), small);
    let steps = steps_of(&world, &spec).await;
    for expected in [
        "lease_acquired",
        "batch_begun",
        "bulk_job_created",
        "part_recorded",
        "manifest_written",
        "loaded",
        "merged",
        "watermark_written",
        "cleaned",
    ] {
        assert!(
            steps.iter().any(|step| step == expected),
            "{expected} is not in {steps:?}"
        );
    }
    world.assert_equal("Account", all).await;

    for at in places(&steps) {
        churn(&world, at as u64).await;
        let killed = Frozen::start(&spec, world.context(), at).await;
        // What changes after the kill must come too.
        churn(&world, 1000 + at as u64).await;
        let records = world.succeed(&spec).await;
        world.assert_equal("Account", all).await;
        world.assert_clean().await;
        assert!(records["Account"].error.is_none());
        drop(killed);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_read_that_is_killed_is_gone_on_with() {
    let model = World::new("model", 240, &["Account"]).await;
    let steps = steps_of(&model, &model.spec(&json!({"Account": {}}), small)).await;
    model.end().await;
    // The most telling places: in the middle of the parts, and around each commit.
    let last = |name: &str| {
        steps
            .iter()
            .rposition(|step| step == name)
            .unwrap_or_else(|| panic!("{name} is not in {steps:?}"))
    };
    let first = |name: &str| {
        steps
            .iter()
            .position(|step| step == name)
            .unwrap_or_else(|| panic!("{name} is not in {steps:?}"))
    };
    let places = [
        first("bulk_job_created"),
        first("part_uploaded"),
        first("part_recorded"),
        last("part_uploaded"),
        last("job_inserted"),
    ];
    let world = World::new("first", 240, &["Account"]).await;
    for (number, at) in places.into_iter().enumerate() {
        // Another pipeline of the same name would share the state: each has its own lake and table.
        let spec = world.spec(&json!({"Account": {}}), |spec| {
            small(spec);
            spec["name"] = format!("crm{number}").into();
            spec["salesforce_extract"]["objects"]["Account"]["table"] = format!("Account{number}").into();
        });
        let killed = Frozen::start(&spec, world.context(), at).await;
        let record = &world.succeed(&spec).await["Account"];
        assert_eq!(
            world.table(&format!("Account{number}")).await.len(),
            world.truth("Account").await.len(),
            "{}",
            steps[at]
        );
        if steps[at] == "part_recorded" {
            let rows = world.truth("Account").await.len() as u64;
            assert!(
                record.totals.rows_read < rows,
                "{} rows were read again",
                record.totals.rows_read
            );
        }
        drop(killed);
    }
    world.assert_clean().await;
    world.end().await;
}

/// A run stalls, another takes over and commits, the org changes and is committed again; then the first comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_run_changes_nothing_when_it_comes_back() {
    let world = World::new("stalled", 220, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), small);
    let steps = steps_of(&world, &spec).await;
    for at in places(&steps) {
        churn(&world, at as u64).await;
        let stalled = Frozen::start(&spec, world.context(), at).await;
        world.succeed(&spec).await;
        churn(&world, 1000 + at as u64).await;
        world.succeed(&spec).await;
        let committed = world.watermark("Account").await;
        let outcome = stalled.wake().await.expect("the objects were tried");
        // With its watermark it had done its work; what it cleans up by then is its own. Otherwise it finds itself fenced,
        // or stumbles over what is no longer there; what it may never do is to succeed.
        let committed_itself = matches!(steps[at].as_str(), "watermark_written" | "cleaned");
        let succeeded = outcome.state() == RunState::Succeeded;
        assert_eq!(
            succeeded, committed_itself,
            "{}: {:?}",
            steps[at], outcome.objects["Account"].error
        );
        assert_eq!(world.watermark("Account").await, committed, "{}", steps[at]);
        world.assert_equal("Account", all).await;
        world.assert_clean().await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_are_one() {
    let world = World::new("twice", 200, &["Account", "Contact"]).await;
    let spec = world.spec(&json!({"Account": {}, "Contact": {}}), small);
    for round in 0..3 {
        let (left, right) = (world.context(), world.context());
        let (left, right) = tokio::join!(execute(&spec, &left), execute(&spec, &right));
        for outcome in [left.expect("left"), right.expect("right")] {
            for record in outcome.objects.values() {
                let skipped = record.state == RunState::Skipped
                    && record.error.as_ref().is_some_and(|error| error.code == "busy");
                assert!(record.state == RunState::Succeeded || skipped, "{record:?}");
            }
        }
        world.assert_equal("Account", all).await;
        world.assert_equal("Contact", all).await;
        world.assert_clean().await;
        churn(&world, round).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_attempt_of_the_same_task_takes_over_at_once() {
    let world = World::new("attempts", 100, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), |_| {});
    let mut first = world.context();
    first.options.lease_ttl = Duration::from_secs(600);
    let mut second = first.clone();
    second.attempt = 1;
    second.cloud = world.context().cloud;
    let killed = Frozen::start(&spec, first, 1).await;
    let begun = std::time::Instant::now();
    let outcome = execute(&spec, &second).await.expect("an execution");
    assert_eq!(outcome.state(), RunState::Succeeded, "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(300));
    world.assert_equal("Account", all).await;
    drop(killed);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_asked_to_stop_can_be_gone_on_with() {
    let world = World::new("asked", 240, &["Account"]).await;
    let spec = world.spec(&json!({"Account": {}}), small);
    let context = world.context();
    let gate = Gate::new(&context.run, None);
    let (running, spec_of_run) = (context.clone(), spec.clone());
    let run = tokio::spawn(async move { execute(&spec_of_run, &running).await });
    while !gate.seen().iter().any(|step| step == "part_recorded") {
        assert!(!run.is_finished(), "{:?}", gate.seen());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    context.cancel.cancel();
    let outcome = run.await.expect("a task").expect("an execution");
    let record = &outcome.objects["Account"];
    let stopped =
        record.state == RunState::Stopped && record.error.as_ref().is_some_and(|error| error.code == "cancelled");
    assert!(stopped || record.state == RunState::Succeeded, "{record:?}");
    // The lease was given back: the next run need not wait for it.
    world.succeed(&spec).await;
    world.assert_equal("Account", all).await;
    world.assert_clean().await;
    world.end().await;
}
