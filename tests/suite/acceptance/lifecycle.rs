//! From nothing to data and back to nothing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_tests::cloud::{Cloud, PROJECT, REGION};
use headwater_tests::inventory::inventory;
use headwater_tests::org::{CLIENT_SECRET, Org};
use headwater_tests::pipeline::OBJECTS;
use headwater_tests::{bigquery, truth};
use serde_json::Value;

use super::{platform, terraform};

/// What imports each resource: its address and its id.
fn ids() -> Vec<(&'static str, String)> {
    vec![
        ("headwater_storage_bucket.lake", "acceptance-lake".into()),
        (
            "headwater_bigquery_dataset.raw",
            format!("projects/{PROJECT}/datasets/salesforce_raw"),
        ),
        (
            "headwater_salesforce_connection.crm",
            format!("projects/{PROJECT}/secrets/headwater-salesforce-crm"),
        ),
        (
            "headwater_runtime.main",
            format!("projects/{PROJECT}/locations/{REGION}/jobs/headwater"),
        ),
        (
            "headwater_salesforce_extract.crm",
            "gs://acceptance-lake/headwater/pipelines/crm/spec.json".into(),
        ),
    ]
}

/// Deletes one resource behind Terraform's back.
fn delete_behind(cloud: &Cloud, address: &str) {
    let path = match address {
        "headwater_storage_bucket.lake" => {
            for name in cloud.objects("acceptance-lake", "") {
                cloud.delete(&format!("/storage/v1/b/acceptance-lake/o/{}", name.replace('/', "%2F")));
            }
            "/storage/v1/b/acceptance-lake".to_owned()
        }
        "headwater_bigquery_dataset.raw" => {
            format!("/bigquery/v2/projects/{PROJECT}/datasets/salesforce_raw?deleteContents=true")
        }
        "headwater_salesforce_connection.crm" => format!("/v1/projects/{PROJECT}/secrets/headwater-salesforce-crm"),
        "headwater_runtime.main" => format!("/v2/projects/{PROJECT}/locations/{REGION}/jobs/headwater"),
        "headwater_salesforce_extract.crm" => {
            "/storage/v1/b/acceptance-lake/o/headwater%2Fpipelines%2Fcrm%2Fspec.json".into()
        }
        other => panic!("{other}"),
    };
    let status = cloud.delete(&path);
    assert!((200..300).contains(&status), "DELETE {path}: {status}");
}

#[test]
fn apply_fills_every_table_and_everything_else_holds() {
    let cloud = Cloud::start();
    let before = inventory(&cloud, PROJECT, REGION);
    let org = Org::start(300);
    let objects: Vec<String> = OBJECTS.iter().map(|o| format!("{o} = {{}}")).collect();
    let configuration = platform(&objects.join("\n    "), "run_on_apply = true");
    let tf = terraform(&cloud, &org, &configuration);

    let done = AtomicBool::new(false);
    let (applied, arguments) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| arguments_of_processes(&done));
        let applied = tf.apply();
        done.store(true, Ordering::Relaxed);
        (applied, watch.join().unwrap())
    });
    assert!(
        arguments.iter().any(|line| line.contains("--spec")),
        "no task was seen among the processes"
    );
    tf.assert_no_changes("after apply");
    for (object, count) in org.counts() {
        let rows = bigquery::cell(&cloud, &format!("SELECT COUNT(*) FROM salesforce_raw.{object}"));
        assert_eq!(rows, count.to_string(), "rows of {object}");
        truth::assert_equal(&cloud, &org, "salesforce_raw", &object);
    }

    // The secret is nowhere to be seen.
    let debug = tf.run(&["plan"]).ok();
    let (_, spec) = cloud.get("/storage/v1/b/acceptance-lake/o/headwater%2Fpipelines%2Fcrm%2Fspec.json?alt=media");
    let mut seen = vec![
        ("state", tf.state()),
        ("apply", applied.text()),
        ("plan", debug.text()),
        ("plan as JSON", tf.plan().to_string()),
        (
            "plan file",
            String::from_utf8_lossy(&std::fs::read(tf.dir().join("plan.bin")).unwrap()).into_owned(),
        ),
        ("spec", spec.to_string()),
        ("arguments of a process", arguments.into_iter().collect()),
        ("log of the local cloud", cloud.server.log()),
        ("log of the org", org.server.log()),
    ];
    for entry in walk(&cloud.dir().join("logs")) {
        seen.push(("log of a task", std::fs::read_to_string(entry).unwrap_or_default()));
    }
    assert!(
        seen.iter().filter(|(what, _)| *what == "log of a task").count() >= 1,
        "no log of a task was found"
    );
    for (what, text) in seen {
        assert!(!text.contains(CLIENT_SECRET), "the client secret is in the {what}");
    }

    // A resource that is deleted behind Terraform's back is planned anew, and applying mends it.
    for (address, _) in ids() {
        delete_behind(&cloud, address);
        let changes = tf.changes();
        assert!(
            changes.iter().any(|c| c == &format!("{address}: create")),
            "{address} was deleted, the plan is {changes:?}"
        );
        tf.apply();
        tf.assert_no_changes(&format!("after {address} was mended"));
    }

    // Every resource is imported into an empty state, and the plan is empty.
    std::fs::remove_file(tf.dir().join("terraform.tfstate")).unwrap();
    for (address, id) in ids() {
        tf.run(&["import", address, &id]).ok();
    }
    tf.assert_no_changes("after import");

    tf.destroy();
    assert_eq!(inventory(&cloud, PROJECT, REGION), before);
    let state: Value = serde_json::from_str(&tf.state()).unwrap();
    assert_eq!(state["resources"].as_array().map(Vec::len), Some(0));
}

/// The command lines of all processes that were seen until `done`.
fn arguments_of_processes(done: &AtomicBool) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while !done.load(Ordering::Relaxed) {
        for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            seen.insert(String::from_utf8_lossy(&line).replace('\0', " "));
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    seen
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn drift_is_seen_and_mended() {
    let cloud = Cloud::start();
    let org = Org::start(20);
    let tf = terraform(&cloud, &org, &platform("Account = {}", ""));
    tf.apply();
    let patches = [
        (
            "headwater_storage_bucket.lake",
            "/storage/v1/b/acceptance-lake".to_owned(),
            serde_json::json!({"labels": {"team": "other"}}),
        ),
        (
            "headwater_bigquery_dataset.raw",
            format!("/bigquery/v2/projects/{PROJECT}/datasets/salesforce_raw"),
            serde_json::json!({"description": "changed by hand"}),
        ),
        (
            "headwater_salesforce_extract.crm",
            format!("/v1/projects/{PROJECT}/locations/{REGION}/jobs/headwater-crm?updateMask=schedule"),
            serde_json::json!({"schedule": "5 5 * * *"}),
        ),
    ];
    for (address, path, body) in patches {
        let (status, answer) = headwater_tests::cloud::request("PATCH", &format!("{}{path}", cloud.url()), Some(&body));
        assert_eq!(status, 200, "{path}: {answer}");
        assert_eq!(tf.changes(), vec![format!("{address}: update")]);
        tf.apply();
        tf.assert_no_changes("after the drift was mended");
    }
    tf.destroy();
}
