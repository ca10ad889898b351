//! `cargo xtask bench dataform`: how long a project takes to compile, beside Dataform's own command line on Node; and what a run
//! costs for each action beyond the SQL itself, with all actions in a row and with none that waits for another.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;
use serde_json::Value;

use super::{Report, median};
use crate::server::Server;
use crate::shell::{Error, Result, fail, root, say};
use crate::{build, http, node};

const PROFILE: &str = "bench-build";
const PROJECT: &str = "bench-project";
const LOCATION: &str = "EU";
const SETTINGS: &str = "defaultProject: bench-project\ndefaultDataset: marts\ndefaultLocation: EU\n\
    defaultAssertionDataset: checks\ndataformCoreVersion: 3.0.62\n";

/// `cargo xtask bench dataform`.
#[derive(Debug, Args)]
pub struct Dataform {
    /// How many actions the large project has; the goals speak of the default.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    actions: u32,
    /// How many tables a run makes.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    tables: u32,
    /// How often each is measured; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
}

/// Measures.
pub fn run(args: &Dataform) -> Result<Report> {
    let bench = Bench::new(build::programs(PROFILE)?.headwater, node::dataform()?)?;
    let mut report = Report {
        name: "dataform",
        ..Report::default()
    };

    let large = bench.project("large", &documented(args.actions))?;
    let large_name = format!("{}_actions", args.actions);
    for (name, folder) in [("project", root().join("dataform")), (large_name.as_str(), large)] {
        say(&format!("==> compiling {name}"));
        let (ours, theirs) = bench.compilations(name, &folder, args.runs)?;
        report.metric(format!("compile_seconds@{name}_ours"), ours);
        report.metric(format!("compile_seconds@{name}_dataform_cli"), theirs);
        let ratio = ours / theirs;
        report.goal(&format!("compile_ratio@{name}"), "<= 0.1", ratio, ratio <= 0.1);
    }

    let cloud = Server::local_cloud(&bench.headwater, PROJECT, &bench.dir.join("cloud"), &bench.dir)?;
    for (name, chained) in [("chain", true), ("wide", false)] {
        say(&format!("==> running {} tables, {name}", args.tables));
        let folder = bench.project(name, &tables(name, args.tables, chained))?;
        let runs = bench.executions(&cloud, &folder, args)?;
        let of = |what: fn(&Execution) -> f64| median(runs.iter().map(what).collect());
        let actions = f64::from(args.tables);
        report.metric(format!("run_seconds@{name}"), of(|run| run.wall));
        report.metric(format!("run_compile_seconds@{name}"), of(|run| run.compile));
        report.metric(format!("run_sql_seconds@{name}"), of(|run| run.sql));
        // Beside the rest, not instead of it: a process that is started for the run alone also compiles.
        let whole = of(|run| run.wall - run.sql) * 1000.0 / actions;
        report.metric(format!("milliseconds_per_action_with_compile@{name}"), whole);
        let overhead = of(|run| run.wall - run.compile - run.sql) * 1000.0 / actions;
        report.goal(
            &format!("overhead_milliseconds_per_action@{name}"),
            "< 10",
            overhead,
            overhead < 10.0,
        );
    }
    Ok(report)
}

/// A file of a project, and what it says.
type Source = (String, String);

/// Tables with a description, two documented columns and two assertions each, which read one another as the boughs of a tree.
fn documented(actions: u32) -> Vec<Source> {
    let action = |n: u32| {
        let mut text = format!(
            "config {{\n  type: \"table\",\n  description: \"Mart {n}: what is sold.\",\n  tags: [\"daily\"],\n  columns: {{\n    \
             id: \"Identifies the row.\",\n    amount: \"What was paid, in euros.\"\n  }},\n  \
             assertions: {{\n    uniqueKey: [\"id\"],\n    rowConditions: [\"amount >= 0\"]\n  }}\n}}\n\n"
        );
        if n == 0 {
            text.push_str("SELECT 1 AS id, NUMERIC '1.5' AS amount\n");
        } else {
            // A String takes whatever is written to it.
            writeln!(
                text,
                "SELECT id, amount + {n} AS amount\nFROM ${{ref(\"mart_{}\")}}",
                n / 2
            )
            .ok();
        }
        (format!("mart_{n}.sqlx"), text)
    };
    (0..actions).map(action).collect()
}

/// Tables of one row, of which each waits for the one before, or for none.
fn tables(prefix: &str, count: u32, chained: bool) -> Vec<Source> {
    let table = |n: u32| {
        let needs = match n.checked_sub(1) {
            Some(before) if chained => format!(", dependencies: [\"{prefix}_{before}\"]"),
            _ => String::new(),
        };
        let text = format!("config {{ type: \"table\"{needs} }}\nSELECT 1 AS x\n");
        (format!("{prefix}_{n}.sqlx"), text)
    };
    (0..count).map(table).collect()
}

/// What one run took, in seconds.
struct Execution {
    /// The process, from start to end.
    wall: f64,
    /// A process that only compiles the same project.
    compile: f64,
    /// In which at least one of its jobs was at work, as BigQuery's statistics of jobs tell (to the millisecond).
    sql: f64,
}

struct Bench {
    dir: PathBuf,
    headwater: PathBuf,
    /// Where npm installed Dataform's command line.
    node: PathBuf,
}

