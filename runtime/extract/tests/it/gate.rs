//! A gate: what it lets pass is in the table, what it sets apart is in the table beside it, both together are what was read; and
//! what it refuses is nowhere. Also when runs are killed at any of their steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use headwater_cloud::{DatasetRef, ObjectPath, Precondition};
use headwater_extract::{RunState, Verdict, Verdicts, execute};
use serde_json::{Value, json};

use crate::kills::{Frozen, churn, small, steps_of};
use crate::world::{BUCKET, PROJECT, World};

/// A row of which the gate of these tests says that it is to be set apart.
fn is_bad(row: &Value) -> bool {
    row["Industry"] == "Banking"
}

fn no_banks() -> Value {
    json!([
        {"check": {"not_in_set": {"column": "Industry", "values": {"strings": ["Banking"]}}}, "id": "no_banks", "on_fail": "quarantine"},
        {"check": {"unique": {"columns": ["Id"]}}},
        {"check": {"row_count": {"min": 1}}},
    ])
}

/// Writes a suite's spec; its URL.
async fn suite(world: &World, name: &str, table: &str, expectations: Value) -> String {
    let spec = json!({
        "api_version": "headwater.dev/v1", "name": name, "project": PROJECT, "region": "europe-west1",
        "dq_suite": {
            "lake": format!("gs://{BUCKET}"),
            "target": {"project": PROJECT, "dataset": "raw", "table": table, "location": "EU"},
            "suite": {"api_version": "headwater.dev/quality/v1", "name": name, "expectations": expectations},
            "results": {"dataset": {"project": PROJECT, "dataset": "dq", "location": "EU"},
                "run_table": "dq_run", "result_table": "dq_result"},
        }
    });
    let path = ObjectPath {
        bucket: BUCKET.into(),
        name: format!("headwater/pipelines/{name}/spec.json"),
    };
    let put = world.cloud.storage();
    put.put(&path, "application/json", spec.to_string().into(), Precondition::None)
        .await
        .expect("a spec");
    path.to_string()
}

/// What was set apart: how often each version of each record, and why.
async fn set_apart(world: &World) -> BTreeMap<(String, String), Vec<String>> {
    let table = DatasetRef::new(PROJECT, "raw").table("Account_quarantine");
    let sql = format!(
        "SELECT Id, CAST(UNIX_MILLIS(SystemModstamp) AS STRING), ARRAY_TO_STRING(_headwater_reasons, ','), Industry FROM {}",
        table.sql()
    );
    let found = world.cloud.bigquery().query(&sql, Some("EU")).await.expect("rows");
    let mut rows: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for cells in found.rows {
        let text = |at: usize| cells[at].as_str().unwrap_or_default().to_owned();
        assert_eq!(text(3), "Banking");
        rows.entry((text(0), text(1))).or_default().push(text(2));
    }
    rows
}

fn stamp(row: &Value) -> String {
    let text = row["SystemModstamp"].as_str().expect("a stamp");
    let time = chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3f%z")
        .or_else(|_| chrono::DateTime::parse_from_rfc3339(text))
        .expect("a time");
    time.timestamp_millis().to_string()
}

