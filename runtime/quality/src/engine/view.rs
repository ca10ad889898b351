//! What an expectation sees of a batch: its columns, and the rows that it is about.

use arrow::buffer::BooleanBuffer;

use super::column::Column;
use super::mask::Mask;
use super::outcome::Reason;
use crate::suite::{IgnoreRows, Nan};

/// A batch whose columns are in the forms that kernels know.
pub struct Batch {
    /// Its columns, in the plan's order; each may be unreadable by itself.
    pub columns: Vec<Result<Column, Reason>>,
    /// The position of its first row in the data.
    pub offset: u64,
    /// How many rows it has.
    pub len: usize,
}

/// A batch as one expectation sees it.
pub struct View<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// The rows that the row condition means.
    pub meant: &'a Mask,
    /// What a NaN is.
    pub nan: Nan,
}

impl View<'_> {
    /// A column.
    pub fn column(&self, slot: usize) -> Result<&Column, Reason> {
        self.batch.columns[slot].as_ref().map_err(Clone::clone)
    }

    /// The meant rows in which a column has a value.
    pub fn present(&self, slot: usize) -> Result<Mask, Reason> {
        Ok(self.meant.and(self.column(slot)?.valid(self.nan)))
    }

    /// The meant rows that are left when rows with missing values are ignored.
    pub fn complete(&self, slots: &[usize], ignore: IgnoreRows) -> Result<Mask, Reason> {
        let valid = |slot: &usize| Ok::<_, Reason>(self.column(*slot)?.valid(self.nan).clone());
        match ignore {
            IgnoreRows::Never => Ok(self.meant.clone()),
            IgnoreRows::AnyMissing => slots
                .iter()
                .try_fold(self.meant.clone(), |mask, s| Ok(mask.and(&valid(s)?))),
            IgnoreRows::AllMissing => {
                let mut any: Option<BooleanBuffer> = None;
                for slot in slots {
                    match valid(slot)? {
                        Mask::All(_) => return Ok(self.meant.clone()),
                        Mask::Some(bits) => any = Some(any.map_or_else(|| bits.clone(), |a| &a | &bits)),
                    }
                }
                Ok(any.map_or_else(|| self.meant.clone(), |a| self.meant.and(&Mask::Some(a))))
            }
        }
    }
}

/// What a check of rows says of a batch.
pub struct Verdict {
    /// The rows that it judged.
    pub judged: Mask,
    /// Of these, the rows that do not satisfy it.
    pub unexpected: BooleanBuffer,
}

impl Verdict {
    /// Of the rows that it judged and those that are good, judged or not.
    pub fn of(judged: Mask, good: &BooleanBuffer) -> Self {
        Self {
            unexpected: judged.without(good),
            judged,
        }
    }
}
