//! The warehouse of workflow invocations: the local cloud's BigQuery, called within the process as its clients call it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use headwater_dataform::Target;
use headwater_dataform::run::{
    ActionEvent, Done, Existing, ExistingKind, Failure, FailureKind, Job, Priority, Warehouse as Asked,
};
use http::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::bigquery::{Api, message, table_path};
use crate::http::call::percent_encode;

/// The reasons for which BigQuery says that a job may be tried again:
/// <https://cloud.google.com/bigquery/docs/error-messages>.
const TRANSIENT: [&str; 5] = [
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "rateLimitExceeded",
];

/// BigQuery, for one invocation.
pub(super) struct Warehouse {
    api: Api,
    /// Whose jobs they are.
    project: String,
    /// The action of each job, as far as its labels are to name it.
    actions: Mutex<HashMap<String, Target>>,
}

impl Warehouse {
    pub(super) fn new(api: Api, project: &str) -> Warehouse {
        Warehouse {
            api,
            project: project.to_owned(),
            actions: Mutex::default(),
        }
    }

    /// Notes whose a job is, which a run tells before it makes the job.
    pub(super) fn note(&self, event: &ActionEvent) {
        if let Some(job) = &event.job_id {
            let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
            actions.insert(job.clone(), event.target.clone());
        }
    }

    /// The labels of a job: those that are asked for, and the action's name.
    fn labels(&self, job: &Job) -> BTreeMap<String, String> {
        let mut labels = job.labels.clone();
        let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = actions.get(&job.id) {
            for (part, value) in [
                ("database", &target.database),
                ("schema", &target.schema),
                ("name", &target.name),
            ] {
                labels.insert(format!("dataform_workflow_execution_action_id_{part}"), label(value));
            }
        }
        labels
    }

    /// A dataset's or table's project: an action need not name one.
    fn project_of<'a>(&'a self, project: &'a str) -> &'a str {
        if project.is_empty() { &self.project } else { project }
    }

    fn job_path(&self, collection: &str, id: &str) -> String {
        let [project, id] = [&self.project, id].map(percent_encode);
        format!("/bigquery/v2/projects/{project}/{collection}/{id}")
    }

    async fn call(&self, verb: &str, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value), Failure> {
        let answer = self.api.call(verb, path, body).await;
        answer.map_err(|message| Failure::new(FailureKind::Transient, message))
    }

    async fn insert(&self, job: &Job) -> Result<(), Failure> {
        let mut query = json!({ "query": job.sql, "useLegacySql": false, "priority": match job.priority {
            Priority::Interactive => "INTERACTIVE",
            Priority::Batch => "BATCH",
        } });
        if let Some(reservation) = &job.reservation {
            query["reservation"] = json!(reservation);
        }
        let mut body = json!({
            "jobReference": { "projectId": self.project, "jobId": job.id },
            "configuration": { "labels": self.labels(job), "query": query },
        });
        if let Some(location) = &job.location {
            body["jobReference"]["location"] = json!(location);
        }
        let path = format!("/bigquery/v2/projects/{}/jobs", percent_encode(&self.project));
        let (status, answer) = self.call("POST", &path, Some(&body)).await?;
        // A job of that id is this job: an earlier call made it.
        if status.is_success() || status == StatusCode::CONFLICT {
            return Ok(());
        }
        Err(failure(&answer["error"]["errors"][0], &message(&answer)))
    }

