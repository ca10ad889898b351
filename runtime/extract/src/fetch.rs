//! Rows from Salesforce into parts: choosing the API, the Bulk job, the walk over pages, and the record of finished parts
//! that a killed run goes on from.

use std::sync::Arc;

use headwater_cloud::Kind as CloudKind;
use headwater_salesforce::{Client, JobState, Kind, PageOptions, QueryOptions, Soql, Wait, arrow_schema};
use headwater_spec::{Api, Column, ObjectSpec, Part, Phase, SalesforceExtractSpec};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::batch::Inflight;
use crate::errors::{Error, Result};
use crate::leavers::{Changed, leaver_schema};
use crate::object::Journal;
use crate::parts::{Encoder, Feed, Sealed};
use crate::progress::{Recorder, Update};

/// What reading an object needs.
pub(crate) struct Fetch<'a> {
    pub client: &'a Client,
    pub object: &'a str,
    pub extract: &'a SalesforceExtractSpec,
    pub spec: &'a ObjectSpec,
    pub cursor: Option<&'a str>,
    pub cancel: &'a CancellationToken,
    pub recorder: &'a Recorder<'a>,
    /// Rows of a page of a Bulk result.
    pub page_rows: u32,
    /// Requests that the client had made before this object's turn.
    pub calls_before: u64,
}

/// What the rows of a part are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The object's.
    Rows,
    /// See `leavers`.
    Leavers,
}

/// How fetching ended.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// All rows are in parts.
    Complete,
    /// There are no rows, and that was cheap to find out.
    Nothing,
    /// The batch cannot be gone on with; read anew under another name. The text says why.
    Restart(&'static str),
    /// Too much has changed to tell changed rows apart; read everything.
    Reread,
}

