//! `headwater run` of a suite: judges the target by one query where it lies, or by a scan of Dataplex, tells who wants to be told, writes the verdict
//! down, and turns it into an exit status.

mod alert;
mod columns;
mod evaluate;
mod files;
pub mod gate;
mod increment;
mod past;
mod record;
mod scan;
mod show;

use chrono::{DateTime, Utc};
use headwater_cloud::Cloud;
use headwater_quality::engine::State;
use headwater_spec::{DqExecution, DqSuiteSpec, PipelineSpec};
use serde::Serialize;

use self::evaluate::Evaluation;
pub use self::record::text;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::{Printer, table};

/// A run of a suite.
pub struct Run<'a> {
    pub spec: &'a PipelineSpec,
    pub suite: &'a DqSuiteSpec,
    pub id: String,
    pub started: DateTime<Utc>,
    pub mode: Mode,
}

/// Where a suite is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By BigQuery, over the whole table.
    Pushdown,
    /// In process, over what is to be loaded.
    Gate,
    /// By a data quality scan of Dataplex, over the whole table.
    Dataplex,
    /// In process, over files of a lake.
    Files,
}

impl Mode {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pushdown => "pushdown",
            Self::Gate => "gate",
            Self::Dataplex => "dataplex",
            Self::Files => "files",
        }
    }
}

/// The outcome as it is printed.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    run: &'a str,
    suite: &'a str,
    target: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark_to: Option<String>,
    bytes_billed: Option<u64>,
    results: &'a [headwater_quality::engine::ExpectationResult],
}

/// Executes a suite's spec.
pub async fn run(spec: &PipelineSpec, cloud: &Cloud, id: String, printer: Printer) -> Result<Exit, CommandError> {
    let suite = spec.suite()?;
    let run = Run {
        spec,
        suite,
        id,
        started: Utc::now(),
        mode: match suite.execution {
            _ if suite.target.files.is_some() => Mode::Files,
            DqExecution::Bigquery => Mode::Pushdown,
            DqExecution::Dataplex { .. } => Mode::Dataplex,
        },
    };
    columns::complete(cloud, &run).await?;
    let history = record::history(cloud, &run).await?;
    if let Some(state) = history.own {
        // A task that is tried again: the verdict of its first attempt was told and written.
        printer.note(&format!("run {} has its verdict: {}", run.id, word(state)));
        return Ok(exit(state));
    }
    let evaluation = evaluate::evaluate(cloud, &run, history.watermark).await;
    // Nothing that was judged is no recovery.
    let transition = if evaluation.is_of_nothing() {
        None
    } else {
        alert::transition(history.before, evaluation.state())
    };
    // Told first and written then: what is killed in between tells it again, and never not at all.
    alert::publish(cloud, &run, &evaluation, transition).await?;
    record::write(cloud, &run, &evaluation, transition).await?;
    scan::forget(cloud, &run).await?;
    print(&run, &evaluation, printer);
    Ok(exit(evaluation.state()))
}

const fn exit(state: State) -> Exit {
    match state {
        State::Skipped | State::Pass | State::Warn => Exit::Done,
        State::Fail => Exit::Refused,
        State::Error => Exit::NoVerdict,
    }
}

/// A state as it is written.
pub const fn word(state: State) -> &'static str {
    match state {
        State::Skipped => "skipped",
        State::Pass => "pass",
        State::Warn => "warn",
        State::Fail => "fail",
        State::Error => "error",
    }
}

fn print(run: &Run<'_>, evaluation: &Evaluation, printer: Printer) {
    let increment = evaluation.increment.as_ref();
    let printed = Printed {
        run: &run.id,
        suite: &run.spec.name,
        target: run.suite.target.name(),
        state: evaluation.state(),
        reason: evaluation.said(),
        watermark_from: increment.and_then(|increment| increment.from).map(increment::stamp),
        watermark_to: increment
            .and_then(|increment| increment.watermark)
            .map(increment::stamp),
        bytes_billed: evaluation.bytes_billed,
        results: evaluation.results(),
    };
    printer.result(&printed, || {
        let rows: Vec<Vec<String>> = evaluation
            .results()
            .iter()
            .map(|result| {
                let unexpected = result.rows.map_or_else(String::new, |rows| rows.unexpected.to_string());
                let why = result
                    .reason
                    .as_ref()
                    .map_or_else(String::new, |reason| reason.message.clone());
                vec![result.id.clone(), word(result.state).to_owned(), unexpected, why]
            })
            .collect();
        let mut text = format!(
            "run {}: {}\n{}",
            run.id,
            word(evaluation.state()),
            table(&["expectation", "state", "unexpected", "reason"], &rows)
        );
        if let Some(reason) = &evaluation.said() {
            text.push_str(&format!("\n{reason}"));
        }
        text
    });
}
