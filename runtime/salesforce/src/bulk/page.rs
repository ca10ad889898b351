//! Reading one page of a Bulk result: a task fetches, a thread decodes, the caller takes record batches. Both channels are
//! bounded, so memory does not depend on the page's size.
//!
//! A page's content never changes while its job exists, and its rows have an order. So when a connection breaks in the
//! middle, or fewer rows came than Salesforce announced, the page is fetched again and the rows that were decoded already are
//! passed over (the last of them is compared): the caller sees every row once and never learns of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use headwater_spec::Column;
use reqwest::header::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::client::Call;
use crate::decode::{CsvDecoder, DecodeError, DecodeOptions};
use crate::retry::Attempts;
use crate::{Client, Error, Result};

/// Pieces of bytes and record batches that wait for the next stage.
const PIECES: usize = 8;
const BATCHES: usize = 2;

/// How a page is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct PageOptions {
    /// Rows of a page at most; Salesforce chooses when absent. Locators belong to the pages of the same size.
    pub max_records: Option<u32>,
    /// When a record batch is complete.
    pub decode: DecodeOptions,
}

/// A page that is being read. Dropping it stops fetching and decoding.
#[derive(Debug)]
pub struct Page {
    batches: mpsc::Receiver<Result<RecordBatch>>,
    next_locator: Option<String>,
    records: Option<u64>,
    counts: Arc<Counts>,
    fetch: JoinHandle<()>,
    request: String,
    /// An error has been given.
    over: bool,
}

#[derive(Debug, Default)]
struct Counts {
    rows: AtomicU64,
    rounded: AtomicU64,
    bytes: AtomicU64,
    /// Every row has been decoded: only then may the channel run dry.
    complete: AtomicBool,
}

impl Client {
    /// Opens a page of a complete job's result: the first (`locator` absent), or the one of a locator, from
    /// [`Page::next_locator`] or [`Client::bulk_locators`]. Returns when its header has arrived; rows are fetched and decoded
    /// from then on, as far ahead as the channels allow.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_job_results.htm>
    ///
    /// # Errors
    /// See [`Error`]; errors in the middle come from [`Page::next_batch`].
    pub async fn open_page(
        &self,
        job: &str,
        locator: Option<&str>,
        columns: Arc<[Column]>,
        options: PageOptions,
    ) -> Result<Page> {
        let mut call = Call::get(self.path(&format!("/jobs/query/{job}/results")));
        call.accept = "text/csv";
        if let Some(locator) = locator {
            call = call.query("locator", locator);
        }
        if let Some(rows) = options.max_records {
            call = call.query("maxRecords", rows.to_string());
        }
        let response = self.open(&call).await?;
        let header = |name| text_header(response.headers(), name);
        let next_locator = header("sforce-locator")
            .filter(|text| *text != "null" && !text.is_empty())
            .map(str::to_owned);
        let records = header("sforce-numberofrecords").and_then(|text| text.trim().parse().ok());

        let counts = Arc::new(Counts::default());
        let (batch_sender, batches) = mpsc::channel(BATCHES);
        let (feed, fed) = mpsc::channel(PIECES);
        let decoder = Decoding {
            decoder: CsvDecoder::new(columns, options.decode),
            batches: batch_sender.clone(),
            counts: Arc::clone(&counts),
            request: call.name(),
        };
        tokio::task::spawn_blocking(move || decoder.run(fed));
        let request = call.name();
        let fetching = Fetching {
            client: self.clone(),
            call,
            feed,
            expected: records,
        };
        let fetch = tokio::spawn(async move {
            if let Err(error) = fetching.run(response).await {
                // Nobody to tell when the page was dropped.
                let _ = batch_sender.send(Err(error)).await;
            }
        });
        Ok(Page {
            batches,
            next_locator,
            records,
            counts,
            fetch,
            request,
            over: false,
        })
    }
}

fn text_header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl Page {
    /// The next rows, or `None` when every row of the page has been given.
    ///
    /// # Errors
    /// See [`Error`]; what could be repeated has been. There is nothing more to come then.
    pub async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let received = self.batches.recv().await;
        self.checked(received)
    }

    /// As [`Page::next_batch`], for a thread of its own, such as the one that writes Parquet.
    ///
    /// # Errors
    /// As [`Page::next_batch`].
    pub fn blocking_next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let received = self.batches.blocking_recv();
        self.checked(received)
    }

    /// A stage that died (a panic, a runtime shutting down) must not look like the end of the page.
    fn checked(&mut self, received: Option<Result<RecordBatch>>) -> Result<Option<RecordBatch>> {
        match received {
            None if !self.over && !self.counts.complete.load(Ordering::Acquire) => {
                self.over = true;
                Err(Error::incomplete(&self.request, "reading it ended before its last row"))
            }
            None => Ok(None),
            Some(Err(error)) => {
                self.over = true;
                Err(error)
            }
            Some(Ok(batch)) => Ok(Some(batch)),
        }
    }

    /// The batches as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<RecordBatch>> + Send {
        futures::stream::unfold(self, |mut page| async move {
            page.next_batch().await.transpose().map(|batch| (batch, page))
        })
    }

    /// The locator of the page after this one, known as soon as this one is open; `None`: this is the last.
    pub fn next_locator(&self) -> Option<&str> {
        self.next_locator.as_deref()
    }

    /// Rows of this page, as Salesforce announces them.
    pub fn records(&self) -> Option<u64> {
        self.records
    }

    /// Rows decoded so far.
    pub fn rows(&self) -> u64 {
        self.counts.rows.load(Ordering::Relaxed)
    }

    /// Numbers rounded to their column's scale so far.
    pub fn rounded(&self) -> u64 {
        self.counts.rounded.load(Ordering::Relaxed)
    }

    /// Bytes of CSV decoded so far, after decompression, repeated ones included.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.fetch.abort();
    }
}

