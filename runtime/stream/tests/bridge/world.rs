//! An org, a cloud and a stream for one test; the messages of its topic, and what they must be.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use headwater_cloud::{Cloud, CloudOptions, SecretPayload};
use headwater_local_cloud::LocalCloud;
use headwater_salesforce::{Change, Client, ClientOptions, RetryPolicy, Secret, Start};
use headwater_salesforce_org::{Generate, Simulate, Simulator, generate};
use headwater_spec::{PipelineSpec, StreamSource};
use headwater_stream::bridge::{Error, Options, Progress, run};
use headwater_stream::{ChangeMessage, ChangeType};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const PROJECT: &str = "test-project";
pub const LEASE: Duration = Duration::from_millis(900);
pub const FLUSH: Duration = Duration::from_millis(20);

/// A change's key.
pub type Key = (String, i64, i64);
/// Rows by entity and id.
pub type Rows = BTreeMap<(String, String), Map<String, Value>>;

pub struct World {
    pub cloud: Cloud,
    pub base_url: String,
    pub org_url: String,
    pub http: reqwest::Client,
    pub dir: TempDir,
    _local: LocalCloud,
    _org: Simulator,
}

/// A bridge in this process.
pub struct Running {
    pub cancel: CancellationToken,
    pub progress: Arc<Progress>,
    pub task: JoinHandle<Result<(), Error>>,
}

impl Running {
    pub async fn stop(self) -> Result<(), Error> {
        self.cancel.cancel();
        self.task.await.expect("a bridge that does not panic")
    }
}

fn connect(base_url: &str) -> Cloud {
    let options = CloudOptions {
        project: PROJECT.into(),
        region: "europe-west1".into(),
        endpoint: Some(base_url.into()),
        credentials: None,
    };
    Cloud::connect(options).expect("a cloud")
}

pub fn options() -> Options {
    let retry = RetryPolicy {
        base: Duration::from_millis(2),
        cap: Duration::from_millis(50),
        ..RetryPolicy::default()
    };
    Options {
        lease: LEASE,
        flush: FLUSH,
        salesforce: ClientOptions {
            retry,
            ..ClientOptions::default()
        },
        ..Options::default()
    }
}

