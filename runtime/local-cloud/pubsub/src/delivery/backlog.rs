//! What one subscription knows of its messages: which are with somebody and until when, which wait, which are
//! acknowledged. Pure: time comes in as a number, messages as positions in the topic's log.
//!
//! Messages that nobody has asked for yet are not in memory; they begin at [`Backlog::next`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Micros;
use super::terms::Terms;
use crate::cursor::Cursor;

/// Who holds messages: a stream, or one pull.
pub(crate) type Owner = u64;

/// How many messages may wait behind others of their ordering key before no more are looked at.
const LOOK_AHEAD: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be delivered from this time on.
    Waiting { until: Micros },
    /// With somebody.
    Leased { owner: Owner, deadline: Micros },
    /// Acknowledged, but an earlier message of its key is not: should that one come again, so will this.
    Held,
    /// On its way to the dead letter topic.
    Dead,
}

#[derive(Debug)]
struct Entry {
    state: State,
    /// The number of the last delivery; what an ack id must name.
    delivery: u64,
    attempts: u32,
    size: usize,
    key: Option<Arc<str>>,
}

/// The messages of one ordering key.
#[derive(Debug, Default)]
struct Lane {
    owner: Owner,
    /// Leased and held. All of them come before all that wait.
    outstanding: BTreeSet<u64>,
    waiting: BTreeSet<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// How an acknowledgement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The delivery is not the last one any more, or its deadline has passed.
    Stale,
    /// An earlier message of the ordering key is to be acknowledged first.
    Unordered,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Backlog {
    pub(crate) cursor: Cursor,
    /// The first position that was not looked at yet.
    next: u64,
    /// Before it, the subscription's filter was tried on every message, and what it refused is acknowledged.
    sifted: u64,
    entries: BTreeMap<u64, Entry>,
    ready: BTreeSet<u64>,
    timers: BTreeSet<(Micros, u64)>,
    lanes: HashMap<Arc<str>, Lane>,
    loads: HashMap<Owner, Load>,
    dead: BTreeSet<u64>,
    deliveries: u64,
}

impl Backlog {
    /// `deliveries` is a number above those of earlier lives, so that their ack ids are not mistaken for ours.
    pub(crate) fn new(cursor: Cursor, deliveries: u64) -> Backlog {
        Backlog {
            next: cursor.low(),
            sifted: cursor.low(),
            cursor,
            entries: BTreeMap::new(),
            ready: BTreeSet::new(),
            timers: BTreeSet::new(),
            lanes: HashMap::new(),
            loads: HashMap::new(),
            dead: BTreeSet::new(),
            deliveries,
        }
    }

    /// Begins again from another state, as after a seek. Who was there stays, what they hold does not.
    pub(crate) fn restart(&mut self, cursor: Cursor) {
        let loads = self.loads.keys().map(|owner| (*owner, Load::default())).collect();
        let deliveries = self.deliveries;
        *self = Backlog::new(cursor, deliveries);
        self.loads = loads;
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether there is room to look at more messages.
    pub(crate) fn looks_ahead(&self) -> bool {
        let leased = self.loads.values().map(|load| load.messages).sum();
        self.entries.len().saturating_sub(leased) < LOOK_AHEAD
    }

    pub(crate) fn join(&mut self, owner: Owner) {
        self.loads.insert(owner, Load::default());
    }

    /// What a stream held stays leased until its deadline.
    pub(crate) fn leave(&mut self, owner: Owner) {
        self.loads.remove(&owner);
    }

    pub(crate) fn load(&self, owner: Owner) -> Load {
        self.loads.get(&owner).copied().unwrap_or_default()
    }

    /// When something will happen by itself.
    pub(crate) fn next_timer(&self) -> Option<Micros> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Takes back what is past its deadline and offers again what has waited long enough.
    pub(crate) fn tick(&mut self, now: Micros, terms: &Terms) {
        while let Some(&(at, position)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, position));
            match self.entries.get(&position).map(|entry| entry.state) {
                Some(State::Leased { .. }) => self.fail(position, now, terms),
                Some(State::Waiting { .. }) => self.offer(position, now),
                _ => {}
            }
        }
    }

