//! An org, a cloud and a pipeline for one test, and the comparison of the tables with the org.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use headwater_cloud::{Cloud, CloudOptions, DatasetRef, RetryPolicy, SecretPayload};
use headwater_extract::{Context, ObjectRun, Options, RunOutcome, RunState, Silent, Unkept, execute};
use headwater_local_cloud::LocalCloud;
use headwater_salesforce_org::{Generate, Simulate, Simulator, generate};
use headwater_spec::PipelineSpec;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const PROJECT: &str = "test-project";
pub const BUCKET: &str = "lake";

pub struct World {
    pub cloud: Cloud,
    pub base_url: String,
    pub org_url: String,
    http: reqwest::Client,
    local: Option<LocalCloud>,
    org: Option<Simulator>,
    runs: AtomicU32,
    name: String,
    _dir: TempDir,
}

impl World {
    /// An org that has rows of these objects only, and of User.
    pub async fn new(name: &str, accounts: u64, objects: &[&str]) -> Self {
        let world = Self::bare(name, accounts, objects).await;
        world.furnish().await;
        world
    }

    /// With a bucket and nothing else in the cloud.
    pub async fn bare(name: &str, accounts: u64, objects: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().expect("a directory");
        let org_dir = dir.path().join("org");
        let ask = Generate {
            accounts,
            objects: Some(objects.iter().map(|&object| object.to_owned()).collect()),
            ..Generate::new(&org_dir)
        };
        tokio::task::spawn_blocking(move || generate(&ask))
            .await
            .expect("generate")
            .expect("an org");
        let org = Simulator::start(Simulate::new(&org_dir)).await.expect("a simulator");
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
        let cloud = connect(local.base_url());
        let world = Self {
            base_url: local.base_url().to_owned(),
            org_url: org.base_url().to_owned(),
            http: reqwest::Client::new(),
            cloud,
            local: Some(local),
            org: Some(org),
            runs: AtomicU32::new(0),
            name: name.into(),
            _dir: dir,
        };
        let bucket = json!({"name": BUCKET, "location": "EU"});
        let made = world.cloud.storage().create_bucket(PROJECT, &bucket).await;
        made.expect("a bucket");
        world
    }

    async fn furnish(&self) {
        let cloud = &self.cloud;
        let dataset = DatasetRef::new(PROJECT, "raw");
        cloud
            .bigquery()
            .create_dataset(&dataset, &json!({"location": "EU"}))
            .await
            .expect("a dataset");
        let secret = format!("projects/{PROJECT}/secrets/crm");
        cloud.secrets().create(&secret, &json!({})).await.expect("a secret");
        let payload = SecretPayload::new("headwater-secret");
        let version = cloud.secrets().add_version(&secret, &payload).await.expect("a version");
        assert!(version.ends_with("/versions/1"), "{version}");
    }

    /// A pipeline of these objects, as the provider would write it. `change` has the last word.
    pub fn spec(&self, objects: &Value, change: impl FnOnce(&mut Value)) -> PipelineSpec {
        let mut all = serde_json::Map::new();
        for (name, object) in objects.as_object().expect("objects") {
            let mut object = object.clone();
            object["table"] = name.as_str().into();
            object["columns"] =
                json!([{"name": "Id", "field": "Id", "salesforce_type": "id", "type": "STRING", "mode": "REQUIRED"}]);
            all.insert(name.clone(), object);
        }
        let mut spec = json!({
            "api_version": "headwater.dev/v1", "name": "crm", "project": PROJECT, "region": "europe-west1",
            "salesforce_extract": {
                "connection": {
                    "id": format!("projects/{PROJECT}/secrets/crm"), "login_url": self.org_url, "api_version": "66.0",
                    "auth": {"flow": "client_credentials", "client_id": "headwater-client",
                        "client_secret": format!("projects/{PROJECT}/secrets/crm/versions/1")},
                },
                "lake": format!("gs://{BUCKET}"),
                "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
                "objects": all,
                "safety_lag_seconds": 0,
                "bulk_threshold_rows": 200,
            }
        });
        change(&mut spec);
        PipelineSpec::from_json(spec.to_string().as_bytes()).expect("a spec")
    }

