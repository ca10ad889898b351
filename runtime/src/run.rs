//! `headwater run`: what a Cloud Run task executes. Reads the spec, hands it to the executor, prints the outcome, and turns it
//! into an exit status. A suite's run is in `suite`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater_cloud::ObjectPath;
use headwater_extract::{Context, Ending, Options, Progress, RunOutcome, Silent, Update, execute};
use headwater_spec::{ObjectRun, Phase, PipelineSpec, RunState};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::RunArgs;
use crate::cloud::connect;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::{Printer, table};
use crate::progress::{Bars, Lines};

/// The outcome as it is printed.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    run: &'a str,
    state: RunState,
    objects: Vec<PrintedObject<'a>>,
}

#[derive(Debug, Serialize)]
struct PrintedObject<'a> {
    #[serde(flatten)]
    record: &'a ObjectRun,
    /// How long each phase took.
    phase_seconds: HashMap<Phase, f64>,
}

/// Executes a spec.
pub async fn run(args: RunArgs, printer: Printer) -> Result<Exit, CommandError> {
    let cloud = connect(&args.cloud)?;
    if args.task_index >= args.task_count {
        let message = format!("{} is not below --task-count {}", args.task_index, args.task_count);
        return Err(CommandError::Usage {
            argument: "--task-index",
            message,
        });
    }
    let path = ObjectPath::parse(&args.spec).map_err(|e| CommandError::usage("--spec", &e))?;
    let spec = PipelineSpec::from_json(&cloud.storage().get(&path).await?.bytes)?;
    let id = args.run_id.clone().unwrap_or_else(new_run);
    let mut code = None;
    let ended = if spec.dq_suite.is_some() {
        crate::suite::run(&spec, &cloud, id.clone(), printer).await
    } else {
        Box::pin(extract(&spec, cloud, id.clone(), args, printer, &mut code)).await
    };
    crate::finished::note(&spec, &id, &ended, code.as_deref());
    ended
}

/// Executes an extract's spec; `code` gets the first of the errors that there were.
async fn extract(
    spec: &PipelineSpec,
    cloud: headwater_cloud::Cloud,
    run: String,
    args: RunArgs,
    printer: Printer,
    code: &mut Option<String>,
) -> Result<Exit, CommandError> {
    let extract = spec.extract()?;
    let unknown = args.objects.iter().find(|o| !extract.objects.contains_key(*o));
    if let Some(object) = unknown {
        let known: Vec<&str> = extract.objects.keys().map(String::as_str).collect();
        let message = format!("{object} is not in the spec, which has {}", known.join(", "));
        return Err(CommandError::Usage {
            argument: "--object",
            message,
        });
    }

    let cancel = CancellationToken::new();
    let stop = crate::signals::stop_requested();
    let watcher = tokio::spawn({
        let cancel = cancel.clone();
        async move {
            stop.await;
            tracing::info!("stopping at the next safe point");
            cancel.cancel();
        }
    });
    let inner: Arc<dyn Progress> = if printer.interactive() {
        Arc::new(Bars::default())
    } else if printer.json() {
        Arc::new(Silent)
    } else {
        Arc::new(Lines::default())
    };
    let timings = Arc::new(Timings {
        inner,
        phases: Mutex::default(),
    });
    let verdicts = Arc::new(crate::suite::gate::Keeper(cloud.clone()));
    let context = Context {
        cloud,
        run,
        task_index: args.task_index,
        task_count: args.task_count,
        attempt: args.attempt,
        image: std::env::var("HEADWATER_IMAGE").ok(),
        cancel: cancel.clone(),
        progress: timings.clone(),
        verdicts,
        options: Options {
            only: args.objects,
            lease_ttl: Duration::from_secs(args.lease_ttl),
            parallel_objects: args.parallel_objects,
            ..Options::default()
        },
    };
    let outcome = Box::pin(execute(spec, &context)).await;
    watcher.abort();
    *code = match &outcome {
        Ok(outcome) => outcome
            .objects
            .values()
            .find_map(|record| Some(record.error.as_ref()?.code.clone())),
        Err(error) => Some(error.code().to_owned()),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        // What kept every object from being tried may be a limit: the next run goes on from here.
        Err(error) if error.ending() != Ending::Failed => {
            printer.error(&error, Some(&error.hint()));
            return Ok(if cancel.is_cancelled() {
                Exit::Interrupted
            } else {
                Exit::Resumable
            });
        }
        Err(error) => return Err(error.into()),
    };
    print(&outcome, &timings, printer);
    Ok(match outcome.state() {
        RunState::Succeeded => Exit::Done,
        _ if cancel.is_cancelled() => Exit::Interrupted,
        RunState::Stopped | RunState::Skipped => Exit::Resumable,
        RunState::Failed if only_refused(&outcome) => Exit::Refused,
        RunState::Failed | RunState::Running => Exit::Failed,
    })
}

