//! BigQuery by its REST API, as an executed project asks for it. Retries of lost answers are `headwater_cloud`'s.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{BigQuery, DatasetRef, Error, JobRef, Kind, TableRef, Wait};
use headwater_dataform::Target;
use headwater_dataform::run::{Done, Existing, ExistingKind, Failure, FailureKind, Job, Priority, Warehouse};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Longer than any query may run.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// A project's BigQuery.
pub struct OfCloud(pub BigQuery);

fn table(target: &Target) -> TableRef {
    DatasetRef::new(&target.database, &target.schema).table(&target.name)
}

fn failure(error: &Error) -> Failure {
    // What BigQuery says of a job that lost a race.
    let again = error.message().contains("Retrying the job may solve the problem");
    let transient = error.kind().is_transient() || again;
    let kind = if transient {
        FailureKind::Transient
    } else {
        FailureKind::Permanent
    };
    Failure::new(kind, error.message())
}

#[async_trait]
impl Warehouse for OfCloud {
    async fn datasets(&self, project: &str) -> Result<BTreeSet<String>, Failure> {
        let all = self.0.list_datasets(project).await.map_err(|e| failure(&e))?;
        Ok(all.into_iter().collect())
    }

    async fn table(&self, target: &Target) -> Result<Option<Existing>, Failure> {
        match self.0.get_table(&table(target)).await {
            Ok(document) => Ok(Some(existing(document))),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    async fn query(&self, job: &Job, cancel: &CancellationToken) -> Result<Done, Failure> {
        let reference = JobRef {
            project: self.0.project().to_owned(),
            location: job.location.clone(),
            id: job.id.clone(),
        };
        self.carry_out(job, &reference, cancel)
            .await
            .map_err(|failure| failure.of_job(&job.id))
    }

    async fn describe(&self, target: &Target, patch: &Value) -> Result<(), Failure> {
        let changed = self.0.patch_table(&table(target), patch, None).await;
        changed.map(drop).map_err(|e| failure(&e))
    }
}

impl OfCloud {
    async fn carry_out(&self, job: &Job, reference: &JobRef, cancel: &CancellationToken) -> Result<Done, Failure> {
        let configuration = configuration(job);
        let inserted = self.0.insert_job(reference, &configuration).await;
        inserted.map_err(|e| failure(&e))?;
        let answer = tokio::select! {
            answer = self.0.wait_answer(reference, Wait::at_most(PATIENCE)) => answer,
            () = cancel.cancelled() => {
                self.stop(reference).await?;
                self.0.wait_answer(reference, Wait::at_most(Duration::from_secs(60))).await
            }
        };
        let answer = match answer.map_err(|e| failure(&e))? {
            Ok(answer) => answer,
            Err(error) if cancel.is_cancelled() && error.reason() == Some("stopped") => {
                return Err(Failure::new(FailureKind::Cancelled, "the job was cancelled"));
            }
            Err(error) => return Err(failure(&error)),
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let cells = |row: &Value| list(&row["f"]).into_iter().map(|cell| cell["v"].clone()).collect();
        let names = list(&answer["schema"]["fields"]).into_iter();
        Ok(Done {
            job_id: reference.id.clone(),
            rows: list(&answer["rows"]).iter().map(cells).collect(),
            columns: names
                .filter_map(|field| field["name"].as_str().map(str::to_owned))
                .collect(),
            complete: answer["pageToken"].as_str().is_none_or(str::is_empty),
            // What was billed only the job's own document says, for which nobody waits here.
            bytes_billed: None,
            bytes_processed: answer["totalBytesProcessed"]
                .as_str()
                .and_then(|bytes| bytes.parse().ok()),
        })
    }

    /// Has a job stopped; it may end by itself before.
    async fn stop(&self, job: &JobRef) -> Result<(), Failure> {
        self.0.cancel_job(job).await.map_err(|e| failure(&e))
    }
}

fn configuration(job: &Job) -> Value {
    let mut query = json!({"query": job.sql, "useLegacySql": false});
    if job.priority == Priority::Batch {
        query["priority"] = "BATCH".into();
    }
    let mut configuration = json!({"labels": job.labels, "query": query});
    if let Some(reservation) = &job.reservation {
        configuration["reservation"] = reservation.as_str().into();
    }
    configuration
}

fn existing(document: Value) -> Existing {
    let kind = match document["type"].as_str() {
        Some("TABLE") => ExistingKind::Table,
        Some("VIEW") => ExistingKind::View,
        Some("MATERIALIZED_VIEW") => ExistingKind::MaterializedView,
        _ => ExistingKind::Other,
    };
    let fields = document["schema"]["fields"].as_array().into_iter().flatten();
    Existing {
        kind,
        columns: fields
            .filter_map(|field| field["name"].as_str().map(str::to_owned))
            .collect(),
        document,
    }
}
