//! A cloud with a topic and a pipeline for one test, workers that can be killed, and the tables in words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::model::Message;
use headwater_cloud::{Cloud, CloudOptions, CreateBy, DatasetRef, Service};
use headwater_local_cloud::LocalCloud;
use headwater_spec::PipelineSpec;
use headwater_stream::apply::{Metrics, run};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub const PROJECT: &str = "test-project";
const PATIENCE: Duration = Duration::from_secs(120);

pub struct World {
    pub cloud: Cloud,
    pub base_url: String,
    /// Pub/Sub, when it is somewhere else.
    pubsub: Option<Emulator>,
    local: LocalCloud,
    publisher: Publisher,
    _dir: TempDir,
}

/// A worker on threads of its own, which can die as a process does: at once, whatever it is doing.
pub struct Worker {
    runtime: tokio::runtime::Runtime,
    pub metrics: Arc<Metrics>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<headwater_stream::Result<()>>,
}

impl Worker {
    pub fn kill(self) {
        self.runtime.shutdown_background();
    }

    /// Asks it to end, and waits until it has.
    pub async fn drain(self) {
        self.cancel.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it ends in time");
        ended.expect("no panic").expect("no error");
        self.runtime.shutdown_background();
    }

    /// Waits until it ends by itself, with its error.
    pub async fn failure(self) -> headwater_stream::Error {
        let ended = tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it ends in time");
        self.runtime.shutdown_background();
        ended.expect("no panic").expect_err("an error")
    }
}

