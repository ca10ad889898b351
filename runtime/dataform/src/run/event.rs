//! What a run tells while it goes on, and what it has come to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::graph::{Kind, Target};

/// Where an action is. The words are Dataform v1's (`WorkflowInvocationAction.State`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionState {
    /// Waits for its dependencies or its turn.
    Pending,
    /// At work.
    Running,
    /// Not begun, because something it depends on did not succeed.
    Skipped,
    /// Disabled in the project: counts as success for what depends on it.
    Disabled,
    /// Done.
    Succeeded,
    /// Stopped, or not begun, because the run was cancelled.
    Cancelled,
    /// Did not work, or an assertion found rows.
    Failed,
}

impl ActionState {
    /// Whether it stays.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Whether what depends on it may begin.
    #[must_use]
    pub fn lets_on(self) -> bool {
        matches!(self, Self::Succeeded | Self::Disabled)
    }
}

/// An action has changed its state, or one of its jobs begins.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionEvent {
    /// The action.
    pub target: Target,
    /// Where it is now.
    pub state: ActionState,
    /// Why it failed, was skipped or cancelled.
    pub failure: Option<String>,
    /// The job at work, or the last one.
    pub job_id: Option<String>,
    /// The SQL of that job.
    pub sql: Option<String>,
    /// When the action began.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Bytes billed so far.
    pub bytes: Option<u64>,
}

/// One job of an action.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// The job, if it was begun.
    pub job_id: Option<String>,
    /// Its SQL.
    pub sql: String,
    /// How often it was begun.
    pub attempts: u32,
    /// Bytes that are paid for.
    pub bytes_billed: Option<u64>,
    /// Bytes that were read.
    pub bytes_processed: Option<u64>,
}

/// What an action has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionReport {
    /// The action.
    pub target: Target,
    /// Before suffix and prefix.
    pub canonical_target: Target,
    /// What it is.
    pub kind: Kind,
    /// Where its source is.
    pub file: String,
    /// A final state.
    pub state: ActionState,
    /// Why it failed, was skipped or cancelled.
    pub failure: Option<String>,
    /// When it began.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Its jobs, in order, as far as they were begun.
    pub tasks: Vec<Task>,
}

/// What a run has come to. The words are Dataform v1's (`WorkflowInvocation.State`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "they say it")]
pub enum RunState {
    Succeeded,
    Cancelled,
    Failed,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Failed when an action failed; cancelled when it was stopped before its end.
    pub state: RunState,
    /// Why nothing could be begun at all: the state of the warehouse could not be read, a dataset could not be made.
    pub failure: Option<String>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// Every action of the plan, in its order.
    pub actions: Vec<ActionReport>,
}
