//! The distribution of numbers that come one by one, exactly counted: bins all as wide as a power of two, which is doubled when
//! there would be too many of them.

/// Twice as many as are shown, so that the last doubling leaves enough.
const MOST: usize = super::BINS * 2;

/// Counts by bin.
#[derive(Debug, Default)]
pub(super) struct Bins {
    /// The values before the first bin is: one value, and how often.
    single: Option<(f64, u64)>,
    /// The width, as a power of two.
    exponent: i32,
    /// The number of the first bin: its values begin at this many widths.
    first: i64,
    counts: Vec<u64>,
    /// No bin is narrower.
    whole: bool,
}

impl Bins {
    /// Of numbers, or of whole ones.
    pub fn new(whole: bool) -> Self {
        Self {
            whole,
            ..Self::default()
        }
    }

    /// Counts a value; what is no finite number is in no bin.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        if self.counts.is_empty() {
            match &mut self.single {
                None => self.single = Some((value, 1)),
                Some((known, n)) if *known == value => *n += 1,
                Some((known, n)) => {
                    let (known, n) = (*known, *n);
                    self.begin(known, n, value);
                }
            }
            return;
        }
        self.count(value, 1);
    }

    /// Two different values are known: bins that hold both.
    fn begin(&mut self, known: f64, n: u64, value: f64) {
        let distance = (known - value).abs().min(f64::MAX);
        let least = if self.whole { 0 } else { -1_000 };
        self.exponent = ((distance / super::BINS as f64).log2().floor() as i32).clamp(least, 1_020);
        // Where numbers are so large that their own steps are wider than a bin, the bins are as wide as the steps.
        let steps = known.abs().max(value.abs()).log2().floor() as i32 - 50;
        self.exponent = self.exponent.max(steps.max(least));
        self.first = self.bin(known);
        self.counts = vec![n];
        self.count(value, 1);
    }

    fn bin(&self, value: f64) -> i64 {
        (value / 2f64.powi(self.exponent)).floor() as i64
    }

    fn count(&mut self, value: f64, n: u64) {
        loop {
            let at = self.bin(value);
            let last = self.first + i64::try_from(self.counts.len()).unwrap_or(i64::MAX) - 1;
            let (low, high) = (at.min(self.first), at.max(last));
            if usize::try_from(high.saturating_sub(low)).is_ok_and(|span| span < MOST) {
                let missing = usize::try_from(self.first - low).unwrap_or_default();
                self.counts.splice(0..0, std::iter::repeat_n(0, missing));
                self.first = low;
                let index = usize::try_from(at - low).unwrap_or_default();
                if index >= self.counts.len() {
                    self.counts.resize(index + 1, 0);
                }
                self.counts[index] += n;
                return;
            }
            self.double();
        }
    }

    fn double(&mut self) {
        let first = self.first.div_euclid(2);
        let mut counts = Vec::with_capacity(self.counts.len() / 2 + 1);
        for (i, n) in self.counts.iter().enumerate() {
            let at = (self.first + i64::try_from(i).unwrap_or_default()).div_euclid(2) - first;
            let at = usize::try_from(at).unwrap_or_default();
            if at >= counts.len() {
                counts.resize(at + 1, 0);
            }
            counts[at] += n;
        }
        (self.first, self.counts, self.exponent) = (first, counts, self.exponent + 1);
    }

    /// The bins: from, to, how many.
    pub fn finish(mut self) -> Vec<(f64, f64, u64)> {
        if self.counts.is_empty() {
            return self.single.map(|(value, n)| (value, value, n)).into_iter().collect();
        }
        while self.counts.len() > super::BINS {
            self.double();
        }
        let width = 2f64.powi(self.exponent);
        let first = self.first as f64;
        let bins = self.counts.iter().enumerate();
        bins.map(|(i, n)| ((first + i as f64) * width, (first + i as f64 + 1.0) * width, *n))
            .collect()
    }
}
