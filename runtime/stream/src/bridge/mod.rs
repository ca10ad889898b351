//! The bridge: Salesforce's change events into a Pub/Sub topic, one message for each record's change.
//!
//! # How nothing is lost
//! - `bridge/position.json` (`ledger`) admits one bridge and holds its positions. A bridge that was taken over cannot write
//!   it any more. A position moves only behind events whose messages Pub/Sub has acknowledged (`outbox`).
//! - Killed anywhere, the next bridge goes on from there: some messages come twice, with the same key (record, commit number,
//!   sequence number), which is what makes them one change to who reads them.
//! - What events do not tell (gaps, overflows, differences of long texts) and what came while the position was lost is read
//!   from the org (`org`) and published as snapshots at the place in the order where it was missing (`feed`). A snapshot may
//!   be newer than its place: what changed in between is told again by the events that follow.
//! - An initial snapshot is read behind a position that was noted before it (`begin`), and ordered before every event.

mod begin;
mod change;
mod errors;
mod feed;
mod ledger;
mod org;
mod outbox;
mod publish;
mod records;
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use headwater_cloud::{Cloud, ObjectPath};
use headwater_salesforce::{Client, ClientOptions, Secret};
use headwater_spec::{CdcStreamSpec, PipelineSpec, SalesforceSource, StreamSource};
use tokio_util::sync::CancellationToken;

pub use errors::{Error, Result};

use ledger::Ledger;

use crate::notices::Notices;

/// How the bridge behaves. The defaults suit production.
#[derive(Debug, Clone)]
pub struct Options {
    /// After so long a bridge that gives no sign of life is taken over.
    pub lease: Duration,
    /// Positions are written at most so often: Cloud Storage allows one write of an object a second.
    pub flush: Duration,
    /// How Salesforce is called.
    pub salesforce: ClientOptions,
    /// What it does, for who watches.
    pub progress: Arc<Progress>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            flush: Duration::from_secs(1),
            salesforce: ClientOptions::default(),
            progress: Arc::default(),
        }
    }
}

/// What a bridge has done and how it stands.
#[derive(Debug, Default)]
pub struct Progress {
    /// Events that came.
    pub events: AtomicU64,
    /// Messages that are durable in the topic.
    pub messages: AtomicU64,
    /// Publish requests that were repeated.
    pub retries: AtomicU64,
    /// Repairs of what events did not tell.
    pub repairs: AtomicU64,
    durable_ms: AtomicI64,
    standby: AtomicBool,
}

/// [`Progress`] at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Events that came.
    pub events: u64,
    /// Messages that are durable in the topic.
    pub messages: u64,
    /// Publish requests that were repeated.
    pub retries: u64,
    /// Repairs of what events did not tell.
    pub repairs: u64,
}

impl Progress {
    /// How it stands now.
    pub fn counts(&self) -> Counts {
        Counts {
            events: self.events.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            repairs: self.repairs.load(Ordering::Relaxed),
        }
    }

    /// How long ago the position was last known to be durable; `None` before the first time. It is written at least three
    /// times a lease, so one that is older than a lease is that of a bridge that is stuck.
    pub fn durable_age(&self) -> Option<Duration> {
        let at =
            DateTime::from_timestamp_millis(self.durable_ms.load(Ordering::Relaxed)).filter(|t| t.timestamp() > 0)?;
        Some((Utc::now() - at).max(TimeDelta::zero()).to_std().unwrap_or_default())
    }

    /// Whether another bridge of the pipeline is at work, and this one waits to take over.
    pub fn is_standing_by(&self) -> bool {
        self.standby.load(Ordering::Relaxed)
    }

    fn stands_by(&self, standby: bool) {
        if standby && !self.standby.swap(standby, Ordering::Relaxed) {
            tracing::info!("another bridge holds the position, standing by");
        }
        self.standby.store(standby, Ordering::Relaxed);
    }

    fn durable(&self, at: DateTime<Utc>) {
        self.durable_ms.store(at.timestamp_millis(), Ordering::Relaxed);
    }
}

/// A channel and the entities that are wanted of it.
type Channel = (String, Vec<String>);

