//! Jobs of data scans: begun, shown and cancelled.
//! <https://cloud.google.com/dataplex/docs/reference/rest/v1/projects.locations.dataScans.jobs>

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::execution;
use super::scans::{Detail, Latest, Scan, ScanName};
use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Shape, read};
use crate::page::page;
use crate::store::{View, key, under};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Pending,
    Running,
    Canceling,
    Cancelled,
    Succeeded,
    SucceededWithErrors,
    Failed,
}

impl State {
    pub(super) fn is_final(self) -> bool {
        !matches!(self, State::Pending | State::Running | State::Canceling)
    }
}

/// One execution of a scan, with the settings that the scan had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) scan: ScanName,
    pub(super) id: String,
    /// The scan's settings when the job was made.
    pub(super) settings: Map<String, Value>,
    pub(super) scheduled: bool,
    pub(super) state: State,
    pub(super) message: Option<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) ended: Option<DateTime<Utc>>,
    pub(super) result: Option<Value>,
}

/// The prefix of the jobs of a scan.
pub(super) fn below(scan: &ScanName) -> Vec<u8> {
    under(&["dataplex", "jobs", &scan.project, &scan.location, &scan.scan])
}

/// The prefix of all jobs.
pub(super) fn all() -> Vec<u8> {
    under(&["dataplex", "jobs"])
}

impl Job {
    pub(super) fn key(&self) -> Vec<u8> {
        job_key(&self.scan, &self.id)
    }

    pub(super) fn name(&self) -> String {
        format!("{}/jobs/{}", self.scan, self.id)
    }

    fn resource(&self, detail: Detail) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name()));
        out.insert("uid".into(), json!(self.id));
        out.insert("createTime".into(), json!(stamp(self.created)));
        for (name, time) in [("startTime", self.started), ("endTime", self.ended)] {
            if let Some(time) = time {
                out.insert(name.into(), json!(stamp(time)));
            }
        }
        out.insert("state".into(), json!(self.state));
        if let Some(message) = &self.message {
            let field = match self.state {
                State::SucceededWithErrors => "partialFailureMessage",
                _ => "message",
            };
            out.insert(field.into(), json!(message));
        }
        out.insert("type".into(), json!("DATA_QUALITY"));
        if detail == Detail::Full {
            out.insert("dataQualitySpec".into(), self.settings["dataQualitySpec"].clone());
            if let Some(result) = &self.result {
                out.insert("dataQualityResult".into(), result.clone());
            }
        }
        Value::Object(out)
    }
}

fn job_key(scan: &ScanName, id: &str) -> Vec<u8> {
    key(&["dataplex", "jobs", &scan.project, &scan.location, &scan.scan, id])
}

fn find(view: &impl View, scan: &ScanName, id: &str) -> Result<Job, ApiError> {
    view.get(&job_key(scan, id))?
        .ok_or_else(|| ApiError::not_found(format!("Resource '{scan}/jobs/{id}' was not found")))
}

/// Makes a job of a scan, and begins it.
pub(super) async fn begin(cloud: &Arc<Cloud>, name: ScanName, scheduled: bool) -> Result<Job, ApiError> {
    let made = cloud.store.write(move |txn| {
        let mut scan = Scan::read(txn, &name)?;
        if !scan.settings.contains_key("dataQualitySpec") {
            return Err(ApiError::unimplemented("dataplex.dataScans.run of a data profile scan"));
        }
        if scan.settings["dataQualitySpec"]["filter"].is_string() {
            return Err(ApiError::unimplemented(
                "dataplex.dataScans.run with data_quality_spec.filter",
            ));
        }
        let created = Utc::now();
        let job = Job {
            id: uuid::Uuid::new_v4().to_string(),
            settings: scan.settings.clone(),
            scheduled,
            state: State::Pending,
            message: None,
            created,
            started: None,
            ended: None,
            result: None,
            scan: name,
        };
        scan.latest = Some(Latest {
            created,
            started: None,
            ended: None,
        });
        txn.put(scan.name.key(), &scan)?;
        txn.put(job.key(), &job)?;
        Ok(job)
    });
    let job = made.await?;
    let token = CancellationToken::new();
    cloud.dataplex.running.begin(job.key(), token.clone());
    execution::start(cloud, job.clone(), token);
    Ok(job)
}

pub(super) async fn run(mut call: Call) -> Answer {
    read(call.json().await?, &[("name", Shape::Output)], "run_data_scan_request")?;
    let job = begin(&call.cloud, ScanName::of(&call), false).await?;
    ok(&json!({ "job": job.resource(Detail::Full) }))
}

pub(super) async fn get(call: Call) -> Answer {
    let detail = Detail::of(&call)?;
    let job = find(&call.cloud.store.snapshot()?, &ScanName::of(&call), call.param("job"))?;
    ok(&job.resource(detail))
}

/// The newest first.
pub(super) async fn list(call: Call) -> Answer {
    if call.query.get("filter").is_some_and(|filter| !filter.is_empty()) {
        return Err(ApiError::unimplemented("dataplex.dataScans.jobs.list with filter"));
    }
    let name = ScanName::of(&call);
    let snapshot = call.cloud.store.snapshot()?;
    Scan::read(&snapshot, &name)?;
    let mut jobs: Vec<Job> = snapshot.all(&below(&name))?;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
    let shown = jobs.iter().map(|job| job.resource(Detail::Basic)).collect();
    ok(&page(&call.query, "dataScanJobs", shown, 10)?)
}

pub(super) async fn cancel(mut call: Call) -> Answer {
    read(
        call.json().await?,
        &[("name", Shape::Output)],
        "cancel_data_scan_job_request",
    )?;
    let (name, id) = (ScanName::of(&call), call.param("job").to_owned());
    let cancelled = call.cloud.store.write(move |txn| {
        let mut job = find(txn, &name, &id)?;
        if job.state.is_final() {
            return Err(ApiError::failed_precondition(format!(
                "Data scan job '{}' is not running.",
                job.name()
            )));
        }
        job.state = State::Canceling;
        txn.put(job.key(), &job)?;
        Ok(job)
    });
    let job = cancelled.await?;
    call.cloud.dataplex.running.cancel(&job.key());
    ok(&json!({}))
}
