//! One subscription at work: takes messages out of the log by its terms, and writes down what is acknowledged.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Micros;
use super::ack_id;
use super::backlog::{Backlog, Load, Outcome, Owner};
use super::terms::Terms;
use crate::cursor::Cursor;
use crate::log::{self, Log};
use crate::refusal::Refusal;
use crate::store::{Store, StoreError, Txn};
use crate::wire::pubsub::{PubsubMessage, ReceivedMessage, Subscription};

/// A message is at least so much of a stream's limit in bytes.
const OVERHEAD: usize = 64;

/// See the module.
pub(crate) struct Subscriber {
    pub(crate) log: Arc<Log>,
    /// The cursor's number in the store.
    pub(crate) cursor: u64,
    settings: RwLock<Arc<Settings>>,
    backlog: Mutex<Backlog>,
    changes: watch::Sender<()>,
    /// Deleted: streams end.
    pub(crate) gone: CancellationToken,
    /// What works in the background for these settings.
    pub(crate) background: Mutex<CancellationToken>,
    retired: AtomicBool,
    /// How writing to BigQuery goes, as its `State`.
    pub(crate) export_state: AtomicI32,
}

/// A subscription and what follows from it.
pub(crate) struct Settings {
    pub(crate) subscription: Subscription,
    pub(crate) terms: Terms,
}

impl Settings {
    pub(crate) fn new(subscription: Subscription) -> Result<Settings, Refusal> {
        let terms = Terms::of(&subscription)?;
        Ok(Settings { subscription, terms })
    }
}

/// How much may be taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// Messages, and when it is worth asking again if there are none.
pub(crate) struct Taken {
    pub(crate) messages: Vec<ReceivedMessage>,
    pub(crate) next_timer: Option<Micros>,
}

/// What became of the ack ids of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) done: Vec<String>,
    pub(crate) stale: Vec<String>,
    pub(crate) unordered: Vec<String>,
}

impl Outcomes {
    fn add(&mut self, id: String, outcome: Outcome) {
        match outcome {
            Outcome::Done => self.done.push(id),
            Outcome::Stale => self.stale.push(id),
            Outcome::Unordered => self.unordered.push(id),
        }
    }
}

