//! `cargo xtask bench warehouse`: what GoogleSQL through BigQuery's REST API costs beside the same work written by hand in
//! DuckDB's SQL and run by the same engine in a process of its own; how quickly small requests are answered; and how many
//! bytes a second the Storage Read API gives.

mod work;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::{Report, median};
use crate::server::Server;
use crate::shell::{Error, Result, fail, say, step};
use crate::{build, http};
use work::{LOAD, SETTINGS, STATEMENTS};

const PROFILE: &str = "bench-build";
const PROJECT: &str = "bench";
/// How many rows the Storage Read API is asked for.
const READ_ROWS: u64 = 1_000_000;
/// A bench's statement of ten million rows may take its time.
const PATIENCE: Duration = Duration::from_secs(600);

/// `cargo xtask bench warehouse`.
#[derive(Debug, Args)]
pub struct Warehouse {
    /// Rows of the large table.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1000..=200_000_000))]
    rows: u64,
    /// How often each statement is measured; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
}

/// Measures.
pub fn run(args: &Warehouse) -> Result<Report> {
    let programs = build::programs(PROFILE)?;
    let mut floor = build::cargo("build")?;
    floor.args([
        "--profile",
        PROFILE,
        // With the programs, so that their features hold here too and nothing is built twice.
        "-p",
        "headwater",
        "-p",
        "terraform-provider-headwater",
        "-p",
        "headwater-local-bigquery",
        "--bins",
        "--example",
        "by_hand",
        "--example",
        "read_throughput",
    ]);
    step("building the floor and the reader", &mut floor)?;
    let examples = build::target_dir().join(PROFILE).join("examples");
    let bench = Bench {
        by_hand: examples.join("by_hand"),
        reader: examples.join("read_throughput"),
        dir: build::target_dir().join("bench-warehouse"),
        rows: args.rows,
        runs: args.runs,
    };
    bench.generate()?;
    let floor = bench.floor()?;
    let data = bench.dir.join("cloud");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let cloud = Server::local_cloud(&programs.headwater, PROJECT, &data, &bench.dir)?;
    let ours = Client::new(&cloud.url);
    let mut report = Report {
        name: "warehouse",
        ..Report::default()
    };
    bench.compare(&ours, &floor, &mut report)?;
    small_requests(&ours, args.rows, &mut report)?;
    bench.read(&ours, &mut report)?;
    Ok(report)
}

struct Bench {
    by_hand: PathBuf,
    reader: PathBuf,
    dir: PathBuf,
    rows: u64,
    runs: u32,
}

