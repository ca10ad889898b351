//! `cargo xtask bench extract`: rows per second of `headwater run` from Salesforce's Bulk API to Parquet in the lake, its peak
//! memory, and the ratio to the floor, at two sizes.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use clap::Args;
use serde_json::{Value, json};

use super::process::{Cost, measure};
use super::{Report, median};
use crate::server::Server;
use crate::shell::{Error, Result, fail, output, say, step};
use crate::{build, http};

const PROJECT: &str = "bench";
const PROFILE: &str = "bench-build";
const SECRET: &str = "bench-secret";

/// `cargo xtask bench extract`.
#[derive(Debug, Args)]
pub struct Extract {
    /// Sizes to measure, in rows of Account; the goals speak of the first and compare the last with it.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 4_000_000])]
    rows: Vec<u64>,
    /// How often each is measured; the median is reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    runs: u32,
}

/// One size.
struct Measured {
    rows_per_second: f64,
    rows_per_second_whole: f64,
    cpu_rows_per_second: f64,
    floor: f64,
    memory: f64,
}

/// Measures all sizes.
pub fn run(args: &Extract) -> Result<Report> {
    let programs = build::programs(PROFILE)?;
    let mut floor = build::cargo("build")?;
    floor.args(["--profile", PROFILE, "-p", "headwater-extract", "--example", "floor"]);
    step("building the floor", &mut floor)?;
    let floor = build::target_dir().join(PROFILE).join("examples/floor");
    let mut report = Report {
        name: "extract",
        ..Report::default()
    };
    let mut all = Vec::new();
    for rows in &args.rows {
        let measured = size(*rows, args.runs, &programs.headwater, &floor)?;
        let name = |what: &str| format!("{what}@{rows}");
        report.metric(name("rows_per_second"), measured.rows_per_second);
        report.metric(
            name("rows_per_second_with_load_and_merge"),
            measured.rows_per_second_whole,
        );
        report.metric(name("rows_per_cpu_second"), measured.cpu_rows_per_second);
        report.metric(name("floor_rows_per_second"), measured.floor);
        report.metric(name("ratio_to_floor"), measured.rows_per_second / measured.floor);
        report.metric(name("peak_memory_mb"), measured.memory);
        all.push(measured);
    }
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return fail("no sizes were given");
    };
    let ratio = first.rows_per_second / first.floor;
    report.goal("ratio_to_floor", ">= 0.5", ratio, ratio >= 0.5);
    report.goal("peak_memory_mb", "< 300", first.memory, first.memory < 300.0);
    if all.len() > 1 {
        let growth = last.memory / first.memory;
        report.goal(
            "peak_memory_at_the_largest_size_to_the_first",
            "<= 1.10",
            growth,
            growth <= 1.10,
        );
        report.goal(
            "peak_memory_mb_at_the_largest_size",
            "< 300",
            last.memory,
            last.memory < 300.0,
        );
        let steady = (last.rows_per_second / last.floor) / ratio;
        report.goal(
            "ratio_at_the_largest_size_to_the_first",
            ">= 0.90",
            steady,
            steady >= 0.90,
        );
    }
    Ok(report)
}

fn size(rows: u64, runs: u32, headwater: &Path, floor: &Path) -> Result<Measured> {
    let base = build::target_dir().join("bench");
    let org = base.join(format!("org-{rows}"));
    if !org.join("complete").is_file() {
        say(&format!(
            "==> generating an org with {rows} accounts (kept in {})",
            org.display()
        ));
        std::fs::create_dir_all(&base)?;
        if org.exists() {
            std::fs::remove_dir_all(&org)?;
        }
        let rows = rows.to_string();
        output(
            Command::new(headwater)
                .args([
                    "salesforce",
                    "generate",
                    "--json",
                    "--object",
                    "Account",
                    "--accounts",
                    &rows,
                    "--dir",
                ])
                .arg(&org),
        )?;
        std::fs::write(org.join("complete"), "")?;
    }
    let salesforce = Server::start(
        Command::new(headwater)
            .args([
                "salesforce",
                "simulate",
                "--json",
                "--port",
                "0",
                "--client-id",
                "bench",
                "--dir",
            ])
            .arg(&org)
            .env("HEADWATER_SIMULATE_CLIENT_SECRET", SECRET),
        &base,
        "org",
    )?;
    say(&format!("==> the floor at {rows} rows"));
    let mut floors = Vec::new();
    for _ in 0..runs {
        let said = output(
            Command::new(floor)
                .args([
                    "--login-url",
                    &salesforce.url,
                    "--client-id",
                    "bench",
                    "--object",
                    "Account",
                ])
                .env("HEADWATER_FLOOR_SECRET", SECRET),
        )?;
        let said: Value = serde_json::from_str(said.trim())?;
        floors.push(number(&said, "/rows_per_second")?);
    }
    let mut ours = Vec::new();
    for run in 1..=runs {
        say(&format!("==> headwater run at {rows} rows, {run} of {runs}"));
        ours.push(once(headwater, &base, &salesforce.url, rows)?);
    }
    let memory = ours.iter().map(|(cost, _)| cost.peak_memory_mb).fold(0.0, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "rows per second")]
    let count = rows as f64;
    Ok(Measured {
        rows_per_second: median(ours.iter().map(|(_, fetch)| count / fetch).collect()),
        rows_per_second_whole: median(ours.iter().map(|(cost, _)| count / cost.seconds).collect()),
        cpu_rows_per_second: median(ours.iter().map(|(cost, _)| count / cost.cpu_seconds).collect()),
        floor: median(floors),
        memory,
    })
}

