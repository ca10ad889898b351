//! `cargo xtask bench NAME`: measurements that are claims. Each runs ours and its floor in one go and says whether the goals
//! hold; exit status 3 where one does not.

mod console;
mod dataform;
mod extract;
mod process;
mod provider;
mod quality;
mod stream;
mod warehouse;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::shell::{Result, print};

/// `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(subcommand)]
    name: Name,
    /// Print one JSON object instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Name {
    /// The console's pages over 10,000 runs: how long each takes to answer, and what it keeps in memory.
    Console(console::Console),
    /// Compile the marts and a project of 500 actions, beside Dataform's own command line; what a run of 50 tables costs beyond
    /// their SQL.
    Dataform(dataform::Dataform),
    /// Extract Account rows by Bulk API, beside the floor: decoding the same CSV bytes from memory and writing the same
    /// Parquet on one thread.
    Extract(extract::Extract),
    /// Plan 1,000 Pub/Sub topics, refreshed from state, beside 1,000 terraform_data; what one provider process costs.
    Provider(provider::Provider),
    /// Five million rows of Parquet, 25 expectations, rows set apart: CPU time and memory beside one hand-written query of Polars,
    /// pandera, Great Expectations, and merely decoding the file.
    Quality(quality::Quality),
    /// A full subscription of change events into BigQuery by one worker, and latency at an even rate, beside the floor (the same
    /// JSON in memory to Parquet on one thread) and Google's Python subscriber, which only receives.
    Stream(stream::Stream),
    /// Ten million rows: load, group by, join, window, count distinct and MERGE as GoogleSQL through the REST API, beside the same
    /// by hand in DuckDB's SQL; point lookups; translating a mart of 300 lines; a million rows through the Storage Read API.
    Warehouse(warehouse::Warehouse),
}

/// What was measured, and which goals hold.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    name: &'static str,
    metrics: BTreeMap<String, f64>,
    goals: BTreeMap<String, Goal>,
}

#[derive(Debug, Serialize)]
struct Goal {
    goal: String,
    measured: f64,
    holds: bool,
}

impl Report {
    fn metric(&mut self, name: impl Into<String>, value: f64) {
        self.metrics.insert(name.into(), value);
    }

    fn goal(&mut self, name: &str, goal: &str, measured: f64, holds: bool) {
        self.goals.insert(
            name.to_owned(),
            Goal {
                goal: goal.to_owned(),
                measured,
                holds,
            },
        );
    }

    fn text(&self) -> Result<String> {
        let mut text = String::new();
        for (name, value) in &self.metrics {
            writeln!(text, "{name:<44}{value:>16.2}")?;
        }
        for (name, goal) in &self.goals {
            let word = if goal.holds { "holds" } else { "DOES NOT HOLD" };
            writeln!(text, "goal {name:<34}{:>21.2}  {:<10} {word}", goal.measured, goal.goal)?;
        }
        Ok(text)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Runs a benchmark.
pub fn run(bench: &Bench) -> Result<ExitCode> {
    let report = match &bench.name {
        Name::Console(args) => console::run(args)?,
        Name::Dataform(args) => dataform::run(args)?,
        Name::Extract(args) => extract::run(args)?,
        Name::Provider(args) => provider::run(args)?,
        Name::Quality(args) => quality::run(args)?,
        Name::Stream(args) => stream::run(args)?,
        Name::Warehouse(args) => warehouse::run(args)?,
    };
    print(&if bench.json {
        serde_json::to_string(&report)?
    } else {
        report.text()?
    });
    let all = report.goals.values().all(|goal| goal.holds);
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
