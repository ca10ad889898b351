//! BigQuery jobs with ids that the client chooses: inserting one twice is the same as once.

use std::fmt;

use serde_json::{Value, json};

use crate::Document;
use crate::bigquery::BigQuery;
use crate::endpoints::Service::BigQuery as BQ;
use crate::errors::{Error, Kind, classify};
use crate::http_json::{Call, segment};
use crate::operations::Wait;

/// A job's full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobRef {
    /// Project.
    pub project: String,
    /// Location, such as `EU`; `None` lets BigQuery decide.
    pub location: Option<String>,
    /// Id: letters, digits, `-` and `_`, at most 1,024.
    pub id: String,
}

impl JobRef {
    fn path(&self) -> String {
        format!(
            "/bigquery/v2/projects/{}/jobs/{}",
            segment(&self.project),
            segment(&self.id)
        )
    }
}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// How a job stands.
#[derive(Debug)]
pub enum JobStatus {
    /// Pending or running.
    Running,
    /// Done without error; the job's document.
    Done(Document),
    /// Done with an error, which is final: the job has changed nothing.
    Failed(Error),
}

/// What BigQuery says of a query that it did not run.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// Bytes that it would read, at most.
    pub bytes: u64,
    /// The columns of its result, as a `schema`.
    pub schema: Document,
}

impl BigQuery {
    /// Asks what a query would do. It costs nothing and changes nothing.
    ///
    /// # Errors
    /// `Invalid` with BigQuery's message, which says where, when the SQL is wrong; `NotFound` when it names what is not there.
    pub async fn dry_run(&self, sql: &str, location: Option<&str>) -> Result<DryRun, Error> {
        let mut body = json!({
            "configuration": {"dryRun": true, "query": {"query": sql, "useLegacySql": false}},
            "jobReference": {"projectId": self.project},
        });
        if let Some(location) = location {
            body["jobReference"]["location"] = location.into();
        }
        let path = format!("/bigquery/v2/projects/{}/jobs", segment(&self.project));
        let job = Call::post(BQ, path, "check query")
            .repeatable()
            .json(&body)
            .send_json(&self.transport)
            .await?;
        let statistics = &job["statistics"];
        let bytes = [
            &statistics["query"]["totalBytesProcessed"],
            &statistics["totalBytesProcessed"],
        ];
        let bytes = bytes.iter().find_map(|bytes| bytes.as_str()?.parse().ok());
        Ok(DryRun {
            bytes: bytes.unwrap_or_default(),
            schema: statistics["query"]["schema"].clone(),
        })
    }

    /// Inserts a job, or finds the one that was inserted under the same id before. `fresh` tells which.
    ///
    /// # Errors
    /// `Invalid` when the configuration is refused.
    pub async fn insert_job(&self, job: &JobRef, configuration: &Document) -> Result<(Document, bool), Error> {
        let mut reference = json!({"projectId": job.project, "jobId": job.id});
        if let Some(location) = &job.location {
            reference["location"] = location.as_str().into();
        }
        let body = json!({"jobReference": reference, "configuration": configuration});
        let path = format!("/bigquery/v2/projects/{}/jobs", segment(&job.project));
        let inserted = Call::post(BQ, path, format!("start job `{job}`"))
            .repeatable()
            .json(&body)
            .send_json(&self.transport)
            .await;
        match inserted {
            Ok(document) => Ok((document, true)),
            Err(error) if error.kind() == Kind::AlreadyExists => Ok((self.get_job(job).await?, false)),
            Err(error) => Err(error),
        }
    }

