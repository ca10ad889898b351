//! A server process that is killed in the middle of loads and MERGEs: what was done is there once, the rest is absent.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{plain, serve};

const DIRECTORY: &str = "HEADWATER_TEST_CRASH_DIR";
const ROWS: usize = 200_000;

/// Not a test by itself: the process that is killed. Without its directory it has nothing to do.
#[tokio::test]
async fn the_victim() {
    let Ok(dir) = std::env::var(DIRECTORY) else { return };
    let (_bigquery, base) = serve(std::path::Path::new(&dir)).await;
    println!("serving {base}");
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

pub fn start(dir: &std::path::Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::the_victim", "--exact", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let base = lines
        .filter_map(|line| Some(line.split_once("serving ")?.1.trim().to_owned()))
        .next();
    let Some(base) = base else {
        let status = child.wait().unwrap();
        panic!("the server did not start: {status}");
    };
    (child, base)
}

/// A client of the server that is killed.
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

    pub async fn count(&self, table: &str, condition: &str) -> Option<u64> {
        let query = format!("SELECT COUNT(*) FROM d.{table} WHERE {condition}");
        let answer = self
            .post("queries", json!({"query": query, "timeoutMs": 60_000}))
            .await?;
        plain(&answer["rows"])[0][0].as_str()?.parse().ok()
    }
}

#[tokio::test]
async fn a_killed_server_has_done_a_job_whole_or_not_at_all() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
    let mut csv = String::new();
    for i in 0..ROWS {
        csv.push_str(&format!("{i},name of number {i},new\n"));
    }
    std::fs::write(dir.path().join("buckets/lake/rows.csv"), csv).unwrap();
    let schema = json!({"fields": [{"name": "id", "type": "INT64"}, {"name": "name", "type": "STRING"}, {"name": "mark", "type": "STRING"}]});
    let load = json!({"load": {"sourceUris": ["gs://lake/rows.csv"], "schema": schema, "writeDisposition": "WRITE_TRUNCATE",
        "destinationTable": {"datasetId": "d", "tableId": "staging"}}});
    let merge = json!({"query": {"useLegacySql": false, "query": "MERGE d.target T USING d.staging S ON T.id = S.id \
        WHEN MATCHED THEN UPDATE SET mark = T.mark || 'x' WHEN NOT MATCHED THEN INSERT (id, name, mark) VALUES (id, name, 'x')"}});

    let (mut child, base) = start(dir.path());
    let client = Client {
        http: reqwest::Client::new(),
        base,
    };
    client
        .post("datasets", json!({"datasetReference": {"datasetId": "d"}}))
        .await
        .unwrap();
    client
        .post(
            "queries",
            json!({"query": "CREATE TABLE d.target (id INT64, name STRING, mark STRING)"}),
        )
        .await
        .unwrap();
    let mut client = client;
    let mut merged = 0;
    let (mut whole, mut absent) = (0, 0);
    for round in 0..10_u32 {
        let (id, job) = if round % 2 == 0 {
            (format!("load{round}"), &load)
        } else {
            (format!("merge{round}"), &merge)
        };
        let body = json!({"jobReference": {"jobId": id}, "configuration": job});
        // A merge needs what a load before it brought.
        if round % 2 == 1
            && client
                .get("datasets/d/tables/staging")
                .await
                .is_none_or(|t| !t["error"].is_null())
        {
            let body = json!({"jobReference": {"jobId": format!("again{round}")}, "configuration": load});
            client.post("jobs", body).await.unwrap();
            finished(&client, &format!("again{round}")).await;
        }
        let accepted = client.post("jobs", body).await.unwrap();
        assert_eq!(accepted["jobReference"]["jobId"], id.as_str(), "{accepted}");
        // The moment of death moves through the job's life; nothing waits for it.
        std::thread::sleep(Duration::from_millis(u64::from(round) * 35));
        child.kill().unwrap();
        child.wait().unwrap();
        let (next, base) = start(dir.path());
        child = next;
        client.base = base;
        let job = client.get(&format!("jobs/{id}")).await.unwrap();
        assert_eq!(
            job["status"]["state"], "DONE",
            "an accepted job is known after a restart: {job}"
        );
        let done = job["status"]["errorResult"].is_null();
        if done {
            whole += 1;
        } else {
            absent += 1;
        }
        assert!(
            done || job["status"]["errorResult"]["reason"] == "backendError",
            "{job}"
        );
        if round % 2 == 0 {
            match client.count("staging", "TRUE").await {
                Some(count) => assert_eq!(count, ROWS as u64, "round {round}"),
                None => assert!(!done, "round {round}: the job is done and its table is not there"),
            }
        } else {
            merged += usize::from(done);
            let marked = "x".repeat(merged);
            let expected = if merged == 0 { 0 } else { ROWS as u64 };
            assert_eq!(
                client.count("target", &format!("mark = '{marked}'")).await,
                Some(expected),
                "round {round}"
            );
            assert_eq!(client.count("target", "TRUE").await, Some(expected), "round {round}");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        whole + absent == 10 && absent > 0,
        "no kill came in time: {whole} whole, {absent} absent"
    );
}

async fn finished(client: &Client, id: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while client
        .get(&format!("jobs/{id}"))
        .await
        .is_none_or(|j| j["status"]["state"] != "DONE")
    {
        assert!(Instant::now() < deadline, "{id} is not done in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
