//! A job as it is stored, and the state that it is in by now.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::http::answer::ApiError;
use crate::store::{View, key, under};

/// How long a job is on its way from one state to the next.
const PASSING: TimeDelta = TimeDelta::milliseconds(200);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    pub project: String,
    pub location: String,
    pub id: String,
    pub name: String,
    pub created: DateTime<Utc>,
    /// The launch.
    pub parameter: Map<String, Value>,
    /// What it was asked to become, drained or cancelled, and when.
    pub requested: Option<(State, DateTime<Utc>)>,
    /// The job that it was updated to, and when.
    pub replaced_by: Option<(String, DateTime<Utc>)>,
    /// The job that it is an update of.
    pub replaces: Option<String>,
    /// Why it could not begin.
    pub failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Queued,
    Running,
    Draining,
    Drained,
    Cancelling,
    Cancelled,
    Updated,
    Failed,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "JOB_STATE_QUEUED",
            Self::Running => "JOB_STATE_RUNNING",
            Self::Draining => "JOB_STATE_DRAINING",
            Self::Drained => "JOB_STATE_DRAINED",
            Self::Cancelling => "JOB_STATE_CANCELLING",
            Self::Cancelled => "JOB_STATE_CANCELLED",
            Self::Updated => "JOB_STATE_UPDATED",
            Self::Failed => "JOB_STATE_FAILED",
        }
    }

    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Drained | Self::Cancelled | Self::Updated | Self::Failed)
    }
}

impl Job {
    pub fn key(project: &str, location: &str, id: &str) -> Vec<u8> {
        key(&["dataflow", "jobs", project, location, id])
    }

    pub fn under(project: &str, location: &str) -> Vec<u8> {
        under(&["dataflow", "jobs", project, location])
    }

    pub fn read(view: &impl View, project: &str, location: &str, id: &str) -> Result<Self, ApiError> {
        view.get(&Self::key(project, location, id))?.ok_or_else(|| {
            ApiError::not_found(format!(
                "Information about job {id} could not be found in our system. Please double check the id is correct."
            ))
        })
    }

    /// The state at a time, and since when.
    pub fn state(&self, now: DateTime<Utc>) -> (State, DateTime<Utc>) {
        if self.failure.is_some() {
            return (State::Failed, self.created);
        }
        if let Some((_, at)) = self.replaced_by {
            return (State::Updated, at);
        }
        let (passing, then, since) = match self.requested {
            Some((State::Drained, at)) => (State::Draining, State::Drained, at),
            Some((_, at)) => (State::Cancelling, State::Cancelled, at),
            None => (State::Queued, State::Running, self.created),
        };
        if now < since + PASSING {
            (passing, since)
        } else {
            (then, since + PASSING)
        }
    }

    /// What every view of it shows.
    pub fn summary(&self, now: DateTime<Utc>) -> Value {
        let (state, since) = self.state(now);
        let mut out = json!({
            "id": self.id,
            "projectId": self.project,
            "name": self.name,
            "type": "JOB_TYPE_STREAMING",
            "currentState": state.name(),
            "currentStateTime": stamp(since),
            "createTime": stamp(self.created),
            "startTime": stamp(self.created),
            "location": self.location,
        });
        if let Some((requested, _)) = self.requested {
            out["requestedState"] = requested.name().into();
        }
        if let Some((job, _)) = &self.replaced_by {
            out["replacedByJobId"] = job.as_str().into();
        }
        if let Some(job) = &self.replaces {
            out["replaceJobId"] = job.as_str().into();
        }
        out
    }

    /// The same with labels and environment.
    pub fn description(&self, now: DateTime<Utc>) -> Value {
        let mut out = self.summary(now);
        let environment = &self.parameter.get("environment").cloned().unwrap_or_default();
        if let Some(labels) = environment["additionalUserLabels"].as_object() {
            out["labels"] = Value::Object(labels.clone());
        }
        if let Some(account) = environment["serviceAccountEmail"].as_str() {
            out["environment"]["serviceAccountEmail"] = account.into();
        }
        out
    }

    /// What the service has to say about it, with the importance.
    pub fn messages(&self) -> Vec<(&'static str, String)> {
        match &self.failure {
            Some(why) => vec![("JOB_MESSAGE_ERROR", why.clone())],
            None => vec![(
                "JOB_MESSAGE_WARNING",
                "The local cloud keeps this job and does not execute it, because it has no Apache Beam: nothing is read from its \
                 sources, and nothing is written."
                    .to_owned(),
            )],
        }
    }
}
