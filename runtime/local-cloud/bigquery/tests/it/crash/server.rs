//! The process that is killed, and a client of it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use headwater_local_bigquery::wire::storage::big_query_write_client::BigQueryWriteClient;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::api::{Limits, plain, serve};

const DIRECTORY: &str = "HEADWATER_TEST_CRASH_DIR";
const MEMORY: &str = "HEADWATER_TEST_CRASH_MEMORY_MB";
const SPILL: &str = "HEADWATER_TEST_CRASH_SPILL_MB";
/// What is said to a victim that is to shut down.
const SHUT_DOWN: &str = "shut down";

/// Serves a directory until it is killed; a line on stdin has it shut down, which ends in a checkpoint.
pub async fn be_killed() {
    let Ok(dir) = std::env::var(DIRECTORY) else { return };
    let number = |variable| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    let limits = Limits {
        memory: number(MEMORY).unwrap_or(Limits::default().memory),
        spill: number(SPILL),
    };
    let (bigquery, base) = serve(Path::new(&dir), limits).await;
    println!("serving {base}");
    std::io::stdout().flush().unwrap();
    let told = tokio::task::spawn_blocking(move || {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        if lines.filter(|line| line == SHUT_DOWN).count() > 0 {
            bigquery.shutdown();
        }
    });
    told.await.unwrap();
    std::future::pending::<()>().await;
}

fn spawn(dir: &Path, limits: Limits) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(dir.join("victim.log"));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["crash::the_victim", "--exact", "--nocapture"])
        .env(DIRECTORY, dir)
        .env(MEMORY, limits.memory.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log.unwrap());
    if let Some(spill) = limits.spill {
        command.env(SPILL, spill.to_string());
    }
    command.spawn().unwrap()
}

/// A process that serves a directory, and where.
pub fn start(dir: &Path) -> (Child, String) {
    start_within(dir, Limits::default())
}

/// The same with limits of its own.
pub fn start_within(dir: &Path, limits: Limits) -> (Child, String) {
    let mut child = spawn(dir, limits);
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let base = lines.find_map(|line| Some(line.split_once("serving ")?.1.trim().to_owned()));
    // The victim is a test, and its runner ends when it cannot say that the test has been running for long.
    std::thread::spawn(move || lines.for_each(drop));
    let Some(base) = base else {
        let status = child.wait().unwrap();
        let log = std::fs::read_to_string(dir.join("victim.log")).unwrap_or_default();
        panic!("the server did not start: {status}\n{log}");
    };
    (child, base)
}

pub struct Server {
    child: Child,
    /// Kept open: its end is the end of the victim's patience.
    stdin: Option<ChildStdin>,
    base: String,
}

impl Server {
    pub fn start(dir: &Path) -> Self {
        let (mut child, base) = start(dir);
        let stdin = child.stdin.take();
        Self { child, stdin, base }
    }

    pub fn client(&self) -> Client {
        // A connection to a process that was killed is of no use to the next one.
        let http = reqwest::Client::builder().timeout(Duration::from_secs(120)).build();
        Client {
            http: http.unwrap(),
            base: self.base.clone(),
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to shut down and does not wait.
    pub fn shut_down(&mut self) {
        if let Some(stdin) = &mut self.stdin {
            writeln!(stdin, "{SHUT_DOWN}").unwrap();
        }
        self.stdin = None;
    }

    /// A process that is killed while it starts.
    pub fn kill_in_start(dir: &Path, after: Duration) {
        let mut child = spawn(dir, Limits::default());
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A client of the server that is killed. What it cannot reach any more is `None`.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
}

impl Client {
    pub async fn post(&self, path: &str, body: Value) -> Option<Value> {
        let url = format!("{}/bigquery/v2/projects/p/{path}", self.base);
        self.http.post(url).json(&body).send().await.ok()?.json().await.ok()
    }

    pub async fn get(&self, path: &str) -> Option<Value> {
        let url = format!("{}/bigquery/v2/projects/p/{path}", self.base);
        self.http.get(url).send().await.ok()?.json().await.ok()
    }

    /// A query's rows as plain arrays; why there are none.
    pub async fn rows(&self, query: &str) -> Result<Vec<Vec<i64>>, String> {
        let body = json!({"query": query, "useLegacySql": false, "timeoutMs": 60_000});
        let answer = self.post("queries", body).await.ok_or("the server is gone")?;
        if !answer["error"].is_null() {
            return Err(format!("{query}: {}", answer["error"]));
        }
        let cell = |cell: &Value| cell.as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
        let row = |row: &Value| row.as_array().into_iter().flatten().map(cell).collect();
        let rows = plain(&answer["rows"]);
        Ok(rows.as_array().into_iter().flatten().map(row).collect())
    }

    pub async fn count(&self, table: &str, condition: &str) -> Option<u64> {
        let query = format!("SELECT COUNT(*) FROM d.{table} WHERE {condition}");
        let rows = self.rows(&query).await.ok()?;
        rows.first()?.first()?.to_owned().try_into().ok()
    }

    /// A statement that must succeed.
    pub async fn must(&self, statement: &str) {
        self.rows(statement).await.unwrap();
    }

    pub async fn writer(&self) -> Option<BigQueryWriteClient<Channel>> {
        let channel = Channel::from_shared(self.base.clone()).ok()?.connect().await.ok()?;
        Some(BigQueryWriteClient::new(channel))
    }
}
