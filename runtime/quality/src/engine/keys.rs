//! Which values occur more than once: rows as keys that are kept until the end.
//!
//! A key of one column of up to 64 bits is the value itself. Texts, decimals and several columns become a hash of 128 bits with
//! seeds that differ from process to process: that two of ten billion rows share one by chance has a probability below 10⁻¹⁸.

use std::hash::{BuildHasher, Hash};

use arrow::array::{Array, BooleanBufferBuilder};
use arrow::buffer::BooleanBuffer;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use super::column::{Cells, Column, Kind};
use super::mask::Mask;
use super::outcome::Reason;
use super::view::{Verdict, View};
use crate::suite::{IgnoreRows, Nan};

/// Makes keys of rows.
pub struct Keying {
    slots: Vec<usize>,
    ignore: IgnoreRows,
    hashers: [DefaultHashBuilder; 2],
}

/// Keys of a batch's judged rows.
pub enum Batched {
    Narrow(Vec<u64>),
    Wide(Vec<u128>),
}

impl Keying {
    pub fn new(slots: Vec<usize>, ignore: IgnoreRows) -> Self {
        Self {
            slots,
            ignore,
            hashers: [DefaultHashBuilder::default(), DefaultHashBuilder::default()],
        }
    }

    /// The keys of a batch's judged rows, and which rows those are. Rows in which all values are missing may be judged, if
    /// they are not ignored: a missing value equals a missing value.
    pub fn keys(&self, view: &View<'_>) -> Result<(Batched, Mask), Reason> {
        if let [slot] = self.slots[..] {
            let judged = view.present(slot)?;
            if let Some(narrow) = narrow(view.column(slot)?, &judged) {
                return Ok((Batched::Narrow(narrow), judged));
            }
        }
        let judged = if self.slots.len() == 1 {
            view.present(self.slots[0])?
        } else {
            view.complete(&self.slots, self.ignore)?
        };
        let mut states = vec![(0x243f_6a88_85a3_08d3u64, 0x1319_8a2e_0370_7344u64); view.batch.len];
        for slot in &self.slots {
            self.mix(view.column(*slot)?, view.nan, &mut states)?;
        }
        let mut wide = Vec::with_capacity(judged.count());
        judged.slices(&states, |slice| {
            wide.extend(slice.iter().map(|(a, b)| (u128::from(*a) << 64) | u128::from(*b)));
        });
        Ok((Batched::Wide(wide), judged))
    }

    /// Takes a column's values into the rows' hashes.
    fn mix(&self, column: &Column, nan: Nan, states: &mut [(u64, u64)]) -> Result<(), Reason> {
        let valid = column.valid(nan);
        let [first, second] = &self.hashers;
        let both = |value: &dyn Fn(&DefaultHashBuilder) -> u64| (value(first), value(second));
        let mut each = |hash: &dyn Fn(usize) -> (u64, u64)| match valid {
            Mask::All(_) => {
                for (row, state) in states.iter_mut().enumerate() {
                    *state = fold(*state, hash(row));
                }
            }
            Mask::Some(bits) => {
                for (row, state) in states.iter_mut().enumerate() {
                    let value = if bits.value(row) {
                        hash(row)
                    } else {
                        (0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89)
                    };
                    *state = fold(*state, value);
                }
            }
        };
        let number = |bits: u64| (first.hash_one(bits), second.hash_one(bits));
        match &column.cells {
            Cells::Int(v) => each(&|row| number(v[row].cast_unsigned())),
            Cells::UInt(v) => each(&|row| number(v[row])),
            Cells::Float(v) => each(&|row| number(canonical(v[row]))),
            Cells::Bool(v) => each(&|row| number(u64::from(v.value(row)))),
            Cells::Exact(v) => each(&|row| both(&|h| h.hash_one(v[row]))),
            Cells::Text(texts) => match &texts.keys {
                Some(keys) if texts.values.len() <= keys.len() => {
                    let hashes: Vec<(u64, u64)> = (0..texts.values.len())
                        .map(|i| both(&|h| h.hash_one(texts.values.value(i))))
                        .collect();
                    each(&|row| {
                        usize::try_from(keys[row])
                            .ok()
                            .and_then(|k| hashes.get(k).copied())
                            .unwrap_or_default()
                    });
                }
                _ => each(&|row| both(&|h| h.hash_one(texts.get(row)))),
            },
            Cells::Bytes(v) => each(&|row| both(&|h| h.hash_one(v.value(row)))),
            Cells::Opaque => {
                return Err(Reason::new(
                    "wrong_type",
                    format!("the column holds {}, which are not compared here", column.kind.name()),
                ));
            }
        }
        Ok(())
    }
}

