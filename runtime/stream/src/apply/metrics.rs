//! What a worker counts, and whether it stands still.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;

/// Counters of one worker. All are cheap to change.
#[derive(Debug, Default)]
pub struct Metrics {
    received: AtomicU64,
    bytes: AtomicU64,
    changes: AtomicU64,
    acknowledged: AtomicU64,
    merges: AtomicU64,
    refolds: AtomicU64,
    retries: AtomicU64,
    dropped: AtomicU64,
    outstanding: AtomicI64,
    /// Milliseconds since 1970; 0: never.
    progress: AtomicI64,
    /// When the newest durable message was published.
    durable: AtomicI64,
    dead: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Snapshot {
    /// Messages that were delivered, again ones included.
    pub received: u64,
    /// Changes that became durable in a changelog.
    pub changes: u64,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// MERGE statements.
    pub merges: u64,
    /// Those of them that put records together again from their changelog.
    pub refolds: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Messages that went to the dead-letter topic.
    pub dead_letters: u64,
    /// Fields without a column that were left out.
    pub dropped_fields: u64,
    /// Messages delivered and not acknowledged yet.
    pub outstanding: i64,
    /// Seconds between the publication of the newest durable message and now; absent: nothing was durable yet.
    pub lag_seconds: Option<i64>,
}

fn now() -> i64 {
    Utc::now().timestamp_millis()
}

impl Metrics {
    pub(crate) fn received(&self, count: usize, bytes: usize) {
        self.received.fetch_add(count as u64, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let count = i64::try_from(count).unwrap_or_default();
        if self.outstanding.fetch_add(count, Relaxed) == 0 {
            // What waited for nothing has not stalled.
            self.progress.store(now(), Relaxed);
        }
    }

    /// `published` is in microseconds since 1970.
    pub(crate) fn acknowledged(&self, count: u64, published: i64) {
        self.acknowledged.fetch_add(count, Relaxed);
        self.released(count);
        self.progress.store(now(), Relaxed);
        self.durable.fetch_max(published / 1000, Relaxed);
    }

    /// Messages that were given back.
    pub(crate) fn released(&self, count: u64) {
        self.outstanding
            .fetch_sub(i64::try_from(count).unwrap_or_default(), Relaxed);
    }

    pub(crate) fn appended(&self, count: u64) {
        self.changes.fetch_add(count, Relaxed);
        self.progress.store(now(), Relaxed);
    }

    pub(crate) fn merged(&self, again: bool) {
        self.merges.fetch_add(1, Relaxed);
        if again {
            self.refolds.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(crate) fn dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
    }

    pub(crate) fn dead(&self, code: &'static str) {
        *self
            .dead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(code)
            .or_default() += 1;
    }

    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let durable = self.durable.load(Relaxed);
        let dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            received: self.received.load(Relaxed),
            changes: self.changes.load(Relaxed),
            acknowledged: self.acknowledged.load(Relaxed),
            merges: self.merges.load(Relaxed),
            refolds: self.refolds.load(Relaxed),
            retries: self.retries.load(Relaxed),
            dead_letters: dead.values().sum(),
            dropped_fields: self.dropped.load(Relaxed),
            outstanding: self.outstanding.load(Relaxed),
            lag_seconds: (durable > 0).then(|| (now() - durable).max(0) / 1000),
        }
    }

    /// How long messages have waited here without any becoming durable; `None`: nothing waits.
    #[must_use]
    pub fn stalled(&self) -> Option<Duration> {
        if self.outstanding.load(Relaxed) <= 0 {
            return None;
        }
        let since = now() - self.progress.load(Relaxed);
        Some(Duration::from_millis(u64::try_from(since).unwrap_or_default()))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Dead letters by reason.
    pub(super) fn dead_letters(&self) -> Vec<(&'static str, u64)> {
        let dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.iter().map(|(reason, count)| (*reason, *count)).collect()
    }
}
