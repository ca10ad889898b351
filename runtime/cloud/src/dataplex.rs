//! Dataplex v1: data scans and their jobs. <https://cloud.google.com/dataplex/docs/reference/rest/v1/projects.locations.dataScans>

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::Document;
use crate::documents::{CreateBy, Documents, Listing, PatchBy};
use crate::errors::{Error, Kind};
use crate::operations::Wait;

/// With rules and results.
const FULL: &[(&str, &str)] = &[("view", "FULL")];
const JOBS: Listing = Listing {
    member: "dataScanJobs",
    query: &[],
    page_size: 100,
};

/// Data scans.
#[derive(Clone)]
pub struct DataScans {
    documents: Documents,
}

/// How a job of a scan stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanJob {
    /// It has not ended.
    Running,
    /// It has ended and has a result; also with errors besides.
    Succeeded(Document),
    /// It has ended without: as it stands, and why.
    Ended(String),
}

impl ScanJob {
    /// What a job's document says.
    #[must_use]
    pub fn of(document: Document) -> Self {
        let text = |name: &str| document[name].as_str().unwrap_or_default();
        match text("state") {
            "SUCCEEDED" | "SUCCEEDED_WITH_ERRORS" => Self::Succeeded(document),
            state @ ("FAILED" | "CANCELLED") => Self::Ended(match text("message") {
                "" => format!("the job {} is {state}", text("name")),
                message => format!("the job {} is {state}: {message}", text("name")),
            }),
            _ => Self::Running,
        }
    }
}

impl DataScans {
    pub(crate) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// `projects/P/locations/L/dataScans/S`.
    #[must_use]
    pub fn name(project: &str, location: &str, scan: &str) -> String {
        format!("projects/{project}/locations/{location}/dataScans/{scan}")
    }

    fn awaiting(&self) -> Documents {
        self.documents.clone().awaiting(Wait::at_most(Duration::from_secs(300)))
    }

    /// A scan, with its rules and its last result.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get(&self, name: &str) -> Result<Document, Error> {
        self.documents.get_with(name, FULL).await
    }

    /// Creates a scan.
    ///
    /// # Errors
    /// `AlreadyExists` when it exists.
    pub async fn create(&self, name: &str, document: &Document) -> Result<Document, Error> {
        self.awaiting()
            .create(name, CreateBy::Query("dataScanId"), document)
            .await
    }

    /// Changes the fields that `mask` names.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn patch(&self, name: &str, document: &Document, mask: &[&str]) -> Result<Document, Error> {
        self.awaiting().patch(name, PatchBy::Query, document, mask).await
    }

    /// Deletes a scan with its jobs; `false` when there was none.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete(&self, name: &str) -> Result<bool, Error> {
        self.awaiting().delete(name).await
    }

    /// Begins a job; its name. Sent once: whose answer is lost looks for the job by [`DataScans::begun_since`].
    ///
    /// # Errors
    /// `NotFound` when there is no such scan.
    pub async fn run(&self, name: &str) -> Result<String, Error> {
        let answer = self.documents.verb(name, "run", &json!({})).await?;
        match answer["job"]["name"].as_str() {
            Some(job) => Ok(job.to_owned()),
            None => Err(Error::new(
                Kind::Unexpected,
                format!("run `{name}`"),
                "the answer names no job",
            )),
        }
    }

    /// The first job of a scan that was begun then or later.
    ///
    /// # Errors
    /// `NotFound` when there is no such scan.
    pub async fn begun_since(&self, name: &str, since: DateTime<Utc>) -> Result<Option<String>, Error> {
        let jobs = self.documents.list(&format!("{name}/jobs"), JOBS).await?;
        let begun = jobs.iter().filter_map(|job| {
            let at = DateTime::parse_from_rfc3339(job["createTime"].as_str()?).ok()?.to_utc();
            let name = job["name"].as_str()?;
            (at >= since).then(|| (at, name.to_owned()))
        });
        Ok(begun.min().map(|(_, name)| name))
    }

    /// A job, with its result when it has one.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn job(&self, name: &str) -> Result<ScanJob, Error> {
        self.documents.get_with(name, FULL).await.map(ScanJob::of)
    }

    /// Waits for a job's end.
    ///
    /// # Errors
    /// `DeadlineExceeded` when it has not ended by then.
    pub async fn wait_job(&self, name: &str, wait: Wait) -> Result<ScanJob, Error> {
        let action = format!("wait for `{name}`");
        let ended = wait.until(&action, || async {
            Ok(match self.job(name).await? {
                ScanJob::Running => None,
                ended => Some(ended),
            })
        });
        ended.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_end_in_some_way() {
        let of = |state: &str| ScanJob::of(json!({ "name": "j", "state": state, "message": "why" }));
        for state in ["PENDING", "RUNNING", "CANCELING", "STATE_UNSPECIFIED"] {
            assert_eq!(of(state), ScanJob::Running);
        }
        for state in ["FAILED", "CANCELLED"] {
            assert_eq!(of(state), ScanJob::Ended(format!("the job j is {state}: why")));
        }
        assert!(matches!(of("SUCCEEDED_WITH_ERRORS"), ScanJob::Succeeded(_)));
    }
}
