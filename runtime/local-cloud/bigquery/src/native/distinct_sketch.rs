//! HLL_COUNT: HyperLogLog sketches. A small one keeps the hashes themselves and counts exactly; a large one keeps a
//! register for each of 2^precision buckets. The bytes are our own: BigQuery's are not published.

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("hll_init", Answers::Bytes, init),
    native("hll_merge", Answers::Bytes, merge),
    native("hll_count", Answers::Int, count),
];

const MAGIC: &[u8] = b"HLL1";

#[derive(Debug, Clone, PartialEq)]
enum Kept {
    /// Sorted, each once.
    Hashes(Vec<u64>),
    Registers(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq)]
struct Sketch {
    precision: u8,
    kept: Kept,
}

/// FNV-1a with a finish that mixes all bits.
fn hash(kind: u8, bytes: &[u8]) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64;
    for byte in std::iter::once(&kind).chain(bytes) {
        h = (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

impl Sketch {
    fn of(precision: u8, mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self {
            precision,
            kept: Kept::Hashes(hashes),
        }
        .compact()
    }

    /// More hashes than registers would take become registers.
    fn compact(self) -> Self {
        match self.kept {
            Kept::Hashes(hashes) if hashes.len() * 8 > 1 << self.precision => {
                let registers = registers(&hashes, self.precision);
                Self {
                    precision: self.precision,
                    kept: Kept::Registers(registers),
                }
            }
            kept => Self { kept, ..self },
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(self.precision);
        match &self.kept {
            Kept::Hashes(hashes) => {
                out.push(0);
                hashes.iter().for_each(|h| out.extend_from_slice(&h.to_le_bytes()));
            }
            Kept::Registers(registers) => {
                out.push(1);
                out.extend_from_slice(registers);
            }
        }
        out
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let invalid = || "Invalid or incompatible sketch in HLL_COUNT".to_owned();
        let [precision, kind, rest @ ..] = bytes.strip_prefix(MAGIC).ok_or_else(invalid)? else {
            return Err(invalid());
        };
        let kept = match kind {
            0 if rest.len().is_multiple_of(8) => Kept::Hashes(
                rest.chunks_exact(8)
                    .map(|c| c.try_into().map_or(0, u64::from_le_bytes))
                    .collect(),
            ),
            1 if (10..=24).contains(precision) && rest.len() == 1 << precision => Kept::Registers(rest.to_vec()),
            _ => return Err(invalid()),
        };
        Ok(Self {
            precision: *precision,
            kept,
        })
    }

    fn merged(self, other: Self) -> Self {
        let precision = self.precision.min(other.precision);
        match (self.kept, other.kept) {
            (Kept::Hashes(mut a), Kept::Hashes(b)) => {
                a.extend(b);
                Self::of(precision, a)
            }
            (a, b) => {
                let a = narrowed(a, self.precision, precision);
                let b = narrowed(b, other.precision, precision);
                let kept = Kept::Registers(a.iter().zip(&b).map(|(a, b)| *a.max(b)).collect());
                Self { precision, kept }
            }
        }
    }

    fn estimate(&self) -> u64 {
        let registers = match &self.kept {
            Kept::Hashes(hashes) => return hashes.len() as u64,
            Kept::Registers(registers) => registers,
        };
        #[allow(clippy::cast_precision_loss)]
        let m = registers.len() as f64;
        let sum: f64 = registers.iter().map(|r| 2f64.powi(-i32::from(*r))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = registers.iter().filter(|r| **r == 0).count();
        #[allow(clippy::cast_precision_loss)]
        let estimate = if raw <= 2.5 * m && empty > 0 {
            m * (m / empty as f64).ln()
        } else {
            raw
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = estimate.round() as u64;
        whole
    }
}

fn registers(hashes: &[u64], precision: u8) -> Vec<u8> {
    let mut out = vec![0; 1 << precision];
    for hash in hashes {
        let bucket = usize::try_from(hash >> (64 - precision)).unwrap_or_default();
        let rank = ((hash << precision) | (1 << (precision - 1))).leading_zeros() + 1;
        out[bucket] = u8::try_from(rank).unwrap_or(u8::MAX).max(out[bucket]);
    }
    out
}

/// The registers that a sketch would have at a lower precision.
fn narrowed(kept: Kept, from: u8, to: u8) -> Vec<u8> {
    let registers = match kept {
        Kept::Hashes(hashes) => return registers(&hashes, to),
        Kept::Registers(registers) if from == to => return registers,
        Kept::Registers(registers) => registers,
    };
    let dropped = from - to;
    let mut out = vec![0; 1 << to];
    for (bucket, rank) in registers.into_iter().enumerate().filter(|(_, r)| *r > 0) {
        let low = bucket & ((1 << dropped) - 1);
        let rank = if low == 0 {
            rank + dropped
        } else {
            let width = usize::BITS - low.leading_zeros();
            u8::try_from(u32::from(dropped) - width + 1).unwrap_or(u8::MAX)
        };
        let place = &mut out[bucket >> dropped];
        *place = rank.max(*place);
    }
    out
}

fn init(args: &[Cell]) -> Outcome {
    let [Cell::List(values), Cell::Int(precision)] = args else {
        return Err(misused());
    };
    let precision = u8::try_from(*precision).map_err(|_| misused())?;
    let hashes: Result<Vec<u64>, String> = values
        .iter()
        .map(|value| match value {
            Cell::Int(v) => Ok(hash(1, &v.to_le_bytes())),
            Cell::Text(v) => Ok(hash(2, v.as_bytes())),
            Cell::Bytes(v) => Ok(hash(3, v)),
            _ => Err(misused()),
        })
        .collect();
    Ok(Cell::Bytes(Sketch::of(precision, hashes?).write()))
}

fn merge(args: &[Cell]) -> Outcome {
    let [Cell::List(sketches)] = args else {
        return Err(misused());
    };
    let mut out: Option<Sketch> = None;
    for sketch in sketches {
        let Cell::Bytes(bytes) = sketch else {
            return Err(misused());
        };
        let sketch = Sketch::read(bytes)?;
        out = Some(match out {
            Some(before) => before.merged(sketch),
            None => sketch,
        });
    }
    Ok(out.map_or(Cell::Null, |s| Cell::Bytes(s.write())))
}

fn count(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(bytes)] => Ok(Cell::Int(Sketch::read(bytes)?.estimate().into())),
        _ => Err(misused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(range: std::ops::Range<u64>, precision: u8) -> Sketch {
        Sketch::of(precision, range.map(|v| hash(1, &v.to_le_bytes())).collect())
    }

    #[test]
    fn estimates_are_near_and_merges_lose_nothing() {
        for (range, precision) in [(0..100, 15), (0..50_000, 15), (0..20_000, 10), (0..1_000_000, 12)] {
            let expected = range.end - range.start;
            let found = sketch(range, precision).estimate();
            let allowed = expected / 20;
            assert!(found.abs_diff(expected) <= allowed, "{expected}: {found}");
        }
        let whole = sketch(0..60_000, 12);
        let parts = sketch(0..40_000, 12).merged(sketch(30_000..60_000, 12));
        assert_eq!(parts, whole);
        let narrow = sketch(0..60_000, 14).merged(sketch(0..10, 12));
        assert_eq!(narrow, whole);
        assert_eq!(Sketch::read(&whole.write()), Ok(whole));
        assert!(Sketch::read(b"x").is_err());
    }
}
