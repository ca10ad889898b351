//! One object's run, from lease to commit. Every step is recorded before the next begins and can be repeated; the order
//! is the guarantee: parts, manifest, load, MERGE, and only then the watermark.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headwater_cloud::Kind as CloudKind;
use headwater_salesforce::{Client, Selection};
use headwater_spec::{
    Column, Manifest, ObjectPaths, ObjectSpec, Phase, PipelineSpec, SalesforceExtractSpec, Watermark, Window,
};

use crate::batch::{Decision, Inflight, Situation, Stage, batch_id};
use crate::errors::{Ending, Error, Result};
use crate::execute::Context;
use crate::fetch::{Fetch, Fetched, check_budget};
use crate::lake::{Lake, Versioned};
use crate::lease::Lease;
use crate::progress::Recorder;
use crate::schema::{TablePlan, prepare};
use crate::warehouse::{Merged, Warehouse};

/// Batches that a run begins anew before it gives up.
const RESTARTS: usize = 3;

/// `inflight.json` in memory, written with every change against the generation that it had: a run that was taken over
/// finds out at its next step.
pub(crate) struct Journal {
    lake: Lake,
    paths: ObjectPaths,
    batch: Inflight,
    generation: i64,
}

impl Journal {
    pub fn batch(&self) -> &Inflight {
        &self.batch
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    pub fn paths(&self) -> &ObjectPaths {
        &self.paths
    }

    /// Changes the batch and writes it down.
    pub async fn change(&mut self, change: impl FnOnce(&mut Inflight)) -> Result<()> {
        change(&mut self.batch);
        self.save().await
    }

    async fn save(&mut self) -> Result<()> {
        match self
            .lake
            .write(&self.paths.inflight(), &self.batch, self.generation)
            .await
        {
            Ok(generation) => {
                self.generation = generation;
                Ok(())
            }
            Err(error) if error.kind() == CloudKind::PreconditionFailed => Err(Error::Fenced {
                what: "the batch has another keeper",
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the batch: nothing is in flight any more.
    async fn close(&self) -> Result<()> {
        match self.lake.delete(&self.paths.inflight(), self.generation).await {
            Err(error) if error.kind() == CloudKind::PreconditionFailed => Err(Error::Fenced {
                what: "the batch has another keeper",
            }),
            other => Ok(other?),
        }
    }

    /// Removes parts that were uploaded but never recorded.
    pub async fn clear_parts_from(&self, first: usize) -> Result<()> {
        let prefix = self.paths.batch(&self.batch.batch);
        let keep: Vec<&str> = self.batch.parts[..first]
            .iter()
            .map(|part| part.object.as_str())
            .collect();
        for object in self.lake.storage().list(self.lake.bucket(), &prefix).await? {
            if !keep.contains(&object.name.as_str()) {
                tracing::info!(object = %object.name, "an unrecorded part of an earlier run is removed");
                self.lake.delete(&object.name, object.generation).await?;
            }
        }
        Ok(())
    }
}

/// Everything that an object's run needs.
pub(crate) struct ObjectTask<'a> {
    pub context: &'a Context,
    pub extract: &'a SalesforceExtractSpec,
    pub name: &'a str,
    pub object: &'a ObjectSpec,
    pub client: &'a Client,
    pub lake: &'a Lake,
    pub paths: ObjectPaths,
    pub warehouse: Warehouse,
    /// Suites that judge the object's batches.
    pub gate: Vec<Arc<PipelineSpec>>,
    pub recorder: &'a Recorder<'a>,
    pub calls_before: u64,
}

/// How a batch ended.
enum Outcome {
    Committed,
    Restart(&'static str),
    Reread,
}

impl ObjectTask<'_> {
    /// Takes the lease, does the work, gives the lease back.
    pub async fn run(&self) -> Result<()> {
        self.recorder.phase(Phase::Prepare).await;
        let lease = self.paths.lease();
        let acquire = Lease::acquire(self.lake, &lease, self.context.holder(), self.context.options.lease_ttl);
        let lease = tokio::select! {
            lease = acquire => lease?,
            () = self.context.cancel.cancelled() => return Err(Error::Cancelled),
        };
        let result = tokio::select! {
            result = Box::pin(self.work(&lease)) => result,
            () = lease.lost() => Err(Error::Fenced { what: "the lease has another holder" }),
        };
        // What fails after somebody took over (a job that they finished and deleted, a document that they wrote) is no
        // failure of the org or the cloud.
        let result = match result {
            Err(error) if error.ending() == Ending::Failed => match lease.check().await {
                Err(fenced @ Error::Fenced { .. }) => Err(fenced),
                _ => Err(error),
            },
            other => other,
        };
        lease.release().await;
        self.recorder
            .note(|record| record.totals.api_calls = self.client.calls() - self.calls_before);
        result
    }

    async fn work(&self, lease: &Lease) -> Result<()> {
        let described = self.client.describe(self.name).await?;
        check_budget(self.client, self.extract)?;
        if let Some(reason) = described.refusal() {
            return Err(Error::Refused(reason));
        }
        let (columns, gone) = self.select(&described)?;
        let plan = prepare(&self.warehouse, self.name, &columns).await?;
        self.recorder
            .note(|record| record.schema_changes = plan.changes.iter().chain(&gone).cloned().collect());
        let cursor = described.cursor_field();
        let selection = self.object.selection(self.name);
        let mut now = self.client.server_time().await?;

        let mut restarts = 0;
        let mut everything = false;
        loop {
            // What is read from here on is acted upon: only while the object is ours.
            lease.check().await?;
            let watermark = self.lake.read::<Watermark>(&self.paths.watermark()).await?;
            let inflight = self.lake.read::<Inflight>(&self.paths.inflight()).await?;
            let decision = Situation {
                spec: self.object,
                selection: &selection,
                watermark: watermark.as_ref().map(|found| &found.value),
                inflight: inflight.as_ref().map(|found| &found.value),
                columns: &plan.columns,
                table: &plan.identity,
                has_cursor: cursor.is_some(),
                now,
                safety_lag: TimeDelta::seconds(i64::from(self.extract.safety_lag_seconds)),
            }
            .decide();
            let journal = inflight.map(|Versioned { value, generation }| Journal {
                lake: self.lake.clone(),
                paths: self.paths.clone(),
                batch: value,
                generation,
            });
            let (fresh, mut journal) = match (decision, journal) {
                (Decision::Nothing, _) => return Ok(()),
                (Decision::Begin(mut window), _) => {
                    if everything {
                        window.from = None;
                    }
                    let base = watermark.as_ref().map(|found| found.value.committed);
                    (true, self.begin(window, base, &selection, &plan, cursor).await?)
                }
                (Decision::Resume, Some(journal)) => {
                    tracing::info!(batch = %journal.batch.batch, stage = ?journal.batch.stage, parts = journal.batch.parts.len(), "going on with a batch");
                    (false, journal)
                }
                (Decision::Finish, Some(journal)) => {
                    self.clean(&journal).await?;
                    continue;
                }
                (Decision::Abandon(why), Some(journal)) => {
                    self.abandon(journal, why).await?;
                    continue;
                }
                (Decision::Resume | Decision::Finish | Decision::Abandon(_), None) => return Err(Error::Worker),
            };
            match self.batch(&mut journal, watermark, lease, cursor).await {
                Ok(Outcome::Committed) if fresh => return Ok(()),
                // The batch was an earlier run's and ends in the past: catch up.
                Ok(Outcome::Committed) => now = self.client.server_time().await?,
                Ok(Outcome::Restart(why)) if restarts < RESTARTS => {
                    restarts += 1;
                    lease.check().await?;
                    self.abandon(journal, why).await?;
                }
                Ok(Outcome::Restart(why)) => return Err(Error::Restarts { why }),
                Ok(Outcome::Reread) => {
                    everything = true;
                    lease.check().await?;
                    self.abandon(journal, "too many rows have changed under a condition")
                        .await?;
                }
                // The next run reads anew what the gate refused: it may have been mended, or the suite.
                Err(Error::Gate { suites }) => {
                    lease.check().await?;
                    self.abandon(journal, "its gate has refused it").await?;
                    return Err(Error::Gate { suites });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The columns as described now. Names of the selection that no longer exist are not an error at run time.
    fn select(&self, described: &headwater_salesforce::ObjectDescribe) -> Result<(Vec<Column>, Vec<String>)> {
        let exists = |name: &&String| described.field(name).is_some();
        let include = self.object.include.as_ref();
        let gone = include.into_iter().flatten().filter(|name| !exists(name));
        let gone = gone
            .map(|name| format!("the chosen field {name} is gone from Salesforce"))
            .collect();
        let selection = Selection {
            include: include.map(|names| names.iter().filter(exists).cloned().collect()),
            exclude: self.object.exclude.iter().filter(exists).cloned().collect(),
        };
        let columns = headwater_salesforce::columns(described, &selection).map_err(|errors| {
            Error::Selection(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        Ok((columns, gone))
    }

    fn fetch<'f>(&'f self, cursor: Option<&'f str>) -> Fetch<'f> {
        Fetch {
            client: self.client,
            object: self.name,
            extract: self.extract,
            spec: self.object,
            cursor,
            cancel: &self.context.cancel,
            recorder: self.recorder,
            page_rows: self.context.options.bulk_page_rows,
            calls_before: self.calls_before,
        }
    }

    /// Writes a new batch down before anything is done for it.
    async fn begin(
        &self,
        window: Window,
        base: Option<DateTime<Utc>>,
        selection: &str,
        plan: &TablePlan,
        cursor: Option<&str>,
    ) -> Result<Journal> {
        let mut batch = Inflight {
            batch: batch_id(Utc::now(), rand::random()),
            run: self.context.run.clone(),
            window,
            base,
            table: plan.identity.clone(),
            selection: selection.to_owned(),
            columns: plan.columns.clone(),
            nulled: plan.nulled.clone(),
            soql: String::new(),
            api: None,
            bulk_job: None,
            parts: Vec::new(),
            next_page: None,
            left: None,
            judged: None,
            stage: Stage::Fetching,
            load_attempt: 1,
            merge_attempt: 1,
            quarantine_attempt: 1,
        };
        batch.soql = self.fetch(cursor).soql(&batch)?;
        let mut journal = Journal {
            lake: self.lake.clone(),
            paths: self.paths.clone(),
            batch,
            generation: 0,
        };
        journal.save().await?;
        tracing::info!(step = "batch_begun", batch = %journal.batch.batch, full = journal.batch.window.is_full(), "step");
        Ok(journal)
    }

    /// Takes a batch from wherever it stands to its commit.
    async fn batch(
        &self,
        journal: &mut Journal,
        watermark: Option<Versioned<Watermark>>,
        lease: &Lease,
        cursor: Option<&str>,
    ) -> Result<Outcome> {
        self.recorder.note(|record| {
            record.batch = Some(journal.batch.batch.clone());
            record.window = Some(journal.batch.window.clone());
            record.api = journal.batch.api;
        });
        let mut rows = true;
        if journal.batch.stage == Stage::Fetching {
            match self.fetch(cursor).run(journal).await? {
                Fetched::Complete => {
                    self.write_manifest(journal).await?;
                    journal.change(|batch| batch.stage = Stage::Fetched).await?;
                }
                Fetched::Nothing => rows = false,
                Fetched::Restart(why) => return Ok(Outcome::Restart(why)),
                Fetched::Reread => return Ok(Outcome::Reread),
            }
        }
        if rows && journal.batch.stage == Stage::Fetched {
            let judged = self.unless_asked(self.judge(&journal.batch)).await?;
            journal
                .change(|batch| (batch.judged, batch.stage) = (judged, Stage::Judged))
                .await?;
            tracing::info!(step = "judged", "step");
        }
        if let Some(judged) = &journal.batch.judged {
            self.recorder.note(|record| {
                record.gate.clone_from(&judged.verdicts);
                record.totals.rows_quarantined = judged.quarantined;
            });
        }
        if rows && journal.batch.stage == Stage::Judged {
            self.recorder.phase(Phase::Load).await;
            let loading = self.warehouse.load(self.lake.bucket(), &mut journal.batch);
            let loaded = self.unless_asked(loading).await;
            self.remember_attempts(journal, &loaded).await;
            loaded?;
            journal.change(|batch| batch.stage = Stage::Loaded).await?;
            tracing::info!(step = "loaded", "step");
        }
        if rows && journal.batch.stage == Stage::Loaded {
            self.recorder.phase(Phase::Merge).await;
            lease.check().await?;
            let merging = self.load_again_and_merge(&mut journal.batch);
            let merged = self.unless_asked(merging).await;
            self.remember_attempts(journal, &merged).await;
            let merged = merged?;
            self.recorder.note(|record| {
                record.totals.rows_inserted = merged.inserted;
                record.totals.rows_updated = merged.updated;
                record.totals.rows_deleted = merged.deleted;
            });
            journal.change(|batch| batch.stage = Stage::Merged).await?;
            tracing::info!(
                step = "merged",
                inserted = merged.inserted,
                updated = merged.updated,
                deleted = merged.deleted,
                "step"
            );
        }
        if rows && journal.batch.quarantined() > 0 {
            // The rows are in the table by now, and nothing can undo the batch any more: whoever comes next ends here, too.
            lease.check().await?;
            let setting_apart = self.set_apart(&mut journal.batch);
            let set_apart = self.unless_asked(setting_apart).await;
            self.remember_attempts(journal, &set_apart).await;
            set_apart?;
            tracing::info!(step = "quarantined", rows = journal.batch.quarantined(), "step");
        }
        self.recorder.phase(Phase::Commit).await;
        lease.check().await?;
        self.commit(journal, watermark).await?;
        tracing::info!(step = "watermark_written", to = %journal.batch.window.to, "step");
        self.clean(journal).await?;
        Ok(Outcome::Committed)
    }

    /// A wait that a signal ends. The job goes on in BigQuery, and the next run finds it.
    async fn unless_asked<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.context.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        tokio::select! {
            result = work => result,
            () = self.context.cancel.cancelled() => Err(Error::Cancelled),
        }
    }

    /// The MERGE, and before it once more the load when the staging table has expired meanwhile.
    async fn load_again_and_merge(&self, batch: &mut Inflight) -> Result<Merged> {
        let deletes = self.extract.deletes;
        match self.warehouse.merge(batch, deletes).await {
            Err(Error::Cloud(error)) if error.kind() == CloudKind::NotFound => {
                tracing::warn!("the staging table is gone, loading it again");
                batch.load_attempt += 1;
                batch.merge_attempt += 1;
                self.warehouse.load(self.lake.bucket(), batch).await?;
                self.warehouse.merge(batch, deletes).await
            }
            other => other,
        }
    }

    /// The job that sets rows apart, and before it once more the load when the staging table has expired meanwhile.
    async fn set_apart(&self, batch: &mut Inflight) -> Result<()> {
        match self.warehouse.set_apart(batch).await {
            Err(Error::Cloud(error)) if error.kind() == CloudKind::NotFound => {
                tracing::warn!("the staging table is gone, loading it again");
                batch.load_attempt += 1;
                batch.quarantine_attempt += 1;
                self.warehouse.load(self.lake.bucket(), batch).await?;
                self.warehouse.set_apart(batch).await
            }
            other => other,
        }
    }

    /// A job that failed for good keeps its id for ever: the next run must know to use another.
    async fn remember_attempts<T>(&self, journal: &mut Journal, result: &Result<T>) {
        if result.is_err()
            && let Err(error) = journal.save().await
        {
            tracing::warn!(code = error.code(), "the batch's attempts were not recorded");
        }
    }

    async fn write_manifest(&self, journal: &Journal) -> Result<()> {
        let batch = &journal.batch;
        let manifest = Manifest {
            batch: batch.batch.clone(),
            window: batch.window.clone(),
            soql: batch.soql.clone(),
            parts: batch.parts.clone(),
            rows: batch.parts.iter().map(|part| part.rows).sum(),
            bytes: batch.parts.iter().map(|part| part.bytes).sum(),
        };
        self.lake
            .overwrite(&self.paths.manifest(&batch.batch), &manifest)
            .await?;
        tracing::info!(
            step = "manifest_written",
            rows = manifest.rows,
            parts = manifest.parts.len(),
            "step"
        );
        Ok(())
    }

    /// Moves the watermark, against the generation that was read when the batch's turn began.
    async fn commit(&self, journal: &Journal, previous: Option<Versioned<Watermark>>) -> Result<()> {
        let batch = &journal.batch;
        let (over, last_full) = previous.map_or((0, None), |found| (found.generation, found.value.last_full));
        let watermark = Watermark {
            committed: batch.window.to,
            batch: batch.batch.clone(),
            run: self.context.run.clone(),
            selection: batch.selection.clone(),
            table: Some(batch.table.clone()),
            last_full: if batch.window.is_full() {
                Some(Utc::now())
            } else {
                last_full
            },
        };
        match self.lake.write(&self.paths.watermark(), &watermark, over).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == CloudKind::PreconditionFailed => {
                let found = self.lake.read::<Watermark>(&self.paths.watermark()).await?;
                if found.is_some_and(|found| found.value.batch == batch.batch) {
                    return Ok(());
                }
                Err(Error::Fenced {
                    what: "the watermark was moved",
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what a committed batch leaves behind. Its data stays: the lake is the record.
    async fn clean(&self, journal: &Journal) -> Result<()> {
        self.warehouse.drop_staging(&journal.batch.batch).await?;
        if let Some(job) = &journal.batch.bulk_job
            && let Err(error) = self.client.delete_bulk_job(job).await
        {
            // Salesforce removes it by itself after some days.
            tracing::debug!(code = error.kind().code(), "the bulk job was not deleted");
        }
        journal.close().await?;
        tracing::info!(step = "cleaned", "step");
        Ok(())
    }

    /// Gives a batch up for good: first its MERGE is made impossible, then its data goes.
    async fn abandon(&self, mut journal: Journal, why: &'static str) -> Result<()> {
        tracing::info!(batch = %journal.batch.batch, why, "a batch is given up");
        if !self.warehouse.abandon(&mut journal.batch).await? {
            // Its MERGE is done, though nobody wrote that down: its rows are in the table and have to be committed.
            return journal.change(|batch| batch.stage = Stage::Merged).await;
        }
        if let Some(job) = &journal.batch.bulk_job
            && let Err(error) = self.client.abort_bulk_job(job).await
        {
            tracing::debug!(code = error.kind().code(), "the bulk job was not aborted");
        }
        let prefix = self.paths.batch(&journal.batch.batch);
        self.lake.storage().delete_prefix(self.lake.bucket(), &prefix).await?;
        journal.close().await?;
        tracing::info!(step = "abandoned", "step");
        Ok(())
    }
}
