//! Bulk API 2.0 query jobs: create, wait, abort, delete, and where their result pages are. Reading a page is in `page`.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm>

mod page;

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use tokio::time::Instant;

pub use page::{Page, PageOptions};

use crate::client::Call;
use crate::error::classify_job;
use crate::{Client, Error, Kind, Result};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JobState {
    /// Queued.
    UploadComplete,
    /// At work.
    InProgress,
    /// Its result can be read.
    JobComplete,
    /// It has failed for good.
    Failed,
    /// Somebody stopped it.
    Aborted,
    /// A state that Salesforce has added.
    #[serde(other)]
    Other,
}

/// A query job. <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_one_job.htm>
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id, 18 characters; results are read by it for 7 days.
    pub id: String,
    /// How far it is.
    pub state: JobState,
    /// The object.
    #[serde(default)]
    pub object: String,
    /// Rows found so far.
    #[serde(default)]
    pub number_records_processed: u64,
    /// How often Salesforce has begun again.
    #[serde(default)]
    pub retries: u32,
    /// Milliseconds that it has taken.
    #[serde(default)]
    pub total_processing_time: u64,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
}

/// How to wait for a job: each poll is a call of the daily budget.
#[derive(Debug, Clone)]
pub struct Wait {
    /// The first pause between polls; each is half as long again as the last.
    pub first: Duration,
    /// The longest pause.
    pub cap: Duration,
    /// The longest wait. The job goes on in Salesforce, and can be waited for again by its id.
    pub deadline: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            deadline: Duration::from_secs(6 * 3600),
        }
    }
}

impl Client {
    /// Creates a query job. No ORDER BY and no LIMIT in the SOQL: they turn off the chunking that makes large jobs possible.
    ///
    /// Should the answer be lost, the job is created once more; the orphan costs one of the day's 10,000 jobs and vanishes
    /// after 7 days. A job whose id the caller has is never left behind: see [`Client::abort_bulk_job`].
    ///
    /// # Errors
    /// [`Kind::BulkUnsupported`] for objects to be read by REST; see [`Error`].
    pub async fn create_bulk_query(&self, soql: &str, include_deleted: bool) -> Result<Job> {
        let body = serde_json::json!({
            "operation": if include_deleted { "queryAll" } else { "query" },
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        });
        self.send(&Call::new(Method::POST, self.path("/jobs/query")).body(body))
            .await?
            .json()
    }

    /// How a job stands. One call.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when it is gone; see [`Error`].
    pub async fn bulk_job(&self, id: &str) -> Result<Job> {
        self.send(&Call::get(self.job_path(id, ""))).await?.json()
    }

    /// Polls until the job is complete; `seen` is told each answer. Dropping the future stops waiting, not the job.
    ///
    /// # Errors
    /// [`Error::Job`] with Salesforce's reason when it failed or was aborted, [`Error::Deadline`]; see [`Error`].
    pub async fn wait_bulk_job(&self, id: &str, wait: &Wait, mut seen: impl FnMut(&Job) + Send) -> Result<Job> {
        let started = Instant::now();
        let mut pause = wait.first;
        loop {
            let job = self.bulk_job(id).await?;
            seen(&job);
            match job.state {
                JobState::JobComplete => return Ok(job),
                JobState::Failed | JobState::Aborted => return Err(ended(job)),
                JobState::UploadComplete | JobState::InProgress | JobState::Other => {}
            }
            if started.elapsed() + pause > wait.deadline {
                return Err(Error::Deadline {
                    what: format!("bulk query job {id}"),
                    seconds: wait.deadline.as_secs(),
                });
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.5).min(wait.cap);
        }
    }

