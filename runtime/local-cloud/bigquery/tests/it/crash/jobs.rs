//! Jobs: loads that append and that replace, MERGEs, transactions. What a job's record says after the kill is what is there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::ledger::Ledger;
use super::{Checked, Client, Counts, Lane};

/// How a job went, as far as the client could see.
#[derive(Debug, PartialEq)]
enum Ended {
    Done,
    /// The server was gone before it said.
    Unknown,
}

/// Sends a job and waits for its end.
async fn run(client: &Client, id: &str, configuration: Value) -> Ended {
    let body = json!({"jobReference": {"jobId": id}, "configuration": configuration});
    let Some(accepted) = client.post("jobs", body).await else {
        return Ended::Unknown;
    };
    assert_eq!(accepted["jobReference"]["jobId"], id, "{accepted}");
    loop {
        let Some(job) = client.get(&format!("jobs/{id}")).await else {
            return Ended::Unknown;
        };
        if job["status"]["state"] == "DONE" {
            // A job that a shutdown stopped is one that was not done.
            let stopped = job["status"]["errorResult"]["reason"] == "stopped";
            assert!(stopped || job["status"]["errorResult"].is_null(), "{job}");
            return if stopped { Ended::Unknown } else { Ended::Done };
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a job is done, by its record after the restart.
async fn recorded(client: &Client, id: &str) -> Result<bool, String> {
    let job = client.get(&format!("jobs/{id}")).await.ok_or("the server is gone")?;
    if job["error"]["code"] == 404 {
        return Ok(false);
    }
    let error = &job["status"]["errorResult"];
    match (job["status"]["state"] == "DONE", error["reason"].as_str()) {
        (true, None) => Ok(true),
        (true, Some("backendError" | "stopped")) => Ok(false),
        _ => Err(format!("a job that was accepted is neither done nor failed: {job}")),
    }
}

/// Loads of files: most append a piece, some replace a table of a size that is written past the log.
pub struct Loads {
    lake: PathBuf,
    appended: Ledger,
    /// The one piece that the replaced table holds.
    replaced: Option<u64>,
    open: Option<u64>,
}

const PIECE: u64 = 1_000;
/// More rows than one of DuckDB's row groups has.
const LARGE: u64 = 130_000;
/// One load in so many replaces.
const REPLACES: u64 = 4;

impl Loads {
    pub fn new(dir: &Path) -> Self {
        Self {
            lake: dir.join("buckets/lake"),
            appended: Ledger::new("loaded", PIECE),
            replaced: None,
            open: None,
        }
    }

    fn replaces(piece: u64) -> bool {
        piece % REPLACES == REPLACES - 1
    }

    fn write(&self, piece: u64) {
        use std::fmt::Write as _;
        let rows = if Self::replaces(piece) { LARGE } else { PIECE };
        let mut csv = String::new();
        for i in 0..rows {
            writeln!(csv, "{piece},{i}").unwrap();
        }
        std::fs::write(self.lake.join("piece.csv"), csv).unwrap();
    }

    /// A load that is known to be done.
    fn settle(&mut self, piece: u64, acknowledged: bool) {
        if Self::replaces(piece) {
            self.replaced = Some(piece);
            let counts = &mut self.appended.counts;
            let which = if acknowledged {
                &mut counts.acknowledged
            } else {
                &mut counts.whole
            };
            *which += 1;
        } else if acknowledged {
            self.appended.send(piece);
            self.appended.acknowledge(piece);
        } else {
            self.appended.record(piece);
        }
    }
}

#[tonic::async_trait]
impl Lane for Loads {
    fn name(&self) -> &'static str {
        "loads"
    }

    async fn prepare(&mut self, client: &Client) {
        self.appended.prepare(client).await;
    }

    async fn work(&mut self, client: &Client) {
        loop {
            let piece = self.appended.take();
            self.write(piece);
            self.open = Some(piece);
            let (table, disposition) = if Self::replaces(piece) {
                ("replaced", "WRITE_TRUNCATE")
            } else {
                ("loaded", "WRITE_APPEND")
            };
            let fields = json!([{"name": "batch", "type": "INT64", "mode": "REQUIRED"}, {"name": "i", "type": "INT64", "mode": "REQUIRED"}]);
            let load = json!({"sourceUris": ["gs://lake/piece.csv"], "schema": {"fields": fields},
                "writeDisposition": disposition, "destinationTable": {"datasetId": "d", "tableId": table}});
            if run(client, &format!("load_{piece}"), json!({"load": load})).await == Ended::Unknown {
                return;
            }
            self.settle(piece, true);
            self.open = None;
        }
    }

    async fn check(&mut self, client: &Client) -> Checked {
        if let Some(piece) = self.open.take() {
            if recorded(client, &format!("load_{piece}")).await? {
                self.settle(piece, false);
            } else {
                self.appended.counts.absent += 1;
            }
        }
        self.appended.check(client).await?;
        let Some(piece) = self.replaced else {
            return match client.count("replaced", "TRUE").await {
                None => Ok(()),
                Some(rows) => Err(format!("{rows} rows of a table that no load has made")),
            };
        };
        let query = "SELECT COUNT(*), COUNT(DISTINCT i), MIN(batch), MAX(batch) FROM d.replaced";
        let rows = client.rows(query).await?;
        let (large, piece) = (LARGE.cast_signed(), piece.cast_signed());
        if rows == [[large, large, piece, piece]] {
            return Ok(());
        }
        Err(format!("load {piece} is the last that was done: {rows:?}"))
    }

    fn counts(&self) -> Counts {
        self.appended.counts
    }
}

/// MERGEs that change every row, and insert some the first time.
pub struct Merges {
    next: u64,
    merged: i64,
    open: Option<u64>,
    counts: Counts,
}

const MERGED: i64 = 5_000;

impl Merges {
    pub fn new() -> Self {
        Self {
            next: 0,
            merged: 0,
            open: None,
            counts: Counts::default(),
        }
    }
}

#[tonic::async_trait]
impl Lane for Merges {
    fn name(&self) -> &'static str {
        "merges"
    }

    async fn prepare(&mut self, client: &Client) {
        client.must("CREATE TABLE d.merged (id INT64, n INT64)").await;
        client
            .must(&format!(
                "CREATE TABLE d.changed AS SELECT id FROM UNNEST(GENERATE_ARRAY(1, {MERGED})) AS id"
            ))
            .await;
    }

    async fn work(&mut self, client: &Client) {
        let merge = "MERGE d.merged T USING d.changed S ON T.id = S.id \
            WHEN MATCHED THEN UPDATE SET n = T.n + 1 WHEN NOT MATCHED THEN INSERT (id, n) VALUES (id, 1)";
        loop {
            let number = self.next;
            self.next += 1;
            self.open = Some(number);
            let query = json!({"query": {"useLegacySql": false, "query": merge}});
            if run(client, &format!("merge_{number}"), query).await == Ended::Unknown {
                return;
            }
            self.open = None;
            self.merged += 1;
            self.counts.acknowledged += 1;
        }
    }

    async fn check(&mut self, client: &Client) -> Checked {
        if let Some(number) = self.open.take() {
            if recorded(client, &format!("merge_{number}")).await? {
                self.merged += 1;
                self.counts.whole += 1;
            } else {
                self.counts.absent += 1;
            }
        }
        let query = "SELECT COUNT(*), COUNT(DISTINCT id), IFNULL(MIN(n), 0), IFNULL(MAX(n), 0) FROM d.merged";
        let rows = client.rows(query).await?;
        let count = if self.merged == 0 { 0 } else { MERGED };
        if rows == [[count, count, self.merged, self.merged]] {
            return Ok(());
        }
        Err(format!("{} MERGEs were done: {rows:?}", self.merged))
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

/// Transactions over two tables.
pub struct Transactions {
    pieces: Ledger,
    open: Option<u64>,
}

impl Transactions {
    pub fn new() -> Self {
        Self {
            pieces: Ledger::new("one", 20),
            open: None,
        }
    }
}

#[tonic::async_trait]
impl Lane for Transactions {
    fn name(&self) -> &'static str {
        "transactions"
    }

    async fn prepare(&mut self, client: &Client) {
        self.pieces.prepare(client).await;
        client.must("CREATE TABLE d.other (batch INT64, i INT64)").await;
    }

    async fn work(&mut self, client: &Client) {
        loop {
            let piece = self.pieces.take();
            self.open = Some(piece);
            let insert = |table| {
                format!("INSERT INTO d.{table} (batch, i) SELECT {piece}, i FROM UNNEST(GENERATE_ARRAY(0, 19)) AS i;")
            };
            let script = format!(
                "BEGIN TRANSACTION; {} {} COMMIT TRANSACTION;",
                insert("one"),
                insert("other")
            );
            let query = json!({"query": {"useLegacySql": false, "query": script}});
            if run(client, &format!("transaction_{piece}"), query).await == Ended::Unknown {
                return;
            }
            self.pieces.send(piece);
            self.pieces.acknowledge(piece);
            self.open = None;
        }
    }

    async fn check(&mut self, client: &Client) -> Checked {
        if let Some(piece) = self.open.take() {
            if recorded(client, &format!("transaction_{piece}")).await? {
                self.pieces.record(piece);
            } else {
                self.pieces.counts.absent += 1;
            }
        }
        self.pieces.check(client).await?;
        let query =
            "SELECT COUNT(*) FROM d.one FULL JOIN d.other USING (batch, i) WHERE one.i IS NULL OR other.i IS NULL";
        match client.rows(query).await?.as_slice() {
            [row] if row == &[0] => Ok(()),
            rows => Err(format!("half of a transaction is there: {rows:?}")),
        }
    }

    fn counts(&self) -> Counts {
        self.pieces.counts
    }
}
