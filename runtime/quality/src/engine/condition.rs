//! Row conditions, bound to a table's columns: which rows of a batch they mean.

use arrow::buffer::BooleanBuffer;

use super::bind::{Limits, Point, limits, point};
use super::column::Kind;
use super::kernel::{Set, within};
use super::mask::Mask;
use super::outcome::Reason;
use super::rows::Slots;
use super::view::View;
use crate::suite::{Bounds, Condition, Operator, Range, Values};

/// A bound condition.
pub enum Bound {
    All(Vec<Bound>),
    Any(Vec<Bound>),
    Within(usize, Limits),
    In(usize, Set, bool),
    IsNull(usize, bool),
}

/// Binds a condition to columns: `slot` says where a column of a name is and what it holds.
pub fn bind(condition: &Condition, slot: &Slots<'_>) -> Result<Bound, Reason> {
    let all = |conditions: &[Condition]| conditions.iter().map(|c| bind(c, slot)).collect::<Result<Vec<_>, _>>();
    Ok(match condition {
        Condition::All(conditions) => Bound::All(all(conditions)?),
        Condition::Any(conditions) => Bound::Any(all(conditions)?),
        Condition::IsNull(n) => Bound::IsNull(slot(&n.column)?.0, n.negated),
        Condition::In(m) => {
            let (at, kind) = slot(&m.column)?;
            Bound::In(at, Set::of(&points(&m.values, &kind)?, &kind), m.negated)
        }
        Condition::Compare(c) => {
            let (at, kind) = slot(&c.column)?;
            if let Operator::Equal | Operator::NotEqual = c.op {
                Bound::In(
                    at,
                    Set::of(&points(&c.value, &kind)?, &kind),
                    c.op == Operator::NotEqual,
                )
            } else {
                Bound::Within(at, limits(&half_open(&c.value, c.op)?, &kind)?)
            }
        }
    })
}

/// Values in a column's representation.
pub fn points(values: &Values, kind: &Kind) -> Result<Vec<Point>, Reason> {
    values.literals().iter().map(|l| point(l, kind)).collect()
}

/// The interval that a comparison with one value means.
pub fn half_open(values: &Values, op: Operator) -> Result<Bounds, Reason> {
    fn range<T: Clone>(values: &[T], op: Operator) -> Option<Range<T>> {
        let value = values.first()?.clone();
        let upper = matches!(op, Operator::Less | Operator::LessOrEqual);
        let strict = matches!(op, Operator::Less | Operator::Greater);
        Some(Range {
            strict_min: strict && !upper,
            strict_max: strict && upper,
            min: (!upper).then(|| value.clone()),
            max: upper.then_some(value),
        })
    }
    match values {
        Values::Ints(v) => range(v, op).map(Bounds::Ints),
        Values::Floats(v) => range(v, op).map(Bounds::Floats),
        Values::Decimals(v) => range(v, op).map(Bounds::Decimals),
        Values::Strings(v) => range(v, op).map(Bounds::Strings),
        Values::Dates(v) => range(v, op).map(Bounds::Dates),
        Values::Times(v) => range(v, op).map(Bounds::Times),
        Values::Timestamps(v) => range(v, op).map(Bounds::Timestamps),
        Values::Any(v) => range(v, op).map(Bounds::Any),
        Values::Bools(v) => {
            let ints: Vec<i64> = v.iter().map(|b| i64::from(*b)).collect();
            range(&ints, op).map(Bounds::Ints)
        }
    }
    .ok_or_else(|| Reason::new("wrong_value", format!("{} compares with one value", op.symbol())))
}

impl Bound {
    /// The rows for which it holds. What is unknown, a comparison with NULL, does not hold.
    pub fn holds(&self, view: &View<'_>) -> Result<BooleanBuffer, Reason> {
        let len = view.batch.len;
        Ok(match self {
            Self::All(all) => all
                .iter()
                .try_fold(BooleanBuffer::new_set(len), |bits, c| Ok(&bits & &c.holds(view)?))?,
            Self::Any(any) => any
                .iter()
                .try_fold(BooleanBuffer::new_unset(len), |bits, c| Ok(&bits | &c.holds(view)?))?,
            Self::Within(slot, limits) => {
                let column = view.column(*slot)?;
                let valid = column.valid(view.nan);
                &within(column, valid, limits)? & &valid.bits()
            }
            Self::In(slot, set, negated) => {
                let column = view.column(*slot)?;
                let valid = column.valid(view.nan);
                let members = set.test(column, valid);
                let members = if *negated { !&members } else { members };
                &members & &valid.bits()
            }
            Self::IsNull(slot, negated) => {
                let present = view.column(*slot)?.valid(view.nan).bits();
                if *negated { present } else { !&present }
            }
        })
    }

    /// The rows for which it holds, as a mask.
    pub fn mask(&self, view: &View<'_>) -> Result<Mask, Reason> {
        self.holds(view).map(Mask::Some)
    }
}
