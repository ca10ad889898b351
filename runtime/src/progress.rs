//! Progress of a run: bars on a terminal, a line now and then elsewhere. What is counted is the executor's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater_extract::{Progress, Update};
use headwater_spec::{Phase, RunState};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// In a log, an object that goes on says so no more often than this.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar for each object.
#[derive(Default)]
pub struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        Phase::Query => "query",
        Phase::Fetch => "fetch",
        Phase::Judge => "judge",
        Phase::Load => "load",
        Phase::Merge => "merge",
        Phase::Commit => "commit",
        Phase::Done => "done",
    }
}

const fn ended(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Succeeded => "done",
        RunState::Failed => "failed",
        RunState::Stopped => "stopped",
        RunState::Skipped => "skipped",
    }
}

impl Bars {
    fn bar(&self, object: &str) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let bar = self.all.add(ProgressBar::no_length());
            let style = "{prefix:<24} {msg:<10} {bar:24} {human_pos:>12} rows {per_sec:>16} {elapsed:>4}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar.set_prefix(object.to_owned());
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        };
        bars.entry(object.to_owned()).or_insert_with(new).clone()
    }
}

impl Progress for Bars {
    fn update(&self, object: &str, update: &Update) {
        let bar = self.bar(object);
        match update {
            Update::Phase(phase) => bar.set_message(word(*phase)),
            Update::Expected { rows } => bar.set_length(*rows),
            Update::Fetched { rows, .. } => bar.set_position(*rows),
            Update::Ended(state) => {
                bar.finish_with_message(ended(*state));
            }
        }
    }
}

/// Log lines instead of bars: one when a phase begins comes from the executor, this adds the counts in between.
#[derive(Default)]
pub struct Lines {
    last: Mutex<HashMap<String, Instant>>,
}

impl Progress for Lines {
    fn update(&self, object: &str, update: &Update) {
        if let Update::Fetched {
            rows,
            parts,
            bytes,
            api_calls,
        } = update
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let due = last.get(object).is_none_or(|then| now - *then >= LINE_EVERY);
            if due {
                last.insert(object.to_owned(), now);
                tracing::info!(object, rows, parts, bytes, api_calls, "fetching");
            }
        }
    }
}