/// What the fetching task tells the decoding thread.
enum Feed {
    Bytes(Bytes),
    /// What follows begins at the page's first byte again.
    Restart,
    /// The body ended well. The answer says what is missing, if anything.
    End {
        expected: Option<u64>,
        verdict: oneshot::Sender<Result<(), String>>,
    },
}

struct Fetching {
    client: Client,
    call: Call,
    feed: mpsc::Sender<Feed>,
    expected: Option<u64>,
}

impl Fetching {
    async fn run(self, mut response: reqwest::Response) -> Result<()> {
        let request = self.call.name();
        let mut attempts = Attempts::new(self.client.retry_policy());
        let mut furthest = 0;
        loop {
            let mut received = 0;
            let error = match self.pump(response, &mut received).await {
                Ok(None) => return Ok(()),
                Ok(Some(reason)) => Error::incomplete(&request, reason),
                Err(source) => Error::transport(&request, source),
            };
            if received > furthest {
                furthest = received;
                attempts.progress();
            }
            attempts.pause(error, None).await?;
            response = self.client.open(&self.call).await?;
            if self.feed.send(Feed::Restart).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Feeds one answer's body. `Ok(None)`: all rows are there, or nobody wants them any more.
    async fn pump(&self, response: reqwest::Response, received: &mut u64) -> Result<Option<String>, reqwest::Error> {
        let mut body = response.bytes_stream();
        while let Some(piece) = body.next().await {
            let piece = piece?;
            *received += piece.len() as u64;
            if self.feed.send(Feed::Bytes(piece)).await.is_err() {
                return Ok(None);
            }
        }
        let (verdict, answer) = oneshot::channel();
        if self
            .feed
            .send(Feed::End {
                expected: self.expected,
                verdict,
            })
            .await
            .is_err()
        {
            return Ok(None);
        }
        // No answer: the decoder has reported an error of its own, or the page was dropped.
        Ok(answer.await.ok().and_then(Result::err))
    }
}

struct Decoding {
    decoder: CsvDecoder,
    batches: mpsc::Sender<Result<RecordBatch>>,
    counts: Arc<Counts>,
    request: String,
}

impl Decoding {
    fn run(mut self, mut fed: mpsc::Receiver<Feed>) {
        while let Some(feed) = fed.blocking_recv() {
            match feed {
                Feed::Restart => self.decoder.restart(),
                Feed::Bytes(bytes) => {
                    self.counts.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    if let Err(source) = self.decoder.push(&bytes) {
                        return self.fail(source);
                    }
                    while let Some(batch) = self.decoder.next_batch() {
                        if !self.give(batch) {
                            return;
                        }
                    }
                }
                Feed::End { expected, verdict } => {
                    let outcome = match self.decoder.finish() {
                        Err(DecodeError::Malformed { row, reason }) => Err(format!("row {row}: {reason}")),
                        Err(source) => return self.fail(source),
                        Ok(batch) => {
                            if batch.is_some_and(|batch| !self.give(batch)) {
                                return;
                            }
                            match (self.decoder.rows(), expected) {
                                (rows, Some(expected)) if rows != expected => {
                                    Err(format!("it has {rows} rows, {expected} were announced"))
                                }
                                _ => Ok(()),
                            }
                        }
                    };
                    let complete = outcome.is_ok();
                    self.counts.complete.store(complete, Ordering::Release);
                    if verdict.send(outcome).is_err() || complete {
                        return;
                    }
                }
            }
        }
    }

    fn give(&self, batch: RecordBatch) -> bool {
        self.counts.rows.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        self.counts.rounded.store(self.decoder.rounded(), Ordering::Relaxed);
        self.batches.blocking_send(Ok(batch)).is_ok()
    }

    fn fail(self, source: DecodeError) {
        let _ = self.batches.blocking_send(Err(Error::Decode {
            request: self.request,
            source,
        }));
    }
}