impl Fetch<'_> {
    /// `queryAll`: deleted rows, which the MERGE removes, and archived ones, which a plain query would leave out.
    pub fn include_deleted(&self, inflight: &Inflight) -> bool {
        inflight.columns.iter().any(|column| column.field == "IsDeleted")
    }

    /// A full read takes all that is there now: an upper bound would make rows changed since look removed.
    fn restrict<'q>(&'q self, query: Soql<'q>, inflight: &'q Inflight) -> Soql<'q> {
        let query = query.condition(self.spec.condition.as_deref());
        match self.cursor {
            Some(cursor) if !inflight.window.is_full() => query.window(cursor, &inflight.window),
            _ => query,
        }
    }

    /// The query's text.
    pub fn soql(&self, inflight: &Inflight) -> Result<String> {
        let query = self.restrict(Soql::select(self.object, &inflight.columns), inflight);
        Ok(query.build().map_err(headwater_salesforce::Error::from)?)
    }

    /// Reads the batch, or what is left of it.
    pub async fn run(&self, journal: &mut Journal) -> Result<Fetched> {
        self.check_budget()?;
        let mut expected = None;
        if journal.batch().api.is_none() {
            match self.changed(journal.batch()).await? {
                Changed::None => return Ok(Fetched::Nothing),
                Changed::TooMany => return Ok(Fetched::Reread),
                Changed::Some | Changed::NotAsked => {}
            }
            let counted = self.count(journal.batch()).await?;
            if counted == Some(0) && !journal.batch().window.is_full() && self.leaving(journal.batch()).is_none() {
                return Ok(Fetched::Nothing);
            }
            let small = counted.is_some_and(|rows| rows < self.extract.bulk_threshold_rows);
            expected = counted;
            journal
                .change(|batch| batch.api = Some(if small { Api::Rest } else { Api::Bulk }))
                .await?;
        }
        if let Some(rows) = expected {
            self.recorder.tell(&Update::Expected { rows });
        }
        let api = journal.batch().api;
        self.recorder.note(|record| record.api = api);
        if api == Some(Api::Bulk) {
            match self.bulk(journal).await {
                Err(Error::Salesforce(error))
                    if error.kind() == Kind::BulkUnsupported && journal.batch().bulk_job.is_none() =>
                {
                    tracing::info!("the bulk api cannot read this object, reading it by rest");
                    journal.change(|batch| batch.api = Some(Api::Rest)).await?;
                    self.recorder.note(|record| record.api = Some(Api::Rest));
                }
                other => return self.complete(journal, other).await,
            }
        }
        let read = self.rest(journal).await;
        self.complete(journal, read).await
    }

    async fn complete(&self, journal: &mut Journal, read: Result<Fetched>) -> Result<Fetched> {
        match read {
            Ok(Fetched::Complete) => settle(self.leavers(journal).await.map(|()| Fetched::Complete)),
            other => settle(other),
        }
    }

    /// How many rows there are; `None` when there are too many to count in Salesforce's time.
    async fn count(&self, inflight: &Inflight) -> Result<Option<u64>> {
        let query = self.restrict(Soql::count(self.object), inflight);
        match self.client.count(&query, self.include_deleted(inflight)).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if error.kind() == Kind::QueryTimeout => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn bulk(&self, journal: &mut Journal) -> Result<Fetched> {
        let mut announced = None;
        let known = journal.batch().bulk_job.clone();
        let resumed = known.is_some();
        let id = match known {
            Some(id) => id,
            None => {
                self.recorder.phase(Phase::Query).await;
                let job = self
                    .client
                    .create_bulk_query(&journal.batch().soql, self.include_deleted(journal.batch()))
                    .await?;
                tracing::info!(step = "bulk_job_created", job = %job.id, "step");
                journal.change(|batch| batch.bulk_job = Some(job.id.clone())).await?;
                tracing::info!(step = "bulk_job_recorded", "step");
                job.id
            }
        };
        let patience = Wait::default();
        let wait = self.client.wait_bulk_job(&id, &patience, |job| {
            if job.state == JobState::JobComplete {
                announced = Some(job.number_records_processed);
            }
        });
        let waited = tokio::select! {
            waited = wait => waited,
            () = self.cancel.cancelled() => return Err(Error::Cancelled),
        };
        match waited {
            Ok(_) => {}
            // Results live for some days; a batch that was left longer is read anew.
            Err(error) if error.kind() == Kind::NotFound && resumed => {
                return Ok(Fetched::Restart("the bulk job is gone"));
            }
            // Salesforce's own mishaps are tried again with a new job, a few times; what the query is to blame for is not.
            Err(error)
                if matches!(error, headwater_salesforce::Error::Job { .. })
                    && (resumed || matches!(error.kind(), Kind::Unknown | Kind::QueryTimeout | Kind::Unavailable)) =>
            {
                tracing::warn!(job = %id, error = %error, "the bulk job has failed");
                return Ok(Fetched::Restart("Salesforce failed the bulk job"));
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(rows) = announced {
            self.recorder.tell(&Update::Expected { rows });
        }
        self.recorder.phase(Phase::Fetch).await;
        let begun = !journal.batch().parts.is_empty();
        if !(begun && journal.batch().next_page.is_none()) {
            let columns: Arc<[Column]> = journal.batch().columns.clone().into();
            let from = journal.batch().next_page.clone();
            let (feed, fed) = mpsc::channel(2);
            let reading = self.read_bulk(&id, from, columns, feed);
            self.encode(journal, Kept::Rows, reading, fed).await?;
        }
        let rows: u64 = journal.batch().parts.iter().map(|part| part.rows).sum();
        let found = rows - journal.batch().left.unwrap_or_default();
        match announced {
            Some(expected) if expected != found => Err(Error::Count {
                what: "rows of the bulk job",
                expected,
                found,
            }),
            _ => Ok(Fetched::Complete),
        }
    }

    /// Walks the pages from a locator on. The next page is opened while the last one's rows are still being taken.
    async fn read_bulk(
        &self,
        id: &str,
        from: Option<String>,
        columns: Arc<[Column]>,
        feed: mpsc::Sender<Feed>,
    ) -> Result<()> {
        let options = PageOptions {
            max_records: Some(self.page_rows),
            ..PageOptions::default()
        };
        let open = async |locator: Option<String>| {
            self.client
                .open_page(id, locator.as_deref(), columns.clone(), options)
                .await
        };
        let mut page = open(from).await?;
        loop {
            let next = page.next_locator().map(str::to_owned);
            let mut ahead = std::pin::pin!(async {
                match &next {
                    Some(locator) => open(Some(locator.clone())).await.map(Some),
                    None => Ok(None),
                }
            });
            let mut opened = None;
            loop {
                let batch = tokio::select! {
                    batch = page.next_batch() => batch?,
                    ready = &mut ahead, if opened.is_none() => {
                        opened = Some(ready?);
                        continue;
                    }
                    () = self.cancel.cancelled() => return Err(Error::Cancelled),
                };
                let Some(batch) = batch else { break };
                let rows = batch.num_rows() as u64;
                if feed.send(Feed::Rows(batch)).await.is_err() {
                    return Ok(());
                }
                self.note_rows(rows).await;
            }
            let last = next.is_none();
            if feed
                .send(Feed::Boundary {
                    next: next.clone(),
                    last,
                })
                .await
                .is_err()
                || last
            {
                return Ok(());
            }
            self.check_budget()?;
            page = match opened {
                Some(Some(page)) => page,
                Some(None) => return Ok(()),
                None => match ahead.await? {
                    Some(page) => page,
                    None => return Ok(()),
                },
            };
        }
    }

    async fn rest(&self, journal: &mut Journal) -> Result<Fetched> {
        if !journal.batch().parts.is_empty() {
            return Ok(Fetched::Restart("a rest query cannot be gone on with"));
        }
        self.recorder.phase(Phase::Fetch).await;
        let options = QueryOptions {
            include_deleted: self.include_deleted(journal.batch()),
            batch_size: None,
        };
        let columns: Arc<[Column]> = journal.batch().columns.clone().into();
        let pages = self.client.query(journal.batch().soql.clone(), columns, options);
        let (feed, fed) = mpsc::channel(2);
        let reading = async move {
            let mut pages = pages;
            loop {
                let page = tokio::select! {
                    page = pages.next() => page?,
                    () = self.cancel.cancelled() => return Err(Error::Cancelled),
                };
                let Some(page) = page else {
                    let _ = feed.send(Feed::Boundary { next: None, last: true }).await;
                    return Ok(());
                };
                if let Some(batch) = page.batch {
                    let rows = batch.num_rows() as u64;
                    if feed.send(Feed::Rows(batch)).await.is_err() {
                        return Ok(());
                    }
                    self.note_rows(rows).await;
                }
                if feed
                    .send(Feed::Boundary {
                        next: None,
                        last: false,
                    })
                    .await
                    .is_err()
                {
                    return Ok(());
                }
                self.check_budget()?;
            }
        };
        self.encode(journal, Kept::Rows, reading, fed).await?;
        Ok(Fetched::Complete)
    }

    /// Runs the three stages at once: reading, encoding on a thread of its own, and recording what is durable.
    pub async fn encode(
        &self,
        journal: &mut Journal,
        kept: Kept,
        reading: impl Future<Output = Result<()>>,
        fed: mpsc::Receiver<Feed>,
    ) -> Result<()> {
        let first = journal.batch().parts.len();
        journal.clear_parts_from(first).await?;
        let (paths, batch) = (journal.paths().clone(), journal.batch().batch.clone());
        let encoder = Encoder {
            lake: journal.lake().clone(),
            schema: match kept {
                Kept::Rows => arrow_schema(&journal.batch().columns),
                Kept::Leavers => leaver_schema(&journal.batch().columns),
            },
            name: Box::new(move |index| paths.part(&batch, index)),
            first,
            target_bytes: match kept {
                Kept::Rows => self.extract.part_target_bytes,
                Kept::Leavers => u64::MAX,
            },
            unique: journal
                .batch()
                .columns
                .iter()
                .filter(|c| c.salesforce_type == "id")
                .map(|c| c.name.clone())
                .collect(),
        };
        let (sealed, mut done) = mpsc::channel(1);
        let encoding = tokio::task::spawn_blocking(move || encoder.run(fed, &sealed));
        let recording = async {
            while let Some(part) = done.recv().await {
                self.record(journal, kept, part).await?;
            }
            Ok(())
        };
        let encoding = async { encoding.await.unwrap_or(Err(Error::Worker)) };
        let (read, encoded, recorded) = tokio::join!(reading, encoding, recording);
        // A failed upload ends the others quietly, so its error comes first.
        recorded.and(encoded).and(read)
    }

    async fn record(&self, journal: &mut Journal, kept: Kept, part: Sealed) -> Result<()> {
        let Sealed {
            object,
            rows,
            upload,
            next,
            last,
        } = part;
        let stored = upload.finish().await?;
        tracing::info!(step = "part_uploaded", part = %object, rows, bytes = stored.size, "step");
        let part = Part {
            object,
            generation: stored.generation,
            rows,
            bytes: stored.size,
        };
        journal
            .change(|batch| {
                batch.parts.push(part);
                batch.next_page = if last { None } else { next };
                if kept == Kept::Leavers {
                    batch.left = Some(rows);
                }
            })
            .await?;
        tracing::info!(step = "part_recorded", "step");
        self.recorder.note(|record| {
            record.totals.parts += 1;
            record.totals.bytes += stored.size;
        });
        self.recorder.fetched().await;
        Ok(())
    }

    async fn note_rows(&self, rows: u64) {
        let calls = self.client.calls() - self.calls_before;
        self.recorder.note(|record| {
            record.totals.rows_read += rows;
            record.totals.api_calls = calls;
        });
        self.recorder.fetched().await;
    }

    /// Ends the run, resumable, when the org's usage has reached the pipeline's budget.
    pub fn check_budget(&self) -> Result<()> {
        check_budget(self.client, self.extract)
    }
}

/// See [`Error::Budget`].
pub(crate) fn check_budget(client: &Client, extract: &SalesforceExtractSpec) -> Result<()> {
    let (Some(budget), Some(usage)) = (extract.api_budget, client.api_usage()) else {
        return Ok(());
    };
    if usage.used.saturating_mul(100) >= usage.max.saturating_mul(u64::from(budget.max_daily_percent)) {
        return Err(Error::Budget {
            used: usage.used,
            max: usage.max,
            percent: budget.max_daily_percent,
        });
    }
    Ok(())
}

/// Which errors mean "begin the batch anew" rather than "the run has failed".
fn settle(result: Result<Fetched>) -> Result<Fetched> {
    match result {
        Err(Error::Salesforce(error)) if error.kind() == Kind::Cursor => {
            Ok(Fetched::Restart("the query's cursor has expired"))
        }
        // The lease was ours a moment ago, so this is the late write of a run that was killed.
        Err(Error::Cloud(error))
            if error.kind() == CloudKind::PreconditionFailed && error.action().contains("/part-") =>
        {
            Ok(Fetched::Restart("a part was there already"))
        }
        other => other,
    }
}
