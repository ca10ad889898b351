//! BigQuery as an extract needs it: the load of a batch into its staging table and the MERGE into the target, each under
//! a deterministic job id, so that starting one twice is the same as once. The table's shape is in `schema`.

use std::time::Duration;

use headwater_cloud::{BigQuery, DatasetRef, Document, JobRef, JobStatus, OptionalExt as _, TableRef, Wait};
use headwater_spec::{
    Api, Column, DatasetRef as SpecDataset, Deletes, Part, PipelineSpec, load_job_id, merge_job_id, quarantine_job_id,
    quarantine_table, staging_table,
};
use serde_json::{Value, json};

use crate::batch::Inflight;
use crate::errors::{Error, Result};
use crate::gate::REASONS;
use crate::quarantine;
use crate::sql::Merge;

/// Marks the job that takes the place of a MERGE that must never run.
const ABANDONED: &str = "abandoned";
/// Attempts of a job that BigQuery lets fail for reasons of its own.
const ATTEMPTS: u32 = 5;
/// BigQuery gives a job six hours.
const JOB_WAIT: Duration = Duration::from_secs(6 * 3600);
/// A staging table that everybody forgot.
const STAGING_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// One object's target and the jobs that fill it.
#[derive(Clone)]
pub(crate) struct Warehouse {
    pub bigquery: BigQuery,
    pub target: TableRef,
    pub location: String,
    pipeline: String,
    object: String,
    project: String,
    labels: Value,
}

/// What a MERGE changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    pub inserted: u64,
    pub updated: u64,
    pub deleted: u64,
}

/// How a step with several attempts ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Done(Document),
    /// The job under our id is the one that forbids ours.
    Abandoned,
}

impl Warehouse {
    pub fn new(bigquery: BigQuery, spec: &PipelineSpec, dataset: &SpecDataset, object: &str, table: &str) -> Self {
        let mut labels = serde_json::Map::new();
        for (key, value) in &spec.labels {
            labels.insert(key.clone(), value.as_str().into());
        }
        labels.insert("headwater-pipeline".into(), spec.name.as_str().into());
        Self {
            bigquery,
            target: DatasetRef::new(&dataset.project, &dataset.dataset).table(table),
            location: dataset.location.clone(),
            pipeline: spec.name.clone(),
            object: object.to_owned(),
            project: spec.project.clone(),
            labels: labels.into(),
        }
    }

    pub fn bigquery_project(&self) -> &str {
        &self.project
    }

    pub fn labels(&self) -> &Value {
        &self.labels
    }

    /// The labels of a table that is made to stay: also as the provider marks what a pipeline makes, so that it knows the table
    /// for one of the pipeline's.
    pub fn table_labels(&self) -> Value {
        let mut labels = self.labels.clone();
        labels["headwater_pipeline"] = self.pipeline.as_str().into();
        labels
    }

    fn staging(&self, batch: &str) -> TableRef {
        self.target
            .dataset
            .table(staging_table(&self.pipeline, &self.object, batch))
    }

    fn job(&self, id: String) -> JobRef {
        JobRef {
            project: self.project.clone(),
            location: Some(self.location.clone()),
            id,
        }
    }

    /// Loads the parts into the staging table; `load_attempt` becomes the attempt that did it.
    pub async fn load(&self, bucket: &str, batch: &mut Inflight) -> Result<()> {
        let staging = self.staging(&batch.batch);
        let configuration = self.load_configuration(bucket, &staging, batch);
        let expected: u64 = batch.loaded_parts().iter().map(|part| part.rows).sum();
        let mut tries = 0;
        loop {
            let job = self.job(load_job_id(
                &self.pipeline,
                &self.object,
                &batch.batch,
                batch.load_attempt,
            ));
            self.ensure_staging(&staging, batch).await?;
            let (status, fresh) = self.run(&job, &configuration).await?;
            tries += u32::from(fresh);
            let attempt = batch.load_attempt;
            match status {
                JobStatus::Done(_) => {
                    // A batch that was gone on with after its staging table expired finds its load done and no rows.
                    let there = self.bigquery.get_table(&staging).await.optional()?;
                    let found = there.map_or(0, |table| count(&table["numRows"]));
                    if found == expected {
                        return Ok(());
                    }
                    if tries >= ATTEMPTS {
                        return Err(Error::Count {
                            what: "rows in the staging table",
                            expected,
                            found,
                        });
                    }
                    tracing::warn!(
                        attempt,
                        expected,
                        found,
                        "the staging table does not hold the batch, loading it again"
                    );
                }
                JobStatus::Failed(error) => {
                    // A failure that an earlier run met is no reason not to try: its cause may have been mended.
                    if fresh && (!error.kind().is_transient() || tries >= ATTEMPTS) {
                        return Err(error.into());
                    }
                    tracing::warn!(attempt, fresh, kind = ?error.kind(), "the load job failed, trying again");
                }
                JobStatus::Running => {}
            }
            batch.load_attempt += 1;
        }
    }

