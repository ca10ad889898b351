//! `cargo xtask bench provider`: what the provider adds to Terraform: the plan of 1,000 Pub/Sub topics, refreshed from state,
//! beside the same plan of 1,000 `terraform_data`, which need no provider process at all; how long one process lives; memory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use super::process::{Life, children, high_water, lives};
use super::{Report, median};
use crate::server::Server;
use crate::shell::{Result, fail, output, say};
use crate::{build, tools};

const PROFILE: &str = "bench-build";
const PROJECT: &str = "bench-project";
/// The processes that a plan starts: one to read the schema, one to validate, one to refresh and plan.
const PROCESSES: f64 = 3.0;

/// `cargo xtask bench provider`.
#[derive(Debug, Args)]
pub struct Provider {
    /// How many resources the large plan has.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    resources: u32,
    /// How often each plan is measured; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
}

/// Measures.
pub fn run(args: &Provider) -> Result<Report> {
    let programs = build::programs(PROFILE)?;
    let bench = Bench::new(&programs.headwater, &programs.provider)?;
    let many = args.resources;
    let topics = bench.workspace("topics", &topic(many))?;
    let floor = bench.workspace("floor", &data(many))?;
    let one_topic = bench.workspace("one-topic", &topic(1))?;
    let one_floor = bench.workspace("one-floor", &data(1))?;
    for workspace in [&topics, &floor, &one_topic, &one_floor] {
        workspace.apply()?;
    }

    say(&format!("==> plans of {many} resources"));
    let (large, large_floor) = alternate(args.runs, || topics.plan(&[]), || floor.plan(&[]))?;
    say("==> plans of one resource, not refreshed");
    let quiet: &[&str] = &["-refresh=false"];
    let (small, small_floor) = alternate(args.runs * 3, || one_topic.plan(quiet), || one_floor.plan(quiet))?;
    let (mut processes, mut own) = (Vec::new(), Vec::new());
    for _ in 0..args.runs * 9 {
        let life = one_topic.process(quiet)?;
        processes.push(life.seconds * 1000.0);
        own.push(life.cpu_seconds * 1000.0);
    }

    let ratio = large.seconds / large_floor.seconds;
    let process_ms = median(processes);
    let mut report = Report {
        name: "provider",
        ..Report::default()
    };
    report.metric(format!("plan_seconds@{many}_topics"), large.seconds);
    report.metric(format!("plan_seconds@{many}_terraform_data"), large_floor.seconds);
    report.metric("plan_milliseconds@1_topic", small.seconds * 1000.0);
    report.metric("plan_milliseconds@1_terraform_data", small_floor.seconds * 1000.0);
    // With what Terraform does for them before it starts them (it hashes the program and makes a key for each) and while they
    // live (it decodes the schema).
    report.metric(
        "plan_milliseconds_for_each_process",
        (small.seconds - small_floor.seconds) * 1000.0 / PROCESSES,
    );
    // What of its life a process computes itself. The rest it waits: for Terraform, which decodes all schemas in the life of the
    // first of three, makes keys and connects.
    report.metric("process_cpu_milliseconds", median(own));
    report.goal("ratio_to_terraform_data", "<= 1.5", ratio, ratio <= 1.5);
    report.goal("process_milliseconds", "<= 12", process_ms, process_ms <= 12.0);
    report.goal(
        "peak_memory_mb",
        "< 20",
        large.peak_memory_mb,
        large.peak_memory_mb < 20.0 && large.peak_memory_mb > 0.0,
    );
    Ok(report)
}

fn topic(count: u32) -> String {
    format!(
        "resource \"headwater_pubsub_topic\" \"all\" {{\n  count = {count}\n  name  = \"bench-{count}-${{count.index}}\"\n  labels = {{ team = \"data\", number = count.index }}\n}}\n"
    )
}

fn data(count: u32) -> String {
    format!(
        "resource \"terraform_data\" \"all\" {{\n  count = {count}\n  input = {{ name = \"bench-{count}-${{count.index}}\", labels = {{ team = \"data\", number = count.index }} }}\n}}\n"
    )
}

/// A local cloud, the provider in a mirror, and Terraform.
struct Bench {
    dir: PathBuf,
    terraform: PathBuf,
    cloud: Server,
}

/// A directory with a configuration.
struct Workspace<'a> {
    bench: &'a Bench,
    dir: PathBuf,
}

/// What a plan cost.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seconds: f64,
    /// Of the largest provider process.
    peak_memory_mb: f64,
}

