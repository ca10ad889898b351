//! What of a log is acknowledged: everything before a position, and single positions after it.
//!
//! On disk it is a row for the position and a row for each block of 4,096 positions that is acknowledged in part. A row
//! is rewritten when something in its block changes, so that acknowledging a batch costs one row and not one per message.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{StoreError, Txn};

const BLOCK: u64 = 4096;
const WORDS: usize = (BLOCK / 64) as usize;
/// The row that holds the position.
const LOW: u64 = u64::MAX;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    low: u64,
    blocks: BTreeMap<u64, Box<[u64; WORDS]>>,
    changed: BTreeSet<u64>,
    low_changed: bool,
}

impl Cursor {
    /// Acknowledged up to a position.
    pub(crate) fn at(low: u64) -> Cursor {
        Cursor {
            low,
            blocks: BTreeMap::new(),
            changed: BTreeSet::new(),
            low_changed: true,
        }
    }

    /// From its rows in the store.
    pub(crate) fn load(rows: Vec<(u64, Vec<u8>)>) -> Cursor {
        let mut cursor = Cursor::at(0);
        cursor.low_changed = false;
        for (block, bytes) in rows {
            let mut words = bytes.chunks_exact(8).map(|word| {
                let mut le = [0; 8];
                le.copy_from_slice(word);
                u64::from_le_bytes(le)
            });
            if block == LOW {
                cursor.low = words.next().unwrap_or(0);
                continue;
            }
            let mut bits = Box::new([0; WORDS]);
            for (slot, word) in bits.iter_mut().zip(words) {
                *slot = word;
            }
            cursor.blocks.insert(block, bits);
        }
        cursor
    }

    /// The first position that is not acknowledged.
    pub(crate) fn low(&self) -> u64 {
        self.low
    }

    pub(crate) fn has(&self, position: u64) -> bool {
        if position < self.low {
            return true;
        }
        let (block, word, bit) = place(position);
        self.blocks.get(&block).is_some_and(|bits| bits[word] & bit != 0)
    }

    pub(crate) fn ack(&mut self, position: u64) {
        if position < self.low {
            return;
        }
        let (block, word, bit) = place(position);
        self.blocks.entry(block).or_insert_with(|| Box::new([0; WORDS]))[word] |= bit;
        self.changed.insert(block);
        if position == self.low {
            self.advance();
        }
    }

    /// Acknowledges everything before a position.
    pub(crate) fn ack_before(&mut self, position: u64) {
        if position > self.low {
            self.low = position;
            self.low_changed = true;
            self.forget_passed();
            self.advance();
        }
    }

    /// The first position from one on that is not acknowledged.
    pub(crate) fn missing_from(&self, from: u64) -> u64 {
        let mut at = from.max(self.low);
        loop {
            let (block, word, _) = place(at);
            let Some(bits) = self.blocks.get(&block) else { return at };
            let ones = (bits[word] >> (at % 64)).trailing_ones();
            at += u64::from(ones);
            if ones == 0 || !at.is_multiple_of(64) {
                return at;
            }
        }
    }

    /// How many positions from one on and before another are not acknowledged.
    pub(crate) fn missing(&self, from: u64, to: u64) -> u64 {
        let from = from.max(self.low);
        if from >= to {
            return 0;
        }
        let mut acked = 0;
        for (block, bits) in self.blocks.range(from / BLOCK..=to / BLOCK) {
            for (first, word) in (block * BLOCK..).step_by(64).zip(bits.iter()) {
                let within = |position: u64| position.saturating_sub(first).min(64);
                let (skipped, end) = (within(from), within(to));
                if skipped < end {
                    acked += u64::from((word >> skipped << skipped << (64 - end)).count_ones());
                }
            }
        }
        to - from - acked
    }

    /// Moves over what is acknowledged.
    fn advance(&mut self) {
        let to = self.missing_from(self.low);
        if self.low != to {
            self.low = to;
            self.low_changed = true;
            self.forget_passed();
        }
    }

