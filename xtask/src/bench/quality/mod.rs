//! `cargo xtask bench quality`: what it costs to judge a file of Parquet by a suite and to set rows apart, beside the same
//! suite as one query of Polars written by hand, by pandera on Polars and by Great Expectations on pandas, and beside merely
//! decoding the file. Each is a fresh process; the counts of ours and of Polars must be the same, so that it is the same work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use super::process::{Cost, measure};
use super::{Report, median};
use crate::shell::{Error, Result, fail, output, say};
use crate::{build, tools};

const PROFILE: &str = "bench-build";
const SUITE: &str = include_str!("suite.json");
const GENERATE: &str = include_str!("generate.py");
const PEERS: &str = include_str!("peers.py");
/// How often the smallest run is measured: a few milliseconds need more looks than seconds do.
const STARTS: usize = 21;

/// `cargo xtask bench quality`.
#[derive(Debug, Args)]
pub struct Quality {
    /// Rows of the file; the goals speak of the default.
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    rows: u64,
    /// How often ours, Polars and decoding are measured; the median is reported. The others are measured once.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    runs: u32,
    /// Decides every value of the file.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Leave out pandera and Great Expectations.
    #[arg(long)]
    quick: bool,
}

/// Measures.
pub fn run(args: &Quality) -> Result<Report> {
    let programs = build::programs(PROFILE)?;
    let bench = Bench::prepare(args, programs.headwater)?;
    let mut report = Report {
        name: "quality",
        ..Report::default()
    };

    say("==> ours");
    let whole = bench.ours(&bench.suite(true)?, args.runs)?;
    report.metric("rows_set_apart", bench.set_apart(&whole.counts)?);
    let without = bench.ours(&bench.suite(false)?, args.runs)?;
    whole.report("ours", &mut report);
    without.report("ours_without_uniqueness", &mut report);

    let mut polars = f64::INFINITY;
    for engine in ["streaming", "in-memory"] {
        say(&format!("==> one query of Polars, {engine} engine"));
        let by_hand = bench.peer(&bench.polars, &["polars", engine], args.runs)?;
        by_hand.report(&format!("polars_{}", engine.replace('-', "_")), &mut report);
        same(&whole.counts, &by_hand.counts)?;
        polars = polars.min(by_hand.cpu);
    }
    say("==> decoding");
    bench
        .peer(&bench.polars, &["decode"], args.runs)?
        .report("decode", &mut report);
    if !args.quick {
        say("==> pandera");
        bench
            .peer(&bench.polars, &["pandera"], 1)?
            .report("pandera", &mut report);
        say("==> Great Expectations");
        bench
            .peer(&tools::great_expectations()?, &["great_expectations"], 1)?
            .report("great_expectations", &mut report);
    }
    let start = bench.start()?;

    let ratio = whole.cpu / polars;
    report.goal("cpu_ratio_to_polars", "<= 1", ratio, ratio <= 1.0);
    report.goal("peak_memory_mb", "< 500", whole.memory, whole.memory < 500.0);
    report.goal(
        "peak_memory_mb_without_uniqueness",
        "< 150",
        without.memory,
        without.memory < 150.0,
    );
    report.goal("start_milliseconds", "<= 50", start, start <= 50.0);
    Ok(report)
}

/// What runs of one program cost: medians, and the highest peak.
struct Measured {
    cpu: f64,
    wall: f64,
    memory: f64,
    /// Of each expectation that judges rows, how many are against it; of others, what was observed.
    counts: BTreeMap<String, f64>,
}

impl Measured {
    fn of(costs: &[Cost], counts: BTreeMap<String, f64>) -> Self {
        Self {
            cpu: median(costs.iter().map(|c| c.cpu_seconds).collect()),
            wall: median(costs.iter().map(|c| c.seconds).collect()),
            memory: costs.iter().map(|c| c.peak_memory_mb).fold(0.0, f64::max),
            counts,
        }
    }

    fn report(&self, name: &str, report: &mut Report) {
        report.metric(format!("cpu_seconds@{name}"), self.cpu);
        report.metric(format!("wall_seconds@{name}"), self.wall);
        report.metric(format!("peak_memory_mb@{name}"), self.memory);
    }
}

/// The files of the bench, and who works with them.
struct Bench {
    dir: PathBuf,
    data: PathBuf,
    rows: u64,
    headwater: PathBuf,
    /// Python with Polars.
    polars: PathBuf,
    peers: PathBuf,
}

impl Bench {
    /// The data is made once for its size and seed; another generator makes other data.
    fn prepare(args: &Quality, headwater: PathBuf) -> Result<Self> {
        let dir = build::target_dir().join("bench-quality");
        std::fs::create_dir_all(&dir)?;
        let generator = dir.join("generate.py");
        let known = std::fs::read_to_string(&generator).unwrap_or_default();
        let polars = tools::bench_quality()?;
        let data = dir.join(format!("orders-{}-{}.parquet", args.rows, args.seed));
        if known != GENERATE || !data.is_file() {
            say(&format!(
                "==> generating {} rows (kept in {})",
                args.rows,
                dir.display()
            ));
            std::fs::write(&generator, GENERATE)?;
            output(
                Command::new(&polars)
                    .arg(&generator)
                    .arg(&data)
                    .args([args.rows.to_string(), args.seed.to_string()]),
            )?;
        }
        let peers = dir.join("peers.py");
        std::fs::write(&peers, PEERS)?;
        Ok(Self {
            dir,
            data,
            rows: args.rows,
            headwater,
            polars,
            peers,
        })
    }

