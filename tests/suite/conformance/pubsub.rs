//! google-cloud-pubsub and `gcloud pubsub` against the local cloud, and the same Python scripts against Google's emulator:
//! what we answer differently is listed in the scripts with its reason, and a difference that is none fails.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headwater_tests::cloud::{Cloud, PROJECT};
use headwater_tests::programs::{self, run_within};
use headwater_tests::wait_for;

use super::tools::{Tools, contains, run_through_kills, script};

/// The scripts wait for deadlines of 10 seconds and more, several times.
const LIMIT: Duration = Duration::from_secs(400);

fn run(name: &str, url: &str, kind: &str) {
    let ended = run_within(script(name, url).arg(kind), LIMIT).ok();
    print!("{}", ended.stdout);
}

#[test]
fn google_cloud_pubsub_resources() {
    let cloud = Cloud::start();
    run("pubsub_admin.py", &cloud.url(), "local");
}

#[test]
fn google_cloud_pubsub_messages() {
    let cloud = Cloud::start();
    run("pubsub_messages.py", &cloud.url(), "local");
}

#[test]
fn the_emulator_passes_the_same_checks() {
    for name in ["pubsub_admin.py", "pubsub_messages.py"] {
        let emulator = Emulator::start();
        run(name, &emulator.url(), "emulator");
    }
}

/// Google's Pub/Sub emulator, with nothing in it.
struct Emulator {
    child: Child,
    port: u16,
}

impl Emulator {
    fn start() -> Self {
        let sdk = programs::run(Command::new("gcloud").args(["info", "--format=value(installation.sdk_root)"])).ok();
        let lib = Path::new(sdk.stdout.trim()).join("platform/pubsub-emulator/lib");
        let jar = std::fs::read_dir(&lib)
            .unwrap_or_else(|e| {
                panic!(
                    "{}: {e}: install it with `gcloud components install pubsub-emulator` or the Debian package \
                     google-cloud-cli-pubsub-emulator",
                    lib.display()
                )
            })
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "jar"))
            .unwrap_or_else(|| panic!("no jar is in {}", lib.display()));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("java")
            .arg("-jar")
            .arg(jar)
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("java cannot be started, which the emulator needs: {e}"));
        let emulator = Self { child, port };
        wait_for("the emulator listens", Duration::from_secs(90), || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        emulator
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn published_messages_survive_kills() {
    let mut cloud = Cloud::start();
    // Four publishers, and a stream that acknowledges.
    run_through_kills(&mut cloud, "pubsub_durability.py", &["local"], 2400, 5);
}

#[test]
fn gcloud() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let pubsub = |arguments: &[&str]| tools.gcloud(&[&["pubsub"], arguments].concat());
    tools.file(
        "order.avsc",
        r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}"#,
    );
    pubsub(&[
        "schemas",
        "create",
        "order",
        "--type=avro",
        "--definition-file=order.avsc",
    ])
    .ok();
    pubsub(&[
        "schemas",
        "validate-message",
        "--schema-name=order",
        "--message-encoding=json",
        r#"--message={"id": "1"}"#,
    ])
    .ok();
    let wrong = pubsub(&[
        "schemas",
        "validate-message",
        "--schema-name=order",
        "--message-encoding=json",
        "--message={}",
    ]);
    assert_ne!(wrong.code, 0);
    contains(&wrong.stderr, &["INVALID_ARGUMENT", "id is missing"]);
    let schema = pubsub(&["schemas", "describe", "order", "--format=json"]).ok().json();
    assert_eq!(
        (&schema["type"], schema["definition"].is_string()),
        (&"AVRO".into(), true),
        "{schema}"
    );

    pubsub(&[
        "topics",
        "create",
        "orders",
        "--labels=team=data",
        "--message-retention-duration=1d",
    ])
    .ok();
    let again = pubsub(&["topics", "create", "orders"]);
    assert_ne!(again.code, 0);
    contains(
        &again.text(),
        &["Resource already exists in the project (resource=orders)"],
    );
    let topic = pubsub(&["topics", "describe", "orders", "--format=json"]).ok().json();
    assert_eq!(topic["name"], format!("projects/{PROJECT}/topics/orders"), "{topic}");
    assert_eq!(
        (&topic["labels"]["team"], &topic["messageRetentionDuration"]),
        (&"data".into(), &"86400s".into())
    );
    pubsub(&["topics", "update", "orders", "--update-labels=team=sales"]).ok();
    let listed = pubsub(&["topics", "list", "--format=json"]).ok().json();
    assert_eq!(listed[0]["labels"]["team"], "sales", "{listed}");

    let create = [
        "subscriptions",
        "create",
        "worker",
        "--topic=orders",
        "--ack-deadline=30",
        "--retain-acked-messages",
    ];
    pubsub(&create).ok();
    pubsub(&["subscriptions", "update", "worker", "--ack-deadline=40"]).ok();
    let subscription = pubsub(&["subscriptions", "describe", "worker", "--format=json"])
        .ok()
        .json();
    assert_eq!(subscription["ackDeadlineSeconds"], 40, "{subscription}");
    assert_eq!(
        (&subscription["state"], &subscription["retainAckedMessages"]),
        (&"ACTIVE".into(), &true.into())
    );

    pubsub(&["topics", "publish", "orders", "--message=first", "--attribute=k=v"]).ok();
    pubsub(&["snapshots", "create", "before", "--subscription=worker"]).ok();
    let snapshots = pubsub(&["snapshots", "list", "--format=json"]).ok().json();
    assert!(
        snapshots[0]["name"].as_str().unwrap().ends_with("/snapshots/before"),
        "{snapshots}"
    );
    for _ in 0..2 {
        let pulled = pubsub(&["subscriptions", "pull", "worker", "--auto-ack", "--format=json"])
            .ok()
            .json();
        assert_eq!(pulled[0]["message"]["data"], "Zmlyc3Q=", "{pulled}");
        assert_eq!(pulled[0]["message"]["attributes"]["k"], "v", "{pulled}");
        let nothing = pubsub(&["subscriptions", "pull", "worker", "--auto-ack", "--format=json"])
            .ok()
            .json();
        assert_eq!(nothing, serde_json::json!([]));
        pubsub(&["subscriptions", "seek", "worker", "--snapshot=before"]).ok();
    }
    pubsub(&["topics", "delete", "orders"]).ok();
    let orphan = pubsub(&["subscriptions", "describe", "worker", "--format=json"])
        .ok()
        .json();
    assert_eq!(orphan["topic"], "_deleted-topic_", "{orphan}");
    for (kind, name) in [
        ("snapshots", "before"),
        ("subscriptions", "worker"),
        ("schemas", "order"),
    ] {
        pubsub(&[kind, "delete", name]).ok();
        let missing = pubsub(&[kind, "describe", name]);
        assert_ne!(missing.code, 0);
        contains(&missing.stderr, &["NOT_FOUND"]);
    }
}

