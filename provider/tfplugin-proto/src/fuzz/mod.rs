//! Fuzzing without tools: targets are plain functions over a seeded generator, so that any input can be made again from
//! its seed and number. `cargo xtask fuzz` runs them for long, the tests for a moment.
//!
//! A target makes its input (valid at first, then damaged), hands it to the code that reads what others wrote, and asserts
//! what must hold of the answer. Whatever panics is a finding.

mod targets;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

pub use targets::TARGETS;
pub(crate) use targets::environment;
pub use value::{typed, value_of};

/// What attacks one piece of code with one input.
pub type Target = fn(&mut Rng);

/// A generator of numbers: splitmix64, whose every seed is a good one.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The generator of the input of that number.
    pub fn of(seed: u64, input: u64) -> Self {
        let mut rng = Rng(seed ^ input.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.next();
        rng
    }

    /// The next number.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one (which is above zero).
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// So many random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Text of a few characters, some of them unusual.
    pub fn text(&mut self) -> String {
        const CHARACTERS: &[char] = &[
            'a', 'B', '_', '0', '9', '-', '.', '/', ' ', '\n', '\'', '"', '\\', '`', '{', '[', ';', '#', '*', 'ü', 'ß',
            '\u{301}', '\u{200d}', '🦀', '\0', '\u{ffff}',
        ];
        let count = match self.below(20) {
            0 => 40,
            1 => 300,
            _ => self.below(8),
        };
        (0..count).map(|_| *self.pick(CHARACTERS)).collect()
    }

    /// Damages bytes in a few places: bits, boundaries, lengths that lie, pieces cut out, doubled or moved.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        const HEADS: &[&[u8]] = &[
            b"\xc0",
            b"\xc1",
            b"\xc4\xff",
            b"\xc7\x03\x0c",
            b"\xc9\xff\xff\xff\xff\x0c",
            b"\xd4\x00\x00",
            b"\xdb\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
            b"\x92\xc4",
            b"\xff",
            b"1e999999999",
            b"{",
            b"[",
            b"\"",
            b"null",
            b"-",
            b"\\u0000",
            b"\xf0\x9f",
        ];
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            let rest = bytes.len() - at;
            match self.below(8) {
                0 if rest > 0 => bytes[at] ^= 1 << self.below(8),
                1 if rest > 0 => bytes[at] = self.next() as u8,
                2 => bytes.truncate(at),
                3 => {
                    let piece = self.pick(HEADS);
                    bytes.splice(at..at, piece.iter().copied());
                }
                4 => {
                    let piece = self.pick(HEADS);
                    bytes.splice(at..at + piece.len().min(rest), piece.iter().copied());
                }
                5 => {
                    bytes.drain(at..at + self.below(rest + 1));
                }
                6 if bytes.len() < 1 << 14 => {
                    let piece = bytes[at..at + self.below(rest + 1)].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, piece);
                }
                _ => bytes.insert(at, self.next() as u8),
            }
        }
    }
}

/// An input that broke its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Its number: with the seed it makes the input again.
    pub input: u64,
}

/// Runs inputs of these numbers; the first that panics ends it.
pub fn run(target: Target, seed: u64, inputs: std::ops::Range<u64>) -> Result<Duration, Finding> {
    let since = Instant::now();
    for input in inputs {
        let mut rng = Rng::of(seed, input);
        catch_unwind(AssertUnwindSafe(|| target(&mut rng))).map_err(|_| Finding { input })?;
    }
    Ok(since.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_fuzzing_finds_nothing() {
        for (name, target) in TARGETS {
            let found = run(*target, 1, 0..3_000);
            assert!(found.is_ok(), "{name}: {found:?}");
        }
    }

    #[test]
    fn a_finding_can_be_made_again() {
        fn unlucky(rng: &mut Rng) {
            assert!(!rng.once_in(50), "unlucky");
        }
        let first = run(unlucky, 7, 0..1_000).err();
        assert!(first.is_some());
        assert_eq!(first, run(unlucky, 7, 0..1_000).err());
        let Some(Finding { input }) = first else { return };
        assert_eq!(run(unlucky, 7, input..input + 1).err(), first);
    }
}
