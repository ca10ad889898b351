//! Cloud Scheduler v1: jobs. <https://cloud.google.com/scheduler/docs/reference/rest>

use std::sync::Arc;

use serde_json::json;

use crate::Document;
use crate::endpoints::Service::Scheduler as CS;
use crate::errors::{Error, Kind};
use crate::http_json::{Call, Transport, segment};

/// Cloud Scheduler.
#[derive(Clone)]
pub struct Scheduler {
    transport: Arc<Transport>,
}

impl Scheduler {
    pub(crate) fn new(transport: Arc<Transport>) -> Self {
        Self { transport }
    }

    /// `projects/P/locations/L/jobs/J`.
    #[must_use]
    pub fn job_name(project: &str, region: &str, job: &str) -> String {
        format!("projects/{project}/locations/{region}/jobs/{job}")
    }

    /// A job's document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_job(&self, name: &str) -> Result<Document, Error> {
        Call::get(CS, path(name), format!("read schedule `{name}`"))
            .send_json(&self.transport)
            .await
    }

    /// Creates a job; the document's `name` is set.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists.
    pub async fn create_job(&self, name: &str, document: &Document) -> Result<Document, Error> {
        let action = format!("create schedule `{name}`");
        let Some((parent, _)) = name.rsplit_once("/jobs/") else {
            return Err(Error::new(Kind::Invalid, action, "it is no full resource name"));
        };
        let mut body = document.clone();
        body["name"] = name.into();
        Call::post(CS, format!("{}/jobs", path(parent)), action)
            .json(&body)
            .create(&self.transport, || self.get_job(name))
            .await
    }

    /// Changes the fields that `update_mask` names (`schedule,timeZone,httpTarget`).
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn patch_job(&self, name: &str, document: &Document, update_mask: &str) -> Result<Document, Error> {
        let mut body = document.clone();
        body["name"] = name.into();
        Call::patch(CS, path(name), format!("change schedule `{name}`"))
            .query("updateMask", update_mask)
            .json(&body)
            .send_json(&self.transport)
            .await
    }

    /// Deletes a job; `false` when there was none.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete_job(&self, name: &str) -> Result<bool, Error> {
        Call::delete(CS, path(name), format!("delete schedule `{name}`"))
            .send_delete(&self.transport)
            .await
    }

    /// Stops a job from firing.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn pause_job(&self, name: &str) -> Result<Document, Error> {
        self.verb(name, "pause").await
    }

    /// Lets a paused job fire again.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn resume_job(&self, name: &str) -> Result<Document, Error> {
        self.verb(name, "resume").await
    }

    /// Fires a job now, besides its schedule.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn run_job(&self, name: &str) -> Result<Document, Error> {
        Call::post(CS, format!("{}:run", path(name)), format!("run schedule `{name}`"))
            .json(&json!({}))
            .send_json(&self.transport)
            .await
    }

    async fn verb(&self, name: &str, verb: &str) -> Result<Document, Error> {
        Call::post(
            CS,
            format!("{}:{verb}", path(name)),
            format!("{verb} schedule `{name}`"),
        )
        .repeatable()
        .json(&json!({}))
        .send_json(&self.transport)
        .await
    }
}

fn path(name: &str) -> String {
    let segments: Vec<String> = name.split('/').map(segment).collect();
    format!("/v1/{}", segments.join("/"))
}
