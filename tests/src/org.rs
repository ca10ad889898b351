//! A simulated Salesforce org for a test.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cloud::request;
use crate::programs;
use crate::server::Server;

/// The consumer key that the org accepts.
pub const CLIENT_ID: &str = "test-client";
/// The consumer secret that it accepts; a text that occurs nowhere else, so that a search for it proves something.
pub const CLIENT_SECRET: &str = "s3cr3t-9f1c27-never-to-be-seen";

/// A running org.
pub struct Org {
    /// The process.
    pub server: Server,
    dir: tempfile::TempDir,
    arguments: Vec<String>,
}

impl Org {
    /// Generates and serves an org with so many accounts.
    pub fn start(accounts: u64) -> Self {
        Self::start_with(accounts, &[])
    }

    /// As [`Org::start`], with so many accounts wrong in each of twelve ways.
    pub fn with_defects(accounts: u64, each: u64) -> Self {
        Self::make(accounts, &["--defects", &each.to_string()], &[])
    }

    /// As [`Org::start`], with further arguments of `headwater salesforce simulate`.
    pub fn start_with(accounts: u64, arguments: &[&str]) -> Self {
        Self::make(accounts, &[], arguments)
    }

    /// As [`Org::start`], with further arguments of `headwater salesforce generate` and `simulate`.
    pub fn make(accounts: u64, generated: &[&str], arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("org");
        programs::run(
            Command::new(programs::headwater())
                .args([
                    "salesforce",
                    "generate",
                    "--json",
                    "--accounts",
                    &accounts.to_string(),
                    "--dir",
                ])
                .arg(&data)
                .args(generated),
        )
        .ok();
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        let server = serve(dir.path(), 0, &arguments);
        Self { server, dir, arguments }
    }

    /// Kills it and starts it anew on the same port and data.
    pub fn kill_and_restart(&mut self) {
        let port = self.server.port();
        self.server.kill();
        self.server = serve(self.dir.path(), port, &self.arguments);
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        self.server.base_url()
    }

    /// Its data.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Calls `/_control/…` with a JSON body.
    pub fn control(&self, what: &str, body: &Value) -> Value {
        let (status, answer) = request("POST", &format!("{}/_control/{what}", self.url()), Some(body));
        assert!(status < 300, "{what}: {status} {answer}");
        answer
    }

    /// Removes every scripted fault.
    pub fn clear_faults(&self) {
        let (status, answer) = request("DELETE", &format!("{}/_control/faults", self.url()), None);
        assert!(status < 300, "{status} {answer}");
    }

    /// Whether every scripted fault has struck as often as it was to.
    pub fn all_faults_struck(&self) -> bool {
        request("GET", &format!("{}/_control/faults", self.url()), None).1["all_consumed"] == true
    }

    /// One burst of changes.
    pub fn churn(&self, body: &Value) -> Value {
        self.control("churn", body)
    }

    /// Live records by object.
    pub fn counts(&self) -> Vec<(String, u64)> {
        let (_, counts) = request("GET", &format!("{}/_control/counts", self.url()), None);
        counts
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), v["live"].as_u64().unwrap()))
            .collect()
    }

    /// All live records of an object as the org holds them.
    pub fn export(&self, object: &str) -> Vec<Value> {
        let (status, body) = request("GET", &format!("{}/_control/export?object={object}", self.url()), None);
        assert_eq!(status, 200, "{object}: {body}");
        match body {
            Value::String(text) => text.lines().map(|l| serde_json::from_str(l).unwrap()).collect(),
            one => vec![one],
        }
    }
}

fn serve(dir: &Path, port: u16, arguments: &[String]) -> Server {
    let mut command = Command::new(programs::headwater());
    command
        .args(["salesforce", "simulate", "--json", "--client-id", CLIENT_ID, "--port"])
        .arg(port.to_string())
        .arg("--dir")
        .arg(dir.join("org"))
        .args(arguments)
        // Not an argument: a secret must not be seen in the list of processes.
        .env("HEADWATER_SIMULATE_CLIENT_SECRET", CLIENT_SECRET);
    Server::start(&mut command, dir.join("org.log"))
}