    pub fn context(&self) -> Context {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        Context {
            cloud: connect(&self.base_url),
            run: format!("{}-{number}", self.name),
            task_index: 0,
            task_count: 1,
            attempt: 0,
            image: None,
            cancel: Default::default(),
            progress: Arc::new(Silent),
            verdicts: Arc::new(Unkept),
            options: Options {
                lease_ttl: Duration::from_secs(1),
                bulk_page_rows: 50,
                ..Options::default()
            },
        }
    }

    pub async fn run(&self, spec: &PipelineSpec) -> RunOutcome {
        execute(spec, &self.context()).await.expect("an execution")
    }

    /// Runs, and expects every object to succeed.
    pub async fn succeed(&self, spec: &PipelineSpec) -> BTreeMap<String, ObjectRun> {
        let outcome = self.run(spec).await;
        for (object, record) in &outcome.objects {
            assert_eq!(record.state, RunState::Succeeded, "{object}: {:?}", record.error);
        }
        outcome.objects
    }

    /// What goes wrong in the cloud from now on.
    pub async fn cloud_faults(&self, script: Value) {
        self.post(&self.base_url, "faults", script).await;
    }

    /// Asserts that everything scripted has gone wrong.
    pub async fn assert_struck(&self) {
        let url = format!("{}/_control/faults", self.base_url);
        let answer = self.http.get(url).send().await.expect("an answer");
        let report: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("json");
        assert_eq!(report["all_consumed"], true, "{report}");
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        self.post(&self.org_url, path, body).await
    }