/// Whether nothing is wrong but data that a gate refuses.
fn only_refused(outcome: &RunOutcome) -> bool {
    let failed = outcome
        .objects
        .values()
        .filter(|record| record.state == RunState::Failed);
    let mut errors = failed.filter_map(|record| record.error.as_ref());
    errors.all(|error| error.code == "quality_gate")
}

/// A run that no platform named: sortable by time, unique by chance.
fn new_run() -> String {
    let now = chrono::Utc::now();
    format!(
        "manual-{}-{:04x}",
        now.format("%Y%m%d-%H%M%S"),
        now.timestamp_subsec_nanos() & 0xffff
    )
}

fn print(outcome: &RunOutcome, timings: &Timings, printer: Printer) {
    let objects: Vec<PrintedObject<'_>> = outcome
        .objects
        .values()
        .map(|record| PrintedObject {
            record,
            phase_seconds: timings.of(&record.object),
        })
        .collect();
    printer.result(
        &Printed {
            run: &outcome.run,
            state: outcome.state(),
            objects,
        },
        || {
            let rows: Vec<Vec<String>> = outcome
                .objects
                .values()
                .map(|r| {
                    let state = serde_json::to_value(r.state)
                        .ok()
                        .and_then(|v| v.as_str().map(str::to_owned));
                    vec![
                        r.object.clone(),
                        state.unwrap_or_default(),
                        r.totals.rows_read.to_string(),
                        r.totals.rows_inserted.to_string(),
                        r.totals.rows_updated.to_string(),
                        r.totals.rows_deleted.to_string(),
                        r.totals.rows_quarantined.to_string(),
                    ]
                })
                .collect();
            let mut text = format!(
                "run {}\n{}",
                outcome.run,
                table(
                    &[
                        "object",
                        "state",
                        "read",
                        "inserted",
                        "updated",
                        "deleted",
                        "quarantined"
                    ],
                    &rows
                )
            );
            for record in outcome.objects.values() {
                if let Some(error) = &record.error {
                    text.push_str(&format!("\n{}: {} [{}]", record.object, error.message, error.code));
                    if let Some(hint) = &error.hint {
                        text.push_str(&format!("\n  hint: {hint}"));
                    }
                }
            }
            text
        },
    );
}

/// When each object's phases began and ended.
type Phases = HashMap<String, (Option<(Phase, Instant)>, HashMap<Phase, f64>)>;

/// Measures phases on their way to whoever watches.
struct Timings {
    inner: Arc<dyn Progress>,
    phases: Mutex<Phases>,
}

impl Timings {
    fn of(&self, object: &str) -> HashMap<Phase, f64> {
        let phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases
            .get(object)
            .map(|(_, seconds)| seconds.clone())
            .unwrap_or_default()
    }

    fn begin(&self, object: &str, phase: Option<Phase>) {
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        let (current, seconds) = phases.entry(object.to_owned()).or_default();
        if let Some((ended, since)) = current.take() {
            *seconds.entry(ended).or_default() += since.elapsed().as_secs_f64();
        }
        *current = phase.map(|p| (p, Instant::now()));
    }
}

impl Progress for Timings {
    fn update(&self, object: &str, update: &Update) {
        match update {
            Update::Phase(phase) => self.begin(object, Some(*phase)),
            Update::Ended(_) => self.begin(object, None),
            Update::Expected { .. } | Update::Fetched { .. } => {}
        }
        self.inner.update(object, update);
    }
}
