//! `cargo xtask chaos NAME`: the product's programs under fire, and whether anything was lost, doubled or wrong.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::build;
use crate::shell::{Error, Result, fail, print, root, say, step};

/// `cargo xtask chaos`.
#[derive(Debug, Args)]
pub struct Chaos {
    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, Subcommand)]
enum Name {
    /// Change events from the simulated org through Pub/Sub into BigQuery while processes are killed, networks break and services
    /// refuse; then both tables are compared with the org's own history and records. Exit status 3: something is wrong.
    Stream(Stream),
}

#[derive(Debug, Args)]
struct Stream {
    /// Decides which faults come when; it is printed, so that a run can be repeated. Absent: another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Events that flow.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Faults, spread over the events.
    #[arg(long, default_value_t = 120)]
    faults: u64,
    /// Only faults of this kind (again and again).
    #[arg(long = "only", value_name = "KIND")]
    only: Vec<String>,
    /// What is between bridge and applier.
    #[arg(long, value_enum, default_value_t = Pubsub::Local)]
    pubsub: Pubsub,
    /// The profile that the programs are built with.
    #[arg(long, default_value = "bench-build")]
    profile: String,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pubsub {
    /// The local cloud's.
    Local,
    /// Google's emulator from the Cloud SDK, which keeps nothing when it ends and is therefore not killed.
    Emulator,
}

/// Runs it.
pub fn run(chaos: &Chaos) -> Result<ExitCode> {
    match &chaos.name {
        Name::Stream(args) => stream(args),
    }
}

fn stream(args: &Stream) -> Result<ExitCode> {
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    let seed = args.seed.unwrap_or_else(clock);
    let headwater = headwater(&args.profile)?;
    let program = driver()?;
    let emulator = args.pubsub == Pubsub::Emulator;
    say(&format!(
        "==> chaos: {} events, {} faults; again with --seed {seed}",
        args.events, args.faults
    ));
    let plan =
        json!({"seed": seed, "events": args.events, "faults": args.faults, "emulator": emulator, "only": args.only});
    let output = Command::new(program)
        .arg(plan.to_string())
        .env(build::HEADWATER, headwater)
        .env("HEADWATER_TEST_ROOT", root())
        .stderr(Stdio::inherit())
        .output()?;
    let report: Value = match serde_json::from_slice(&output.stdout) {
        Ok(report) => report,
        Err(_) => {
            return fail(format!(
                "the run ended with {}; again with --seed {seed}",
                output.status
            ));
        }
    };
    print(&if args.json { report.to_string() } else { text(&report)? });
    Ok(if report["holds"] == true {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

/// Builds the runtime in a profile; or finds the one that the environment names.
fn headwater(profile: &str) -> Result<PathBuf> {
    if let Some(headwater) = std::env::var_os(build::HEADWATER) {
        return Ok(headwater.into());
    }
    let mut cargo = build::cargo("build")?;
    cargo.args(["--profile", profile, "-p", "headwater", "--bins"]);
    step("building headwater", &mut cargo)?;
    let dir = if profile == "dev" { "debug" } else { profile };
    Ok(build::target_dir().join(dir).join("headwater"))
}

/// Builds what drives it.
fn driver() -> Result<PathBuf> {
    let mut cargo = build::cargo("build")?;
    cargo.args(["-p", "headwater-tests", "--bin", "chaos-stream"]);
    step("building the chaos", &mut cargo)?;
    Ok(build::target_dir().join("debug/chaos-stream"))
}

fn text(report: &Value) -> Result<String> {
    let fields = report
        .as_object()
        .ok_or_else(|| Error("the report is no object".into()))?;
    let lines = fields.iter().map(|(name, value)| format!("{name:<36}{value}"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
