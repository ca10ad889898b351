//! The current table follows the changelog: by a MERGE of what is new, and where changes came late or again, by putting
//! records together from all of their changes.
//!
//! MERGE statements of a table have numbers, and a number is the id of a job: of two workers that both want to be the next,
//! one is, and the other waits for it. So whoever reads a changelog when number N is done and is then itself number N + 1
//! knows that no row has changed in between. A statement that was sent and whose answer was lost is found by its id; a
//! worker that died takes nothing with it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use headwater_cloud::{
    Backoff, BigQuery, Cloud, Document, JobRef, JobStatus, Kind, ObjectPath, Precondition, TableRef, Wait,
};
use headwater_spec::{EntitySpec, PipelineSpec, StreamDeletes, apply_job_id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cell::Cell;
use super::change::{Change, Columns};
use super::event::Happened;
use super::fold::{Folded, fold};
use super::metrics::Metrics;
use super::sql::{self, HISTORY_FIXED, Merge, Mind};
use crate::errors::{Error, Result};

/// Text of rows in one statement: a request may have 10 MB.
const STATEMENT_BYTES: usize = 5 << 20;
/// Records whose changes are read at once.
const HISTORIES: usize = 1000;
/// How often the number is noted down.
const NOTED_EVERY: u64 = 64;
/// A MERGE that takes longer has met something that waiting does not mend.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where the numbers are, for whoever begins: any number that was once true will do.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    identity: String,
    number: u64,
}

/// Keeps one current table.
pub(crate) struct Merger {
    cloud: Cloud,
    bigquery: BigQuery,
    pipeline: String,
    entity: String,
    project: String,
    location: String,
    labels: Value,
    current: TableRef,
    changelog: TableRef,
    deletes: StreamDeletes,
    identity: String,
    note: ObjectPath,
    /// The last statement that is known to have ended.
    done: u64,
    /// Tells this worker's statements from others'.
    worker: String,
}

/// How a statement that wanted to be the next fared.
enum Turn {
    /// It was the next; the rows that it changed.
    Ours(u64),
    /// Another was; it has ended by now.
    Theirs,
}

impl Merger {
    pub async fn open(
        cloud: &Cloud,
        spec: &PipelineSpec,
        entity: &str,
        settings: &EntitySpec,
        tables: &super::tables::Tables,
        current: &TableRef,
    ) -> Result<Self> {
        let stream = spec.stream()?;
        let layout = spec.layout();
        let mut labels = serde_json::Map::new();
        for (key, value) in &spec.labels {
            labels.insert(key.clone(), value.as_str().into());
        }
        labels.insert("headwater-pipeline".into(), spec.name.as_str().into());
        let mut merger = Self {
            cloud: cloud.clone(),
            bigquery: tables.bigquery.clone(),
            pipeline: spec.name.clone(),
            entity: entity.to_owned(),
            project: spec.project.clone(),
            location: stream.dataset.location.clone(),
            labels: labels.into(),
            current: current.clone(),
            changelog: tables.changelog.clone(),
            deletes: settings.deletes,
            identity: tables.identity(current).await?,
            note: ObjectPath {
                bucket: layout.bucket().to_owned(),
                name: format!("{}objects/{entity}/apply.json", layout.root()),
            },
            done: 0,
            worker: format!("{:016x}", rand::random::<u64>()),
        };
        merger.find_last().await?;
        Ok(merger)
    }

    fn job(&self, number: u64) -> JobRef {
        JobRef {
            project: self.project.clone(),
            location: Some(self.location.clone()),
            id: apply_job_id(&self.pipeline, &self.entity, &self.identity, number),
        }
    }