    /// A job's document.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get_job(&self, job: &JobRef) -> Result<Document, Error> {
        Call::get(BQ, job.path(), format!("look at job `{job}`"))
            .query_opt("location", job.location.as_deref())
            .send_json(&self.transport)
            .await
    }

    /// Asks BigQuery to stop a job; it may finish all the same.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn cancel_job(&self, job: &JobRef) -> Result<(), Error> {
        Call::post(BQ, format!("{}/cancel", job.path()), format!("cancel job `{job}`"))
            .repeatable()
            .query_opt("location", job.location.as_deref())
            .send(&self.transport)
            .await
            .map(drop)
    }

    /// How a job's document says that it stands.
    #[must_use]
    pub fn job_status(job: &JobRef, document: &Document) -> JobStatus {
        let status = &document["status"];
        if status["state"].as_str() != Some("DONE") {
            return JobStatus::Running;
        }
        let error = &status["errorResult"];
        if !error.is_object() {
            return JobStatus::Done(document.clone());
        }
        let reason = error["reason"].as_str().unwrap_or_default();
        let kind = match classify(400, "", reason, false) {
            Kind::Invalid => match reason {
                "notFound" => Kind::NotFound,
                "duplicate" => Kind::AlreadyExists,
                "accessDenied" => Kind::PermissionDenied,
                _ => Kind::Failed,
            },
            other => other,
        };
        // `errors` often holds the particular fault behind a general `errorResult`.
        let mut messages: Vec<&str> = vec![error["message"].as_str().unwrap_or("the job failed")];
        let more = status["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["message"].as_str());
        for message in more.take(5) {
            if !messages.contains(&message) {
                messages.push(message);
            }
        }
        let error = Error::new(kind, format!("job `{job}`"), messages.join("; "));
        JobStatus::Failed(error.with_reason(Some(reason.to_owned())))
    }

    /// Waits until a job is done; a failed job is an `Ok(JobStatus::Failed)`.
    ///
    /// # Errors
    /// When looking at it fails, and `DeadlineExceeded`.
    pub async fn wait_job(&self, job: &JobRef, wait: Wait) -> Result<JobStatus, Error> {
        wait.until(&format!("wait for job `{job}`"), || async move {
            let document = self.get_job(job).await?;
            Ok(match Self::job_status(job, &document) {
                JobStatus::Running => None,
                ended => Some(ended),
            })
        })
        .await
    }

    /// As [`BigQuery::wait_job`] for a query, and told as soon as it is done: the service holds the request back until then.
    ///
    /// # Errors
    /// When looking at it fails, and `DeadlineExceeded`.
    pub async fn wait_query(&self, job: &JobRef, wait: Wait) -> Result<JobStatus, Error> {
        wait.until(&format!("wait for query `{job}`"), || async move {
            let path = format!(
                "/bigquery/v2/projects/{}/queries/{}",
                segment(&job.project),
                segment(&job.id)
            );
            // Sent once: of a query that failed this tells its failure, which may look like the service's and never passes.
            let held = Call::get(BQ, path, format!("wait for query `{job}`"))
                .once()
                .query_opt("location", job.location.as_deref())
                .query("maxResults", 0)
                .query("timeoutMs", 10_000)
                .send_json(&self.transport)
                .await;
            if held.is_ok_and(|answer| answer["jobComplete"].as_bool() != Some(true)) {
                return Ok(None);
            }
            // Whether an error was the query's, the job's document says.
            let document = self.get_job(job).await?;
            Ok(match Self::job_status(job, &document) {
                JobStatus::Running => None,
                ended => Some(ended),
            })
        })
        .await
    }

    /// As [`BigQuery::wait_query`]; of a query that is done without an error, what the service then answers: its `schema`, the first
    /// of its `rows`, and `totalBytesProcessed`. It costs no request beside the one that waits.
    ///
    /// # Errors
    /// When looking at it fails, and `DeadlineExceeded`; the query's own failure is `Ok(Err(…))`.
    pub async fn wait_answer(&self, job: &JobRef, wait: Wait) -> Result<Result<Document, Error>, Error> {
        wait.until(&format!("wait for query `{job}`"), || async move {
            let path = format!(
                "/bigquery/v2/projects/{}/queries/{}",
                segment(&job.project),
                segment(&job.id)
            );
            // Sent once, as above.
            let held = Call::get(BQ, path, format!("wait for query `{job}`"))
                .once()
                .query_opt("location", job.location.as_deref())
                .query("timeoutMs", 10_000)
                .send_json(&self.transport)
                .await;
            match held {
                Ok(answer) if answer["jobComplete"].as_bool() == Some(true) => Ok(Some(Ok(answer))),
                Ok(_) => Ok(None),
                Err(lost) => match Self::job_status(job, &self.get_job(job).await?) {
                    JobStatus::Failed(error) => Ok(Some(Err(error))),
                    JobStatus::Running => Ok(None),
                    // It is done, and only the answer was not to be had.
                    JobStatus::Done(_) if lost.kind().is_transient() => Ok(None),
                    JobStatus::Done(_) => Err(lost),
                },
            }
        })
        .await
    }

    /// Waits for a job that cannot be resumed otherwise and turns its failure into an error.
    ///
    /// # Errors
    /// As [`BigQuery::wait_job`], and the job's own.
    pub async fn run_job(&self, job: &JobRef, configuration: &Document, wait: Wait) -> Result<Document, Error> {
        let (document, _) = self.insert_job(job, configuration).await?;
        let status = match Self::job_status(job, &document) {
            JobStatus::Running => self.wait_job(job, wait).await?,
            ended => ended,
        };
        match status {
            JobStatus::Done(document) => Ok(document),
            JobStatus::Failed(error) => Err(error),
            JobStatus::Running => Ok(Value::Null),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let job = JobRef {
            project: "p".into(),
            location: None,
            id: "j".into(),
        };
        let status = |status: Value| BigQuery::job_status(&job, &json!({ "status": status }));
        assert!(matches!(status(json!({"state": "PENDING"})), JobStatus::Running));
        assert!(matches!(status(json!({"state": "DONE"})), JobStatus::Done(_)));
        let cases = [
            ("invalidQuery", Kind::Failed),
            ("notFound", Kind::NotFound),
            ("backendError", Kind::Unavailable),
            ("rateLimitExceeded", Kind::RateLimited),
            ("accessDenied", Kind::PermissionDenied),
            ("stopped", Kind::Failed),
        ];
        for (reason, kind) in cases {
            let failed = status(json!({
                "state": "DONE",
                "errorResult": {"reason": reason, "message": "general"},
                "errors": [{"message": "general"}, {"message": "particular"}],
            }));
            let JobStatus::Failed(error) = failed else {
                panic!("not failed")
            };
            assert_eq!(
                (error.kind(), error.message()),
                (kind, "general; particular"),
                "{reason}"
            );
        }
    }
}
