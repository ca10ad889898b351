//! How far subscriptions are behind: what Cloud Monitoring shows of them. Not here: who asks, and what was before.
//!
//! Nothing is counted along with publishing and acknowledging: positions of a log have no gaps, so that how many messages
//! are not acknowledged follows from a subscription's cursor. Only a filter must see messages, each of them once.

use std::sync::Arc;
use std::time::Duration;

use crate::delivery::subscriber::Subscriber;
use crate::log;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::store::Snapshot;

/// How many messages a filter is tried on before what it refused is written down.
const PORTION: usize = 10_000;

/// How far one subscription is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Its whole name, `projects/P/subscriptions/S`.
    pub subscription: String,
    /// Messages that are not acknowledged, those that are with somebody included.
    pub undelivered: u64,
    /// How long ago the oldest of them was published; zero if there is none.
    pub oldest_age: Duration,
}

impl Service {
    pub(crate) fn measure(&self) -> Result<Vec<Measure>, Refusal> {
        let all = self.subscriptions.all();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = self.store.snapshot()?;
        all.iter()
            .filter(|subscriber| !subscriber.settings().subscription.detached)
            .map(|subscriber| self.measure_one(subscriber, &snapshot))
            .collect()
    }

    fn measure_one(&self, subscriber: &Arc<Subscriber>, snapshot: &Snapshot) -> Result<Measure, Refusal> {
        sift(subscriber, snapshot)?;
        let settings = subscriber.settings();
        let now = self.now();
        let published = |position: u64| -> Result<Option<i64>, Refusal> {
            let stored = snapshot.message(subscriber.log.id, position)?;
            Ok(stored.map(|stored| log::published(&stored)))
        };
        let mut first = subscriber.lock().cursor.missing_from(0);
        let mut oldest = published(first)?;
        let kept_since = now - settings.terms.retention;
        if oldest.is_some_and(|oldest| oldest < kept_since) {
            // What is past its retention goes when somebody pulls, or with the sweeper: it is no backlog before that.
            let kept = subscriber.log.position_at(snapshot, kept_since)?;
            first = subscriber.lock().cursor.missing_from(kept);
            oldest = published(first)?;
        }
        let undelivered = {
            let backlog = subscriber.lock();
            let end = match settings.terms.filter {
                Some(_) => backlog.sifted(),
                None => subscriber.log.next(),
            };
            backlog.cursor.missing(first, end)
        };
        Ok(Measure {
            subscription: settings.subscription.name.clone(),
            undelivered,
            oldest_age: oldest.map_or(Duration::ZERO, |oldest| {
                Duration::from_micros(u64::try_from(now - oldest).unwrap_or(0))
            }),
        })
    }
}

/// Tries a filter on the messages that nobody has asked for yet.
fn sift(subscriber: &Subscriber, snapshot: &Snapshot) -> Result<(), Refusal> {
    let settings = subscriber.settings();
    let Some(filter) = &settings.terms.filter else {
        return Ok(());
    };
    loop {
        let from = subscriber.lock().sifted();
        let (mut to, mut seen, mut refused, mut failed) = (from, 0, Vec::new(), None);
        snapshot.messages(subscriber.log.id, from, |position, stored| {
            match log::decode(stored) {
                Ok(message) if filter.matches(&message.attributes) => {}
                Ok(_) => refused.push(position),
                Err(error) => {
                    failed = Some(error);
                    return false;
                }
            }
            (to, seen) = (position + 1, seen + 1);
            seen < PORTION
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if to == from {
            return Ok(());
        }
        subscriber.lock().sift(from, to, &refused);
    }
}
