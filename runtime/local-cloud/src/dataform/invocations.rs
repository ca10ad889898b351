//! Workflow invocations: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories.workflowInvocations>.
//! How they come to be is in [`super::invoking`], how they are carried out in [`super::execution`].

use chrono::{DateTime, Utc};
use headwater_dataform::run::ActionState;
use headwater_dataform::{Plan, Target};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::filter::{Filter, sort};
use super::invoking::begin;
use super::names::{Collection, RepositoryName};
use super::repositories::{Repository, remove_all};
use super::shapes::{INVOCATION_CONFIG, check_invocation_config};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read};
use crate::page::page;
use crate::store::{StoreError, View};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("compilationResult", Shape::Text),
    ("workflowConfig", Shape::Text),
    ("invocationConfig", INVOCATION_CONFIG),
    ("state", Shape::Output),
    ("invocationTiming", Shape::Output),
    ("resolvedCompilationResult", Shape::Output),
    ("dataEncryptionState", Shape::Output),
    ("internalMetadata", Shape::Output),
    ("privateResourceMetadata", Shape::Output),
    ("pipelineConfig", Shape::Output),
];
const FILTERED: [&str; 7] = [
    "name",
    "state",
    "compilationResult",
    "workflowConfig",
    "resolvedCompilationResult",
    "invocationTiming.startTime",
    "invocationTiming.endTime",
];
/// The space of the actions, by the number that each has in the plan.
const ACTIONS: &str = "actions";

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Running,
    Succeeded,
    Cancelled,
    Failed,
    Canceling,
}

impl State {
    pub(super) fn is_final(self) -> bool {
        !matches!(self, State::Running | State::Canceling)
    }
}

/// An invocation; its actions are kept apart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Invocation {
    pub(super) repository: RepositoryName,
    pub(super) id: String,
    settings: Map<String, Value>,
    /// The `InvocationConfig` that counts: its own, or that of its workflow configuration.
    pub(super) config: Map<String, Value>,
    resolved: String,
    pub(super) state: State,
    started: DateTime<Utc>,
    pub(super) ended: Option<DateTime<Utc>>,
}

/// One action of an invocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Action {
    pub(super) target: Target,
    pub(super) canonical: Target,
    pub(super) state: ActionState,
    pub(super) failure: Option<String>,
    pub(super) sql: Option<String>,
    pub(super) job: Option<String>,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) ended: Option<DateTime<Utc>>,
}

/// The JSON of `google.type.Interval`.
fn interval(start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Value {
    let mut out = Map::new();
    for (name, time) in [("startTime", start), ("endTime", end)] {
        if let Some(time) = time {
            out.insert(name.into(), json!(stamp(time)));
        }
    }
    Value::Object(out)
}

impl Action {
    /// The actions of a plan before they are begun.
    pub(super) fn pending(plan: &Plan) -> Vec<Action> {
        let actions = plan.actions.iter().map(|planned| Action {
            target: planned.action.target().clone(),
            canonical: planned.action.canonical_target().clone(),
            state: ActionState::Pending,
            failure: None,
            sql: None,
            job: None,
            started: None,
            ended: None,
        });
        actions.collect()
    }

    fn resource(&self) -> Value {
        let mut out = json!({
            "target": self.target,
            "canonicalTarget": self.canonical,
            "state": self.state,
        });
        if let Some(reason) = self.failure.as_ref().filter(|_| self.state == ActionState::Failed) {
            out["failureReason"] = json!(reason);
        }
        if self.started.is_some() {
            out["invocationTiming"] = interval(self.started, self.ended);
        }
        if let Some(sql) = &self.sql {
            out["bigqueryAction"] = json!({ "sqlScript": sql });
            if let Some(job) = &self.job {
                out["bigqueryAction"]["jobId"] = json!(job);
            }
        }
        out
    }
}

impl Invocation {
    /// One that begins now.
    pub(super) fn new(
        repository: RepositoryName,
        settings: Map<String, Value>,
        config: Map<String, Value>,
        resolved: String,
    ) -> Invocation {
        let started = Utc::now();
        Invocation {
            repository,
            // As Google's: the second, and what tells it from others of that second.
            id: format!("{}-{}", started.timestamp(), uuid::Uuid::new_v4()),
            settings,
            config,
            resolved,
            state: State::Running,
            started,
            ended: None,
        }
    }

    pub(super) fn find(view: &impl View, repository: &RepositoryName, id: &str) -> Result<Invocation, ApiError> {
        let found = view.get(&repository.child_key(Collection::Invocations, id))?;
        found.ok_or_else(|| {
            let name = repository.child_name(Collection::Invocations, id);
            ApiError::not_found(format!("Resource '{name}' was not found"))
        })
    }

    pub(super) fn key(&self) -> Vec<u8> {
        self.repository.child_key(Collection::Invocations, &self.id)
    }

    pub(super) fn name(&self) -> String {
        self.repository.child_name(Collection::Invocations, &self.id)
    }

    pub(super) fn action_key(&self, number: usize) -> Vec<u8> {
        self.repository.part_key(ACTIONS, &self.id, number as u64)
    }

    pub(super) fn actions(&self, view: &impl View) -> Result<Vec<Action>, StoreError> {
        view.all(&self.repository.part_keys(ACTIONS, &self.id))
    }

    fn resource(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name()));
        out.extend(self.settings.clone());
        out.insert("state".into(), json!(self.state));
        out.insert("invocationTiming".into(), interval(Some(self.started), self.ended));
        out.insert("resolvedCompilationResult".into(), json!(self.resolved));
        Value::Object(out)
    }
}

