//! The messages of one topic, in the order in which they were published. The log outlives the topic while a
//! subscription or a snapshot needs it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use prost::Message;

use crate::delivery::Micros;
use crate::delivery::subscriber::Subscriber;
use crate::record::{LogRecord, log_key};
use crate::store::{Snapshot, StoreError, Txn};
use crate::wire::pubsub::PubsubMessage;

/// See the module.
pub(crate) struct Log {
    pub(crate) id: u64,
    /// Changed only on the store's writing thread.
    next: AtomicU64,
    last: AtomicI64,
    followers: Mutex<Vec<Arc<Subscriber>>>,
}

impl Log {
    pub(crate) fn new(id: u64, record: &LogRecord) -> Log {
        Log {
            id,
            next: AtomicU64::new(record.next.max(1)),
            last: AtomicI64::new(record.last),
            followers: Mutex::default(),
        }
    }

    /// The position that the next message gets. Only a change of the store may rely on it.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Stores messages at the end. Publish times never go back. Gives the position of the first.
    pub(crate) fn append(&self, txn: &mut Txn<'_>, messages: &[Vec<u8>], now: Micros) -> Result<u64, StoreError> {
        let first = self.next();
        let time = now.max(self.last.load(Ordering::Relaxed));
        let mut stored = Vec::new();
        let mut position = first;
        for message in messages {
            stored.clear();
            stored.extend_from_slice(&time.to_le_bytes());
            stored.extend_from_slice(message);
            txn.put_message(self.id, position, &stored)?;
            position += 1;
        }
        let record = LogRecord {
            next: position,
            last: time,
        };
        txn.put(&log_key(self.id), &record)?;
        self.next.store(position, Ordering::Relaxed);
        self.last.store(time, Ordering::Relaxed);
        Ok(first)
    }

    pub(crate) fn follow(&self, subscriber: Arc<Subscriber>) {
        self.lock().push(subscriber);
    }

    pub(crate) fn unfollow(&self, name: &str) {
        self.lock().retain(|subscriber| subscriber.name() != name);
    }

    pub(crate) fn followers(&self) -> Vec<Arc<Subscriber>> {
        self.lock().clone()
    }

    /// Tells who follows that there is more.
    pub(crate) fn announce(&self) {
        for subscriber in self.lock().iter() {
            subscriber.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Subscriber>>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of a message: its topic's number and its own.
    pub(crate) fn message_id(&self, position: u64) -> String {
        format!("{}{position:013}", self.id)
    }

    /// The first position that was published at or after a time.
    pub(crate) fn position_at(&self, snapshot: &Snapshot, time: Micros) -> Result<u64, StoreError> {
        // Positions have no gaps except at the beginning, and times only rise.
        let mut low = self.next();
        snapshot.messages(self.id, 0, |position, _| {
            low = position;
            false
        })?;
        let mut high = self.next();
        while low < high {
            let middle = low + (high - low) / 2;
            let before = snapshot
                .message(self.id, middle)?
                .is_some_and(|bytes| published(&bytes) < time);
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// The part of a message that is stored as it is.
pub(crate) fn encode(message: &mut PubsubMessage) -> Vec<u8> {
    message.message_id.clear();
    message.publish_time = None;
    message.encode_to_vec()
}

/// When a stored message was published.
pub(crate) fn published(stored: &[u8]) -> Micros {
    let mut le = [0; 8];
    if let Some(bytes) = stored.get(..8) {
        le.copy_from_slice(bytes);
    }
    Micros::from_le_bytes(le)
}

/// A message as it was published, without id and time.
pub(crate) fn decode(stored: &[u8]) -> Result<PubsubMessage, StoreError> {
    let bytes = Bytes::copy_from_slice(stored.get(8..).unwrap_or_default());
    Ok(PubsubMessage::decode(bytes)?)
}

/// A time of the protocol from micros.
pub(crate) fn timestamp(micros: Micros) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or(0),
    }
}

/// Micros from a time of the protocol.
pub(crate) fn micros_of(time: &prost_types::Timestamp) -> Micros {
    time.seconds.saturating_mul(1_000_000) + Micros::from(time.nanos) / 1000
}