    /// A message that is looked at for the first time. Positions only rise.
    pub(crate) fn see(&mut self, position: u64, key: Option<&str>, size: usize, now: Micros) {
        self.next = position + 1;
        let key = key.map(|key| match self.lanes.get_key_value(key) {
            Some((known, _)) => known.clone(),
            None => Arc::from(key),
        });
        if let Some(key) = &key {
            self.lanes.entry(key.clone()).or_default().waiting.insert(position);
        }
        let state = State::Waiting { until: now };
        let entry = Entry {
            state,
            delivery: 0,
            attempts: 0,
            size,
            key,
        };
        self.entries.insert(position, entry);
        self.offer(position, now);
    }

    /// A message that this subscription does not get, or that is too old: it counts as acknowledged.
    pub(crate) fn pass(&mut self, position: u64) {
        self.next = self.next.max(position + 1);
        self.cursor.ack(position);
    }

    /// The first position that the filter was not tried on yet.
    pub(crate) fn sifted(&self) -> u64 {
        self.sifted.max(self.next)
    }

    /// The filter was tried on what is between two positions. What it refuses counts as acknowledged, whatever became of
    /// the rest meanwhile; that all of it was tried is so only if nobody began again.
    pub(crate) fn sift(&mut self, from: u64, to: u64, refused: &[u64]) {
        for position in refused {
            self.cursor.ack(*position);
        }
        if self.sifted() >= from {
            self.sifted = self.sifted.max(to);
        }
    }

    /// The first message at or after a position that may be delivered to somebody now.
    pub(crate) fn candidate(&self, from: u64, owner: Owner) -> Option<u64> {
        self.ready.range(from..).copied().find(|position| {
            let lane = self.entries.get(position).and_then(|entry| entry.key.as_ref());
            let lane = lane.and_then(|key| self.lanes.get(key));
            lane.is_none_or(|lane| lane.outstanding.is_empty() || lane.owner == owner)
        })
    }

    pub(crate) fn size(&self, position: u64) -> usize {
        self.entries.get(&position).map_or(0, |entry| entry.size)
    }

    /// Delivers a candidate. Gives the number of the delivery, and how often the message was delivered by now.
    pub(crate) fn lease(&mut self, position: u64, owner: Owner, deadline: Micros, now: Micros) -> (u64, u32) {
        self.ready.remove(&position);
        self.deliveries += 1;
        let Some(entry) = self.entries.get_mut(&position) else {
            return (0, 0);
        };
        entry.state = State::Leased { owner, deadline };
        entry.delivery = self.deliveries;
        entry.attempts += 1;
        let (delivery, attempts) = (entry.delivery, entry.attempts);
        let key = entry.key.clone();
        if let Some(load) = self.loads.get_mut(&owner) {
            load.messages += 1;
            load.bytes += entry.size;
        }
        self.timers.insert((deadline, position));
        if let Some(lane) = key.as_ref().and_then(|key| self.lanes.get_mut(key)) {
            lane.waiting.remove(&position);
            lane.outstanding.insert(position);
            lane.owner = owner;
        }
        if let Some(key) = key {
            self.offer_first(&key, now);
        }
        (delivery, attempts)
    }