impl Subscriber {
    pub(crate) fn new(log: Arc<Log>, cursor: u64, settings: Settings, acked: Cursor, deliveries: u64) -> Subscriber {
        Subscriber {
            log,
            cursor,
            settings: RwLock::new(Arc::new(settings)),
            backlog: Mutex::new(Backlog::new(acked, deliveries)),
            changes: watch::Sender::new(()),
            gone: CancellationToken::new(),
            background: Mutex::default(),
            retired: AtomicBool::new(false),
            export_state: AtomicI32::new(0),
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.wake();
    }

    pub(crate) fn name(&self) -> String {
        self.settings().subscription.name.clone()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something changed: who waits looks again.
    pub(crate) fn wake(&self) {
        self.changes.send_replace(());
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// It is deleted: everybody who is served by it is told.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
        self.background.lock().unwrap_or_else(PoisonError::into_inner).cancel();
        self.gone.cancel();
    }

    /// What an owner holds, without what has passed its deadline.
    pub(crate) fn load(&self, owner: Owner, now: Micros) -> Load {
        let mut backlog = self.lock();
        backlog.tick(now, &self.settings().terms);
        backlog.load(owner)
    }

    /// Leases messages to an owner: first those that come again, then new ones.
    pub(crate) fn take(
        &self,
        store: &Store,
        owner: Owner,
        room: Room,
        ack_deadline: Option<Micros>,
        now: Micros,
    ) -> Result<Taken, Refusal> {
        let settings = self.settings();
        let terms = &settings.terms;
        let mut backlog = self.lock();
        backlog.tick(now, terms);
        let mut taking = Taking {
            deadline: now + ack_deadline.unwrap_or(terms.ack_deadline),
            owner,
            room,
            bytes: 0,
            messages: Vec::new(),
            terms,
            now,
            log: &self.log,
        };
        if !settings.subscription.detached && room.messages > 0 {
            let snapshot = store.snapshot()?;
            let mut from = 0;
            while let Some(position) = backlog.candidate(from, owner) {
                if !taking.fits(backlog.size(position)) {
                    break;
                }
                from = position + 1;
                match snapshot.message(self.log.id, position)? {
                    Some(stored) => taking.lease(&mut backlog, position, &stored)?,
                    None => backlog.forget(position, now),
                }
            }
            let mut failed = None;
            if taking.fits(0) && backlog.looks_ahead() {
                let from = backlog.next();
                snapshot.messages(self.log.id, from, |position, stored| {
                    match taking.see(&mut backlog, position, stored) {
                        Ok(more) => more,
                        Err(error) => {
                            failed = Some(error);
                            false
                        }
                    }
                })?;
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        // Who buries the dead must look again when there are new deadlines.
        if terms.most_attempts.is_some() && (!taking.messages.is_empty() || backlog.has_dead()) {
            self.wake();
        }
        Ok(Taken {
            messages: taking.messages,
            next_timer: backlog.next_timer(),
        })
    }

    /// Acknowledges. What is done is durable only after [`Subscriber::save`].
    pub(crate) fn ack(&self, ids: Vec<String>, now: Micros) -> Result<Outcomes, Refusal> {
        let ids = parse(ids)?;
        let settings = self.settings();
        let mut outcomes = Outcomes::default();
        let mut backlog = self.lock();
        backlog.tick(now, &settings.terms);
        for (id, position, delivery) in ids {
            let outcome = backlog.ack(position, delivery, &settings.terms, now);
            outcomes.add(id, outcome);
        }
        drop(backlog);
        self.wake();
        Ok(outcomes)
    }

    /// Moves deadlines, each to so many micros from now; zero gives the message back.
    pub(crate) fn extend(&self, ids: Vec<(String, Micros)>, now: Micros) -> Result<Outcomes, Refusal> {
        let (ids, extensions): (Vec<String>, Vec<Micros>) = ids.into_iter().unzip();
        let ids = parse(ids)?;
        let settings = self.settings();
        let mut outcomes = Outcomes::default();
        let mut backlog = self.lock();
        backlog.tick(now, &settings.terms);
        for ((id, position, delivery), by) in ids.into_iter().zip(extensions) {
            let outcome = if by == 0 {
                backlog.nack(position, delivery, &settings.terms, now)
            } else {
                backlog.extend(position, delivery, now + by)
            };
            outcomes.add(id, outcome);
        }
        drop(backlog);
        self.wake();
        Ok(outcomes)
    }

    /// Drops everything that was published so far.
    pub(crate) fn drop_backlog(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        let all = Cursor::at(self.log.next());
        txn.remove_cursor(self.cursor)?;
        all.save_new(txn, self.cursor)?;
        self.lock().restart(all);
        Ok(())
    }

    /// Writes down what has been acknowledged.
    pub(crate) async fn save(self: &Arc<Self>, store: &Store) -> Result<(), Refusal> {
        let own = self.clone();
        store
            .write(
                move |txn| {
                    if !own.retired.load(Ordering::Relaxed) {
                        own.lock().cursor.save(txn, own.cursor)?;
                    }
                    Ok(())
                },
                |()| {},
            )
            .await
    }
}

/// One taking of messages.
struct Taking<'a> {
    owner: Owner,
    deadline: Micros,
    room: Room,
    bytes: usize,
    messages: Vec<ReceivedMessage>,
    terms: &'a Terms,
    now: Micros,
    log: &'a Log,
}

impl Taking<'_> {
    /// Whether one more message may be taken. One alone may be larger than the room.
    fn fits(&self, size: usize) -> bool {
        self.messages.len() < self.room.messages
            && (self.messages.is_empty() && self.room.bytes > 0 || self.bytes + size <= self.room.bytes)
    }

    /// Looks at a new message; says whether to look at another.
    fn see(&mut self, backlog: &mut Backlog, position: u64, stored: &[u8]) -> Result<bool, Refusal> {
        if backlog.cursor.has(position) {
            backlog.pass(position);
            return Ok(true);
        }
        if log::published(stored) < self.now - self.terms.retention {
            backlog.pass(position);
            return Ok(true);
        }
        let message = log::decode(stored)?;
        let refused = self.terms.filter.as_ref();
        if refused.is_some_and(|filter| !filter.matches(&message.attributes)) {
            backlog.pass(position);
            return Ok(true);
        }
        let size = stored.len() + OVERHEAD;
        if !self.fits(size) {
            return Ok(false);
        }
        let key = Some(message.ordering_key.as_str()).filter(|key| self.terms.ordered && !key.is_empty());
        backlog.see(position, key, size, self.now);
        if backlog.candidate(position, self.owner) == Some(position) {
            self.deliver(backlog, position, stored, message);
        }
        Ok(self.fits(0) && backlog.looks_ahead())
    }

    fn lease(&mut self, backlog: &mut Backlog, position: u64, stored: &[u8]) -> Result<(), Refusal> {
        let message = log::decode(stored)?;
        self.deliver(backlog, position, stored, message);
        Ok(())
    }

    fn deliver(&mut self, backlog: &mut Backlog, position: u64, stored: &[u8], mut message: PubsubMessage) {
        let (delivery, attempts) = backlog.lease(position, self.owner, self.deadline, self.now);
        message.message_id = self.log.message_id(position);
        message.publish_time = Some(log::timestamp(log::published(stored)));
        self.bytes += stored.len() + OVERHEAD;
        self.messages.push(ReceivedMessage {
            ack_id: ack_id::write(position, delivery),
            message: Some(message),
            // Counted for everybody, told only where there is a dead letter policy.
            delivery_attempt: match self.terms.most_attempts {
                Some(_) => i32::try_from(attempts).unwrap_or(i32::MAX),
                None => 0,
            },
        });
    }
}

/// Reads ack ids, before anything is changed.
fn parse(ids: Vec<String>) -> Result<Vec<(String, u64, u64)>, Refusal> {
    ids.into_iter()
        .map(|id| match ack_id::read(&id) {
            Some((position, delivery)) => Ok((id, position, delivery)),
            None => Err(Refusal::invalid(format!(
                "You have passed an invalid ack ID to the service (ack_id={id})."
            ))),
        })
        .collect()
}
