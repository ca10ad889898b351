//! What a run says while it works: updates for whoever watches, and the run record in the lake.
//! Counts, phases and times only; never the value of a cell.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use headwater_spec::{ErrorRecord, ObjectRun, Phase, RunState};

use crate::lake::Lake;

/// Records of work that goes on are written no more often than this.
const QUIET: Duration = Duration::from_secs(5);

/// An object's progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// A phase has begun.
    Phase(Phase),
    /// Salesforce has said how many rows there will be.
    Expected {
        /// Rows.
        rows: u64,
    },
    /// Rows have arrived.
    Fetched {
        /// Rows so far.
        rows: u64,
        /// Parts finished so far.
        parts: u64,
        /// Parquet bytes so far.
        bytes: u64,
        /// Requests to Salesforce so far.
        api_calls: u64,
    },
    /// The object's run has ended.
    Ended(RunState),
}

/// Whoever watches: the command line's bars, a test. Called often, from any thread; must not block.
pub trait Progress: Send + Sync {
    /// An update about an object.
    fn update(&self, object: &str, update: &Update);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn update(&self, _object: &str, _update: &Update) {}
}

/// Keeps an object's run record up to date.
pub(crate) struct Recorder<'a> {
    lake: Lake,
    name: String,
    progress: &'a dyn Progress,
    state: Mutex<State>,
}

struct State {
    record: ObjectRun,
    written: Option<Instant>,
}

impl<'a> Recorder<'a> {
    pub fn new(lake: Lake, name: String, progress: &'a dyn Progress, record: ObjectRun) -> Self {
        Self {
            lake,
            name,
            progress,
            state: Mutex::new(State { record, written: None }),
        }
    }

    /// Changes the record in memory.
    pub fn note<T>(&self, change: impl FnOnce(&mut ObjectRun) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).record)
    }

    pub fn record(&self) -> ObjectRun {
        self.note(|record| record.clone())
    }

    pub fn tell(&self, update: &Update) {
        let object = self.note(|record| record.object.clone());
        self.progress.update(&object, update);
    }

    /// A new phase: told, logged and written.
    pub async fn phase(&self, phase: Phase) {
        self.note(|record| record.phase = phase);
        tracing::info!(phase = ?phase, "phase");
        self.tell(&Update::Phase(phase));
        self.write().await;
    }

    /// Rows have arrived: told at once, written when it was quiet long enough.
    pub async fn fetched(&self) {
        let totals = self.note(|record| record.totals);
        self.tell(&Update::Fetched {
            rows: totals.rows_read,
            parts: totals.parts,
            bytes: totals.bytes,
            api_calls: totals.api_calls,
        });
        let due = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.written.is_none_or(|written| written.elapsed() >= QUIET)
        };
        if due {
            self.write().await;
        }
    }

    /// The end.
    pub async fn end(&self, state: RunState, error: Option<ErrorRecord>) {
        self.note(|record| {
            record.state = state;
            record.error = error;
            record.finished_at = Some(Utc::now());
            if state == RunState::Succeeded {
                record.phase = Phase::Done;
            }
        });
        self.write().await;
        self.tell(&Update::Ended(state));
    }

    /// Writes the record. A failure is logged and not more: the work matters, and the next write may succeed.
    async fn write(&self) {
        let record = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.record.updated_at = Utc::now();
            state.written = Some(Instant::now());
            state.record.clone()
        };
        if let Err(error) = self.lake.overwrite(&self.name, &record).await {
            tracing::warn!(kind = ?error.kind(), "the run record was not written");
        }
    }
}