    /// Acknowledges a delivery.
    pub(crate) fn ack(&mut self, position: u64, delivery: u64, terms: &Terms, now: Micros) -> Outcome {
        let Some(entry) = self.entries.get(&position) else {
            // Acknowledged before: the client did not get the answer. Or never seen in this life of the server.
            return if self.cursor.has(position) {
                Outcome::Done
            } else {
                Outcome::Stale
            };
        };
        if entry.delivery != delivery || delivery == 0 {
            return Outcome::Stale;
        }
        match (entry.state, entry.key.clone()) {
            (State::Leased { .. }, None) => self.settle(position),
            (State::Leased { .. }, Some(key)) => {
                let first = self.lanes.get(&key).and_then(|lane| lane.outstanding.first().copied());
                if first == Some(position) {
                    self.settle(position);
                    self.settle_held(&key, now);
                } else if terms.exactly_once {
                    return Outcome::Unordered;
                } else {
                    self.unlease(position);
                    self.set(position, State::Held);
                }
            }
            (State::Held, _) => {}
            // Late, but it has not gone to anybody else.
            (State::Waiting { .. }, None) if !terms.exactly_once => self.settle(position),
            _ => return Outcome::Stale,
        }
        Outcome::Done
    }

    /// Moves a delivery's deadline.
    pub(crate) fn extend(&mut self, position: u64, delivery: u64, deadline: Micros) -> Outcome {
        let Some(entry) = self.entries.get_mut(&position) else {
            return Outcome::Stale;
        };
        match &mut entry.state {
            State::Leased { deadline: old, .. } if entry.delivery == delivery => {
                self.timers.remove(&(*old, position));
                *old = deadline;
                self.timers.insert((deadline, position));
                Outcome::Done
            }
            State::Held if entry.delivery == delivery => Outcome::Done,
            _ => Outcome::Stale,
        }
    }

    /// Gives a delivery back.
    pub(crate) fn nack(&mut self, position: u64, delivery: u64, terms: &Terms, now: Micros) -> Outcome {
        let leased = self
            .entries
            .get(&position)
            .is_some_and(|entry| entry.delivery == delivery && matches!(entry.state, State::Leased { .. }));
        if !leased {
            return Outcome::Stale;
        }
        self.fail(position, now, terms);
        Outcome::Done
    }

    /// Messages that were delivered too often. They come up once; [`Backlog::bury`] or [`Backlog::revive`] ends it.
    pub(crate) fn take_dead(&mut self) -> Vec<(u64, u32)> {
        let dead = std::mem::take(&mut self.dead);
        dead.into_iter()
            .map(|position| (position, self.entries.get(&position).map_or(0, |entry| entry.attempts)))
            .collect()
    }

    pub(crate) fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// The dead message is stored elsewhere.
    pub(crate) fn bury(&mut self, position: u64) {
        if self
            .entries
            .get(&position)
            .is_some_and(|entry| entry.state == State::Dead)
        {
            self.entries.remove(&position);
            self.cursor.ack(position);
        }
    }

    /// The dead message could not be stored elsewhere: it is delivered again, later.
    pub(crate) fn revive(&mut self, position: u64, until: Micros) {
        let Some(entry) = self.entries.get_mut(&position).filter(|e| e.state == State::Dead) else {
            return;
        };
        entry.state = State::Waiting { until };
        let key = entry.key.clone();
        if let Some(key) = key {
            self.lanes.entry(key).or_default().waiting.insert(position);
        }
        self.timers.insert((until, position));
    }

    /// The message is not in the log any more.
    pub(crate) fn forget(&mut self, position: u64, now: Micros) {
        let key = self.entries.get(&position).and_then(|entry| entry.key.clone());
        self.settle(position);
        if let Some(key) = key {
            self.settle_held(&key, now);
        }
    }

    /// Everything before a position is not in the log any more.
    pub(crate) fn forget_before(&mut self, position: u64, now: Micros) {
        let gone: Vec<u64> = self.entries.range(..position).map(|(position, _)| *position).collect();
        for position in gone {
            self.forget(position, now);
        }
        self.next = self.next.max(position);
        self.cursor.ack_before(position);
    }

    fn set(&mut self, position: u64, state: State) {
        if let Some(entry) = self.entries.get_mut(&position) {
            entry.state = state;
        }
    }

