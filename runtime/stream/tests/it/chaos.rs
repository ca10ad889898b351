//! Many events out of order, twice and to several workers, of which some die; answers that are lost. Whatever happens, the
//! tables hold what the events say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::world::{World, change, until};

/// Events of some records, and what the records are afterwards.
fn history(rng: &mut rand::rngs::StdRng, records: usize) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut events, mut rows) = (Vec::new(), BTreeMap::new());
    for record in 0..records {
        let (mut name, mut amount, mut alive): (Option<String>, Option<u32>, bool) = (None, None, false);
        for commit in 1..=rng.random_range(1..9) {
            let event = match rng.random_range(0..10) {
                _ if commit == 1 => {
                    (name, amount, alive) = (Some(format!("n{commit}")), Some(commit), true);
                    format!("C r{record} {commit} Name=n{commit} Amount={commit}")
                }
                0 if alive => {
                    alive = false;
                    format!("D r{record} {commit}")
                }
                _ if !alive => {
                    alive = true;
                    format!("N r{record} {commit}")
                }
                1..4 => {
                    amount = None;
                    format!("U r{record} {commit} Amount=null")
                }
                4..7 => {
                    amount = Some(commit * 10);
                    format!("U r{record} {commit} Amount={}", commit * 10)
                }
                _ => {
                    name = Some(format!("n{commit}"));
                    format!("U r{record} {commit} Name=n{commit}")
                }
            };
            events.push(event);
        }
        if alive {
            let name = name.map(|name| format!("Name={name}"));
            let amount = amount.map(|amount| format!("Amount={amount}"));
            let words: Vec<String> = name.into_iter().chain(amount).collect();
            rows.insert(format!("r{record}"), words.join(" "));
        }
    }
    (events, rows)
}

/// What was published, and that the tables hold it: each change once, each record as it is.
async fn assert_whole(world: &World, events: &[String], rows: &BTreeMap<String, String>) {
    let distinct: BTreeSet<&String> = events.iter().collect();
    assert_eq!(world.count("Hard_log").await, distinct.len(), "the changelog");
    let found = world.current("Hard").await;
    let wrong: Vec<_> = rows
        .keys()
        .chain(found.keys())
        .filter(|record| rows.get(*record) != found.get(*record))
        .take(5)
        .map(|record| (record, rows.get(record), found.get(record)))
        .collect();
    assert!(wrong.is_empty(), "record, expected, found: {wrong:#?}");
}

async fn backlog_is_empty(world: &World, events: usize, workers: &[&crate::world::Worker], before: u64) {
    until("everything is acknowledged", async || {
        let acknowledged: u64 = workers
            .iter()
            .map(|worker| worker.metrics.snapshot().acknowledged)
            .sum();
        let outstanding: i64 = workers.iter().map(|worker| worker.metrics.snapshot().outstanding).sum();
        before + acknowledged >= events as u64 && outstanding == 0
    })
    .await;
    let _ = world;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_and_no_order() {
    two_workers(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_and_no_order_over_googles_emulator() {
    two_workers(World::over_googles_emulator().await).await;
}

async fn two_workers(world: World) {
    let seed = 7;
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let small = |stream: &mut serde_json::Value| stream["batching"] = json!({"rows": 100, "milliseconds": 20});
    let spec = world.pipeline(&["Hard"], small).await;
    let (events, rows) = history(&mut rng, 400);
    let mut all: Vec<String> = events.clone();
    // A third comes twice, and all in any order, without keys.
    all.extend(events.iter().filter(|_| rng.random_range(0..3) == 0).cloned());
    all.shuffle(&mut rng);
    let workers = [world.worker(&spec), world.worker(&spec)];
    for part in all.chunks(300) {
        world
            .publish(part.iter().map(|event| (String::new(), change("Hard", event, "").1)))
            .await;
    }
    backlog_is_empty(&world, all.len(), &[&workers[0], &workers[1]], 0).await;
    assert_whole(&world, &events, &rows).await;
    for worker in workers {
        assert!(worker.metrics.snapshot().acknowledged > 0, "both have worked");
        worker.drain().await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die() {
    let seed = 11;
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let small = |stream: &mut serde_json::Value| stream["batching"] = json!({"rows": 60, "milliseconds": 20});
    let spec = world.pipeline(&["Hard"], small).await;
    let (events, rows) = history(&mut rng, 500);
    world
        .publish(events.iter().map(|event| change("Hard", event, "")))
        .await;
    for death in 0..12 {
        let worker = world.worker(&spec);
        // Now before the first row, now between changelog and table, now in the middle of a merge.
        tokio::time::sleep(Duration::from_millis(40 * death + rng.random_range(0..60))).await;
        worker.kill();
    }
    let last = world.worker(&spec);
    until("the tables are whole", async || {
        let distinct: BTreeSet<&String> = events.iter().collect();
        world.count("Hard_log").await == distinct.len()
            && last.metrics.snapshot().outstanding == 0
            && world.current("Hard").await == rows
    })
    .await;
    last.drain().await;
    assert_whole(&world, &events, &rows).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(13);
    let world = World::new().await;
    let small = |stream: &mut serde_json::Value| stream["batching"] = json!({"rows": 50, "milliseconds": 20});
    let spec = world.pipeline(&["Hard"], small).await;
    let jobs = format!("/bigquery/v2/projects/{}/jobs", crate::world::PROJECT);
    let queries = format!("/bigquery/v2/projects/{}/queries", crate::world::PROJECT);
    let acknowledge = "/google.pubsub.v1.Subscriber/Acknowledge";
    world
        .faults(json!([
            {"method": "POST", "path_prefix": jobs, "nth": 2, "times": 2, "action": "apply_then_drop"},
            {"method": "POST", "path_prefix": jobs, "nth": 5, "times": 2, "action": {"status": 503}},
            {"method": "GET", "path_prefix": queries, "nth": 3, "times": 2, "action": {"status": 503}},
            {"path_prefix": acknowledge, "nth": 2, "times": 2, "action": {"status": 503}},
        ]))
        .await;
    let (events, rows) = history(&mut rng, 300);
    world
        .publish(events.iter().map(|event| change("Hard", event, "")))
        .await;
    let worker = world.worker(&spec);
    until("the tables are whole", async || world.current("Hard").await == rows).await;
    backlog_is_empty(&world, events.len(), &[&worker], 0).await;
    assert_whole(&world, &events, &rows).await;
    worker.drain().await;
    world.assert_struck().await;
    world.end().await;
}
