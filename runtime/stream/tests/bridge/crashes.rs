//! A bridge that is killed, again and again, at any moment: nothing is missing at the end. And one that is stalled and taken
//! over: it cannot move the position any more.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headwater_spec::PipelineSpec;
use headwater_stream::ChangeMessage;
use serde_json::json;

use crate::world::{FLUSH, Key, LEASE, World, differences, fold, key, keys};

const ENTITIES: &[&str] = &["Account", "Contact", "Opportunity", "Case"];

/// The example beside the tests.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let program = own.ancestors().nth(2).expect("a directory").join("examples/bridge");
    assert!(
        program.is_file(),
        "build the example first: cargo build -p headwater-stream --example bridge"
    );
    program
}

fn spawn(world: &World, spec: &PipelineSpec) -> Child {
    let path = world.dir.path().join("spec.json");
    std::fs::write(&path, spec.to_json()).expect("a spec");
    Command::new(program())
        .arg(&world.base_url)
        .arg(path)
        .arg(LEASE.as_millis().to_string())
        .arg(FLUSH.as_millis().to_string())
        .stdin(Stdio::piped())
        .spawn()
        .expect("a process")
}

/// Small pauses that differ from kill to kill, the same in every run of the test.
fn pause(n: u64) -> Duration {
    Duration::from_millis(20 + (n * 7919) % 430)
}

async fn killed(world: &World, spec: &PipelineSpec, kills: u64) -> Vec<ChangeMessage> {
    let mut all = vec![];
    let fence = async || world.position().await.and_then(|p| p["fence"].as_u64()).unwrap_or(0);
    for n in 0..kills {
        let before = fence().await;
        let mut child = spawn(world, spec);
        let burst = json!({ "inserts": 3, "updates": 60, "deletes": 2, "undeletes": 1, "alike": 3, "objects": ENTITIES, "seed": n });
        world.churn(burst).await;
        // Most of the time is the dead one's lease: the pause begins when this one holds it.
        while fence().await <= before {
            if child.try_wait().expect("a state").is_some() {
                child = spawn(world, spec);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(pause(n)).await;
        child.kill().expect("a kill");
        child.wait().expect("an end");
        all.extend(world.changes(|all| !all.is_empty()).await);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_by_kills() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |_| {});
    let mut rows = world.rows(&spec).await;
    let bridge = world.started(&spec).await;
    bridge.stop().await.expect("a clean end");
    let mut changes = killed(&world, &spec, 25).await;
    let expected = keys(&world.events(&spec).await, ENTITIES);
    let bridge = world.start(&spec);
    let seen = |all: &[ChangeMessage]| -> HashSet<Key> { changes.iter().chain(all).map(key).collect() };
    let rest = world.changes(|all| seen(all).len() >= expected.len()).await;
    bridge.stop().await.expect("a clean end");
    changes.extend(rest);
    assert_eq!(changes.iter().map(key).collect::<HashSet<_>>(), expected);
    fold(&mut rows, &changes);
    assert_eq!(differences(&rows, &world.rows(&spec).await), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_survives_kills() {
    let world = World::new(150).await;
    let spec = world.spec(ENTITIES, |spec| {
        spec["cdc_stream"]["source"]["salesforce"]["initial_snapshot"] = true.into();
    });
    let mut changes = killed(&world, &spec, 8).await;
    let bridge = world.start(&spec);
    world
        .churn(json!({ "updates": 20, "objects": ENTITIES, "seed": 99 }))
        .await;
    let events = world.events(&spec).await;
    let last = events
        .iter()
        .rev()
        .find(|e| ENTITIES.contains(&e.entity.as_str()))
        .expect("an event")
        .commit_number;
    changes.extend(world.changes(|all| all.iter().any(|c| c.commit_number == last)).await);
    bridge.stop().await.expect("a clean end");
    let mut rows = Default::default();
    fold(&mut rows, &changes);
    assert_eq!(differences(&rows, &world.rows(&spec).await), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_bridge_is_fenced() {
    let world = World::new(60).await;
    let spec = world.spec(ENTITIES, |_| {});
    let mut child = spawn(&world, &spec);
    while world
        .position()
        .await
        .is_none_or(|p| p["feeds"].as_object().is_none_or(serde_json::Map::is_empty))
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let signal = |name: &str| {
        let done = Command::new("kill").arg(name).arg(child.id().to_string()).status();
        assert!(done.is_ok_and(|s| s.success()));
    };
    signal("-STOP");
    world
        .churn(json!({ "updates": 100, "objects": ENTITIES, "seed": 1 }))
        .await;
    let second = world.start(&spec);
    let expected = keys(&world.events(&spec).await, ENTITIES);
    let changes = world.changes(|all| all.len() >= expected.len()).await;
    assert_eq!(changes.iter().map(key).collect::<HashSet<_>>(), expected);
    signal("-CONT");
    world
        .churn(json!({ "updates": 100, "objects": ENTITIES, "seed": 2 }))
        .await;
    tokio::time::sleep(LEASE * 2).await;
    assert!(!second.task.is_finished(), "the second one goes on");
    let fence = world.position().await.expect("a position")["fence"].as_i64();
    second.stop().await.expect("a clean end");
    assert_eq!(world.position().await.expect("a position")["fence"].as_i64(), fence);

    // The one that was fenced has stood by, and is at work again.
    world
        .churn(json!({ "updates": 20, "objects": ENTITIES, "seed": 3 }))
        .await;
    let all = keys(&world.events(&spec).await, ENTITIES);
    let rest: HashSet<Key> = all.difference(&expected).cloned().collect();
    let seen = |changes: &[ChangeMessage]| changes.iter().map(key).collect::<HashSet<_>>();
    let changes = world.changes(|changes| seen(changes).is_superset(&rest)).await;
    assert!(seen(&changes).is_superset(&rest) && seen(&changes).is_subset(&all));
    let taken = world.position().await.expect("a position")["fence"].as_i64();
    assert!(taken > fence, "{taken:?} after {fence:?}");
    child.kill().expect("a kill");
    child.wait().expect("an end");
}