/// One run on a fresh local cloud: its cost, and the seconds from the first result byte to the manifest.
fn once(headwater: &Path, base: &Path, salesforce: &str, rows: u64) -> Result<(Cost, f64)> {
    let data = base.join("cloud");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let cloud = Server::local_cloud(headwater, PROJECT, &data, base)?;
    let spec = deploy(&cloud.url, salesforce)?;
    let mut run = Command::new(headwater);
    run.args(["run", "--json", "--log-format", "json", "--spec", &spec]);
    run.env("HEADWATER_ENDPOINT", &cloud.url)
        .env("HEADWATER_PROJECT", PROJECT)
        .env("HEADWATER_REGION", "local")
        .stderr(Stdio::null());
    let cost = measure(&mut run)?;
    let outcome: Value = serde_json::from_str(cost.stdout.trim())?;
    let read = number(&outcome, "/objects/0/totals/rows_read")?;
    let loaded: f64 = http::query_cell(&cloud.url, PROJECT, "SELECT COUNT(*) FROM raw.Account")?.parse()?;
    // Deleted records are read and not kept; nothing else may be missing.
    if read < loaded || loaded < 0.9 * f64::from(u32::try_from(rows)?) {
        return fail(format!(
            "{read} rows were read and {loaded} are in the table, of {rows}"
        ));
    }
    let fetch = number(&outcome, "/objects/0/phase_seconds/fetch")?;
    Ok((cost, fetch))
}

/// What the provider would have created and written.
fn deploy(cloud: &str, salesforce: &str) -> Result<String> {
    http::post(
        &format!("{cloud}/storage/v1/b?project={PROJECT}"),
        &json!({"name": "bench-lake", "location": "EU"}),
    )?;
    let reference = json!({"datasetReference": {"projectId": PROJECT, "datasetId": "raw"}, "location": "EU"});
    http::post(&format!("{cloud}/bigquery/v2/projects/{PROJECT}/datasets"), &reference)?;
    http::post(
        &format!("{cloud}/v1/projects/{PROJECT}/secrets?secretId=bench"),
        &json!({"replication": {"automatic": {}}}),
    )?;
    let data = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let version = http::post(
        &format!("{cloud}/v1/projects/{PROJECT}/secrets/bench:addVersion"),
        &json!({"payload": {"data": data}}),
    )?;
    let spec = json!({
        "api_version": "headwater.dev/v1", "name": "bench", "project": PROJECT, "region": "local",
        "salesforce_extract": {
            "connection": {"id": format!("projects/{PROJECT}/secrets/bench"), "login_url": salesforce, "api_version": "66.0",
                "auth": {"flow": "client_credentials", "client_id": "bench", "client_secret": version["name"]}},
            "lake": "gs://bench-lake",
            "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
            "safety_lag_seconds": 0,
            "objects": {"Account": {"table": "Account", "columns":
                [{"name": "Id", "field": "Id", "salesforce_type": "id", "type": "STRING", "mode": "REQUIRED"}]}},
        },
    });
    let name = "headwater/pipelines/bench/spec.json";
    http::post(
        &format!("{cloud}/upload/storage/v1/b/bench-lake/o?uploadType=media&name={name}"),
        &spec,
    )?;
    Ok(format!("gs://bench-lake/{name}"))
}

fn number(value: &Value, pointer: &str) -> Result<f64> {
    value
        .pointer(pointer)
        .and_then(Value::as_f64)
        .ok_or_else(|| Error(format!("{pointer} is missing in {value}")))
}
