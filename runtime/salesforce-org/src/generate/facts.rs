//! What rows agree upon: which row refers to which, which are deleted, when they came to be. Everything is a function of
//! the seed and the slot, so any fact of any row is known without looking at other rows.

use crate::rng::{Rng, mix};
use crate::time::{DAY, SECOND};

/// Object numbers: positions in the built-in schema.
pub(crate) const USER: usize = 0;
pub(crate) const ACCOUNT: usize = 1;
pub(crate) const CONTACT: usize = 2;
pub(crate) const LEAD: usize = 3;
pub(crate) const OPPORTUNITY: usize = 4;
pub(crate) const LINE_ITEM: usize = 5;
pub(crate) const PRODUCT: usize = 6;
pub(crate) const TASK: usize = 7;
pub(crate) const CASE: usize = 8;
pub(crate) const CAMPAIGN: usize = 9;
/// How many objects there are.
pub(crate) const OBJECTS: usize = 10;

/// 2016-01-01 and 2026-06-30, the span of the generated history.
pub(crate) const HISTORY_START_MS: i64 = 1_451_606_400_000;
pub(crate) const HISTORY_END_MS: i64 = 1_782_777_600_000;

/// The org as a whole: the seed and the number of rows of every object.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub seed: u64,
    pub rows: [u64; OBJECTS],
}

/// When a row was made, changed and touched by the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub created: i64,
    pub modified: i64,
    pub stamp: i64,
}

impl World {
    pub(crate) fn new(seed: u64, accounts: u64, only: Option<&[usize]>) -> Self {
        let a = accounts.max(1);
        let mut rows = [0; OBJECTS];
        rows[USER] = (a / 50).clamp(10, 5000);
        rows[ACCOUNT] = a;
        rows[CONTACT] = 3 * a;
        rows[LEAD] = a;
        rows[OPPORTUNITY] = 2 * a;
        rows[LINE_ITEM] = 4 * a;
        rows[PRODUCT] = (a / 10).clamp(50, 5000);
        rows[TASK] = 4 * a;
        rows[CASE] = a + a / 2;
        rows[CAMPAIGN] = (a / 50).clamp(10, 5000);
        if let Some(only) = only {
            for (object, count) in rows.iter_mut().enumerate() {
                // Without users there would be no owners: they are few, and always there.
                if object != USER && !only.contains(&object) {
                    *count = 0;
                }
            }
        }
        Self { seed, rows }
    }

    /// The random source of one aspect of a row.
    pub(crate) fn rng(&self, object: usize, slot: u64, aspect: u64) -> Rng {
        Rng::new(mix(mix(self.seed, object as u64 + 1), mix(slot, aspect)))
    }

    pub(crate) fn is_deleted(&self, object: usize, slot: u64) -> bool {
        let once_in = match object {
            USER => return false,
            PRODUCT | CAMPAIGN => 80,
            TASK => 25,
            _ => 50,
        };
        self.rng(object, slot, 1).one_in(once_in)
    }

    /// A row of `object` that others may refer to: never a deleted one. Low slots are the popular ones.
    fn target(&self, object: usize, rng: &mut Rng) -> Option<u64> {
        let n = self.rows[object];
        if n == 0 {
            return None;
        }
        (0..32)
            .map(|_| self.popular(object, rng.skewed(n)))
            .find(|&slot| !self.is_deleted(object, slot))
    }

    /// Popularity must not follow age, or else every large customer were an old one: slots are shuffled by a stride.
    fn popular(&self, object: usize, rank: u64) -> u64 {
        let n = self.rows[object];
        let stride = (0x9E37_79B1 % n) | 1;
        if gcd(stride, n) == 1 {
            ((u128::from(rank) * u128::from(stride)) % u128::from(n)) as u64
        } else {
            rank
        }
    }

    /// A user to own or touch a row.
    pub(crate) fn user(&self, rng: &mut Rng) -> u64 {
        self.popular(USER, rng.skewed(self.rows[USER]))
    }

