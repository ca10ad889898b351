//! When work on a transaction is tried again: another one was in the way, or has taken the memory that all share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Fault, Reason};

/// How often a transaction that met another one is tried again.
const CONFLICTS: u32 = 8;
/// What fails for want of memory so soon has hardly taken the memory itself.
const SOON: Duration = Duration::from_secs(5);
/// So long it is tried again for want of memory.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many pieces of work share the engine's memory.
#[derive(Debug, Default)]
pub(super) struct Busy(AtomicUsize);

/// The attempts of one piece of work.
pub(super) struct Attempts<'a> {
    busy: &'a Busy,
    since: Instant,
    began: Instant,
    /// Whether others were at work when the attempt began: who took the memory may have ended since.
    beside: bool,
    count: u32,
}

impl Busy {
    pub(super) fn enter(&self) -> Attempts<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let now = Instant::now();
        Attempts {
            busy: self,
            since: now,
            began: now,
            beside: false,
            count: 0,
        }
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        self.busy.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Attempts<'_> {
    pub(super) fn begin(&mut self) {
        self.began = Instant::now();
        self.beside = self.busy.0.load(Ordering::SeqCst) > 1;
        self.count += 1;
    }

    /// Waits before the next attempt, if there is to be one. What was `committing` may have happened.
    pub(super) fn again(&self, fault: &Fault, committing: bool) -> bool {
        let pause = if fault.conflict && self.count < CONFLICTS {
            Duration::from_millis(5 << self.count)
        } else if fault.reason == Reason::ResourcesExceeded && !committing && self.beside_others() {
            (PAUSE * self.count).min(LONGEST_PAUSE)
        } else {
            return false;
        };
        std::thread::sleep(pause);
        true
    }

    fn beside_others(&self) -> bool {
        let others = self.beside || self.busy.0.load(Ordering::SeqCst) > 1;
        others && self.began.elapsed() < SOON && self.since.elapsed() < PATIENCE
    }
}