    /// The suite with this file's number of rows; its checks of uniqueness may be left out.
    fn suite(&self, uniqueness: bool) -> Result<PathBuf> {
        let mut suite: Value = serde_json::from_str(SUITE)?;
        let Some(expectations) = suite["expectations"].as_array_mut() else {
            return fail("the suite has no expectations");
        };
        expectations.retain(|e| uniqueness || e["check"]["unique"].is_null());
        for expectation in expectations {
            if let Some(bounds) = expectation["check"].get_mut("row_count") {
                *bounds = json!({"min": self.rows, "max": self.rows});
            }
        }
        let name = if uniqueness {
            "suite"
        } else {
            "suite-without-uniqueness"
        };
        let path = self.dir.join(format!("{name}.json"));
        std::fs::write(&path, suite.to_string())?;
        Ok(path)
    }

    fn ours(&self, suite: &Path, runs: u32) -> Result<Measured> {
        let mut costs = Vec::new();
        for _ in 0..runs {
            let mut command = self.judging(suite, &self.data);
            command.args(["--format", "json"]).stderr(Stdio::null());
            costs.push(measure(&mut command)?);
        }
        let said: Value = serde_json::from_str(costs.last().map_or("", |c| &c.stdout))?;
        let counts = said["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let counts = counts.iter().map(|one| {
            let quantile = one["observed"].get("values").map(|values| &values[0]);
            let number = one["unexpected"]
                .as_f64()
                .or_else(|| quantile.unwrap_or(&one["observed"]).as_f64());
            let id = one["id"].as_str().unwrap_or_default();
            number
                .map(|number| (id.to_owned(), number))
                .ok_or_else(|| Error(format!("ours has no number for {id}: {one}")))
        });
        Ok(Measured::of(&costs, counts.collect::<Result<_>>()?))
    }

    /// How many rows were set apart; each reason must be given as often as its expectation counted rows.
    fn set_apart(&self, counts: &BTreeMap<String, f64>) -> Result<f64> {
        let said = output(
            Command::new(&self.polars)
                .arg(&self.peers)
                .arg("reasons")
                .arg(self.quarantine()),
        )?;
        let mut reasons: BTreeMap<String, f64> = serde_json::from_str(said.trim())?;
        let rows = reasons.remove("").unwrap_or_default();
        for (id, times) in reasons {
            if counts.get(&id) != Some(&times) {
                return fail(format!(
                    "{id} is the reason of {times} rows, and counted {:?}",
                    counts.get(&id)
                ));
            }
        }
        Ok(rows)
    }

    fn quarantine(&self) -> PathBuf {
        self.dir.join("quarantine.parquet")
    }

    fn judging(&self, suite: &Path, data: &Path) -> Command {
        let mut command = Command::new(&self.headwater);
        command.args(["quality", "run", "--suite"]).arg(suite);
        command.arg("--path").arg(data);
        command.arg("--quarantine").arg(self.quarantine());
        command
    }

    fn peer(&self, python: &Path, words: &[&str], runs: u32) -> Result<Measured> {
        let suite = self.suite(true)?;
        let mut costs = Vec::new();
        for _ in 0..runs {
            let mut command = Command::new(python);
            command.arg(&self.peers).arg(words[0]).arg(&self.data).arg(&suite);
            command.args(&words[1..]).stderr(Stdio::null());
            costs.push(measure(&mut command)?);
        }
        let counts = serde_json::from_str(costs.last().map_or("", |c| c.stdout.trim()))?;
        Ok(Measured::of(&costs, counts))
    }

    /// Milliseconds from start to end over a file of a few rows.
    fn start(&self) -> Result<f64> {
        let tiny = self.dir.join("tiny.csv");
        std::fs::write(&tiny, "order_id,status\n1,new\n2,paid\n")?;
        let suite = self.dir.join("tiny.json");
        std::fs::write(
            &suite,
            json!({
                "api_version": "headwater.dev/quality/v1",
                "name": "tiny",
                "expectations": [{"check": {"unique": {"columns": ["order_id"]}}, "on_fail": "quarantine"}],
            })
            .to_string(),
        )?;
        let mut milliseconds = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            let since = Instant::now();
            output(&mut self.judging(&suite, &tiny))?;
            milliseconds.push(since.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(milliseconds))
    }
}

/// Fails when two counted differently. Numbers that are no counts may differ in their last digits.
fn same(ours: &BTreeMap<String, f64>, theirs: &BTreeMap<String, f64>) -> Result<()> {
    let differ: Vec<String> = ours
        .iter()
        .filter(|(id, number)| {
            let other = theirs.get(*id).copied().unwrap_or(f64::NAN);
            // A NaN is near to nothing.
            let near = (*number - other).abs() <= other.abs() * 1e-9;
            !near
        })
        .map(|(id, number)| format!("{id}: ours {number}, Polars {:?}", theirs.get(id)))
        .collect();
    if differ.is_empty() && ours.len() == theirs.len() {
        return Ok(());
    }
    fail(format!("not the same work: {}", differ.join("; ")))
}