impl Bench {
    fn parquet(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}-{}.parquet", self.rows))
    }

    /// A text with the size and the files of this bench.
    fn fill(&self, sql: &str) -> String {
        let path = |name| self.parquet(name).display().to_string();
        sql.replace("{rows}", &self.rows.to_string())
            .replace("{customers}", &(self.rows / 50).to_string())
            .replace("{changes}", &(self.rows / 100).to_string())
            .replace("{facts.parquet}", &path("facts"))
            .replace("{customers.parquet}", &path("customers"))
            .replace("{changes.parquet}", &path("changes"))
    }

    fn by_hand(&self, database: &Path, plan: &Value) -> Result<Value> {
        let mut child = Command::new(&self.by_hand)
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(plan.to_string().as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return fail(format!("the floor ended with {}", output.status));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The Parquet files, made once for each size.
    fn generate(&self) -> Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        if self.parquet("changes").exists() {
            return Ok(());
        }
        say(&format!(
            "==> generating {} rows (kept in {})",
            self.rows,
            self.dir.display()
        ));
        let setup: Vec<String> = work::GENERATE.iter().map(|sql| self.fill(sql)).collect();
        self.by_hand(Path::new(":memory:"), &json!({"setup": setup, "runs": 0}))?;
        Ok(())
    }

    /// Seconds of each statement by hand.
    fn floor(&self) -> Result<Value> {
        say("==> by hand, in DuckDB's SQL");
        let database = self.dir.join("by_hand.duckdb");
        for file in [database.clone(), database.with_extension("duckdb.wal")] {
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
        let mut statements = vec![json!({"name": LOAD, "before": ["DROP TABLE IF EXISTS facts"],
            "sql": self.fill(work::BY_HAND_LOAD)})];
        for statement in STATEMENTS {
            let before: Vec<String> = statement.before.iter().map(|sql| self.fill(sql)).collect();
            statements.push(json!({"name": statement.name, "before": before, "sql": self.fill(statement.by_hand)}));
        }
        let setup: Vec<String> = SETTINGS.iter().map(|sql| self.fill(sql)).collect();
        self.by_hand(
            &database,
            &json!({"setup": setup, "runs": self.runs, "statements": statements}),
        )
    }

    /// The same through the API, and the ratios.
    fn compare(&self, ours: &Client, floor: &Value, report: &mut Report) -> Result<()> {
        say("==> the same through BigQuery's REST API");
        ours.dataset()?;
        for table in ["customers", "changes"] {
            ours.upload(table, &self.parquet(table))?;
            ours.load(table)?;
        }
        ours.upload("facts", &self.parquet("facts"))?;
        let mut ratios = Vec::new();
        let mut compared = |name: &str, seconds: Vec<f64>, report: &mut Report| -> Result<()> {
            let by_hand = floor[name]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_f64)
                .collect();
            let (ours, by_hand) = (median(seconds), median(by_hand));
            report.metric(format!("{name}_seconds"), ours);
            report.metric(format!("{name}_seconds_by_hand"), by_hand);
            report.metric(format!("{name}_ratio"), ours / by_hand);
            ratios.push(ours / by_hand);
            Ok(())
        };
        let mut loads = Vec::new();
        for _ in 0..self.runs {
            loads.push(ours.load("facts")?);
        }
        compared(LOAD, loads, report)?;
        for statement in STATEMENTS {
            let mut seconds = Vec::new();
            for _ in 0..self.runs {
                for sql in statement.before {
                    ours.query(&self.fill(sql))?;
                }
                let since = Instant::now();
                ours.query(&self.fill(statement.googlesql))?;
                seconds.push(since.elapsed().as_secs_f64());
            }
            compared(statement.name, seconds, report)?;
        }
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        let middle = median(ratios);
        report.goal("worst_ratio", "<= 1.5", worst, worst <= 1.5);
        report.goal("median_ratio", "<= 1.2", middle, middle <= 1.2);
        Ok(())
    }

    /// A table through the Storage Read API, by one stream; the session, which copies the rows, counts with the reading.
    fn read(&self, ours: &Client, report: &mut Report) -> Result<()> {
        let rows = self.rows.min(READ_ROWS);
        say(&format!("==> {rows} rows through the Storage Read API"));
        ours.query(&format!(
            "CREATE OR REPLACE TABLE read_rows AS SELECT * FROM facts WHERE id < {rows}"
        ))?;
        let table = format!("projects/{PROJECT}/datasets/bench/tables/read_rows");
        let mut seconds: [Vec<f64>; 2] = Default::default();
        let mut megabytes = [0.0; 2];
        for _ in 0..self.runs {
            let output = Command::new(&self.reader).args([&ours.url, &table]).output()?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return fail(format!("the reader ended with {}: {said}", output.status));
            }
            let measured: Value = serde_json::from_slice(&output.stdout)?;
            for (at, format) in ["arrow", "avro"].into_iter().enumerate() {
                let one = &measured[format];
                let number = |key: &str| one[key].as_f64().unwrap_or_default();
                if one["rows"] != rows {
                    return fail(format!("{} of {rows} rows were read as {format}", one["rows"]));
                }
                megabytes[at] = number("bytes") / 1e6;
                seconds[at].push(number("session_seconds") + number("read_seconds"));
            }
        }
        let [arrow, avro] = seconds.map(median);
        report.metric("read_megabytes", megabytes[0]);
        report.metric("read_seconds", arrow);
        report.metric("read_avro_megabytes_per_second", megabytes[1] / avro);
        let rate = megabytes[0] / arrow;
        report.goal("read_megabytes_per_second", "> 100", rate, rate > 100.0);
        Ok(())
    }
}

