//! When work on a transaction is tried again: another one was in the way, or has taken the memory that all share.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Fault, Reason};

/// How often a transaction that met another one is tried again.
const CONFLICTS: u32 = 8;
/// DuckDB's threads give back what a query had taken a little after it has ended.
const LINGERS: Duration = Duration::from_secs(2);
/// An attempt that took so long has probably taken much memory itself.
const LONG: Duration = Duration::from_secs(2);
/// How many long attempts may fail for want of memory.
const LONG_ATTEMPTS: u32 = 3;
/// How many attempts, long or not, may fail for want of memory.
const ATTEMPTS: u32 = 8;
/// How long all attempts that fail for want of memory may take together.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The pieces of work that share the engine's memory.
#[derive(Debug, Default)]
pub(super) struct Busy(Mutex<Work>);

#[derive(Debug, Default)]
struct Work {
    next: u64,
    at_work: BTreeSet<u64>,
    /// When the last of them ended.
    left: Option<Instant>,
}

/// The attempts of one piece of work.
pub(super) struct Attempts<'a> {
    busy: &'a Busy,
    number: u64,
    since: Instant,
    began: Instant,
    /// Whether others may have held memory when the attempt began.
    beside_others: bool,
    count: u32,
    long: u32,
}

impl Work {
    /// Whether somebody but `number` may hold memory.
    fn others(&self, number: u64) -> bool {
        self.at_work.iter().any(|other| *other != number) || self.left.is_some_and(|left| left.elapsed() < LINGERS)
    }
}

impl Busy {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self) -> Attempts<'_> {
        let mut work = self.work();
        let number = work.next;
        work.next += 1;
        work.at_work.insert(number);
        let now = Instant::now();
        Attempts {
            busy: self,
            number,
            since: now,
            began: now,
            beside_others: false,
            count: 0,
            long: 0,
        }
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        let mut work = self.busy.work();
        work.at_work.remove(&self.number);
        work.left = Some(Instant::now());
    }
}

impl Attempts<'_> {
    pub(super) fn begin(&mut self) {
        self.began = Instant::now();
        self.beside_others = self.busy.work().others(self.number);
        self.count += 1;
    }

    /// Waits before the next attempt, if there is to be one. What was `committing` may have happened.
    pub(super) fn again(&mut self, fault: &Fault, committing: bool) -> bool {
        if fault.conflict && self.count < CONFLICTS {
            std::thread::sleep(Duration::from_millis(5 << self.count));
            return true;
        }
        if fault.reason != Reason::ResourcesExceeded || committing {
            return false;
        }
        self.long += u32::from(self.began.elapsed() >= LONG);
        let mut work = self.busy.work();
        let again = self.count < ATTEMPTS
            && self.long < LONG_ATTEMPTS
            && self.since.elapsed() < PATIENCE
            && (self.beside_others || work.others(self.number));
        if again {
            // What waits holds nothing, and nobody waits for it.
            work.at_work.remove(&self.number);
            let others = work.at_work.clone();
            drop(work);
            std::thread::sleep((PAUSE * self.count).min(LONGEST_PAUSE));
            self.wait_for(&others);
            self.busy.work().at_work.insert(self.number);
        }
        again
    }

    fn wait_for(&self, others: &BTreeSet<u64>) {
        while self.since.elapsed() < PATIENCE && !self.busy.work().at_work.is_disjoint(others) {
            std::thread::sleep(PAUSE);
        }
    }
}