/// The channels of a stream: one for all, or each entity's own.
fn channels(stream: &CdcStreamSpec, source: &SalesforceSource) -> Vec<Channel> {
    let entities = stream.entities.keys();
    match &source.channel {
        Some(channel) => vec![(channel.clone(), entities.cloned().collect())],
        None => entities
            .map(|entity| (own_channel(entity), vec![entity.clone()]))
            .collect(),
    }
}

/// `/data/AccountChangeEvent`, `/data/Thing__ChangeEvent`.
fn own_channel(entity: &str) -> String {
    match entity.strip_suffix("__c") {
        Some(custom) => format!("/data/{custom}__ChangeEvent"),
        None => format!("/data/{entity}ChangeEvent"),
    }
}

/// Bridges until it is cancelled, or stands by while another bridge of the pipeline is at work; then what is under way is waited for, for some seconds, and the position is given back.
///
/// # Errors
/// See [`Error`]. Whatever it is, the next bridge goes on from the last durable position.
pub async fn run(spec: &PipelineSpec, cloud: &Cloud, options: Options, cancel: CancellationToken) -> Result<()> {
    let stream = spec.stream().map_err(|_| Error::Spec)?;
    let StreamSource::Salesforce(source) = &stream.source else {
        return Err(Error::Spec);
    };
    let notices = Arc::new(Notices::open(&spec.name, stream, cloud).await?);
    loop {
        let ended = Box::pin(bridge(spec, stream, source, cloud, &options, &cancel, &notices)).await;
        match &ended {
            // Nothing is lost: the other one goes on from the last durable position, and this one stands by.
            Err(error @ Error::Fenced) => tracing::warn!(%error),
            Err(error) => {
                notices
                    .failed("bridge", error.code(), &error.to_string(), error.hint())
                    .await;
                return ended;
            }
            Ok(()) => return ended,
        }
    }
}

async fn bridge(
    spec: &PipelineSpec,
    stream: &CdcStreamSpec,
    source: &SalesforceSource,
    cloud: &Cloud,
    options: &Options,
    cancel: &CancellationToken,
    notices: &Arc<Notices>,
) -> Result<()> {
    let payload = cloud.secrets().access(&source.connection.auth.secret().0).await?;
    let secret = Secret::new(payload.expose_text()?.to_owned());
    let client = Client::connect(&source.connection, secret, options.salesforce.clone()).await?;
    let layout = spec.layout();
    let path = ObjectPath {
        bucket: layout.bucket().to_owned(),
        name: format!("{}bridge/position.json", layout.root()),
    };
    let acquired = tokio::select! {
        acquired = Ledger::acquire(cloud.storage(), path, options) => acquired?,
        () = cancel.cancelled() => return Ok(()),
    };
    let ledger = Arc::new(acquired);
    let bridge = Bridge {
        spec,
        stream,
        source,
        cloud,
        client,
        options: options.clone(),
        notices: Arc::clone(notices),
        ledger: Arc::clone(&ledger),
        // One channel's failure ends the others, which then drain.
        cancel: cancel.child_token(),
    };
    let ended = bridge.feeds().await;
    drop(bridge);
    match (Arc::into_inner(ledger), &ended) {
        (Some(ledger), Ok(()) | Err(Error::Cloud(_) | Error::Salesforce(_) | Error::Publish { .. })) => {
            let closed = ledger.close().await;
            ended.and(closed)
        }
        _ => ended,
    }
}

struct Bridge<'a> {
    spec: &'a PipelineSpec,
    stream: &'a CdcStreamSpec,
    source: &'a SalesforceSource,
    cloud: &'a Cloud,
    client: Client,
    options: Options,
    notices: Arc<Notices>,
    ledger: Arc<Ledger>,
    cancel: CancellationToken,
}

impl Bridge<'_> {
    async fn feeds(&self) -> Result<()> {
        let channels = channels(self.stream, self.source);
        let running = channels.into_iter().map(|channel| async {
            let ended = match self.feed(channel).await {
                Err(Error::Stopped) => Ok(()),
                ended => ended,
            };
            if ended.is_err() {
                self.cancel.cancel();
            }
            ended
        });
        // All are let come to their end: what is under way is worth a moment.
        join_all(running).await.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_have_channels() {
        assert_eq!(own_channel("Account"), "/data/AccountChangeEvent");
        assert_eq!(own_channel("Thing__c"), "/data/Thing__ChangeEvent");
    }
}
