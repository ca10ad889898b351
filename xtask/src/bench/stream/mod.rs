//! `cargo xtask bench stream`: a full subscription into BigQuery by one worker; latency at an even rate; and beside it what one
//! thread makes of the same JSON in memory, and Google's Python subscriber, which only receives.
//!
//! The broker and the warehouse are the local cloud's, in a process of their own: CPU and memory are the applier's alone. Wall
//! time is of all of them together on this machine.

mod worker;

use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use serde_json::Value;

use self::worker::Worker;
use super::Report;
use crate::server::Server;
use crate::shell::{Error, Result, fail, output, say, step};
use crate::{build, http, tools};

const PROFILE: &str = "bench-build";
const PROJECT: &str = "bench";
const RECEIVE: &str = include_str!("receive.py");

/// `cargo xtask bench stream`.
#[derive(Debug, Args)]
pub struct Stream {
    /// Events in the subscription.
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(10_000..=50_000_000))]
    events: u32,
    /// Events of those that the Python subscriber receives, and that go into a current table.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=50_000_000))]
    fewer_events: u32,
    /// Events a second of which latency is measured.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    rate: u32,
    /// Seconds for which it is measured.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(5..=3_600))]
    seconds: u32,
}

/// Measures.
pub fn run(args: &Stream) -> Result<Report> {
    let mut programs = build::cargo("build")?;
    programs.args(["--profile", PROFILE, "--bin", "headwater", "--example", "bench"]);
    // With the provider, though it is not built: its features hold here as in every other build, and nothing is built twice.
    programs.args(["-p", "headwater", "-p", "terraform-provider-headwater"]);
    programs.args(["-p", "headwater-stream"]);
    step(
        "building headwater, the floor, the publisher and the reader",
        &mut programs,
    )?;
    let built = build::target_dir().join(PROFILE);
    let bench = Bench {
        headwater: built.join("headwater"),
        beside: built.join("examples/bench"),
        python: tools::python()?,
        dir: build::target_dir().join("bench-stream"),
    };
    std::fs::create_dir_all(&bench.dir)?;
    let mut report = Report {
        name: "stream",
        ..Report::default()
    };
    bench.throughput(args, &mut report)?;
    bench.current_table(args, &mut report)?;
    bench.latency(args, &mut report)?;
    Ok(report)
}

struct Bench {
    headwater: PathBuf,
    /// The example of the stream's crate: see its source.
    beside: PathBuf,
    python: PathBuf,
    dir: PathBuf,
}

/// A local cloud with a pipeline.
struct Deployed {
    cloud: Server,
    spec: String,
    topic: String,
}

