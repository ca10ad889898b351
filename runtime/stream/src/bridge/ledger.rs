//! `bridge/position.json` in the lake: who bridges the pipeline, and behind which events everything is published. One document
//! for both, written only against the generation that was read: a bridge that was taken over cannot move a position any more,
//! and finds out at its next write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use headwater_cloud::{Kind, ObjectPath, OptionalExt as _, Precondition, Storage};
use headwater_salesforce::ReplayId;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::errors::{Error, Result};
use super::{Options, Progress};

/// A position in a channel: behind this event everything is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// What Salesforce is asked to go on after; absent: the oldest event that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_id: Option<ReplayId>,
    /// The commit of the last event; 0 before the first.
    pub commit_number: i64,
    /// When that was committed, by Salesforce's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<DateTime<Utc>>,
    /// When the channel was first read, by ours.
    pub since: DateTime<Utc>,
}

/// How far the initial snapshot is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// Bulk jobs by entity: read again by a restart.
    pub jobs: BTreeMap<String, String>,
    /// Entities whose rows are all published.
    pub done: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Document {
    /// Rises with every change of hands.
    fence: u64,
    /// Tells this process apart from all others; absent when it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    /// By the holder's clock.
    expires_at: DateTime<Utc>,
    /// Positions by channel.
    #[serde(default)]
    pub feeds: BTreeMap<String, Mark>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

/// The document, held by this process. Saves itself until it is closed or dropped.
pub(super) struct Ledger {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

struct Shared {
    storage: Storage,
    path: ObjectPath,
    ttl: Duration,
    flush: Duration,
    progress: Arc<Progress>,
    document: Mutex<Document>,
    generation: tokio::sync::Mutex<i64>,
    changed: Notify,
    stop: Notify,
    lost: watch::Sender<bool>,
}

async fn read(storage: &Storage, path: &ObjectPath) -> Result<Option<(Document, i64)>> {
    let Some(found) = storage.get(path).await.optional()? else {
        return Ok(None);
    };
    let document = serde_json::from_slice(&found.bytes).map_err(|source| Error::Document {
        path: path.to_string(),
        source,
    })?;
    Ok(Some((document, found.generation)))
}

fn expiry(ttl: Duration) -> DateTime<Utc> {
    Utc::now() + TimeDelta::from_std(ttl).unwrap_or_default()
}

impl Ledger {
    /// Takes the document over, when nobody holds it any more: a holder that is dead until its lease ends, one that shows life
    /// until it gives the document back.
    pub async fn acquire(storage: Storage, path: ObjectPath, options: &Options) -> Result<Self> {
        let me = format!("{:016x}", rand::random::<u64>());
        let mut seen: Option<(i64, Instant)> = None;
        loop {
            let found = read(&storage, &path).await?;
            let generation = found.as_ref().map_or(0, |(_, generation)| *generation);
            let since = match seen {
                Some((earlier, since)) if earlier == generation => since,
                Some(_) | None => Instant::now(),
            };
            seen = Some((generation, since));
            // The holder's clock may be wrong: one that is silent for a whole lease before our eyes is dead too.
            let held = found.as_ref().is_some_and(|(document, _)| {
                document.holder.is_some() && Utc::now() < document.expires_at && since.elapsed() < options.lease
            });
            options.progress.stands_by(held);
            if held {
                tokio::time::sleep((options.lease / 10).max(Duration::from_millis(20))).await;
                continue;
            }
            let mut document = found.map_or_else(
                || Document {
                    fence: 0,
                    holder: None,
                    expires_at: Utc::now(),
                    feeds: BTreeMap::new(),
                    snapshot: None,
                },
                |(document, _)| document,
            );
            document.fence += 1;
            document.holder = Some(me.clone());
            let fence = document.fence;
            let shared = Arc::new(Shared {
                storage: storage.clone(),
                path: path.clone(),
                ttl: options.lease,
                flush: options.flush,
                progress: Arc::clone(&options.progress),
                document: Mutex::new(document),
                generation: tokio::sync::Mutex::new(generation),
                changed: Notify::new(),
                stop: Notify::new(),
                lost: watch::channel(false).0,
            });
            match shared.save().await {
                Ok(()) => {
                    tracing::info!(fence, "the bridge holds the position");
                    let keeper = tokio::spawn(keep(Arc::clone(&shared)));
                    return Ok(Self {
                        shared,
                        keeper: Some(keeper),
                    });
                }
                Err(Error::Fenced) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What the document says.
    pub fn document(&self) -> Document {
        self.shared.document().clone()
    }

    /// Moves a channel's position; it is durable a little later.
    pub fn mark(&self, channel: &str, mark: Mark) {
        self.shared.document().feeds.insert(channel.to_owned(), mark);
        self.shared.changed.notify_one();
    }

    /// Changes the document, durably.
    pub async fn change(&self, change: impl FnOnce(&mut Document)) -> Result<()> {
        change(&mut self.shared.document());
        self.shared.save().await
    }

    /// Resolves when another bridge took over.
    pub async fn lost(&self) {
        let mut lost = self.shared.lost.subscribe();
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Makes the last positions durable and gives the document back, so that the next bridge need not wait.
    pub async fn close(mut self) -> Result<()> {
        self.shared.stop.notify_one();
        if let Some(keeper) = self.keeper.take() {
            // Aborted between sending and noting, a write would leave a generation unknown.
            drop(keeper.await);
        }
        self.shared.document().holder = None;
        self.shared.save().await
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
    }
}

impl Shared {
    fn document(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn save(&self) -> Result<()> {
        let mut generation = self.generation.lock().await;
        let document = {
            let mut document = self.document();
            document.expires_at = expiry(self.ttl);
            document.clone()
        };
        let begun = Utc::now();
        let text = serde_json::to_vec_pretty(&document).unwrap_or_default();
        let over = match *generation {
            0 => Precondition::Absent,
            known => Precondition::Generation(known),
        };
        let written = self
            .storage
            .put(&self.path, "application/json", Bytes::from(text), over)
            .await;
        *generation = match written {
            Ok(object) => object.generation,
            Err(error) if matches!(error.kind(), Kind::PreconditionFailed | Kind::NotFound) => {
                // Ours it is too when it was written and the answer was lost.
                match read(&self.storage, &self.path).await? {
                    Some((found, now)) if found.fence == document.fence && found.holder == document.holder => now,
                    _ => {
                        self.lost.send_replace(true);
                        return Err(Error::Fenced);
                    }
                }
            }
            Err(error) => return Err(error.into()),
        };
        self.progress.durable(begun);
        Ok(())
    }
}

/// Saves what changed, but not more often than an object may be written, and renews the lease.
async fn keep(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = shared.changed.notified() => {}
            () = tokio::time::sleep(shared.ttl / 3) => {}
            () = shared.stop.notified() => return,
        }
        match shared.save().await {
            Ok(()) => {}
            Err(Error::Fenced) => return,
            // The next turn tries again; the lease ends by itself when none succeeds.
            Err(error) => tracing::warn!(code = error.code(), "the position could not be saved"),
        }
        tokio::select! {
            () = tokio::time::sleep(shared.flush) => {}
            () = shared.stop.notified() => return,
        }
    }
}