    /// Blocks that are wholly before the position say nothing any more.
    fn forget_passed(&mut self) {
        let keep = self.low / BLOCK;
        while let Some(first) = self.blocks.first_entry().filter(|first| *first.key() < keep) {
            self.changed.insert(*first.key());
            first.remove();
        }
    }

    /// Writes what has changed since the last time.
    pub(crate) fn save(&mut self, txn: &mut Txn<'_>, id: u64) -> Result<(), StoreError> {
        if std::mem::take(&mut self.low_changed) {
            txn.put_acks(id, LOW, &self.low.to_le_bytes())?;
        }
        for block in std::mem::take(&mut self.changed) {
            match self.blocks.get(&block) {
                Some(bits) => txn.put_acks(id, block, &bytes_of(bits))?,
                None => txn.remove_acks(id, block)?,
            }
        }
        Ok(())
    }

    /// Writes all of it under an id that has nothing yet.
    pub(crate) fn save_new(&self, txn: &mut Txn<'_>, id: u64) -> Result<(), StoreError> {
        let mut whole = self.clone();
        whole.low_changed = true;
        whole.changed = whole.blocks.keys().copied().collect();
        whole.save(txn, id)
    }
}

fn bytes_of(bits: &[u64; WORDS]) -> Vec<u8> {
    bits.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn place(position: u64) -> (u64, usize, u64) {
    let within = position % BLOCK;
    (position / BLOCK, (within / 64) as usize, 1 << (within % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_in_any_order() {
        let mut cursor = Cursor::at(10);
        assert!(cursor.has(9) && !cursor.has(10));
        // Backwards over the borders of words and blocks: nothing moves until the first is there.
        for position in (11..9000).rev() {
            cursor.ack(position);
        }
        assert_eq!(cursor.low(), 10);
        assert!(cursor.has(8999) && !cursor.has(9000));
        cursor.ack(10);
        assert_eq!(cursor.low(), 9000);
        assert_eq!(cursor.blocks.keys().copied().collect::<Vec<_>>(), [2]);
        cursor.ack(9001);
        cursor.ack_before(9001);
        assert_eq!(cursor.low(), 9002);
        cursor.ack(5);
        assert_eq!(cursor.low(), 9002);
    }

    #[test]
    fn what_is_missing_is_counted_over_the_borders_of_words_and_blocks() {
        let mut cursor = Cursor::at(10);
        let acked: Vec<u64> = (11..9000).filter(|position| position % 3 != 0).collect();
        acked.iter().for_each(|position| cursor.ack(*position));
        let missing = |from: u64, to: u64| (from..to).filter(|position| !cursor.has(*position)).count() as u64;
        for (from, to) in [
            (0, 10),
            (0, 11),
            (10, 64),
            (11, 65),
            (63, 129),
            (64, 128),
            (4000, 4097),
            (4096, 8192),
        ] {
            assert_eq!(cursor.missing(from, to), missing(from, to), "{from} to {to}");
        }
        assert_eq!(cursor.missing(0, 20_000), missing(0, 20_000));
        assert_eq!(cursor.missing(20_000, 10), 0);
        assert_eq!((cursor.missing_from(0), cursor.missing_from(13)), (10, 15));
        (10..9000).for_each(|position| cursor.ack(position));
        assert_eq!(
            (cursor.low(), cursor.missing_from(0), cursor.missing(0, 9002)),
            (9000, 9000, 2)
        );
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(&dir.path().join("s.redb")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut cursor = Cursor::at(3);
        for position in [5, 70, 5000, 4, 20_000] {
            cursor.ack(position);
        }
        let mut expected = cursor.clone();
        let load = || Cursor::load(store.snapshot().unwrap().acks(7).unwrap());
        for positions in [vec![], vec![3, 6], (7..12_000).collect()] {
            for position in positions {
                expected.ack(position);
                cursor.ack(position);
            }
            let mut own = cursor.clone();
            let saved = store.write(
                move |txn| {
                    own.save(txn, 7)?;
                    Ok(own)
                },
                |_| {},
            );
            cursor = runtime.block_on(saved).unwrap();
            let loaded = load();
            assert_eq!((loaded.low, &loaded.blocks), (expected.low, &expected.blocks));
        }
    }
}