impl World {
    /// An org whose changes are all captured, and a topic with a subscription.
    pub async fn new(accounts: u64) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().expect("a directory");
        let org_dir = dir.path().join("org");
        let ask = Generate {
            accounts,
            ..Generate::new(&org_dir)
        };
        tokio::task::spawn_blocking(move || generate(&ask))
            .await
            .expect("generate")
            .expect("an org");
        let mut simulate = Simulate::new(&org_dir);
        simulate.change_data_capture = vec!["*".into()];
        simulate.keep_alive = Duration::from_millis(100);
        let org = Simulator::start(simulate).await.expect("a simulator");
        let local = LocalCloud::start(headwater_local_cloud::Options {
            data_dir: dir.path().join("cloud"),
            port: 0,
            project: PROJECT.into(),
            region: "europe-west1".into(),
            record: None,
            runtime_binary: "/bin/false".into(),
        })
        .await
        .expect("a local cloud");
        let world = Self {
            cloud: connect(local.base_url()),
            base_url: local.base_url().to_owned(),
            org_url: org.base_url().to_owned(),
            http: reqwest::Client::new(),
            dir,
            _local: local,
            _org: org,
        };
        world.furnish().await;
        world
    }

    async fn furnish(&self) {
        let bucket = json!({"name": "lake", "location": "EU"});
        self.cloud
            .storage()
            .create_bucket(PROJECT, &bucket)
            .await
            .expect("a bucket");
        let secret = format!("projects/{PROJECT}/secrets/crm");
        self.cloud
            .secrets()
            .create(&secret, &json!({}))
            .await
            .expect("a secret");
        let payload = SecretPayload::new("headwater-secret");
        self.cloud
            .secrets()
            .add_version(&secret, &payload)
            .await
            .expect("a version");
        for topic in ["crm", "crm-dead"] {
            self.topic(topic).await;
        }
    }

    /// A topic with a subscription of the same name; the topic's full name.
    pub async fn topic(&self, name: &str) -> String {
        let url = format!("{}/v1/projects/{PROJECT}", self.base_url);
        let topic = format!("projects/{PROJECT}/topics/{name}");
        self.put(&format!("{url}/topics/{name}"), &json!({})).await;
        let subscription = json!({"topic": topic, "ackDeadlineSeconds": 60, "enableMessageOrdering": true});
        self.put(&format!("{url}/subscriptions/{name}"), &subscription).await;
        topic
    }

    /// What a topic of notices was told.
    pub async fn notices(&self, topic: &str) -> Vec<Value> {
        let told = self.pull(topic).await.into_iter();
        told.map(|(data, _)| serde_json::from_slice(&data).expect("JSON"))
            .collect()
    }

    async fn put(&self, url: &str, body: &Value) {
        let answer = self.http.put(url).json(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{url}");
    }

    pub async fn control(&self, name: &str, body: Value) -> Value {
        let url = format!("{}/_control/{name}", self.org_url);
        let answer = self.http.post(url).json(&body).send().await.expect("an answer");
        let status = answer.status();
        let body = answer.json().await.expect("JSON");
        assert_eq!(status, 200, "{name}: {body}");
        body
    }

    pub async fn churn(&self, body: Value) {
        self.control("churn", body).await;
    }

    /// A stream of these entities over one channel. `change` has the last word.
    pub fn spec(&self, entities: &[&str], change: impl FnOnce(&mut Value)) -> PipelineSpec {
        let column = json!([{"name": "OwnerId", "field": "OwnerId", "salesforce_type": "reference", "type": "STRING"}]);
        let entities: Map<String, Value> = entities
            .iter()
            .map(|name| {
                (
                    (*name).to_owned(),
                    json!({"changelog": format!("{name}_changes"), "columns": column}),
                )
            })
            .collect();
        let mut spec = json!({
            "api_version": "headwater.dev/v1", "name": "crm", "project": PROJECT, "region": "europe-west1",
            "cdc_stream": {
                "source": {"salesforce": {"channel": "/data/ChangeEvents", "connection": {
                    "id": format!("projects/{PROJECT}/secrets/crm"), "login_url": self.org_url, "api_version": "66.0",
                    "auth": {"flow": "client_credentials", "client_id": "headwater-client",
                        "client_secret": format!("projects/{PROJECT}/secrets/crm/versions/1")}}}},
                "transport": {
                    "topic": format!("projects/{PROJECT}/topics/crm"),
                    "subscription": format!("projects/{PROJECT}/subscriptions/crm"),
                    "dead_letter_topic": format!("projects/{PROJECT}/topics/crm-dead"),
                    "dead_letter_subscription": format!("projects/{PROJECT}/subscriptions/crm-dead"),
                },
                "lake": "gs://lake", "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
                "entities": entities,
            }
        });
        change(&mut spec);
        PipelineSpec::from_json(spec.to_string().as_bytes()).expect("a spec")
    }

    pub fn start(&self, spec: &PipelineSpec) -> Running {
        let (spec, cloud, options) = (spec.clone(), connect(&self.base_url), options());
        let (cancel, progress) = (CancellationToken::new(), Arc::clone(&options.progress));
        let stop = cancel.clone();
        let task = tokio::spawn(async move { run(&spec, &cloud, options, stop).await });
        Running { cancel, progress, task }
    }

    /// A bridge that has noted where it stands: what happens from now on is told.
    pub async fn started(&self, spec: &PipelineSpec) -> Running {
        let running = self.start(spec);
        while self
            .position()
            .await
            .is_none_or(|p| p["feeds"].as_object().is_none_or(Map::is_empty))
        {
            assert!(!running.task.is_finished(), "the bridge ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        running
    }

    pub async fn object(&self, name: &str) -> Option<Value> {
        let name = name.replace('/', "%2F");
        let url = format!("{}/storage/v1/b/lake/o/{name}?alt=media", self.base_url);
        let answer = self.http.get(url).send().await.expect("an answer");
        match answer.status().as_u16() {
            200 => answer.json().await.ok(),
            _ => None,
        }
    }

    pub async fn position(&self) -> Option<Value> {
        self.object("headwater/pipelines/crm/bridge/position.json").await
    }

    /// The records of repairs.
    pub async fn repairs(&self) -> Vec<Value> {
        let prefix = "headwater/pipelines/crm/bridge/repairs/";
        let found = self.cloud.storage().list("lake", prefix).await.expect("a list");
        let mut out = vec![];
        for object in found {
            out.push(self.object(&object.name).await.expect("a record"));
        }
        out
    }

    /// What is in a subscription now, acknowledged: data and attributes.
    pub async fn pull(&self, subscription: &str) -> Vec<(Vec<u8>, Value)> {
        let url = format!("{}/v1/projects/{PROJECT}/subscriptions/{subscription}", self.base_url);
        let post = async |verb: &str, body: Value| {
            let answer = self
                .http
                .post(format!("{url}:{verb}"))
                .json(&body)
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status(), 200);
            answer.json::<Value>().await.expect("JSON")
        };
        let mut out = vec![];
        loop {
            let body = post("pull", json!({"maxMessages": 1000, "returnImmediately": true})).await;
            let messages = body["receivedMessages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return out;
            }
            let ids: Vec<&Value> = messages.iter().map(|m| &m["ackId"]).collect();
            post("acknowledge", json!({ "ackIds": ids })).await;
            for message in &messages {
                let data = message["message"]["data"].as_str().unwrap_or("");
                out.push((base64(data), message["message"].clone()));
            }
        }
    }

    /// Pulls until so many different changes have come, or none come any more for long.
    pub async fn changes(&self, enough: impl Fn(&[ChangeMessage]) -> bool) -> Vec<ChangeMessage> {
        let mut all = vec![];
        let mut idle = 0;
        while !enough(&all) && idle < 200 {
            let more = self.pull("crm").await;
            idle = if more.is_empty() { idle + 1 } else { 0 };
            for (data, message) in more {
                let change = ChangeMessage::from_json(&data).expect("a change");
                assert_eq!(message["orderingKey"], change.ordering_key());
                assert_eq!(message["attributes"]["commitNumber"], change.commit_number.to_string());
                assert_eq!(message["attributes"]["pipeline"], "crm");
                all.push(change);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        all
    }

    async fn client(&self, spec: &PipelineSpec) -> Client {
        let stream = spec.stream().expect("a stream");
        let StreamSource::Salesforce(source) = &stream.source else {
            panic!("another source");
        };
        let secret = Secret::new("headwater-secret".into());
        Client::connect(&source.connection, secret, ClientOptions::default())
            .await
            .expect("a client")
    }

    /// The events of the org, as a reader of ours that nothing happens to gets them.
    pub async fn events(&self, spec: &PipelineSpec) -> Vec<Change> {
        let total = self.control("events", json!({})).await;
        let total =
            (total["events"].as_u64().expect("a number") - total["earliest"].as_u64().expect("a number")) as usize;
        let events = self.client(spec).await.events().expect("events");
        let mut subscription = events.subscribe("/data/ChangeEvents", Start::Earliest);
        let mut out = vec![];
        while out.len() < total {
            let batch = subscription.next().await.expect("a batch");
            out.extend(batch.events.into_iter().map(|e| e.change.expect("a change")));
        }
        out
    }

    /// The org's rows as messages tell them: without what they do not, decimals as doubles.
    pub async fn rows(&self, spec: &PipelineSpec) -> Rows {
        let client = self.client(spec).await;
        let mut rows = Rows::new();
        for entity in spec.stream().expect("a stream").entities.keys() {
            let describe = client.describe(entity).await.expect("a description");
            let url = format!("{}/_control/export?object={entity}", self.org_url);
            let text = self
                .http
                .get(url)
                .send()
                .await
                .expect("an answer")
                .text()
                .await
                .expect("text");
            for line in text.lines() {
                let row: Map<String, Value> = serde_json::from_str(line).expect("a row");
                let id = row["Id"].as_str().expect("an id").to_owned();
                let person = row.contains_key("FirstName");
                let told = row.into_iter().filter(|(name, _)| match name.as_str() {
                    "Id" | "IsDeleted" | "SystemModstamp" => false,
                    "Name" => !person,
                    _ => true,
                });
                let typed = told.map(|(name, value)| {
                    let of = describe.field(&name).map_or("", |f| f.data_type.as_str());
                    let value = match (of, value.as_str()) {
                        ("double" | "currency" | "percent", Some(text)) => {
                            json!(text.parse::<f64>().expect("a number"))
                        }
                        ("time", Some(text)) => text.trim_end_matches('Z').into(),
                        _ => value,
                    };
                    (name, value)
                });
                rows.insert((entity.clone(), id), typed.collect());
            }
        }
        rows
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let text = text.trim_end_matches('=').as_bytes();
    let mut out = vec![];
    for four in text.chunks(4) {
        let bits = four.iter().fold(0, |bits, c| bits << 6 | digit(*c)) << (6 * (4 - four.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    out
}

pub fn key(change: &ChangeMessage) -> Key {
    (change.record_id.clone(), change.commit_number, change.sequence_number)
}

/// The keys of all records of events.
pub fn keys(events: &[Change], entities: &[&str]) -> HashSet<Key> {
    let wanted = events.iter().filter(|e| entities.contains(&e.entity.as_str()));
    wanted
        .flat_map(|e| {
            e.record_ids
                .iter()
                .map(|id| (id.clone(), e.commit_number, e.sequence_number.into()))
        })
        .collect()
}

/// A current table made of changes in their order, whatever that in which they came.
pub fn fold(rows: &mut Rows, changes: &[ChangeMessage]) {
    let mut sorted: BTreeMap<(i64, i64, String), &ChangeMessage> = BTreeMap::new();
    for change in changes {
        // Of two with one key the later: a snapshot that was read again.
        sorted.insert(
            (change.commit_number, change.sequence_number, change.record_id.clone()),
            change,
        );
    }
    for change in sorted.values() {
        let at = (change.entity.clone(), change.record_id.clone());
        match change.change_type {
            ChangeType::Delete => drop(rows.remove(&at)),
            ChangeType::Create | ChangeType::Snapshot => drop(rows.insert(at, change.fields.clone())),
            _ => rows.entry(at).or_default().extend(change.fields.clone()),
        }
    }
}

/// Where two states differ; what is absent is null.
pub fn differences(found: &Rows, truth: &Rows) -> Vec<String> {
    let mut out = vec![];
    for (at, row) in truth {
        let Some(other) = found.get(at) else {
            out.push(format!("{at:?} is missing"));
            continue;
        };
        for (name, value) in row {
            let other = other.get(name).unwrap_or(&Value::Null);
            // serde_json reads some doubles one unit in the last place off.
            let near = |a: f64, b: f64| (a - b).abs() <= f64::EPSILON * 4.0 * a.abs();
            let same = match (other.as_f64(), value.as_f64()) {
                (Some(a), Some(b)) => near(a, b),
                _ => other == value,
            };
            if !same {
                out.push(format!("{at:?} {name}: {other} instead of {value}"));
            }
        }
    }
    out.extend(
        found
            .keys()
            .filter(|at| !truth.contains_key(*at))
            .map(|at| format!("{at:?} is too much")),
    );
    out
}