/// How quickly what needs no work is answered.
fn small_requests(ours: &Client, rows: u64, report: &mut Report) -> Result<()> {
    say("==> point lookups, and translating the mart");
    let mut lookups = Vec::new();
    for i in 0..100 {
        let id = (i * 7_919) % rows;
        let since = Instant::now();
        let answer = ours.query(&format!("SELECT code FROM facts WHERE id = {id}"))?;
        lookups.push(since.elapsed().as_secs_f64() * 1000.0);
        if answer["totalRows"] != "1" {
            return fail(format!("the lookup of {id} found {}", answer["totalRows"]));
        }
    }
    let lookup = median(lookups);
    report.goal("point_lookup_milliseconds", "< 20", lookup, lookup < 20.0);
    for sql in work::MART_TABLES.split(';').filter(|sql| !sql.trim().is_empty()) {
        ours.query(sql)?;
    }
    let (mut translations, mut dry_runs) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let since = Instant::now();
        translations.push(ours.dry_run(work::MART)?);
        dry_runs.push(since.elapsed().as_secs_f64() * 1000.0);
    }
    let translation = median(translations);
    let lines = u32::try_from(work::MART.lines().count())?;
    report.metric("mart_lines", f64::from(lines));
    // The rest of a dry run is the engine's own planning, and a request.
    report.metric("mart_dry_run_milliseconds", median(dry_runs));
    report.goal("mart_translation_milliseconds", "< 10", translation, translation < 10.0);
    Ok(())
}

/// BigQuery's REST API.
struct Client {
    url: String,
    agent: ureq::Agent,
}

impl Client {
    fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
        Self {
            url: url.to_owned(),
            agent: config.into(),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/bigquery/v2/projects/{PROJECT}/{path}", self.url);
        let mut answer = self
            .agent
            .post(url)
            .config()
            .http_status_as_error(false)
            .build()
            .send_json(body)?;
        let status = answer.status();
        let said: Value = answer.body_mut().read_json()?;
        if status.is_success() {
            return Ok(said);
        }
        fail(format!("{path}: {status}: {}", said["error"]["message"]))
    }

    fn dataset(&self) -> Result<()> {
        self.post(
            "datasets",
            &json!({"datasetReference": {"datasetId": "bench"}, "location": "EU"}),
        )?;
        http::post(
            &format!("{}/storage/v1/b?project={PROJECT}", self.url),
            &json!({"name": "bench", "location": "EU"}),
        )?;
        Ok(())
    }

    fn upload(&self, name: &str, file: &Path) -> Result<()> {
        let url = format!(
            "{}/upload/storage/v1/b/bench/o?uploadType=media&name={name}.parquet",
            self.url
        );
        self.agent.post(url).send(std::fs::File::open(file)?)?;
        Ok(())
    }

    /// Loads a table from its object; seconds.
    fn load(&self, table: &str) -> Result<f64> {
        let since = Instant::now();
        let job = self.post(
            "jobs",
            &json!({"configuration": {"load": {"sourceFormat": "PARQUET", "writeDisposition": "WRITE_TRUNCATE",
            "sourceUris": [format!("gs://bench/{table}.parquet")],
            "destinationTable": {"projectId": PROJECT, "datasetId": "bench", "tableId": table}}}}),
        )?;
        let id = job["jobReference"]["jobId"].as_str().unwrap_or_default();
        loop {
            let job = http::get(&format!(
                "{}/bigquery/v2/projects/{PROJECT}/jobs/{id}?location=EU",
                self.url
            ))?;
            if job["status"]["state"] == "DONE" {
                if !job["status"]["errorResult"].is_null() {
                    return fail(format!("the load of {table} failed: {}", job["status"]["errorResult"]));
                }
                return Ok(since.elapsed().as_secs_f64());
            }
            if since.elapsed() > PATIENCE {
                return fail(format!("the load of {table} did not end in {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn query(&self, sql: &str) -> Result<Value> {
        let body = json!({"query": sql, "useLegacySql": false, "useQueryCache": false, "timeoutMs": PATIENCE.as_millis() as u64,
            "defaultDataset": {"projectId": PROJECT, "datasetId": "bench"}});
        let answer = self.post("queries", &body)?;
        if answer["jobComplete"] == true {
            return Ok(answer);
        }
        Err(Error(format!("a query did not end in {PATIENCE:?}: {sql}")))
    }

    /// How long the translation took, in milliseconds, as the answer says.
    fn dry_run(&self, sql: &str) -> Result<f64> {
        let url = format!("{}/bigquery/v2/projects/{PROJECT}/queries", self.url);
        let body = json!({"query": sql, "useLegacySql": false, "dryRun": true,
            "defaultDataset": {"projectId": PROJECT, "datasetId": "bench"}});
        let answer = self.agent.post(url).send_json(body)?;
        let timing = answer
            .headers()
            .get("server-timing")
            .and_then(|value| value.to_str().ok());
        timing
            .and_then(|text| text.strip_prefix("translate;dur=")?.split(',').next()?.parse().ok())
            .ok_or_else(|| {
                Error(format!(
                    "the answer does not say how long the translation took: {timing:?}"
                ))
            })
    }
}
