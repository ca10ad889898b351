//! `headwater runs`: what runs did, read from their records in the lake, and starting one. Not executing: that is `run`.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use headwater_cloud::{Cloud, CloudRun, ObjectPath, Overrides, Wait};
use headwater_spec::{GcsUrl, LakeLayout, ObjectRun, RunState};
use serde::Serialize;

use crate::cli::{RunsArgs, RunsCommand};
use crate::cloud::connect;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::{Printer, table};

/// How many records are fetched at a time.
const CONCURRENT_READS: usize = 16;

/// A run as a whole.
#[derive(Debug, Serialize)]
struct RunSummary {
    run: String,
    state: RunState,
    started_at: String,
    seconds: f64,
    objects: usize,
    rows_read: u64,
    rows_inserted: u64,
    rows_updated: u64,
    rows_deleted: u64,
    rows_quarantined: u64,
    errors: usize,
}

/// Runs one of the commands.
pub async fn run(command: RunsCommand, printer: Printer) -> Result<Exit, CommandError> {
    match command {
        RunsCommand::List(args) => list(&args, printer).await,
        RunsCommand::Show { run, args } => show(run, &args, printer).await,
        RunsCommand::Start {
            runtime,
            tasks,
            wait,
            timeout,
            args,
        } => {
            let wait = wait.then(|| Wait::at_most(Duration::from_secs(timeout)));
            start(&runtime, tasks, wait, &args, printer).await
        }
    }
}

fn layout(args: &RunsArgs) -> Result<LakeLayout, CommandError> {
    let lake: GcsUrl = args.lake.parse().map_err(|e| CommandError::usage("--lake", &e))?;
    headwater_spec::check_pipeline_name(&args.pipeline).map_err(|e| CommandError::usage("--pipeline", &e))?;
    Ok(LakeLayout::new(&lake, &args.pipeline))
}

/// Runs by name, each with the records of its objects.
pub type Recorded = Vec<(String, Vec<ObjectRun>)>;

/// The records of the newest runs, newest run first.
async fn records(cloud: &Cloud, layout: &LakeLayout, limit: usize) -> Result<Recorded, CommandError> {
    newest(cloud, layout, limit).await.map(|(_, found)| found)
}

/// The same, and how many runs there are: those that are not among the newest are counted and not read.
pub async fn newest(cloud: &Cloud, layout: &LakeLayout, limit: usize) -> Result<(usize, Recorded), CommandError> {
    let storage = cloud.storage();
    let objects = storage.list(layout.bucket(), &layout.runs()).await?;
    let prefix = layout.runs();
    // A run's first record is as old as the run: runs are ordered without reading any of them.
    let mut runs: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for object in objects {
        let Some((run, _)) = object.name.strip_prefix(&prefix).and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        let entry = runs
            .entry(run.to_owned())
            .or_insert_with(|| (object.updated.clone(), Vec::new()));
        entry.0 = entry.0.clone().max(object.updated);
        entry.1.push(object.name);
    }
    let total = runs.len();
    let mut newest: Vec<_> = runs.into_iter().collect();
    newest.sort_by(|a, b| b.1.0.cmp(&a.1.0));
    newest.truncate(limit);
    let names = newest.iter().flat_map(|(_, (_, names))| names.iter().cloned());
    let read: Vec<ObjectRun> = futures::stream::iter(names.collect::<Vec<_>>())
        .map(|name| {
            let storage = storage.clone();
            let path = ObjectPath {
                bucket: layout.bucket().to_owned(),
                name,
            };
            async move {
                let bytes = storage.get(&path).await?.bytes;
                serde_json::from_slice(&bytes).map_err(|source| CommandError::Record {
                    path: path.to_string(),
                    source,
                })
            }
        })
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await?;
    let mut read = read.into_iter();
    let found = newest
        .into_iter()
        .map(|(run, (_, names))| (run, read.by_ref().take(names.len()).collect()));
    Ok((total, found.collect()))
}

/// The state of a run is that of its worst object.
pub fn state(records: &[ObjectRun]) -> RunState {
    let rank = |state: RunState| match state {
        RunState::Failed => 4,
        RunState::Running => 3,
        RunState::Stopped => 2,
        RunState::Skipped => 1,
        RunState::Succeeded => 0,
    };
    records
        .iter()
        .map(|r| r.state)
        .max_by_key(|s| rank(*s))
        .unwrap_or(RunState::Running)
}

fn summary(run: &str, records: &[ObjectRun]) -> RunSummary {
    let started = records.iter().map(|r| r.started_at).min();
    let ended = records.iter().map(|r| r.finished_at.unwrap_or(r.updated_at)).max();
    let sum = |pick: fn(&ObjectRun) -> u64| records.iter().map(pick).sum();
    RunSummary {
        run: run.to_owned(),
        state: state(records),
        started_at: started.map(|t| t.to_rfc3339()).unwrap_or_default(),
        #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
        seconds: started
            .zip(ended)
            .map_or(0.0, |(a, b)| (b - a).num_milliseconds() as f64 / 1000.0),
        objects: records.len(),
        rows_read: sum(|r| r.totals.rows_read),
        rows_inserted: sum(|r| r.totals.rows_inserted),
        rows_updated: sum(|r| r.totals.rows_updated),
        rows_deleted: sum(|r| r.totals.rows_deleted),
        rows_quarantined: sum(|r| r.totals.rows_quarantined),
        errors: records.iter().filter(|r| r.error.is_some()).count(),
    }
}

