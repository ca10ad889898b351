//! A pipeline without terraform: what the provider would have written, for tests of the runtime alone.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, PROJECT, REGION, request};
use crate::org::{CLIENT_ID, CLIENT_SECRET, Org};
use crate::programs::{self, Ended};

/// The bucket of all these pipelines.
pub const LAKE: &str = "test-lake";
/// The ten objects of a generated org.
pub const OBJECTS: &[&str] = &[
    "Account",
    "Campaign",
    "Case",
    "Contact",
    "Lead",
    "Opportunity",
    "OpportunityLineItem",
    "Product2",
    "Task",
    "User",
];

/// A deployed pipeline.
pub struct Pipeline {
    name: String,
    dataset: String,
    environment: Vec<(String, String)>,
}

impl Pipeline {
    /// Writes the spec of a pipeline that reads `objects` into a dataset of its own. `settings` are fields of
    /// `salesforce_extract` that replace the defaults, which have no safety lag so that a test sees its changes at once.
    pub fn deploy(cloud: &Cloud, org: &Org, name: &str, objects: &[&str], settings: &Value) -> Self {
        let dataset = name.replace('-', "_");
        let lake = json!({"name": LAKE, "location": "EU"});
        // The lake is shared by all pipelines of a test: only the first creates it.
        let (status, body) = cloud.post(&format!("/storage/v1/b?project={PROJECT}"), &lake);
        assert!(status == 200 || status == 409, "{status} {body}");
        let reference = json!({"datasetReference": {"projectId": PROJECT, "datasetId": dataset}, "location": "EU"});
        let (status, body) = cloud.post(&format!("/bigquery/v2/projects/{PROJECT}/datasets"), &reference);
        assert_eq!(status, 200, "{body}");
        let version = secret(cloud, "chaos-org");
        let id = json!({"name": "Id", "field": "Id", "salesforce_type": "id", "type": "STRING", "mode": "REQUIRED"});
        let objects: Map<String, Value> = objects
            .iter()
            .map(|o| ((*o).to_owned(), json!({"table": o, "columns": [id]})))
            .collect();
        let mut extract = json!({
            "connection": {
                "id": format!("projects/{PROJECT}/secrets/chaos-org"), "login_url": org.url(), "api_version": "66.0",
                "auth": {"flow": "client_credentials", "client_id": CLIENT_ID, "client_secret": version},
            },
            "lake": format!("gs://{LAKE}"),
            "dataset": {"project": PROJECT, "dataset": dataset, "location": "EU"},
            "objects": objects,
            "safety_lag_seconds": 0,
            "bulk_threshold_rows": 500,
        });
        for (key, value) in settings.as_object().cloned().unwrap_or_default() {
            extract[key] = value;
        }
        let spec = json!({"api_version": "headwater.dev/v1", "name": name, "project": PROJECT, "region": REGION, "salesforce_extract": extract});
        let this = Self {
            name: name.into(),
            dataset,
            environment: cloud.environment(),
        };
        let object = this.spec_object();
        let url = format!(
            "{}/upload/storage/v1/b/{LAKE}/o?uploadType=media&name={object}",
            cloud.url()
        );
        let (status, body) = request("POST", &url, Some(&spec));
        assert_eq!(status, 200, "{body}");
        this
    }

    /// The dataset that it fills.
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// Its spec's name in the lake.
    pub fn spec_object(&self) -> String {
        format!("headwater/pipelines/{}/spec.json", self.name)
    }

    /// `headwater run`, not started.
    pub fn command(&self) -> Command {
        let mut command = Command::new(programs::headwater());
        command
            .args([
                "run",
                "--json",
                "--lease-ttl",
                "2",
                "--log-format",
                "json",
                "--spec",
                &format!("gs://{LAKE}/{}", self.spec_object()),
            ])
            .envs(self.environment.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Runs it to its end. A run that was killed keeps others out until its lease ends: exit status 4 says to come again.
    pub fn run(&self) -> Ended {
        let since = Instant::now();
        loop {
            let ended = programs::run_within(&mut self.command(), Duration::from_secs(180));
            if ended.code != 4 {
                return ended;
            }
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "the run stops again and again: {}",
                ended.text()
            );
        }
    }

    /// Starts a run and leaves it running; its output is thrown away.
    pub fn spawn(&self) -> Child {
        self.command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// `headwater runs ARGUMENTS --json`.
    pub fn runs(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(programs::headwater());
        command.arg("runs").args(arguments).args([
            "--json",
            "--lake",
            &format!("gs://{LAKE}"),
            "--pipeline",
            &self.name,
        ]);
        programs::run(command.envs(self.environment.iter().map(|(k, v)| (k, v))))
    }

    /// Panics unless each of the objects' tables equals the org.
    pub fn assert_equal(&self, cloud: &Cloud, org: &Org, objects: &[&str]) -> usize {
        objects
            .iter()
            .map(|object| crate::truth::assert_equal(cloud, org, &self.dataset, object))
            .sum()
    }

    /// Panics if any Parquet part was loaded by more than one successful load job; returns how many were loaded.
    pub fn assert_parts_loaded_once(&self, cloud: &Cloud) -> usize {
        let (status, jobs) = cloud.get(&format!(
            "/bigquery/v2/projects/{PROJECT}/jobs?maxResults=5000&projection=full&allUsers=true"
        ));
        assert_eq!(status, 200, "{jobs}");
        let mut loaded = Vec::new();
        for job in jobs["jobs"].as_array().into_iter().flatten() {
            let load = &job["configuration"]["load"];
            let state = job.pointer("/status/state").and_then(Value::as_str);
            if load.is_null() || state != Some("DONE") || !job["status"]["errorResult"].is_null() {
                continue;
            }
            let uris = load["sourceUris"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            loaded.extend(
                uris.filter(|u| u.contains(&format!("/pipelines/{}/", self.name)))
                    .map(str::to_owned),
            );
        }
        let all = loaded.len();
        loaded.sort();
        loaded.dedup();
        assert_eq!(all, loaded.len(), "a part was loaded twice");
        all
    }
}

/// The org's client secret in Secret Manager; the name of its version.
pub(crate) fn secret(cloud: &Cloud, name: &str) -> String {
    let (status, body) = cloud.post(
        &format!("/v1/projects/{PROJECT}/secrets?secretId={name}"),
        &json!({"replication": {"automatic": {}}}),
    );
    assert!(status == 200 || status == 409, "{status} {body}");
    let data = base64::engine::general_purpose::STANDARD.encode(CLIENT_SECRET);
    let (status, body) = cloud.post(
        &format!("/v1/projects/{PROJECT}/secrets/{name}:addVersion"),
        &json!({"payload": {"data": data}}),
    );
    assert_eq!(status, 200, "{body}");
    body["name"].as_str().unwrap().to_owned()
}
