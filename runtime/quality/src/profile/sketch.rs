//! How many different values there are, in memory that does not grow: the least of their hashes are kept. While all are kept, the
//! number is exact; then it is estimated from how dense they lie (a KMV sketch: Bar-Yossef et al., "Counting distinct elements in
//! a data stream", 2002), with a standard error of 1.6 %.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// As many different values are counted exactly.
pub const EXACT: usize = 4_096;

/// The least hashes of some values.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    least: BTreeSet<u64>,
    full: bool,
    /// Whatever is above it need not be looked at.
    limit: u64,
}

/// A value's hash, the same in every process.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Sketch {
    /// Counts a value.
    pub fn add(&mut self, hash: u64) {
        if self.full && hash >= self.limit {
            return;
        }
        self.least.insert(hash);
        if self.least.len() > EXACT {
            self.least.pop_last();
            self.full = true;
            self.limit = self.least.last().copied().unwrap_or(u64::MAX);
        }
    }

    /// The number, and whether it is exact.
    pub fn count(&self) -> (u64, bool) {
        if !self.full {
            return (self.least.len() as u64, true);
        }
        let part = self.limit as f64 / u64::MAX as f64;
        let estimate = (EXACT as f64 - 1.0) / part;
        (estimate.round() as u64, false)
    }
}