/// `running`, `succeeded`, … as the records spell it.
pub fn word(value: impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

async fn list(args: &RunsArgs, printer: Printer) -> Result<Exit, CommandError> {
    let cloud = connect(&args.cloud)?;
    let summaries: Vec<RunSummary> = records(&cloud, &layout(args)?, args.limit)
        .await?
        .iter()
        .map(|(run, records)| summary(run, records))
        .collect();
    printer.result(&summaries, || {
        if summaries.is_empty() {
            return format!("no runs of {} in {}", args.pipeline, args.lake);
        }
        let rows: Vec<Vec<String>> = summaries
            .iter()
            .map(|s| {
                vec![
                    s.run.clone(),
                    word(s.state),
                    s.started_at.clone(),
                    format!("{:.1}", s.seconds),
                    s.objects.to_string(),
                    s.rows_read.to_string(),
                    s.rows_inserted.to_string(),
                    s.rows_updated.to_string(),
                    s.rows_deleted.to_string(),
                    s.rows_quarantined.to_string(),
                ]
            })
            .collect();
        table(
            &[
                "run",
                "state",
                "started",
                "seconds",
                "objects",
                "read",
                "inserted",
                "updated",
                "deleted",
                "quarantined",
            ],
            &rows,
        )
    });
    Ok(Exit::Done)
}

async fn show(run: Option<String>, args: &RunsArgs, printer: Printer) -> Result<Exit, CommandError> {
    let cloud = connect(&args.cloud)?;
    let limit = if run.is_some() { usize::MAX } else { 1 };
    let found = records(&cloud, &layout(args)?, limit).await?;
    let found = found
        .into_iter()
        .find(|(name, _)| run.as_ref().is_none_or(|wanted| wanted == name));
    let Some((name, mut records)) = found else {
        return Err(CommandError::NoRun {
            run: run.unwrap_or_default(),
            pipeline: args.pipeline.clone(),
            lake: args.lake.clone(),
        });
    };
    records.sort_by(|a, b| a.object.cmp(&b.object));
    printer.result(&records, || describe(&name, &records));
    Ok(Exit::Done)
}

fn describe(name: &str, records: &[ObjectRun]) -> String {
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|r| {
            vec![
                r.object.clone(),
                word(r.state),
                word(r.phase),
                r.api.map(word).unwrap_or_default(),
                r.totals.rows_read.to_string(),
                r.totals.rows_inserted.to_string(),
                r.totals.rows_updated.to_string(),
                r.totals.rows_deleted.to_string(),
                r.totals.rows_quarantined.to_string(),
                r.totals.parts.to_string(),
                r.totals.api_calls.to_string(),
            ]
        })
        .collect();
    let header = [
        "object",
        "state",
        "phase",
        "api",
        "read",
        "inserted",
        "updated",
        "deleted",
        "quarantined",
        "parts",
        "calls",
    ];
    let mut text = format!("run {name}: {}\n{}", word(state(records)), table(&header, &rows));
    for record in records {
        for verdict in &record.gate {
            let apart = match verdict.quarantined {
                0 => String::new(),
                rows => format!(", {rows} rows set apart"),
            };
            text.push_str(&format!(
                "\n{}: {} says {}{apart}",
                record.object, verdict.suite, verdict.state
            ));
        }
        for change in &record.schema_changes {
            text.push_str(&format!("\n{}: {change}", record.object));
        }
        if let Some(error) = &record.error {
            text.push_str(&format!("\n{}: {} [{}]", record.object, error.message, error.code));
            if let Some(hint) = &error.hint {
                text.push_str(&format!("\n  hint: {hint}"));
            }
        }
    }
    text
}

async fn start(
    runtime: &str,
    tasks: u32,
    wait: Option<Wait>,
    args: &RunsArgs,
    printer: Printer,
) -> Result<Exit, CommandError> {
    let cloud = connect(&args.cloud)?;
    let layout = layout(args)?;
    let job = if runtime.contains('/') {
        runtime.to_owned()
    } else {
        CloudRun::job_name(cloud.project(), cloud.region(), runtime)
    };
    let overrides = Overrides {
        args: Some(vec!["run".into(), "--spec".into(), layout.spec_url()]),
        task_count: Some(tasks),
        ..Overrides::default()
    };
    let execution = cloud.run().start(&job, &overrides).await?;
    let run = execution.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(wait) = wait else {
        printer.result(&serde_json::json!({"run": run, "execution": execution}), || {
            format!("started {run}")
        });
        return Ok(Exit::Done);
    };
    printer.note(&format!("started {run}"));
    let ended = cloud.run().wait_execution(&execution, wait).await?;
    let found = records(&cloud, &layout, usize::MAX).await?;
    let records = found
        .into_iter()
        .find(|(name, _)| *name == run)
        .map(|(_, r)| r)
        .unwrap_or_default();
    let succeeded = ended.is_success();
    printer.result(
        &serde_json::json!({"run": run, "execution": execution, "succeeded": succeeded, "objects": records}),
        || describe(&run, &records),
    );
    Ok(if succeeded { Exit::Done } else { Exit::Failed })
}