impl Bench {
    fn new(headwater: PathBuf, node: PathBuf) -> Result<Self> {
        let dir = build::target_dir().join("bench-dataform");
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir, headwater, node })
    }

    fn project(&self, name: &str, sources: &[Source]) -> Result<PathBuf> {
        let folder = self.dir.join(name);
        let definitions = folder.join("definitions");
        std::fs::create_dir_all(&definitions)?;
        std::fs::write(folder.join("workflow_settings.yaml"), SETTINGS)?;
        for (file, text) in sources {
            std::fs::write(definitions.join(file), text)?;
        }
        Ok(folder)
    }

    /// `headwater dataform COMMAND`.
    fn ours(&self, command: &str) -> Command {
        let mut ours = Command::new(&self.headwater);
        ours.args(["dataform", command])
            .env_remove("HEADWATER_ENDPOINT")
            .env("HEADWATER_PROJECT", PROJECT);
        ours
    }

    /// Seconds that ours and Dataform's own command line take to compile the same project to the same graph: medians of runs in
    /// turn, so that whatever else the machine does falls on both, after a round that does not count.
    fn compilations(&self, name: &str, folder: &Path, runs: u32) -> Result<(f64, f64)> {
        let copy = self.dir.join(format!("{name}-node"));
        node::dataform_project(&self.node, folder, &copy)?;
        let (printed, expected) = (self.dir.join("ours.json"), self.dir.join("theirs.json"));
        let (mut all_ours, mut all_theirs) = (Vec::new(), Vec::new());
        for round in 0..=runs {
            let mut ours = self.ours("compile");
            ours.args(["--format", "json", "--default-database", PROJECT])
                .arg(folder);
            let mut theirs = Command::new(self.node.join("node_modules/.bin/dataform"));
            theirs
                .args(["compile", "--json", "--default-database", PROJECT])
                .arg(&copy)
                .env("DATAFORM_DISABLE_ANALYTICS", "1");
            let (ours, theirs) = (timed(&mut ours, &printed)?, timed(&mut theirs, &expected)?);
            if round == 0 {
                same(&printed, &expected)?;
            } else {
                all_ours.push(ours);
                all_theirs.push(theirs);
            }
        }
        Ok((median(all_ours), median(all_theirs)))
    }

    /// Runs a project, after a round that makes its dataset and does not count.
    fn executions(&self, cloud: &Server, folder: &Path, args: &Dataform) -> Result<Vec<Execution>> {
        let printed = self.dir.join("run.json");
        let mut executions = Vec::new();
        for round in 0..=args.runs {
            let mut compile = self.ours("compile");
            let compile = timed(compile.args(["--format", "json"]).arg(folder), &printed)?;
            let mut run = self.ours("run");
            run.arg("--json")
                .arg(folder)
                .env("HEADWATER_ENDPOINT", &cloud.url)
                .env("HEADWATER_REGION", "europe-west1");
            let wall = timed(&mut run, &printed)?;
            let report = read(&printed)?;
            let jobs = jobs(&report);
            if jobs.len() != usize::try_from(args.tables)? {
                return fail(format!("{} jobs made {} tables", jobs.len(), args.tables));
            }
            let spans = jobs.into_iter().map(|job| at_work(cloud, job));
            let sql = covered(spans.collect::<Result<_>>()?) / 1000.0;
            if round > 0 {
                executions.push(Execution { wall, compile, sql });
            }
        }
        Ok(executions)
    }
}

/// Seconds that a command takes, which must succeed; what it prints goes to a file.
fn timed(command: &mut Command, printed: &Path) -> Result<f64> {
    let said = printed.with_extension("log");
    command
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(printed)?)
        .stderr(std::fs::File::create(&said)?);
    let since = Instant::now();
    let status = command.status()?;
    let seconds = since.elapsed().as_secs_f64();
    if status.success() {
        return Ok(seconds);
    }
    fail(format!(
        "{command:?} ended with {status}: {}",
        std::fs::read_to_string(said)?
    ))
}

fn read(printed: &Path) -> Result<Value> {
    Ok(serde_json::from_str(&std::fs::read_to_string(printed)?)?)
}

/// Fails when two compiled to different graphs: then it is not the same work.
fn same(ours: &Path, theirs: &Path) -> Result<()> {
    if read(ours)? == read(theirs)? {
        return Ok(());
    }
    fail(format!(
        "not the same graph: compare {} and {}",
        ours.display(),
        theirs.display()
    ))
}

/// The jobs of a run's report.
fn jobs(report: &Value) -> Vec<&str> {
    fn list(value: &Value) -> std::slice::Iter<'_, Value> {
        value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
    }
    list(&report["actions"])
        .flat_map(|action| list(&action["tasks"]))
        .filter_map(|task| task["jobId"].as_str())
        .collect()
}

/// When a job was at work, in milliseconds of the epoch.
fn at_work(cloud: &Server, job: &str) -> Result<(f64, f64)> {
    let url = format!(
        "{}/bigquery/v2/projects/{PROJECT}/jobs/{job}?location={LOCATION}",
        cloud.url
    );
    let document = http::get(&url)?;
    let time = |name: &str| {
        let text = document["statistics"][name].as_str().unwrap_or_default();
        text.parse::<f64>()
            .map_err(|_| Error(format!("the job {job} has no {name}: {document}")))
    };
    Ok((time("startTime")?, time("endTime")?))
}

/// How much time is in at least one of these spans.
fn covered(mut spans: Vec<(f64, f64)>) -> f64 {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut covered, mut until) = (0.0, f64::NEG_INFINITY);
    for (start, end) in spans {
        covered += (end - start.max(until)).max(0.0);
        until = until.max(end);
    }
    covered
}