    async fn post(&self, base: &str, path: &str, body: Value) -> Value {
        let url = format!("{base}/_control/{path}");
        let answer = self.http.post(url).json(&body).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).expect("json")
    }

    /// The org's rows of an object by id.
    pub async fn truth(&self, object: &str) -> BTreeMap<String, Value> {
        let url = format!("{}/_control/export?object={object}", self.org_url);
        let text = self
            .http
            .get(url)
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("a body");
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a row"));
        rows.map(|row| (row["Id"].as_str().expect("an id").to_owned(), row))
            .collect()
    }

    /// The table's rows by id, values as the truth writes them.
    pub async fn table(&self, object: &str) -> BTreeMap<String, Value> {
        let table = DatasetRef::new(PROJECT, "raw").table(object);
        let document = self.cloud.bigquery().get_table(&table).await.expect("a table");
        let fields: Vec<(String, String)> = document["schema"]["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .map(|field| {
                (
                    field["name"].as_str().expect("name").into(),
                    field["type"].as_str().expect("type").into(),
                )
            })
            .collect();
        let select: Vec<String> = fields
            .iter()
            .map(|(name, kind)| {
                if kind == "TIMESTAMP" {
                    format!("UNIX_MILLIS(`{name}`)")
                } else {
                    format!("`{name}`")
                }
            })
            .collect();
        let sql = format!("SELECT {} FROM {}", select.join(", "), table.sql());
        let result = self.cloud.bigquery().query(&sql, Some("EU")).await.expect("rows");
        let mut rows = BTreeMap::new();
        for cells in result.rows {
            let mut row = serde_json::Map::new();
            for ((name, kind), cell) in fields.iter().zip(cells) {
                row.insert(name.clone(), normal(kind, &cell));
            }
            let id = row["Id"].as_str().expect("an id").to_owned();
            assert!(rows.insert(id.clone(), row.into()).is_none(), "{id} is there twice");
        }
        rows
    }

    /// Asserts that a table holds exactly the org's rows that pass `only`, value by value.
    pub async fn assert_equal(&self, object: &str, only: impl Fn(&Value) -> bool) {
        let mut truth = self.truth(object).await;
        truth.retain(|_, row| only(row));
        let table = self.table(object).await;
        let missing: Vec<_> = truth.keys().filter(|id| !table.contains_key(*id)).take(5).collect();
        let extra: Vec<_> = table.keys().filter(|id| !truth.contains_key(*id)).take(5).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{object}: missing {missing:?}, too many {extra:?}"
        );
        for (id, row) in &table {
            for (name, value) in row.as_object().expect("a row") {
                let Some(expected) = truth[id].get(name) else { continue };
                let expected = normal_truth(expected, value);
                assert_eq!(*value, expected, "{object} {id} {name}");
            }
        }
    }

    pub async fn watermark(&self, object: &str) -> Option<Value> {
        self.document(&format!("headwater/pipelines/crm/objects/{object}/watermark.json"))
            .await
    }

    pub async fn document(&self, name: &str) -> Option<Value> {
        let path = headwater_cloud::ObjectPath {
            bucket: BUCKET.into(),
            name: name.into(),
        };
        let found = self.cloud.storage().get(&path).await.ok()?;
        Some(serde_json::from_slice(&found.bytes).expect("json"))
    }

    /// Nothing temporary is left: no batch in flight, no staging table.
    pub async fn assert_clean(&self) {
        let tables = self
            .cloud
            .bigquery()
            .list_tables(&DatasetRef::new(PROJECT, "raw"))
            .await
            .expect("tables");
        let staging: Vec<_> = tables.iter().filter(|table| table.starts_with("_headwater")).collect();
        assert!(staging.is_empty(), "{staging:?}");
        let objects = self.cloud.storage().list(BUCKET, "").await.expect("objects");
        let inflight: Vec<_> = objects
            .iter()
            .filter(|object| object.name.ends_with("inflight.json"))
            .collect();
        assert!(inflight.is_empty(), "{inflight:?}");
    }

    pub async fn end(mut self) {
        if let Some(local) = self.local.take() {
            local.shutdown().await;
        }
        if let Some(org) = self.org.take() {
            org.shutdown().await;
        }
    }
}

fn connect(base_url: &str) -> Cloud {
    let options = CloudOptions {
        project: PROJECT.into(),
        region: "europe-west1".into(),
        endpoint: Some(base_url.into()),
        credentials: None,
    };
    Cloud::connect_with(options, RetryPolicy::default()).expect("a cloud")
}

/// A cell of BigQuery's in one form for each type.
fn normal(kind: &str, cell: &Value) -> Value {
    let Some(text) = cell.as_str() else { return Value::Null };
    match kind {
        "BOOLEAN" => (text == "true").into(),
        "INTEGER" => text.parse::<i64>().expect("an integer").into(),
        "NUMERIC" | "BIGNUMERIC" => decimal(text).into(),
        "TIME" => decimal(text).into(),
        _ => text.into(),
    }
}

/// A value of the truth's in the form of the table's.
fn normal_truth(expected: &Value, like: &Value) -> Value {
    let Some(text) = expected.as_str() else {
        return expected.clone();
    };
    if text.len() >= 20 && text.as_bytes()[10] == b'T' && like.as_str().is_some_and(|like| like.parse::<i64>().is_ok())
    {
        let time = chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3f%z")
            .or_else(|_| chrono::DateTime::parse_from_rfc3339(text))
            .expect("a time");
        return time.timestamp_millis().to_string().into();
    }
    if let Some(time) = text
        .strip_suffix('Z')
        .filter(|time| time.len() == 12 && time.as_bytes()[2] == b':')
    {
        return decimal(time).into();
    }
    let is_decimal = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    if is_decimal && like.as_str().is_some_and(|like| like == decimal(text)) {
        return decimal(text).into();
    }
    text.into()
}

fn decimal(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}
