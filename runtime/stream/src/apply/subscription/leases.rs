//! Which messages are with us: their deadlines are moved for as long as somebody works on them, and what becomes of them is told
//! to Pub/Sub many at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use headwater_cloud::Backoff;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Subscription, is_refusal};
use crate::apply::metrics::Metrics;

/// How long a message is ours without a word from us: soon enough with another worker when this one has died.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// What ends sooner than this is moved.
const MARGIN: Duration = Duration::from_secs(20);
/// How often deadlines are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// No message is kept for longer: whoever holds it has lost it.
const LONGEST: Duration = Duration::from_secs(3600);
/// Ids of one request: it may have 512 KiB.
const IDS: usize = 1000;
/// How long acknowledgements wait for others.
const GATHER: Duration = Duration::from_millis(10);
/// For so long a request is repeated; then its messages are delivered again by themselves.
const REPEATED_FOR: Duration = Duration::from_secs(30);

/// The messages that one puller holds.
#[derive(Debug)]
pub(crate) struct Leases {
    inner: Mutex<Inner>,
    /// There is something to tell.
    due: Notify,
    pub metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The number of the first slot.
    first: u64,
    slots: VecDeque<Slot>,
    acknowledged: Vec<Bytes>,
    returned: Vec<Bytes>,
}

#[derive(Debug)]
struct Slot {
    /// `None`: it is settled.
    ack_id: Option<Bytes>,
    taken: Instant,
    until: Instant,
}

impl Leases {
    pub fn new(metrics: &Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            due: Notify::new(),
            metrics: metrics.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes messages that have just come; gives the number of the first, the others follow it.
    pub fn take(&self, ack_ids: impl Iterator<Item = Bytes>, taken: Instant) -> u64 {
        let mut inner = self.lock();
        let number = inner.first + inner.slots.len() as u64;
        inner.slots.extend(ack_ids.map(|ack_id| Slot {
            ack_id: Some(ack_id),
            taken,
            until: taken + DEADLINE,
        }));
        number
    }

    /// Nobody needs them any more: they are acknowledged, or given back.
    pub fn settle(&self, numbers: impl Iterator<Item = u64>, acknowledge: bool) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let waiting = inner.acknowledged.len() + inner.returned.len();
        let told = if acknowledge {
            &mut inner.acknowledged
        } else {
            &mut inner.returned
        };
        for number in numbers {
            let place = number
                .checked_sub(inner.first)
                .and_then(|place| usize::try_from(place).ok());
            let slot = place.and_then(|place| inner.slots.get_mut(place));
            told.extend(slot.and_then(|slot| slot.ack_id.take()));
        }
        while inner.slots.front().is_some_and(|slot| slot.ack_id.is_none()) {
            inner.slots.pop_front();
            inner.first += 1;
        }
        if waiting == 0 && !(inner.acknowledged.is_empty() && inner.returned.is_empty()) {
            self.due.notify_one();
        }
    }

    /// Messages whose deadlines have to be moved.
    fn expiring(&self, now: Instant) -> Vec<(u64, Bytes)> {
        let inner = self.lock();
        let open = inner.slots.iter().zip(inner.first..);
        open.filter(|(slot, _)| slot.until < now + MARGIN && slot.taken + LONGEST > now)
            .filter_map(|(slot, number)| Some((number, slot.ack_id.clone()?)))
            .collect()
    }

    fn extended(&self, numbers: &[u64], until: Instant) {
        let mut inner = self.lock();
        for number in numbers {
            let place = number
                .checked_sub(inner.first)
                .and_then(|place| usize::try_from(place).ok());
            if let Some(slot) = place.and_then(|place| inner.slots.get_mut(place)) {
                slot.until = until;
            }
        }
    }

