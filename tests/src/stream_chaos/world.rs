//! The processes: a local cloud, an org, a bridge, appliers; each behind a network of its own that can break. And the pipeline
//! as the provider would have deployed it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};

use super::proxy::Proxy;
use crate::cloud::{Cloud, PROJECT, REGION, request};
use crate::emulator::Emulator;
use crate::org::{CLIENT_ID, CLIENT_SECRET, Org};
use crate::pipeline::{LAKE, secret};
use crate::programs;

/// The entities of the stream.
pub const ENTITIES: [&str; 4] = ["Account", "Contact", "Opportunity", "Case"];
/// Deleted records of this one stay in its table.
pub const SOFT: &str = "Case";
/// What change events do not tell.
const UNTOLD: [&str; 2] = ["SystemModstamp", "IsDeleted"];
const API: &str = "66.0";

/// A process of `headwater stream`.
pub struct Worker {
    name: String,
    arguments: &'static [&'static str],
    /// Between it and the cloud.
    pub cloud: Proxy,
    /// Between it and Pub/Sub, when that is another's.
    pub pubsub: Option<Proxy>,
    child: Option<Child>,
    log: PathBuf,
    /// How often it ended although nobody killed it.
    pub ended: u32,
}

impl Worker {
    /// The number that its log gave last under this name.
    fn said(&self, name: &str) -> Option<u64> {
        let log = std::fs::read(&self.log).ok()?;
        let tail = String::from_utf8_lossy(&log[log.len().saturating_sub(1 << 16)..]).into_owned();
        tail.lines()
            .rev()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|line| line[name].as_u64())
    }

    fn start(name: &str, arguments: &'static [&'static str], world: &Setting<'_>) -> Self {
        let mut worker = Self {
            name: name.into(),
            arguments,
            cloud: Proxy::start(world.cloud),
            pubsub: world.pubsub.map(Proxy::start),
            child: None,
            log: world.dir.join(format!("{name}.log")),
            ended: 0,
        };
        worker.spawn();
        worker
    }

    /// As Cloud Run would: started again whenever it is not there.
    pub fn tend(&mut self) {
        let Some(child) = &mut self.child else {
            return self.spawn();
        };
        if let Some(status) = child.try_wait().unwrap() {
            self.ended += 1;
            super::say(&format!("    {} ended by itself with {status}", self.name));
            self.spawn();
        }
    }

    fn spawn(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut command = Command::new(programs::headwater());
        command
            .args(["stream", "--json", "--log-format", "json", "--spec"])
            .arg(format!("gs://{LAKE}/{}", spec_object()))
            .args(self.arguments)
            .env("HEADWATER_ENDPOINT", format!("http://127.0.0.1:{}", self.cloud.port()))
            .env("HEADWATER_PROJECT", PROJECT)
            .env("HEADWATER_REGION", REGION)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if let Some(pubsub) = &self.pubsub {
            command.env("PUBSUB_EMULATOR_HOST", format!("127.0.0.1:{}", pubsub.port()));
        }
        self.child = Some(command.spawn().unwrap());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().unwrap();
        }
    }

    /// SIGTERM, and waits for its end.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).ok();
            child.wait().unwrap();
        }
    }

    /// What it logged of a panic.
    pub fn panics(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines()
            .filter(|l| l.contains("panicked"))
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Setting<'a> {
    dir: &'a Path,
    cloud: u16,
    pubsub: Option<u16>,
}

/// See the module.
pub struct World {
    /// Brings events into the topic.
    pub bridge: Worker,
    /// Brings messages into the tables; there may be a second one for a while.
    pub appliers: Vec<Worker>,
    /// The org.
    pub org: Org,
    /// The cloud, reached without a proxy.
    pub cloud: Cloud,
    emulator: Option<Emulator>,
    dir: tempfile::TempDir,
}

fn spec_object() -> String {
    "headwater/pipelines/crm/spec.json".into()
}