    async fn ensure_staging(&self, staging: &TableRef, batch: &Inflight) -> Result<()> {
        let expires = chrono::Utc::now() + STAGING_LIFE;
        let document = json!({
            "schema": {"fields": staging_fields(batch)},
            "expirationTime": expires.timestamp_millis().to_string(),
            "labels": self.labels,
        });
        match self.bigquery.create_table(staging, &document).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == headwater_cloud::Kind::AlreadyExists => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn load_configuration(&self, bucket: &str, staging: &TableRef, batch: &Inflight) -> Value {
        let uri = |part: &Part| format!("gs://{bucket}/{}", part.object);
        json!({
            "labels": self.labels,
            "load": {
                "sourceUris": batch.loaded_parts().iter().map(uri).collect::<Vec<_>>(),
                "sourceFormat": "PARQUET",
                "destinationTable": staging.to_json(),
                "schema": {"fields": staging_fields(batch)},
                "createDisposition": "CREATE_IF_NEEDED",
                "writeDisposition": "WRITE_TRUNCATE",
                "decimalTargetTypes": ["NUMERIC", "BIGNUMERIC"],
            }
        })
    }

    /// Runs the MERGE and tells what it changed; `merge_attempt` becomes the attempt that did it.
    pub async fn merge(&self, batch: &mut Inflight, deletes: Deletes) -> Result<Merged> {
        let (target, staging) = (self.target.sql(), self.staging(&batch.batch).sql());
        let sql = statement(&target, &staging, batch, deletes).sql();
        let configuration = json!({"labels": self.labels, "query": {"query": sql, "useLegacySql": false}});
        match self.merge_slot(batch, &configuration).await? {
            Ended::Abandoned => Err(Error::Fenced {
                what: "another run gave the batch up",
            }),
            Ended::Done(document) => {
                let stats = &document["statistics"]["query"]["dmlStats"];
                Ok(Merged {
                    inserted: count(&stats["insertedRowCount"]),
                    updated: count(&stats["updatedRowCount"]),
                    deleted: count(&stats["deletedRowCount"]),
                })
            }
        }
    }

    /// Makes sure that a batch will never be merged. Returns `false` when it already was: then it has to be committed.
    ///
    /// A stalled run may come back at any time and start its MERGE. Whichever job comes first under the MERGE's id wins,
    /// for ever; so an empty job is put there. Only when that place is ours is the batch safely dead.
    pub async fn abandon(&self, batch: &mut Inflight) -> Result<bool> {
        let mut labels = self.labels.clone();
        labels["headwater-step"] = ABANDONED.into();
        let configuration = json!({"labels": labels, "query": {"query": "SELECT 1", "useLegacySql": false}});
        match self.merge_slot(batch, &configuration).await? {
            Ended::Abandoned => {
                self.drop_staging(&batch.batch).await?;
                Ok(true)
            }
            Ended::Done(_) => Ok(false),
        }
    }

    /// The first MERGE job of the batch that ends well: this one, or one that an earlier or stalled run has started.
    async fn merge_slot(&self, batch: &mut Inflight, configuration: &Value) -> Result<Ended> {
        let mut tries = 0;
        loop {
            let job = self.job(merge_job_id(
                &self.pipeline,
                &self.object,
                &batch.batch,
                batch.merge_attempt,
            ));
            let (status, fresh) = self.run(&job, configuration).await?;
            tries += u32::from(fresh);
            match status {
                JobStatus::Done(document) => {
                    let label = &document["configuration"]["labels"]["headwater-step"];
                    return Ok(if label == ABANDONED {
                        Ended::Abandoned
                    } else {
                        Ended::Done(document)
                    });
                }
                JobStatus::Failed(error) => {
                    if fresh && (!error.kind().is_transient() || tries >= ATTEMPTS) {
                        return Err(error.into());
                    }
                    let attempt = batch.merge_attempt;
                    tracing::warn!(attempt, fresh, kind = ?error.kind(), "the merge job failed, trying again");
                }
                JobStatus::Running => {}
            }
            batch.merge_attempt += 1;
        }
    }

    /// Inserts the rows that the gate sets apart into their table; `quarantine_attempt` becomes the attempt that did it.
    pub async fn set_apart(&self, batch: &mut Inflight) -> Result<()> {
        let apart = self.target.dataset.table(quarantine_table(&self.target.table));
        quarantine::prepare(self, &apart, &batch.columns).await?;
        let (target, staging) = (self.target.sql(), self.staging(&batch.batch).sql());
        let sql =
            statement(&target, &staging, batch, Deletes::default()).set_apart(&apart.sql(), &batch.run, &batch.batch);
        let configuration = json!({"labels": self.labels, "query": {"query": sql, "useLegacySql": false}});
        let mut tries = 0;
        loop {
            let attempt = batch.quarantine_attempt;
            let job = self.job(quarantine_job_id(&self.pipeline, &self.object, &batch.batch, attempt));
            let (status, fresh) = self.run(&job, &configuration).await?;
            tries += u32::from(fresh);
            match status {
                JobStatus::Done(_) => return Ok(()),
                JobStatus::Failed(error) => {
                    if fresh && (!error.kind().is_transient() || tries >= ATTEMPTS) {
                        return Err(error.into());
                    }
                    tracing::warn!(attempt, fresh, kind = ?error.kind(), "the job that sets rows apart failed, trying again");
                }
                JobStatus::Running => {}
            }
            batch.quarantine_attempt += 1;
        }
    }

    async fn run(&self, job: &JobRef, configuration: &Value) -> Result<(JobStatus, bool)> {
        let (document, fresh) = self.bigquery.insert_job(job, configuration).await?;
        tracing::info!(step = "job_inserted", job = %job, fresh, "step");
        let wait = Wait {
            deadline: JOB_WAIT,
            first: Duration::from_millis(50),
            longest: Duration::from_secs(3),
        };
        let status = match BigQuery::job_status(job, &document) {
            JobStatus::Running => self.bigquery.wait_job(job, wait).await?,
            ended => ended,
        };
        Ok((status, fresh))
    }

    /// Removes a batch's staging table.
    pub async fn drop_staging(&self, batch: &str) -> Result<()> {
        self.bigquery.delete_table(&self.staging(batch)).await?;
        Ok(())
    }
}

/// A number as BigQuery writes it: text, or a number, or absent.
pub(crate) fn count(value: &Value) -> u64 {
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_default()
}

fn statement<'a>(target: &'a str, staging: &'a str, batch: &'a Inflight, deletes: Deletes) -> Merge<'a> {
    Merge {
        target,
        staging,
        columns: &batch.columns,
        nulled: &batch.nulled,
        full: batch.window.is_full(),
        deletes,
        gated: batch.quarantined() > 0,
        dedupe: batch.api != Some(Api::Bulk) || batch.left.is_some_and(|rows| rows > 0),
    }
}

fn staging_fields(batch: &Inflight) -> Vec<Value> {
    let reasons = json!({"name": REASONS, "type": "STRING", "mode": "NULLABLE"});
    let gated = (batch.quarantined() > 0).then_some(reasons);
    batch.columns.iter().map(staging_field).chain(gated).collect()
}

/// Staging takes whatever was read; the target decides what must not be NULL.
fn staging_field(column: &Column) -> Value {
    json!({"name": column.name, "type": column.data_type.api(), "mode": "NULLABLE"})
}