/// Google's own emulator of Pub/Sub.
struct Emulator {
    process: std::process::Child,
    url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Emulator {
    async fn start() -> Self {
        let sdk = std::process::Command::new("gcloud")
            .args(["info", "--format=value(installation.sdk_root)"])
            .output()
            .expect("gcloud, of the Google Cloud SDK");
        let root = String::from_utf8(sdk.stdout).expect("a path");
        let lib = std::path::Path::new(root.trim()).join("platform/pubsub-emulator/lib");
        let jars = std::fs::read_dir(&lib).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: install it with `gcloud components install pubsub-emulator`",
                lib.display()
            )
        });
        let jar = jars
            .map(|jar| jar.expect("a file").path())
            .find(|jar| jar.to_string_lossy().ends_with("-all.jar"))
            .expect("the emulator's jar");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("a port")
            .port();
        let process = std::process::Command::new("java")
            .arg("-jar")
            .arg(jar)
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("java");
        let emulator = Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        };
        until("the emulator is up", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        emulator
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(None).await
    }

    /// With Google's own Pub/Sub emulator in place of ours.
    pub async fn over_googles_emulator() -> Self {
        Self::with(Some(Emulator::start().await)).await
    }

    async fn with(pubsub: Option<Emulator>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let dir = tempfile::tempdir().expect("a directory");
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
        let base_url = local.base_url().to_owned();
        let cloud = connect(&base_url, pubsub.as_ref().map(|emulator| emulator.url.as_str()));
        let documents = cloud.documents(Service::PubSub);
        let bucket = json!({"name": "lake", "location": "EU"});
        cloud.storage().create_bucket(PROJECT, &bucket).await.expect("a bucket");
        let dataset = DatasetRef::new(PROJECT, "raw");
        cloud
            .bigquery()
            .create_dataset(&dataset, &json!({"location": "EU"}))
            .await
            .expect("a dataset");
        for topic in ["crm", "crm-dead"] {
            let name = format!("projects/{PROJECT}/topics/{topic}");
            documents
                .create(&name, CreateBy::Put, &json!({}))
                .await
                .expect("a topic");
            let subscription =
                json!({"topic": name, "ackDeadlineSeconds": 10, "enableMessageOrdering": topic == "crm"});
            let name = format!("projects/{PROJECT}/subscriptions/{topic}");
            documents
                .create(&name, CreateBy::Put, &subscription)
                .await
                .expect("a subscription");
        }
        let publisher = cloud
            .publisher(&format!("projects/{PROJECT}/topics/crm"), 500)
            .await
            .expect("a publisher");
        Self {
            cloud,
            base_url,
            pubsub,
            local,
            publisher,
            _dir: dir,
        }
    }

    pub async fn end(self) {
        self.local.shutdown().await;
    }

    /// A pipeline with these entities, whose tables are made as the provider makes them. `change` has the last word.
    pub async fn pipeline(&self, entities: &[&str], change: impl FnOnce(&mut Value)) -> PipelineSpec {
        let column = |name: &str, kind: &str| json!({"name": name, "field": name, "salesforce_type": "", "type": kind});
        let columns = json!([
            column("Name", "STRING"),
            column("Amount", "NUMERIC"),
            column("Closed", "DATE"),
            column("Active", "BOOL")
        ]);
        let all: serde_json::Map<String, Value> = entities
            .iter()
            .map(|name| {
                let deletes = if name.starts_with("Soft") { "soft" } else { "hard" };
                let entity = json!({"changelog": format!("{name}_log"), "current": name, "deletes": deletes, "columns": columns});
                ((*name).to_owned(), entity)
            })
            .collect();
        let mut stream = json!({
            "source": {"subscription": {"format": "salesforce"}},
            "transport": {
                "topic": format!("projects/{PROJECT}/topics/crm"),
                "subscription": format!("projects/{PROJECT}/subscriptions/crm"),
                "dead_letter_topic": format!("projects/{PROJECT}/topics/crm-dead"),
                "dead_letter_subscription": format!("projects/{PROJECT}/subscriptions/crm-dead"),
            },
            "lake": "gs://lake", "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
            "entities": all, "batching": {"milliseconds": 50},
        });
        change(&mut stream);
        let spec = json!({
            "api_version": "headwater.dev/v1", "name": "crm", "project": PROJECT, "region": "europe-west1", "cdc_stream": stream,
        });
        let spec = PipelineSpec::from_json(spec.to_string().as_bytes()).expect("a spec");
        let dataset = DatasetRef::new(PROJECT, "raw");
        for entity in spec.stream().expect("a stream").entities.values() {
            let bigquery = self.cloud.bigquery();
            let made = bigquery
                .create_table(&dataset.table(&entity.changelog), &entity.changelog_document())
                .await;
            made.expect("a changelog");
            if let Some(current) = &entity.current {
                let made = bigquery
                    .create_table(&dataset.table(current), &entity.current_document())
                    .await;
                made.expect("a current table");
            }
        }
        spec
    }

    pub fn worker(&self, spec: &PipelineSpec) -> Worker {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (metrics, cancel) = (Arc::new(Metrics::default()), CancellationToken::new());
        let pubsub = self.pubsub.as_ref().map(|emulator| emulator.url.clone());
        let (spec, base_url) = (spec.clone(), self.base_url.clone());
        let task = runtime.spawn({
            let (metrics, cancel) = (metrics.clone(), cancel.clone());
            // A client of its own, on this runtime.
            async move { run(&spec, &connect(&base_url, pubsub.as_deref()), &metrics, &cancel).await }
        });
        Worker {
            runtime,
            metrics,
            cancel,
            task,
        }
    }

    /// Publishes messages as they are, in this order; `key` empty: without an ordering key.
    pub async fn publish(&self, messages: impl IntoIterator<Item = (String, String)>) {
        let sent: Vec<_> = messages
            .into_iter()
            .map(|(key, data)| {
                self.publisher
                    .publish(Message::new().set_data(data).set_ordering_key(key))
            })
            .collect();
        for one in sent {
            one.await.expect("published");
        }
    }

    pub async fn faults(&self, script: Value) {
        let url = format!("{}/_control/faults", self.base_url);
        let answer = reqwest::Client::new()
            .post(url)
            .json(&script)
            .send()
            .await
            .expect("an answer");
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap_or_default()
        );
    }

    pub async fn assert_struck(&self) {
        let url = format!("{}/_control/faults", self.base_url);
        let answer = reqwest::Client::new().get(url).send().await.expect("an answer");
        let report: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("json");
        assert_eq!(report["all_consumed"], true, "{report}");
    }

    pub async fn query(&self, sql: &str) -> Vec<Vec<Value>> {
        self.cloud.bigquery().query(sql, Some("EU")).await.expect("rows").rows
    }

    pub async fn count(&self, table: &str) -> usize {
        let rows = self.query(&format!("SELECT COUNT(*) FROM raw.{table}")).await;
        rows[0][0].as_str().expect("a count").parse().expect("a number")
    }

    /// The current table in words: `Name=x Amount=1.5`, with `deleted` in front of deleted records.
    pub async fn current(&self, table: &str) -> BTreeMap<String, String> {
        let sql = format!("SELECT * FROM raw.{table}");
        let answer = self.cloud.bigquery().query(&sql, Some("EU")).await.expect("rows");
        let names: Vec<&str> = answer.schema["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .map(|field| field["name"].as_str().expect("a name"))
            .collect();
        let mut all = BTreeMap::new();
        for row in &answer.rows {
            let cell = |name: &str| row[names.iter().position(|n| *n == name).expect(name)].as_str();
            let mut words = Vec::new();
            if cell("_deleted") == Some("true") {
                words.push("deleted".to_owned());
            }
            words.extend(
                names
                    .iter()
                    .filter(|name| !name.starts_with('_'))
                    .filter_map(|name| Some(format!("{name}={}", cell(name)?))),
            );
            let record = cell("_record_id").expect("a record").to_owned();
            assert!(
                all.insert(record.clone(), words.join(" ")).is_none(),
                "{record} is there twice"
            );
        }
        all
    }

    /// Makes a topic with a subscription of its name.
    pub async fn topic(&self, name: &str) -> String {
        let documents = self.cloud.documents(Service::PubSub);
        let topic = format!("projects/{PROJECT}/topics/{name}");
        documents
            .create(&topic, CreateBy::Put, &json!({}))
            .await
            .expect("a topic");
        let subscription = format!("projects/{PROJECT}/subscriptions/{name}");
        let made = documents
            .create(&subscription, CreateBy::Put, &json!({"topic": topic}))
            .await;
        made.expect("a subscription");
        topic
    }

    /// The first messages of a topic that [`World::topic`] made.
    pub async fn messages(&self, name: &str, count: usize) -> Vec<Value> {
        let subscriber = self.cloud.subscriber().await.expect("a subscriber");
        let mut stream = subscriber
            .subscribe(format!("projects/{PROJECT}/subscriptions/{name}"))
            .build();
        let mut messages = Vec::new();
        while messages.len() < count {
            let next = tokio::time::timeout(PATIENCE, stream.next())
                .await
                .expect("a message in time");
            let (message, handle) = next.expect("a stream").expect("a message");
            messages.push(serde_json::from_slice(&message.data).expect("json"));
            handle.ack();
        }
        messages
    }

    /// The dead letters so far: reason code and data.
    pub async fn dead_letters(&self, count: usize) -> Vec<(String, String)> {
        let subscriber = self.cloud.subscriber().await.expect("a subscriber");
        let mut stream = subscriber
            .subscribe(format!("projects/{PROJECT}/subscriptions/crm-dead"))
            .build();
        let mut letters = Vec::new();
        while letters.len() < count {
            let next = tokio::time::timeout(PATIENCE, stream.next())
                .await
                .expect("a letter in time");
            let (letter, handle) = next.expect("a stream").expect("a letter");
            let code = letter.attributes["headwater-reason-code"].clone();
            letters.push((code, String::from_utf8(letter.data.to_vec()).expect("text")));
            // Given back, for whoever replays them.
            drop(handle);
        }
        letters.sort();
        letters
    }
}