impl World {
    /// Everything, running; the bridge has noted where it begins.
    pub fn start(emulator: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cloud = Cloud::start();
        let org = Org::start_with(100, &["--capture", "*"]);
        let emulator = emulator.then(Emulator::start);
        cloud.create_lake_and_dataset(LAKE, "raw");
        let setting = Setting {
            dir: dir.path(),
            cloud: cloud.port(),
            pubsub: emulator.as_ref().map(|e| e.port),
        };
        let pubsub = match &emulator {
            Some(emulator) => format!("http://127.0.0.1:{}", emulator.port),
            None => cloud.url(),
        };
        transport(&pubsub, emulator.is_none());
        deploy(&cloud, &org);
        let bridge = Worker::start("bridge", &["--bridge-only"], &setting);
        let appliers = vec![Worker::start("applier-1", &["--apply-only"], &setting)];
        let world = Self {
            bridge,
            appliers,
            org,
            cloud,
            emulator,
            dir,
        };
        crate::wait_for(
            "the bridge has noted its position",
            std::time::Duration::from_secs(60),
            || world.position(),
        );
        world
    }

    /// Another applier.
    pub fn join(&mut self) {
        let setting = Setting {
            dir: self.dir.path(),
            cloud: self.cloud.port(),
            pubsub: self.emulator.as_ref().map(|e| e.port),
        };
        let name = format!("applier-{}", self.appliers.len() + 1);
        self.appliers.push(Worker::start(&name, &["--apply-only"], &setting));
    }

    /// Starts whatever is not there.
    pub fn tend(&mut self) {
        self.bridge.tend();
        self.appliers.iter_mut().for_each(Worker::tend);
    }

    /// Where Pub/Sub is, without a proxy.
    fn pubsub(&self, tail: &str) -> String {
        let base = match &self.emulator {
            Some(emulator) => format!("http://127.0.0.1:{}", emulator.port),
            None => self.cloud.url(),
        };
        format!("{base}/v1/projects/{PROJECT}/{tail}")
    }

    /// Whether Pub/Sub is Google's emulator.
    pub fn emulated(&self) -> bool {
        self.emulator.is_some()
    }

    /// The commit behind which the bridge has everything in the topic; `None` before it began.
    pub fn position(&self) -> Option<i64> {
        let name = "headwater%2Fpipelines%2Fcrm%2Fbridge%2Fposition.json";
        let (status, position) = self.cloud.get(&format!("/storage/v1/b/{LAKE}/o/{name}?alt=media"));
        let feed = &position["feeds"]["/data/ChangeEvents"];
        (status == 200 && !feed.is_null()).then(|| feed["commit_number"].as_i64().unwrap())
    }