/// The prefix of all actions of a repository.
pub(super) fn all_actions(repository: &RepositoryName) -> Vec<u8> {
    repository.space(ACTIONS)
}

pub(super) async fn create(mut call: Call) -> Answer {
    let settings = read(call.json().await?, FIELDS, "workflow_invocation")?;
    check_invocation_config(&settings)?;
    ok(&begin(&call.cloud, RepositoryName::of(&call), settings)
        .await?
        .resource())
}

pub(super) async fn get(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    ok(&Invocation::find(&snapshot, &RepositoryName::of(&call), call.param("invocation"))?.resource())
}

/// The newest first, unless an order is asked for.
pub(super) async fn list(call: Call) -> Answer {
    let repository = RepositoryName::of(&call);
    let filter = Filter::parse(call.query.get("filter"), &FILTERED)?;
    let snapshot = call.cloud.store.snapshot()?;
    Repository::read(&snapshot, &repository)?;
    let all: Vec<Invocation> = snapshot.all(&repository.children(Collection::Invocations))?;
    let mut resources: Vec<Value> = all
        .iter()
        .map(Invocation::resource)
        .filter(|resource| filter.accepts(resource))
        .collect();
    let order = call.query.get("orderBy").unwrap_or("name desc");
    sort(&mut resources, Some(order), &["name"])?;
    ok(&page(&call.query, "workflowInvocations", resources, 50)?)
}

pub(super) async fn query(call: Call) -> Answer {
    let snapshot = call.cloud.store.snapshot()?;
    let invocation = Invocation::find(&snapshot, &RepositoryName::of(&call), call.param("invocation"))?;
    let actions = invocation.actions(&snapshot)?;
    let shown = actions.iter().map(Action::resource).collect();
    ok(&page(&call.query, "workflowInvocationActions", shown, 50)?)
}

pub(super) async fn cancel(mut call: Call) -> Answer {
    read(
        call.json().await?,
        &[("name", Shape::Output)],
        "cancel_workflow_invocation_request",
    )?;
    let (repository, id) = (RepositoryName::of(&call), call.param("invocation").to_owned());
    let cancelled = call.cloud.store.write(move |txn| {
        let mut invocation = Invocation::find(txn, &repository, &id)?;
        if invocation.state.is_final() {
            return Err(ApiError::failed_precondition(format!(
                "Workflow invocation '{}' is not running.",
                invocation.name()
            )));
        }
        invocation.state = State::Canceling;
        txn.put(invocation.key(), &invocation)?;
        Ok(invocation)
    });
    let invocation = cancelled.await?;
    call.cloud.dataform.running.cancel(&invocation.key());
    ok(&json!({}))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (repository, id) = (RepositoryName::of(&call), call.param("invocation").to_owned());
    let deleted = call.cloud.store.write(move |txn| {
        let invocation = Invocation::find(txn, &repository, &id)?;
        if !invocation.state.is_final() {
            return Err(ApiError::failed_precondition(format!(
                "Workflow invocation '{}' is running; cancel it and wait for its end first.",
                invocation.name()
            )));
        }
        remove_all(txn, &repository.part_keys(ACTIONS, &id))?;
        txn.remove(invocation.key());
        Ok(())
    });
    deleted.await?;
    ok(&json!({}))
}
