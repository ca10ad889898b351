//! `headwater stream`: what a Cloud Run worker pool executes. Reads the spec, hands it to bridge and applier, serves health
//! and metrics, and drains when it is told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_cloud::{Cloud, ObjectPath};
use headwater_spec::{PipelineSpec, StreamSource};
use headwater_stream::apply::{self, Metrics, Snapshot};
use headwater_stream::bridge;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::{StreamArgs, StreamCommand, StreamWork, WhichStream};
use crate::cloud::connect;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::telemetry;

/// In a log, a stream says how it stands no more often than this.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Who scales gives that back within this time, or another worker finds out by its silence.
const GIVE_BACK: Duration = Duration::from_secs(2);
/// What Cloud Run calls the worker pool that a process is of.
/// <https://cloud.google.com/run/docs/container-contract#worker-pools-env-vars>
const POOL: &str = "CLOUD_RUN_WORKER_POOL";

/// The outcome as it is printed.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    pipeline: &'a str,
    drained: bool,
    #[serde(flatten)]
    counts: Snapshot,
    /// What the bridge did; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    bridge: Option<bridge::Counts>,
}

/// `headwater stream`, with or without a command of its own.
pub async fn run(args: StreamArgs, printer: Printer) -> Result<Exit, CommandError> {
    match args.command {
        None => work(args.work, printer).await,
        Some(StreamCommand::ReplayDeadLetters { which, limit }) => {
            let (spec, cloud) = open(&which).await?;
            let cancel = cancel_on_signal();
            let replayed = apply::replay_dead_letters(&spec, &cloud, limit, &cancel).await?;
            printer.result(&replayed, || {
                format!("{} messages are in the topic again", replayed.messages)
            });
            Ok(if cancel.is_cancelled() {
                Exit::Interrupted
            } else {
                Exit::Done
            })
        }
        Some(StreamCommand::Pause(which)) => {
            let (spec, cloud) = open(&which).await?;
            apply::pause(&spec, &cloud).await?;
            printer.result(&apply::Control { paused: true }, || format!("{} is paused", spec.name));
            Ok(Exit::Done)
        }
        Some(StreamCommand::Resume(which)) => {
            let (spec, cloud) = open(&which).await?;
            apply::resume(&spec, &cloud).await?;
            printer.result(&apply::Control { paused: false }, || format!("{} goes on", spec.name));
            Ok(Exit::Done)
        }
    }
}

/// The spec, which has to be a stream's.
async fn open(which: &WhichStream) -> Result<(PipelineSpec, Cloud), CommandError> {
    let cloud = connect(&which.cloud)?;
    let path = ObjectPath::parse(&which.spec).map_err(|e| CommandError::usage("--spec", &e))?;
    let spec = PipelineSpec::from_json(&cloud.storage().get(&path).await?.bytes)?;
    spec.stream()?;
    Ok((spec, cloud))
}

fn cancel_on_signal() -> CancellationToken {
    let cancel = CancellationToken::new();
    let stop = crate::signals::stop_requested();
    tokio::spawn({
        let cancel = cancel.clone();
        async move {
            stop.await;
            tracing::info!("finishing what is under way");
            cancel.cancel();
        }
    });
    cancel
}

