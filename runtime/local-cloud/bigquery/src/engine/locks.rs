//! Who writes what: writers of one table wait for each other, writers of different tables do not.
//! Readers take no lock, DuckDB gives them a snapshot.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};

/// What a transaction is going to change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// One table, or its metadata.
    Table(String, String, String),
    /// A dataset and everything in it.
    Dataset(String, String),
}

impl Key {
    fn conflicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(..), Self::Table(..)) => self == other,
            (Self::Dataset(p, d), Self::Table(q, e, _) | Self::Dataset(q, e))
            | (Self::Table(p, d, _), Self::Dataset(q, e)) => p == q && d == e,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: Mutex<(u64, HashMap<u64, Vec<Key>>)>,
    freed: Condvar,
}

impl Locks {
    /// Waits until none of `keys` is held in a way that conflicts, then holds all of them: no order, no deadlock.
    pub(crate) fn acquire(&self, keys: &[Key]) -> Guard<'_> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while held.1.values().flatten().any(|h| keys.iter().any(|k| k.conflicts(h))) {
            held = self.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.0 += 1;
        let id = held.0;
        held.1.insert(id, keys.to_vec());
        Guard { locks: self, id }
    }
}

pub(crate) struct Guard<'a> {
    locks: &'a Locks,
    id: u64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.locks
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .remove(&self.id);
        self.locks.freed.notify_all();
    }
}
