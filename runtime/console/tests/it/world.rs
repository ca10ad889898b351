//! A local cloud, a lake with a pipeline, and a console that looks at them.

#![expect(clippy::unwrap_used, reason = "a test's failure is a panic that says where")]

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::StreamExt as _;
use headwater_cloud::{Cloud, CloudOptions, ObjectPath, Precondition};
use headwater_console::{Console, Options};
use headwater_local_cloud::{LocalCloud, Options as LocalOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub const PROJECT: &str = "p";
pub const LAKE: &str = "test-lake";

pub struct World {
    pub cloud: Cloud,
    pub url: String,
    pub client: reqwest::Client,
    local: Option<LocalCloud>,
    stop: CancellationToken,
    _dir: TempDir,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl World {
    pub async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let dir = tempfile::tempdir().unwrap();
        let local = LocalCloud::start(LocalOptions {
            data_dir: dir.path().join("cloud"),
            port: 0,
            project: PROJECT.into(),
            region: "europe-west1".into(),
            record: None,
            runtime_binary: "none".into(),
        })
        .await
        .unwrap();
        let cloud = Cloud::connect(CloudOptions {
            project: PROJECT.into(),
            region: "europe-west1".into(),
            endpoint: Some(local.base_url().to_owned()),
            credentials: None,
        })
        .unwrap();
        let console = Console::bind("127.0.0.1:0".parse().unwrap(), cloud.clone(), Options::default())
            .await
            .unwrap();
        let stop = CancellationToken::new();
        let url = console.url();
        tokio::spawn(console.serve(stop.clone()));
        Self {
            cloud,
            url,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            local: Some(local),
            stop,
            _dir: dir,
        }
    }

    /// With a lake and the pipeline `crm` of two objects.
    pub async fn with_pipeline() -> Self {
        let world = Self::start().await;
        world
            .cloud
            .storage()
            .create_bucket(PROJECT, &json!({"name": LAKE, "location": "EU"}))
            .await
            .unwrap();
        world.put("spec.json", &spec()).await;
        world
    }

    pub async fn cloud_goes_away(&mut self) {
        if let Some(local) = self.local.take() {
            local.shutdown().await;
        }
    }

    /// Writes a document of the pipeline.
    pub async fn put(&self, name: &str, document: &Value) {
        let path = ObjectPath {
            bucket: LAKE.into(),
            name: format!("headwater/pipelines/crm/{name}"),
        };
        let bytes = Bytes::from(document.to_string());
        self.cloud
            .storage()
            .put(&path, "application/json", bytes, Precondition::None)
            .await
            .unwrap();
    }

    /// Writes so many runs that are done, one an hour, the newest a minute ago.
    pub async fn runs(&self, many: usize) {
        let now = Utc::now() - TimeDelta::minutes(1);
        futures::stream::iter(0..many)
            .for_each_concurrent(64, |i| async move {
                let at = now - TimeDelta::hours(i64::try_from(i).unwrap());
                let run = format!("headwater-{i:05}");
                let mut record = record(&run, "Account", "succeeded", at, 100 + i);
                record["finished_at"] = stamp(at + TimeDelta::seconds(20)).into();
                self.put(&format!("runs/{run}/Account.json"), &record).await;
            })
            .await;
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(self.client.get(format!("{}{path}", self.url))).await
    }

    pub async fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// A document; what is still being read is asked for again.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.until(path, |answer| answer.status != 503).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    }

    /// A page, once all that it shows has been read.
    pub async fn page(&self, path: &str) -> Answer {
        self.until(path, |answer| !answer.text.contains("being read")).await
    }

    /// Asks until the answer passes; what is not optimised, on a machine that does much else, may take minutes to read thousands.
    pub async fn until(&self, path: &str, passes: impl Fn(&Answer) -> bool) -> Answer {
        let since = std::time::Instant::now();
        loop {
            let answer = self.get(path).await;
            if passes(&answer) {
                return answer;
            }
            assert!(
                since.elapsed().as_secs() < 240,
                "{path} never passed: {} {}",
                answer.status,
                answer.text
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The record of an object in a run.
pub fn record(run: &str, object: &str, state: &str, at: DateTime<Utc>, rows: usize) -> Value {
    json!({
        "run": run, "pipeline": "crm", "object": object, "spec_hash": "00", "runtime_version": "1", "task": 0, "attempt": 0,
        "state": state, "phase": if state == "running" { "fetch" } else { "done" }, "api": "bulk",
        "totals": {"rows_read": rows, "rows_inserted": rows, "bytes": 1000 * rows},
        "started_at": stamp(at), "updated_at": stamp(at + TimeDelta::seconds(20)),
    })
}

pub fn spec() -> Value {
    let id = json!({"name": "Id", "field": "Id", "salesforce_type": "id", "type": "STRING", "mode": "REQUIRED"});
    json!({
        "api_version": "headwater.dev/v1", "name": "crm", "project": PROJECT, "region": "europe-west1",
        "salesforce_extract": {
            "connection": {"id": "projects/p/secrets/s", "login_url": "https://acme.my.salesforce.com", "api_version": "66.0",
                "auth": {"flow": "client_credentials", "client_id": "3MVG", "client_secret": "projects/p/secrets/s/versions/1"}},
            "lake": format!("gs://{LAKE}"), "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
            "objects": {"Account": {"table": "Account", "columns": [id]}, "Contact": {"table": "Contact", "columns": [id]}},
        },
    })
}
