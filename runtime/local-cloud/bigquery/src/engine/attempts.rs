//! When work on a transaction is tried again: another one was in the way, or has taken the memory that all share.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Fault, Reason};

/// How often a transaction that met another one is tried again.
const CONFLICTS: u32 = 8;
/// How often work is tried while the database is opened anew.
const REOPENED: u32 = 3;
/// How often work fails for want of memory beside others before it is given all of it.
const BESIDE_OTHERS: u32 = 3;
/// How often it may fail then: what others had is given back a little after they have ended.
const ALONE: u32 = 2;
/// DuckDB's threads give back what a query had taken a little after it has ended.
const LINGERS: Duration = Duration::from_secs(2);
/// An attempt that took so long is not made again for want of memory.
const LONG: Duration = Duration::from_secs(30);
/// How long one waits for others.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

thread_local! {
    /// How many pieces of work this thread is at: one may need another, and must not wait for itself.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// The pieces of work that share the engine's memory.
#[derive(Debug, Default)]
pub(super) struct Busy {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    next: u64,
    at_work: BTreeSet<u64>,
    /// The one beside which nobody begins.
    alone: Option<u64>,
    /// When the last of them ended.
    left: Option<Instant>,
}

/// The attempts of one piece of work.
pub(super) struct Attempts<'a> {
    busy: &'a Busy,
    number: u64,
    began: Instant,
    /// Whether others may have held memory when the attempt began.
    beside_others: bool,
    count: u32,
    /// How many attempts failed for want of memory.
    starved: u32,
}

impl Work {
    /// Whether somebody but `number` may hold memory.
    fn others(&self, number: u64) -> bool {
        self.at_work.iter().any(|other| *other != number) || self.left.is_some_and(|left| left.elapsed() < LINGERS)
    }
}

impl Busy {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl Fn(&mut Work) -> bool) -> MutexGuard<'_, Work> {
        self.changed
            .wait_timeout_while(self.work(), PATIENCE, condition)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Nobody begins until the moment is over. None if those who are at work are not done within `patience`, or this
    /// thread is one of them.
    pub(super) fn moment(&self, patience: Duration) -> Option<Moment<'_>> {
        let mut work = self.work();
        if DEPTH.get() > 0 || work.alone.is_some() {
            return None;
        }
        let number = work.next;
        work.next += 1;
        work.alone = Some(number);
        let moment = Moment { busy: self, number };
        let (work, _) = self
            .changed
            .wait_timeout_while(work, patience, |work| !work.at_work.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let found = work.at_work.is_empty();
        drop(work);
        found.then_some(moment)
    }

    fn let_begin(&self, number: u64) {
        let mut work = self.work();
        if work.alone == Some(number) {
            work.alone = None;
        }
        drop(work);
        self.changed.notify_all();
    }

    pub(super) fn enter(&self) -> Attempts<'_> {
        let nested = DEPTH.get() > 0;
        DEPTH.set(DEPTH.get() + 1);
        let mut work = self.wait_while(|work| work.alone.is_some() && !nested);
        let number = work.next;
        work.next += 1;
        work.at_work.insert(number);
        Attempts {
            busy: self,
            number,
            began: Instant::now(),
            beside_others: false,
            count: 0,
            starved: 0,
        }
    }
}

/// A moment at which nobody else is at work, and until whose end nobody begins.
pub(super) struct Moment<'a> {
    busy: &'a Busy,
    number: u64,
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        self.busy.let_begin(self.number);
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
        let mut work = self.busy.work();
        work.at_work.remove(&self.number);
        work.left = Some(Instant::now());
        if work.alone == Some(self.number) {
            work.alone = None;
        }
        self.busy.changed.notify_all();
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
        if fault.given_up {
            return !committing && self.count < REOPENED;
        }
        if fault.reason != Reason::ResourcesExceeded || committing || self.began.elapsed() >= LONG {
            return false;
        }
        self.starved += 1;
        let mut work = self.busy.work();
        if work.alone == Some(self.number) {
            drop(work);
            std::thread::sleep(LINGERS / 2);
            return self.starved <= BESIDE_OTHERS + ALONE;
        }
        if !(self.beside_others || work.others(self.number)) {
            return false;
        }
        // What waits holds nothing, and nobody waits for it.
        work.at_work.remove(&self.number);
        self.busy.changed.notify_all();
        let before = work.at_work.clone();
        drop(work);
        if self.starved < BESIDE_OTHERS {
            drop(self.busy.wait_while(|work| !work.at_work.is_disjoint(&before)));
            std::thread::sleep(PAUSE * self.starved);
            let number = self.number;
            self.busy
                .wait_while(|work| work.alone.is_some_and(|alone| alone != number))
                .at_work
                .insert(number);
        } else {
            self.wait_alone();
        }
        true
    }

    /// Waits until nobody else is at work, and lets nobody begin until this has ended.
    fn wait_alone(&self) {
        let number = self.number;
        let mut work = self.busy.wait_while(|work| work.alone.is_some());
        work.alone = Some(number);
        work.at_work.insert(number);
        drop(work);
        drop(self.busy.wait_while(|work| work.at_work.len() > 1));
        std::thread::sleep(LINGERS / 4);
    }
}
