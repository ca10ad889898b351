//! Ten thousand runs: every one is found, once, and pages answer at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::Value;

use crate::world::{World, record};

const MANY: usize = 10_000;
/// Half of the ten seconds for which a page that waited for a cloud that is gone would try again. How fast pages are on a quiet
/// machine is `cargo xtask bench console`'s.
const AT_MOST: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn all_of_ten_thousand_runs_are_found_once_and_pages_do_not_wait_for_the_cloud() {
    let mut world = World::with_pipeline().await;
    world.runs(MANY).await;
    world
        .until("/api/runs?limit=1", |answer| {
            let document: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            document["unread_records"] == 0
        })
        .await;

    let mut seen = BTreeSet::new();
    let mut path = "/api/runs?pipeline=crm&limit=500".to_owned();
    let mut before = String::from("9999");
    loop {
        let page = world.json(&path).await;
        for run in page["runs"].as_array().unwrap() {
            assert!(seen.insert(run["run"].as_str().unwrap().to_owned()), "twice: {run}");
            let started = run["started"].as_str().unwrap().to_owned();
            assert!(started <= before, "the newest come first");
            before = started;
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/runs?pipeline=crm&limit=500&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), MANY);

    let pages = [
        "/",
        "/runs",
        "/runs?state=failed",
        "/pipelines/test-lake/crm",
        "/runs/test-lake/crm/headwater-09999",
        "/lineage",
        "/api/pipelines",
    ];
    for page in pages {
        world.page(page).await;
        let since = Instant::now();
        let answer = world.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(since.elapsed() < AT_MOST, "{page}: {:?}", since.elapsed());
    }

    // A run that begins is seen, and so is how it goes on.
    let now = Utc::now();
    world
        .put(
            "runs/new-run/Contact.json",
            &record("new-run", "Contact", "running", now, 7),
        )
        .await;
    world.until("/runs", |answer| answer.text.contains("new-run")).await;
    let page = world
        .until("/runs/test-lake/crm/new-run", |answer| {
            answer.text.contains("<progress")
        })
        .await;
    assert!(
        page.text.contains("data-every=\"1000\""),
        "what is at work is looked at more often"
    );
    world
        .put(
            "runs/new-run/Contact.json",
            &record("new-run", "Contact", "running", now, 123_456),
        )
        .await;
    world
        .until("/runs/test-lake/crm/new-run", |answer| answer.text.contains("123,456"))
        .await;

    // What is known is shown when nobody can be asked any more, and says so.
    world.cloud_goes_away().await;
    let since = Instant::now();
    let page = world.get("/runs").await;
    assert!(
        page.text.contains("new-run") && since.elapsed() < AT_MOST,
        "{:?}",
        since.elapsed()
    );
    world
        .until("/runs", |answer| answer.text.contains("what is shown is older"))
        .await;
}
