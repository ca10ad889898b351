//! From a topic's log to subscribers: what is delivered to whom, when it comes again, and what is done with it.

pub(crate) mod ack_id;
pub(crate) mod backlog;
mod dead_letter;
pub(crate) mod subscriber;
pub(crate) mod terms;

/// Micros since 1970: how time is counted in here.
pub(crate) type Micros = i64;

pub(crate) const SECOND: Micros = 1_000_000;