fn fold(state: (u64, u64), value: (u64, u64)) -> (u64, u64) {
    let one = |s: u64, v: u64, by: u64| {
        let product = u128::from(s ^ v) * u128::from(by);
        ((product >> 64) as u64) ^ (product as u64) ^ v.rotate_left(32)
    };
    (
        one(state.0, value.0, 0x9e37_79b9_7f4a_7c15),
        one(state.1, value.1, 0xd1b5_4a32_d192_ed03),
    )
}

/// The bits of a number, such that equal numbers have equal bits.
pub fn canonical(f: f64) -> u64 {
    if f.is_nan() {
        f64::NAN.to_bits()
    } else {
        (f + 0.0).to_bits()
    }
}

fn narrow(column: &Column, judged: &Mask) -> Option<Vec<u64>> {
    let mut keys = Vec::with_capacity(judged.count());
    match &column.cells {
        Cells::Int(v) => judged.slices(v, |s| keys.extend(s.iter().map(|i| i.cast_unsigned()))),
        Cells::UInt(v) => judged.slices(v, |s| keys.extend_from_slice(s)),
        Cells::Float(v) => judged.slices(v, |s| keys.extend(s.iter().map(|f| canonical(*f)))),
        Cells::Bool(v) => judged.for_each(|row| keys.push(u64::from(v.value(row)))),
        _ => return None,
    }
    Some(keys)
}

/// All rows' keys.
pub struct Keys {
    keying: Keying,
    narrow: Vec<u64>,
    wide: Vec<u128>,
    judged: BooleanBufferBuilder,
}

impl Keys {
    pub fn new(slots: Vec<usize>, ignore: IgnoreRows) -> Self {
        Self {
            keying: Keying::new(slots, ignore),
            narrow: Vec::new(),
            wide: Vec::new(),
            judged: BooleanBufferBuilder::new(0),
        }
    }

    /// Adds a batch; which of its rows are against the check is known at the end.
    pub fn add(&mut self, view: &View<'_>) -> Result<Verdict, Reason> {
        let (keys, judged) = self.keying.keys(view)?;
        match keys {
            Batched::Narrow(keys) => self.narrow.extend_from_slice(&keys),
            Batched::Wide(keys) => self.wide.extend_from_slice(&keys),
        }
        match &judged {
            Mask::All(n) => self.judged.append_n(*n, true),
            Mask::Some(bits) => self.judged.append_buffer(bits),
        }
        Ok(Verdict {
            judged,
            unexpected: BooleanBuffer::new_unset(view.batch.len),
        })
    }

    /// The rows whose key another row has as well, a bit for each row of the data.
    pub fn duplicates(mut self) -> BooleanBuffer {
        let judged = self.judged.finish();
        let among_judged = if self.wide.is_empty() {
            repeated(&self.narrow, |key| spread(*key))
        } else {
            repeated(&self.wide, |key| *key as u64)
        };
        if judged.count_set_bits() == judged.len() {
            return among_judged;
        }
        let mut bits = BooleanBufferBuilder::new(judged.len());
        bits.append_n(judged.len(), false);
        for (at, row) in judged.set_indices().enumerate() {
            if among_judged.value(at) {
                bits.set_bit(row, true);
            }
        }
        bits.finish()
    }
}