    /// Publishes messages: data, attributes; their ids.
    pub fn publish(&self, messages: &[(Vec<u8>, Value)]) -> Vec<String> {
        let list: Vec<Value> = messages
            .iter()
            .map(|(data, attributes)| json!({"data": BASE64.encode(data), "attributes": attributes}))
            .collect();
        let body = json!({ "messages": list });
        let (status, answer) = request("POST", &self.pubsub("topics/crm:publish"), Some(&body));
        assert_eq!(status, 200, "{answer}");
        let ids = answer["messageIds"].as_array().unwrap().iter();
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Takes messages out of a subscription: data and attributes, at most so many.
    pub fn pull(&self, subscription: &str, most: usize) -> Vec<(Vec<u8>, Value)> {
        let url = self.pubsub(&format!("subscriptions/{subscription}"));
        let mut found = vec![];
        while found.len() < most {
            let wanted = (most - found.len()).min(1000);
            let body = json!({"maxMessages": wanted, "returnImmediately": true});
            let (status, answer) = request("POST", &format!("{url}:pull"), Some(&body));
            assert_eq!(status, 200, "{answer}");
            let messages = answer["receivedMessages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            let ids: Vec<&Value> = messages.iter().map(|m| &m["ackId"]).collect();
            let (status, answer) = request("POST", &format!("{url}:acknowledge"), Some(&json!({ "ackIds": ids })));
            assert_eq!(status, 200, "{answer}");
            found.extend(messages.iter().map(|m| {
                let data = m["message"]["data"].as_str().unwrap_or_default();
                (BASE64.decode(data).unwrap(), m["message"]["attributes"].clone())
            }));
        }
        found
    }

    /// Takes deliveries of the stream's and does nothing with them: they come again when their deadline is over. How many.
    pub fn steal(&self, most: usize) -> usize {
        let body = json!({"maxMessages": most, "returnImmediately": true});
        let (status, answer) = request("POST", &self.pubsub("subscriptions/crm:pull"), Some(&body));
        assert_eq!(status, 200, "{answer}");
        answer["receivedMessages"].as_array().map_or(0, Vec::len)
    }

    /// Rows of all changelogs.
    pub fn changes(&self) -> usize {
        ENTITIES
            .iter()
            .map(|entity| {
                let path = format!("/bigquery/v2/projects/{PROJECT}/datasets/raw/tables/{entity}_changes");
                let (status, table) = self.cloud.get(&path);
                assert_eq!(status, 200, "{table}");
                table["numRows"].as_str().unwrap().parse::<usize>().unwrap()
            })
            .sum()
    }

    /// How many messages the first applier said last that it has and has not acknowledged. Rows say nothing of how far
    /// behind it is: repairs write rows of their own.
    pub fn outstanding(&self) -> u64 {
        self.appliers[0].said("outstanding").unwrap_or(0)
    }

    /// What the workers logged stays; where.
    pub fn keep_logs(&mut self) -> PathBuf {
        self.dir.disable_cleanup(true);
        self.dir.path().to_owned()
    }

    /// The data of the org.
    pub fn org_dir(&self) -> PathBuf {
        self.org.dir().join("org")
    }
}

fn put(url: &str, body: &Value) {
    let (status, answer) = request("PUT", url, Some(body));
    assert_eq!(status, 200, "{url}: {answer}");
}

/// The emulator loses what it has delivered in order to a subscriber that dies, so there nothing is ordered: the applier does not
/// rely on it.
fn transport(base: &str, in_order: bool) {
    let url = format!("{base}/v1/projects/{PROJECT}");
    let topic = |name: &str| format!("projects/{PROJECT}/topics/{name}");
    for name in ["crm", "crm-dead"] {
        put(&format!("{url}/topics/{name}"), &json!({}));
    }
    // The last one is the test's own: what it republishes.
    for (name, of, ordered) in [
        ("crm", "crm", in_order),
        ("crm-dead", "crm-dead", false),
        ("tap", "crm", false),
    ] {
        let body = json!({
            "topic": topic(of), "ackDeadlineSeconds": 10, "enableMessageOrdering": ordered,
            "messageRetentionDuration": if name == "tap" { "600s" } else { "86400s" },
        });
        put(&format!("{url}/subscriptions/{name}"), &body);
    }
}

/// The spec and the tables, with columns from what the org says of its objects.
fn deploy(cloud: &Cloud, org: &Org) {
    let token = token(org);
    let mut entities = Map::new();
    for entity in ENTITIES {
        let columns = columns(org, &token, entity);
        tables(cloud, entity, &columns);
        let deletes = if entity == SOFT { "soft" } else { "hard" };
        let columns: Vec<Value> = columns
            .iter()
            .map(|(name, kind, of)| json!({"name": name, "field": name, "salesforce_type": of, "type": kind}))
            .collect();
        entities.insert(
            entity.to_owned(),
            json!({"changelog": format!("{entity}_changes"), "current": entity, "deletes": deletes, "columns": columns}),
        );
    }
    let name = |kind: &str, name: &str| format!("projects/{PROJECT}/{kind}/{name}");
    let spec = json!({
        "api_version": "headwater.dev/v1", "name": "crm", "project": PROJECT, "region": REGION,
        "cdc_stream": {
            "source": {"salesforce": {"channel": "/data/ChangeEvents", "initial_snapshot": true, "connection": {
                "id": format!("projects/{PROJECT}/secrets/crm"), "login_url": org.url(), "api_version": API,
                "auth": {"flow": "client_credentials", "client_id": CLIENT_ID, "client_secret": secret(cloud, "crm")}}}},
            "transport": {
                "topic": name("topics", "crm"), "subscription": name("subscriptions", "crm"),
                "dead_letter_topic": name("topics", "crm-dead"),
                "dead_letter_subscription": name("subscriptions", "crm-dead"),
            },
            "lake": format!("gs://{LAKE}"), "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
            "entities": entities,
        }
    });
    let object = spec_object();
    let (status, answer) = cloud.post(
        &format!("/upload/storage/v1/b/{LAKE}/o?uploadType=media&name={object}"),
        &spec,
    );
    assert_eq!(status, 200, "{answer}");
}

fn token(org: &Org) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let mut answer = ureq::post(format!("{}/services/oauth2/token", org.url()))
        .send_form(form)
        .unwrap();
    let answer: Value = answer.body_mut().read_json().unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Name, BigQuery's type and Salesforce's of the fields that change events tell.
fn columns(org: &Org, token: &str, object: &str) -> Vec<(String, &'static str, String)> {
    let url = format!("{}/services/data/v{API}/sobjects/{object}/describe", org.url());
    let mut answer = ureq::get(url)
        .header("Authorization", format!("Bearer {token}"))
        .call()
        .unwrap();
    let described: Value = answer.body_mut().read_json().unwrap();
    let fields = described["fields"].as_array().unwrap();
    let person = fields.iter().any(|f| f["name"] == "FirstName");
    fields
        .iter()
        .filter_map(|field| {
            let (name, of) = (field["name"].as_str().unwrap(), field["type"].as_str().unwrap());
            if UNTOLD.contains(&name) || (person && name == "Name") {
                return None;
            }
            let kind = match of {
                "address" | "location" | "base64" => return None,
                "boolean" => "BOOL",
                "int" => "INT64",
                "double" | "currency" | "percent" if field["scale"].as_i64().unwrap_or(0) > 9 => "BIGNUMERIC",
                "double" | "currency" | "percent" => "NUMERIC",
                "date" => "DATE",
                "datetime" => "TIMESTAMP",
                "time" => "TIME",
                _ => "STRING",
            };
            Some((name.to_owned(), kind, of.to_owned()))
        })
        .collect()
}

fn tables(cloud: &Cloud, entity: &str, columns: &[(String, &'static str, String)]) {
    let column = |name: &str, kind: &str, mode: &str| json!({"name": name, "type": kind, "mode": mode});
    let position = vec![
        column("_record_id", "STRING", "REQUIRED"),
        column("_commit_number", "INT64", "REQUIRED"),
        column("_sequence_number", "INT64", "REQUIRED"),
        column("_commit_timestamp", "TIMESTAMP", "REQUIRED"),
    ];
    let told = vec![
        column("_operation", "STRING", "REQUIRED"),
        column("_changed_fields", "STRING", "REPEATED"),
        column("_nulled_fields", "STRING", "REPEATED"),
        column("_transaction_key", "STRING", "NULLABLE"),
        column("_origin", "STRING", "NULLABLE"),
        column("_commit_user", "STRING", "NULLABLE"),
    ];
    let values: Vec<Value> = columns
        .iter()
        .map(|(name, kind, _)| column(name, kind, "NULLABLE"))
        .collect();
    let deleted = vec![column("_deleted", "BOOL", "REQUIRED")];
    let key = json!(["_record_id", "_commit_number", "_sequence_number"]);
    for (table, own, key) in [
        (format!("{entity}_changes"), told, key),
        (entity.to_owned(), deleted, json!(["_record_id"])),
    ] {
        let fields = [position.clone(), own, values.clone()].concat();
        let body = json!({
            "tableReference": {"projectId": PROJECT, "datasetId": "raw", "tableId": table},
            "schema": {"fields": fields},
            "tableConstraints": {"primaryKey": {"columns": key}},
        });
        let (status, answer) = cloud.post(&format!("/bigquery/v2/projects/{PROJECT}/datasets/raw/tables"), &body);
        assert_eq!(status, 200, "{answer}");
    }
}