    /// Tells Pub/Sub until `done`, and then what is left.
    pub async fn keep(self: Arc<Self>, subscription: Subscription, done: CancellationToken) {
        let mut calls: JoinSet<()> = JoinSet::new();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            let last = tokio::select! {
                () = self.due.notified() => {
                    tokio::time::sleep(GATHER).await;
                    false
                }
                _ = look.tick() => {
                    self.clone().extend(&subscription, &mut calls);
                    false
                }
                Some(_) = calls.join_next() => continue,
                () = done.cancelled() => true,
            };
            self.clone().tell(&subscription, &mut calls);
            if last {
                break;
            }
        }
        while calls.join_next().await.is_some() {}
    }

    fn tell(self: Arc<Self>, subscription: &Subscription, calls: &mut JoinSet<()>) {
        let (acknowledged, returned) = {
            let mut inner = self.lock();
            (
                std::mem::take(&mut inner.acknowledged),
                std::mem::take(&mut inner.returned),
            )
        };
        for ids in acknowledged.chunks(IDS) {
            let (own, subscription, ids) = (self.clone(), subscription.clone(), ids.to_vec());
            calls.spawn(async move { own.acknowledge(&subscription, ids).await });
        }
        for ids in returned.chunks(IDS) {
            let (subscription, ids) = (subscription.clone(), ids.to_vec());
            // Where it fails they come again when their time has passed.
            calls.spawn(async move { drop(subscription.extend(ids, Duration::ZERO).await) });
        }
    }

    async fn acknowledge(&self, subscription: &Subscription, ids: Vec<Bytes>) {
        let begun = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        loop {
            match subscription.acknowledge(ids.clone()).await {
                Ok(()) => return,
                Err(status) if is_refusal(status.code()) || begun.elapsed() > REPEATED_FOR => {
                    // They come again, and are there already.
                    tracing::debug!(code = ?status.code(), count = ids.len(), "messages were not acknowledged");
                    return;
                }
                Err(_) => {
                    self.metrics.retried();
                    tokio::time::sleep(backoff.next_wait()).await;
                }
            }
        }
    }

    fn extend(self: Arc<Self>, subscription: &Subscription, calls: &mut JoinSet<()>) {
        for part in self.expiring(Instant::now()).chunks(IDS) {
            let (numbers, ids): (Vec<u64>, Vec<Bytes>) = part.iter().cloned().unzip();
            let (own, subscription) = (self.clone(), subscription.clone());
            calls.spawn(async move {
                let since = Instant::now();
                match subscription.extend(ids, DEADLINE).await {
                    Ok(()) => own.extended(&numbers, since + DEADLINE),
                    // The next look repeats it.
                    Err(status) => tracing::debug!(code = ?status.code(), "deadlines were not moved"),
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&'static str]) -> impl Iterator<Item = Bytes> {
        names.iter().map(|name| Bytes::from_static(name.as_bytes()))
    }

    #[test]
    fn what_is_settled_is_told_once_and_the_rest_is_kept() {
        let leases = Leases::new(&Arc::default());
        let now = Instant::now();
        assert_eq!(leases.take(ids(&["a", "b", "c"]), now), 0);
        assert!(leases.expiring(now).is_empty(), "there is time");
        leases.settle([1].into_iter(), true);
        leases.settle([1].into_iter(), false);
        let now = now + (DEADLINE - MARGIN) + Duration::from_secs(1);
        assert_eq!(leases.take(ids(&["d"]), now), 3);
        let expiring: Vec<u64> = leases.expiring(now).iter().map(|(number, _)| *number).collect();
        assert_eq!(expiring, [0, 2]);
        leases.extended(&[0, 2], now + DEADLINE);
        assert!(leases.expiring(now).is_empty(), "they have been moved");
        leases.settle([0, 2, 7].into_iter(), false);
        let inner = leases.lock();
        assert_eq!((inner.first, inner.slots.len()), (3, 1), "what is settled is forgotten");
        assert_eq!(inner.acknowledged, ids(&["b"]).collect::<Vec<_>>());
        assert_eq!(inner.returned, ids(&["a", "c"]).collect::<Vec<_>>());
    }
}
