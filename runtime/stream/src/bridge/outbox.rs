//! What is on its way to the topic: many records at once, each record's changes one after the other, and a position that
//! follows only when everything before it is durable.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::errors::Result;
use super::ledger::Mark;
use super::publish::{Publisher, PubsubMessage};
use crate::ChangeMessage;

/// Messages that may be under way or wait for an earlier change of their record.
const MOST_OUTSTANDING: usize = 2_000;
/// Requests at the same time.
const MOST_REQUESTS: usize = 200;
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

type Sent = BoxFuture<'static, (String, Vec<Ticket>, Result<()>)>;

/// See the module.
pub(super) struct Outbox {
    publisher: Publisher,
    pipeline: Arc<str>,
    /// Records with a request under way, and what waits for its end. Records that wait for room are here too, with nothing
    /// under way.
    records: HashMap<String, VecDeque<Waiting>>,
    /// Records that have messages and no request under way.
    ready: VecDeque<String>,
    requests: FuturesUnordered<Sent>,
    outstanding: usize,
    first: Ticket,
    events: VecDeque<Event>,
}

impl Outbox {
    pub fn new(publisher: Publisher, pipeline: &str) -> Self {
        Self {
            publisher,
            pipeline: pipeline.into(),
            records: HashMap::new(),
            ready: VecDeque::new(),
            requests: FuturesUnordered::new(),
            outstanding: 0,
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

    /// Takes a message of an event; waits while too many are under way.
    pub async fn push(&mut self, ticket: Ticket, change: &ChangeMessage) -> Result<()> {
        while self.outstanding >= MOST_OUTSTANDING {
            self.complete().await?;
        }
        let at = usize::try_from(ticket - self.first).unwrap_or(usize::MAX);
        if let Some(event) = self.events.get_mut(at) {
            event.left += 1;
        }
        self.outstanding += 1;
        let key = change.ordering_key();
        let message = PubsubMessage {
            data: change.to_json().into(),
            attributes: change.attributes(&self.pipeline),
            ordering_key: key.clone(),
        };
        let waiting = Waiting { message, ticket };
        match self.records.get_mut(&key) {
            Some(queue) => queue.push_back(waiting),
            None => {
                self.records.insert(key.clone(), VecDeque::from([waiting]));
                self.ready.push_back(key);
            }
        }
        self.send();
        Ok(())
    }

    /// Starts as many requests as may run.
    fn send(&mut self) {
        while self.requests.len() < MOST_REQUESTS {
            let Some(key) = self.ready.pop_front() else { return };
            let Some(queue) = self.records.get_mut(&key) else {
                continue;
            };
            let (mut messages, mut tickets, mut bytes) = (vec![], vec![], 0);
            while let Some(waiting) = queue.front() {
                bytes += waiting.message.data.len();
                if messages.len() == REQUEST_MESSAGES || (bytes > REQUEST_BYTES && !messages.is_empty()) {
                    break;
                }
                let Some(waiting) = queue.pop_front() else { break };
                messages.push(waiting.message);
                tickets.push(waiting.ticket);
            }
            let publisher = self.publisher.clone();
            self.requests.push(Box::pin(async move {
                let sent = publisher.publish(messages).await;
                (key, tickets, sent)
            }));
        }
    }

    /// Waits for the end of a request. Safe to drop while it waits.
    pub async fn complete(&mut self) -> Result<()> {
        let Some((key, tickets, sent)) = self.requests.next().await else {
            return Ok(());
        };
        sent?;
        self.outstanding -= tickets.len();
        for ticket in tickets {
            self.settle(ticket, 1);
        }
        if self.records.get(&key).is_some_and(VecDeque::is_empty) {
            self.records.remove(&key);
        } else {
            self.ready.push_back(key);
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
        !self.requests.is_empty()
    }

    pub fn has_room(&self) -> bool {
        self.outstanding < MOST_OUTSTANDING
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
