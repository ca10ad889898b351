//! A local cloud for a test, with its own data directory and port.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::programs;
use crate::server::Server;

/// The project of all tests.
pub const PROJECT: &str = "test-project";
/// The region of all tests.
pub const REGION: &str = "europe-west1";

/// A running local cloud.
pub struct Cloud {
    /// The process.
    pub server: Server,
    dir: tempfile::TempDir,
    port: u16,
}

impl Cloud {
    /// Starts one on a free port with an empty data directory.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = serve(dir.path(), 0);
        let port = server.port();
        Self { server, dir, port }
    }

    /// Its base URL; the same after a restart.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its data directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Kills it and starts it anew on the same port and data.
    pub fn kill_and_restart(&mut self) {
        self.server.kill();
        self.server = serve(self.dir.path(), self.port);
    }

    /// The port in [`Cloud::url`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// GETs a path; the status and the JSON body.
    pub fn get(&self, path: &str) -> (u16, Value) {
        request("GET", &format!("{}{path}", self.url()), None)
    }

    /// POSTs JSON to a path.
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        request("POST", &format!("{}{path}", self.url()), Some(body))
    }

    /// PATCHes a path with JSON.
    pub fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        request("PATCH", &format!("{}{path}", self.url()), Some(body))
    }

    /// DELETEs a path.
    pub fn delete(&self, path: &str) -> u16 {
        request("DELETE", &format!("{}{path}", self.url()), None).0
    }

    /// The names of all objects of a bucket below a prefix.
    pub fn objects(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let (status, body) = self.get(&format!("/storage/v1/b/{bucket}/o?prefix={prefix}&maxResults=1000"));
        assert_eq!(status, 200, "{body}");
        body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|o| o["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// An object's JSON content.
    pub fn object(&self, bucket: &str, name: &str) -> Value {
        let escaped = |byte: u8| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        let name: String = name.bytes().map(escaped).collect();
        let (status, body) = self.get(&format!("/storage/v1/b/{bucket}/o/{name}?alt=media"));
        assert_eq!(status, 200, "{name}: {body}");
        body
    }

    /// Installs faults; see the local cloud's `/_control/faults`.
    pub fn faults(&self, faults: &Value) {
        let (status, body) = self.post("/_control/faults", faults);
        assert!(status < 300, "{status} {body}");
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        let status = self.delete("/_control/faults");
        assert!(status < 300, "{status}");
    }

    /// The environment that points Headwater at it.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("HEADWATER_ENDPOINT".into(), self.url()),
            ("HEADWATER_PROJECT".into(), PROJECT.into()),
            ("HEADWATER_REGION".into(), REGION.into()),
        ]
    }

    /// A bucket and a dataset, for tests that need no terraform.
    pub fn create_lake_and_dataset(&self, bucket: &str, dataset: &str) {
        let (status, body) = self.post(
            &format!("/storage/v1/b?project={PROJECT}"),
            &json!({"name": bucket, "location": "EU"}),
        );
        assert_eq!(status, 200, "{body}");
        let reference = json!({"datasetReference": {"projectId": PROJECT, "datasetId": dataset}, "location": "EU"});
        let (status, body) = self.post(&format!("/bigquery/v2/projects/{PROJECT}/datasets"), &reference);
        assert_eq!(status, 200, "{body}");
    }
}

fn serve(dir: &Path, port: u16) -> Server {
    let mut command = Command::new(programs::headwater());
    command
        .args([
            "local",
            "up",
            "--json",
            "--project",
            PROJECT,
            "--region",
            REGION,
            "--port",
            &port.to_string(),
            "--data-dir",
        ])
        .arg(dir);
    Server::start(&mut command, dir.with_extension("log"))
}

/// A request whose answer's status is data, not an error.
pub fn request(method: &str, url: &str, body: Option<&Value>) -> (u16, Value) {
    attempt(method, url, body).unwrap_or_else(|e| panic!("{method} {url}: {e}"))
}

/// As [`request`]; that there is no answer is an error.
pub fn attempt(method: &str, url: &str, body: Option<&Value>) -> Result<(u16, Value), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let result = match (method, body) {
        ("GET", _) => agent.get(url).call(),
        ("DELETE", _) => agent.delete(url).call(),
        ("POST", Some(body)) => agent.post(url).send_json(body),
        ("PATCH", Some(body)) => agent.patch(url).send_json(body),
        ("PUT", Some(body)) => agent.put(url).send_json(body),
        _ => panic!("{method} is not supported here"),
    };
    let mut response = result?;
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string()?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
