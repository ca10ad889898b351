//! A worker pool as it is stored, and as a resource.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::stamp;
use crate::http::answer::ApiError;
use crate::http::call::Call;
use crate::run::template::integer;
use crate::store::{View, key};

/// The name of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PoolName {
    pub(super) project: String,
    pub(super) location: String,
    pub(super) pool: String,
}

impl PoolName {
    pub(super) fn of(call: &Call) -> PoolName {
        PoolName {
            project: call.param("project").to_owned(),
            location: call.param("location").to_owned(),
            pool: call.param("pool").to_owned(),
        }
    }

    pub(super) fn full(&self) -> String {
        format!(
            "projects/{}/locations/{}/workerPools/{}",
            self.project, self.location, self.pool
        )
    }

    pub(super) fn key(&self) -> Vec<u8> {
        key(&["run", "wp", &self.project, &self.location, &self.pool])
    }

    pub(super) fn policy_key(&self) -> Vec<u8> {
        key(&["run", "wpiam", &self.project, &self.location, &self.pool])
    }
}

/// A worker pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pool {
    pub(super) name: PoolName,
    pub(super) uid: String,
    pub(super) generation: u64,
    /// Changes with every change; the etag is made of it.
    pub(super) version: i64,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// The revision that runs, without what stands before its name.
    pub(super) revision: String,
    /// What the caller may set, as it is shown.
    pub(super) settings: Map<String, Value>,
}

impl Pool {
    pub(super) fn read(view: &impl View, name: &PoolName) -> Result<Pool, ApiError> {
        let pool = view.get(&name.key())?;
        pool.ok_or_else(|| ApiError::not_found(format!("Resource '{}' was not found", name.pool)))
    }

    fn etag(&self) -> String {
        format!("\"{:x}\"", self.version)
    }

    /// Refuses a change that is based on an older state.
    pub(super) fn check_etag(&self, given: Option<&str>) -> Result<(), ApiError> {
        match given.filter(|given| !given.is_empty()) {
            Some(given) if given.trim_matches('"') != self.etag().trim_matches('"') => Err(ApiError::aborted(format!(
                "Conflict for resource '{}': the etag '{given}' is not the current one.",
                self.name.pool
            ))),
            _ => Ok(()),
        }
    }

    /// How many processes there are to be.
    pub(super) fn instances(&self) -> u32 {
        let count = self
            .settings
            .get("scaling")
            .and_then(|scaling| integer(&scaling["manualInstanceCount"]));
        count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
    }

    /// The resource of the API.
    pub(super) fn resource(&self) -> Value {
        let mut out = Map::new();
        let changed = stamp(self.updated);
        let ready = |kind: &str| json!({ "type": kind, "state": "CONDITION_SUCCEEDED", "lastTransitionTime": changed });
        let revision = format!("{}/revisions/{}", self.name.full(), self.revision);
        out.insert("name".into(), json!(self.name.full()));
        out.insert("uid".into(), json!(self.uid));
        out.insert("generation".into(), json!(self.generation.to_string()));
        out.extend(self.settings.clone());
        out.insert("createTime".into(), json!(stamp(self.created)));
        out.insert("updateTime".into(), json!(changed));
        out.insert("observedGeneration".into(), json!(self.generation.to_string()));
        out.insert("terminalCondition".into(), ready("Ready"));
        out.insert("conditions".into(), json!([ready("WorkerPoolReady")]));
        out.insert("latestReadyRevision".into(), json!(revision));
        out.insert("latestCreatedRevision".into(), json!(revision));
        let split = json!([{ "type": "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST", "percent": 100 }]);
        out.insert("instanceSplitStatuses".into(), split);
        out.insert("reconciling".into(), json!(false));
        out.insert("etag".into(), json!(self.etag()));
        Value::Object(out)
    }
}
