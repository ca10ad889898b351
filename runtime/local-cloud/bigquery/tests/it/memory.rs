//! A server process with little memory and little room to spill: a query that exceeds either fails alone, and what it had taken
//! is given back.

use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::Limits;
use crate::crash::{Client, start_within};

const MEMORY_MB: u64 = 128;
const SPILL_MB: u64 = 96;
/// Rows of a table whose texts are more than memory and spilled files hold together.
const ROWS: u64 = 4_000_000;
/// It is written in so many statements, each of which has memory enough.
const PARTS: u64 = 8;

/// What is waited for: many times what it takes when nothing else is done on the machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Bytes that may stay spilled: new rows of small tables, which are in the log and not in the database file yet.
const STAYS: u64 = 4 << 20;

struct Server {
    child: Child,
    client: Client,
    dir: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
        let limits = Limits {
            memory: MEMORY_MB,
            spill: Some(SPILL_MB),
        };
        let (child, base) = start_within(dir.path(), limits);
        let http = reqwest::Client::new();
        let client = Client { http, base };
        client
            .post("datasets", json!({"datasetReference": {"datasetId": "d"}}))
            .await
            .unwrap();
        client.must("CREATE TABLE d.large (n INT64, text STRING)").await;
        for part in 0..PARTS {
            client
                .must(&format!(
                    "INSERT INTO d.large (n, text) SELECT n, TO_HEX(SHA256(CAST(n AS STRING))) \
                     FROM UNNEST(GENERATE_ARRAY({}, {})) AS n",
                    part * ROWS / PARTS + 1,
                    (part + 1) * ROWS / PARTS
                ))
                .await;
        }
        client
            .must("CREATE TABLE d.small AS SELECT n FROM UNNEST([1, 2, 3]) AS n")
            .await;
        Self { child, client, dir }
    }

    /// Megabytes that the process has resident.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Bytes of spilled files.
    fn spilled(&self) -> u64 {
        size(&self.dir.path().join("bigquery/spill"))
    }

    async fn until_spilled_files_are_gone(&self) {
        let since = Instant::now();
        while self.spilled() > STAYS {
            assert!(since.elapsed() < PATIENCE, "{} bytes are still spilled", self.spilled());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn job(&self, id: &str, query: &str) -> Value {
        let job =
            json!({"jobReference": {"jobId": id}, "configuration": {"query": {"query": query, "useLegacySql": false}}});
        self.client.post("jobs", job).await.unwrap();
        self.done(id).await
    }

    async fn done(&self, id: &str) -> Value {
        let since = Instant::now();
        loop {
            let job = self.client.get(&format!("jobs/{id}")).await.unwrap();
            if job["status"]["state"] == "DONE" {
                return job;
            }
            assert!(since.elapsed() < PATIENCE, "{id} is not done in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.metadata().map_or(0, |m| m.len())).sum()
}

/// How often in a row a small statement may be refused for want of memory.
const REFUSED: u32 = 5;

/// The rows of a small statement, which is sent again where it is refused for want of memory: how soon DuckDB gives back what
/// a large one had is not in our hands.
async fn small(client: &Client, query: &str) -> Result<Vec<Vec<i64>>, String> {
    let mut refused = 0;
    loop {
        match client.rows(query).await {
            Err(error) if error.contains("resourcesExceeded") && refused < REFUSED => {
                refused += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            other => return other,
        }
    }
}

/// Somebody who reads and writes a little all the time; what went wrong, and how often nothing did.
fn neighbour(client: &Client, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<Result<u64, String>> {
    let (client, stop) = (client.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let rounds = AtomicU64::new(0);
        while !stop.load(Ordering::SeqCst) {
            let rows = small(&client, "SELECT COUNT(*), SUM(IF(n <= 3, n, 0)) FROM d.small").await?;
            if rows.first().is_none_or(|row| row[1] != 6) {
                return Err(format!("{rows:?}"));
            }
            small(&client, "INSERT INTO d.small (n) VALUES (4)").await?;
            rounds.fetch_add(1, Ordering::SeqCst);
        }
        Ok(rounds.into_inner())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_exceeds_its_memory_fails_alone() {
    let server = Server::start().await;
    let before = server.resident();
    let stop = Arc::new(AtomicBool::new(false));
    let neighbour = neighbour(&server.client, &stop);
    for (id, query) in [
        // What an aggregate gathers cannot be spilled.
        ("gathers", "SELECT LENGTH(STRING_AGG(text)) FROM d.large"),
        ("array", "SELECT ARRAY_LENGTH(ARRAY_AGG(STRUCT(n, text))) FROM d.large"),
        // A sort can, and has not room enough.
        (
            "sorts",
            "SELECT COUNTIF(r = n) FROM (SELECT n, text, ROW_NUMBER() OVER (ORDER BY text, n) AS r FROM d.large)",
        ),
        (
            "groups",
            "SELECT COUNT(*) FROM (SELECT text, CONCAT(text, 'x') AS more, MAX(n) AS n FROM d.large GROUP BY text, more)",
        ),
    ] {
        let job = server.job(id, query).await;
        let error = &job["status"]["errorResult"];
        assert_eq!(error["reason"], "resourcesExceeded", "{id}: {job}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("Resources exceeded during query execution: "),
            "{message}"
        );
        server.until_spilled_files_are_gone().await;
    }
    stop.store(true, Ordering::SeqCst);
    let rounds = neighbour.await.unwrap().expect("the others go on");
    assert!(rounds > 0, "nobody was beside the large queries");
    // What fits is answered as before, and takes no more than before.
    let fits = "SELECT COUNT(*) FROM (SELECT MOD(n, 100000) AS k FROM d.large GROUP BY k)";
    assert_eq!(server.client.rows(fits).await.unwrap(), [[100_000]]);
    let inserted = server.client.count("small", "n = 4").await.unwrap();
    assert!(inserted >= rounds, "{inserted} rows of {rounds} that were acknowledged");
    let after = server.resident();
    assert!(
        after < before + 2 * MEMORY_MB,
        "{after} MB are resident after the queries, {before} MB were before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_spills_can_be_cancelled_and_leaves_no_files() {
    let server = Server::start().await;
    let sort = "SELECT a.n, SUM(b.n) OVER (PARTITION BY MOD(a.n, 7) ORDER BY a.text) AS s \
        FROM d.large AS a JOIN d.large AS b ON MOD(a.n, 1000) = MOD(b.n, 1000) ORDER BY s";
    let body =
        json!({"jobReference": {"jobId": "long"}, "configuration": {"query": {"query": sort, "useLegacySql": false}}});
    server.client.post("jobs", body).await.unwrap();
    let since = Instant::now();
    while server.spilled() <= STAYS {
        assert!(since.elapsed() < Duration::from_secs(60), "nothing is spilled");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.client.post("jobs/long/cancel", json!({})).await.unwrap();
    let asked = Instant::now();
    let job = server.done("long").await;
    assert_eq!(job["status"]["errorResult"]["reason"], "stopped", "{job}");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?} to stop",
        asked.elapsed()
    );
    server.until_spilled_files_are_gone().await;
    assert_eq!(server.client.count("small", "TRUE").await, Some(3));
}