/// Good records are in the table as they are; the newest version of each bad one is set apart, once; no bad row is in the table.
async fn assert_parted(world: &World) {
    let truth = world.truth("Account").await;
    let table = world.table("Account").await;
    let apart = set_apart(world).await;
    let good: BTreeSet<&String> = truth.iter().filter(|(_, row)| !is_bad(row)).map(|(id, _)| id).collect();
    let bad: BTreeSet<&String> = truth.keys().filter(|id| !good.contains(id)).collect();
    assert!(bad.len() > 5, "{} bad rows", bad.len());
    for id in &good {
        let row = table.get(*id).unwrap_or_else(|| panic!("{id} is not in the table"));
        assert_eq!(row["SystemModstamp"], stamp(&truth[*id]).as_str(), "{id}");
        assert_eq!(row["Name"], truth[*id]["Name"], "{id}");
    }
    for (id, row) in &table {
        assert!(!is_bad(row), "{id} was not let pass");
        assert!(truth.contains_key(id), "{id} was removed");
    }
    for id in bad {
        let key = (id.clone(), stamp(&truth[id]));
        let reasons = apart.get(&key).unwrap_or_else(|| panic!("{key:?} was not set apart"));
        assert_eq!(reasons, &["accounts:no_banks"], "{key:?}");
    }
    for (key, reasons) in &apart {
        assert_eq!(reasons.len(), 1, "{key:?} was set apart twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_let_pass_and_what_is_set_apart_is_what_was_read() {
    let world = World::new("gated", 240, &["Account"]).await;
    let gate = suite(&world, "accounts", "Account", no_banks()).await;
    let spec = world.spec(&json!({"Account": {}}), |spec| {
        small(spec);
        spec["salesforce_extract"]["quality_gate"] = json!([gate]);
    });
    let records = world.succeed(&spec).await;
    assert_parted(&world).await;
    let record = &records["Account"];
    let apart = set_apart(&world).await.len() as u64;
    assert_eq!(record.totals.rows_quarantined, apart);
    assert_eq!(
        record.totals.rows_inserted + apart,
        world.truth("Account").await.len() as u64
    );
    assert_eq!(
        (record.gate[0].suite.as_str(), record.gate[0].state.as_str()),
        ("accounts", "fail")
    );
    assert_eq!(record.gate[0].quarantined, apart);

    // Once more with what changed, and once more with everything: records that are bad by now keep the row that they had.
    churn(&world, 7).await;
    world.succeed(&spec).await;
    assert_parted(&world).await;
    let kept = world.table("Account").await.len();
    let full = world.spec(&json!({"Account": {"mode": "full"}}), |spec| {
        small(spec);
        spec["salesforce_extract"]["quality_gate"] = json!([gate]);
    });
    world.control("clock", json!({"advance_seconds": 2})).await;
    world.succeed(&full).await;
    assert_eq!(world.table("Account").await.len(), kept);
    world.assert_clean().await;
    world.end().await;
}

/// Of a batch that only removes nothing can be expected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removals_are_not_judged() {
    let world = World::new("removals", 60, &["Lead"]).await;
    let some = json!([{"check": {"row_count": {"min": 1}}}, {"check": {"not_null": {"column": "Status"}}}]);
    let gate = suite(&world, "leads", "Lead", some).await;
    let spec = world.spec(&json!({"Lead": {}}), |spec| {
        spec["salesforce_extract"]["quality_gate"] = json!([gate]);
    });
    let records = world.succeed(&spec).await;
    assert_eq!(records["Lead"].gate[0].state, "pass");
    let removals = json!({"deletes": 6, "objects": ["Lead"], "seed": 8});
    world.control("churn", removals).await;
    world.control("clock", json!({"advance_seconds": 2})).await;
    let records = world.succeed(&spec).await;
    assert!(records["Lead"].totals.rows_deleted > 0, "{records:?}");
    assert!(records["Lead"].gate.is_empty(), "{records:?}");
    world.assert_equal("Lead", |_| true).await;
    world.end().await;
}

/// Keeps what it is told, and refuses to for a while.
#[derive(Default)]
struct Kept {
    states: Mutex<Vec<(String, String)>>,
    refuse: Mutex<u32>,
}

#[async_trait]
impl Verdicts for Kept {
    async fn keep(&self, verdict: &Verdict) -> Result<(), headwater_cloud::Error> {
        let mut refuse = self.refuse.lock().expect("refusals");
        if *refuse > 0 {
            *refuse -= 1;
            let kind = headwater_cloud::Kind::Unavailable;
            return Err(headwater_cloud::Error::new(kind, "keep the verdict", "not now"));
        }
        let state = format!("{:?}", verdict.result.state);
        self.states
            .lock()
            .expect("states")
            .push((verdict.run_id.clone(), state));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gate_refuses_is_nowhere() {
    let world = World::new("refused", 120, &["Account"]).await;
    let strict = json!([
        {"check": {"not_in_set": {"column": "Industry", "values": {"strings": ["Banking"]}}}},
        {"check": {"not_null": {"column": "Id"}}},
    ]);
    let gate = suite(&world, "accounts", "Account", strict.clone()).await;
    let spec = world.spec(&json!({"Account": {}}), |spec| {
        small(spec);
        spec["salesforce_extract"]["quality_gate"] = json!([gate]);
    });
    let refused = async |what: &str, code: &str, words: &str| {
        let outcome = world.run(&spec).await;
        let record = &outcome.objects["Account"];
        assert_eq!(record.state, RunState::Failed, "{what}: {record:?}");
        let error = record.error.as_ref().expect("an error");
        assert_eq!(error.code, code, "{what}: {error:?}");
        assert!(error.message.contains(words), "{what}: {error:?}");
        assert!(world.table("Account").await.is_empty(), "{what}");
        assert!(world.watermark("Account").await.is_none(), "{what}");
        world.assert_clean().await;
    };
    refused(
        "a row that must not be",
        "quality_gate",
        "accounts: not_in_set.Industry does not hold",
    )
    .await;
    let wrong = json!([{"check": {"not_null": {"column": "Nonsense"}}}]);
    suite(&world, "accounts", "Account", wrong).await;
    refused(
        "a column that is not there",
        "quality_gate",
        "not_null.Nonsense has no verdict",
    )
    .await;
    let most = json!([{"check": {"not_in_set": {"column": "Industry", "values": {"strings": ["Banking"]}}},
        "on_fail": "quarantine", "mostly": 0.999}]);
    suite(&world, "accounts", "Account", most).await;
    refused(
        "more than may be set apart",
        "quality_gate",
        "not_in_set.Industry does not hold",
    )
    .await;

    // A verdict that cannot be kept holds the batch back, and the next run goes on with it.
    suite(&world, "accounts", "Account", no_banks()).await;
    let kept = Arc::new(Kept {
        refuse: Mutex::new(1),
        ..Kept::default()
    });
    let mut context = world.context();
    context.verdicts = kept.clone();
    let outcome = execute(&spec, &context).await.expect("an execution");
    assert_eq!(outcome.state(), RunState::Failed);
    assert!(world.table("Account").await.is_empty());
    let mut context = world.context();
    context.verdicts = kept.clone();
    let outcome = execute(&spec, &context).await.expect("an execution");
    assert_eq!(outcome.state(), RunState::Succeeded, "{outcome:?}");
    assert_parted(&world).await;
    let states = kept.states.lock().expect("states").clone();
    assert_eq!(states.len(), 1, "{states:?}");
    assert!(
        states[0].0.starts_with("Account-2") && states[0].1 == "Fail",
        "{states:?}"
    );

    // A gate of another table is no gate, and that is said.
    let elsewhere = suite(&world, "others", "Contact", no_banks()).await;
    let spec = world.spec(&json!({"Account": {}}), |spec| {
        spec["salesforce_extract"]["quality_gate"] = json!([elsewhere]);
    });
    let error = execute(&spec, &world.context()).await.expect_err("no execution");
    assert_eq!(error.code(), "quality_gate_unusable");
    world.end().await;
}

/// Killed at each of its steps, a gated run is put right by the next: nothing is seen that was not let pass, and nothing is set apart
/// twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gated_run_that_is_killed_is_gone_on_with() {
    let world = World::new("gated-kills", 240, &["Account"]).await;
    let gate = suite(&world, "accounts", "Account", no_banks()).await;
    let spec = world.spec(&json!({"Account": {}}), |spec| {
        small(spec);
        spec["salesforce_extract"]["quality_gate"] = json!([gate]);
    });
    let steps = steps_of(&world, &spec).await;
    for expected in ["verdict_kept", "judged", "loaded", "merged", "quarantined"] {
        assert!(
            steps.iter().any(|step| step == expected),
            "{expected} is not in {steps:?}"
        );
    }
    assert!(steps.len() >= 20, "{steps:?}");
    for (at, step) in steps.iter().enumerate() {
        churn(&world, at as u64).await;
        let killed = Frozen::start(&spec, world.context(), at).await;
        for (id, row) in &world.table("Account").await {
            assert!(!is_bad(row), "{id} is seen at {step}");
        }
        churn(&world, 1000 + at as u64).await;
        world.succeed(&spec).await;
        assert_parted(&world).await;
        world.assert_clean().await;
        drop(killed);
    }
    world.end().await;
}