async fn work(args: StreamWork, printer: Printer) -> Result<Exit, CommandError> {
    let (spec, cloud) = open(&args.which).await?;
    let bridged = matches!(spec.stream()?.source, StreamSource::Salesforce(_));
    if args.bridge_only && !bridged {
        return Err(CommandError::Usage {
            argument: "--bridge-only",
            message: "the stream's source is a subscription, which nothing has to be brought into".into(),
        });
    }
    if !args.bridge_only && spec.stream()?.engine.dataflow().is_some() {
        return Err(CommandError::Usage {
            argument: "--bridge-only",
            message: "it is missing, and the stream's engine is Dataflow: a job there applies its changes".into(),
        });
    }
    let bridged = bridged && !args.apply_only;
    let options = bridge::Options::default();
    let progress = Arc::clone(&options.progress);
    let cancel = cancel_on_signal();
    let metrics = Arc::new(Metrics::default());
    let watched = apply::Watched {
        pipeline: spec.name.clone(),
        metrics: Arc::clone(&metrics),
        bridge: bridged.then(|| Arc::clone(&progress)),
        patience: Duration::from_secs(args.stall_seconds),
        since: Instant::now(),
    };
    let exporting = telemetry::export(watched.clone())?;
    let serving = match args.metrics_address {
        Some(address) => {
            let serving = apply::serve(address, watched).await?;
            printer.note(&format!("health and metrics at http://{}", serving.address));
            Some(serving)
        }
        None => None,
    };
    let watcher = watch(&metrics, printer);
    let mut parts: JoinSet<Result<(), CommandError>> = JoinSet::new();
    if !args.bridge_only {
        let (spec, cloud, metrics, cancel) = (spec.clone(), cloud.clone(), metrics.clone(), cancel.clone());
        parts.spawn(async move { Ok(Box::pin(apply::run(&spec, &cloud, &metrics, &cancel)).await?) });
    }
    if bridged {
        let (spec, cloud, cancel) = (spec.clone(), cloud.clone(), cancel.clone());
        parts.spawn(async move { Ok(Box::pin(bridge::run(&spec, &cloud, options, cancel)).await?) });
    }
    // What does not end the stream when it fails is no part of it.
    let scaling = own_pool(&spec).map(|pool| {
        let (spec, cloud, cancel) = (spec.clone(), cloud.clone(), cancel.clone());
        tokio::spawn(async move { headwater_stream::scale(&spec, &cloud, &pool, &cancel).await })
    });
    let outcome = finish(parts, &cancel, Duration::from_secs(args.grace_seconds)).await;
    watcher.abort();
    if let Some(scaling) = scaling {
        // It only gives back that it scales.
        let _ = tokio::time::timeout(GIVE_BACK, scaling).await;
    }
    drop(serving);
    if let Some(exporting) = exporting {
        exporting.finish().await;
    }
    let drained = outcome?;
    let counts = metrics.snapshot();
    let printed = Printed {
        pipeline: &spec.name,
        drained,
        counts,
        bridge: bridged.then(|| progress.counts()),
    };
    printer.result(&printed, || words(&printed.counts));
    if !drained {
        printer.note("the grace period is over: what was not finished is delivered again");
        return Ok(Exit::Resumable);
    }
    Ok(Exit::Interrupted)
}

/// The worker pool that this process is of; none when somebody runs it by hand, who has no pool to scale.
fn own_pool(spec: &PipelineSpec) -> Option<String> {
    let pool = std::env::var(POOL).ok().filter(|pool| !pool.is_empty())?;
    Some(format!(
        "projects/{}/locations/{}/workerPools/{pool}",
        spec.project, spec.region
    ))
}

/// Waits until all parts have ended: the first that fails ends the others. `false`: they did not end within the grace
/// period.
async fn finish(
    mut parts: JoinSet<Result<(), CommandError>>,
    cancel: &CancellationToken,
    grace: Duration,
) -> Result<bool, CommandError> {
    let deadline = async {
        cancel.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::pin!(deadline);
    let mut outcome = Ok(true);
    loop {
        let joined = tokio::select! {
            joined = parts.join_next() => joined,
            () = &mut deadline => return outcome.map(|_| false),
        };
        let Some(joined) = joined else { return outcome };
        let result = joined.unwrap_or(Err(headwater_stream::Error::Worker.into()));
        if let (Ok(_), Err(error)) = (&outcome, result) {
            outcome = Err(error);
            cancel.cancel();
        }
    }
}

/// Says how the stream stands: a line that changes on a terminal, a line now and then in a log.
fn watch(metrics: &Arc<Metrics>, printer: Printer) -> tokio::task::JoinHandle<()> {
    let metrics = metrics.clone();
    let bar = printer.interactive().then(|| {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    });
    tokio::spawn(async move {
        let (mut last, mut said) = (metrics.snapshot(), Instant::now());
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = metrics.snapshot();
            if let Some(bar) = &bar {
                bar.set_message(words(&now));
            } else if now != last && said.elapsed() >= LINE_EVERY {
                tracing::info!(
                    received = now.received,
                    durable = now.changes,
                    acknowledged = now.acknowledged,
                    outstanding = now.outstanding,
                    dead_letters = now.dead_letters,
                    lag_seconds = now.lag_seconds,
                    "streaming"
                );
                (last, said) = (now, Instant::now());
            }
        }
    })
}

fn words(counts: &Snapshot) -> String {
    let lag = counts
        .lag_seconds
        .map_or_else(String::new, |lag| format!(", {lag} s behind"));
    format!(
        "{} messages, {} changes durable, {} acknowledged, {} dead letters{lag}",
        counts.received, counts.changes, counts.acknowledged, counts.dead_letters
    )
}