#[test]
fn a_bigquery_subscription_writes_rows() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let pubsub = |arguments: &[&str]| tools.gcloud(&[&["pubsub"], arguments].concat()).ok();
    tools.bq(&["mk", "--dataset", &format!("{PROJECT}:events")]).ok();
    let columns = "data:STRING,subscription_name:STRING,message_id:STRING,publish_time:TIMESTAMP,attributes:STRING";
    tools.bq(&["mk", "--table", "events.raw", columns]).ok();
    pubsub(&["topics", "create", "events"]);
    let table = format!("--bigquery-table={PROJECT}.events.raw");
    pubsub(&[
        "subscriptions",
        "create",
        "rows",
        "--topic=events",
        &table,
        "--write-metadata",
    ]);
    pubsub(&["topics", "publish", "events", "--message=hello", "--attribute=k=v"]);
    let rows = wait_for("the row is there", Duration::from_secs(60), || {
        let (status, rows) = cloud.get(&format!(
            "/bigquery/v2/projects/{PROJECT}/datasets/events/tables/raw/data"
        ));
        assert_eq!(status, 200, "{rows}");
        rows["rows"].as_array().filter(|rows| !rows.is_empty()).cloned()
    });
    let cells: Vec<&str> = rows[0]["f"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["v"].as_str().unwrap())
        .collect();
    assert_eq!((rows.len(), cells[0], cells[4]), (1, "hello", r#"{"k":"v"}"#));
    assert_eq!(cells[1], format!("projects/{PROJECT}/subscriptions/rows"));
    let shown = pubsub(&["subscriptions", "describe", "rows", "--format=json"]).json();
    assert_eq!(shown["bigqueryConfig"]["state"], "ACTIVE", "{shown}");
}