    /// Finds the last number that was used, from the noted one on in growing steps, and waits for it.
    async fn find_last(&mut self) -> Result<()> {
        let noted = match self.cloud.storage().get(&self.note).await {
            Ok(found) => serde_json::from_slice::<Note>(&found.bytes).ok(),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        let mut used = noted
            .filter(|note| note.identity == self.identity)
            .map_or(0, |note| note.number);
        let mut step = 1;
        while self.is_used(used + step).await? {
            used += step;
            step *= 2;
        }
        // Between the last that is used and the first that is not.
        while step > 1 {
            step /= 2;
            if self.is_used(used + step).await? {
                used += step;
            }
        }
        if used > 0 {
            self.wait(&self.job(used)).await?;
        }
        self.done = used;
        Ok(())
    }

    async fn is_used(&self, number: u64) -> Result<bool> {
        match self.bigquery.get_job(&self.job(number)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings changes, all of which are durable in the changelog, into the current table.
    pub async fn apply(&mut self, changes: &[Change<'static>], columns: &Columns, metrics: &Metrics) -> Result<()> {
        let mut records: HashMap<&str, Vec<&Change<'static>>> = HashMap::new();
        for change in changes {
            records.entry(&change.record).or_default().push(change);
        }
        let mut rows: Vec<(&str, Folded<'_>)> = records
            .into_iter()
            .filter_map(|(record, changes)| Some((record, fold(changes)?)))
            .collect();
        // The same statement for the same changes.
        rows.sort_by_key(|(record, _)| *record);
        for part in parts(&rows) {
            let statement = self.statement(columns, part, Mind::InOrder);
            let affected = loop {
                if let Turn::Ours(affected) = self.turn(&statement, metrics).await? {
                    break affected;
                }
            };
            metrics.merged(false);
            if affected < part.len() as u64 {
                // Some came late or again. Which, the answer does not say.
                let ids: Vec<&str> = part.iter().map(|(record, _)| *record).collect();
                self.refold(&ids, columns, metrics).await?;
            }
        }
        Ok(())
    }

    /// Puts records together from all of their changes.
    async fn refold(&mut self, records: &[&str], columns: &Columns, metrics: &Metrics) -> Result<()> {
        for ids in records.chunks(HISTORIES) {
            loop {
                let history = self.history(ids, columns).await?;
                let mut rows: Vec<(&str, Folded<'_>)> = history
                    .iter()
                    .filter_map(|(record, changes)| Some((record.as_str(), fold(changes)?)))
                    .collect();
                rows.sort_by_key(|(record, _)| *record);
                let mut lost = false;
                for part in parts(&rows) {
                    let statement = self.statement(columns, part, Mind::Whole);
                    match self.turn(&statement, metrics).await? {
                        Turn::Ours(_) => metrics.merged(true),
                        Turn::Theirs => {
                            // What was read may be older than what another has merged by now.
                            lost = true;
                            break;
                        }
                    }
                }
                if !lost {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn history(&self, records: &[&str], columns: &Columns) -> Result<HashMap<String, Vec<Change<'static>>>> {
        let sql = sql::history(&self.changelog, columns.list(), records);
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let rows = loop {
            match self.bigquery.query(&sql, Some(&self.location)).await {
                Ok(rows) => break rows.rows,
                Err(error) if error.kind().is_transient() => tokio::time::sleep(backoff.next_wait()).await,
                Err(error) => return Err(error.into()),
            }
        };
        let mut all: HashMap<String, Vec<Change<'static>>> = HashMap::new();
        for row in &rows {
            let change = past(row, columns).ok_or_else(|| Error::Table {
                table: self.changelog.to_string(),
                reason: "it holds a row that no worker wrote".into(),
            })?;
            all.entry(change.record.clone().into_owned()).or_default().push(change);
        }
        Ok(all)
    }

    fn statement(&self, columns: &Columns, rows: &[(&str, Folded<'_>)], mind: Mind) -> Merge {
        sql::merge(&self.current, &self.changelog, columns.list(), self.deletes, rows, mind)
    }

    /// Tries to be the next statement. A statement of ours that failed for the moment has changed nothing and used up its
    /// number; it is sent again under the next.
    async fn turn(&mut self, merge: &Merge, metrics: &Metrics) -> Result<Turn> {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        loop {
            let job = self.job(self.done + 1);
            let nonce = format!("{}-{:08x}", self.worker, rand::random::<u32>());
            let mut labels = self.labels.clone();
            labels["headwater-turn"] = nonce.as_str().into();
            let configuration = json!({
                "labels": labels,
                "query": {
                    "query": merge.sql, "useLegacySql": false, "parameterMode": "NAMED", "queryParameters": merge.rows,
                },
            });
            let document = match self.bigquery.insert_job(&job, &configuration).await {
                Ok((document, _)) => document,
                Err(error) if error.kind().is_transient() => {
                    metrics.retried();
                    tokio::time::sleep(backoff.next_wait()).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            // Sent twice because an answer was lost, it is there already, and it is ours all the same.
            let ours = document["configuration"]["labels"]["headwater-turn"].as_str() == Some(&nonce);
            let status = match BigQuery::job_status(&job, &document) {
                JobStatus::Running => match self.wait(&job).await {
                    // The service died between taking the statement and writing that it had: the number is free again.
                    Err(Error::Cloud(error)) if error.kind() == Kind::NotFound => {
                        metrics.retried();
                        tracing::warn!(entity = self.entity, %error, "BigQuery does not know a merge that it took: it is sent again");
                        tokio::time::sleep(backoff.next_wait()).await;
                        continue;
                    }
                    status => status?,
                },
                ended => ended,
            };
            self.done += 1;
            self.note().await;
            match status {
                _ if !ours => return Ok(Turn::Theirs),
                JobStatus::Done(document) => return Ok(Turn::Ours(affected(&document))),
                JobStatus::Failed(error) if may_pass(&error) => {
                    metrics.retried();
                    tracing::warn!(entity = self.entity, reason = error.message(), "a merge is sent again");
                    tokio::time::sleep(backoff.next_wait()).await;
                }
                JobStatus::Failed(error) => return Err(error.into()),
                JobStatus::Running => return Err(Error::Worker),
            }
        }
    }

    /// Waits for a job's end through whatever befalls the service.
    async fn wait(&self, job: &JobRef) -> Result<JobStatus> {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let wait = Wait {
            deadline: PATIENCE,
            first: Duration::from_millis(5),
            longest: Duration::from_secs(1),
        };
        loop {
            match self.bigquery.wait_query(job, wait).await {
                Ok(status) => return Ok(status),
                Err(error) if error.kind().is_transient() => tokio::time::sleep(backoff.next_wait()).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Notes the number now and then, for whoever begins. That it fails costs that worker a few questions.
    async fn note(&self) {
        if !self.done.is_multiple_of(NOTED_EVERY) {
            return;
        }
        let note = Note {
            identity: self.identity.clone(),
            number: self.done,
        };
        let bytes = serde_json::to_vec(&note).unwrap_or_default();
        let written = self
            .cloud
            .storage()
            .put(&self.note, "application/json", bytes.into(), Precondition::None)
            .await;
        if let Err(error) = written {
            tracing::debug!(kind = ?error.kind(), "the number was not noted");
        }
    }
}

/// Whether a statement that failed may succeed when it is sent again: it met another, or the service failed.
fn may_pass(error: &headwater_cloud::Error) -> bool {
    let conflict = ["concurrent update", "serialize access", "Transaction is aborted"];
    error.kind().is_transient()
        || matches!(error.kind(), Kind::Conflict)
        || conflict.iter().any(|words| error.message().contains(words))
}

fn affected(document: &Document) -> u64 {
    let rows = &document["statistics"]["query"]["numDmlAffectedRows"];
    rows.as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Rows by statements.
fn parts<'r, 'f>(rows: &'r [(&'f str, Folded<'f>)]) -> Vec<&'r [(&'f str, Folded<'f>)]> {
    let mut parts = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (place, (record, folded)) in rows.iter().enumerate() {
        let cells = folded
            .set
            .values()
            .map(|cell| cell.map_or(5, |cell| cell.text().len() + 3));
        let size = 100 + record.len() + cells.sum::<usize>();
        if bytes + size > STATEMENT_BYTES && place > from {
            parts.push(&rows[from..place]);
            (from, bytes) = (place, 0);
        }
        bytes += size;
    }
    if from < rows.len() {
        parts.push(&rows[from..]);
    }
    parts
}

/// A row of the changelog as the change that it was.
fn past(row: &[Value], columns: &Columns) -> Option<Change<'static>> {
    let text = |place: usize| row.get(place).and_then(Value::as_str);
    let changed: Vec<&str> = text(5).unwrap_or_default().split(',').collect();
    let mut cells = Vec::new();
    for (place, column) in columns.list().iter().enumerate() {
        if changed.iter().any(|name| name.eq_ignore_ascii_case(&column.name)) {
            let cell = match text(place + HISTORY_FIXED) {
                Some(text) => Some(Cell::of_text(text, column.data_type).ok()?.into_owned()),
                None => None,
            };
            cells.push((place, cell));
        }
    }
    Some(Change {
        record: text(0)?.to_owned().into(),
        happened: Happened::parse(text(1)?)?,
        position: sql::position(text(2)?, text(3)?)?,
        at: text(4)?.parse().ok()?,
        transaction: Cow::default(),
        origin: Cow::default(),
        user: Cow::default(),
        cells,
    })
}