    /// Ends a lease, whatever comes then.
    fn unlease(&mut self, position: u64) {
        let Some(entry) = self.entries.get(&position) else {
            return;
        };
        match entry.state {
            State::Leased { owner, deadline } => {
                self.timers.remove(&(deadline, position));
                if let Some(load) = self.loads.get_mut(&owner) {
                    load.messages = load.messages.saturating_sub(1);
                    load.bytes = load.bytes.saturating_sub(entry.size);
                }
            }
            State::Waiting { until } => {
                self.timers.remove(&(until, position));
            }
            State::Held | State::Dead => {}
        }
    }

    /// Acknowledged for good.
    fn settle(&mut self, position: u64) {
        self.unlease(position);
        self.ready.remove(&position);
        self.dead.remove(&position);
        if let Some(lane) = self.entries.remove(&position).and_then(|entry| entry.key)
            && let Some(lane) = self.lanes.get_mut(&lane)
        {
            lane.outstanding.remove(&position);
            lane.waiting.remove(&position);
        }
        self.cursor.ack(position);
    }

    /// Settles what was held behind a message of the key, and lets the next one go.
    fn settle_held(&mut self, key: &Arc<str>, now: Micros) {
        while let Some(first) = self.lanes.get(key).and_then(|lane| lane.outstanding.first().copied()) {
            if self.entries.get(&first).is_none_or(|entry| entry.state != State::Held) {
                break;
            }
            self.settle(first);
        }
        if self
            .lanes
            .get(key)
            .is_some_and(|lane| lane.outstanding.is_empty() && lane.waiting.is_empty())
        {
            self.lanes.remove(key);
        }
        self.offer_first(key, now);
    }

    /// A delivery came to nothing. With an ordering key, the later messages of it come again too.
    fn fail(&mut self, position: u64, now: Micros, terms: &Terms) {
        self.unlease(position);
        let Some(entry) = self.entries.get_mut(&position) else {
            return;
        };
        let until = now + terms.backoff_after(entry.attempts);
        let dead = terms.most_attempts.is_some_and(|most| entry.attempts >= most);
        entry.state = if dead { State::Dead } else { State::Waiting { until } };
        let key = entry.key.clone();
        if dead {
            self.dead.insert(position);
        }
        let Some(key) = key else {
            if !dead {
                self.wait(position, until, now);
            }
            return;
        };
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.outstanding.remove(&position);
        let later = lane.outstanding.split_off(&position);
        // Only the first one that waits is on offer.
        let demoted = lane.waiting.first().copied();
        lane.waiting.extend(&later);
        if !dead {
            lane.waiting.insert(position);
        }
        if let Some(demoted) = demoted {
            self.ready.remove(&demoted);
        }
        for position in later {
            self.unlease(position);
            self.set(position, State::Waiting { until: now });
            if let Some(entry) = self.entries.get_mut(&position) {
                entry.delivery = 0;
            }
        }
        self.settle_held(&key, now);
    }

    /// Puts a message without a key on offer, at once or later.
    fn wait(&mut self, position: u64, until: Micros, now: Micros) {
        if until <= now {
            self.ready.insert(position);
        } else {
            self.timers.insert((until, position));
        }
    }

    fn offer(&mut self, position: u64, now: Micros) {
        match self.entries.get(&position).and_then(|entry| entry.key.clone()) {
            None => {
                self.ready.insert(position);
            }
            Some(key) => self.offer_first(&key, now),
        }
    }

    /// Puts the first waiting message of a key on offer, at once or when its time has come.
    fn offer_first(&mut self, key: &Arc<str>, now: Micros) {
        let Some(first) = self.lanes.get(key).and_then(|lane| lane.waiting.first().copied()) else {
            return;
        };
        if let Some(State::Waiting { until }) = self.entries.get(&first).map(|entry| entry.state) {
            self.wait(first, until, now);
        }
    }
}