    /// A user's manager or an account's parent: a lower slot, so that there are no circles.
    pub(crate) fn senior(&self, object: usize, slot: u64, rng: &mut Rng) -> Option<u64> {
        if slot == 0 {
            return None;
        }
        (0..8).map(|_| rng.below(slot)).find(|&s| !self.is_deleted(object, s))
    }

    /// The row that a row belongs to, where its object has such a parent.
    pub(crate) fn parent(&self, object: usize, slot: u64) -> Option<(usize, u64)> {
        let mut rng = self.rng(object, slot, 2);
        let to = match object {
            // A few contacts are private: they belong to no account.
            CONTACT if rng.one_in(40) => return None,
            CONTACT | OPPORTUNITY => ACCOUNT,
            LINE_ITEM => OPPORTUNITY,
            CASE => CONTACT,
            _ => return None,
        };
        self.target(to, &mut rng).map(|slot| (to, slot))
    }

    /// A second, looser reference, picked by the aspect of the field.
    pub(crate) fn other(&self, to: usize, object: usize, slot: u64, aspect: u64) -> Option<u64> {
        self.target(to, &mut self.rng(object, slot, aspect))
    }

    /// When a row was made: later slots later, the org growing over time, and never before its parent.
    pub(crate) fn created(&self, object: usize, slot: u64) -> i64 {
        let span = (HISTORY_END_MS - 40 * DAY - HISTORY_START_MS) as f64;
        let n = self.rows[object].max(1) as f64;
        let mut rng = self.rng(object, slot, 3);
        let share = if object == USER {
            0.05 * slot as f64 / n
        } else {
            0.05 + 0.95 * (slot as f64 / n).sqrt()
        };
        let own = HISTORY_START_MS + (span * share) as i64 + rng.below(6 * 3_600_000).cast_signed();
        // Most were typed in at some second; imports stamp whole batches alike.
        let own = if rng.one_in(20) {
            own / (600 * SECOND) * (600 * SECOND)
        } else {
            own / SECOND * SECOND
        };
        match self.parent(object, slot) {
            Some((parent, of)) => {
                let earliest = self.created(parent, of);
                if own > earliest {
                    own
                } else {
                    earliest + (1 + rng.below(2_000_000).cast_signed()) * SECOND
                }
            }
            None => own,
        }
    }

    pub(crate) fn times(&self, object: usize, slot: u64) -> Times {
        let created = self.created(object, slot);
        let mut rng = self.rng(object, slot, 4);
        let room = (HISTORY_END_MS - created).max(2 * SECOND);
        let later = |rng: &mut Rng| {
            let u = rng.unit();
            (room as f64 * u * u) as i64
        };
        let modified = match rng.below(10) {
            0..=3 => created,
            // The nightly job: many rows with the very same stamp.
            4 => ((created + later(&mut rng)) / DAY * DAY + 2 * 3_600_000).max(created),
            _ => (created + later(&mut rng)) / SECOND * SECOND,
        };
        let stamp = if rng.one_in(8) {
            modified + (HISTORY_END_MS - modified).max(0) / 3 / SECOND * SECOND
        } else {
            modified
        };
        Times {
            created,
            modified,
            stamp: stamp.max(modified),
        }
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_hold_together() {
        let world = World::new(42, 300, None);
        for object in 0..OBJECTS {
            for slot in 0..world.rows[object] {
                let t = world.times(object, slot);
                assert!(
                    t.created <= t.modified && t.modified <= t.stamp,
                    "{object}/{slot}: {t:?}"
                );
                assert!(
                    t.created >= HISTORY_START_MS && t.stamp <= HISTORY_END_MS,
                    "{object}/{slot}: {t:?}"
                );
                if let Some((to, parent)) = world.parent(object, slot) {
                    assert!(!world.is_deleted(to, parent));
                    assert!(world.created(to, parent) < t.created);
                }
            }
        }
        let deleted = (0..world.rows[CONTACT])
            .filter(|&s| world.is_deleted(CONTACT, s))
            .count();
        assert!(deleted > 5, "some rows are deleted, got {deleted}");
    }
}
