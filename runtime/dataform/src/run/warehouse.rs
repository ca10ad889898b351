//! What a run asks of a warehouse. The contract is this trait's documentation; implementations live with who speaks a protocol.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::Target;

/// BigQuery, wherever it is. All methods may be called at the same time from several tasks. An empty project is the one in which
/// jobs are made: a graph has one if its settings name none.
///
/// An implementation repeats what its protocol says may be repeated (a lost answer, a 503); what it reports as a [`Failure`]
/// is final for it, and its [`FailureKind`] says whether the run may begin the statement anew.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// The names of a project's datasets.
    async fn datasets(&self, project: &str) -> Result<BTreeSet<String>, Failure>;

    /// What has this name; `None` when nothing has.
    async fn table(&self, target: &Target) -> Result<Option<Existing>, Failure>;

    /// Carries out a statement or a script and waits for its end.
    ///
    /// The job's id is the caller's: asked for the same id twice, an implementation attaches to the first job. When `cancel`
    /// fires it asks the warehouse to cancel the job, waits for the job's end, and answers with [`FailureKind::Cancelled`] or
    /// with what the job came to nevertheless.
    async fn query(&self, job: &Job, cancel: &CancellationToken) -> Result<Done, Failure>;

    /// Merges a patch (`description`, `labels`, `schema`) into a table's resource.
    async fn describe(&self, target: &Target, patch: &Value) -> Result<(), Failure>;
}

/// What is found under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Existing {
    /// What it is.
    pub kind: ExistingKind,
    /// Its top-level columns, in order.
    pub columns: Vec<String>,
    /// The table's resource, as BigQuery's `tables.get` gives it: descriptions are merged into its schema.
    pub document: Value,
}

/// `type` of a table's resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "BigQuery's own names")]
pub enum ExistingKind {
    Table,
    View,
    MaterializedView,
    /// External tables, snapshots…: not Dataform's to replace.
    Other,
}

/// A statement or script to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Unique in the project: letters, digits, `_` and `-`.
    pub id: String,
    /// GoogleSQL.
    pub sql: String,
    /// Where; `None` for the warehouse's own choice.
    pub location: Option<String>,
    /// Labels of the job.
    pub labels: BTreeMap<String, String>,
    /// How urgent.
    pub priority: Priority,
    /// The reservation that the action asks for.
    pub reservation: Option<String>,
}

/// `priority` of a query job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "BigQuery's own names")]
pub enum Priority {
    #[default]
    Interactive,
    Batch,
}

/// What a job came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Done {
    /// The id of the job.
    pub job_id: String,
    /// The first page of the last statement's rows, cells as BigQuery's JSON has them (numbers are strings, NULL is null).
    pub rows: Vec<Vec<Value>>,
    /// The names of the rows' columns.
    pub columns: Vec<String>,
    /// Whether `rows` are all there are.
    pub complete: bool,
    /// Bytes that are paid for.
    pub bytes_billed: Option<u64>,
    /// Bytes that were read.
    pub bytes_processed: Option<u64>,
}

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What to make of it.
    pub kind: FailureKind,
    /// What the warehouse said.
    pub message: String,
    /// The job, where one was made.
    pub job_id: Option<String>,
}

impl Failure {
    /// A failure without a job.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            job_id: None,
        }
    }

    /// The same, of this job.
    #[must_use]
    pub fn of_job(mut self, id: impl Into<String>) -> Self {
        self.job_id = Some(id.into());
        self
    }
}

/// What to make of a [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The same again will fail again: the statement is wrong, something is missing, access is denied.
    Permanent,
    /// The same again may succeed: `backendError`, `rateLimitExceeded`, a serialisation conflict, "Retrying the job may solve the
    /// problem". The job has ended and left nothing behind that its repetition would double.
    Transient,
    /// It was cancelled.
    Cancelled,
}

impl FailureKind {
    /// Whether the same statement may be tried once more.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::Transient => true,
            Self::Permanent | Self::Cancelled => false,
        }
    }
}
