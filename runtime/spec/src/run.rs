//! Records of runs, one JSON object in the lake per run and Salesforce object. Counts, times and positions only: never the
//! value of a cell.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Window;

/// How a run of an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// At work, or killed without being able to say so: compare `updated_at`.
    Running,
    /// Done; the watermark has moved.
    Succeeded,
    /// Failed; see `error`.
    Failed,
    /// Stopped early and resumable: a limit, a deadline, an interruption.
    Stopped,
    /// Not done because another run holds the object's lease.
    Skipped,
}

/// What a run of an object is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waiting for the lease, describing, counting.
    Prepare,
    /// Salesforce prepares the result of a Bulk job.
    Query,
    /// Rows are downloaded and written as Parquet.
    Fetch,
    /// A gate judges the rows.
    Judge,
    /// The load job.
    Load,
    /// The MERGE.
    Merge,
    /// Moving the watermark, removing what was temporary.
    Commit,
    /// Finished.
    Done,
}

/// The API that rows were read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// Bulk API 2.0.
    Bulk,
    /// REST query.
    Rest,
}

/// Counts of a run of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunTotals {
    /// Rows read from Salesforce.
    pub rows_read: u64,
    /// Rows that the MERGE inserted.
    pub rows_inserted: u64,
    /// Rows that it updated.
    pub rows_updated: u64,
    /// Rows that it deleted.
    pub rows_deleted: u64,
    /// Rows that a gate has set apart.
    pub rows_quarantined: u64,
    /// Parquet parts written.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Requests made to Salesforce.
    pub api_calls: u64,
}

/// What a suite of a gate said of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateVerdict {
    /// The suite.
    pub suite: String,
    /// [`crate::PipelineSpec::hash`] of its spec.
    pub suite_hash: String,
    /// The verdict's name among the suite's runs.
    pub run_id: String,
    /// `pass`, `warn`, `fail` or `error`.
    pub state: String,
    /// Rows that it sets apart.
    pub quarantined: u64,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// A stable code, such as `salesforce_limit`.
    pub code: String,
    /// What happened, with its causes.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The record of one object in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectRun {
    /// The run: the Cloud Run execution's name, or a generated one.
    pub run: String,
    /// The pipeline.
    pub pipeline: String,
    /// The Salesforce object.
    pub object: String,
    /// The batch that this run worked on, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// [`crate::PipelineSpec::hash`] of the spec that was executed.
    pub spec_hash: String,
    /// Who deployed the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_by: Option<String>,
    /// Version of the runtime.
    pub runtime_version: String,
    /// The image that ran, when the platform says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The Cloud Run task's index.
    pub task: u32,
    /// The Cloud Run task's attempt, from 0.
    pub attempt: u32,
    /// How it stands.
    pub state: RunState,
    /// What it is doing.
    pub phase: Phase,
    /// How rows were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// What was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Counts so far.
    pub totals: RunTotals,
    /// What the gate said of the batch, suite by suite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gate: Vec<GateVerdict>,
    /// Changes of the table's schema that this run made or noticed, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema_changes: Vec<String>,
    /// When the object's work began.
    pub started_at: DateTime<Utc>,
    /// When this record was last written.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorRecord>,
}