pub fn connect(base_url: &str, pubsub: Option<&str>) -> Cloud {
    let cloud = Cloud::connect(CloudOptions {
        project: PROJECT.into(),
        region: "europe-west1".into(),
        endpoint: Some(base_url.into()),
        credentials: None,
    })
    .expect("a cloud");
    match pubsub {
        Some(url) => cloud.with_service_at(Service::PubSub, url).expect("a URL"),
        None => cloud,
    }
}

/// Waits for a condition.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A change in words: `U a 5.1 Name=x Amount=null`, as the message that the bridge would send.
pub fn change(entity: &str, words: &str, prefix: &str) -> (String, String) {
    let mut parts = words.split_whitespace();
    let kind = match parts.next().expect("a kind") {
        "C" => "CREATE",
        "U" => "UPDATE",
        "D" => "DELETE",
        "N" => "UNDELETE",
        "S" => "SNAPSHOT",
        "G" => "GAP_UPDATE",
        other => panic!("{other}"),
    };
    let record = format!("{prefix}{}", parts.next().expect("a record"));
    let position = parts.next().expect("a position");
    let (commit, sequence) = position.split_once('.').unwrap_or((position, "0"));
    let (mut fields, mut nulled) = (serde_json::Map::new(), Vec::new());
    for part in parts {
        let (name, value) = part.split_once('=').expect("a field");
        match value {
            "null" => nulled.push(name),
            value => {
                let json: Value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
                fields.insert(name.to_owned(), json);
            }
        }
    }
    let second: i64 = commit.parse().expect("a number");
    let at = chrono::DateTime::from_timestamp(1_770_000_000 + second, 0).expect("a time");
    let message = json!({
        "entity": entity, "recordId": record, "changeType": kind, "commitNumber": commit,
        "sequenceNumber": sequence.parse::<i64>().expect("a number"),
        "commitTimestamp": at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "nulledFields": nulled, "fields": fields,
    });
    (format!("{entity}/{record}"), message.to_string())
}