    /// Waits for the job's end; asks for it once when `cancel` fires.
    async fn wait(&self, job: &Job, cancel: &CancellationToken) -> Result<(), Failure> {
        let results = format!("{}?timeoutMs=60000&maxResults=0", self.job_path("queries", &job.id));
        let mut asked = false;
        loop {
            let waited = self.call("GET", &results, None);
            tokio::select! {
                () = cancel.cancelled(), if !asked => {
                    asked = true;
                    let path = format!("{}/cancel", self.job_path("jobs", &job.id));
                    self.call("POST", &path, Some(&json!({}))).await?;
                }
                waited = waited => {
                    let (status, answer) = waited?;
                    if !status.is_success() || answer["jobComplete"] == true {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn outcome(&self, job: &Job) -> Result<Done, Failure> {
        let (status, ended) = self.call("GET", &self.job_path("jobs", &job.id), None).await?;
        if !status.is_success() {
            return Err(failure(&ended["error"]["errors"][0], &message(&ended)));
        }
        let error = &ended["status"]["errorResult"];
        if error.is_object() {
            return Err(failure(error, error["message"].as_str().unwrap_or_default()));
        }
        let bytes = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let mut done = Done {
            job_id: job.id.clone(),
            bytes_billed: bytes(&ended["statistics"]["query"]["totalBytesBilled"]),
            bytes_processed: bytes(&ended["statistics"]["query"]["totalBytesProcessed"]),
            complete: true,
            ..Done::default()
        };
        let path = format!("{}?maxResults=1000", self.job_path("queries", &job.id));
        let (status, page) = self.call("GET", &path, None).await?;
        if status.is_success() {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            done.complete = page["pageToken"].is_null();
            done.columns = list(&page["schema"]["fields"])
                .iter()
                .filter_map(|field| field["name"].as_str().map(str::to_owned))
                .collect();
            let cells = |row: &Value| list(&row["f"]).into_iter().map(|cell| cell["v"].clone()).collect();
            done.rows = list(&page["rows"]).iter().map(cells).collect();
        }
        Ok(done)
    }
}

/// What BigQuery's `ErrorProto` means for a run.
fn failure(error: &Value, message: &str) -> Failure {
    let reason = error["reason"].as_str().unwrap_or_default();
    let again = TRANSIENT.contains(&reason) || message.contains("Retrying the job may solve the problem");
    let kind = match reason {
        "stopped" => FailureKind::Cancelled,
        _ if again => FailureKind::Transient,
        _ => FailureKind::Permanent,
    };
    Failure::new(kind, message)
}

/// A text as the value of a label, which has only lowercase letters, digits, `_` and `-`, and at most 63 of them.
pub(super) fn label(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    text.to_lowercase().chars().map(plain).take(63).collect()
}

#[async_trait]
impl Asked for Warehouse {
    async fn datasets(&self, project: &str) -> Result<BTreeSet<String>, Failure> {
        let mut found = BTreeSet::new();
        let mut token = String::new();
        loop {
            let project = percent_encode(self.project_of(project));
            let path = format!("/bigquery/v2/projects/{project}/datasets?all=true&maxResults=1000&pageToken={token}");
            let (status, page) = self.call("GET", &path, None).await?;
            if !status.is_success() {
                return Err(failure(&page["error"]["errors"][0], &message(&page)));
            }
            let datasets = page["datasets"].as_array().into_iter().flatten();
            let names = datasets.filter_map(|dataset| dataset["datasetReference"]["datasetId"].as_str());
            found.extend(names.map(str::to_owned));
            match page["nextPageToken"].as_str() {
                Some(next) => token = percent_encode(next),
                None => return Ok(found),
            }
        }
    }

    async fn table(&self, target: &Target) -> Result<Option<Existing>, Failure> {
        let path = table_path(self.project_of(&target.database), &target.schema, &target.name);
        let (status, document) = self.call("GET", &path, None).await?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(failure(&document["error"]["errors"][0], &message(&document)));
        }
        let kind = match document["type"].as_str() {
            Some("TABLE") => ExistingKind::Table,
            Some("VIEW") => ExistingKind::View,
            Some("MATERIALIZED_VIEW") => ExistingKind::MaterializedView,
            _ => ExistingKind::Other,
        };
        let fields = document["schema"]["fields"].as_array().into_iter().flatten();
        let columns = fields.filter_map(|field| field["name"].as_str().map(str::to_owned));
        Ok(Some(Existing {
            kind,
            columns: columns.collect(),
            document,
        }))
    }

    async fn query(&self, job: &Job, cancel: &CancellationToken) -> Result<Done, Failure> {
        let of_job = |failure: Failure| failure.of_job(&job.id);
        self.insert(job).await.map_err(of_job)?;
        self.wait(job, cancel).await.map_err(of_job)?;
        self.outcome(job).await.map_err(of_job)
    }

    async fn describe(&self, target: &Target, patch: &Value) -> Result<(), Failure> {
        let path = table_path(self.project_of(&target.database), &target.schema, &target.name);
        let (status, answer) = self.call("PATCH", &path, Some(patch)).await?;
        if status.is_success() {
            return Ok(());
        }
        Err(failure(&answer["error"]["errors"][0], &message(&answer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels_and_errors_become_kinds() {
        for (text, expected) in [
            ("Sales.Orders", "sales_orders"),
            ("a-b_c9", "a-b_c9"),
            ("größe", "größe"),
            ("", ""),
        ] {
            assert_eq!(label(text), expected);
        }
        assert_eq!(label(&"x".repeat(99)).len(), 63);
        for (reason, message, kind) in [
            ("invalidQuery", "no", FailureKind::Permanent),
            ("stopped", "no", FailureKind::Cancelled),
            ("backendError", "no", FailureKind::Transient),
            (
                "invalid",
                "x. Retrying the job may solve the problem.",
                FailureKind::Transient,
            ),
        ] {
            let failure = failure(&json!({ "reason": reason }), message);
            assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
        }
    }
}
