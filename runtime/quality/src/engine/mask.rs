//! Sets of a batch's rows.

use arrow::buffer::BooleanBuffer;

/// Rows of a batch.
#[derive(Debug, Clone)]
pub enum Mask {
    /// All, and how many that are.
    All(usize),
    /// Some.
    Some(BooleanBuffer),
}

impl Mask {
    /// The rows that are in both.
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All(_), m) | (m, Self::All(_)) => m.clone(),
            (Self::Some(a), Self::Some(b)) => Self::Some(a & b),
        }
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        match self {
            Self::All(n) => *n,
            Self::Some(bits) => bits.count_set_bits(),
        }
    }

    /// The rows that are in it and not in `good`.
    pub fn without(&self, good: &BooleanBuffer) -> BooleanBuffer {
        match self {
            Self::All(_) => !good,
            Self::Some(bits) => bits & &!good,
        }
    }

    /// As bits.
    pub fn bits(&self) -> BooleanBuffer {
        match self {
            Self::All(n) => BooleanBuffer::new_set(*n),
            Self::Some(bits) => bits.clone(),
        }
    }

    /// Calls `f` with each row.
    #[inline]
    pub fn for_each(&self, mut f: impl FnMut(usize)) {
        match self {
            Self::All(n) => (0..*n).for_each(f),
            Self::Some(bits) => {
                // Mostly there are few gaps: runs are cheaper than bits.
                for (from, to) in bits.set_slices() {
                    (from..to).for_each(&mut f);
                }
            }
        }
    }

    /// The values of its rows, one by one; whole slices where there are no gaps.
    #[inline]
    pub fn slices<T>(&self, values: &[T], mut f: impl FnMut(&[T])) {
        match self {
            Self::All(_) => f(values),
            Self::Some(bits) => {
                for (from, to) in bits.set_slices() {
                    f(&values[from..to]);
                }
            }
        }
    }
}
