//! Sums, means and deviations, added up so that millions of values lose no digits that matter.

/// Count, mean and spread of floating-point numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    /// How many.
    pub count: u64,
    sum: f64,
    /// What the sum lost to rounding.
    lost: f64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
}

/// So many values are summed at once: few enough to stay in the fastest cache for the second look.
const CHUNK: usize = 1024;

impl Moments {
    /// Adds values; their spread as well if `spread` says so.
    pub fn add(&mut self, values: &[f64], spread: bool) {
        for chunk in values.chunks(CHUNK) {
            let sum = pairwise(chunk);
            self.add_sum(sum);
            if spread {
                let mean = sum / chunk.len() as f64;
                let squares: f64 = lanes(chunk, |x| (x - mean) * (x - mean));
                let (n, m) = (self.count as f64, chunk.len() as f64);
                let distance = mean - self.mean;
                self.mean += distance * m / (n + m);
                self.squares += squares + distance * distance * n * m / (n + m);
            }
            self.count += chunk.len() as u64;
        }
    }

    fn add_sum(&mut self, value: f64) {
        let sum = self.sum + value;
        if sum.is_finite() {
            self.lost += if self.sum.abs() >= value.abs() {
                (self.sum - sum) + value
            } else {
                (value - sum) + self.sum
            };
        }
        self.sum = sum;
    }

    /// The sum.
    pub fn sum(&self) -> f64 {
        self.sum + self.lost
    }

    /// The mean, if there are values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum() / self.count as f64)
    }

    /// The standard deviation of the sample; of fewer than two values there is none.
    pub fn deviation(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}

fn pairwise(values: &[f64]) -> f64 {
    if values.len() <= 128 {
        lanes(values, |x| x)
    } else {
        let (left, right) = values.split_at(values.len() / 2);
        pairwise(left) + pairwise(right)
    }
}

/// A sum in eight lanes, which a processor adds side by side.
#[inline]
fn lanes(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0f64; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += of(*value);
        }
    }
    let tail: f64 = rest.iter().map(|x| of(*x)).sum();
    ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) + tail
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn moments_are_those_of_the_definition() {
        let values: Vec<f64> = (0..10_001).map(|i| f64::from(i) * 0.1 + 1e6).collect();
        let mut moments = Moments::default();
        for part in values.chunks(777) {
            moments.add(part, true);
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        assert!((moments.mean().expect("mean") - mean).abs() < 1e-6);
        assert!((moments.deviation().expect("deviation") - deviation).abs() < 1e-6);
        assert_eq!(moments.count, 10_001);
        assert!(Moments::default().mean().is_none());
    }

    #[test]
    fn a_sum_keeps_what_is_small() {
        let mut moments = Moments::default();
        for value in [1e16, 1.0, 1.0, -1e16] {
            moments.add(&[value], false);
        }
        assert_eq!(moments.sum(), 2.0);
    }
}
