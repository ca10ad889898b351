//! What is on its way to the topic. A record's changes go through its bucket's lane, one request after the other, each with
//! all that has gathered meanwhile; many lanes are under way at once. A position follows only when everything before it is
//! durable.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::errors::{Error, Result};
use super::ledger::Mark;
use super::publish::{Publisher, PubsubMessage};
use crate::ChangeMessage;
use crate::message::BUCKETS;

/// Messages, and bytes of them, that may be under way or wait for their lane.
const MOST_OUTSTANDING: usize = 8_000;
const MOST_BYTES: usize = 32 << 20;
/// Requests at the same time. Fewer than there are lanes: what comes while all are under way is gathered into larger ones.
const MOST_REQUESTS: usize = 32;
/// Pub/Sub's limits of a request, with room for what stands around the data.
const REQUEST_MESSAGES: usize = 1_000;
const REQUEST_BYTES: usize = 8 << 20;

/// An event, by its number in the order of the channel.
pub(super) type Ticket = u64;

struct Waiting {
    message: PubsubMessage,
    ticket: Ticket,
}

struct Event {
    /// Messages of it that are not durable, and one for as long as more may come.
    left: usize,
    mark: Mark,
}

/// The messages of an ordering key.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    /// A request is under way, or it stands in the row of those that wait for one.
    busy: bool,
}

struct Sent {
    lane: usize,
    tickets: Vec<Ticket>,
    bytes: usize,
    outcome: Result<()>,
}

/// See the module.
pub(super) struct Outbox {
    publisher: Publisher,
    pipeline: Arc<str>,
    /// [`BUCKETS`] of each entity.
    lanes: Vec<Lane>,
    /// Where an entity's lanes begin.
    entities: HashMap<String, usize>,
    /// Lanes that have messages and no request under way, the one that has waited longest first.
    ready: VecDeque<usize>,
    requests: JoinSet<Sent>,
    outstanding: usize,
    bytes: usize,
    first: Ticket,
    events: VecDeque<Event>,
}

impl Outbox {
    pub fn new(publisher: Publisher, pipeline: &str) -> Self {
        Self {
            publisher,
            pipeline: pipeline.into(),
            lanes: Vec::new(),
            entities: HashMap::new(),
            ready: VecDeque::new(),
            requests: JoinSet::new(),
            outstanding: 0,
            bytes: 0,
            first: 0,
            events: VecDeque::new(),
        }
    }

    /// An event whose messages follow; `mark` is the position behind it.
    pub fn begin(&mut self, mark: Mark) -> Ticket {
        self.events.push_back(Event { left: 1, mark });
        self.first + self.events.len() as u64 - 1
    }

    /// All messages of an event were given.
    pub fn end(&mut self, ticket: Ticket) {
        self.settle(ticket, 1);
    }

    fn settle(&mut self, ticket: Ticket, count: usize) {
        let at = usize::try_from(ticket.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(event) = self.events.get_mut(at) {
            event.left = event.left.saturating_sub(count);
        }
    }

    /// Takes a message of an event; waits while too many are under way. It leaves with [`Outbox::send`].
    pub async fn push(&mut self, ticket: Ticket, change: &ChangeMessage) -> Result<()> {
        while !self.has_room() {
            self.complete().await?;
        }
        let at = usize::try_from(ticket - self.first).unwrap_or(usize::MAX);
        if let Some(event) = self.events.get_mut(at) {
            event.left += 1;
        }
        let message = PubsubMessage {
            data: change.to_json().into(),
            attributes: change.attributes(&self.pipeline),
            ordering_key: change.ordering_key(),
        };
        self.outstanding += 1;
        self.bytes += message.data.len();
        let at = self.lane(change);
        let lane = &mut self.lanes[at];
        lane.waiting.push_back(Waiting { message, ticket });
        if !lane.busy {
            lane.busy = true;
            self.ready.push_back(at);
        }
        Ok(())
    }

    fn lane(&mut self, change: &ChangeMessage) -> usize {
        let first = match self.entities.get(&change.entity) {
            Some(first) => *first,
            None => {
                let first = self.lanes.len();
                self.lanes.extend((0..BUCKETS).map(|_| Lane::default()));
                self.entities.insert(change.entity.clone(), first);
                first
            }
        };
        first + usize::from(change.bucket())
    }

    /// Starts as many requests as may run. Called when a batch of messages was given: those of one lane leave together.
    pub fn send(&mut self) {
        while self.requests.len() < MOST_REQUESTS {
            let Some(at) = self.ready.pop_front() else { return };
            let lane = &mut self.lanes[at];
            let (mut messages, mut tickets, mut bytes) = (vec![], vec![], 0);
            while let Some(waiting) = lane.waiting.front() {
                let size = waiting.message.data.len();
                if messages.len() == REQUEST_MESSAGES || (bytes + size > REQUEST_BYTES && !messages.is_empty()) {
                    break;
                }
                let Some(waiting) = lane.waiting.pop_front() else { break };
                bytes += size;
                messages.push(waiting.message);
                tickets.push(waiting.ticket);
            }
            let publisher = self.publisher.clone();
            self.requests.spawn(async move {
                let outcome = publisher.publish(messages).await;
                Sent {
                    lane: at,
                    tickets,
                    bytes,
                    outcome,
                }
            });
        }
    }

    /// Waits for the end of a request. Safe to drop while it waits.
    pub async fn complete(&mut self) -> Result<()> {
        self.send();
        let Some(joined) = self.requests.join_next().await else {
            return Ok(());
        };
        let sent = joined.map_err(|_| Error::Worker)?;
        sent.outcome?;
        self.outstanding -= sent.tickets.len();
        self.bytes -= sent.bytes;
        for ticket in sent.tickets {
            self.settle(ticket, 1);
        }
        let lane = &mut self.lanes[sent.lane];
        if lane.waiting.is_empty() {
            lane.busy = false;
        } else {
            self.ready.push_back(sent.lane);
        }
        self.send();
        Ok(())
    }

    /// Waits until everything is durable.
    pub async fn drain(&mut self) -> Result<()> {
        while self.is_busy() {
            self.complete().await?;
        }
        Ok(())
    }

    pub fn is_busy(&self) -> bool {
        !self.requests.is_empty() || !self.ready.is_empty()
    }

    pub fn has_room(&self) -> bool {
        self.outstanding < MOST_OUTSTANDING && self.bytes < MOST_BYTES
    }

    /// The position behind the last event of those from the oldest on whose messages are all durable.
    pub fn settled(&mut self) -> Option<Mark> {
        let mut last = None;
        while self.events.front().is_some_and(|event| event.left == 0) {
            last = self.events.pop_front().map(|event| event.mark);
            self.first += 1;
        }
        last
    }
}
