//! BigQuery by its REST API, as an executed project asks for it. Retries of lost answers are `headwater_cloud`'s.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{BigQuery, DatasetRef, Error, JobRef, JobStatus, Kind, TableRef, Wait};
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
        let (document, _) = self
            .0
            .insert_job(reference, &configuration)
            .await
            .map_err(|e| failure(&e))?;
        let status = match BigQuery::job_status(reference, &document) {
            JobStatus::Running => tokio::select! {
                status = self.0.wait_query(reference, Wait::at_most(PATIENCE)) => status.map_err(|e| failure(&e))?,
                () = cancel.cancelled() => self.stop(reference).await?,
            },
            ended => ended,
        };
        let document = match status {
            JobStatus::Done(document) => document,
            JobStatus::Failed(error) if cancel.is_cancelled() && error.reason() == Some("stopped") => {
                return Err(Failure::new(FailureKind::Cancelled, "the job was cancelled"));
            }
            JobStatus::Failed(error) => return Err(failure(&error)),
            JobStatus::Running => return Err(Failure::new(FailureKind::Transient, "the job still runs")),
        };
        let rows = match returns_rows(&document) {
            true => Some(self.0.results(reference).await.map_err(|e| failure(&e))?),
            false => None,
        };
        let number = |name: &str| {
            let statistics = &document["statistics"];
            let found = [&statistics["query"][name], &statistics[name]];
            found.iter().find_map(|value| value.as_str()?.parse().ok())
        };
        let (bytes_billed, bytes_processed) = (number("totalBytesBilled"), number("totalBytesProcessed"));
        let columns = rows
            .iter()
            .flat_map(|rows| rows.schema["fields"].as_array().into_iter().flatten());
        let columns = columns
            .filter_map(|field| field["name"].as_str().map(str::to_owned))
            .collect();
        Ok(Done {
            job_id: reference.id.clone(),
            rows: rows.map(|rows| rows.rows).unwrap_or_default(),
            columns,
            complete: true,
            bytes_billed,
            bytes_processed,
        })
    }

    /// Has a job stopped, and waits for its end, whichever that is.
    async fn stop(&self, job: &JobRef) -> Result<JobStatus, Failure> {
        self.0.cancel_job(job).await.map_err(|e| failure(&e))?;
        let end = self.0.wait_job(job, Wait::at_most(Duration::from_secs(60))).await;
        end.map_err(|e| failure(&e))
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

/// Whether the last statement was one that has rows.
fn returns_rows(document: &Value) -> bool {
    let statement = document["statistics"]["query"]["statementType"].as_str();
    matches!(statement, Some("SELECT" | "SCRIPT") | None)
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
