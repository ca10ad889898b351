//! Bulk API 2.0 query jobs: their states, and the thread of work that takes one from `UploadComplete` to `JobComplete`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::id;
use crate::render::{Csv, flat};
use crate::results::{Rendered, render};
use crate::soql::eval::FieldRef;
use crate::soql::run::select;
use crate::soql::{Output, Plan, Selected};
use crate::store::Org;

/// A job's state, by its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// What a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub operation: &'static str,
    pub object: String,
    pub delimiter: &'static str,
    pub line_ending: &'static str,
    pub api_version: String,
    pub pk_chunking: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: String,
    pub asked: Asked,
    pub state: State,
    pub created_ms: i64,
    pub touched_ms: i64,
    pub error: Option<String>,
    pub processing_ms: u64,
    pub result: Option<Rendered>,
    aborted: Arc<AtomicBool>,
}

/// All jobs of the running org. They are forgotten when it stops; a client then gets 404 and starts anew.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    jobs: Mutex<BTreeMap<String, Job>>,
    next: AtomicU64,
}

/// The fields of a plan as columns, or why a Bulk query cannot have them.
pub(crate) fn columns(plan: &Plan) -> Result<Vec<FieldRef>, &'static str> {
    let Selected::Records(outputs) = &plan.selected else {
        return Err("Aggregate Relationships not supported in Bulk Query");
    };
    fn has_compound(outputs: &[Output]) -> bool {
        outputs.iter().any(|o| match o {
            Output::Compound { .. } => true,
            Output::Parent { fields, .. } => has_compound(fields),
            Output::Field(_) => false,
        })
    }
    if has_compound(outputs) {
        return Err("Selecting compound data not supported in Bulk Query");
    }
    if plan.offset > 0 {
        return Err("OFFSET clause not supported in Bulk Query");
    }
    let mut fields = vec![];
    flat(outputs, &mut fields);
    if fields.iter().any(|f| f.field().kind == crate::schema::Kind::Base64) {
        return Err("Base64 fields are not supported in Bulk Query");
    }
    Ok(fields)
}

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Job>> {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: &str) -> Option<Job> {
        let id = id::normalize(id)?;
        self.lock().get(&id).cloned()
    }

    pub(crate) fn list(&self) -> Vec<Job> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Takes a job in.
    pub(crate) fn create(&self, org: &Org, asked: Asked) -> Job {
        // Ids of jobs must not come back after a restart, or a client would take another's result for its own.
        let started = u64::try_from(org.clock.now() / 1000).unwrap_or(0) << 20;
        let slot = started + self.next.fetch_add(1, Ordering::Relaxed);
        let now = org.clock.now();
        let job = Job {
            id: id::make_string("750", slot),
            asked,
            state: State::UploadComplete,
            created_ms: now,
            touched_ms: now,
            error: None,
            processing_ms: 0,
            result: None,
            aborted: Arc::new(AtomicBool::new(false)),
        };
        self.lock().insert(job.id.clone(), job.clone());
        job
    }

    fn change(&self, org: &Org, id: &str, with: impl FnOnce(&mut Job)) -> Option<Job> {
        let mut jobs = self.lock();
        let job = jobs.get_mut(id)?;
        with(job);
        job.touched_ms = org.clock.now();
        Some(job.clone())
    }

    /// Aborts a job that is not over yet.
    pub(crate) fn abort(&self, org: &Org, id: &str) -> Option<Job> {
        self.change(org, id, |job| {
            if !job.state.is_over() {
                job.state = State::Aborted;
                job.aborted.store(true, Ordering::Relaxed);
            }
        })
    }

    /// Stops the work of all jobs.
    pub(crate) fn abort_all(&self) {
        for job in self.lock().values() {
            job.aborted.store(true, Ordering::Relaxed);
        }
    }

    /// Does the work; blocks. `fail` makes it end in failure, `delay` makes it take a while.
    pub(crate) fn run(&self, org: &Org, job: &Job, plan: &Plan, fail: Option<&str>, delay: Duration) {
        let begun = std::time::Instant::now();
        self.change(org, &job.id, |job| {
            if job.state == State::UploadComplete {
                job.state = State::InProgress;
            }
        });
        let keep_on = || !job.aborted.load(Ordering::Relaxed);
        let work = || -> std::io::Result<Option<Rendered>> {
            let fields = columns(plan).map_err(std::io::Error::other)?;
            let deleted = job.asked.operation == "queryAll";
            let rows = select(org, plan, deleted)?;
            let form = Csv {
                delimiter: delimiter(job.asked.delimiter),
                line_ending: line_ending(job.asked.line_ending),
            };
            render(org, plan.object, &fields, form, &rows, &keep_on)
        };
        let result = match fail {
            Some(message) => Err(std::io::Error::other(message.to_owned())),
            None => work(),
        };
        while begun.elapsed() < delay && keep_on() {
            std::thread::sleep((delay.saturating_sub(begun.elapsed())).min(Duration::from_millis(20)));
        }
        let elapsed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.change(org, &job.id, |job| {
            if job.state.is_over() {
                return;
            }
            job.processing_ms = elapsed;
            match result {
                Ok(Some(rendered)) => {
                    job.result = Some(rendered);
                    job.state = State::JobComplete;
                }
                Ok(None) => job.state = State::Aborted,
                Err(e) => {
                    job.error = Some(e.to_string());
                    job.state = State::Failed;
                }
            }
        });
    }
}

/// The byte of a named delimiter.
pub(crate) fn delimiter(name: &str) -> u8 {
    match name {
        "BACKQUOTE" => b'`',
        "CARET" => b'^',
        "PIPE" => b'|',
        "SEMICOLON" => b';',
        "TAB" => b'\t',
        _ => b',',
    }
}

fn line_ending(name: &str) -> &'static [u8] {
    if name == "CRLF" { b"\r\n" } else { b"\n" }
}