/// Neighbouring numbers far from each other.
fn spread(key: u64) -> u64 {
    let product = u128::from(key ^ 0x5851_f42d_4c95_7f2d) * 0x9e37_79b9_7f4a_7c15;
    ((product >> 64) as u64) ^ (product as u64)
}

/// Which keys occur more than once.
///
/// Nearly all keys are found to be single by two tables of bits: a key whose place in the first is taken marks the place in the
/// second, and only keys whose place is marked there, few by chance, are compared with each other.
fn repeated<K: Copy + Eq + Hash>(keys: &[K], place: impl Fn(&K) -> u64) -> BooleanBuffer {
    let bits = (keys.len().max(64) * 16).next_power_of_two();
    let shift = 64 - bits.trailing_zeros();
    let at = |key: &K| (place(key) >> shift) as usize;
    let mut taken = vec![0u64; bits / 64];
    let mut again = vec![0u64; bits / 64];
    let mut suspicious = false;
    for key in keys {
        let at = at(key);
        let (word, bit) = (at / 64, 1u64 << (at % 64));
        // Written only where it must be: memory that nobody touches costs nothing.
        if taken[word] & bit == 0 {
            taken[word] |= bit;
        } else {
            again[word] |= bit;
            suspicious = true;
        }
    }
    drop(taken);
    if !suspicious {
        return BooleanBuffer::new_unset(keys.len());
    }
    let suspects: Vec<usize> = (0..keys.len())
        .filter(|i| {
            let at = at(&keys[*i]);
            again[at / 64] & (1 << (at % 64)) != 0
        })
        .collect();
    drop(again);
    let mut times: HashMap<K, bool> = HashMap::with_capacity(suspects.len());
    for i in &suspects {
        times.entry(keys[*i]).and_modify(|more| *more = true).or_insert(false);
    }
    let mut repeated = BooleanBufferBuilder::new(keys.len());
    repeated.append_n(keys.len(), false);
    for i in suspects {
        if times.get(&keys[i]).copied().unwrap_or_default() {
            repeated.set_bit(i, true);
        }
    }
    repeated.finish()
}

/// The different values of a column.
pub struct Distinct {
    keying: Keying,
    narrow: HashSet<u64>,
    wide: HashSet<u128>,
}

impl Distinct {
    pub fn new(slot: usize) -> Self {
        Self {
            keying: Keying::new(vec![slot], IgnoreRows::AnyMissing),
            narrow: HashSet::new(),
            wide: HashSet::new(),
        }
    }

    /// Adds a batch, and says how many of its rows have a value.
    pub fn add(&mut self, view: &View<'_>) -> Result<u64, Reason> {
        let (keys, judged) = self.keying.keys(view)?;
        match keys {
            Batched::Narrow(keys) => self.narrow.extend(keys),
            Batched::Wide(keys) => self.wide.extend(keys),
        }
        Ok(judged.count() as u64)
    }

    pub fn count(&self) -> u64 {
        (self.narrow.len() + self.wide.len()) as u64
    }
}

/// Whether values of a column can be told apart.
pub fn comparable(kind: &Kind) -> Result<(), Reason> {
    if *kind == Kind::Opaque {
        return Err(Reason::new(
            "wrong_type",
            format!("the column holds {}, which are not compared here", kind.name()),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{repeated, spread};

    #[test]
    fn keys_that_occur_again_are_found() {
        for (keys, expected) in [
            (vec![], vec![]),
            (vec![1u64], vec![]),
            (vec![1, 2, 1, 3, 2, 1], vec![0, 1, 2, 4, 5]),
            (vec![7; 5], vec![0, 1, 2, 3, 4]),
        ] {
            let found: Vec<usize> = repeated(&keys, |k| spread(*k)).set_indices().collect();
            assert_eq!(found, expected, "{keys:?}");
        }
        let mut many: Vec<u64> = (0..100_000).collect();
        many.push(54_321);
        let found: Vec<usize> = repeated(&many, |k| spread(*k)).set_indices().collect();
        assert_eq!(found, [54_321, 100_000]);
    }
}