impl Bench {
    fn new(headwater: &Path, provider: &Path) -> Result<Self> {
        let dir = build::target_dir().join("bench-provider");
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        output(
            Command::new(provider)
                .args(["install", "--dir"])
                .arg(dir.join("plugins")),
        )?;
        let mirror = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
            dir.join("plugins").display()
        );
        std::fs::write(dir.join("terraform.rc"), mirror)?;
        Ok(Self {
            cloud: Server::local_cloud(headwater, PROJECT, &dir.join("cloud"), &dir)?,
            terraform: tools::terraform()?,
            dir,
        })
    }

    fn workspace(&self, name: &str, configuration: &str) -> Result<Workspace<'_>> {
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir)?;
        let head =
            "terraform {\n  required_providers {\n    headwater = { source = \"headwater-data/headwater\" }\n  }\n}\n";
        let head = if configuration.contains("headwater_") { head } else { "" };
        std::fs::write(dir.join("main.tf"), format!("{head}{configuration}"))?;
        let workspace = Workspace { bench: self, dir };
        output(&mut workspace.terraform(&["init", "-input=false"]))?;
        Ok(workspace)
    }
}

impl Workspace<'_> {
    fn terraform(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.bench.terraform);
        command
            .current_dir(&self.dir)
            .env("TF_CLI_CONFIG_FILE", self.bench.dir.join("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("HEADWATER_ENDPOINT", &self.bench.cloud.url)
            .env("HEADWATER_PROJECT", PROJECT)
            .env("HEADWATER_REGION", "europe-west1")
            .env_remove("TF_LOG")
            .args(arguments);
        command
    }

    fn apply(&self) -> Result<()> {
        say(&format!("==> applying {}", self.dir.display()));
        output(&mut self.terraform(&["apply", "-auto-approve", "-input=false", "-no-color"])).map(drop)
    }

    /// How the provider's processes of one plan lived, from start to exit, on average.
    fn process(&self, more: &[&str]) -> Result<Life> {
        let mut command = self.terraform(&["plan", "-input=false", "-no-color"]);
        command.args(more).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.spawn()?;
        let lives = lives(&mut child);
        if !child.wait()?.success() || lives.is_empty() {
            return fail("a plan failed, or started no provider");
        }
        let count = f64::from(u32::try_from(lives.len())?);
        Ok(Life {
            seconds: lives.iter().map(|life| life.seconds).sum::<f64>() / count,
            cpu_seconds: lives.iter().map(|life| life.cpu_seconds).sum::<f64>() / count,
        })
    }

    /// A plan, which must be empty.
    fn plan(&self, more: &[&str]) -> Result<Plan> {
        let mut command = self.terraform(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
        let said = self.dir.join("plan.txt");
        command
            .args(more)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&said)?);
        let since = Instant::now();
        let mut child = command.spawn()?;
        let peak_memory_mb = watch(&mut child);
        let status = child.wait()?;
        let seconds = since.elapsed().as_secs_f64();
        if status.success() {
            return Ok(Plan {
                seconds,
                peak_memory_mb,
            });
        }
        fail(format!(
            "the plan is not empty ({status}):\n{}",
            std::fs::read_to_string(said)?
        ))
    }
}

/// The largest resident set that a child of Terraform has had, until Terraform ends. The kernel's mark only rises, so looking
/// now and then is enough; seldom, so that looking costs the measurement nothing.
fn watch(terraform: &mut Child) -> f64 {
    let mut peak = 0.0_f64;
    while matches!(terraform.try_wait(), Ok(None)) {
        for child in children(terraform.id()) {
            peak = peak.max(high_water(child).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

/// Measures both in turn, so that whatever else the machine does falls on both; medians, after a round that does not count.
fn alternate(runs: u32, ours: impl Fn() -> Result<Plan>, floor: impl Fn() -> Result<Plan>) -> Result<(Plan, Plan)> {
    let (mut all_ours, mut all_floor) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let (a, b) = (ours()?, floor()?);
        if run > 0 {
            all_ours.push(a);
            all_floor.push(b);
        }
    }
    Ok((middle(all_ours), middle(all_floor)))
}

fn middle(mut plans: Vec<Plan>) -> Plan {
    plans.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    Plan {
        seconds: plans[plans.len() / 2].seconds,
        peak_memory_mb: plans.iter().map(|plan| plan.peak_memory_mb).fold(0.0, f64::max),
    }
}
