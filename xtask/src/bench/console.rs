//! `cargo xtask bench console`: how long the console's pages take to answer with ten thousand runs in the lake, while one that is
//! at work keeps it looking at the cloud; how long it takes until it knows them all; and its memory.

use std::time::{Duration, Instant};

use chrono::{SecondsFormat, TimeDelta, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::Report;
use super::process::high_water;
use crate::server::Server;
use crate::shell::{Error, Result, fail, say};
use crate::{build, http};

const PROFILE: &str = "bench-build";
const PROJECT: &str = "bench";
const LAKE: &str = "bench-lake";
/// Writers of the runs.
const WRITERS: usize = 16;
const GOAL_MS: f64 = 100.0;

/// `cargo xtask bench console`.
#[derive(Debug, Args)]
pub struct Console {
    /// How many runs there are, each of one object.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    runs: u32,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    requests: u32,
    /// Measure programs of another profile, such as `dev`, that are built already or quicker to build.
    #[arg(long, default_value = PROFILE)]
    profile: String,
}

/// Measures.
pub fn run(args: &Console) -> Result<Report> {
    let programs = build::programs(&args.profile)?;
    let dir = build::target_dir().join("bench-console");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    let cloud = Server::local_cloud(&programs.headwater, PROJECT, &dir.join("cloud"), &dir)?;
    say(&format!("==> {} runs", args.runs));
    http::post(
        &format!("{}/storage/v1/b?project={PROJECT}", cloud.url),
        &json!({"name": LAKE, "location": "EU"}),
    )?;
    put(&cloud.url, "spec.json", &spec())?;
    write_runs(&cloud.url, args.runs)?;

    let mut console = std::process::Command::new(&programs.headwater);
    console
        .args([
            "console",
            "--json",
            "--port",
            "0",
            "--project",
            PROJECT,
            "--endpoint",
            &cloud.url,
        ])
        .env_remove("HEADWATER_LAKE");
    let since = Instant::now();
    let console = Server::start(&mut console, &dir, "console")?;
    let known = loop {
        let found = http::get(&format!("{}/api/runs?limit=1", console.url));
        if found
            .as_ref()
            .is_ok_and(|found| found["unread_records"] == 0 && found["runs"][0].is_object())
        {
            break since.elapsed();
        }
        if since.elapsed() > Duration::from_secs(300) {
            return fail("the runs were not read within five minutes");
        }
        std::thread::sleep(Duration::from_millis(50));
    };

    let mut report = Report {
        name: "console",
        ..Report::default()
    };
    report.metric("seconds_until_all_runs_are_known", known.as_secs_f64());
    let pipeline = format!("/pipelines/{LAKE}/crm");
    let cursor = http::get(&format!("{}/api/runs?limit=500", console.url))?;
    let cursor = cursor["next_cursor"].as_str().unwrap_or_default().to_owned();
    let pages = [
        ("overview", "/".to_owned()),
        ("runs", "/runs".to_owned()),
        ("older_runs", format!("/runs?cursor={cursor}")),
        ("failed_runs", "/runs?state=failed".to_owned()),
        ("pipeline", pipeline),
        ("run", format!("/runs/{LAKE}/crm/run-{:05}", args.runs - 1)),
        ("lineage", "/lineage".to_owned()),
        ("quality", "/quality".to_owned()),
        ("streams", "/streams".to_owned()),
        ("logs", "/logs".to_owned()),
        ("api_runs", "/api/runs".to_owned()),
        ("api_pipelines", "/api/pipelines".to_owned()),
    ];
    say(&format!(
        "==> {} requests for each of {} pages",
        args.requests,
        pages.len()
    ));
    for (name, path) in pages {
        let mut times = Vec::new();
        for i in 0..args.requests {
            // One run goes on all the while, so that the console has something to look at.
            if i % 20 == 0 {
                put(
                    &cloud.url,
                    "runs/at-work/Account.json",
                    &record("at-work", 0, "running", i),
                )?;
            }
            let since = Instant::now();
            let mut response = ureq::get(&format!("{}{path}", console.url)).call()?;
            response.body_mut().read_to_string()?;
            times.push(since.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        let p95 = times[(times.len() * 95 / 100).min(times.len() - 1)];
        report.metric(format!("p50_milliseconds@{name}"), times[times.len() / 2]);
        report.metric(
            format!("max_milliseconds@{name}"),
            times.last().copied().unwrap_or_default(),
        );
        report.goal(&format!("p95_milliseconds@{name}"), "< 100", p95, p95 < GOAL_MS);
    }
    let memory = high_water(console.pid()).unwrap_or_default();
    report.goal("peak_memory_mb", "< 150", memory, memory > 0.0 && memory < 150.0);
    Ok(report)
}

fn put(cloud: &str, name: &str, document: &Value) -> Result<()> {
    let name = format!("headwater/pipelines/crm/{name}");
    let url = format!("{cloud}/upload/storage/v1/b/{LAKE}/o?uploadType=media&name={name}");
    http::post(&url, document).map(drop)
}

fn write_runs(cloud: &str, runs: u32) -> Result<()> {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let cloud = cloud.to_owned();
            std::thread::spawn(move || -> std::result::Result<(), String> {
                for i in (0..runs).skip(writer).step_by(WRITERS) {
                    let run = format!("run-{i:05}");
                    let state = if i % 50 == 7 { "failed" } else { "succeeded" };
                    put(
                        &cloud,
                        &format!("runs/{run}/Account.json"),
                        &record(&run, i + 1, state, i),
                    )
                    .map_err(|error| error.0)?;
                }
                Ok(())
            })
        })
        .collect();
    for writer in writers {
        writer
            .join()
            .map_err(|_| Error("a writer panicked".into()))?
            .map_err(Error)?;
    }
    Ok(())
}

fn record(run: &str, hours: u32, state: &str, rows: u32) -> Value {
    let at = Utc::now() - TimeDelta::hours(i64::from(hours));
    let stamp = |at: chrono::DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut record = json!({
        "run": run, "pipeline": "crm", "object": "Account", "batch": format!("batch-{run}"), "spec_hash": "0".repeat(64),
        "deployed_by": "deployer@acme-data.iam.gserviceaccount.com", "runtime_version": "0.1.0", "task": 0, "attempt": 0,
        "image": format!("europe-docker.pkg.dev/acme-data/headwater/headwater@sha256:{}", "0".repeat(64)),
        "state": state, "phase": if state == "running" { "fetch" } else { "done" }, "api": "bulk",
        "window": {"from": stamp(at - TimeDelta::hours(1)), "to": stamp(at)},
        "totals": {"rows_read": rows, "rows_inserted": rows, "parts": 1, "bytes": 1000, "api_calls": 12},
        "started_at": stamp(at), "updated_at": stamp(at + TimeDelta::seconds(20)),
    });
    if state == "failed" {
        record["error"] =
            json!({"code": "salesforce_limit", "message": "the org's daily requests are used up", "hint": "wait"});
    }
    record
}

fn spec() -> Value {
    let id = json!({"name": "Id", "field": "Id", "salesforce_type": "id", "type": "STRING", "mode": "REQUIRED"});
    json!({
        "api_version": "headwater.dev/v1", "name": "crm", "project": PROJECT, "region": "europe-west1",
        "salesforce_extract": {
            "connection": {"id": "projects/bench/secrets/s", "login_url": "https://acme.my.salesforce.com", "api_version": "66.0",
                "auth": {"flow": "client_credentials", "client_id": "x", "client_secret": "projects/bench/secrets/s/versions/1"}},
            "lake": format!("gs://{LAKE}"), "dataset": {"project": PROJECT, "dataset": "raw", "location": "EU"},
            "objects": {"Account": {"table": "Account", "columns": [id]}},
        },
    })
}