    /// Stops a job. A job that is gone or has ended already is as good as stopped.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn abort_bulk_job(&self, id: &str) -> Result<()> {
        let call = Call::new(Method::PATCH, self.job_path(id, "")).body(serde_json::json!({"state": "Aborted"}));
        match self.send(&call).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::NotFound => Ok(()),
            // Salesforce refuses to abort what has ended: a look at the job tells that from other refusals.
            Err(error) => match self.bulk_job(id).await {
                Ok(job) if matches!(job.state, JobState::JobComplete | JobState::Failed | JobState::Aborted) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Deletes an ended job and its result. A job that is gone is as good as deleted.
    ///
    /// # Errors
    /// See [`Error`]; Salesforce refuses while the job runs.
    pub async fn delete_bulk_job(&self, id: &str) -> Result<()> {
        match self.send(&Call::new(Method::DELETE, self.job_path(id, ""))).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The locators of all of a complete job's pages, for reading them in parallel; Salesforce tells five per call. From
    /// API version 58.0 on. They stay the same as long as the job exists.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_parallel_job_results.htm>
    ///
    /// # Errors
    /// See [`Error`]. When this resource is refused, pages can still be walked one after the other by [`Page::next_locator`].
    pub async fn bulk_locators(&self, id: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Pages {
            #[serde(default)]
            result_pages: Vec<PageUrl>,
            #[serde(default, alias = "nextRecordUrl")]
            next_records_url: Option<String>,
            #[serde(default)]
            done: bool,
        }
        #[derive(Deserialize)]
        struct PageUrl {
            #[serde(alias = "resultUrl", alias = "resultLink")]
            url: String,
        }
        let mut locators = Vec::new();
        let mut path = self.job_path(id, "/resultPages");
        loop {
            let answer = self.send(&Call::get(path)).await?;
            let pages: Pages = answer.json()?;
            for PageUrl { url } in &pages.result_pages {
                let locator =
                    locator(url).ok_or_else(|| Error::unexpected(&answer.request, "a resultUrl has no locator"))?;
                locators.push(locator);
            }
            match pages.next_records_url {
                Some(next) if !pages.done => path = next,
                _ => return Ok(locators),
            }
        }
    }

    fn job_path(&self, id: &str, tail: &str) -> String {
        self.path(&format!("/jobs/query/{id}{tail}"))
    }
}

fn locator(url: &str) -> Option<String> {
    let base = reqwest::Url::parse("http://h/").ok()?;
    let url = base.join(url).ok()?;
    url.query_pairs()
        .find(|(key, _)| key == "locator")
        .map(|(_, value)| value.into_owned())
}

fn ended(job: Job) -> Error {
    let aborted = job.state == JobState::Aborted;
    let message = job.error_message.filter(|m| !m.is_empty()).unwrap_or_else(|| {
        let words = if aborted {
            "somebody stopped it"
        } else {
            "Salesforce gives no reason"
        };
        words.to_owned()
    });
    let kind = if aborted { Kind::Unknown } else { classify_job(&message) };
    Error::Job {
        id: job.id,
        state: if aborted { "Aborted" } else { "Failed" }.into(),
        message,
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locators_are_read_from_urls() {
        let cases = [
            ("/services/data/v66.0/jobs/query/750/results?locator=aBcD", Some("aBcD")),
            ("https://h/x?maxRecords=5&locator=a%2Bb%3D", Some("a+b=")),
            ("/services/data/v66.0/jobs/query/750/results", None),
        ];
        for (url, expected) in cases {
            assert_eq!(locator(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn jobs_are_read_with_states_to_come() {
        let job = |state: &str| {
            serde_json::from_str::<Job>(&format!(r#"{{"id":"750","state":"{state}","apiVersion":66.0}}"#)).unwrap()
        };
        assert_eq!(job("JobComplete").state, JobState::JobComplete);
        assert_eq!(job("Dreaming").state, JobState::Other);
        let failed = Job {
            error_message: Some("InvalidBatch : Field name not found : X__c".into()),
            ..job("Failed")
        };
        let error = ended(failed);
        assert_eq!(
            (error.kind(), error.to_string()),
            (
                Kind::Field,
                "bulk query job 750 ended as Failed: InvalidBatch : Field name not found : X__c".into()
            )
        );
    }
}