impl Bench {
    /// What the example says.
    fn beside(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(
            output(Command::new(&self.beside).args(arguments))?.trim(),
        )?)
    }

    /// A fresh cloud; `tables` is `changelog` or `current`, with which there are both.
    fn deploy(&self, tables: &str) -> Result<Deployed> {
        let data = self.dir.join("cloud");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let cloud = Server::local_cloud(&self.headwater, PROJECT, &data, &self.dir)?;
        let said = self.beside(&["deploy", &cloud.url, tables])?;
        let word = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        Ok(Deployed {
            spec: word("spec"),
            topic: word("topic"),
            cloud,
        })
    }

    /// A full subscription into the changelog, beside the floor and the Python subscriber.
    fn throughput(&self, args: &Stream, report: &mut Report) -> Result<()> {
        let events = args.events.to_string();
        say(&format!("==> the floor: {events} events in memory"));
        let floor = self.beside(&["floor", &events])?;
        let deployed = self.deploy("changelog")?;
        say(&format!("==> publishing {events} events"));
        let published = self.beside(&["fill", &deployed.cloud.url, &deployed.topic, &events])?;
        say("==> Google's Python subscriber");
        let python = self.receive(&deployed.cloud.url, args.fewer_events)?;
        say(&format!("==> the applier: {events} events into the changelog"));
        let drained = Worker::start(&self.headwater, &deployed.cloud.url, &deployed.spec, &self.dir)?
            .drain(f64::from(args.events))?;
        complete(&deployed.cloud.url, "Account_log", args.events)?;

        let per_core = f64::from(args.events) / drained.cpu_seconds;
        let python_per_core = f64::from(args.fewer_events) / number(&python, "cpu_seconds")?;
        let floor_per_second = number(&floor, "events_per_second")?;
        report.metric("event_bytes", number(&floor, "bytes_per_event")?);
        report.metric("floor_events_per_second", floor_per_second);
        report.metric("ratio_to_floor", per_core / floor_per_second);
        report.metric("publish_events_per_second", number(&published, "events_per_second")?);
        report.metric("events_per_second", drained.events_per_second);
        report.metric(
            "cpu_seconds_per_million_events",
            drained.cpu_seconds * 1e6 / f64::from(args.events),
        );
        report.metric("peak_memory_mb", drained.peak_memory_mb);
        report.metric("python_events_per_second", number(&python, "events_per_second")?);
        report.metric("python_events_per_cpu_second", python_per_core);
        report.goal("events_per_cpu_second", ">= 50000", per_core, per_core >= 50_000.0);
        let ratio = per_core / python_per_core;
        report.goal("ratio_to_python_per_cpu_second", ">= 10", ratio, ratio >= 10.0);
        let ratio = drained.events_per_second / number(&python, "events_per_second")?;
        report.metric("ratio_to_python_per_second", ratio);
        let growth = drained.peak_memory_mb / drained.early_peak_memory_mb;
        report.goal("peak_memory_at_the_end_to_a_quarter", "<= 1.10", growth, growth <= 1.10);
        Ok(())
    }

    /// The same with a current table.
    fn current_table(&self, args: &Stream, report: &mut Report) -> Result<()> {
        let events = args.fewer_events.to_string();
        let deployed = self.deploy("current")?;
        self.beside(&["fill", &deployed.cloud.url, &deployed.topic, &events])?;
        say(&format!(
            "==> the applier: {events} events into changelog and current table"
        ));
        let drained = Worker::start(&self.headwater, &deployed.cloud.url, &deployed.spec, &self.dir)?
            .drain(f64::from(args.fewer_events))?;
        complete(&deployed.cloud.url, "Account_log", args.fewer_events)?;
        report.metric("events_per_second_with_current_table", drained.events_per_second);
        report.metric(
            "cpu_seconds_per_million_events_with_current_table",
            drained.cpu_seconds * 1e6 / f64::from(args.fewer_events),
        );
        report.metric("peak_memory_mb_with_current_table", drained.peak_memory_mb);
        Ok(())
    }

    /// From publishing to finding, in the changelog and in the current table.
    fn latency(&self, args: &Stream, report: &mut Report) -> Result<()> {
        for tables in ["changelog", "current"] {
            let deployed = self.deploy(tables)?;
            let worker = Worker::start(&self.headwater, &deployed.cloud.url, &deployed.spec, &self.dir)?;
            say(&format!("==> latency of {tables} at {} events a second", args.rate));
            let (rate, seconds) = (args.rate.to_string(), args.seconds.to_string());
            let url = &deployed.cloud.url;
            let paced = self.beside(&["pace", url, &deployed.topic, tables, &rate, &seconds])?;
            drop(worker);
            report.metric(format!("latency_p50_ms_{tables}"), number(&paced, "p50_ms")?);
            report.metric(format!("latency_max_ms_{tables}"), number(&paced, "max_ms")?);
            let p99 = number(&paced, "p99_ms")?;
            report.goal(&format!("latency_p99_ms_{tables}"), "< 1000", p99, p99 < 1000.0);
        }
        Ok(())
    }

    fn receive(&self, endpoint: &str, count: u32) -> Result<Value> {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let said = output(
            Command::new(&self.python)
                .args([
                    "-c",
                    RECEIVE,
                    "projects/bench/subscriptions/crm-peer",
                    &count.to_string(),
                ])
                .env("PUBSUB_EMULATOR_HOST", host)
                .env("PUBSUB_PROJECT_ID", PROJECT),
        )?;
        Ok(serde_json::from_str(said.trim())?)
    }
}

/// Every event is in the changelog once.
fn complete(endpoint: &str, table: &str, events: u32) -> Result<()> {
    let sql = format!("SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT _commit_number)) FROM raw.{table}");
    let found = http::query_cell(endpoint, PROJECT, &sql)?;
    if found == format!("{events} {events}") {
        return Ok(());
    }
    fail(format!("the changelog has {found} rows and events, of {events}"))
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value[key]
        .as_f64()
        .ok_or_else(|| Error(format!("{key} is missing in {value}")))
}
